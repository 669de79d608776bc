use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use super::{EventReader, Input, ReadError};
use crate::owned::OwnedStep;

/// A stream of all that an [`EventReader`] finds: see [`EventReader::next_step`]. Made by
/// [`EventReader::into_steps`].
#[derive(Debug)]
pub struct Steps<R> {
    reader: EventReader<R>,
}

impl<R> Steps<R> {
    pub(super) const fn new(reader: EventReader<R>) -> Self {
        Self { reader }
    }

    /// The reader, to ask it for the last event ID for instance.
    pub const fn get_ref(&self) -> &EventReader<R> {
        &self.reader
    }

    /// The reader, which goes on where the stream of steps was.
    pub fn into_inner(self) -> EventReader<R> {
        self.reader
    }
}

impl<R: Input + Unpin> Stream for Steps<R> {
    type Item = Result<OwnedStep, ReadError<R::Error>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().reader.poll_step(cx)
    }
}
