use std::{error, fmt};

use crate::reason::Reason;

/// Why a body ended before its end: the server closes the connection, and the client can tell that
/// the stream was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyError<E> {
    /// The source failed.
    Source(E),
    /// The connection had to end: the client did not read before the write deadline, or before the
    /// time for an orderly end was over.
    Ended(Reason),
}

impl<E: fmt::Display> fmt::Display for BodyError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Source(error) => write!(f, "the source of the events failed: {error}"),
            Self::Ended(reason) => write!(f, "the event stream has ended: {reason}"),
        }
    }
}

// For every error that can be shown: also for text, which is none itself.
impl<E: fmt::Debug + fmt::Display> error::Error for BodyError<E> {}
