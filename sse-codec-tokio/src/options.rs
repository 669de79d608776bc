use std::{sync::Arc, time::Duration};

use sse_codec::{Frame, Jitter, TimersConfig};
use tokio_util::sync::CancellationToken;

use crate::{
    chance::random,
    encoded::EncodedFrame,
    head::{Framing, Headers, InvalidHeader, Terms},
};

/// How [`serve`](crate::serve()) treats a connection.
///
/// | | default |
/// |---|---|
/// | framing | the body ends with the connection ([`Framing::Close`]) |
/// | greeting | none |
/// | heartbeat | after 1 s without anything, then every 10 to 15 s while nothing is written |
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
    pub(crate) framing: Framing,
    pub(crate) headers: Headers,
    pub(crate) charset: bool,
    pub(crate) greeting: Option<EncodedFrame>,
    pub(crate) heartbeat: Option<EncodedFrame>,
    pub(crate) first_heartbeat: Duration,
    pub(crate) retry: Option<Duration>,
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
            framing: Framing::Close,
            headers: Headers::default(),
            charset: false,
            greeting: None,
            heartbeat: None,
            first_heartbeat: Duration::from_secs(1),
            retry: None,
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

    /// How the body is framed, and the head that goes with it, for all connections with these
    /// options. [`framed`](Self::framed) says it for one, which is what a server does that asks the
    /// request.
    #[must_use]
    pub fn framing(mut self, framing: Framing) -> Self {
        self.framing = framing;
        self
    }

    /// These options for one connection, framed as its request wants it.
    pub fn framed(self: &Arc<Self>, framing: Framing) -> Terms {
        Terms::new(Arc::clone(self), framing)
    }

    /// Adds a header to every head, for example `access-control-allow-origin`. One of the same name
    /// as a [default header](sse_codec::http::RESPONSE_HEADERS) replaces that. For one connection
    /// there is [`Terms::header`].
    ///
    /// ```
    /// use sse_codec_tokio::{InvalidHeader, ServeOptions};
    ///
    /// let options = ServeOptions::new()
    ///     .header("access-control-allow-origin", "https://example.org")?
    ///     .header("access-control-allow-credentials", "true")?;
    /// # let _ = options;
    /// let two_in_one = ServeOptions::new().header("x-user", "a\r\nset-cookie: b");
    /// assert_eq!(two_in_one.unwrap_err(), InvalidHeader::Value { position: 1 });
    /// # Ok::<(), InvalidHeader>(())
    /// ```
    ///
    /// # Errors
    /// When the name is not a token, when it is one that the framing decides (`content-type`,
    /// `content-length`, `transfer-encoding`, `trailer`, `connection`), and when the value has a
    /// control character.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, InvalidHeader> {
        self.headers.push(name, value)?;
        Ok(self)
    }

    /// Says `content-type: text/event-stream; charset=utf-8`. A stream is UTF-8 whatever that says
    /// (WHATWG HTML §9.2.5); old clients that read text by its `charset` need it, and a few that
    /// compare the whole value do not take it.
    #[must_use]
    pub fn charset(mut self) -> Self {
        self.charset = true;
        self
    }

    /// The frame that leaves with the head. Without one, the head leaves alone: that opens the
    /// `EventSource` of Chromium and passes proxies, while Firefox waits for the first byte of the
    /// body, which is the first event or [heartbeat](Self::first_heartbeat).
    ///
    /// A frame without data gives some clients an empty message; an event is safe with all.
    #[must_use]
    pub fn greeting(mut self, frame: impl Into<Option<EncodedFrame>>) -> Self {
        self.greeting = frame.into();
        self
    }

    /// The frame of a heartbeat; [`Frame::HEARTBEAT`] if none is given and the source has none of
    /// its own.
    ///
    /// | frame | |
    /// |---|---|
    /// | [`Frame::HEARTBEAT`], a comment and a blank line | what most servers send. Some clients make an empty message of it once the stream had an ID. |
    /// | [`EncodedFrame::HEARTBEAT_LINE`], a comment alone | for streams with IDs. Readers that split at blank lines by hand lose the event after it. |
    /// | an event of a type of its own, with data | safe with all clients, which see it |
    #[must_use]
    pub fn heartbeat(mut self, frame: impl Into<EncodedFrame>) -> Self {
        self.heartbeat = Some(frame.into());
        self
    }

    /// When the first heartbeat comes, if nothing was sent after the head until then; 1 s if not
    /// said. The [timers](Self::timers) say when further ones come, and whether there are any.
    #[must_use]
    pub fn first_heartbeat(mut self, after: Duration) -> Self {
        self.first_heartbeat = after;
        self
    }

    /// The reconnection time that clients should have. It goes as the `retry` line of the first
    /// event with data that each connection sends, be that its [greeting](Self::greeting) or a
    /// [heartbeat](Self::heartbeat); never as a block of its own, which some clients make an empty
    /// message of. An event with a `retry` of its own keeps it.
    ///
    /// A client keeps the last time it was told for all later connections, so a
    /// [farewell's](Self::come_back_after) stays unless the next connection sets it back: that is
    /// what this is for.
    #[must_use]
    pub fn retry(mut self, time: Duration) -> Self {
        self.retry = Some(time);
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
    /// read, so that its closing is noticed, and dropped. Where a connection ends with
    /// [`Reason::TooMuchInput`](crate::Reason::TooMuchInput), the body of its request was most likely
    /// left unread.
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
