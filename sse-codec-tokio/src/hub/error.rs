use std::{error, fmt, time::Duration};

use sse_codec::InvalidField;

/// An event was not published. Nothing of it is in the log, and everything else is as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PublishError {
    /// Its type or ID cannot be written.
    Invalid(InvalidField),
    /// It has an ID, and the hub gives the IDs; see [`HubOptions::own_ids`](crate::HubOptions::own_ids).
    OwnId,
    /// It has an empty ID, which would take their place in the stream from all clients.
    EmptyId,
    /// Its frame is larger than all that the hub keeps.
    TooLarge {
        /// How many bytes the frame has, with its ID.
        len: usize,
        /// How many bytes the hub keeps.
        limit: usize,
    },
    /// The other topics have all the memory there may be.
    NoMemory,
    /// There are as many topics as there may be, and all of them are in use.
    TooManyTopics {
        /// How many topics there may be.
        limit: usize,
    },
    /// The readers that are waited for were still behind when the time was over.
    TimedOut,
    /// The hub's events come from elsewhere, and only from there.
    Fed,
}

impl From<InvalidField> for PublishError {
    fn from(error: InvalidField) -> Self {
        Self::Invalid(error)
    }
}

impl fmt::Display for PublishError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => error.fmt(f),
            Self::OwnId => f.write_str("the event has an ID, and the hub gives the IDs"),
            Self::EmptyId => f.write_str("the event has an empty ID"),
            Self::TooLarge { len, limit } => {
                write!(f, "a frame of {len} bytes for a log of {limit}")
            }
            Self::NoMemory => f.write_str("the other topics have all the memory there may be"),
            Self::TooManyTopics { limit } => write!(f, "there are {limit} topics already"),
            Self::TimedOut => f.write_str("readers that are waited for are behind"),
            Self::Fed => f.write_str("the hub's events come from elsewhere"),
        }
    }
}

impl error::Error for PublishError {}

/// A connection was refused, before anything was sent to it: answer 503.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    pub(super) why: Why,
    pub(super) retry_after: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    Full,
    KeyFull,
    Draining,
}

impl Refused {
    /// After how many seconds the client may try again: the value of the header `Retry-After`.
    #[must_use]
    pub const fn retry_after(&self) -> u64 {
        let seconds = self.retry_after.as_secs();
        if self.retry_after.subsec_nanos() > 0 {
            seconds.saturating_add(1)
        } else {
            seconds
        }
    }

    /// A whole response for whoever writes to the socket.
    ///
    /// To a browser's `EventSource` any status but 200 is final (WHATWG HTML §9.2.2): its page has to
    /// make a new one after that time. Other clients come back by themselves.
    #[must_use]
    pub fn response(&self) -> Vec<u8> {
        format!(
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: {}\r\ncontent-length: 0\r\n\
             connection: close\r\n\r\n",
            self.retry_after()
        )
        .into_bytes()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.why {
            Why::Full => "there are as many connections as there may be",
            Why::KeyFull => "this key has as many connections as it may have",
            Why::Draining => "the hub is being shut down",
        })
    }
}

impl error::Error for Refused {}

/// Why a [`Subscription`](crate::Subscription) has failed, in the middle of its stream.
#[derive(Debug)]
#[non_exhaustive]
pub enum SubscriptionError {
    /// The client was too slow: what came next for it was evicted.
    Behind,
    /// The time for ending in good order was over.
    Drained,
    /// The log elsewhere could not be asked.
    Backlog(Box<dyn error::Error + Send + Sync>),
}

impl fmt::Display for SubscriptionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Behind => f.write_str("the client was too slow for the events that are kept"),
            Self::Drained => f.write_str("the time to shut down was over"),
            Self::Backlog(_) => f.write_str("the log could not be read"),
        }
    }
}

impl error::Error for SubscriptionError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Backlog(error) => Some(&**error),
            Self::Behind | Self::Drained => None,
        }
    }
}
