mod fast;

pub(crate) use fast::Value;

use crate::{
    chunk::Chunk,
    field::{COLON, Field, without_space},
};

/// The bytes of an event stream as lines: the lowest tier, a few bytes of state and no storage.
///
/// It knows all there is to know about the *grammar* (WHATWG HTML §9.2.5): the byte order mark, the
/// three line ends, field names, the space after the colon. It knows nothing of what the fields
/// *mean*; that is the [`Parser`](crate::Parser). A value is handed out in [`Piece`]s that borrow
/// from the chunk, so that one larger than all memory can be streamed through.
///
/// A CR ends its line at once; if an LF follows, it is swallowed when it comes, be that in the
/// next chunk. Lines whose field name is unknown are passed over.
///
/// ```
/// use sse_codec::{Chunk, Field, Lexer, Token};
///
/// let mut lexer = Lexer::new();
/// let mut length = 0;
/// for bytes in [&b"event: big\nda"[..], b"ta: a value of any ", b"length\r\n\r\n"] {
///     let mut chunk = Chunk::new(bytes);
///     while let Some(token) = lexer.next_token(&mut chunk) {
///         match token {
///             Token::Field(Field::Data, piece) => length += piece.bytes().len(),
///             Token::BlankLine => assert_eq!(length, 21),
///             _ => {}
///         }
///     }
/// }
/// # assert_eq!(length, 21);
/// ```
#[derive(Clone, Debug)]
pub struct Lexer {
    state: State,
}

/// What a [`Lexer`] finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Token<'c> {
    /// A piece of the value of a field.
    Field(Field, Piece<'c>),
    /// A piece of a comment: the text after the colon, as it stands.
    Comment(Piece<'c>),
    /// An empty line: the block ends here.
    BlankLine,
}

/// A part of one line's value, as much of it as lies in the chunk.
///
/// Each line gives one piece that [`starts`](Self::starts) it and one that [`ends`](Self::ends) it;
/// a line that lies whole in the chunk gives a single piece that does both. A piece may be empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece<'c> {
    bytes: &'c [u8],
    starts: bool,
    ends: bool,
}

impl<'c> Piece<'c> {
    /// The bytes of the value, without the space that may follow the colon of a field and without
    /// the line end.
    #[must_use]
    pub const fn bytes(&self) -> &'c [u8] {
        self.bytes
    }

    /// Whether this is the first piece of its line.
    #[must_use]
    pub const fn starts(&self) -> bool {
        self.starts
    }

    /// Whether the line has ended with this piece.
    #[must_use]
    pub const fn ends(&self) -> bool {
        self.ends
    }

    /// Whether the line's value lies whole in the chunk.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        self.starts && self.ends
    }
}

/// Where in a line the next byte stands.
///
/// `repr`, so that a new one is all zeros and a parser in a `static` takes no flash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum State {
    /// At the start of the stream, after this many bytes of a byte order mark.
    ByteOrderMark(u8),
    LineStart,
    /// At the start of a line whose predecessor was ended by CR: an LF here belongs to that end.
    AfterCr,
    /// After this many bytes of the field's name.
    Name(Field, u8),
    /// The chunk ended between the colon and the space that may follow; the line has been started.
    AfterColon(Field),
    Value(Field),
    Comment,
    /// In a line that means nothing.
    Ignored,
}

