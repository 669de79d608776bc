use crate::scan::LineEnds;

/// A piece of the stream as it came from the transport, and how far it has been read.
///
/// The cursor owns the borrow: what a [`Lexer`](crate::Lexer) or a [`Parser`](crate::Parser) hands
/// out points into the chunk, not into the machine that read it. Feed a chunk until it is used up,
/// then make the next one. A chunk may be left early and its [`rest`](Self::rest) be fed later as a
/// new one: nothing of it is kept anywhere else.
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
#[derive(Clone, Debug)]
pub struct Chunk<'c> {
    bytes: &'c [u8],
    position: usize,
    line_ends: LineEnds,
}

impl<'c> Chunk<'c> {
    /// A chunk of which nothing has been read.
    #[must_use]
    pub const fn new(bytes: &'c [u8]) -> Self {
        Self {
            bytes,
            position: 0,
            line_ends: LineEnds::new(),
        }
    }

    /// How many bytes of the chunk have been read. Exact to the byte: right after an event it is
    /// the number of bytes that had to arrive before the event could be given out, right after an
    /// [`Overflow`](crate::Overflow) it is the end of the first byte beyond the limit.
    #[must_use]
    pub const fn position(&self) -> usize {
        self.position
    }

    /// What has not been read yet.
    #[must_use]
    pub fn rest(&self) -> &'c [u8] {
        self.bytes.get(self.position..).unwrap_or_default()
    }

    /// What has been read.
    pub(crate) fn read(&self) -> &'c [u8] {
        self.bytes.get(..self.position).unwrap_or_default()
    }

    /// Whether all of it has been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.position >= self.bytes.len()
    }

    /// The next byte, left where it is.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    /// Takes this many bytes, of which the caller knows that they are there.
    #[inline]
    pub(crate) const fn skip(&mut self, count: usize) {
        self.position += count;
        debug_assert!(self.position <= self.bytes.len());
    }

    pub(crate) const fn seek(&mut self, position: usize) {
        self.position = if position < self.bytes.len() {
            position
        } else {
            self.bytes.len()
        };
    }

    /// Takes the bytes up to the next line end, and the line end's first byte; or, where the line
    /// does not end in this chunk, all there is.
    #[inline]
    pub(crate) fn take_line(&mut self) -> (&'c [u8], Option<u8>) {
        let rest = self.rest();
        if let Some(len) = self.line_ends.first(self.bytes, self.position)
            && let Some((line, [end, ..])) = rest.split_at_checked(len)
        {
            self.position += len + 1;
            (line, Some(*end))
        } else {
            self.position = self.bytes.len();
            (rest, None)
        }
    }

    /// The line that starts here, and what comes from its end on, if it ends in this chunk. Takes
    /// nothing.
    #[inline]
    pub(crate) fn line(&mut self) -> Option<(&'c [u8], &'c [u8])> {
        let len = self.line_ends.first(self.bytes, self.position)?;
        self.rest().split_at_checked(len)
    }

    /// The same, of a line that is probably short.
    #[inline]
    pub(crate) fn short_line(&mut self) -> Option<(&'c [u8], &'c [u8])> {
        let len = self.line_ends.first_near(self.bytes, self.position)?;
        self.rest().split_at_checked(len)
    }

    /// Takes the next byte if it is this one.
    #[inline]
    pub(crate) fn take_byte(&mut self, byte: u8) -> bool {
        let takes = self.peek() == Some(byte);
        self.position += usize::from(takes);
        takes
    }
}
