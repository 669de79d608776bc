//! Reading a stream of events: the face, over a part that knows no I/O.

pub(crate) mod assembler;
mod error;
mod input;
pub(crate) mod silence;
mod steps;

use std::{
    future::poll_fn,
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use sse_codec::{Event, Growable, InvalidLastEventId, Millis, Overflow, Parser};
use tokio::io::AsyncRead;

#[cfg(feature = "codec")]
pub(crate) use assembler::Assembler;
pub(crate) use assembler::Intake;
pub use error::ReadError;
#[cfg(feature = "http-body")]
pub use input::FromBody;
pub use input::{FromStream, Input};
pub(crate) use silence::Silence;
pub use steps::Steps;

use crate::owned::{OwnedEvent, OwnedStep};

/// Reads events from a transport: the body of a response, without its head.
///
/// | the transport is | |
/// |---|---|
/// | an [`AsyncRead`]: a socket, a file, standard input | [`new`](Self::new) |
/// | a `Stream` of `Result<Bytes, E>`: `bytes_stream()` of reqwest | [`from_stream`](Self::from_stream) |
/// | an `http_body::Body`: hyper's `Incoming` | [`from_body`](Self::from_body), feature `http-body` |
///
/// | what is read | |
/// |---|---|
/// | events that own their data | [`next_event`](Self::next_event), or the reader as a [`Stream`] |
/// | events that borrow from the reader | [`lend_event`](Self::lend_event) |
/// | everything: comments, and blocks without data too | [`next_step`](Self::next_step), [`into_steps`](Self::into_steps) |
///
/// The data of an event shares the memory it was read into when it fills a good part of it. It is
/// copied when it is small, so that a small event never keeps a large buffer alive.
///
/// An event that is larger than the limit is an [`Err`] item, and the stream goes on with the next
/// one. An error of the transport is the last item, and so is a [timeout](Self::with_read_timeout).
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
/// assert!(!events.ended_inside_block());
/// # Ok(())
/// # }
/// ```
///
/// # The end
/// What the end of the stream cuts off gives no event, as the standard wants it (WHATWG HTML
/// §9.2.6), and no error. [`ended_inside_block`](Self::ended_inside_block) tells an answer that was
/// cut off from one that is complete.
///
/// # Cancel safety
/// A future of this reader that is dropped has lost nothing: the next call goes on where it was.
#[derive(Debug)]
pub struct EventReader<R> {
    input: R,
    intake: Intake,
    buffer: BytesMut,
    silence: Option<Silence>,
    ended: bool,
    reads: u8,
}

/// After so many reads other tasks get a turn, whether there was an event or not.
const READS: u8 = 32;

impl<R: AsyncRead + Unpin> EventReader<R> {
    /// A reader of an [`AsyncRead`]. Each event may hold up to `limit` bytes, counted as [`Parser`]
    /// does; so may each comment that [`next_step`](Self::next_step) gives.
    pub fn new(io: R, limit: usize) -> Self {
        Self::with_parser(io, Parser::growable(limit))
    }
}

impl<S, E> EventReader<FromStream<S>>
where
    S: Stream<Item = Result<Bytes, E>> + Unpin,
{
    /// A reader of a stream of bytes, such as `bytes_stream()` of a reqwest response. Large events
    /// share the memory of its chunks. The limit is that of [`new`](EventReader::new).
    ///
    /// The error of the stream comes as it is, in [`ReadError::Transport`]. A stream that is not
    /// [`Unpin`] goes into a `Box::pin`.
    ///
    /// ```
    /// use bytes::Bytes;
    /// use sse_codec_tokio::EventReader;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let chunks = [&b"data: a\n"[..], b"\ndata: b\n\n"].map(|chunk| Ok::<_, std::fmt::Error>(Bytes::from_static(chunk)));
    /// # let bytes_stream = tokio_stream::iter(chunks);
    /// let mut events = EventReader::from_stream(bytes_stream, 64 * 1024);
    /// while let Some(event) = events.next_event().await {
    ///     println!("{}", event?.data_lossy());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn from_stream(stream: S, limit: usize) -> Self {
        Self::with_parser(FromStream(stream), Parser::growable(limit))
    }
}

