//! The fast paths: what is usual, and lies whole in the chunk.
//!
//! A fast path does what the loop in [`Parser::advance`] would do for the same bytes, without going
//! through tokens. What is unusual it leaves to the loop: it has taken nothing of such a line then,
//! and of what stands before the line at most the LF of a CRLF. Where `FAST_PATHS` is false there
//! are no fast paths.

use super::{Block, Held, Parser, Phase, Storage, Wanted};
use crate::{
    chunk::Chunk,
    copy::{copy_few, put_short},
    field::can_be_id,
    lexer::Value,
    scan::{NONE, is_line_end, may_have_lines},
    target::FAST_PATHS,
};

/// In no more bytes than this few events lie whole.
const FEW: usize = 64;

impl<S: Storage> Parser<S> {
    /// Takes a block of one data line.
    #[inline(always)]
    pub(super) fn data_block<'c>(&mut self, chunk: &mut Chunk<'c>) -> Option<&'c [u8]> {
        if !FAST_PATHS {
            return None;
        }
        self.clear_given_out();
        if self.block.phase != Phase::Fresh {
            return None;
        }
        let data = self.lexer.data_block(chunk, self.storage.limit())?;
        self.storage.release(data.len());
        Some(data)
    }

    /// Takes a block of a type or an ID, and one data line. Takes nothing of another
    /// block. What it finds goes past the parser's state: to write that down and to read it again
    /// would be a fifth of the work.
    #[inline(always)]
    pub(super) fn headed_block<'c>(&mut self, chunk: &mut Chunk<'c>) -> Option<Held<'c>> {
        if FAST_PATHS && self.block.phase == Phase::Fresh && chunk.rest().len() > FEW {
            self.headed_block_of_many(chunk)
        } else {
            None
        }
    }

    /// [`headed_block`](Self::headed_block) where it is worth a call.
    #[inline(never)]
    fn headed_block_of_many<'c>(&mut self, chunk: &mut Chunk<'c>) -> Option<Held<'c>> {
        if !self.lexer.at_line_start(chunk) {
            return None;
        }
        let start = chunk.rest();
        let limit = self.storage.limit();
        match start {
            [b'e', ..] => {
                let value = self.lexer.line_named(chunk, b"event:", limit)?;
                if let Some(data) = self.lexer.data_block(chunk, limit - value.bytes.len()) {
                    self.storage.release(data.len());
                    return Some(Held {
                        data: Some(data),
                        event_type: Some(value.bytes),
                        has_id: false,
                    });
                }
            }
            [b'i', ..] => {
                let kept = self.kept?;
                let id_limit = self.storage.id_limit().min(limit);
                let value = self.lexer.line_named(chunk, b"id:", id_limit)?;
                let len = value.bytes.len();
                if can_be_id(value.bytes)
                    && let Some(data) = self.lexer.data_block(chunk, limit - len)
                {
                    let slot = kept.other();
                    put_short(self.storage.id_mut(slot, len).0, 0, value.and_more, len);
                    (self.kept, self.kept_len) = (Some(slot), len);
                    self.storage.release(data.len());
                    return Some(Held {
                        data: Some(data),
                        event_type: None,
                        has_id: true,
                    });
                }
            }
            _ => return None,
        }
        self.lexer.start_line_again(chunk, start);
        None
    }

    /// Takes a chunk of at most 64 bytes that lies inside the value of a data line, as most chunks of
    /// a few bytes do. Returns whether it did.
    #[inline]
    pub(super) fn middle_of_data(&mut self, chunk: &mut Chunk<'_>) -> bool {
        let bytes = chunk.rest();
        if !FAST_PATHS
            || bytes.len() > FEW
            || !self.lexer.is_inside_data()
            || self.block.phase != Phase::Reading
            || self.room().bytes < bytes.len()
        {
            return false;
        }
        let is_middle = match bytes {
            [byte] => !is_line_end(byte),
            // The mask of a block is kept for who looks next.
            _ if bytes.len() == FEW => chunk.first_line_len() == NONE,
            _ => !may_have_lines(bytes),
        };
        if !is_middle {
            return false;
        }
        let at = self.block.data_len;
        let into = self.arena(bytes.len()).get_mut(at..);
        let Some(into) = into.and_then(|into| into.get_mut(..bytes.len())) else {
            return false;
        };
        match (&mut *into, bytes) {
            ([into], [byte]) => *into = *byte,
            _ => copy_few(into, bytes),
        }
        self.block.data_len += bytes.len();
        chunk.skip_to(b"");
        true
    }

    /// Whether the chunk has enough left for [`lines`](Self::lines): the loop of tokens is faster for a
    /// single byte.
    pub(super) const fn has_lines(chunk: &Chunk<'_>) -> bool {
        FAST_PATHS && chunk.rest().len() > 1
    }

    /// Takes what the chunk has of one block, as long as it is usual: first the rest of a data line,
    /// or a type and an ID; then data lines; then the blank line. Returns whether an event is
    /// complete.
    // Not left to the compiler, and neither is `head`: as calls they cost an event with a type 40
    // instructions.
    #[inline(always)]
    pub(super) fn lines<'c>(&mut self, chunk: &mut Chunk<'c>, held: &mut Held<'c>) -> bool {
        if !FAST_PATHS {
            return false;
        }
        let mut room;
        match self.block.phase {
            Phase::Fresh => {
                room = self.storage.limit();
                if self.head(chunk, held, &mut room) {
                    self.block.type_len = held.event_type.map_or(0, <[u8]>::len);
                    self.block.phase = Phase::Reading;
                }
            }
            Phase::Reading => {
                room = self.room().bytes;
                if let Some(value) = self.lexer.more_data(chunk, self.block.data_len, room) {
                    self.append(b"", value);
                    room -= value.bytes.len();
                    if chunk.is_empty() {
                        return false;
                    }
                }
            }
            Phase::GivenOut | Phase::Skipping => return false,
        }
        loop {
            if !self.lexer.at_data(chunk) {
                return self.block.has_data && self.lexer.blank_line(chunk) && self.end_block();
            }
            let is_first = !self.block.has_data;
            if !is_first {
                self.store_data(held);
                let len = self.append_lines(chunk, room);
                room -= len;
                if len > 0 {
                    continue;
                }
                // A long one, or one for which the arena has to grow, or the chunk's last.
                let Some(less) = room.checked_sub(1) else {
                    return false;
                };
                room = less;
            }
            let Some((value, is_whole)) = self.lexer.data_piece(chunk, room) else {
                return false;
            };
            room -= value.bytes.len();
            if !is_first {
                self.append(b"\n", value);
            } else {
                self.block.phase = Phase::Reading;
                self.block.has_data = true;
                if is_whole {
                    held.data = Some(value.bytes);
                    self.block.data_len = value.bytes.len();
                } else {
                    self.append(b"", value);
                }
            }
            if !is_whole {
                return false;
            }
        }
    }

    /// [`lines`](Self::lines) as a call, where an inlined copy would not be worth its size.
    #[inline(never)]
    pub(super) fn lines_again<'c>(&mut self, chunk: &mut Chunk<'c>, held: &mut Held<'c>) -> bool {
        self.lines(chunk, held)
    }

    /// Takes heartbeats between two blocks. Returns whether there were any.
    pub(super) fn heartbeats(&mut self, chunk: &mut Chunk<'_>, wanted: Wanted) -> bool {
        let takes = wanted == Wanted::Events
            && self.block.phase == Phase::Fresh
            && FAST_PATHS
            && self.lexer.heartbeats(chunk);
        if takes {
            self.storage.release(0);
        }
        takes
    }

    /// Takes the type and the ID at the start of a block, at most one of each. Returns whether the
    /// block has one of the two.
    #[inline(always)]
    fn head<'c>(&mut self, chunk: &mut Chunk<'c>, held: &mut Held<'c>, room: &mut usize) -> bool {
        while self.lexer.at_line_start(chunk) {
            match chunk.peek() {
                Some(b'e') if held.event_type.is_none() => {
                    let Some(value) = self.lexer.line_named(chunk, b"event:", *room) else {
                        break;
                    };
                    held.event_type = Some(value.bytes);
                    *room -= value.bytes.len();
                }
                Some(b'i') if !self.block.has_id && self.kept.is_some() => {
                    let limit = self.storage.id_limit().min(*room);
                    let Some(value) = self.lexer.line_named(chunk, b"id:", limit) else {
                        break;
                    };
                    if !self.set_id(value.and_more, value.bytes.len()) {
                        // A void ID begins a block all the same.
                        if held.event_type.is_none() {
                            self.block.phase = Phase::Reading;
                        }
                        break;
                    }
                    *room -= value.bytes.len();
                }
                _ => break,
            }
        }
        held.event_type.is_some() || self.block.has_id
    }

    /// Takes short lines as long as they fit the arena without making it grow.
    fn append_lines(&mut self, chunk: &mut Chunk<'_>, room: usize) -> usize {
        let Block {
            data_len, type_len, ..
        } = self.block;
        let arena = self.storage.arena_mut(self.block.arena_len(), type_len);
        let end = arena.len().saturating_sub(type_len).min(data_len + room);
        let free = arena.get_mut(data_len..end).unwrap_or_default();
        let len = self.lexer.append_lines(chunk, free);
        self.block.data_len += len;
        len
    }

    #[inline]
    fn append<const N: usize>(&mut self, first: &[u8; N], value: Value<'_>) {
        let at = self.block.data_len;
        let len = N + value.bytes.len();
        let type_len = self.block.type_len;
        let arena = self.arena(len);
        let end = arena.len().saturating_sub(type_len);
        let arena = arena.get_mut(..end).unwrap_or_default();
        super::put(arena, at, first);
        put_short(arena, at + N, value.and_more, value.bytes.len());
        self.block.data_len += len;
    }
}
