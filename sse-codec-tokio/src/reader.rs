use std::{
    error, fmt,
    future::{Future, poll_fn},
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, Bytes, BytesMut};
use futures_core::Stream;
use sse_codec::{Chunk, Event, Growable, InvalidLastEventId, Millis, Overflow, Parser};
use tokio::{
    io::AsyncRead,
    time::{Instant, Sleep, sleep_until},
};
use tokio_util::io::poll_read_buf;

use crate::{
    attempt::attempt,
    owned::{OwnedEvent, Owner},
};

/// Reads events from an [`AsyncRead`]: the body of a response, without its head.
///
/// A [`Stream`] of owned events. The data of an event shares the memory it was read into when it
/// fills a good part of it, and is copied when it is small, so that a small event never keeps a
/// large buffer alive.
///
/// An event that is larger than the limit is an [`Err`] item and the stream goes on with the next;
/// an error of the transport, or a [timeout](Self::with_read_timeout), is the last item. So is
/// nothing lost by treating each item on its own.
///
/// ```
/// use sse_codec_tokio::EventReader;
/// use tokio_stream::StreamExt;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let response_body = &b"id: 1\ndata: a\n\nevent: bye\ndata: b\n\n"[..];
/// let mut events = EventReader::new(response_body, 64 * 1024);
/// while let Some(event) = events.next().await {
///     let event = event?;
///     println!("{:?}: {}", event.event_type(), event.data_lossy());
/// }
/// assert_eq!(events.last_event_id(), b"1");
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
/// A `next` that is dropped has lost nothing.
#[derive(Debug)]
pub struct EventReader<R> {
    io: R,
    parser: Parser<Growable>,
    /// What has been read and not yet been looked at.
    chunk: Bytes,
    /// The part of a chunk that an event was lent from.
    lent: Bytes,
    buffer: BytesMut,
    silence: Option<Silence>,
    ended: bool,
    reads: u8,
    owner: Owner,
}

/// Why a read gave no event.
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// An event was larger than the limit. The stream goes on.
    Overflow(Overflow),
    /// Nothing came for the whole read timeout. The stream has ended.
    TimedOut,
    /// The transport failed. The stream has ended.
    Io(io::Error),
}

/// How much is read at once.
const READ: usize = 8 * 1024;

/// After so many reads other tasks get a turn, be there an event or not.
const READS: u8 = 32;

impl<R: AsyncRead + Unpin> EventReader<R> {
    /// A reader of events of up to `limit` bytes, counted as [`Parser`] does.
    pub fn new(io: R, limit: usize) -> Self {
        Self::with_parser(io, Parser::growable(limit))
    }

    /// A reader that goes on with a parser: one that has been
    /// [given a last event ID](Parser::set_last_event_id), or that was
    /// [taken back](Self::into_parser) from the connection before and been [reset](Parser::reset).
    pub fn with_parser(io: R, parser: Parser<Growable>) -> Self {
        Self {
            io,
            parser,
            chunk: Bytes::new(),
            lent: Bytes::new(),
            buffer: BytesMut::new(),
            silence: None,
            ended: false,
            reads: 0,
            owner: Owner::new(),
        }
    }

    /// Gives up on a peer from which nothing has come for this long. Every byte counts, those of
    /// heartbeats as well, so it should be a few times the server's heartbeat interval.
    #[must_use]
    pub fn with_read_timeout(mut self, longest: Duration) -> Self {
        self.silence = Some(Silence::new(longest));
        self
    }

    /// The last event ID: what to reconnect with.
    pub fn last_event_id(&self) -> &[u8] {
        self.parser.last_event_id()
    }

    /// The reconnection time the server has set last.
    pub const fn retry(&self) -> Option<Millis> {
        self.parser.retry()
    }

    /// Starts with this last event ID.
    ///
    /// # Errors
    /// As [`Parser::set_last_event_id`].
    pub fn set_last_event_id(&mut self, id: &[u8]) -> Result<(), InvalidLastEventId> {
        self.parser.set_last_event_id(id)
    }

    /// The parser, which knows the last event ID and the reconnection time. What was read and not
    /// yet given out is dropped, and the parser begins a new stream.
    pub fn into_parser(mut self) -> Parser<Growable> {
        self.parser.reset();
        self.parser
    }

