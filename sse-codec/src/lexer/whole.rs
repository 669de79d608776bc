//! What the parser's fast paths read: blocks and lines that lie whole in the chunk. Each function
//! takes what it says or, where anything about it is unusual, nothing at all.

use super::{Field, Lexer, State};
use crate::Chunk;

/// A block with one line of data, before which there may be a type and an ID.
pub(crate) struct TypedBlock<'c> {
    pub(crate) event_type: Option<&'c [u8]>,
    pub(crate) id: Option<Value<'c>>,
    pub(crate) data: &'c [u8],
}

/// A value, with what follows it in the chunk: to copy more than is needed can be faster.
#[derive(Clone, Copy)]
pub(crate) struct Value<'c> {
    pub(crate) len: usize,
    pub(crate) and_more: &'c [u8],
}

impl<'c> Value<'c> {
    /// The value in a line that starts with a name and a colon of this length together: "If value
    /// starts with a U+0020 SPACE character, remove it from value."
    #[inline]
    fn of(line: &'c [u8], name: usize, rest: &'c [u8]) -> Option<Self> {
        let value = line.get(name..)?;
        let and_more = rest.get(name..)?;
        Some(match and_more {
            [b' ', and_more @ ..] if !value.is_empty() => Self {
                len: value.len() - 1,
                and_more,
            },
            _ => Self {
                len: value.len(),
                and_more,
            },
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

    /// Takes a `data` line and the blank line after it, if the value is no longer than `limit`.
    #[inline]
    pub(crate) fn data_block<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        limit: usize,
    ) -> Option<&'c [u8]> {
        if !self.at_line_start(chunk) {
            return None;
        }
        self.data_block_at(chunk, chunk.position(), limit)
    }

    /// Takes a [`TypedBlock`] that counts no more than `limit`, with an ID no longer than `id_limit`.
    #[inline]
    pub(crate) fn typed_block<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        limit: usize,
        id_limit: usize,
    ) -> Option<TypedBlock<'c>> {
        if !self.at_line_start(chunk) {
            return None;
        }
        let mut at = chunk.position();
        let mut id = field_line(chunk, &mut at, b"id:");
        let event_type = field_line(chunk, &mut at, b"event:");
        if id.is_none() {
            id = field_line(chunk, &mut at, b"id:");
        }
        let mut len = event_type.map_or(0, |value| value.len);
        if let Some(id) = id {
            if id.len > id_limit || id.bytes().contains(&0) {
                return None;
            }
            len += id.len;
        }
        let data = self.data_block_at(chunk, at, limit.checked_sub(len)?)?;
        Some(TypedBlock {
            event_type: event_type.map(Value::bytes),
            id,
            data,
        })
    }

    #[inline]
    fn data_block_at<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        at: usize,
        limit: usize,
    ) -> Option<&'c [u8]> {
        if chunk.from(at)?.first_chunk() != Some(b"data:") {
            return None;
        }
        let (line, after) = chunk.line(at)?;
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
        chunk.skip_to(at + line.len() + ends);
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
        if !self.at_line_start(chunk) || chunk.rest().first_chunk() != Some(b"data:") {
            return None;
        }
        let rest = chunk.rest();
        let (line, after) = chunk.next_line()?;
        let value = Value::of(line, 5, rest)?;
        if value.len > room {
            return None;
        }
        self.take_line(chunk, line, after);
        Some(value)
    }

    /// Takes the bytes of a line, which is followed by `after`, and its line end.
    #[inline]
    fn take_line(&mut self, chunk: &mut Chunk<'_>, line: &[u8], after: &[u8]) {
        chunk.skip(line.len() + 1);
        if let [b'\r', ..] = after {
            self.state = State::AfterCr;
        }
    }

    /// Takes the blank line that stands here, if there is one.
    #[inline]
    pub(crate) fn blank_line(&mut self, chunk: &mut Chunk<'_>) -> bool {
        if !self.at_line_start(chunk) {
            return false;
        }
        match chunk.peek() {
            Some(b'\n') => {}
            Some(b'\r') => self.state = State::AfterCr,
            _ => return false,
        };
        chunk.skip(1);
        true
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
        let and_more = chunk.rest();
        let line = chunk.line(chunk.position());
        let value = Value {
            len: line.map_or(and_more.len(), |(line, _)| line.len()),
            and_more,
        };
        if value.len > room {
            return None;
        }
        match line {
            Some((line, after)) => {
                self.state = State::LineStart;
                self.take_line(chunk, line, after);
            }
            None => chunk.skip(value.len),
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
        if !self.at_line_start(chunk) || chunk.line(chunk.position()).is_some() {
            return None;
        }
        let value = Value::of(rest, 5, rest)?;
        if value.len > room {
            return None;
        }
        chunk.skip(rest.len());
        self.state = State::Value(Field::Data);
        Some(value)
    }
}

/// The value of the line at `at`, if it lies whole in the chunk and starts with this name and colon.
/// Moves `at` behind the line.
#[inline]
fn field_line<'c, const N: usize>(
    chunk: &mut Chunk<'c>,
    at: &mut usize,
    name: &[u8; N],
) -> Option<Value<'c>> {
    let rest = chunk.from(*at)?;
    if rest.first_chunk() != Some(name) {
        return None;
    }
    let (line, after) = chunk.line(*at)?;
    let value = Value::of(line, N, rest)?;
    *at += line.len() + if let [b'\r', b'\n', ..] = after { 2 } else { 1 };
    Some(value)
}