impl State {
    /// The state after a line that has this end, or goes on like this.
    #[inline]
    const fn unless(self, end: Option<u8>) -> Self {
        match end {
            Some(b'\r') => Self::AfterCr,
            Some(_) => Self::LineStart,
            None => self,
        }
    }
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Lexer {
    /// A lexer at the start of a stream, where a byte order mark may stand.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            state: State::ByteOrderMark(0),
        }
    }

    /// The next token of the chunk; `None` when the chunk is used up.
    ///
    /// A line that the end of the stream cuts off has no meaning (§9.2.6), so there is nothing to
    /// call at the end.
    // A call: inlined into a parser it costs a device 160 bytes.
    #[inline(never)]
    pub fn next_token<'c>(&mut self, chunk: &mut Chunk<'c>) -> Option<Token<'c>> {
        while !chunk.is_empty() {
            match self.state {
                State::AfterCr => {
                    self.state = State::LineStart;
                    chunk.take_byte(b'\n');
                }
                State::ByteOrderMark(matched) => self.byte_order_mark(matched, chunk),
                state => {
                    if let Some(token) = self.line(state, chunk) {
                        return Some(token);
                    }
                }
            }
        }
        None
    }

    /// Whether the chunks so far break off in a line that is a field's, or may be.
    pub(crate) const fn is_inside_field(&self) -> bool {
        matches!(
            self.state,
            State::Name(..) | State::AfterColon(_) | State::Value(_)
        )
    }

    /// Passes over what is left of the line.
    pub(crate) const fn ignore_line(&mut self) {
        self.state = State::Ignored;
    }

    /// Reads a line, or what the chunk has of it, on from `state`. `None` when it means nothing, or
    /// does not yet.
    #[inline]
    fn line<'c>(&mut self, state: State, chunk: &mut Chunk<'c>) -> Option<Token<'c>> {
        let (line, end) = chunk.take_line();
        let ends = end.is_some();
        let piece = |bytes, starts| Piece {
            bytes,
            starts,
            ends,
        };
        let field = |(field, value), starts| Token::Field(field, piece(value, starts));
        let (goes_on, token) = match (state, line) {
            (State::Value(name), value) => (state, Some(field((name, value), false))),
            (State::AfterColon(name), value) => (
                State::Value(name),
                Some(field((name, without_space(value)), false)),
            ),
            (State::Comment, text) => (state, Some(Token::Comment(piece(text, false)))),
            (State::LineStart, [COLON, text @ ..]) => {
                (State::Comment, Some(Token::Comment(piece(text, true))))
            }
            (State::LineStart, []) => (state, Some(Token::BlankLine)),
            _ => {
                let (goes_on, named) = Self::name(state, line, ends);
                (goes_on, named.map(|named| field(named, true)))
            }
        };
        self.state = goes_on.unless(end);
        token
    }

    /// Reads the name at the start of a line. Returns the state in which the line goes on and, once
    /// the name is complete and known, the field with as much of its value as the chunk has.
    #[inline]
    fn name(state: State, line: &[u8], ends: bool) -> (State, Option<(Field, &[u8])>) {
        let (field, matched) = match (state, line) {
            (State::Name(field, matched), _) => (field, matched),
            (State::LineStart, [first, ..]) => match Field::starting_with(*first) {
                Some(field) => (field, 0),
                None => return (State::Ignored, None),
            },
            _ => return (State::Ignored, None),
        };
        let name = field.name().as_bytes();
        let expected = name.get(usize::from(matched)..).unwrap_or_default();
        match line.strip_prefix(expected) {
            Some([COLON, value @ ..]) if value.is_empty() => {
                (State::AfterColon(field), Some((field, value)))
            }
            Some([COLON, value @ ..]) => (State::Value(field), Some((field, without_space(value)))),
            // "Otherwise, the string is not empty but does not contain a U+003A COLON character (:):
            // Process the field using […] the whole line as the field name, and the empty string
            // as the field value."
            Some(rest @ []) if ends => (State::LineStart, Some((field, rest))),
            // A name has at most five bytes.
            None | Some([]) if expected.starts_with(line) => {
                (State::Name(field, matched + line.len() as u8), None)
            }
            None | Some(_) => (State::Ignored, None),
        }
    }

    /// Reads a byte of the byte order mark, or finds that there is none: "The UTF-8 decode algorithm
    /// strips one leading UTF-8 Byte Order Mark (BOM), if any." When only the first bytes match, the
    /// line has begun with them; no field's name does, so the line means nothing.
    fn byte_order_mark(&mut self, matched: u8, chunk: &mut Chunk<'_>) {
        let expected = BYTE_ORDER_MARK.get(usize::from(matched));
        if expected.is_some_and(|byte| chunk.take_byte(*byte)) {
            self.state = if usize::from(matched) + 1 < BYTE_ORDER_MARK.len() {
                State::ByteOrderMark(matched + 1)
            } else {
                State::LineStart
            };
        } else if matched == 0 {
            self.state = State::LineStart;
        } else {
            self.state = State::Ignored;
        }
    }
}

impl Default for Lexer {
    fn default() -> Self {
        Self::new()
    }
}
