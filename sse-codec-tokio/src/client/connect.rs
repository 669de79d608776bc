use std::future::Future;

use bytes::Bytes;
use http::{Request, Response};
use http_body::Body;

/// What makes the connections of an [`EventSource`](crate::EventSource): every closure that takes a
/// request and gives the future of a response. It has no methods to call and cannot be implemented
/// elsewhere; it gives names to what the closure gives.
pub trait Connect: sealed::Sealed {
    /// The body of the response.
    type Body: Body<Data = Bytes>;
    /// How it fails when there is no response.
    type Error;
    /// What waits for the head of the response.
    type Future: Future<Output = Result<Response<Self::Body>, Self::Error>>;

    #[doc(hidden)]
    fn connect(&mut self, request: Request<Bytes>) -> Self::Future;
}

mod sealed {
    pub trait Sealed {}
}

impl<C, F> sealed::Sealed for C where C: FnMut(Request<Bytes>) -> F {}

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
