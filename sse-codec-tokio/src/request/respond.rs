use std::{
    io::{self, Write},
    time::{Duration, SystemTime},
};

use http::{HeaderValue, Response, StatusCode, header};
use sse_codec::http::LAST_EVENT_ID;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, copy, sink},
    time::timeout,
};

/// How long an answer may take, its good order included.
const LONGEST: Duration = Duration::from_secs(10);

/// How much a client may still send once it was answered.
const MOST_INPUT: u64 = 1024 * 1024;

/// The answer to a preflight ([`Request::is_preflight`](super::Request::is_preflight)): pages of this
/// origin, or of all (`*`), may say in `Last-Event-ID` where they were. The stream itself has to name
/// the origin too (`access-control-allow-origin`).
///
/// A browser asks before it sends an ID of more than 128 bytes, or with a byte besides letters, digits
/// and ` *,-.;=_/` (Fetch, *CORS-safelisted request-header*), and may keep the answer for a day.
///
/// ```
/// use http::HeaderValue;
/// use sse_codec_tokio::request::allow_last_event_id;
///
/// let mut response = allow_last_event_id(HeaderValue::from_static("https://app.example"));
/// assert_eq!(response.headers()["access-control-allow-headers"], "last-event-id");
/// // For an `EventSource` with cookies:
/// let yes = HeaderValue::from_static("true");
/// response.headers_mut().insert("access-control-allow-credentials", yes);
/// ```
#[must_use]
pub fn allow_last_event_id(origin: HeaderValue) -> Response<&'static [u8]> {
    let mut response = Response::new(&b""[..]);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if origin != "*" {
        headers.insert(header::VARY, HeaderValue::from_static("origin"));
    }
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    let name = HeaderValue::from_static(LAST_EVENT_ID);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, name);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, 86_400.into());
    response
}

pub(super) async fn respond<IO, B>(
    io: &mut IO,
    response: &Response<B>,
    is_head: bool,
) -> io::Result<()>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    B: AsRef<[u8]>,
{
    let body = response.body().as_ref();
    let head = head(response, body.len());
    timeout(LONGEST, async {
        io.write_all(&head).await?;
        if !is_head && has_content(response.status()) {
            io.write_all(body).await?;
        }
        io.shutdown().await?;
        copy(&mut io.take(MOST_INPUT), &mut sink()).await?;
        Ok(())
    })
    .await
    .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

/// Whether a response of this status has content, and so a length (RFC 9110 §8.6).
fn has_content(status: StatusCode) -> bool {
    !status.is_informational()
        && !matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED)
}

fn head<B>(response: &Response<B>, length: usize) -> Vec<u8> {
    let status = response.status();
    let mut head = Vec::with_capacity(256);
    let reason = status.canonical_reason().unwrap_or_default();
    // Writing into a `Vec` cannot fail.
    let _ = write!(head, "HTTP/1.1 {} {reason}\r\n", status.as_str());
    let mut line = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            head.extend_from_slice(part);
        }
    };
    if !response.headers().contains_key(header::DATE) {
        // Who has a clock has to say the time (RFC 9110 §6.6.1).
        let date = httpdate::fmt_http_date(SystemTime::now());
        line("date", date.as_bytes());
    }
    for (name, value) in response.headers() {
        // The framing is ours.
        let ours = [
            header::CONTENT_LENGTH,
            header::TRANSFER_ENCODING,
            header::CONNECTION,
        ];
        if !ours.contains(name) {
            line(name.as_str(), value.as_bytes());
        }
    }
    if has_content(status) {
        line("content-length", length.to_string().as_bytes());
    }
    line("connection", b"close");
    head.extend_from_slice(b"\r\n");
    head
}
