//! Fields to events: what the standard calls interpreting an event stream (WHATWG HTML §9.2.6).

mod advance;
mod block;
mod error;
mod fast;
mod fields;
mod ready;
mod storage;

use core::fmt;

use advance::Wanted;
use block::{Block, Phase};
use ready::Held;
use storage::Slot;

pub use error::{Bound, Overflow};
pub use ready::{Detached, Ready};
#[cfg(feature = "alloc")]
pub use storage::Growable;
pub use storage::{Borrowed, Inline, Storage};

use crate::{
    chunk::Chunk,
    copy::{part, put},
    event::Event,
    field::InvalidLastEventId,
    lexer::{Lexer, Piece},
    millis::Millis,
    target::FAST_PATHS,
};

/// Bytes to events.
///
/// ```text
///            bytes left                                        meaning right
///
///  transport ──▶ Chunk ──── step ────▶ Step::Event(ready) ──── event ────▶ Event<'_>
///                  │                   Step::Comment(piece)
///                  │                   Step::Retry(time)
///                  └────────────────── next_event ───────────────────────▶ Event<'_>
/// ```
///
/// [`next_event`](Self::next_event) is for who wants events; [`step`](Self::step) shows comments and
/// changes of the reconnection time as well, and borrows from the chunk only, so that a function
/// built on it can loop and return what it found.
///
/// An event is given out at the byte that ends its blank line, never later. When its data is a
/// single line that lies whole in the chunk, the event borrows from the chunk. Only what a chunk's
/// end cuts off, and what several lines add up to, is copied.
///
/// # Limits
/// The storage bounds what one event may hold: its data, lines joined by LF, plus its type plus its
/// ID. The same bound holds for every way the transport cuts the stream, also where nothing needs
/// to be stored. A value counts while it is read, in place of an earlier value of the same field.
/// Beyond it there is one [`Overflow`], and the parser goes on with the next block. Comments,
/// unknown fields and `retry` are never stored and never overflow. The last event ID has room of
/// its own, so that a long ID takes none from later events.
///
/// # Example
/// ```
/// use sse_codec::{Chunk, Inline, Parser};
///
/// static STREAM: [&[u8]; 3] = [b"event: add\ndata: 73", b"857293\n\n: still here\n\nda", b"ta: 2\r\r"];
///
/// let mut parser = Parser::<Inline<256>>::new();
/// let mut seen = Vec::new();
/// for bytes in STREAM {
///     let mut chunk = Chunk::new(bytes);
///     while let Some(event) = parser.next_event(&mut chunk)? {
///         seen.push((event.event_type().map(<[u8]>::to_vec), event.data().to_vec()));
///     }
/// }
/// assert_eq!(seen, [
///     (Some(b"add".to_vec()), b"73857293".to_vec()),
///     (None, b"2".to_vec()),
/// ]);
/// # Ok::<(), sse_codec::Overflow>(())
/// ```
#[derive(Clone)]
pub struct Parser<S> {
    lexer: Lexer,
    block: Block,
    /// The slot with the last event ID; the block's ID goes to the other one. `None`: IDs are passed
    /// over. (A flag beside the slot would cost a device eight bytes.)
    kept: Option<Slot>,
    kept_len: usize,
    retry: Option<Millis>,
    storage: S,
}

