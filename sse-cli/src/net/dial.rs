use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Uri};
use hyper_util::{
    client::{
        legacy::connect::{
            HttpConnector,
            proxy::{SocksV5, Tunnel},
        },
        proxy::matcher::{Intercept, Matcher},
    },
    rt::TokioIo,
};
use rustls::{ClientConfig, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::Instant,
};
use tokio_rustls::{TlsConnector, client::TlsStream};
use tower_service::Service;

use super::error::NetError;

/// How long a connection on which nothing comes is believed in without asking the peer's kernel.
const KEEPALIVE: Duration = Duration::from_secs(60);

/// Makes connections.
#[derive(Clone)]
pub(crate) struct Dialer {
    tls: Arc<ClientConfig>,
    proxies: Arc<Matcher>,
}

/// A connection, and how it was made.
pub(crate) struct Dialed {
    pub(crate) wire: Wire,
    pub(crate) peer: Option<SocketAddr>,
    /// When the TCP connection, through the proxy if there is one, stood.
    pub(crate) connected: Instant,
    /// When the keys were agreed upon.
    pub(crate) secured: Option<Instant>,
    /// The proxy it leads through.
    pub(crate) proxy: Option<Uri>,
    /// The proxy has to be told the whole URI, and perhaps who asks.
    pub(crate) forwarded: Option<Forwarded>,
}

/// A request that a proxy reads and passes on.
pub(crate) struct Forwarded {
    pub(crate) authorization: Option<HeaderValue>,
}

/// The bytes of a connection, as HTTP sees them.
pub(crate) enum Wire {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Dialer {
    pub(crate) fn new(tls: ClientConfig) -> Self {
        Self {
            tls: Arc::new(tls),
            proxies: Arc::new(Matcher::from_env()),
        }
    }

    pub(crate) async fn dial(&self, uri: &Uri) -> Result<Dialed, NetError> {
        let is_https = uri.scheme_str() == Some("https");
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_keepalive(Some(KEEPALIVE));
        let intercept = self.proxies.intercept(uri);
        let (stream, forwarded) = match &intercept {
            None => (tcp.call(uri.clone()).await.map_err(connect)?, None),
            Some(proxy) => through(proxy, tcp, uri, is_https).await?,
        };
        let stream = stream.into_inner();
        let connected = Instant::now();
        let peer = stream.peer_addr().ok();
        let (wire, secured) = if is_https {
            let stream = self.secure(uri, stream).await.map_err(NetError::Tls)?;
            (Wire::Tls(Box::new(stream)), Some(Instant::now()))
        } else {
            (Wire::Plain(stream), None)
        };
        Ok(Dialed {
            wire,
            peer,
            connected,
            secured,
            proxy: intercept.map(|proxy| proxy.uri().clone()),
            forwarded,
        })
    }

    async fn secure(&self, uri: &Uri, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let host = uri.host().unwrap_or_default();
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        connector.connect(name, stream).await
    }
}

/// Connects by way of a proxy.
async fn through(
    proxy: &Intercept,
    mut tcp: HttpConnector,
    uri: &Uri,
    is_https: bool,
) -> Result<(TokioIo<TcpStream>, Option<Forwarded>), NetError> {
    let address = proxy.uri().clone();
    match address.scheme_str() {
        Some(scheme @ ("socks5" | "socks5h")) => {
            let mut socks = SocksV5::new(address.clone(), tcp).local_dns(scheme == "socks5");
            if let Some((user, password)) = proxy.raw_auth() {
                socks = socks.with_auth(user.to_owned(), password.to_owned());
            }
            let stream = socks.call(uri.clone()).await;
            Ok((stream.map_err(connect)?, None))
        }
        Some("http") if is_https => {
            let mut tunnel = Tunnel::new(address, tcp);
            if let Some(authorization) = proxy.basic_auth() {
                tunnel = tunnel.with_auth(authorization.clone());
            }
            let stream = tunnel.call(uri.clone()).await;
            Ok((stream.map_err(connect)?, None))
        }
        Some("http") => {
            let authorization = proxy.basic_auth().cloned();
            let stream = tcp.call(address).await.map_err(connect)?;
            Ok((stream, Some(Forwarded { authorization })))
        }
        scheme => {
            let scheme = scheme.unwrap_or_default();
            let message = format!("a proxy by {scheme:?} is not supported: http, socks5, socks5h");
            Err(NetError::Connect(message.into()))
        }
    }
}

fn connect<E: std::error::Error + Send + Sync + 'static>(error: E) -> NetError {
    NetError::Connect(Box::new(error))
}

impl Wire {
    /// Whether HTTP/2 was agreed upon.
    pub(crate) fn is_http2(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.get_ref().1.alpn_protocol() == Some(b"h2"),
        }
    }

    /// The version of TLS.
    pub(crate) fn tls_version(&self) -> Option<&'static str> {
        let Self::Tls(stream) = self else { return None };
        match stream.get_ref().1.protocol_version()? {
            rustls::ProtocolVersion::TLSv1_2 => Some("TLS 1.2"),
            rustls::ProtocolVersion::TLSv1_3 => Some("TLS 1.3"),
            _ => Some("TLS"),
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
