use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use socket2::SockRef;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// Socket options that bound what a client can cost where the socket is ours.
///
/// Without them a client that does not read takes some 4 MB into the kernel's buffers before the
/// sender notices, and one that has vanished is noticed when the kernel gives up resending, after
/// many minutes.
///
/// | | default | |
/// |---|---|---|
/// | `TCP_NODELAY` | on | an event leaves when it is written |
/// | `TCP_NOTSENT_LOWAT` | 16 KiB | how much may wait in the kernel unsent; Linux, Android |
/// | `TCP_USER_TIMEOUT` | 30 s | how long sent bytes may go unacknowledged; Linux, Android |
///
/// Where the system has no such option, it is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TcpOptions {
    nodelay: bool,
    unsent: Option<u32>,
    user_timeout: Option<Duration>,
}

impl TcpOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            nodelay: true,
            unsent: Some(16 * 1024),
            user_timeout: Some(Duration::from_secs(30)),
        }
    }

    /// Whether small segments are sent at once (`TCP_NODELAY`).
    #[must_use]
    pub const fn nodelay(mut self, nodelay: bool) -> Self {
        self.nodelay = nodelay;
        self
    }

    /// How many bytes may wait unsent in the kernel before the socket stops taking more
    /// (`TCP_NOTSENT_LOWAT`). `None` leaves the system's setting.
    #[must_use]
    pub const fn unsent(mut self, bytes: Option<u32>) -> Self {
        self.unsent = bytes;
        self
    }

    /// How long sent bytes may go unacknowledged before the connection fails with
    /// [`TimedOut`](io::ErrorKind::TimedOut) (`TCP_USER_TIMEOUT`). `None` leaves the system's
    /// setting. It needs something to be sent, so that heartbeats make it work on an idle
    /// connection.
    #[must_use]
    pub const fn user_timeout(mut self, timeout: Option<Duration>) -> Self {
        self.user_timeout = timeout;
        self
    }

    /// Sets the options.
    ///
    /// # Errors
    /// What the system answers.
    pub fn apply(&self, stream: &TcpStream) -> io::Result<()> {
        let socket = SockRef::from(stream);
        socket.set_tcp_nodelay(self.nodelay)?;
        #[cfg(any(target_os = "linux", target_os = "android"))]
        {
            if let Some(bytes) = self.unsent {
                socket.set_tcp_notsent_lowat(bytes)?;
            }
            if let Some(timeout) = self.user_timeout {
                // The system counts in milliseconds, and takes none for its default.
                let timeout = timeout.max(Duration::from_millis(1));
                socket.set_tcp_user_timeout(Some(timeout))?;
            }
        }
        Ok(())
    }
}

impl Default for TcpOptions {
    fn default() -> Self {
        Self::new()
    }
}

/// A socket that is reset when it is dropped before its writing half was shut down (`SO_LINGER` 0):
/// the client of a body that [ends with the connection](crate::Framing::Close) can tell a stream
/// that was cut from one that is complete by nothing else.
///
/// [`serve`](crate::serve()) shuts the transport down when a stream has ended in good order, and
/// drops it when the source has failed, when the connection is to end at once, and when its own
/// future is dropped. For a body in [chunks](crate::Framing::Chunked) this is not needed; over TLS,
/// `close_notify` says it. Without it, and without chunks, a client of plain TCP cannot know.
#[derive(Debug)]
pub struct ResetOnDrop {
    stream: TcpStream,
    is_shut_down: bool,
}

impl ResetOnDrop {
    /// From now on the socket is reset unless it is shut down.
    #[must_use]
    pub const fn new(stream: TcpStream) -> Self {
        let is_shut_down = false;
        Self {
            stream,
            is_shut_down,
        }
    }

    /// The socket.
    #[must_use]
    pub const fn get_ref(&self) -> &TcpStream {
        &self.stream
    }
}

impl Drop for ResetOnDrop {
    fn drop(&mut self) {
        if !self.is_shut_down {
            // A socket that is gone already needs none.
            let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
        }
    }
}

impl AsyncRead for ResetOnDrop {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for ResetOnDrop {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        self.is_shut_down = true;
        Poll::Ready(Ok(()))
    }
}
