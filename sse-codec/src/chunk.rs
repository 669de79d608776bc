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
}

impl<'c> Chunk<'c> {
    /// A chunk of which nothing has been read.
    #[must_use]
    pub const fn new(bytes: &'c [u8]) -> Self {
        Self { bytes, position: 0 }
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

    /// Whether all of it has been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.position >= self.bytes.len()
    }

    /// The next byte, left where it is.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.position).copied()
    }

    pub(crate) const fn advance(&mut self, count: usize) {
        self.seek(self.position.saturating_add(count));
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
    pub(crate) fn take_line(&mut self) -> (&'c [u8], Option<u8>) {
        let rest = self.rest();
        if let Some(len) = memchr::memchr2(b'\n', b'\r', rest)
            && let Some((line, [end, ..])) = rest.split_at_checked(len)
        {
            self.advance(len + 1);
            (line, Some(*end))
        } else {
            self.advance(rest.len());
            (rest, None)
        }
    }
}
