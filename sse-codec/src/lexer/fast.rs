//! What the parser's fast paths read: blocks and lines that lie whole in the chunk, or are cut by its
//! end inside the data. A function takes what its doc says. Where anything is unusual it takes
//! nothing of the line; only the LF of a CRLF that stands before it may be gone then.
//!
//! For speed the patterns of names and line ends are spelled out here. What they mean is said in
//! `lexer/mod.rs`, `field` and `scan`, and the tests compare this file with those, byte by byte.

use core::mem;

use super::{Lexer, State};
use crate::{
    chunk::Chunk,
    field::{Field, SPACE},
    scan::{LONG, NONE, for_each_line_end, is_line_end},
};

/// A value, alone and with the bytes behind it in the chunk: to copy a fixed number of bytes is
/// faster than to copy as many as the value has.
#[derive(Clone, Copy)]
pub(crate) struct Value<'c> {
    pub(crate) bytes: &'c [u8],
    pub(crate) and_more: &'c [u8],
}

impl<'c> Value<'c> {
    /// The value in what follows a name and a colon.
    #[inline]
    fn of(bytes: &'c [u8], and_more: &'c [u8]) -> Self {
        match (bytes, and_more) {
            ([SPACE, bytes @ ..], [_, and_more @ ..]) => Self { bytes, and_more },
            _ => Self { bytes, and_more },
        }
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

    /// Goes back to this start of a line.
    pub(crate) fn start_line_again<'c>(&mut self, chunk: &mut Chunk<'c>, start: &'c [u8]) {
        self.state = State::LineStart;
        chunk.go_back_to(start);
    }

    /// Whether the chunk goes on with a `data` line.
    #[inline]
    pub(crate) fn at_data(&mut self, chunk: &mut Chunk<'_>) -> bool {
        self.at_line_start(chunk) && chunk.rest().first_chunk() == Some(b"data:")
    }

