use std::{
    future::{Future, poll_fn},
    mem::MaybeUninit,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Instant, timeout},
};

use crate::{
    EncodedFrame, EventWriter, Reason, ServeOptions, Source, Summary, attempt::attempt,
    outbox::Kind,
};

/// Sends the events of `source` over a connection whose request has been read, until one of them
/// ends, and says how it went.
///
/// - The head and a first frame are sent at once, before there is an event.
/// - Events that are ready together are written together.
/// - The reading half is watched, so a peer that closes is noticed while there is nothing to send.
/// - A peer that does not read holds up its own source and nothing else: no more than
///   [`buffer_limit`](ServeOptions::buffer_limit) bytes wait here, and the write deadline ends it.
/// - At [shutdown](ServeOptions::shutdown) and at the end of its lifetime the connection is ended
///   in good order within a bounded time. The future goes on until the client has closed too, or
///   that time is over; the source hears of the end before.
///
/// # Panics
/// Outside a tokio runtime with its timer enabled.
///
/// # Cancel safety
/// Dropping the future closes the connection where it stands; the peer makes nothing of half an
/// event. An [`EventSender`](crate::EventSender) is told so ([`Reason::Dropped`]).
pub async fn serve<IO, S>(io: IO, source: S, options: impl Into<Arc<ServeOptions>>) -> Summary
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Source,
{
    let options = options.into();
    let source = pin!(source);
    let mut connection = Connection {
        writer: EventWriter::with_options(io, options.buffer_limit, options.timers),
        feed: Feed::new(source),
        has_ended: false,
    };
    let Connection { writer, feed, .. } = &mut connection;

    if !options.head.is_empty() {
        writer.push_raw(&options.head);
    }
    if let Some(greeting) = &options.greeting {
        writer.push(greeting.clone().into(), Kind::Other);
    }
    let mut input = Input::new(&options);
    let reason = run(writer, feed, &mut input, &options).await;
    let begin = Instant::now();
    // Boxed, as the other: only a connection that closes needs the room of their timers.
    let is_shut_down = Box::pin(timeout(options.drain, async {
        match reason {
            Reason::Lifetime | Reason::Shutdown => say_farewell(writer, feed, &options).await,
            Reason::Finished => writer.shutdown().await,
            reason => Err(reason),
        }
    }))
    .await
    .is_ok_and(|closed| closed.is_ok());
    // What could not be done in time shows in the counts.
    let summary = connection.end(reason);
    if is_shut_down {
        let left = options.drain.saturating_sub(begin.elapsed());
        let lingering = input.drain(connection.writer.get_mut());
        let _ = Box::pin(timeout(left, lingering)).await;
    }
    summary
}

/// What tells the source how it ended, also when the future is dropped.
struct Connection<'s, IO: AsyncWrite + Unpin, S: Source> {
    writer: EventWriter<IO>,
    feed: Feed<'s, S>,
    has_ended: bool,
}

impl<IO: AsyncWrite + Unpin, S: Source> Connection<'_, IO, S> {
    fn end(&mut self, reason: Reason) -> Summary {
        let outbox = self.writer.outbox();
        let summary = Summary {
            reason,
            events: outbox.events(),
            cut: outbox.is_mid_event(),
            heartbeats: outbox.heartbeats(),
            bytes: outbox.written(),
            high_water: outbox.high_water(),
            duration: self.writer.age().into(),
        };
        self.feed.source.as_mut().ended(&summary);
        self.has_ended = true;
        summary
    }
}

impl<IO: AsyncWrite + Unpin, S: Source> Drop for Connection<'_, IO, S> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.end(Reason::Dropped);
        }
    }
}

/// How many times around before other tasks get a turn.
const ROUNDS: usize = 32;

