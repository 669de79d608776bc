use std::{
    future::poll_fn,
    task::{Context, Poll, ready},
};

use sse_codec::{Frame, TimersConfig};
use tokio::io::AsyncWrite;

use crate::{
    connection::{
        clock::{Clock, Due},
        wire::Wire,
    },
    encoded::Outgoing,
    frames::Kind,
    options::BUFFER_LIMIT,
    reason::{Reason, SendError},
};

/// Sends frames over an [`AsyncWrite`].
///
/// A half-written frame belongs to the writer and not to the future that sent it: whatever future
/// is dropped, and whenever, the stream stays a sequence of whole frames. What the transport does
/// not take at once waits in one buffer of bounded size, and when that is full, sending waits.
///
/// | to | call | a frame has been handed over when it returns |
/// |---|---|---|
/// | send now | [`send`](Self::send) | wholly to the transport, and the transport was flushed |
/// | send several with one write | [`feed`](Self::feed) each, then [`flush`](Self::flush) | to the writer |
/// | stay idle | [`keep_alive`](Self::keep_alive) | |
///
/// After the first error of the transport the stream has ended: every later call returns the same
/// [`Reason`].
///
/// ```
/// use sse_codec::{Event, Frame};
/// use sse_codec_tokio::EventWriter;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (socket, mut peer) = tokio::io::duplex(1024);
/// let mut writer = EventWriter::new(socket);
/// writer.send(Frame::event(Event::text("hello"))?).await?;
/// # drop(writer);
/// # let mut received = String::new();
/// # tokio::io::AsyncReadExt::read_to_string(&mut peer, &mut received).await?;
/// assert_eq!(received, "data: hello\n\n");
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EventWriter<W> {
    wire: Wire<W>,
    clock: Clock,
    ended: Option<Reason>,
}

impl<W: AsyncWrite + Unpin> EventWriter<W> {
    /// The limit of a writer's buffer if none is given: 16 KiB.
    pub const BUFFER_LIMIT: usize = BUFFER_LIMIT;

    /// A writer with a buffer of up to [`BUFFER_LIMIT`](Self::BUFFER_LIMIT) and no timers.
    pub fn new(io: W) -> Self {
        Self::with_options(io, Self::BUFFER_LIMIT, TimersConfig::new())
    }

    /// A writer whose buffer may grow to `limit` bytes. It grows only while the transport does not
    /// take what it is given; an idle writer holds no memory.
    ///
    /// The timers watch the connection from now on: heartbeats are sent by
    /// [`keep_alive`](Self::keep_alive), the write deadline ends whatever call is waiting for the
    /// transport. A transport with a buffer of its own has to get one flush done in that time.
    pub fn with_options(io: W, limit: usize, timers: TimersConfig) -> Self {
        Self {
            wire: Wire::new(io, limit),
            clock: Clock::new(timers),
            ended: None,
        }
    }

    /// Sends a frame, and waits until the transport has all of it.
    ///
    /// Written straight from where its values lie when nothing waits, the transport takes slices
    /// ([`AsyncWrite::is_write_vectored`]) and the frame has few of them; otherwise by way of the
    /// buffer, with everything else that waits there, in one write.
    ///
    /// # Cancel safety
    /// Dropped before the frame is the writer's, the future has sent nothing of it; after that, all
    /// of it will be sent by the calls that follow. There is no state in between.
    ///
    /// # Errors
    /// [`SendError::Ended`] when the stream has ended, [`SendError::TooLarge`] when a [`Frame`] is
    /// larger than the buffer may become.
    pub async fn send(&mut self, frame: impl Into<Outgoing<'_>>) -> Result<(), SendError> {
        let mut frame = Some(self.check(frame.into())?);
        poll_fn(|cx| self.poll_commit(cx, &mut frame, true)).await?;
        Ok(self.flush().await?)
    }

