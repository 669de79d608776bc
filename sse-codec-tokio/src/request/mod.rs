//! The head of one HTTP/1.1 request, for a server without an HTTP library (feature `http1`).
//!
//! [`serve`](crate::serve()) begins where a request has been read. [`Request::read`] reads one, and
//! what it refuses is answered by a whole response:
//!
//! ```no_run
//! use std::{io, time::Duration};
//!
//! use sse_codec_tokio::request::Request;
//! use tokio::net::TcpStream;
//!
//! async fn connection(mut stream: TcpStream) -> io::Result<()> {
//!     let request = Request::read(&mut stream, 16 * 1024, Duration::from_secs(10)).await;
//!     let request = match request.and_then(Request::for_stream) {
//!         Ok(request) => request,
//!         Err(refusal) => return refusal.answer(&mut stream).await,
//!     };
//!     println!("GET {} after {:?}", request.head.uri.path(), request.last_event_id());
//!     Ok(())
//! }
//! ```
//!
//! There is no more to it: no body, no second request on a connection, no routing. Whoever needs
//! these needs [hyper](https://docs.rs/hyper). All that is `async` here wants a tokio runtime with its
//! timer, and is not cancel safe: what was read or written is lost with the future.

mod parse;
mod refusal;
mod respond;

use std::{
    io,
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::{Buf, Bytes, BytesMut};
use http::{Method, Response, Version, header, request::Parts};
use sse_codec::http::{LAST_EVENT_ID, accepts_event_stream, last_event_id};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    time::timeout,
};

pub use refusal::Refusal;
pub use respond::allow_last_event_id;

use crate::{
    head::{Framing, Terms},
    options::ServeOptions,
};

/// The head of a request, and what came with it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Request {
    /// Method, target, version and headers. The target has the form that was sent (RFC 9112 §3.2):
    /// `/events?a=b`, `http://host/events`, with CONNECT `host:443`, with OPTIONS perhaps `*`.
    pub head: Parts,
    /// What the caller still has to read, or leaves unread for [`respond`](Self::respond) to drop.
    pub body: RequestBody,
    /// What was read after the head: the beginning of the body, or what the client sent ahead.
    pub rest: Bytes,
}

/// The body that a request announces (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestBody {
    /// None, or one of no bytes.
    Empty,
    /// So many bytes.
    Length(u64),
    /// In chunks.
    Chunked,
}

impl Request {
    /// Reads the head of a request, of `most` bytes and 64 headers at most, which may take `longest`
    /// in all: who sends a byte now and then wins no time. RFC 9112 §3 wants room for 8,000 bytes in
    /// the request line alone; 16 KiB and 10 s are what other servers allow.
    ///
    /// No more than `most` bytes are taken from `io`. An LF alone ends a line too (RFC 9112 §2.2).
    ///
    /// # Errors
    /// [`Refusal::Io`] when reading fails; when the client goes away before the head is complete, or
    /// says nothing at all, its kind is `UnexpectedEof` or `TimedOut`. All else is for the client.
    pub async fn read<R>(io: &mut R, most: usize, longest: Duration) -> Result<Self, Refusal>
    where
        R: AsyncRead + Unpin,
    {
        let mut buffer = BytesMut::new();
        match timeout(longest, read_head(io, most, &mut buffer)).await {
            Ok(result) => result,
            // Browsers open connections ahead: there is no request to answer.
            Err(_) if buffer.is_empty() => Err(Refusal::Io(io::ErrorKind::TimedOut.into())),
            Err(_) => Err(parse::request(&buffer).err().unwrap_or(Refusal::Timeout)),
        }
    }

    /// The request itself when an event stream is the answer to it. HEAD is judged as GET, and gets the
    /// head that GET would have got (RFC 9110 §9.3.2).
    ///
    /// # Errors
    /// For another method, by the `Accept` header, and for a body, which has no meaning here (RFC 9110
    /// §9.3.1). Who wants to be lenient, or streams the answer to a POST, judges for himself.
    pub fn for_stream(self) -> Result<Self, Refusal> {
        match self.head.method {
            Method::GET | Method::HEAD => {}
            Method::POST
            | Method::PUT
            | Method::DELETE
            | Method::PATCH
            | Method::OPTIONS
            | Method::TRACE
            | Method::CONNECT => return Err(Refusal::MethodNotAllowed("GET, HEAD")),
            _ => return Err(Refusal::NotImplemented),
        }
        if self.body != RequestBody::Empty {
            return Err(Refusal::BadRequest("a body without a meaning"));
        }
        if !accepts_event_stream(self.head.headers.get_all(header::ACCEPT)) {
            return Err(Refusal::NotAcceptable);
        }
        Ok(self)
    }