async fn run<IO, S>(
    writer: &mut EventWriter<IO>,
    feed: &mut Feed<'_, S>,
    input: &mut Input,
    options: &ServeOptions,
) -> Reason
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Source,
{
    let mut shutdown = pin!(options.shutdown.as_ref().map(|token| token.cancelled()));
    poll_fn(|cx| {
        if let Some(shutdown) = shutdown.as_mut().as_pin_mut()
            && shutdown.poll(cx).is_ready()
        {
            return Poll::Ready(Reason::Shutdown);
        }
        if let Poll::Ready(reason) = input.poll(writer.get_mut(), cx) {
            return Poll::Ready(writer.end(reason));
        }
        for _ in 0..ROUNDS {
            feed.fill(writer, cx);
            let ended = writer.poll_keep_alive(cx);
            feed.note_progress(writer);
            if ended.is_ready() {
                return ended;
            }
            match feed.state {
                SourceState::Ended if writer.is_flushed() => return Poll::Ready(Reason::Finished),
                SourceState::Ready if feed.fits(writer) => {}
                _ => return Poll::Pending,
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

/// Sends what was accepted before, then the farewell, then closes.
async fn say_farewell<IO, S>(
    writer: &mut EventWriter<IO>,
    feed: &mut Feed<'_, S>,
    options: &ServeOptions,
) -> Result<(), Reason>
where
    IO: AsyncWrite + Unpin,
    S: Source,
{
    if !feed.source.as_mut().stop() {
        feed.state = SourceState::Ended;
    }
    poll_fn(|cx| {
        for _ in 0..ROUNDS {
            feed.fill(writer, cx);
            let flushed = writer.poll_flush(cx);
            feed.note_progress(writer);
            ready!(flushed)?;
            if feed.state != SourceState::Ready && feed.next.is_none() {
                // A source that is waiting has nothing that was accepted before.
                return Poll::Ready(Ok::<(), Reason>(()));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await?;
    for frame in options.parting() {
        writer.flush().await?;
        writer.push(frame.into(), Kind::Other);
    }
    writer.shutdown().await
}

/// The source, and the frame it has given that there was no room for.
struct Feed<'s, S> {
    source: Pin<&'s mut S>,
    next: Option<EncodedFrame>,
    handed_over: u64,
    state: SourceState,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum SourceState {
    /// It may have more.
    Ready,
    /// It will wake the task.
    Waiting,
    Ended,
}

impl<'s, S: Source> Feed<'s, S> {
    const fn new(source: Pin<&'s mut S>) -> Self {
        Self {
            source,
            next: None,
            handed_over: 0,
            state: SourceState::Ready,
        }
    }

    /// Moves frames from the source to the writer while there are some and there is room.
    fn fill<IO: AsyncWrite + Unpin>(&mut self, writer: &mut EventWriter<IO>, cx: &mut Context<'_>) {
        loop {
            if let Some(frame) = self.next.take() {
                if !writer.has_room(frame.as_bytes().len()) {
                    self.next = Some(frame);
                    return;
                }
                writer.push(frame.into(), Kind::Event);
            }
            if self.state == SourceState::Ended {
                return;
            }
            if !writer.has_room(1) {
                // Whatever has woken the task: it is asked again when there is room.
                self.state = SourceState::Ready;
                return;
            }
            match self.source.as_mut().poll_frame(cx) {
                Poll::Ready(Some(frame)) => {
                    self.state = SourceState::Ready;
                    self.next = Some(frame);
                }
                Poll::Ready(None) => self.state = SourceState::Ended,
                Poll::Pending => {
                    self.state = SourceState::Waiting;
                    return;
                }
            }
        }
    }

    fn fits<IO: AsyncWrite + Unpin>(&self, writer: &EventWriter<IO>) -> bool {
        let len = self.next.as_ref().map_or(1, |next| next.as_bytes().len());
        writer.has_room(len)
    }

    fn note_progress<IO: AsyncWrite + Unpin>(&mut self, writer: &EventWriter<IO>) {
        if self.handed_over < writer.events() {
            self.handed_over = writer.events();
            self.source.as_mut().handed_over(self.handed_over);
        }
    }
}

/// What the client sends after its request.
struct Input {
    is_open: bool,
    left: usize,
    allow_half_close: bool,
}

impl Input {
    const fn new(options: &ServeOptions) -> Self {
        Self {
            is_open: true,
            left: options.input_limit,
            allow_half_close: options.allow_half_close,
        }
    }

    /// After our end was closed: reads on until the client closes too. A socket that is dropped with
    /// something unread in it is reset, and what the client has not read yet is lost with it (RFC
    /// 9112 §9.6).
    async fn drain<R: AsyncRead + Unpin>(&mut self, io: &mut R) {
        self.allow_half_close = false;
        if self.is_open {
            poll_fn(|cx| self.poll(io, cx)).await;
        }
    }

    /// Reads and drops. Ready when the connection is to end.
    fn poll<R: AsyncRead + Unpin>(&mut self, io: &mut R, cx: &mut Context<'_>) -> Poll<Reason> {
        while self.is_open {
            let mut space = [MaybeUninit::uninit(); 512];
            let mut buffer = ReadBuf::uninit(&mut space);
            let read = attempt(cx, |cx| Pin::new(&mut *io).poll_read(cx, &mut buffer));
            match ready!(read.map_err(Reason::of)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    let Some(left) = self.left.checked_sub(buffer.filled().len()) else {
                        return Poll::Ready(Reason::TooMuchInput);
                    };
                    self.left = left;
                }
                Ok(()) if self.allow_half_close => self.is_open = false,
                Ok(()) => return Poll::Ready(Reason::PeerClosed),
                Err(reason) => return Poll::Ready(reason),
            }
        }
        Poll::Pending
    }
}