#[cfg(feature = "http-body")]
impl<B> EventReader<FromBody<B>>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    /// A reader of a body, such as that of a hyper response. Large events share the memory of its
    /// chunks; trailers are passed over. The limit is that of [`new`](EventReader::new).
    ///
    /// The error of the body comes as it is, in [`ReadError::Transport`]. A body that is not
    /// [`Unpin`] goes into a `Box::pin`.
    pub fn from_body(body: B, limit: usize) -> Self {
        Self::with_parser(FromBody(body), Parser::growable(limit))
    }
}

impl<R> EventReader<R> {
    /// A reader that goes on with a parser: one that has been
    /// [given a last event ID](Parser::set_last_event_id), or one that
    /// [an earlier reader gave back](Self::into_parser).
    pub fn with_parser(input: R, parser: Parser<Growable>) -> Self {
        Self {
            input,
            intake: Intake::new(parser),
            buffer: BytesMut::new(),
            silence: None,
            ended: false,
            reads: 0,
        }
    }

    /// Gives up on a transport that has nothing for this long while somebody waits for it. Every byte
    /// begins the time anew, also those of heartbeats; so it should be a few times the server's
    /// heartbeat interval. Time in which nobody reads does not count before the transport has been
    /// asked and had nothing.
    #[must_use]
    pub fn with_read_timeout(mut self, longest: Duration) -> Self {
        self.silence = Some(Silence::new(longest));
        self
    }

    /// The last event ID: what to reconnect with. It moves with the events and IDs that the reader
    /// gives out.
    pub fn last_event_id(&self) -> &[u8] {
        self.intake.parser().last_event_id()
    }

    /// The reconnection time that the server has set last.
    pub const fn retry(&self) -> Option<Millis> {
        self.intake.parser().retry()
    }

    /// Starts with this last event ID.
    ///
    /// # Errors
    /// As [`Parser::set_last_event_id`].
    pub fn set_last_event_id(&mut self, id: &[u8]) -> Result<(), InvalidLastEventId> {
        self.intake.parser_mut().set_last_event_id(id)
    }

    /// Whether the stream has ended, in whatever way, inside a block: then the end of it never came,
    /// and what came of it is lost. For a stream that has an event to say that it is complete, such
    /// as `[DONE]`, that is the better sign: a stream can be cut between two events too.
    ///
    /// ```
    /// # use sse_codec_tokio::EventReader;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let cut_off = &b"data: The answer is\n\ndata: 4"[..];
    /// let mut events = EventReader::new(cut_off, 1024);
    /// while let Some(event) = events.next_event().await {
    ///     assert_eq!(event.unwrap().data(), "The answer is");
    /// }
    /// assert!(events.ended_inside_block());
    /// # }
    /// ```
    pub const fn ended_inside_block(&self) -> bool {
        self.ended && self.intake.parser().is_inside_block()
    }

    /// Goes on over another transport, the next connection to the same server for instance, and
    /// gives back the old one. The last event ID, the reconnection time, the limit and the read
    /// timeout stay. What was read and not yet given out is dropped.
    pub fn reconnect(&mut self, input: R) -> R {
        self.intake.reset();
        self.buffer.clear();
        self.ended = false;
        if let Some(silence) = &mut self.silence {
            silence.end();
        }
        mem::replace(&mut self.input, input)
    }

    /// The parser, which knows the last event ID and the reconnection time, ready for a new stream.
    /// What was read and not yet given out is dropped.
    pub fn into_parser(mut self) -> Parser<Growable> {
        self.intake.reset();
        self.intake.into_parser()
    }

    /// The transport, and the bytes that were read from it and not yet looked at. What the reader
    /// has seen of a block that is not over yet is not among them.
    pub fn into_inner(self) -> (R, Bytes) {
        (self.input, self.intake.into_rest())
    }

    /// The transport.
    pub const fn get_ref(&self) -> &R {
        &self.input
    }

    /// A stream of all that [`next_step`](Self::next_step) gives.
    pub const fn into_steps(self) -> Steps<R> {
        Steps::new(self)
    }
}

impl<R: Input> EventReader<R> {
    /// The next event; `None` at the end of the stream.
    ///
    /// # Cancel safety
    /// A dropped future has lost nothing.
    ///
    /// # Errors
    /// After [`ReadError::Overflow`] the stream goes on. After any other error it has ended, and the
    /// next call gives `None`.
    pub async fn next_event(&mut self) -> Option<Result<OwnedEvent, ReadError<R::Error>>> {
        poll_fn(|cx| self.poll_event(cx)).await
    }

