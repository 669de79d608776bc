use std::{error::Error, fmt, io, time::Duration};

use http::{HeaderValue, Response, StatusCode, header};
use tokio::io::{AsyncRead, AsyncWrite};

use super::respond::respond;

/// Why a request gets no stream, and the status that says so.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// 400, and what is wrong with the request.
    BadRequest(&'static str),
    /// 405, and the methods that are allowed: `GET, HEAD`.
    MethodNotAllowed(&'static str),
    /// 406: the client accepts no event stream.
    NotAcceptable,
    /// 408: the head did not come in time.
    Timeout,
    /// 414: the request line alone takes all the room of a head.
    TargetTooLong,
    /// 431: the headers are too long or too many.
    HeadTooLarge,
    /// 501: a method that HTTP does not know, or a transfer coding besides `chunked`.
    NotImplemented,
    /// 503, and after how long to come back (`Retry-After`, in whole seconds, rounded up).
    Unavailable(Duration),
    /// 505: a version other than HTTP/1.0 and HTTP/1.1.
    VersionNotSupported,
    /// No request has come, and there is nobody to answer.
    Io(io::Error),
}

impl Refusal {
    /// The response, which has no body; `None` when there is nobody to answer.
    #[must_use]
    pub fn response(&self) -> Option<Response<&'static [u8]>> {
        let mut response = Response::new(&[][..]);
        *response.status_mut() = match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::MethodNotAllowed(allow) => {
                let allow = HeaderValue::from_static(allow);
                response.headers_mut().insert(header::ALLOW, allow);
                StatusCode::METHOD_NOT_ALLOWED
            }
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::Timeout => StatusCode::REQUEST_TIMEOUT,
            Self::TargetTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::NotImplemented => StatusCode::NOT_IMPLEMENTED,
            Self::Unavailable(after) => {
                let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
                response
                    .headers_mut()
                    .insert(header::RETRY_AFTER, seconds.into());
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::VersionNotSupported => StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            Self::Io(_) => return None,
        };
        Some(response)
    }

    /// Sends the response and closes in good order, as [`Request::respond`](super::Request::respond).
    ///
    /// # Errors
    /// What the transport says, now or when the request was read; or
    /// [`TimedOut`](io::ErrorKind::TimedOut) after 10 s.
    pub async fn answer<IO: AsyncRead + AsyncWrite + Unpin>(self, io: &mut IO) -> io::Result<()> {
        match (self.response(), self) {
            (Some(response), _) => respond(io, &response, false).await,
            (None, Self::Io(error)) => Err(error),
            (None, _) => Ok(()),
        }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self, self.response()) {
            (Self::BadRequest(what), _) => write!(f, "400 Bad Request: {what}"),
            (_, Some(response)) => response.status().fmt(f),
            (_, None) => f.write_str("no request has come"),
        }
    }
}

impl Error for Refusal {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}
