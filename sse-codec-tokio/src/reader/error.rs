use std::{error, fmt, io};

use sse_codec::Overflow;

/// Why a read gave nothing. `E` is how the transport fails.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError<E = io::Error> {
    /// An event, or a comment that was asked for, was larger than the limit. It is lost, and the
    /// stream goes on with what comes after it.
    Overflow(Overflow),
    /// Nothing came for the whole read timeout. The stream has ended.
    TimedOut,
    /// The transport failed. The stream has ended.
    Transport(E),
}

impl<E: fmt::Display> fmt::Display for ReadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflow(overflow) => overflow.fmt(f),
            Self::TimedOut => f.write_str("nothing came before the read timeout"),
            Self::Transport(error) => error.fmt(f),
        }
    }
}

impl<E: error::Error + 'static> error::Error for ReadError<E> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Overflow(overflow) => Some(overflow),
            Self::TimedOut => None,
            Self::Transport(error) => Some(error),
        }
    }
}
