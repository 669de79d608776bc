//! What the parser's fast paths read: blocks and lines that lie whole in the chunk. Each function
//! takes what it says or, where anything about it is unusual, nothing but the LF of a CRLF before it.

use super::{Field, Lexer, State};
use crate::{
    Chunk,
    scan::{is_line_end, line_end_in},
};

/// A value, with what follows it in the chunk: to copy more than is needed can be faster.
#[derive(Clone, Copy)]
pub(crate) struct Value<'c> {
    pub(crate) len: usize,
    pub(crate) and_more: &'c [u8],
}

impl<'c> Value<'c> {
    /// The value in a line of this length that starts with a name and a colon of that length
    /// together: "If value starts with a U+0020 SPACE character, remove it from value."
    #[inline]
    fn of(line_and_more: &'c [u8], name: usize, line: usize) -> Option<Self> {
        let and_more = line_and_more.get(name..)?;
        let len = line.checked_sub(name)?;
        Some(match and_more {
            [b' ', and_more @ ..] if len > 0 => Self {
                len: len - 1,
                and_more,
            },
            _ => Self { len, and_more },
        })
    }

    #[inline]
    pub(crate) fn bytes(self) -> &'c [u8] {
        self.and_more.get(..self.len).unwrap_or_default()
    }
}

impl Lexer {
    /// Whether the chunk goes on with the start of a line.
    #[inline]
    pub(crate) fn at_line_start(&mut self, chunk: &mut Chunk<'_>) -> bool {
        if matches!(self.state, State::AfterCr) && !chunk.is_empty() {
            self.state = State::LineStart;
            chunk.take_byte(b'\n');
        }
        matches!(self.state, State::LineStart)
    }

    /// Whether the chunk goes on with a `data` line.
    #[inline]
    pub(crate) fn at_data(&mut self, chunk: &mut Chunk<'_>) -> bool {
        self.at_line_start(chunk) && chunk.rest().first_chunk() == Some(b"data:")
    }