    /// The next event, lent: it borrows from the reader, and nothing is allocated for it. `None` at
    /// the end of the stream.
    ///
    /// # Cancel safety
    /// A dropped future has lost nothing.
    ///
    /// # Errors
    /// As [`next_event`](Self::next_event).
    pub async fn lend_event(&mut self) -> Option<Result<Event<'_>, ReadError<R::Error>>> {
        let detached = poll_fn(|cx| self.poll(cx, Intake::next_detached)).await?;
        Some(detached.map(|detached| self.intake.event(detached)))
    }

    /// The next event, comment, reconnection time that stands alone or ID that stands alone; `None`
    /// at the end of the stream. Nothing that has a meaning is passed over, so a relay can send each
    /// step on, and a test can see heartbeats.
    ///
    /// ```
    /// use sse_codec::Millis;
    /// use sse_codec_tokio::{EventReader, OwnedStep};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let stream = b"retry: 50\n\n: ping\n\nid: 7\n\nevent: x\ndata: 1\n\n";
    /// let mut reader = EventReader::new(&stream[..], 1024);
    /// let mut relayed = Vec::new();
    /// while let Some(step) = reader.next_step().await {
    ///     let step = step?;
    ///     match &step {
    ///         OwnedStep::Event(event) => assert_eq!(event.data(), "1"),
    ///         OwnedStep::Comment(text) => assert_eq!(text, " ping"),
    ///         OwnedStep::Retry(time) => assert_eq!(*time, Millis(50)),
    ///         OwnedStep::Id(id) => assert_eq!(id, "7"),
    ///         _ => {}
    ///     }
    ///     step.to_frame()?.append_to(&mut relayed);
    /// }
    /// assert_eq!(relayed, stream);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// A dropped future has lost nothing. Neither has a change between this call and those for events
    /// only; of a comment that has begun then, the rest is passed over.
    ///
    /// # Errors
    /// As [`next_event`](Self::next_event). A comment can be too large too.
    pub async fn next_step(&mut self) -> Option<Result<OwnedStep, ReadError<R::Error>>> {
        poll_fn(|cx| self.poll_step(cx)).await
    }

    fn poll_event(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<OwnedEvent, ReadError<R::Error>>>> {
        self.poll(cx, Intake::next_event)
    }

    fn poll_step(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<OwnedStep, ReadError<R::Error>>>> {
        self.poll(cx, Intake::next_step)
    }

    /// The one loop: takes what `next` finds, and reads when it finds nothing.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        next: fn(&mut Intake) -> Option<Result<T, Overflow>>,
    ) -> Poll<Option<Result<T, ReadError<R::Error>>>> {
        loop {
            if let Some(found) = next(&mut self.intake) {
                return Poll::Ready(Some(found.map_err(ReadError::Overflow)));
            }
            match ready!(self.poll_read(cx)) {
                Some(Ok(bytes)) => self.intake.feed(bytes),
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None if self.intake.end() => {}
                None => return Poll::Ready(None),
            }
        }
    }

    /// Reads more bytes; `None` at the end of the stream.
    fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, ReadError<R::Error>>>> {
        if self.ended {
            return Poll::Ready(None);
        }
        self.reads = self.reads.wrapping_add(1);
        if self.reads.is_multiple_of(READS) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = match self.input.poll_bytes(cx, &mut self.buffer) {
            Poll::Ready(Some(Ok(bytes))) => {
                if !bytes.is_empty()
                    && let Some(silence) = &mut self.silence
                {
                    silence.end();
                }
                return Poll::Ready(Some(Ok(bytes)));
            }
            Poll::Ready(Some(Err(error))) => Some(Err(ReadError::Transport(error))),
            Poll::Ready(None) => None,
            Poll::Pending => {
                let Some(silence) = &mut self.silence else {
                    return Poll::Pending;
                };
                ready!(silence.poll(cx));
                Some(Err(ReadError::TimedOut))
            }
        };
        self.ended = true;
        Poll::Ready(read)
    }
}

impl<R: Input + Unpin> Stream for EventReader<R> {
    type Item = Result<OwnedEvent, ReadError<R::Error>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_event(cx)
    }
}