    /// The options of the answer to this request: its [framing](Self::framing), and the `date`, which
    /// who has a clock has to send (RFC 9110 §6.6.1). A `date` that is given as a header replaces it.
    pub fn terms(&self, options: &Arc<ServeOptions>) -> Terms {
        let mut terms = options.framed(self.framing());
        terms.date = Some(httpdate::fmt_http_date(SystemTime::now()));
        terms
    }

    /// How the answer to this request is framed, for [`ServeOptions::framed`]: in chunks for HTTP/1.1,
    /// until the connection closes for HTTP/1.0 (RFC 9112 §6.1), and a head alone for HEAD.
    ///
    /// [`ServeOptions::framed`]: crate::ServeOptions::framed
    #[must_use]
    pub fn framing(&self) -> Framing {
        match (&self.head.method, self.head.version) {
            (&Method::HEAD, _) => Framing::HeadOnly,
            (_, Version::HTTP_11) => Framing::Chunked,
            _ => Framing::Close,
        }
    }

    /// Where a client that comes back was (`Last-Event-ID`, see [`last_event_id`]); empty when it was
    /// nowhere.
    #[must_use]
    pub fn last_event_id(&self) -> &[u8] {
        let value = self.head.headers.get(LAST_EVENT_ID);
        // A header value has no byte that an ID may not have.
        value.map_or(&[], |value| {
            last_event_id(value.as_bytes()).unwrap_or_default()
        })
    }

    /// Whether a browser asks if a page of another origin may make its request (Fetch, *CORS-preflight
    /// request*). [`allow_last_event_id`] makes an answer.
    #[must_use]
    pub fn is_preflight(&self) -> bool {
        let has = |name| self.head.headers.contains_key(name);
        self.head.method == Method::OPTIONS
            && has(header::ORIGIN)
            && has(header::ACCESS_CONTROL_REQUEST_METHOD)
    }

    /// Sends `100 Continue` when the client waits for it before it sends the body (`Expect`, RFC 9110
    /// §10.1.1): to be called before the body is read. A final response in its place needs no call.
    ///
    /// # Errors
    /// What the transport says.
    pub async fn ask_for_body<W: AsyncWrite + Unpin>(&self, io: &mut W) -> io::Result<()> {
        let expect = self.head.headers.get(header::EXPECT);
        let is_asked = expect.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"100-continue"));
        // What is there already is not waited for; HTTP/1.0 knows no such thing.
        if is_asked && self.rest.is_empty() && self.head.version == Version::HTTP_11 {
            io.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
            io.flush().await?;
        }
        Ok(())
    }

    /// Answers with a whole response and closes in good order.
    ///
    /// `date`, `connection` and `content-length` are added; a 204 or 304 has no length, and the answer
    /// to HEAD no body. Then what the client still sends is dropped, 1 MiB of it at most, until it
    /// closes too: a socket closed with something unread in it is reset, and the client may lose the
    /// response (RFC 9112 §9.6).
    ///
    /// # Errors
    /// What the transport says, or [`TimedOut`](io::ErrorKind::TimedOut) after 10 s.
    pub async fn respond<IO, B>(&self, io: &mut IO, response: &Response<B>) -> io::Result<()>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
        B: AsRef<[u8]>,
    {
        respond::respond(io, response, self.head.method == Method::HEAD).await
    }
}

async fn read_head<R>(io: &mut R, most: usize, buffer: &mut BytesMut) -> Result<Request, Refusal>
where
    R: AsyncRead + Unpin,
{
    // Parsed at each line end and when it has doubled, not at each byte: work stays linear, since the
    // number of lines is bounded, and what is no HTTP has no line ends.
    let (mut room, mut next) = (most, 1);
    loop {
        let seen = buffer.len();
        buffer.reserve(room.min(1024));
        if (&mut *io).take(room as u64).read_buf(buffer).await? == 0 {
            let eof = || io::Error::from(io::ErrorKind::UnexpectedEof).into();
            return Err(parse::request(buffer).err().unwrap_or_else(eof));
        }
        room -= buffer.len() - seen;
        // Empty lines before a request mean nothing (RFC 9112 §2.2).
        while let [b'\n', ..] | [b'\r', b'\n', ..] = buffer[..] {
            buffer.advance(1);
        }
        let has_line = |bytes: &[u8]| bytes.contains(&b'\n');
        if room == 0 || buffer.len() >= next || buffer.get(seen..).is_some_and(has_line) {
            next = buffer.len() * 2;
            if let Some((head, body, len)) = parse::request(buffer)? {
                let rest = buffer.split_off(len).freeze();
                return Ok(Request { head, body, rest });
            }
        }
        match room {
            0 if has_line(buffer) || buffer.is_empty() => return Err(Refusal::HeadTooLarge),
            0 => return Err(Refusal::TargetTooLong),
            _ => {}
        }
    }
}