    /// Takes a `data` line and the blank line after it, if the value is no longer than `limit`.
    #[inline(always)]
    pub(crate) fn data_block<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        limit: usize,
    ) -> Option<&'c [u8]> {
        if !self.at_data(chunk) {
            return None;
        }
        let (line, after) = chunk.line()?;
        let (state, rest) = match after.strip_prefix(b"\n\n") {
            Some(rest) => (State::LineStart, rest),
            None => match after {
                [b'\r', b'\n', b'\r', rest @ ..] => (State::AfterCr, rest),
                [b'\r', b'\n', b'\n', rest @ ..] => (State::LineStart, rest),
                [_, b'\r', rest @ ..] => (State::AfterCr, rest),
                _ => return None,
            },
        };
        let ([_, _, _, _, _, SPACE, data @ ..] | [_, _, _, _, _, data @ ..]) = line else {
            return None;
        };
        if data.len() > limit {
            return None;
        }
        chunk.skip_to(rest);
        self.state = state;
        Some(data)
    }

    /// Takes the `data` line that stands here, or as much of it as the chunk has, if its value is no
    /// longer than `room`. The flag says whether the line is whole.
    #[inline]
    pub(crate) fn data_piece<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        room: usize,
    ) -> Option<(Value<'c>, bool)> {
        let line = chunk.line_len();
        if line != NONE {
            return Some((self.take_line::<5>(chunk, line, room)?, true));
        }
        let (_, bytes) = chunk.rest().split_first_chunk::<5>()?;
        let value = Value::of(bytes, bytes);
        // While nothing of the value has come, a space may still follow.
        if bytes.is_empty() || value.bytes.len() > room {
            return None;
        }
        chunk.skip_to(b"");
        self.state = State::Value(Field::Data);
        Some((value, false))
    }

    /// Takes a line that starts with this name and colon, if its value is no longer than `room`.
    #[inline]
    pub(crate) fn line_named<'c, const N: usize>(
        &mut self,
        chunk: &mut Chunk<'c>,
        name: &[u8; N],
        room: usize,
    ) -> Option<Value<'c>> {
        if chunk.rest().first_chunk() != Some(name) {
            return None;
        }
        let line = chunk.line_len();
        self.take_line::<N>(chunk, line, room)
    }

    /// Takes a line of this length that starts with a name and a colon of `N` bytes together.
    #[inline]
    fn take_line<'c, const N: usize>(
        &mut self,
        chunk: &mut Chunk<'c>,
        line: usize,
        room: usize,
    ) -> Option<Value<'c>> {
        let (_, and_more) = chunk.rest().split_first_chunk::<N>()?;
        let (bytes, after) = and_more.split_at_checked(line.checked_sub(N)?)?;
        let value = Value::of(bytes, and_more);
        if value.bytes.len() > room {
            return None;
        }
        self.take_line_end(chunk, after);
        Some(value)
    }

    /// Takes `data` lines with values of up to 64 bytes and appends those to `free`, each after an LF.
    /// Returns how many bytes that were.
    #[inline]
    pub(crate) fn append_lines(&mut self, chunk: &mut Chunk<'_>, free: &mut [u8]) -> usize {
        if !self.at_line_start(chunk) || chunk.rest().len() < WINDOW {
            return 0;
        }
        let room = free.len();
        let mut free = free;
        // The line that comes next, and where it starts.
        let (mut line, mut start) = (chunk.rest(), 0);
        for_each_line_end(chunk.rest(), |end| {
            let Some(len) = end.checked_sub(start) else {
                // The LF of a CRLF.
                return true;
            };
            let Some(taken) = append_line(line, len, free) else {
                return false;
            };
            free = mem::take(&mut free).get_mut(taken..).unwrap_or_default();
            (line, start) = match line.get(len..) {
                Some([b'\n', next @ ..]) => (next, end + 1),
                Some([_, b'\n', next @ ..]) => (next, end + 2),
                Some([_, next @ ..]) => (next, end + 1),
                _ => return false,
            };
            true
        });
        let len = room - free.len();
        // The LF of this one would be in the next chunk.
        if line.is_empty() && chunk.rest().ends_with(b"\r") {
            self.state = State::AfterCr;
        }
        chunk.skip_to(line);
        len
    }

    /// Takes the line end at the start of `rest`, which is the end of what is left of the chunk. The
    /// LF of a CRLF stays.
    #[inline]
    fn take_line_end<'c>(&mut self, chunk: &mut Chunk<'c>, rest: &'c [u8]) {
        if let [end, rest @ ..] = rest {
            self.state = if *end == b'\r' {
                State::AfterCr
            } else {
                State::LineStart
            };
            chunk.skip_to(rest);
        }
    }

    /// Takes the blank line that stands here, if there is one.
    #[inline]
    pub(crate) fn blank_line(&mut self, chunk: &mut Chunk<'_>) -> bool {
        if !self.at_line_start(chunk) {
            return false;
        }
        let is_blank = chunk.peek().as_ref().is_some_and(is_line_end);
        if is_blank {
            self.take_line_end(chunk, chunk.rest());
        }
        is_blank
    }

    /// Takes comments without text and blank lines that end with LF, if such stand here: heartbeats,
    /// where no block has begun.
    #[inline]
    pub(crate) fn heartbeats(&mut self, chunk: &mut Chunk<'_>) -> bool {
        const EIGHT: &[u8; 24] = b":\n\n:\n\n:\n\n:\n\n:\n\n:\n\n:\n\n:\n\n";
        if !self.at_line_start(chunk) {
            return false;
        }
        let before = chunk.rest();
        let mut rest = before;
        loop {
            while let Some((next, more)) = rest.split_first_chunk()
                && next == EIGHT
            {
                rest = more;
            }
            rest = match rest {
                // A whole one in one step is most of what a small chunk has.
                [b':', b'\n', b'\n', more @ ..] | [b':', b'\n', more @ ..] | [b'\n', more @ ..] => {
                    more
                }
                [b':'] => {
                    self.state = State::Comment;
                    b""
                }
                _ => break,
            };
        }
        chunk.skip_to(rest);
        before.len() != rest.len()
    }

    /// Whether the chunks so far break off inside the value of a `data` line.
    #[inline]
    pub(crate) const fn is_inside_data(&self) -> bool {
        matches!(self.state, State::Value(Field::Data))
    }

    /// Inside the value of a `data` line, after this much of the data: takes what the chunk has of it,
    /// no more than `room`.
    #[inline]
    pub(crate) fn more_data<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        before: usize,
        room: usize,
    ) -> Option<Value<'c>> {
        if !self.is_inside_data() {
            return None;
        }
        let and_more = chunk.rest();
        let len = if before < LONG || and_more.len() < LONG {
            chunk.line_len()
        } else {
            chunk.long_line_len()
        };
        let (bytes, after) = and_more.split_at_checked(len).unwrap_or((and_more, &[]));
        if bytes.len() > room {
            return None;
        }
        chunk.skip_to(after);
        self.take_line_end(chunk, after);
        Some(Value { bytes, and_more })
    }
}

/// What a short line fits into: a name, a colon, a space and a block.
const WINDOW: usize = 6 + 64;

/// Appends an LF and the value of a line of this length to `free`, if it is a `data` line and a whole
/// block can be copied instead. Returns how many bytes that were.
#[inline]
fn append_line(line_and_more: &[u8], line: usize, free: &mut [u8]) -> Option<usize> {
    let window: &[u8; WINDOW] = line_and_more.first_chunk()?;
    let [first, into @ ..] = free.first_chunk_mut::<{ 1 + 64 }>()?;
    let name = match window {
        _ if !window.starts_with(b"data:") => return None,
        [_, _, _, _, _, SPACE, ..] => 6,
        _ => 5,
    };
    let len = line.checked_sub(name)?;
    if len > 64 {
        return None;
    }
    *first = b'\n';
    *into = *window.get(name..)?.first_chunk()?;
    Some(1 + len)
}