    /// Takes a `data` line and the blank line after it, if the value is no longer than `limit`.
    #[inline]
    pub(crate) fn data_block<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        limit: usize,
    ) -> Option<&'c [u8]> {
        if !self.at_data(chunk) {
            return None;
        }
        let (line, after) = chunk.line()?;
        let (ends, state) = match after {
            [b'\n', b'\n', ..] => (2, State::LineStart),
            [b'\r', b'\n', b'\r', ..] => (3, State::AfterCr),
            [b'\r', b'\n', b'\n', ..] => (3, State::LineStart),
            [_, b'\r', ..] => (2, State::AfterCr),
            _ => return None,
        };
        let ([_, _, _, _, _, b' ', data @ ..] | [_, _, _, _, _, data @ ..]) = line else {
            return None;
        };
        if data.len() > limit {
            return None;
        }
        chunk.skip(line.len() + ends);
        self.state = state;
        Some(data)
    }

    /// Takes a `data` line whose value is no longer than `room`.
    #[inline]
    pub(crate) fn data_line<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        room: usize,
    ) -> Option<Value<'c>> {
        if !self.at_data(chunk) {
            return None;
        }
        let len = chunk.line()?.0.len();
        self.take_line(chunk, 5, len, room)
    }

    /// Takes a line that starts with this name and colon and is probably short, if its value is no
    /// longer than `room`.
    #[inline]
    pub(crate) fn short_line<'c, const N: usize>(
        &mut self,
        chunk: &mut Chunk<'c>,
        name: &[u8; N],
        room: usize,
    ) -> Option<Value<'c>> {
        if chunk.rest().first_chunk() != Some(name) {
            return None;
        }
        let len = chunk.short_line()?.0.len();
        self.take_line(chunk, N, len, room)
    }

    #[inline]
    fn take_line<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        name: usize,
        len: usize,
        room: usize,
    ) -> Option<Value<'c>> {
        let value = Value::of(chunk.rest(), name, len)?;
        if value.len > room {
            return None;
        }
        chunk.skip(len);
        self.take_line_end(chunk);
        Some(value)
    }

    /// Takes `data` lines with values of up to 63 bytes and appends those to `into`, each after an LF.
    /// Returns how many bytes that were, `room` at most.
    #[inline]
    pub(crate) fn append_lines(
        &mut self,
        chunk: &mut Chunk<'_>,
        into: &mut [u8],
        room: usize,
    ) -> usize {
        if !self.at_line_start(chunk) {
            return 0;
        }
        let mut rest = chunk.rest();
        let before = rest.len();
        let mut len = 0;
        // A name, a colon, a space, and a block for the value.
        while let Some(line) = rest.first_chunk::<{ 6 + 64 }>()
            && line.starts_with(b"data:")
        {
            let [_, _, _, _, _, first, ..] = line;
            let value = if *first == b' ' { 6 } else { 5 };
            let block = line.get(value..).and_then(<[u8]>::first_chunk);
            let into = into.get_mut(len..).and_then(<[u8]>::first_chunk_mut);
            let (Some(block), Some(into)) = (block, into) else {
                break;
            };
            let [first, into @ ..]: &mut [u8; 1 + 64] = into;
            let Some(end) = line_end_in(block) else {
                break;
            };
            if end >= room - len {
                break;
            }
            *first = b'\n';
            *into = *block;
            len += 1 + end;
            rest = match rest.get(value + end..) {
                Some([b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..]) => rest,
                Some([_, rest @ ..]) => {
                    if rest.is_empty() {
                        self.state = State::AfterCr;
                    }
                    rest
                }
                _ => break,
            };
        }
        chunk.skip(before - rest.len());
        len
    }

    /// Takes the line end that stands here, all but the LF of a CRLF.
    #[inline]
    fn take_line_end(&mut self, chunk: &mut Chunk<'_>) {
        if chunk.peek() == Some(b'\r') {
            self.state = State::AfterCr;
        }
        chunk.skip(1);
    }

    /// Takes the blank line that stands here, if there is one.
    #[inline]
    pub(crate) fn blank_line(&mut self, chunk: &mut Chunk<'_>) -> bool {
        if !self.at_line_start(chunk) {
            return false;
        }
        let is_blank = chunk.peek().as_ref().is_some_and(is_line_end);
        if is_blank {
            self.take_line_end(chunk);
        }
        is_blank
    }

    /// Takes heartbeats, if some stand here.
    #[inline]
    pub(crate) fn heartbeats(&mut self, chunk: &mut Chunk<'_>) -> bool {
        const EIGHT: &[u8; 24] = b":\n\n:\n\n:\n\n:\n\n:\n\n:\n\n:\n\n:\n\n";
        if !self.at_line_start(chunk) {
            return false;
        }
        let before = chunk.rest();
        let mut rest = before;
        while let Some((next, more)) = rest.split_first_chunk()
            && next == EIGHT
        {
            rest = more;
        }
        while let [b':', b'\n', b'\n', more @ ..] = rest {
            rest = more;
        }
        chunk.skip(before.len() - rest.len());
        before.len() != rest.len()
    }

    /// Inside the value of a `data` line: takes what the chunk has of it, no more than `room`.
    #[inline]
    pub(crate) fn more_data<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        room: usize,
    ) -> Option<Value<'c>> {
        if !matches!(self.state, State::Value(Field::Data)) {
            return None;
        }
        let rest = chunk.rest();
        let end = match rest.first_chunk() {
            // All of a small chunk, as they come one after the other: a search would keep its mask.
            Some(block) if rest.len() == block.len() => line_end_in(block),
            _ => chunk.line().map(|(line, _)| line.len()),
        };
        let value = Value {
            len: end.unwrap_or(rest.len()),
            and_more: rest,
        };
        if value.len > room {
            return None;
        }
        chunk.skip(value.len);
        if end.is_some() {
            self.state = State::LineStart;
            self.take_line_end(chunk);
        }
        Some(value)
    }

    /// Takes the start of a `data` line that the chunk's end cuts inside its value, no more of it
    /// than `room`.
    #[inline]
    pub(crate) fn cut_data<'c>(&mut self, chunk: &mut Chunk<'c>, room: usize) -> Option<Value<'c>> {
        let rest = chunk.rest();
        let [b'd', b'a', b't', b'a', b':', _, ..] = rest else {
            return None;
        };
        if !self.at_line_start(chunk) || chunk.line().is_some() {
            return None;
        }
        let value = Value::of(rest, 5, rest.len())?;
        if value.len > room {
            return None;
        }
        chunk.skip(rest.len());
        self.state = State::Value(Field::Data);
        Some(value)
    }
}
