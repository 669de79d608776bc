//! The body of a request, of bounded size.

use std::time::Duration;

use http::StatusCode;
use sse_codec_tokio::request::{Request, RequestBody};
use tokio::{io::AsyncReadExt, net::TcpStream, time::timeout};

const MOST: usize = 4096;
const LONGEST: Duration = Duration::from_secs(10);

/// The body, or the status of the refusal.
pub(crate) async fn read(request: &Request, stream: &mut TcpStream) -> Result<Vec<u8>, StatusCode> {
    let length = match request.body {
        RequestBody::Empty => 0,
        RequestBody::Length(length) => usize::try_from(length).unwrap_or(usize::MAX),
        RequestBody::Chunked => return Err(StatusCode::LENGTH_REQUIRED),
    };
    if length > MOST {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    if request.ask_for_body(stream).await.is_err() {
        return Err(StatusCode::BAD_REQUEST);
    }
    let mut body = request.rest.to_vec();
    body.truncate(length);
    let missing = (length - body.len()) as u64;
    let read = timeout(LONGEST, stream.take(missing).read_to_end(&mut body)).await;
    match read {
        Ok(Ok(_)) if body.len() == length => Ok(body),
        Err(_) => Err(StatusCode::REQUEST_TIMEOUT),
        Ok(_) => Err(StatusCode::BAD_REQUEST),
    }
}
