//! Whole steps out of pieces of a stream. No I/O and no clock: who reads feeds bytes and takes steps.

use bytes::{Bytes, BytesMut};
use sse_codec::{
    Bound, Chunk, Detached, DetachedChunk, Event, Growable, Millis, Overflow, Parser, Piece, Ready,
    Step,
};

use crate::owned::{OwnedEvent, OwnedStep, Owner};

/// From this size on, data shares the memory of its chunk when it is at least a quarter of it: then
/// an event never keeps more than four times its own size alive.
const SHARED: usize = 2 * 1024;

/// Makes steps of chunks that somebody else keeps.
///
/// One loop for events, lent or owned, and one for everything; what a stream means is said by the
/// [`Parser`] alone.
#[derive(Debug)]
pub(crate) struct Assembler {
    parser: Parser<Growable>,
    owner: Owner,
    /// `None` for who wants events only.
    begun: Option<Begun>,
}

/// What has been read and is no step yet.
#[derive(Debug, Default)]
struct Begun {
    comment: Comment,
    /// A `retry` line of the block being read. It is no step yet: the end of the block shows it, as a
    /// part of the event or alone.
    retry: Option<Millis>,
    /// The second of two steps that were found at once.
    next: Option<Next>,
}

/// A comment that is put together.
#[derive(Debug, Default)]
enum Comment {
    /// None has begun, or its beginning was not asked for.
    #[default]
    None,
    Reading(BytesMut),
    /// It was too long, which has been said.
    Skipping,
}

#[derive(Debug)]
enum Next {
    /// The last event ID, set by a block without data.
    Id,
    Retry(Millis),
    Overflow(Overflow),
}

impl Assembler {
    pub(crate) const fn new(parser: Parser<Growable>) -> Self {
        Self {
            parser,
            owner: Owner::new(),
            begun: None,
        }
    }

    pub(crate) const fn parser(&self) -> &Parser<Growable> {
        &self.parser
    }

    pub(crate) const fn parser_mut(&mut self) -> &mut Parser<Growable> {
        &mut self.parser
    }

    fn into_parser(self) -> Parser<Growable> {
        self.parser
    }

    /// Begins a new stream. The last event ID and the reconnection time stay.
    pub(crate) fn reset(&mut self) {
        self.parser.reset();
        self.begun = None;
    }

    /// The next event of the chunk. `memory` is what the chunk was made from, if it can be shared.
    pub(crate) fn next_event(
        &mut self,
        chunk: &mut Chunk<'_>,
        memory: Option<&Bytes>,
    ) -> Option<Result<OwnedEvent, Overflow>> {
        Some(match self.next_ready(chunk)? {
            Ok(ready) => Ok(self.own(ready, memory)),
            Err(overflow) => Err(overflow),
        })
    }

    /// The next event of the chunk, before it is owned.
    fn next_ready<'c>(&mut self, chunk: &mut Chunk<'c>) -> Option<Result<Ready<'c>, Overflow>> {
        // What only `next_step` shows is passed over, as far as it has been read too.
        if self.begun.is_some()
            && let Some(begun) = self.begun.take()
            && let Some(Next::Overflow(overflow)) = begun.next
        {
            return Some(Err(overflow));
        }
        self.parser.next_ready(chunk).transpose()
    }

    /// The next step of the chunk. `memory` is what the chunk was made from, if it can be shared.
    pub(crate) fn next_step(
        &mut self,
        chunk: &mut Chunk<'_>,
        memory: Option<&Bytes>,
    ) -> Option<Result<OwnedStep, Overflow>> {
        let limit = self.parser.limit();
        let begun = self.begun.get_or_insert_default();
        match begun.next.take() {
            None => {}
            Some(Next::Id) => return Some(Ok(self.id())),
            Some(Next::Retry(time)) => return Some(Ok(OwnedStep::Retry(time))),
            Some(Next::Overflow(overflow)) => return Some(Err(overflow)),
        }
        Some(loop {
            match self.parser.step(chunk).transpose()? {
                Ok(Step::Event(ready)) => {
                    begun.retry = None;
                    break Ok(OwnedStep::Event(self.own(ready, memory)));
                }
                Ok(Step::WithoutData(ready)) => {
                    begun.retry = None;
                    let block = self.parser.event(ready);
                    break Ok(match (block.retry(), block.id()) {
                        (None, _) => self.id(),
                        (Some(time), id) => {
                            begun.next = id.map(|_| Next::Id);
                            OwnedStep::Retry(time)
                        }
                    });
                }
                Ok(Step::Retry(time)) => begun.retry = Some(time),
                Ok(Step::Comment(piece)) => match begun.comment.add(piece, memory, limit) {
                    Ok(None) => {}
                    Ok(Some(text)) => break Ok(OwnedStep::Comment(text)),
                    Err(overflow) => break Err(overflow),
                },
                // Of a later version: nothing that is known here.
                Ok(_) => {}
                Err(overflow) => match begun.retry.take() {
                    None => break Err(overflow),
                    // A `retry` line before the overflow stands.
                    Some(time) => {
                        begun.next = Some(Next::Overflow(overflow));
                        break Ok(OwnedStep::Retry(time));
                    }
                },
            }
        })
    }

    /// The stream is over. Whether that is a step: a `retry` line stands though its block is cut off.
    pub(crate) fn end(&mut self) -> bool {
        let Some(begun) = &mut self.begun else {
            return false;
        };
        begun.comment = Comment::None;
        begun.next = begun.retry.take().map(Next::Retry);
        begun.next.is_some()
    }

    /// The last event ID as a step.
    fn id(&mut self) -> OwnedStep {
        OwnedStep::Id(self.owner.own_id(self.parser.last_event_id()))
    }

    fn own(&mut self, ready: Ready<'_>, memory: Option<&Bytes>) -> OwnedEvent {
        let data = ready.chunk_data().and_then(|data| share(data, memory));
        self.owner.own(self.parser.event(ready), data)
    }
}

