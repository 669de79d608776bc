//! One request and what comes of it, with the times.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode, Version};
use http_body_util::BodyExt;
use tokio::time::{Instant, timeout_at};

use super::{
    stream::Stream,
    tap::{Recording, Tap},
};
use crate::net::{Dialer, NetError, Protocol, chain, send};

/// A response, as far as it was looked at. Times count from before the connection was made.
#[derive(Debug)]
pub(super) struct Exchange {
    pub(super) connected: Duration,
    pub(super) secured: Option<Duration>,
    pub(super) tls: Option<&'static str>,
    pub(super) peer: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) head: Duration,
    pub(super) version: Version,
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) arrivals: Vec<Arrival>,
    /// The first [`MOST`] bytes of the body.
    pub(super) stream: Stream,
    pub(super) end: End,
    /// When it was looked at no longer.
    pub(super) until: Duration,
    /// The bytes of the connection; of one by HTTP/1.1 its framing can be seen.
    pub(super) raw: Vec<u8>,
}

/// A piece of the body, as it came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub(super) time: Duration,
    /// How long the body was after it.
    pub(super) end: usize,
}

/// How a body ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It did not: it was looked at no longer.
    Open,
    Finished,
    Broken(String),
}

/// How much of a body is looked at.
const MOST: usize = 4 << 20;

impl Exchange {
    /// Sends the request and reads on until `deadline`, or until `enough` says so, which is asked
    /// after the head and after each piece of the body.
    pub(super) async fn run(
        dialer: &Dialer,
        request: Request<Bytes>,
        deadline: Instant,
        mut enough: impl FnMut(&Self) -> bool,
    ) -> Result<Self, NetError> {
        let start = Instant::now();
        let recording = Recording::default();
        let opening = async {
            let dialed = dialer.dial(request.uri()).await?;
            let protocol = match dialed.wire.is_http2() {
                true => Protocol::Http2,
                false => Protocol::Http1 {
                    forwarded: dialed.forwarded,
                },
            };
            let tls = dialed.wire.tls_version();
            let io = Tap::new(dialed.wire, recording.clone());
            let response = send(io, protocol, request).await;
            let (head, body) = response.map_err(NetError::Http)?.into_parts();
            let exchange = Self {
                connected: dialed.connected - start,
                secured: dialed.secured.map(|time| time - start),
                tls,
                peer: dialed.peer.map(|peer| peer.to_string()),
                proxy: dialed.proxy.map(|proxy| proxy.to_string()),
                head: start.elapsed(),
                version: head.version,
                status: head.status,
                headers: head.headers,
                arrivals: Vec::new(),
                stream: Stream::default(),
                end: End::Open,
                until: Duration::ZERO,
                raw: Vec::new(),
            };
            Ok((exchange, body))
        };
        let (mut this, mut body) = match timeout_at(deadline, opening).await {
            Ok(opened) => opened?,
            Err(_) => return Err(NetError::TimedOut),
        };
        while !enough(&this) && this.stream.len() < MOST {
            match timeout_at(deadline, body.frame()).await {
                Err(_) => break,
                Ok(None) => {
                    this.end = End::Finished;
                    break;
                }
                Ok(Some(Err(error))) => {
                    this.end = End::Broken(chain(&error));
                    break;
                }
                Ok(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        let time = start.elapsed();
                        this.stream.push(&bytes, time);
                        let end = this.stream.len();
                        this.arrivals.push(Arrival { time, end });
                    }
                }
            }
        }
        this.until = start.elapsed();
        this.raw = recording.take();
        Ok(this)
    }

    /// The value of a header, several joined as RFC 9110 §5.3 has it.
    pub(super) fn header(&self, name: &str) -> Option<String> {
        let values = self.headers.get_all(name).iter();
        let values: Vec<_> = values
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
            .collect();
        (!values.is_empty()).then(|| values.join(", "))
    }

    /// Whether the response is an open event stream.
    pub(super) fn is_stream(&self) -> bool {
        let kind = self.headers.get("content-type");
        self.status.is_success()
            && kind.is_some_and(|kind| sse_codec::http::is_event_stream(kind.as_bytes()))
    }
}
