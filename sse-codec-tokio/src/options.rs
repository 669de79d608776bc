use std::time::Duration;

use bytes::Bytes;
use sse_codec::{Frame, Jitter, TimersConfig, http};
use tokio_util::sync::CancellationToken;

use crate::{chance::random, encoded::EncodedFrame};

/// How [`serve`](crate::serve()) treats a connection.
///
/// | | default |
/// |---|---|
/// | head | [`http::RESPONSE_HEAD_CLOSE`] |
/// | first frame | an empty comment |
/// | heartbeat | every 10 to 15 s while nothing is written |
/// | write deadline | 30 s |
/// | lifetime | none |
/// | buffer | 16 KiB |
/// | input after the request | 64 KiB, dropped |
/// | half-closed connections | end |
/// | drain | 5 s |
///
/// Make one and share it: `serve` takes an `Arc` as well.
#[derive(Clone, Debug)]
pub struct ServeOptions {
    pub(crate) head: Bytes,
    pub(crate) greeting: Option<EncodedFrame>,
    pub(crate) timers: TimersConfig,
    pub(crate) buffer_limit: usize,
    pub(crate) input_limit: usize,
    pub(crate) allow_half_close: bool,
    pub(crate) shutdown: Option<CancellationToken>,
    pub(crate) farewell: Option<EncodedFrame>,
    pub(crate) come_back: Option<(Duration, Duration)>,
    pub(crate) drain: Duration,
}

/// The limit of a buffer if none is given.
pub(crate) const BUFFER_LIMIT: usize = 16 * 1024;

impl ServeOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            head: Bytes::from_static(http::RESPONSE_HEAD_CLOSE),
            greeting: Some(Frame::HEARTBEAT.into()),
            timers: TimersConfig::new()
                .with_heartbeat(
                    Duration::from_secs(15).into(),
                    Duration::from_secs(5).into(),
                )
                .with_write_deadline(Duration::from_secs(30).into()),
            buffer_limit: BUFFER_LIMIT,
            input_limit: 64 * 1024,
            allow_half_close: false,
            shutdown: None,
            farewell: None,
            come_back: None,
            drain: Duration::from_secs(5),
        }
    }

    /// What is sent first: a response head with its blank line, or nothing where somebody else has
    /// sent it. The body has no framing of its own, so a head of HTTP/1.1 has to say
    /// `connection: close`.
    #[must_use]
    pub fn head(mut self, head: impl Into<Bytes>) -> Self {
        self.head = head.into();
        self
    }

    /// The frame that follows the head at once, so that the first bytes of the body do not wait for
    /// the first event; a reconnection time for instance.
    #[must_use]
    pub fn greeting(mut self, frame: impl Into<Option<EncodedFrame>>) -> Self {
        self.greeting = frame.into();
        self
    }

    /// Heartbeat, write deadline and lifetime, all three anew.
    ///
    /// The write deadline runs while the transport takes nothing. A client that has vanished while
    /// there is nothing to send but heartbeats does not start it for hours, because the kernel takes
    /// their few bytes: that client is noticed by
    /// [`TCP_USER_TIMEOUT`](crate::TcpOptions::user_timeout). With events to send, whichever of the
    /// two is over first ends it, with [`Reason::WriteDeadline`](crate::Reason::WriteDeadline) or
    /// [`TimedOut`](std::io::ErrorKind::TimedOut).
    #[must_use]
    pub fn timers(mut self, timers: TimersConfig) -> Self {
        self.timers = timers;
        self
    }

    /// How many bytes may wait for the transport. One frame may be larger; it is sent alone.
    #[must_use]
    pub fn buffer_limit(mut self, bytes: usize) -> Self {
        self.buffer_limit = bytes;
        self
    }

    /// How many bytes a client may send after its request before the connection ends. They are
    /// read, so that its closing is noticed, and dropped.
    #[must_use]
    pub fn input_limit(mut self, bytes: usize) -> Self {
        self.input_limit = bytes;
        self
    }

    /// Whether a client may close its sending side and go on reading. It looks the same as one that
    /// has gone; allowed, only the next write tells them apart, a heartbeat at the latest: it fails
    /// after a reset, or the write deadline ends it.
    #[must_use]
    pub fn allow_half_close(mut self, allow: bool) -> Self {
        self.allow_half_close = allow;
        self
    }

    /// Ends the connection when this is cancelled: what the source has accepted is sent, then the
    /// farewell, then the connection closes, all of it within the [drain](Self::drain) time.
    #[must_use]
    pub fn shutdown(mut self, token: CancellationToken) -> Self {
        self.shutdown = Some(token);
        self
    }

    /// The last frame at the end of the lifetime or at shutdown.
    #[must_use]
    pub fn farewell(mut self, frame: impl Into<Option<EncodedFrame>>) -> Self {
        self.farewell = frame.into();
        self
    }

    /// At the end of the lifetime or at shutdown, tells the client to come back after a time drawn
    /// evenly between these two, so that not all of them come back at once.
    #[must_use]
    pub fn come_back_after(mut self, shortest: Duration, longest: Duration) -> Self {
        self.come_back = Some((shortest, longest.max(shortest)));
        self
    }

    /// How long ending in good order may take.
    #[must_use]
    pub fn drain(mut self, longest: Duration) -> Self {
        self.drain = longest;
        self
    }
}

impl ServeOptions {
    /// What is said at the end of the lifetime or at shutdown.
    pub(crate) fn parting(&self) -> impl Iterator<Item = EncodedFrame> + use<> {
        let retry = self.come_back.map(|(shortest, longest)| {
            let time = Jitter::new(random()).between(shortest.into(), longest.into());
            EncodedFrame::from(Frame::retry(time))
        });
        retry.into_iter().chain(self.farewell.clone())
    }
}

impl Default for ServeOptions {
    fn default() -> Self {
        Self::new()
    }
}
