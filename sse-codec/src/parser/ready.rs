use crate::copy::part;

/// An event that is complete, and does not borrow the parser yet. Hand it to
/// [`Parser::event`](super::Parser::event) before you call anything else that changes the parser: the
/// next step makes room for the next event, a reset forgets this one, and a last event ID set in
/// between would be shown as this event's own.
#[derive(Debug)]
#[must_use = "an event that is not looked at is lost"]
pub struct Ready<'c> {
    pub(super) held: Held<'c>,
}

/// What is known of a block beside what the parser has of it: values that lie whole in the chunk and
/// have not been copied.
#[derive(Debug, Default)]
pub(super) struct Held<'c> {
    pub(super) data: Option<&'c [u8]>,
    pub(super) event_type: Option<&'c [u8]>,
    /// The last event ID is this block's.
    pub(super) has_id: bool,
}

impl<'c> Ready<'c> {
    /// The event's data where it lies in the chunk, so that the owner of the chunk's memory can
    /// slice it instead of copying. `None` when the data had to be put together in the storage.
    #[must_use]
    pub const fn chunk_data(&self) -> Option<&'c [u8]> {
        self.held.data
    }

    /// Lets go of the chunk; [`Detached::attach`] takes it up again. A reader needs this that owns both
    /// the parser and the memory of the chunks: it has to leave the loop that fills the memory before
    /// it can lend an event from there.
    ///
    /// `bytes` is what the chunk was made from.
    pub fn detach(self, bytes: &'c [u8]) -> Detached {
        Detached {
            data: self.held.data.map(|data| Span::of(data, bytes)),
            event_type: self.held.event_type.map(|value| Span::of(value, bytes)),
            has_id: self.held.has_id,
        }
    }
}

/// A [`Ready`] that has let go of its chunk.
#[derive(Debug)]
#[must_use = "an event that is not looked at is lost"]
pub struct Detached {
    data: Option<Span>,
    event_type: Option<Span>,
    has_id: bool,
}

impl Detached {
    /// Takes up the chunk again. `bytes` are those it was [detached](Ready::detach) from; with others
    /// the event shows parts of those, or nothing.
    pub fn attach(self, bytes: &[u8]) -> Ready<'_> {
        Ready {
            held: Held {
                data: self.data.map(|span| span.part(bytes)),
                event_type: self.event_type.map(|span| span.part(bytes)),
                has_id: self.has_id,
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