impl Comment {
    /// The whole comment, when the piece ends it.
    fn add(
        &mut self,
        piece: Piece<'_>,
        memory: Option<&Bytes>,
        limit: usize,
    ) -> Result<Option<Bytes>, Overflow> {
        let bytes = piece.bytes();
        if piece.starts() {
            *self = Self::Reading(BytesMut::new());
        }
        let Self::Reading(text) = self else {
            return Ok(None);
        };
        if bytes.len() > limit - text.len() {
            *self = Self::Skipping;
            return Err(Overflow::new(Bound::Comment, limit));
        }
        if !piece.ends() {
            text.extend_from_slice(bytes);
            return Ok(None);
        }
        let text = if piece.starts() {
            share(bytes, memory).unwrap_or_else(|| Bytes::copy_from_slice(bytes))
        } else {
            text.extend_from_slice(bytes);
            text.split().freeze()
        };
        *self = Self::None;
        Ok(Some(text))
    }
}

/// The bytes as a part of the memory that they lie in, if they are a good part of it.
fn share(bytes: &[u8], memory: Option<&Bytes>) -> Option<Bytes> {
    let memory = memory?;
    (bytes.len() >= SHARED.max(memory.len() / 4)).then(|| memory.slice_ref(bytes))
}

/// An [`Assembler`] with the chunk it reads.
///
/// Feed bytes, take steps until there are none, feed again. The bytes are kept no longer than until
/// then. What has not been taken survives a caller that comes back later: so nothing is lost when the
/// future that wanted a step is dropped.
#[derive(Debug)]
pub(crate) struct Intake {
    assembler: Assembler,
    bytes: Bytes,
    /// Kept from one event to the next with what is known of the line ends.
    chunk: DetachedChunk,
}

impl Intake {
    pub(crate) const fn new(parser: Parser<Growable>) -> Self {
        Self {
            assembler: Assembler::new(parser),
            bytes: Bytes::new(),
            chunk: DetachedChunk::empty(),
        }
    }

    pub(crate) const fn parser(&self) -> &Parser<Growable> {
        self.assembler.parser()
    }

    pub(crate) const fn parser_mut(&mut self) -> &mut Parser<Growable> {
        self.assembler.parser_mut()
    }

    pub(crate) fn into_parser(self) -> Parser<Growable> {
        self.assembler.into_parser()
    }

    /// Gives the next bytes of the stream: when those before are used up, or what is left of them is
    /// lost.
    pub(crate) fn feed(&mut self, bytes: Bytes) {
        self.chunk = Chunk::new(&bytes).detach();
        self.bytes = bytes;
    }

    /// The next event; `None` when the bytes are used up.
    pub(crate) fn next_event(&mut self) -> Option<Result<OwnedEvent, Overflow>> {
        self.with(|assembler, chunk, bytes| assembler.next_event(chunk, Some(bytes)))
    }

    /// The next step; `None` when the bytes are used up.
    pub(crate) fn next_step(&mut self) -> Option<Result<OwnedStep, Overflow>> {
        self.with(|assembler, chunk, bytes| assembler.next_step(chunk, Some(bytes)))
    }

    /// The next event, to be [shown](Self::event) and not owned; `None` when the bytes are used up.
    pub(crate) fn next_detached(&mut self) -> Option<Result<Detached, Overflow>> {
        self.with(|assembler, chunk, bytes| {
            let ready = assembler.next_ready(chunk)?;
            Some(ready.map(|ready| ready.detach(bytes)))
        })
    }

    /// Shows the event that was found last.
    pub(crate) fn event(&self, detached: Detached) -> Event<'_> {
        self.parser().event(detached.attach(&self.bytes))
    }

    /// The stream is over: whether there is one more step.
    pub(crate) fn end(&mut self) -> bool {
        self.assembler.end()
    }

    /// Begins a new stream, without what is left of the bytes. The last event ID and the reconnection
    /// time stay.
    pub(crate) fn reset(&mut self) {
        self.assembler.reset();
        self.feed(Bytes::new());
    }

    /// What has not been read of the bytes.
    pub(crate) fn into_rest(mut self) -> Bytes {
        self.bytes.split_off(self.chunk.position())
    }

    fn with<T>(
        &mut self,
        next: impl FnOnce(&mut Assembler, &mut Chunk<'_>, &Bytes) -> Option<Result<T, Overflow>>,
    ) -> Option<Result<T, Overflow>> {
        let mut chunk = self.chunk.clone().attach(&self.bytes);
        let found = next(&mut self.assembler, &mut chunk, &self.bytes);
        self.chunk = chunk.detach();
        if found.is_none() {
            // So that the memory can be used again for the next.
            self.feed(Bytes::new());
        }
        found
    }
}
