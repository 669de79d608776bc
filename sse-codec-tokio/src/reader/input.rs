use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use tokio::io::AsyncRead;
use tokio_util::io::poll_read_buf;

use crate::attempt::attempt;

/// How much is asked of an [`AsyncRead`] at once.
const READ: usize = 8 * 1024;

/// What an [`EventReader`](crate::EventReader) can read: every [`AsyncRead`], and what its other
/// constructors make. It has no methods to call and cannot be implemented elsewhere.
#[diagnostic::on_unimplemented(
    message = "an `EventReader` cannot read from `{Self}`",
    note = "`EventReader::new` takes an `AsyncRead + Unpin`",
    note = "`EventReader::from_stream` takes a `Stream` of `Result<Bytes, E>` that is `Unpin`: `Box::pin` makes it so",
    note = "`EventReader::from_body` takes an `http_body::Body<Data = Bytes>` that is `Unpin` (feature `http-body`)"
)]
pub trait Input: sealed::Sealed {
    /// How it fails.
    type Error;

    /// The next bytes; `None` at the end. A transport that fills buffers reads into `buffer`.
    #[doc(hidden)]
    fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut BytesMut,
    ) -> Poll<Option<Result<Bytes, Self::Error>>>;
}

mod sealed {
    #[allow(unnameable_types, reason = "so that nobody else implements it")]
    pub trait Sealed {}
}

impl<R: AsyncRead + Unpin> sealed::Sealed for R {}

impl<R: AsyncRead + Unpin> Input for R {
    type Error = io::Error;

    fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut BytesMut,
    ) -> Poll<Option<io::Result<Bytes>>> {
        buffer.reserve(READ);
        let read = attempt(cx, |cx| poll_read_buf(Pin::new(&mut *self), cx, buffer));
        Poll::Ready(match ready!(read) {
            Ok(0) => None,
            Ok(_) => Some(Ok(buffer.split().freeze())),
            Err(error) => Some(Err(error)),
        })
    }
}

/// A stream of bytes, as [`EventReader::from_stream`](crate::EventReader::from_stream) reads it.
#[derive(Clone, Debug)]
pub struct FromStream<S>(
    /// The stream.
    pub S,
);

impl<S> sealed::Sealed for FromStream<S> {}

impl<S, E> Input for FromStream<S>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    type Error = E;

    fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
        _buffer: &mut BytesMut,
    ) -> Poll<Option<Result<Bytes, E>>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}

/// A body of a response, as [`EventReader::from_body`](crate::EventReader::from_body) reads it.
#[cfg(feature = "http-body")]
#[derive(Clone, Debug)]
pub struct FromBody<B>(
    /// The body.
    pub B,
);

#[cfg(feature = "http-body")]
impl<B> sealed::Sealed for FromBody<B> {}

#[cfg(feature = "http-body")]
impl<B> Input for FromBody<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    type Error = B::Error;

    fn poll_bytes(
        &mut self,
        cx: &mut Context<'_>,
        _buffer: &mut BytesMut,
    ) -> Poll<Option<Result<Bytes, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.0).poll_frame(cx));
        // Trailers mean nothing to an event stream.
        Poll::Ready(frame.map(|frame| Ok(frame?.into_data().unwrap_or_default())))
    }
}