    /// Hands a frame to the writer, which writes it with what comes next, or in
    /// [`flush`](Self::flush). Waits only while the buffer has no room.
    ///
    /// # Cancel safety
    /// A dropped future has handed over nothing.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub async fn feed(&mut self, frame: impl Into<Outgoing<'_>>) -> Result<(), SendError> {
        let mut frame = Some(self.check(frame.into())?);
        poll_fn(|cx| self.poll_commit(cx, &mut frame, false)).await
    }

    /// Waits until the transport has all that the writer was given, and has flushed it.
    ///
    /// # Cancel safety
    /// Nothing is lost; call again.
    ///
    /// # Errors
    /// Why the stream has ended.
    pub async fn flush(&mut self) -> Result<(), Reason> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Sends a heartbeat, unless something is waiting to be sent anyway.
    ///
    /// # Cancel safety
    /// As [`send`](Self::send).
    ///
    /// # Errors
    /// Why the stream has ended.
    pub async fn heartbeat(&mut self) -> Result<(), Reason> {
        if self.ended.is_none() && self.wire.output.pending() == 0 {
            self.push_heartbeat();
        }
        self.flush().await
    }

    /// Keeps the connection alive while there is nothing to send: writes what waits, sends the
    /// heartbeats, and returns when the connection is to end. For a `select!` beside whatever makes
    /// the events.
    ///
    /// [`Reason::Lifetime`] leaves the stream open for a farewell; every other reason has ended it.
    ///
    /// ```
    /// # use sse_codec::{Event, Frame, InvalidField};
    /// # use sse_codec_tokio::{EventWriter, SendError};
    /// # async fn example(
    /// #     mut writer: EventWriter<tokio::io::DuplexStream>,
    /// #     mut news: tokio::sync::mpsc::Receiver<String>,
    /// # ) -> Result<(), Box<dyn std::error::Error>> {
    /// loop {
    ///     tokio::select! {
    ///         Some(text) = news.recv() => writer.send(Frame::event(Event::text(&text))?).await?,
    ///         reason = writer.keep_alive() => return Err(SendError::Ended(reason).into()),
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// Nothing is lost; call again.
    pub async fn keep_alive(&mut self) -> Reason {
        poll_fn(|cx| self.poll_keep_alive(cx)).await
    }

    /// Writes what waits and shuts the transport down for writing.
    ///
    /// # Cancel safety
    /// Nothing is lost; call again.
    ///
    /// # Errors
    /// Why the stream has ended before.
    pub async fn shutdown(&mut self) -> Result<(), Reason> {
        self.flush().await?;
        poll_fn(|cx| self.poll_shutdown(cx)).await
    }

    /// How many bytes wait in the writer.
    pub fn pending(&self) -> usize {
        self.wire.output.pending()
    }

    /// How many frames were handed to the transport whole, and flushed; heartbeats are not among
    /// them.
    pub const fn events(&self) -> u64 {
        self.wire.output.done().events
    }

    /// The transport.
    pub const fn get_ref(&self) -> &W {
        &self.wire.io
    }

    /// Gives back the transport. What waits in the writer is dropped: [`flush`](Self::flush) first.
    pub fn into_inner(self) -> W {
        self.wire.io
    }

    /// The transport. What is written to it past the writer can come to lie inside a frame.
    pub const fn get_mut(&mut self) -> &mut W {
        &mut self.wire.io
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        self.attempt(|wire, clock| wire.poll_flush(cx, clock))
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        ready!(self.attempt(|wire, clock| wire.poll_shutdown(cx, clock)))?;
        self.ended = Some(Reason::Finished);
        Poll::Ready(Ok(()))
    }

    /// One call of the wire. Its first error stays.
    fn attempt<T>(
        &mut self,
        call: impl FnOnce(&mut Wire<W>, &mut Clock) -> Poll<Result<T, Reason>>,
    ) -> Poll<Result<T, Reason>> {
        if let Some(reason) = self.ended {
            return Poll::Ready(Err(reason));
        }
        self.clock.turn();
        let result = call(&mut self.wire, &mut self.clock);
        if let Poll::Ready(Err(reason)) = &result {
            self.ended = Some(*reason);
        }
        result
    }

    fn poll_keep_alive(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        loop {
            if let Poll::Ready(Err(reason)) = self.poll_flush(cx) {
                return Poll::Ready(reason);
            }
            if self.clock.lifetime_is_over {
                return Poll::Ready(Reason::Lifetime);
            }
            let due = self.clock.poll(cx);
            if self.clock.lifetime_is_over {
                return Poll::Ready(Reason::Lifetime);
            }
            match ready!(due) {
                Due::Heartbeat => self.push_heartbeat(),
                Due::WriteDeadline | Due::Drain => {
                    return Poll::Ready(*self.ended.insert(Reason::WriteDeadline));
                }
            }
        }
    }

    fn check<'f>(&self, frame: Outgoing<'f>) -> Result<(Outgoing<'f>, usize), SendError> {
        if let Some(reason) = self.ended {
            return Err(SendError::Ended(reason));
        }
        let (len, limit) = (frame.len(), self.wire.output.limit());
        if len > limit && matches!(frame, Outgoing::Frame(_)) {
            return Err(SendError::TooLarge { len, limit });
        }
        Ok((frame, len))
    }

    /// Waits for room, then takes the frame in one step.
    fn poll_commit(
        &mut self,
        cx: &mut Context<'_>,
        frame: &mut Option<(Outgoing<'_>, usize)>,
        write_now: bool,
    ) -> Poll<Result<(), SendError>> {
        let Some((_, len)) = frame else {
            return Poll::Ready(Ok(()));
        };
        if !self.wire.output.has_room(*len) {
            let drained = self.attempt(|wire, clock| wire.poll_drain(cx, clock))?;
            if drained.is_pending() && !self.wire.output.has_room(*len) {
                return Poll::Pending;
            }
        }
        let Some((frame, len)) = frame.take() else {
            return Poll::Ready(Ok(()));
        };
        let (mut written, offered) = (0, len.min(self.wire.left()));
        if write_now && self.wire.is_clear() {
            let result = self.wire.write_frame(cx, &frame);
            written = result.inspect_err(|reason| self.ended = Some(*reason))?;
        }
        self.wire.output.push(frame, Kind::Event, len, written);
        if written > 0 {
            self.wire.note_write(written < offered);
        }
        Poll::Ready(Ok(()))
    }

    fn push_heartbeat(&mut self) {
        let frame = Frame::HEARTBEAT.into();
        self.wire
            .output
            .push(frame, Kind::Heartbeat, Frame::HEARTBEAT.encoded_len(), 0);
    }
}
