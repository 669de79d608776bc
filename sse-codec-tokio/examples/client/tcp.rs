//! A connector over a bare `TcpStream`, without any HTTP client: HTTP/1.0, so that the body comes
//! without chunks and ends with the connection. No TLS.

use std::io;

use bytes::{Bytes, BytesMut};
use http::{Request, Response, Version, header::HOST, uri::Scheme};
use http_body::{Body, Frame};
use http_body_util::StreamBody;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_stream::StreamExt;
use tokio_util::io::ReaderStream;

/// A head may be so long.
const HEAD: usize = 16 * 1024;

/// Sends the request on a connection of its own.
pub(crate) async fn connect(
    mut request: Request<Bytes>,
) -> io::Result<Response<impl Body<Data = Bytes, Error = io::Error>>> {
    if request.uri().scheme() == Some(&Scheme::HTTPS) {
        return Err(bad("no TLS here"));
    }
    let authority = request
        .uri()
        .authority()
        .ok_or_else(|| bad("no host in the URL"))?;
    let (host, port) = (
        authority.host().to_owned(),
        authority.port_u16().unwrap_or(80),
    );
    if !request.headers().contains_key(HOST) {
        // Without a name and a password (RFC 9110 §7.2).
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        let value = host.parse().map_err(io::Error::other)?;
        request.headers_mut().insert(HOST, value);
    }
    let mut stream = TcpStream::connect((host.trim_matches(['[', ']']), port)).await?;
    stream.write_all(&head_of(&request)).await?;

    let mut buffer = BytesMut::new();
    let (response, len) = loop {
        if let Some(complete) = response(&buffer)? {
            break complete;
        }
        if buffer.len() >= HEAD {
            return Err(bad("a response head that is too long"));
        }
        if stream.read_buf(&mut buffer).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    // What has been read behind the head is the beginning of the body.
    let rest = buffer.split_off(len).freeze();
    let frames =
        ReaderStream::new(io::Cursor::new(rest).chain(stream)).map(|read| read.map(Frame::data));
    Ok(response.map(|()| StreamBody::new(frames)))
}

fn head_of(request: &Request<Bytes>) -> Vec<u8> {
    let path = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str());
    let mut head = format!("{} {path} HTTP/1.0\r\n", request.method()).into_bytes();
    for (name, value) in request.headers() {
        for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    }
    if !request.body().is_empty() {
        head.extend(format!("content-length: {}\r\n", request.body().len()).into_bytes());
    }
    head.extend_from_slice(b"\r\n");
    head.extend_from_slice(request.body());
    head
}

/// The head of a response and its length, when it is complete.
fn response(bytes: &[u8]) -> io::Result<Option<(Response<()>, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(len) = parsed.parse(bytes).map_err(io::Error::other)? else {
        return Ok(None);
    };
    let mut response = Response::builder()
        .version(Version::HTTP_10)
        .status(parsed.code.unwrap_or(0));
    for header in parsed.headers.iter() {
        response = response.header(header.name, header.value);
    }
    Ok(Some((response.body(()).map_err(io::Error::other)?, len)))
}

fn bad(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
