use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{
    HeaderValue, Request, Response, Uri, Version,
    header::{HOST, PROXY_AUTHORIZATION},
    uri::Authority,
};
use http_body_util::Full;
use hyper::{body::Incoming, client::conn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tower_http::decompression::{Decompression, DecompressionBody};
use tower_service::Service as _;

use super::{
    dial::{Dialer, Forwarded},
    error::NetError,
};

/// How a connection by HTTP/2 on which nothing comes is tried.
const PING: Duration = Duration::from_secs(30);

/// What a connection speaks.
pub(crate) enum Protocol {
    Http1 { forwarded: Option<Forwarded> },
    Http2,
}

/// Sends a request over a connection that is its own. Its version counts where the connection
/// speaks HTTP/1: 1.0 may be asked for.
///
/// Dropping the response's body ends the connection.
pub(crate) async fn send<IO>(
    io: IO,
    protocol: Protocol,
    mut request: Request<Bytes>,
) -> Result<Response<Incoming>, hyper::Error>
where
    IO: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(io);
    match protocol {
        Protocol::Http1 { forwarded } => {
            prepare(&mut request, forwarded);
            let (mut sender, connection) = conn::http1::handshake(io).await?;
            // Its error is the body's too.
            tokio::spawn(connection);
            sender.send_request(request.map(Full::new)).await
        }
        Protocol::Http2 => {
            *request.version_mut() = Version::HTTP_2;
            let (mut sender, connection) = conn::http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .keep_alive_interval(PING)
                .adaptive_window(true)
                .handshake(io)
                .await?;
            tokio::spawn(connection);
            sender.send_request(request.map(Full::new)).await
        }
    }
}

/// Makes the head of a request what HTTP/1.1 wants: `Host`, and the form of the target.
fn prepare(request: &mut Request<Bytes>, forwarded: Option<Forwarded>) {
    let uri = request.uri().clone();
    // Without a name and a password, which a redirect may bring (RFC 9110 §7.2).
    let authority = uri.authority().map(Authority::as_str);
    if let Some(host) = authority.and_then(|authority| authority.rsplit('@').next())
        && !request.headers().contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(host)
    {
        request.headers_mut().insert(HOST, host);
    }
    if let Some(Forwarded { authorization }) = forwarded {
        if let Some(authorization) = authorization {
            request
                .headers_mut()
                .insert(PROXY_AUTHORIZATION, authorization);
        }
    } else if let Some(path) = uri.path_and_query() {
        *request.uri_mut() = Uri::from(path.clone());
    }
}

/// A client without a pool and without redirects: what an `EventSource` connects by.
#[derive(Clone)]
pub(crate) struct Client {
    service: Decompression<Opener>,
}

impl Client {
    pub(crate) fn new(dialer: Dialer) -> Self {
        Self {
            service: Decompression::new(Opener { dialer }),
        }
    }

    /// Sends the request over a new connection. The body is decompressed as it comes.
    pub(crate) async fn open(
        &mut self,
        request: Request<Bytes>,
    ) -> Result<Response<DecompressionBody<Incoming>>, NetError> {
        self.service.call(request).await
    }
}

#[derive(Clone)]
struct Opener {
    dialer: Dialer,
}

impl tower_service::Service<Request<Bytes>> for Opener {
    type Response = Response<Incoming>;
    type Error = NetError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, NetError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), NetError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let dialer = self.dialer.clone();
        Box::pin(async move {
            let dialed = dialer.dial(request.uri()).await?;
            let protocol = match dialed.wire.is_http2() {
                true => Protocol::Http2,
                false => Protocol::Http1 {
                    forwarded: dialed.forwarded,
                },
            };
            let response = send(dialed.wire, protocol, request).await;
            response.map_err(NetError::Http)
        })
    }
}
