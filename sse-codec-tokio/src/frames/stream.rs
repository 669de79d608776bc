use std::{
    convert::Infallible,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use sse_codec::Frame;

use super::{Frames, Room};
use crate::encoded::EncodedFrame;

/// What a [`Stream`] that is a source of [`Frames`] consists of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an encoded frame",
    label = "not an encoded frame",
    note = "a stream of `Event`s becomes a source of frames by `.map(EncodedFrame::event)`"
)]
pub trait IntoFrame {
    /// What the item may be in place of a frame.
    type Error;

    /// The frame.
    ///
    /// # Errors
    /// What the item has in place of a frame.
    fn into_frame(self) -> Result<EncodedFrame, Self::Error>;
}

// One by one: beside a blanket over `Into<EncodedFrame>` the compiler could not say what is missing.
impl IntoFrame for EncodedFrame {
    type Error = Infallible;

    fn into_frame(self) -> Result<EncodedFrame, Infallible> {
        Ok(self)
    }
}

impl IntoFrame for Frame<'_> {
    type Error = Infallible;

    fn into_frame(self) -> Result<EncodedFrame, Infallible> {
        Ok(self.into())
    }
}

impl<T: IntoFrame<Error = Infallible>, E> IntoFrame for Result<T, E> {
    type Error = E;

    fn into_frame(self) -> Result<EncodedFrame, E> {
        self.map(|frame| match frame.into_frame() {
            Ok(frame) => frame,
            Err(never) => match never {},
        })
    }
}

impl<S> Frames for S
where
    S: Stream,
    S::Item: IntoFrame,
{
    type Error = <S::Item as IntoFrame>::Error;

    fn poll_frames(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), Self::Error>>> {
        let item = ready!(self.poll_next(cx));
        Poll::Ready(item.map(|item| item.into_frame().map(|frame| room.put_frame(frame))))
    }
}
