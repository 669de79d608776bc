use crate::copy::part;

/// An event that is complete, before anything borrows the parser: hand it to
/// [`Parser::event`](super::Parser::event) before anything else changes the parser. The next step
/// makes room for the next event, a reset forgets this one, and a last event ID that is set in
/// between would be shown as its own.
#[derive(Debug)]
#[must_use = "an event that is not looked at is lost"]
pub struct Ready<'c> {
    pub(super) held: Held<'c>,
}

/// Values that lie whole in the chunk and have not been copied.
#[derive(Debug, Default)]
pub(super) struct Held<'c> {
    pub(super) data: Option<&'c [u8]>,
    pub(super) event_type: Option<&'c [u8]>,
}

impl<'c> Ready<'c> {
    /// The event's data where it lies in the chunk, so that the owner of the chunk's memory can
    /// slice it instead of copying. `None` when the data had to be put together in the storage.
    #[must_use]
    pub const fn chunk_data(&self) -> Option<&'c [u8]> {
        self.held.data
    }

    /// Lets go of the chunk, to take it up again with [`Detached::attach`]: for a reader that owns
    /// both the parser and the memory of the chunks, and has to end the loop that fills it before
    /// it can lend an event out of it.
    ///
    /// `bytes` is what the chunk was made from.
    pub fn detach(self, bytes: &'c [u8]) -> Detached {
        Detached {
            data: self.held.data.map(|data| Span::of(data, bytes)),
            event_type: self.held.event_type.map(|value| Span::of(value, bytes)),
        }
    }
}

/// A [`Ready`] that has let go of its chunk.
#[derive(Debug)]
#[must_use = "an event that is not looked at is lost"]
pub struct Detached {
    data: Option<Span>,
    event_type: Option<Span>,
}

impl Detached {
    /// Takes up the chunk again. Of other bytes than those it was [detached](Ready::detach) from
    /// the event will show other parts, or nothing.
    pub fn attach(self, bytes: &[u8]) -> Ready<'_> {
        Ready {
            held: Held {
                data: self.data.map(|span| span.part(bytes)),
                event_type: self.event_type.map(|span| span.part(bytes)),
            },
        }
    }
}

/// Where in a slice a part of it lies.
#[derive(Clone, Copy, Debug)]
struct Span {
    at: usize,
    len: usize,
}

impl Span {
    fn of(value: &[u8], bytes: &[u8]) -> Self {
        let at = value.as_ptr().addr().wrapping_sub(bytes.as_ptr().addr());
        Self {
            at,
            len: value.len(),
        }
    }

    fn part(self, bytes: &[u8]) -> &[u8] {
        part(bytes, self.at, self.len)
    }
}
