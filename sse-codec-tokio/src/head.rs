//! The head of a response, and what its body is framed by: one choice for both.

use std::{error, fmt, sync::Arc};

use sse_codec::http::{CONTENT_TYPE, RESPONSE_HEADERS};

use crate::options::ServeOptions;

/// How a client knows where the body ends. The head and the body follow from it.
///
/// A request says which one it takes: `Request::framing` of the feature `http1`, or by hand:
///
/// | request | |
/// |---|---|
/// | HTTP/1.1 | [`Chunked`](Self::Chunked) |
/// | HTTP/1.0 | [`Close`](Self::Close); chunks are forbidden (RFC 9112 §6.1) |
/// | HEAD, in either version | [`HeadOnly`](Self::HeadOnly) |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framing {
    /// The body is in chunks (`transfer-encoding: chunked`, RFC 9112 §7.1), the last of which says
    /// that it was all. A chunk has whole events and, unless one event is larger, at most 4 KiB.
    ///
    /// Clients that read blocks of a fixed size see each event at once in this form alone. A client
    /// can tell an end that failed from one that did not: there is no last chunk.
    Chunked,
    /// The body ends with the connection (RFC 9112 §6.3), as HTTP/1.0 has it.
    ///
    /// Over plain TCP a client can tell an end that failed only by a reset; see
    /// [`ResetOnDrop`](crate::ResetOnDrop). Over TLS there is no `close_notify` then.
    Close,
    /// There is no body: the answer to a HEAD request is the head that GET would have got (RFC 9110
    /// §9.3.2).
    HeadOnly,
    /// Somebody else has sent the head and frames what is written: nothing is added.
    Elsewhere,
}

/// The options of one connection: those that it shares with others, its [`Framing`], and headers of
/// its own.
///
/// ```
/// use std::sync::Arc;
/// use sse_codec_tokio::{Framing, ServeOptions};
///
/// let shared = Arc::new(ServeOptions::new().header("access-control-allow-origin", "*")?);
/// let terms = shared
///     .framed(Framing::Chunked)
///     .header("set-cookie", "seen=1")?;
/// # let _ = terms;
/// # Ok::<(), sse_codec_tokio::InvalidHeader>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "they are to be served by"]
pub struct Terms {
    pub(crate) options: Arc<ServeOptions>,
    pub(crate) framing: Framing,
    pub(crate) headers: Headers,
    /// Where the head has no `date` of the user's.
    pub(crate) date: Option<String>,
}

impl Terms {
    pub(crate) const fn new(options: Arc<ServeOptions>, framing: Framing) -> Self {
        Self {
            options,
            framing,
            headers: Headers(String::new()),
            date: None,
        }
    }

    /// Adds a header to the head of this response, for example `date` or `set-cookie`.
    ///
    /// # Errors
    /// As [`ServeOptions::header`].
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, InvalidHeader> {
        self.headers.push(name, value)?;
        Ok(self)
    }

    /// The head, with its blank line; empty where somebody else has sent one.
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = Vec::new();
        let framing: &[&str] = match self.framing {
            Framing::Elsewhere => return head,
            Framing::Chunked => &["transfer-encoding: chunked\r\n"],
            // A HEAD may have come by HTTP/1.0, which must not be told of chunks; nobody has to be
            // (RFC 9112 §6.1).
            Framing::Close | Framing::HeadOnly => &[],
        };
        let charset = if self.options.charset {
            "; charset=utf-8"
        } else {
            ""
        };
        let own = [&self.options.headers, &self.headers];
        head.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
        for (name, value) in RESPONSE_HEADERS {
            if own.iter().all(|headers| !headers.has(name)) {
                let charset = if value == CONTENT_TYPE { charset } else { "" };
                head.extend_from_slice(format!("{name}: {value}{charset}\r\n").as_bytes());
            }
        }
        if let Some(date) = &self.date
            && own.iter().all(|headers| !headers.has("date"))
        {
            head.extend_from_slice(format!("date: {date}\r\n").as_bytes());
        }
        for lines in own
            .iter()
            .map(|headers| headers.0.as_str())
            .chain(framing.iter().copied())
        {
            head.extend_from_slice(lines.as_bytes());
        }
        head.extend_from_slice(b"connection: close\r\n\r\n");
        head
    }
}

impl From<Arc<ServeOptions>> for Terms {
    fn from(options: Arc<ServeOptions>) -> Self {
        let framing = options.framing;
        Self::new(options, framing)
    }
}

impl From<ServeOptions> for Terms {
    fn from(options: ServeOptions) -> Self {
        Arc::new(options).into()
    }
}

impl From<&Arc<ServeOptions>> for Terms {
    fn from(options: &Arc<ServeOptions>) -> Self {
        Arc::clone(options).into()
    }
}

/// Header lines as they go over the wire.
#[derive(Clone, Debug, Default)]
pub(crate) struct Headers(String);

impl Headers {
    pub(crate) fn push(&mut self, name: &str, value: &str) -> Result<(), InvalidHeader> {
        if name.is_empty() || !name.bytes().all(is_token) {
            return Err(InvalidHeader::Name);
        }
        let is_reserved = |reserved: &&str| name.eq_ignore_ascii_case(reserved);
        if RESERVED.iter().any(is_reserved) {
            return Err(InvalidHeader::Reserved);
        }
        if let Some(position) = value.bytes().position(is_forbidden) {
            return Err(InvalidHeader::Value { position });
        }
        for part in [name, ": ", value, "\r\n"] {
            self.0.push_str(part);
        }
        Ok(())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        let mut names = self.0.lines().filter_map(|line| line.split(':').next());
        names.any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// What the adapter says itself, because the body has to agree with it.
const RESERVED: [&str; 5] = [
    "connection",
    "content-length",
    "content-type",
    "trailer",
    "transfer-encoding",
];

/// What a name consists of (RFC 9110 §5.6.2).
const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// What would end a line, or is refused by who reads it (RFC 9110 §5.5).
const fn is_forbidden(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

/// A header cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidHeader {
    /// The name is empty, or not a token (RFC 9110 §5.1).
    Name,
    /// The header says how the body is framed or what it is, which the adapter does itself.
    Reserved,
    /// The value has a control character: one that would end the line, or that recipients refuse
    /// (RFC 9110 §5.5).
    Value {
        /// The position of the byte.
        position: usize,
    },
}

impl fmt::Display for InvalidHeader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name => f.write_str("a header's name is not a token"),
            Self::Reserved => f.write_str("the header belongs to the framing of the response"),
            Self::Value { position } => {
                write!(
                    f,
                    "a header's value has a control character at byte {position}"
                )
            }
        }
    }
}

impl error::Error for InvalidHeader {}