    /// The next event, lent: it borrows from the reader, and nothing is allocated for it. `None` at
    /// the end of the stream.
    ///
    /// # Cancel safety
    /// A dropped future has lost nothing.
    ///
    /// # Errors
    /// As [`next_event`](Self::next_event).
    pub async fn lend_event(&mut self) -> Option<Result<Event<'_>, ReadError>> {
        let ready = loop {
            let mut chunk = Chunk::new(&self.chunk);
            let ready = self.parser.next_ready(&mut chunk);
            let position = chunk.position();
            match ready {
                Ok(Some(ready)) => {
                    let ready = ready.detach(&self.chunk);
                    self.lent = self.chunk.split_to(position);
                    break ready;
                }
                Ok(None) => self.chunk.clear(),
                Err(overflow) => {
                    self.chunk.advance(position);
                    return Some(Err(ReadError::Overflow(overflow)));
                }
            }
            if let Err(error) = poll_fn(|cx| self.poll_more(cx)).await? {
                return Some(Err(error));
            }
        };
        Some(Ok(self.parser.event(ready.attach(&self.lent))))
    }

    /// The next event; `None` at the end of the stream.
    ///
    /// # Cancel safety
    /// A dropped future has lost nothing.
    ///
    /// # Errors
    /// After [`ReadError::Overflow`] the stream goes on, after any other it has ended.
    pub async fn next_event(&mut self) -> Option<Result<OwnedEvent, ReadError>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<OwnedEvent, ReadError>>> {
        loop {
            match self.parse() {
                Ok(Some(event)) => return Poll::Ready(Some(Ok(event))),
                Ok(None) => {}
                Err(overflow) => return Poll::Ready(Some(Err(ReadError::Overflow(overflow)))),
            }
            match ready!(self.poll_more(cx)) {
                Some(Ok(())) => {}
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            }
        }
    }

    /// Reads the next chunk; `None` at the end of the stream.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<(), ReadError>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.reads = self.reads.wrapping_add(1);
        if self.reads.is_multiple_of(READS) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let filled = ready!(self.poll_fill(cx));
        self.ended = !matches!(filled, Ok(1..));
        Poll::Ready(match filled {
            Ok(0) => None,
            Ok(_) => Some(Ok(())),
            Err(error) => Some(Err(error)),
        })
    }

    /// The next event of the chunk.
    fn parse(&mut self) -> Result<Option<OwnedEvent>, Overflow> {
        let mut chunk = Chunk::new(&self.chunk);
        let ready = self.parser.next_ready(&mut chunk);
        let position = chunk.position();
        let event = match ready {
            Ok(Some(ready)) => {
                // At most four times an event's size is kept alive for it.
                let shared = ready
                    .chunk_data()
                    .filter(|data| data.len() >= READ / 4)
                    .map(|data| self.chunk.slice_ref(data));
                let event = self.parser.event(ready);
                Ok(Some(self.owner.own(event, shared)))
            }
            Ok(None) => Ok(None),
            Err(overflow) => Err(overflow),
        };
        self.chunk.advance(position);
        event
    }

    /// Reads the next chunk.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, ReadError>> {
        // Given up first, so that the memory can be used again.
        self.chunk = Bytes::new();
        self.lent = Bytes::new();
        self.buffer.reserve(READ);
        match attempt(cx, |cx| {
            poll_read_buf(Pin::new(&mut self.io), cx, &mut self.buffer)
        }) {
            Poll::Ready(Ok(count)) => {
                if let Some(silence) = &mut self.silence {
                    silence.end();
                }
                self.chunk = self.buffer.split().freeze();
                Poll::Ready(Ok(count))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(ReadError::Io(error))),
            Poll::Pending => match &mut self.silence {
                Some(silence) => silence.poll(cx).map(|()| Err(ReadError::TimedOut)),
                None => Poll::Pending,
            },
        }
    }
}

impl<R: AsyncRead + Unpin> Stream for EventReader<R> {
    type Item = Result<OwnedEvent, ReadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_event(cx)
    }
}

/// How long nothing has come.
#[derive(Debug)]
struct Silence {
    longest: Duration,
    since: Instant,
    /// Left where it is while bytes come; looked at again when it fires.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Silence {
    fn new(longest: Duration) -> Self {
        Self {
            longest,
            since: Instant::now(),
            sleep: None,
        }
    }

    fn end(&mut self) {
        self.since = Instant::now();
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(due) = self.since.checked_add(self.longest) else {
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= due {
                return Poll::Ready(());
            }
            sleep.as_mut().reset(due);
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Overflow(overflow) => overflow.fmt(f),
            Self::TimedOut => f.write_str("nothing came before the read timeout"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl error::Error for ReadError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Overflow(overflow) => Some(overflow),
            Self::TimedOut => None,
            Self::Io(error) => Some(error),
        }
    }
}
