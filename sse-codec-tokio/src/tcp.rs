use std::{io, time::Duration};

use socket2::SockRef;
use tokio::net::TcpStream;

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
