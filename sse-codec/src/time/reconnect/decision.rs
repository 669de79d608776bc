use core::fmt;

use crate::millis::Millis;

/// What the head of a response says to a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Response<'a> {
    /// The status code.
    pub status: u16,
    /// `Content-Type`; empty when there is none.
    pub content_type: &'a [u8],
    /// `Content-Encoding` of the body as the client sees it; empty when there is none. An HTTP
    /// client that decompresses takes the header away.
    pub content_encoding: &'a [u8],
    /// `Retry-After`, as [`http::retry_after`](crate::http::retry_after) reads it.
    pub retry_after: Option<Millis>,
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum End {
    /// The body came to its end.
    Closed,
    /// The connection broke off inside the body.
    Broken,
    /// Nothing came for so long that the client has given up.
    Silent,
    /// There was no response: no connection could be made, or it ended before the head of one was
    /// complete.
    Refused,
}

/// What a client does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Next {
    /// Read the body: it goes to the [`Parser`](crate::Parser).
    Open,
    /// Follow the redirect. Where that cannot be done, the response is the end.
    Follow,
    /// Wait for so long, then make another attempt.
    After(Millis),
    /// Make no more attempts. [`Reconnect::restart`](super::Reconnect::restart) begins anew.
    Stop(Stop),
}

/// Why a client makes no more attempts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stop {
    /// The server wants no more connections: 204 (WHATWG HTML §9.2.1).
    NoContent,
    /// The body is no event stream.
    WrongType,
    /// The body has a content coding that nobody has decoded. Read as it is, it would be a stream
    /// in which nothing ever happens.
    Encoded,
    /// The server has answered with this status.
    Status(u16),
    /// As many attempts in a row have failed as [may](super::ReconnectConfig::with_attempts).
    Attempts,
    /// The request must not be sent again by itself.
    NotRepeatable,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoContent => f.write_str("the server wants no more connections"),
            Self::WrongType => f.write_str("the response is no event stream"),
            Self::Encoded => f.write_str("the response has a content coding"),
            Self::Status(status) => write!(f, "the server answered with status {status}"),
            Self::Attempts => f.write_str("too many attempts in a row have failed"),
            Self::NotRepeatable => f.write_str("the request must not be repeated"),
        }
    }
}
