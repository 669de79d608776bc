//! Reads one request, of bounded size.

use std::io;

use httparse::Status;
use tokio::{io::AsyncReadExt, net::TcpStream};

const MOST_HEAD: usize = 16 * 1024;
const MOST_BODY: usize = 4096;

pub(crate) struct Request {
    pub(crate) method: String,
    target: String,
    /// The values of every `accept` header.
    pub(crate) accept: Vec<Vec<u8>>,
    pub(crate) last_event_id: Option<Vec<u8>>,
    pub(crate) body: Vec<u8>,
}

/// Why there is no request.
pub(crate) enum Refusal {
    BadRequest,
    HeadTooLarge,
    BodyTooLarge,
    LengthRequired,
}

impl Refusal {
    pub(crate) fn status(&self) -> &'static str {
        match self {
            Self::BadRequest => "400 Bad Request",
            Self::HeadTooLarge => "431 Request Header Fields Too Large",
            Self::BodyTooLarge => "413 Content Too Large",
            Self::LengthRequired => "411 Length Required",
        }
    }
}

impl Request {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// `None` when the client went away before the request was complete.
    pub(crate) async fn read(stream: &mut TcpStream) -> Result<Option<Self>, Refusal> {
        let mut buffer = Vec::with_capacity(1024);
        let (mut request, head, length) = loop {
            if !read_more(stream, &mut buffer, MOST_HEAD).await {
                return Ok(None);
            }
            if let Some(parsed) = parse_head(&buffer)? {
                break parsed;
            }
            if buffer.len() >= MOST_HEAD {
                return Err(Refusal::HeadTooLarge);
            }
        };
        if length > MOST_BODY {
            return Err(Refusal::BodyTooLarge);
        }
        buffer.drain(..head);
        while buffer.len() < length {
            if !read_more(stream, &mut buffer, length).await {
                return Ok(None);
            }
        }
        buffer.truncate(length);
        request.body = buffer;
        Ok(Some(request))
    }
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>, most: usize) -> bool {
    let room = most.saturating_sub(buffer.len()) as u64;
    let read: io::Result<usize> = stream.take(room).read_buf(buffer).await;
    matches!(read, Ok(count) if count > 0)
}

/// The head, its length, and the length of the body; `None` when there is more of it to come.
fn parse_head(bytes: &[u8]) -> Result<Option<(Request, usize, usize)>, Refusal> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut head = httparse::Request::new(&mut headers);
    let head_length = match head.parse(bytes) {
        Ok(Status::Complete(length)) => length,
        Ok(Status::Partial) => return Ok(None),
        Err(httparse::Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
        Err(_) => return Err(Refusal::BadRequest),
    };
    let mut request = Request {
        method: head.method.unwrap_or_default().to_owned(),
        target: head.path.unwrap_or_default().to_owned(),
        accept: Vec::new(),
        last_event_id: None,
        body: Vec::new(),
    };
    let mut length = 0;
    for header in head.headers.iter() {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("accept") {
            request.accept.push(header.value.to_vec());
        } else if is(sse_codec::http::LAST_EVENT_ID) {
            let id = sse_codec::http::last_event_id(header.value);
            request.last_event_id = Some(id.map_err(|_| Refusal::BadRequest)?.to_vec());
        } else if is("content-length") {
            length = std::str::from_utf8(header.value)
                .ok()
                .and_then(|value| value.parse().ok())
                .ok_or(Refusal::BadRequest)?;
        } else if is("transfer-encoding") {
            return Err(Refusal::LengthRequired);
        }
    }
    Ok(Some((request, head_length, length)))
}
