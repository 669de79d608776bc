//! What the source connects by.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use hyper::body::Incoming;
use sse_codec_tokio::client::Connect;
use tower_http::decompression::DecompressionBody;

use super::{
    arguments::{Display, Output},
    raw::Raw,
};
use crate::net::{Client, Dialer, NetError};

/// The bytes of the stream, for who prints them. Both ends are in one task: nobody waits for it.
#[derive(Clone, Default)]
pub(super) struct SharedRaw(Option<Arc<Mutex<Raw>>>);

impl SharedRaw {
    /// `None` when nobody prints them.
    pub(super) fn with<R>(&self, look: impl FnOnce(&mut Raw) -> R) -> Option<R> {
        let raw = self.0.as_ref()?;
        Some(look(
            &mut raw.lock().unwrap_or_else(PoisonError::into_inner),
        ))
    }
}

pub(super) struct Connector {
    client: Client,
    raw: SharedRaw,
}

impl Connector {
    pub(super) fn new(dialer: Dialer, display: &Display) -> Self {
        let is_raw = display.pointer.is_none() && display.output == Output::Raw;
        Self {
            client: Client::new(dialer),
            raw: SharedRaw(is_raw.then(|| Arc::new(Mutex::new(Raw::new(display.max_event))))),
        }
    }

    pub(super) fn raw(&self) -> SharedRaw {
        self.raw.clone()
    }
}

impl Connect for Connector {
    type Body = Tee;
    type Error = NetError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Tee>, NetError>> + Send>>;

    fn connect(&mut self, request: Request<Bytes>) -> Self::Future {
        let (mut client, raw) = (self.client.clone(), self.raw.clone());
        Box::pin(async move {
            let response = client.open(request).await?;
            Ok(response.map(|body| Tee {
                body: Box::pin(body),
                raw,
            }))
        })
    }
}

/// A body, decompressed, whose bytes go to the [`Raw`] too.
pub(super) struct Tee {
    body: Pin<Box<DecompressionBody<Incoming>>>,
    raw: SharedRaw,
}

impl Body for Tee {
    type Data = Bytes;
    type Error = <DecompressionBody<Incoming> as Body>::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let frame = ready!(this.body.as_mut().poll_frame(cx));
        if let Some(Ok(frame)) = &frame
            && let Some(bytes) = frame.data_ref()
        {
            this.raw.with(|raw| raw.push(bytes));
        }
        Poll::Ready(frame)
    }
}
