use std::future::Future;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;

/// What makes the connections of an [`EventSource`](crate::client::EventSource): a closure that takes a
/// request and gives the future of a response, or a type of your own, which has the advantage that it
/// has a name.
///
/// ```
/// use std::pin::Pin;
///
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use sse_codec_tokio::client::{Connect, EventSource};
///
/// struct Always(&'static str);
///
/// impl Connect for Always {
///     type Body = Full<Bytes>;
///     type Error = http::Error;
///     type Future = std::future::Ready<Result<Response<Full<Bytes>>, http::Error>>;
///
///     fn connect(&mut self, _request: Request<Bytes>) -> Self::Future {
///         let response = Response::builder().header("content-type", "text/event-stream");
///         std::future::ready(response.body(Full::new(Bytes::from_static(self.0.as_bytes()))))
///     }
/// }
///
/// struct Service {
///     events: EventSource<Always>,
/// }
/// # let request = Request::get("/").body(Bytes::new()).unwrap();
/// # let _ = Service { events: EventSource::with_connector(request, Always(""), 1024) };
/// ```
pub trait Connect {
    /// The body of the response.
    type Body: Body<Data = Bytes>;
    /// How it fails when there is no response.
    type Error;
    /// What waits for the head of the response.
    type Future: Future<Output = Result<Response<Self::Body>, Self::Error>>;

    /// Sends the request. The future is dropped when the [`EventSource`](crate::client::EventSource) is, when
    /// it is [restarted](crate::client::EventSource::restart), and at the connect timeout.
    fn connect(&mut self, request: Request<Bytes>) -> Self::Future;
}

impl<C, F, B, E> Connect for C
where
    C: FnMut(Request<Bytes>) -> F,
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes>,
{
    type Body = B;
    type Error = E;
    type Future = F;

    fn connect(&mut self, request: Request<Bytes>) -> F {
        self(request)
    }
}
