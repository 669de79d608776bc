use std::{error, fmt, time::Duration};

use bytes::Bytes;
use http::response::Parts;
use http_body::Body;
use sse_codec::{Overflow, Stop, http::Unsendable};

use crate::owned::OwnedEvent;

/// What an [`EventSource`](crate::client::EventSource) gives. `E` is how a connection fails to be made, `F`
/// how a body fails.
#[derive(Debug)]
#[non_exhaustive]
pub enum Item<E, F> {
    /// A connection is open: the head of its response.
    Open(Parts),
    /// An event.
    Event(OwnedEvent),
    /// A comment, a heartbeat for instance: the text of one line, after the colon.
    Comment(Bytes),
    /// An event or a comment was larger than the limit. It is lost, and the stream goes on.
    TooLarge(Overflow),
    /// The next request is made without a `Last-Event-ID`, because no header can carry the ID: the
    /// server does not learn where the client was. Comes before each request that this is true of.
    Unsendable(Unsendable),
    /// There is no connection, and the next attempt is made after a while.
    Reconnecting {
        /// How long that is.
        after: Duration,
        /// Why there is none.
        why: Why<E, F>,
    },
}

/// Why a connection is over, or was never made.
#[derive(Debug)]
#[non_exhaustive]
pub enum Why<E, F> {
    /// The connector failed.
    Connect(E),
    /// There was no response before the [connect timeout](crate::client::EventSource::with_connect_timeout).
    ConnectTimeout,
    /// The server refused for the time being, by 503 for instance, or redirects a request that must
    /// not be [sent again](Replay) there: the head of its response.
    Unavailable(Parts),
    /// The body came to its end.
    Closed,
    /// The body failed: the connection broke, for instance.
    Broken(F),
    /// Nothing came before the [read timeout](crate::client::EventSource::with_read_timeout).
    Silent,
}

/// Why an [`EventSource`](crate::client::EventSource) has ended: its last item. `E` is how a connection
/// fails to be made, `B` the body of a response.
#[non_exhaustive]
pub enum Over<E, B: Body> {
    /// The server's answer is no event stream, or none that can be read. The body is there to be
    /// read: errors are often explained in it.
    Refused {
        /// The head of the response.
        head: Parts,
        /// Its body, of which nothing has been read.
        body: B,
        /// What is wrong with it.
        refusal: Refusal,
    },
    /// The server wants no more connections: 204 (WHATWG HTML §9.2.1).
    NoContent,
    /// As many attempts in a row have failed as may. Why the last one did.
    GaveUp(Why<E, B::Error>),
    /// The connection has ended, and the request must not be sent again by itself: see
    /// [`Replay`]. The answer to a POST ends like this, also when all has gone well.
    NotRepeatable(Why<E, B::Error>),
}

/// What is wrong with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Its status is no success.
    Status,
    /// Its `Content-Type` is not `text/event-stream`.
    WrongType,
    /// Its body has a content coding that the connector has not decoded.
    Encoded,
    /// It redirects to nowhere: `Location` is missing, empty or not a URL of HTTP.
    Location,
    /// It is one redirect more than [may be](crate::client::EventSource::with_redirects).
    TooManyRedirects,
}

/// Which requests an [`EventSource`](crate::client::EventSource) sends again by itself, after a connection
/// has ended or could not be made.
///
/// A request that is not safe (RFC 9110 §9.2.1), such as a POST, may have done its work though
/// nothing of the answer came. Sent again, it does the work twice: a model answers twice, and both
/// answers are billed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Replay {
    /// Those whose method is safe: GET, HEAD, OPTIONS and TRACE.
    #[default]
    Safe,
    /// These, and any request that goes with a `Last-Event-ID`: for servers that go on with a
    /// request instead of beginning it anew. Another origin is not told the ID, so a redirect does
    /// not take a request there a second time: it ends in [`Over::NotRepeatable`].
    IfResumable,
    /// All of them.
    Always,
    /// None.
    Never,
}

impl Refusal {
    pub(super) const fn new(stop: Stop) -> Self {
        match stop {
            Stop::WrongType => Self::WrongType,
            Stop::Encoded => Self::Encoded,
            _ => Self::Status,
        }
    }
}

impl<E: fmt::Display, F: fmt::Display> fmt::Display for Why<E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => write!(f, "could not connect: {error}"),
            Self::ConnectTimeout => f.write_str("no response before the connect timeout"),
            Self::Unavailable(head) => write!(f, "the server answered {}", head.status),
            Self::Closed => f.write_str("the stream ended"),
            Self::Broken(error) => write!(f, "the stream broke: {error}"),
            Self::Silent => f.write_str("nothing came before the read timeout"),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Status => "no success",
            Self::WrongType => "no event stream",
            Self::Encoded => "a content coding that nobody decodes",
            Self::Location => "a redirect to nowhere",
            Self::TooManyRedirects => "too many redirects",
        })
    }
}

impl<E: fmt::Display, B: Body<Error: fmt::Display>> fmt::Display for Over<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { head, refusal, .. } => {
                write!(f, "the server answered {}: {refusal}", head.status)
            }
            Self::NoContent => f.write_str("the server wants no more connections"),
            Self::GaveUp(why) => write!(f, "gave up: {why}"),
            Self::NotRepeatable(why) => write!(f, "{why}, and the request must not be repeated"),
        }
    }
}

// Derived it would want bodies that can be shown.
impl<E: fmt::Debug, B: Body<Error: fmt::Debug>> fmt::Debug for Over<E, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { head, refusal, .. } => f
                .debug_struct("Refused")
                .field("head", head)
                .field("refusal", refusal)
                .finish_non_exhaustive(),
            Self::NoContent => f.write_str("NoContent"),
            Self::GaveUp(why) => f.debug_tuple("GaveUp").field(why).finish(),
            Self::NotRepeatable(why) => f.debug_tuple("NotRepeatable").field(why).finish(),
        }
    }
}

// What lies behind is part of the text and not a `source`: so `E` may be a `Box<dyn Error>` or an
// `anyhow::Error`, which are no errors themselves.
impl<E, B> error::Error for Over<E, B>
where
    E: fmt::Debug + fmt::Display,
    B: Body<Error: fmt::Debug + fmt::Display>,
{
}
