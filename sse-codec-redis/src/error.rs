use std::{error, fmt, time::Duration};

use redis::{ErrorKind, RedisError, ServerErrorKind};
use sse_codec::{InvalidField, replay::Id};
use sse_codec_tokio::{PublishError, Refused};

/// What did not work, and what that means for the event.
///
/// Whether the event was published is known for every variant: it was not, except for
/// [`Unanswered`](Self::Unanswered), where it may have been, and for
/// [`NotReplicated`](Self::NotReplicated), where it was.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The event's type cannot be written.
    Invalid(InvalidField),
    /// The event has an ID. The log gives the IDs.
    OwnId,
    /// The event has no data, and a receiver would dispatch nothing for it.
    NoData,
    /// The event is larger than [the largest there may be](crate::RedisOptions::event_bytes).
    TooLarge {
        /// How many bytes its frame has, without an ID.
        len: usize,
        /// How many it may have.
        limit: usize,
    },
    /// Redis cannot be reached.
    Away(RedisError),
    /// Redis has been told to publish the event and has not answered. The event may have been published
    /// or not, or may still be.
    Unanswered(RedisError),
    /// The event was published, and so many replicas have not confirmed it in time. Readers may have
    /// seen it.
    NotReplicated {
        /// The ID it has.
        id: Id,
        /// How many replicas have confirmed it.
        replicas: u64,
    },
    /// This Redis is a replica.
    NotMaster,
    /// Redis has all the memory that it may have.
    NoMemory,
    /// Redis may evict keys when its memory is full, and with them the log: `maxmemory-policy` has to be
    /// `noeviction`.
    Evicts {
        /// What the policy is.
        policy: String,
    },
    /// Redis is older than 7.0.
    TooOld {
        /// Its version.
        version: String,
    },
    /// Redis refuses the user or what the user may do: see "Access" on the front page.
    Denied(RedisError),
    /// The log has used up the epochs that there are. Somebody has written to its stream.
    NoEpoch,
    /// The program has as many topics in use as there may be.
    TooManyTopics {
        /// How many there may be.
        limit: usize,
    },
    /// There are as many connections as there may be: answer 503.
    Refused(Refused),
    /// Redis has answered with another error.
    Redis(RedisError),
}

impl Error {
    /// The error of a command that was sent.
    pub(crate) fn of_command(error: RedisError) -> Self {
        match error.code() {
            Some("NOTMASTER" | "READONLY" | "UNBLOCKED") => Self::NotMaster,
            Some("OOM") => Self::NoMemory,
            Some("EPOCHS") => Self::NoEpoch,
            Some("NOPERM" | "NOAUTH" | "WRONGPASS") => Self::Denied(error),
            _ => match error.kind() {
                ErrorKind::AuthenticationFailed => Self::Denied(error),
                ErrorKind::Server(ServerErrorKind::BusyLoading) => Self::Away(error),
                ErrorKind::Io => Self::Unanswered(error),
                _ => Self::Redis(error),
            },
        }
    }

    /// The error of a connection that does not come about, or of a question: nothing has changed.
    pub(crate) fn of_question(error: RedisError) -> Self {
        match Self::of_command(error) {
            Self::Unanswered(error) => Self::Away(error),
            error => error,
        }
    }

    /// Whether the connection is of no more use.
    pub(crate) fn ends_connection(&self) -> bool {
        match self {
            Self::Away(_) | Self::Unanswered(_) | Self::NotMaster => true,
            // What the server says of one command says nothing of the next, unless a new connection
            // would load the scripts again.
            Self::Redis(error) => match error.kind() {
                ErrorKind::Server(kind) => kind == ServerErrorKind::NoScript,
                kind => kind != ErrorKind::Extension,
            },
            _ => false,
        }
    }

    /// Whether another try may do better.
    pub(crate) const fn may_pass(&self) -> bool {
        matches!(
            self,
            Self::Away(_) | Self::Unanswered(_) | Self::NotMaster | Self::NoMemory
        )
    }

    /// An answer of a form that is not Redis'.
    pub(crate) fn answer(what: &'static str) -> Self {
        Self::Redis((ErrorKind::UnexpectedReturnType, what).into())
    }

    pub(crate) fn timed_out(time: Duration) -> RedisError {
        let text = format!("no answer within {time:?}");
        std::io::Error::new(std::io::ErrorKind::TimedOut, text).into()
    }
}

impl From<InvalidField> for Error {
    fn from(error: InvalidField) -> Self {
        Self::Invalid(error)
    }
}

impl From<Refused> for Error {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<PublishError> for Error {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Invalid(error) => Self::Invalid(error),
            PublishError::OwnId | PublishError::EmptyId => Self::OwnId,
            PublishError::TooLarge { len, limit } => Self::TooLarge { len, limit },
            PublishError::TooManyTopics { limit } => Self::TooManyTopics { limit },
            _ => Self::NoMemory,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => error.fmt(f),
            Self::OwnId => f.write_str("the event has an ID, and the log gives the IDs"),
            Self::NoData => f.write_str("the event has no data"),
            Self::TooLarge { len, limit } => {
                write!(f, "an event of {len} bytes, where {limit} are the most")
            }
            Self::Away(error) => write!(f, "Redis cannot be reached: {error}"),
            Self::Unanswered(error) => {
                write!(f, "the event may have been published or not: {error}")
            }
            Self::NotReplicated { id, replicas } => {
                write!(f, "event {id} is published and on {replicas} replicas only")
            }
            Self::NotMaster => f.write_str("this Redis is a replica"),
            Self::NoMemory => f.write_str("Redis has all the memory that it may have"),
            Self::Evicts { policy } => {
                write!(f, "Redis' maxmemory-policy is {policy}, not noeviction")
            }
            Self::TooOld { version } => write!(f, "Redis {version} is older than 7.0"),
            Self::Denied(error) => write!(f, "Redis denies it: {error}"),
            Self::NoEpoch => f.write_str("the log has used up its epochs"),
            Self::TooManyTopics { limit } => write!(f, "there are {limit} topics already"),
            Self::Refused(refused) => refused.fmt(f),
            Self::Redis(error) => error.fmt(f),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Away(error)
            | Self::Unanswered(error)
            | Self::Denied(error)
            | Self::Redis(error) => Some(error),
            _ => None,
        }
    }
}
