use core::{error, fmt};

/// A block of the stream is larger than the parser may hold.
///
/// The block is lost as a whole: it gives no event, and its ID does not become the last event ID,
/// so a client that reconnects gets it again. The parser passes over the rest of it and goes on
/// with the next block; nothing has to be done to recover. It is reported once for the block, at
/// the first byte beyond the limit: [`Chunk::position`](crate::Chunk::position) is right after it.
///
/// A reader that puts comments together uses the same error for a comment. Then only the comment is
/// lost; see [`Bound::Comment`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overflow {
    /// What has outgrown its limit.
    pub bound: Bound,
    /// The limit in bytes.
    pub limit: usize,
}

impl Overflow {
    /// The error for something that is larger than this limit, for a reader with limits of its own.
    #[must_use]
    pub const fn new(bound: Bound, limit: usize) -> Self {
        Self { bound, limit }
    }
}

/// A limit of a [`Parser`](crate::Parser) or of a reader that stands on one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// On the data of one event with its type and its ID.
    Event,
    /// On the last event ID.
    LastEventId,
    /// On one line of comment. A parser gives out comments in pieces, stores none and never reports
    /// this.
    Comment,
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.bound {
            Bound::Event => "event",
            Bound::LastEventId => "event ID",
            Bound::Comment => "comment",
        };
        write!(f, "{what} larger than the limit of {} bytes", self.limit)
    }
}

impl error::Error for Overflow {}
