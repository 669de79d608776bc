//! A connector over hyper's own client of one connection, HTTP/1.1. No TLS, no pool.

use std::io;

use bytes::Bytes;
use http::{Request, Response, Uri, header::HOST, uri::Scheme};
use http_body_util::Full;
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// How a request can fail.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Sends the request on a connection of its own.
pub(crate) async fn connect(mut request: Request<Bytes>) -> Result<Response<Incoming>, Error> {
    if request.uri().scheme() == Some(&Scheme::HTTPS) {
        return Err(io::Error::other("no TLS here").into());
    }
    let authority = request.uri().authority().cloned();
    let authority = authority.ok_or_else(|| io::Error::other("no host in the URL"))?;
    let host = authority.host().trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, authority.port_u16().unwrap_or(80))).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // It lives until the body is over, or dropped. Its error comes by the body.
    tokio::spawn(connection);

    // A server is asked for a path (RFC 9112 §3.2.1).
    if !request.headers().contains_key(HOST) {
        // Without a name and a password (RFC 9110 §7.2).
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        request.headers_mut().insert(HOST, host.parse()?);
    }
    *request.uri_mut() = match request.uri().path_and_query() {
        Some(path) => Uri::from(path.clone()),
        None => Uri::from_static("/"),
    };
    Ok(sender.send_request(request.map(Full::new)).await?)
}