/// What [`Parser::step`] finds.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<'c> {
    /// An event. [`Parser::event`] shows it.
    Event(Ready<'c>),
    /// A piece of a comment.
    Comment(Piece<'c>),
    /// The server has set the reconnection time; [`Parser::retry`] has it from here on.
    Retry(Millis),
    /// The end of a block that has no data and gives no event, but has an ID, a reconnection time or
    /// both. [`Parser::event`] shows them. A reconnection time was a step of its own before, at its
    /// line.
    WithoutData(Ready<'c>),
}

impl<S> Parser<S> {
    const fn with_storage(storage: S) -> Self {
        Self {
            lexer: Lexer::new(),
            block: Block::new(),
            kept: Some(Slot::A),
            kept_len: 0,
            retry: None,
            storage,
        }
    }

    /// Makes a parser for an application that has no use for IDs: it passes over the field `id` as
    /// over an unknown one. No ID is too long then, and none is stored or counts towards the limit.
    /// Events have no ID, and the last event ID stays empty.
    ///
    /// Call it before the first chunk. Later it begins a new stream, as [`reset`](Self::reset) does,
    /// and forgets the last event ID.
    ///
    /// ```
    /// use sse_codec::{Chunk, Inline, Parser};
    ///
    /// static mut PARSER: Parser<Inline<16, 0>> = Parser::<Inline<16, 0>>::new().without_ids();
    ///
    /// let mut parser = Parser::<Inline<16, 0>>::new().without_ids();
    /// let mut chunk = Chunk::new(b"id: 0192f6d4-83a1-7cc3-b0f4-8e2f5ad1c9e7\ndata: 21.5\n\n");
    /// let event = parser.next_event(&mut chunk)?.unwrap();
    /// assert_eq!((event.data(), event.id()), (&b"21.5"[..], None));
    /// # Ok::<(), sse_codec::Overflow>(())
    /// ```
    #[must_use]
    pub const fn without_ids(mut self) -> Self {
        self.kept = None;
        self.kept_len = 0;
        self.lexer = Lexer::new();
        self.block = Block::new();
        self
    }

    /// The reconnection time the server has set last, in this connection or, across
    /// [`reset`](Self::reset), an earlier one. It takes effect at its line, unless the block has
    /// overflowed before it.
    #[must_use]
    pub const fn retry(&self) -> Option<Millis> {
        self.retry
    }
}

impl<S: Storage> Parser<S> {
    /// Reads on to the next event. `Ok(None)` means that the chunk is used up: drop it, then wait for
    /// more bytes and make a [`Chunk`] of those.
    ///
    /// # Errors
    /// [`Overflow`] when a block is larger than the limit. Call again with the same chunk: the
    /// parser goes on with the next block.
    // Not left to the compiler: as a call it costs a small event a third more instructions.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub fn next_event<'p, 'c: 'p>(
        &'p mut self,
        chunk: &mut Chunk<'c>,
    ) -> Result<Option<Event<'p>>, Overflow> {
        if let Some(data) = self.data_block(chunk) {
            return Ok(Some(
                Event::new(data).with_last_event_id(self.last_event_id()),
            ));
        }
        if let Some(held) = self.headed_block(chunk) {
            return Ok(Some(self.dispatched(Ready { held })));
        }
        Ok(self.next_other(chunk)?.map(|ready| self.dispatched(ready)))
    }

    /// Reads on to the next event like [`next_event`](Self::next_event), and borrows from the chunk
    /// only.
    ///
    /// # Errors
    /// As [`next_event`](Self::next_event).
    pub fn next_ready<'c>(&mut self, chunk: &mut Chunk<'c>) -> Result<Option<Ready<'c>>, Overflow> {
        self.clear_given_out();
        if let Some(held) = self.headed_block(chunk) {
            return Ok(Some(Ready { held }));
        }
        self.next_other(chunk)
    }

    /// The next event, if no fast path takes it whole.
    // Nothing but the choice: what a call of `next_of_lines` saves and restores would be most of the
    // work for a chunk of one byte.
    #[cfg_attr(not(target_os = "none"), inline(never))]
    #[cfg_attr(target_os = "none", inline)]
    fn next_other<'c>(&mut self, chunk: &mut Chunk<'c>) -> Result<Option<Ready<'c>>, Overflow> {
        if self.middle_of_data(chunk) {
            return Ok(None);
        }
        self.next_of_lines(chunk)
    }

    /// The next event, if the chunk does not have all of it, or it is unusual.
    #[cfg_attr(not(target_os = "none"), inline(never))]
    #[cfg_attr(target_os = "none", inline)]
    fn next_of_lines<'c>(&mut self, chunk: &mut Chunk<'c>) -> Result<Option<Ready<'c>>, Overflow> {
        self.clear_given_out();
        let mut held = Held::default();
        if Self::has_lines(chunk) && self.lines(chunk, &mut held) {
            return Ok(Some(Ready { held }));
        }
        // As `advance` would, without the call: most chunks of a few bytes end here.
        if FAST_PATHS && chunk.is_empty() {
            self.store(&mut held);
            return Ok(None);
        }
        match self.advance(chunk, held, Wanted::Events)? {
            Some(Step::Event(ready)) => Ok(Some(ready)),
            Some(Step::Comment(_) | Step::Retry(_) | Step::WithoutData(_)) | None => Ok(None),
        }
    }

    /// Reads on to the next event, piece of a comment, change of the reconnection time or end of a
    /// block without data. `Ok(None)` means that the chunk is used up.
    ///
    /// ```
    /// use sse_codec::{Chunk, Event, Inline, Millis, Overflow, Parser, Step};
    ///
    /// /// A filter: the next event that is not a `ping`.
    /// fn next<'p, 'c: 'p>(
    ///     parser: &'p mut Parser<Inline<64>>,
    ///     chunk: &mut Chunk<'c>,
    /// ) -> Result<Option<Event<'p>>, Overflow> {
    ///     while let Some(step) = parser.step(chunk)? {
    ///         if let Step::Event(ready) = step
    ///             && !ready.chunk_data().is_some_and(|data| data == b"ping")
    ///         {
    ///             return Ok(Some(parser.event(ready)));
    ///         }
    ///     }
    ///     Ok(None)
    /// }
    ///
    /// let mut parser = Parser::new();
    /// let mut chunk = Chunk::new(b"data: ping\n\nretry: 500\ndata: x\n\n");
    /// let event = next(&mut parser, &mut chunk)?.unwrap();
    /// assert_eq!((event.data(), event.retry()), (&b"x"[..], Some(Millis(500))));
    /// # Ok::<(), Overflow>(())
    /// ```
    ///
    /// # Errors
    /// As [`next_event`](Self::next_event).
    pub fn step<'c>(&mut self, chunk: &mut Chunk<'c>) -> Result<Option<Step<'c>>, Overflow> {
        if self.middle_of_data(chunk) {
            return Ok(None);
        }
        self.clear_given_out();
        let mut held = Held::default();
        if Self::has_lines(chunk) && self.lines_again(chunk, &mut held) {
            return Ok(Some(Step::Event(Ready { held })));
        }
        self.advance(chunk, held, Wanted::Everything)
    }

    /// Shows the event, or the block without data, that the last step has found.
    #[must_use]
    pub fn event<'p, 'c: 'p>(&'p self, ready: Ready<'c>) -> Event<'p> {
        if ready.held.data.is_none() && !self.block.has_data {
            return self.with_id_and_retry(Event::without_data(), self.block.has_id);
        }
        self.dispatched(ready)
    }

    /// Shows an event. It has data, which a caller of [`next_event`](Self::next_event) need not find
    /// out again.
    #[inline]
    fn dispatched<'p, 'c: 'p>(&'p self, ready: Ready<'c>) -> Event<'p> {
        let Block {
            data_len, type_len, ..
        } = self.block;
        let arena = self.storage.arena();
        let has_id = ready.held.has_id || self.block.has_id;
        let mut event = Event::new(match ready.held.data {
            Some(data) => data,
            None => part(arena, 0, data_len),
        });
        if let Some(event_type) = ready.held.event_type {
            if !event_type.is_empty() {
                event = event.with_type(event_type);
            }
        } else if type_len > 0 {
            event = event.with_type(part(arena, arena.len().saturating_sub(type_len), type_len));
        }
        self.with_id_and_retry(event, has_id)
    }

    #[inline]
    fn with_id_and_retry<'p>(&'p self, event: Event<'p>, has_id: bool) -> Event<'p> {
        let last_event_id = self.last_event_id();
        let mut event = event.with_last_event_id(last_event_id);
        if has_id {
            event = event.with_id(last_event_id);
        }
        if self.block.has_retry
            && let Some(retry) = self.retry
        {
            event = event.with_retry(retry);
        }
        event
    }

    /// The last event ID: what a client sends as `Last-Event-ID` when it reconnects, unless it is
    /// empty (§9.2.2). A block's ID becomes it at the block's blank line.
    #[must_use]
    pub fn last_event_id(&self) -> &[u8] {
        part(self.storage.id(self.slot()), 0, self.kept_len)
    }

    /// Starts with this last event ID, one that was stored before a restart for instance.
    ///
    /// # Errors
    /// When the ID does not fit the storage or contains what no ID can. The old one stays then. To a
    /// parser [without IDs](Self::without_ids) every one is too long but the empty one.
    pub fn set_last_event_id(&mut self, id: &[u8]) -> Result<(), InvalidLastEventId> {
        let limit = self.kept.map_or(0, |_| self.storage.id_limit());
        if id.len() > limit {
            return Err(InvalidLastEventId::TooLong { limit });
        }
        InvalidLastEventId::check(id)?;
        put(self.storage.id_mut(self.slot(), id.len()).0, 0, id);
        self.kept_len = id.len();
        Ok(())
    }

    /// Where the last event ID is, be it empty.
    fn slot(&self) -> Slot {
        self.kept.unwrap_or(Slot::A)
    }

    /// The most bytes an event may hold: data, type and ID together.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.storage.limit()
    }

    /// Whether a block has begun and has not ended. If the stream ends here, what has come of the
    /// block is lost, as the standard wants it (§9.2.6): the answer was perhaps cut off. A comment
    /// begins no block, and neither does a line whose name no field has.
    #[must_use]
    pub const fn is_inside_block(&self) -> bool {
        match self.block.phase {
            Phase::Reading | Phase::Skipping => true,
            Phase::Fresh | Phase::GivenOut => self.lexer.is_inside_field(),
        }
    }

    /// Begins a new stream, the one after a reconnection for instance: an unfinished block is
    /// dropped, a byte order mark may stand again. The last event ID and the reconnection time
    /// stay.
    pub fn reset(&mut self) {
        self.lexer = Lexer::new();
        self.clear();
    }
}

// By hand: a derived one would bring a panic, for so many fields.
impl<S: fmt::Debug> fmt::Debug for Parser<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parser")
            .field("lexer", &self.lexer)
            .field("retry", &self.retry)
            .field("storage", &self.storage)
            .finish_non_exhaustive()
    }
}
