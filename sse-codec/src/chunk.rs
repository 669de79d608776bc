use core::fmt;

use crate::{event::lossy, scan::LineEnds};

/// A piece of the stream as it came from the transport, and how far it has been read.
///
/// The cursor owns the borrow: what a [`Lexer`](crate::Lexer) or a [`Parser`](crate::Parser) hands
/// out points into the chunk, not into the machine that read it.
///
/// Feed a chunk until the answer is `None`: then it is used up. Drop it there, before you wait for
/// more bytes, and make the next one from the new bytes only. A chunk that is made again from the same
/// bytes starts at their beginning, and they are parsed twice. A chunk may also be left early, and
/// its [`rest`](Self::rest) be fed later as a new one: nothing of it is kept anywhere else.
///
/// ```
/// use sse_codec::{Chunk, Inline, Parser};
///
/// let mut parser = Parser::<Inline<64>>::new();
/// let mut chunk = Chunk::new(b"data: a\n\ndata: b\n\n");
/// assert_eq!(parser.next_event(&mut chunk)?.unwrap().data(), b"a");
/// assert_eq!(chunk.position(), 9);
/// assert_eq!(chunk.rest(), b"data: b\n\n");
/// # Ok::<(), sse_codec::Overflow>(())
/// ```
#[derive(Clone)]
pub struct Chunk<'c> {
    bytes: &'c [u8],
    rest: &'c [u8],
    line_ends: LineEnds,
}

impl<'c> Chunk<'c> {
    /// A chunk of which nothing has been read.
    #[must_use]
    pub const fn new(bytes: &'c [u8]) -> Self {
        Self {
            bytes,
            rest: bytes,
            line_ends: LineEnds::new(),
        }
    }

    /// Lets go of the bytes and keeps what is known of them: how far they have been read, and where
    /// the next lines end. For a reader that owns the bytes and cannot keep a borrow of them from one
    /// event to the next. [`DetachedChunk::attach`] takes them up again.
    ///
    /// ```
    /// use sse_codec::{Chunk, Inline, Parser};
    ///
    /// let bytes = *b"data: a\n\ndata: b\n\n";
    /// let mut parser = Parser::<Inline<64>>::new();
    /// let mut chunk = Chunk::new(&bytes);
    /// assert_eq!(parser.next_event(&mut chunk)?.unwrap().data(), b"a");
    /// let detached = chunk.detach();
    /// // Nothing is borrowed here: the bytes may be moved, or kept in a `struct`.
    /// let moved = bytes;
    /// let mut chunk = detached.attach(&moved);
    /// assert_eq!(parser.next_event(&mut chunk)?.unwrap().data(), b"b");
    /// # Ok::<(), sse_codec::Overflow>(())
    /// ```
    #[must_use]
    #[inline]
    pub const fn detach(self) -> DetachedChunk {
        DetachedChunk {
            len: self.bytes.len(),
            position: self.position(),
            line_ends: self.line_ends,
        }
    }

    /// How many bytes of the chunk have been read. Exact to the byte: right after an event it is
    /// the number of bytes that had to arrive before the event could be given out, right after an
    /// [`Overflow`](crate::Overflow) it is the end of the first byte beyond the limit.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.bytes.len() - self.rest.len()
    }

    /// What has not been read yet.
    #[must_use]
    pub const fn rest(&self) -> &'c [u8] {
        self.rest
    }

    /// What has been read.
    pub(crate) fn read(&self) -> &'c [u8] {
        self.bytes.get(..self.position()).unwrap_or_default()
    }

    /// Whether all of it has been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next byte, left where it is.
    pub(crate) const fn peek(&self) -> Option<u8> {
        match self.rest {
            [byte, ..] => Some(*byte),
            [] => None,
        }
    }

    /// Takes all bytes before `rest`, which has to be the end of what is left.
    #[inline]
    pub(crate) fn skip_to(&mut self, rest: &'c [u8]) {
        debug_assert!(rest.len() <= self.rest.len());
        self.rest = rest;
    }

    /// Gives back what was taken after `rest` was what is left.
    pub(crate) fn go_back_to(&mut self, rest: &'c [u8]) {
        debug_assert!(rest.len() >= self.rest.len());
        self.rest = rest;
    }

    pub(crate) fn seek(&mut self, position: usize) {
        self.rest = self.bytes.get(position..).unwrap_or_default();
    }

    /// Takes the bytes up to the next line end, and the line end's first byte; or, where the line
    /// does not end in this chunk, all there is.
    #[inline]
    pub(crate) fn take_line(&mut self) -> (&'c [u8], Option<u8>) {
        if let Some((line, [end, rest @ ..])) = self.line() {
            self.rest = rest;
            (line, Some(*end))
        } else {
            (core::mem::take(&mut self.rest), None)
        }
    }

    /// The line that starts here, and what comes from its end on, if it ends in this chunk. Takes
    /// nothing.
    #[inline]
    pub(crate) fn line(&mut self) -> Option<(&'c [u8], &'c [u8])> {
        let len = self.line_len();
        self.rest.split_at_checked(len)
    }

    /// The length of the line that starts here; [`NONE`](crate::scan::NONE) when it does not end in
    /// this chunk.
    #[inline]
    pub(crate) fn line_len(&mut self) -> usize {
        self.line_ends.first(self.bytes, self.rest)
    }

    /// [`line_len`](Self::line_len), faster where exactly one block is left: most often in a small
    /// chunk of which nothing has been read.
    #[inline]
    pub(crate) fn first_line_len(&mut self) -> usize {
        self.line_ends.first_of_block(self.bytes, self.rest)
    }

    /// [`line_len`](Self::line_len), faster where the line has no end for long.
    #[inline]
    pub(crate) fn long_line_len(&mut self) -> usize {
        self.line_ends.first_of_long(self.bytes, self.rest)
    }

    /// Takes the next byte if it is this one.
    #[inline]
    pub(crate) const fn take_byte(&mut self, byte: u8) -> bool {
        match self.rest {
            [first, rest @ ..] if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }
}

/// A [`Chunk`] that has let go of its bytes.
#[derive(Clone)]
pub struct DetachedChunk {
    len: usize,
    position: usize,
    line_ends: LineEnds,
}

impl DetachedChunk {
    /// A chunk of no bytes: what a reader has before its first.
    #[must_use]
    pub const fn empty() -> Self {
        Chunk::new(b"").detach()
    }

    /// Takes the bytes up again. They have to be those that the chunk was made from: of others the
    /// lines would be cut where the first ones had their ends.
    #[must_use]
    #[inline]
    pub fn attach(self, bytes: &[u8]) -> Chunk<'_> {
        let mut chunk = Chunk::new(bytes);
        chunk.seek(self.position);
        if bytes.len() == self.len {
            chunk.line_ends = self.line_ends;
        }
        chunk
    }

    /// How many bytes of the chunk have been read.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }
}

impl fmt::Debug for DetachedChunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DetachedChunk")
            .field("position", &self.position)
            .field("len", &self.len)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Chunk<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunk")
            .field("position", &self.position())
            .field("rest", &lossy(self.rest))
            .finish_non_exhaustive()
    }
}
