use std::{error, fmt, io, time::Duration};

/// Why a stream of events ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// There was nothing more to send: the source ended, and all of it was handed to the transport.
    Finished,
    /// The peer closed the connection, in good order or by a reset.
    PeerClosed,
    /// Bytes waited for the peer, and no flush of the transport was done for the whole write
    /// deadline.
    WriteDeadline,
    /// The connection had lived its time.
    Lifetime,
    /// The server shut down.
    Shutdown,
    /// The client sent more than it may after its request.
    TooMuchInput,
    /// The source of the events failed. What it gave before was sent.
    SourceFailed,
    /// The receiving half was dropped before it was served, or the serving future was.
    Dropped,
    /// The transport failed.
    Io(io::ErrorKind),
}

impl Reason {
    /// What an error of the transport comes to. That the peer has gone is told in several ways.
    pub(crate) fn of(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::NotConnected
            // TLS without a proper end.
            | io::ErrorKind::UnexpectedEof => Self::PeerClosed,
            kind => Self::Io(kind),
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finished => f.write_str("all events were sent"),
            Self::PeerClosed => f.write_str("the peer closed the connection"),
            Self::WriteDeadline => f.write_str("the peer did not read before the write deadline"),
            Self::Lifetime => f.write_str("the connection had lived its time"),
            Self::Shutdown => f.write_str("the server shut down"),
            Self::TooMuchInput => f.write_str("the client sent more than it may"),
            Self::SourceFailed => f.write_str("the source failed"),
            Self::Dropped => f.write_str("the connection was dropped"),
            Self::Io(kind) => write!(f, "the transport failed: {kind}"),
        }
    }
}

/// What became of a stream of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Why it ended.
    pub reason: Reason,
    /// How many events were handed to the transport whole, and flushed. That they arrived is not
    /// said.
    pub events: u64,
    /// Whether the transport got something of further events, whole or in part: they may have
    /// arrived or not.
    pub cut: bool,
    /// How many heartbeats were sent.
    pub heartbeats: u64,
    /// How many bytes were handed to the transport, heads and heartbeats among them.
    pub bytes: u64,
    /// The most bytes that the connection ever held for the transport. What was offered and went
    /// back to its source is not among them.
    pub high_water: usize,
    /// How long it lasted.
    pub duration: Duration,
}

/// A frame was not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError {
    /// The stream has ended. Nothing can be sent any more.
    Ended(Reason),
    /// A frame with borrowed values is larger than the writer's buffer may become. None of it has
    /// been sent and the stream goes on; an [`EncodedFrame`](crate::EncodedFrame) may be larger.
    TooLarge {
        /// The frame's length in bytes.
        len: usize,
        /// The buffer's limit in bytes.
        limit: usize,
    },
}

impl From<Reason> for SendError {
    fn from(reason: Reason) -> Self {
        Self::Ended(reason)
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ended(reason) => write!(f, "the event stream has ended: {reason}"),
            Self::TooLarge { len, limit } => {
                write!(
                    f,
                    "a frame of {len} bytes exceeds the buffer's limit of {limit}"
                )
            }
        }
    }
}

impl error::Error for SendError {}
