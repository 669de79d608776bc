//! What HTTP has to say about an event stream: header constants, and the few headers to be read.
//!
//! Frameworks take [`RESPONSE_HEADERS`] as pairs. A server without one writes a constant head and
//! then frames, and needs nothing else of HTTP:
//!
//! ```
//! use sse_codec::http;
//!
//! /// What to send first, and whether events follow.
//! fn answer(method: &str, accept: Option<&str>) -> (&'static [u8], bool) {
//!     match method {
//!         "GET" | "HEAD" if !http::accepts_event_stream(accept) => (http::NOT_ACCEPTABLE, false),
//!         "GET" => (http::RESPONSE_HEAD_CLOSE, true),
//!         // The head GET would have had, and no body (RFC 9110 §9.3.2).
//!         "HEAD" => (http::RESPONSE_HEAD_CLOSE, false),
//!         _ => (http::METHOD_NOT_ALLOWED, false),
//!     }
//! }
//!
//! assert_eq!(answer("GET", None), (http::RESPONSE_HEAD_CLOSE, true));
//! assert_eq!(answer("HEAD", Some("*/*")), (http::RESPONSE_HEAD_CLOSE, false));
//! assert_eq!(answer("GET", Some("text/html")), (http::NOT_ACCEPTABLE, false));
//! ```
//!
//! Names are in lower case, which HTTP/2 and HTTP/3 require and HTTP/1.1 allows. Header values are
//! bytes, as they are on the wire.

mod chunked;
mod date;
mod media;
mod unsendable;

pub use chunked::{CHUNK_END, ChunkSize, LAST_CHUNK};
pub use date::retry_after;
pub(crate) use media::is_identity;
pub use media::{accepts_event_stream, is_event_stream, quality};
pub use unsendable::{Unsendable, last_event_id_value};

use crate::field::InvalidLastEventId;

/// The media type of an event stream. Without `charset`: a stream is UTF-8 whatever that says
/// (WHATWG HTML §9.2.5), and there are clients that compare the whole value.
pub const CONTENT_TYPE: &str = "text/event-stream";

/// The name of the header in which a client that reconnects says where it was
/// (WHATWG HTML §9.2.4). Read by [`last_event_id`].
pub const LAST_EVENT_ID: &str = "last-event-id";

/// What the response of a stream carries, in every version of HTTP.
///
/// | header or directive | reason |
/// |---|---|
/// | `no-store` | the response must not be collected, nor answer another request (RFC 9111 §5.2.2.5). `no-cache` would add nothing: it is about using again what was stored. |
/// | `no-transform` | an intermediary must not compress it (RFC 9111 §5.2.2.6): a compressor holds events back until it has enough to compress |
/// | `x-accel-buffering` | nginx, and what is built on it, passes every byte on at once |
///
/// There is no `connection` header: HTTP/2 and HTTP/3 forbid it (RFC 9113 §8.2.2, RFC 9114 §4.2).
/// Access from other origins (`access-control-allow-origin`) is the caller's decision.
pub const RESPONSE_HEADERS: [(&str, &str); 3] = [
    ("content-type", CONTENT_TYPE),
    ("cache-control", "no-store, no-transform"),
    ("x-accel-buffering", "no"),
];

macro_rules! response_head {
    ($framing:literal) => {
        concat!(
            "HTTP/1.1 200 OK\r\n",
            "content-type: text/event-stream\r\n",
            "cache-control: no-store, no-transform\r\n",
            "x-accel-buffering: no\r\n",
            $framing,
            "\r\n\r\n"
        )
        .as_bytes()
    };
}

/// A whole HTTP/1.1 response head with [`RESPONSE_HEADERS`]. The body is what follows until the
/// connection closes (RFC 9112 §6.3), so frames are written as they are.
///
/// A cut cannot be told from an end here, which does no harm: an unfinished event is never
/// dispatched. HTTP/1.0 clients understand it too. The answer to HEAD is this head alone, and then
/// the connection is closed.
///
/// There is no `date`: without a clock it must not be sent (RFC 9110 §6.6.1). A server that has one
/// must send it, so it writes a head of its own from [`RESPONSE_HEADERS`].
pub const RESPONSE_HEAD_CLOSE: &[u8] = response_head!("connection: close");

/// As [`RESPONSE_HEAD_CLOSE`], with a body in chunks (see [`ChunkSize`]), after which the connection
/// can be used again.
///
/// Not for a client that speaks HTTP/1.0 (RFC 9112 §6.1). The answer to HEAD is this head alone,
/// without even [`LAST_CHUNK`]: the next byte belongs to the next response.
pub const RESPONSE_HEAD_CHUNKED: &[u8] = response_head!("transfer-encoding: chunked");

