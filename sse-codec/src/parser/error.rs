use core::{error, fmt};

/// A block of the stream is larger than the parser may hold.
///
/// The block is lost as a whole: it gives no event, and its ID does not become the last event ID,
/// so a client that reconnects gets it again. The parser passes over the rest of it and goes on
/// with the next block; nothing has to be done to recover. It is reported once for the block, at
/// the first byte beyond the limit: [`Chunk::position`](crate::Chunk::position) is right after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Overflow {
    /// What has outgrown its limit.
    pub bound: Bound,
    /// The limit in bytes.
    pub limit: usize,
}

/// A limit of a [`Parser`](crate::Parser).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// On the data of one event with its type and its ID.
    Event,
    /// On the last event ID.
    LastEventId,
}

impl fmt::Display for Overflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.bound {
            Bound::Event => "event",
            Bound::LastEventId => "event ID",
        };
        write!(f, "{what} larger than the limit of {} bytes", self.limit)
    }
}

impl error::Error for Overflow {}
