//! `eventsource-client`: its parser is private, so it is reached through the public API, a client
//! over a transport that answers with the corpus. What that adds to the parser is one boxed stream
//! polled for each event and one boxed body polled for each chunk.

use std::future;

use bytes::Bytes;
use eventsource_client::{Client, ClientBuilder, ReconnectOptions, SSE};
use launchdarkly_sdk_transport::{ByteStream, HttpTransport, ResponseFuture};

use super::drive;
use crate::input::{Counts, Input};

pub(super) fn decode(input: Input) -> Counts {
    let mut counts = Counts::default();
    let client = ClientBuilder::for_url("http://localhost/")
        .expect("a valid URL")
        .reconnect(ReconnectOptions::reconnect(false).build())
        .build_with_transport(Canned(input));
    drive(client.stream(), |event| {
        if let Ok(SSE::Event(event)) = event {
            counts.add(event.event_type.as_bytes(), event.data.as_bytes());
        }
    });
    counts
}

/// A transport that answers every request with the corpus.
#[derive(Clone)]
struct Canned(Input);

impl HttpTransport for Canned {
    fn request(&self, _: http::Request<Option<Bytes>>) -> ResponseFuture {
        let chunks = self.0.chunks().map(|chunk| Ok(Bytes::from_static(chunk)));
        let body: ByteStream = Box::pin(futures_util::stream::iter(chunks));
        Box::pin(future::ready(Ok(http::Response::new(body))))
    }
}
