use std::{
    future::poll_fn,
    io::{ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use sse_codec::{Frame, Timeout, TimersConfig};
use tokio::io::AsyncWrite;

use crate::{
    Outgoing, Reason, SendError,
    alarm::Alarm,
    attempt::attempt,
    outbox::{Kind, Outbox},
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
    io: W,
    outbox: Outbox,
    alarm: Alarm,
    /// The transport has been given bytes and not been flushed since.
    unflushed: bool,
    ended: Option<Reason>,
    lifetime_is_over: bool,
}

impl<W: AsyncWrite + Unpin> EventWriter<W> {
    /// The limit of a writer's buffer if none is given: 16 KiB.
    pub const BUFFER_LIMIT: usize = 16 * 1024;

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
            io,
            outbox: Outbox::new(limit),
            alarm: Alarm::new(timers),
            unflushed: false,
            ended: None,
            lifetime_is_over: false,
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
        if self.ended.is_none() && self.outbox.pending() == 0 {
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
        self.outbox.pending()
    }

    /// How many frames were handed to the transport whole, heartbeats not among them.
    pub const fn events(&self) -> u64 {
        self.outbox.events()
    }

    /// The transport.
    pub const fn get_ref(&self) -> &W {
        &self.io
    }

    /// The transport. What is written to it past the writer can come to lie inside a frame.
    pub const fn get_mut(&mut self) -> &mut W {
        &mut self.io
    }

    pub(crate) const fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    pub(crate) fn age(&self) -> sse_codec::Millis {
        self.alarm.now()
    }

    pub(crate) fn push_raw(&mut self, bytes: &[u8]) {
        self.outbox.push_raw(bytes);
    }

    pub(crate) fn has_room(&self, len: usize) -> bool {
        self.outbox.has_room(len)
    }

    /// Takes a frame without regard to the limit: there is room for it, or it is one of few small
    /// ones that the adapter adds.
    pub(crate) fn push(&mut self, frame: Outgoing<'_>, kind: Kind) {
        let len = frame.len();
        self.outbox.push(frame, kind, len, 0);
    }

    pub(crate) fn is_flushed(&self) -> bool {
        self.outbox.pending() == 0 && !self.unflushed
    }

    /// Writes until nothing waits.
    pub(crate) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        if let Some(reason) = self.ended {
            return Poll::Ready(Err(reason));
        }
        while self.outbox.pending() > 0 {
            // Only the second of the three can be empty between two that are not; a transport passes
            // over it.
            let slices = self.outbox.slices();
            let first = slices.iter().take_while(|slice| slice.is_empty()).count();
            let last = slices
                .iter()
                .rev()
                .take_while(|slice| slice.is_empty())
                .count();
            let slices = &slices[first..slices.len() - last];
            match poll_write(&mut self.io, cx, slices) {
                Poll::Ready(Ok(count)) => {
                    self.outbox.consume(count);
                    self.note_written(count);
                }
                Poll::Ready(Err(reason)) => return Poll::Ready(Err(self.end(reason))),
                Poll::Pending => return self.poll_deadline(cx),
            }
        }
        Poll::Ready(Ok(()))
    }

    /// Writes until nothing waits, and flushes the transport.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        ready!(self.poll_drain(cx))?;
        if self.unflushed {
            match attempt(cx, |cx| Pin::new(&mut self.io).poll_flush(cx)).map_err(Reason::of) {
                Poll::Ready(Ok(())) => {
                    self.unflushed = false;
                    self.alarm.wrote(0, 0);
                }
                Poll::Ready(Err(reason)) => return Poll::Ready(Err(self.end(reason))),
                Poll::Pending => return self.poll_deadline(cx),
            }
        }
        Poll::Ready(Ok(()))
    }

    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        match attempt(cx, |cx| Pin::new(&mut self.io).poll_shutdown(cx)).map_err(Reason::of) {
            Poll::Ready(Ok(())) => {
                self.end(Reason::Finished);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(reason)) => Poll::Ready(Err(self.end(reason))),
            Poll::Pending => self.poll_deadline(cx),
        }
    }

    pub(crate) fn poll_keep_alive(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        loop {
            match self.poll_flush(cx) {
                Poll::Ready(Err(reason)) => return Poll::Ready(reason),
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
            if self.lifetime_is_over {
                return Poll::Ready(Reason::Lifetime);
            }
            match ready!(self.alarm.poll(cx)) {
                Timeout::Heartbeat => self.push_heartbeat(),
                Timeout::WriteDeadline => return Poll::Ready(self.end(Reason::WriteDeadline)),
                _ => self.lifetime_is_over = true,
            }
        }
    }

    /// The stream is over.
    pub(crate) fn end(&mut self, reason: Reason) -> Reason {
        *self.ended.get_or_insert(reason)
    }

    fn check<'f>(&self, frame: Outgoing<'f>) -> Result<(Outgoing<'f>, usize), SendError> {
        if let Some(reason) = self.ended {
            return Err(SendError::Ended(reason));
        }
        let (len, limit) = (frame.len(), self.outbox.limit());
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
        if !self.outbox.has_room(*len) {
            let drained = self.poll_drain(cx)?;
            if drained.is_pending() && !self.outbox.has_room(*len) {
                return Poll::Pending;
            }
        }
        let Some((frame, len)) = frame.take() else {
            return Poll::Ready(Ok(()));
        };
        let written = if write_now && self.outbox.pending() == 0 {
            self.poll_write_frame(cx, &frame)?
        } else {
            0
        };
        self.outbox.push(frame, Kind::Event, len, written);
        if written > 0 {
            self.note_written(written);
        }
        Poll::Ready(Ok(()))
    }

    /// Writes a frame from where it lies, as much as the transport takes at once.
    fn poll_write_frame(
        &mut self,
        cx: &mut Context<'_>,
        frame: &Outgoing<'_>,
    ) -> Result<usize, Reason> {
        const MOST: usize = 8;
        let mut slices = [IoSlice::new(&[]); MOST];
        let slices = match frame {
            Outgoing::Encoded(frame) => {
                slices[0] = IoSlice::new(frame.as_bytes());
                &slices[..1]
            }
            Outgoing::Frame(frame) => {
                let mut count = 0;
                for slice in frame.slices() {
                    if count == MOST || !self.io.is_write_vectored() {
                        return Ok(0);
                    }
                    slices[count] = IoSlice::new(slice);
                    count += 1;
                }
                &slices[..count]
            }
        };
        match poll_write(&mut self.io, cx, slices) {
            Poll::Ready(Ok(count)) => Ok(count),
            Poll::Ready(Err(reason)) => Err(self.end(reason)),
            Poll::Pending => Ok(0),
        }
    }

    /// The transport is not ready: waits for the end of the deadline, which begins now unless it
    /// runs already.
    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        // What waits may lie in the transport, not flushed yet.
        self.alarm.wrote(0, self.outbox.pending().max(1));
        loop {
            match ready!(self.alarm.poll(cx)) {
                Timeout::WriteDeadline => {
                    return Poll::Ready(Err(self.end(Reason::WriteDeadline)));
                }
                Timeout::Heartbeat => {}
                _ => self.lifetime_is_over = true,
            }
        }
    }

    fn push_heartbeat(&mut self) {
        self.push(Frame::HEARTBEAT.into(), Kind::Heartbeat);
    }

    fn note_written(&mut self, count: usize) {
        self.unflushed = true;
        self.alarm.wrote(count, self.outbox.pending());
    }
}

/// One write. One that takes nothing is an error.
fn poll_write<W: AsyncWrite + Unpin>(
    io: &mut W,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
) -> Poll<Result<usize, Reason>> {
    let count = ready!(attempt(cx, |cx| match slices {
        [slice] => Pin::new(&mut *io).poll_write(cx, slice),
        slices => Pin::new(&mut *io).poll_write_vectored(cx, slices),
    }))
    .map_err(Reason::of)?;
    Poll::Ready(match count {
        0 => Err(Reason::Io(ErrorKind::WriteZero)),
        count => Ok(count),
    })
}
