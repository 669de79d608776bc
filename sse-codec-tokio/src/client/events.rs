use std::{
    error, fmt,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use http_body::Body;
use sse_codec::Overflow;

use super::{Connect, EventSource, Item, Over};
use crate::owned::OwnedEvent;

/// A stream of the events of an [`EventSource`], and of nothing else. Made by
/// [`EventSource::events`].
#[derive(Debug)]
pub struct Events<'a, C: Connect> {
    source: &'a mut EventSource<C>,
}

/// Why there was no event. `E` and `B` are those of [`Over`].
#[non_exhaustive]
pub enum EventsError<E, B: Body> {
    /// An event or a comment was larger than the limit. It is lost, and the stream goes on.
    TooLarge(Overflow),
    /// The source has ended.
    Over(Over<E, B>),
}

impl<'a, C: Connect> Events<'a, C> {
    pub(super) const fn new(source: &'a mut EventSource<C>) -> Self {
        Self { source }
    }
}

impl<C: Connect + Unpin> Stream for Events<'_, C> {
    type Item = Result<OwnedEvent, EventsError<C::Error, C::Body>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let source = &mut *self.get_mut().source;
        loop {
            return Poll::Ready(match ready!(source.poll_item(cx)) {
                None => None,
                Some(Ok(Item::Event(event))) => Some(Ok(event)),
                Some(Ok(Item::TooLarge(overflow))) => Some(Err(EventsError::TooLarge(overflow))),
                Some(Ok(_)) => continue,
                Some(Err(over)) => Some(Err(EventsError::Over(over))),
            });
        }
    }
}

impl<E: fmt::Display, B: Body<Error: fmt::Display>> fmt::Display for EventsError<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(overflow) => overflow.fmt(f),
            Self::Over(over) => over.fmt(f),
        }
    }
}

// Derived it would want bodies that can be shown.
impl<E: fmt::Debug, B: Body<Error: fmt::Debug>> fmt::Debug for EventsError<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(overflow) => f.debug_tuple("TooLarge").field(overflow).finish(),
            Self::Over(over) => f.debug_tuple("Over").field(over).finish(),
        }
    }
}

impl<E, B> error::Error for EventsError<E, B>
where
    E: fmt::Debug + fmt::Display,
    B: Body<Error: fmt::Debug + fmt::Display>,
{
}