/// A whole response that tells the client to stop reconnecting (WHATWG HTML §9.2.1). Any other
/// status than 200 makes a browser stop as well; this one says that it is meant. A cache might keep
/// it unasked (RFC 9110 §15.1), hence `no-store`.
pub const NO_CONTENT: &[u8] =
    b"HTTP/1.1 204 No Content\r\ncache-control: no-store\r\nconnection: close\r\n\r\n";

/// A whole response for a request that does not [accept](accepts_event_stream) an event stream
/// (RFC 9110 §15.5.7). A server may also disregard `Accept` and send the stream (§12.4.1).
pub const NOT_ACCEPTABLE: &[u8] =
    b"HTTP/1.1 406 Not Acceptable\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// A whole response for methods other than GET and HEAD (RFC 9110 §15.5.6). It closes the
/// connection, so a body that came with the request need not be read.
pub const METHOD_NOT_ALLOWED: &[u8] = b"HTTP/1.1 405 Method Not Allowed\r\n\
    allow: GET, HEAD\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// What every request of a client carries (WHATWG HTML §9.2.2; `no-cache` is what the cache mode
/// *no-store* comes to in Fetch), besides [`LAST_EVENT_ID`] when there is one.
///
/// A client that cannot decompress adds `accept-encoding: identity`: saying nothing means that any
/// coding is welcome (RFC 9110 §12.5.3).
pub const REQUEST_HEADERS: [(&str, &str); 2] =
    [("accept", CONTENT_TYPE), ("cache-control", "no-cache")];

/// Reads `Last-Event-ID`: where a client that comes back was. Empty when it was nowhere.
///
/// An ID is any text without NUL, LF and CR (WHATWG HTML §9.2.4); these three are refused, as HTTP
/// demands of any field (RFC 9110 §5.5). All else is taken as it stands, be it UTF-8 or not.
///
/// Spaces and tabs at the ends belong to HTTP and not to the value (§5.5), so an ID that begins or
/// ends with one does not come back whole. It is a server's business to send no such IDs.
///
/// What a client writes into the header is said by [`last_event_id_value`].
///
/// ```
/// use sse_codec::{InvalidLastEventId, http::last_event_id};
///
/// assert_eq!(last_event_id(b" 42 "), Ok(&b"42"[..]));
/// let error = InvalidLastEventId::Forbidden { byte: b'\n', position: 2 };
/// assert_eq!(last_event_id(b"42\nhost: example"), Err(error));
/// ```
///
/// # Errors
/// [`Forbidden`](InvalidLastEventId::Forbidden), with the position in `value`.
pub fn last_event_id(value: &[u8]) -> Result<&[u8], InvalidLastEventId> {
    InvalidLastEventId::check(value)?;
    Ok(trim(value))
}

/// Without the optional whitespace of HTTP (RFC 9110 §5.6.3) at both ends.
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_carry_the_headers_and_their_framing() {
        for (head, framing) in [
            (RESPONSE_HEAD_CLOSE, ("connection", "close")),
            (RESPONSE_HEAD_CHUNKED, ("transfer-encoding", "chunked")),
        ] {
            let mut lines = str::from_utf8(head).unwrap().split("\r\n");
            assert_eq!(lines.next(), Some("HTTP/1.1 200 OK"));
            for header in RESPONSE_HEADERS.into_iter().chain([framing]) {
                assert_eq!(lines.next().unwrap().split_once(": "), Some(header));
            }
            assert!(lines.eq(["", ""]));
        }
    }

    #[test]
    fn other_heads_are_whole() {
        for head in [NO_CONTENT, NOT_ACCEPTABLE, METHOD_NOT_ALLOWED] {
            let head = str::from_utf8(head).unwrap();
            assert_eq!(head.find("\r\n\r\n"), Some(head.len() - 4));
            // A 204 must not have the header (RFC 9110 §8.6); without a body the others need it.
            assert_ne!(
                head.contains("content-length: 0\r\n"),
                head.contains(" 204 ")
            );
            assert!(
                head.split("\r\n")
                    .all(|line| !line.contains(['\r', '\n', '\t']))
            );
        }
    }

    #[test]
    fn last_event_ids() {
        for (value, id) in [
            (&b""[..], &b""[..]),
            (b" \t ", b""),
            (b"42", b"42"),
            (b"\t 42 \t", b"42"),
            (b"a b,c;\"d", b"a b,c;\"d"),
            (b"\xE2\x80\xA6", "…".as_bytes()),
            (b"\xFF\x01\x0B\x7F", b"\xFF\x01\x0B\x7F"),
        ] {
            assert_eq!(last_event_id(value), Ok(id));
        }
        for (value, byte, position) in [
            (&b"\0"[..], b'\0', 0),
            (b" 4\r2", b'\r', 2),
            (b"42\n", b'\n', 2),
            (b"4\n\r\0", b'\n', 1),
        ] {
            let error = InvalidLastEventId::Forbidden { byte, position };
            assert_eq!(last_event_id(value), Err(error));
        }
    }
}
