//! A client by hand: it says what it likes, and need not read.

use std::{io, net::SocketAddr, time::Duration};

use socket2::{Domain, Protocol, SockRef, Socket, Type};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::timeout,
};

pub struct Peer {
    pub stream: TcpStream,
    pub address: SocketAddr,
}

/// How the answer to a request came to its end.
#[derive(Debug, PartialEq, Eq)]
pub enum End {
    /// The server closed in good order.
    Closed,
    Reset,
    /// It is still open.
    Open,
}

impl Peer {
    pub async fn connect(server: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect(server).await?)
    }

    /// With the smallest window the system gives, so that not reading is felt soon.
    pub async fn connect_narrow(server: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(
            Domain::IPV4,
            Type::STREAM.nonblocking(),
            Some(Protocol::TCP),
        )?;
        socket.set_recv_buffer_size(1)?;
        let socket = TcpSocket::from_std_stream(socket.into());
        Self::new(socket.connect(server).await?)
    }

    fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        let address = stream.local_addr()?;
        Ok(Self { stream, address })
    }

    /// Connects, and asks for the stream of events.
    pub async fn events(server: SocketAddr) -> io::Result<Self> {
        let mut peer = Self::connect(server).await?;
        peer.send(b"GET /events HTTP/1.1\r\nhost: demo\r\n\r\n")
            .await?;
        Ok(peer)
    }

    pub async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await
    }

    /// What comes within the time, and how it ends.
    pub async fn receive(&mut self, most: usize, longest: Duration) -> (Vec<u8>, End) {
        let mut received = Vec::new();
        let end = timeout(longest, async {
            let mut buffer = [0; 4096];
            while received.len() < most {
                match self.stream.read(&mut buffer).await {
                    Ok(0) => return End::Closed,
                    Ok(count) => received.extend_from_slice(&buffer[..count]),
                    Err(_) => return End::Reset,
                }
            }
            End::Open
        });
        let end = end.await.unwrap_or(End::Open);
        (received, end)
    }

    /// Closes with a reset instead of in good order.
    pub fn reset(self) -> io::Result<()> {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO))
    }
}

/// Sends a request and takes what is answered within the time.
pub async fn ask(
    server: SocketAddr,
    request: &[u8],
    longest: Duration,
) -> io::Result<(Vec<u8>, End)> {
    let mut peer = Peer::connect(server).await?;
    // A server that refuses has closed before it has all; its answer is there all the same.
    let _ = peer.send(request).await;
    Ok(peer.receive(usize::MAX, longest).await)
}

/// The status of a response; 0 when there is none.
pub fn status(response: &[u8]) -> u16 {
    let text = String::from_utf8_lossy(response);
    let status = text
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok());
    status.unwrap_or_default()
}
