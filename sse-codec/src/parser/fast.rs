//! The fast paths: what is usual, and lies whole in the chunk.
//!
//! Each does what the loop in [`Parser::advance`] would do for the same bytes, only without going
//! through tokens, and leaves to it whatever is unusual: of a line that a fast path does not take, it
//! has taken nothing. With `--cfg sse_codec_slow_path` there are none.

use super::{Block, Held, Parser, Phase, Storage, Wanted};
use crate::{Chunk, copy::put_short, lexer::Value};

/// On bare metal, where they would double the size of the parser, and for tests of the slow path
/// alone.
#[allow(unexpected_cfgs, reason = "given by RUSTFLAGS")]
const OFF: bool = cfg!(any(target_os = "none", sse_codec_slow_path));

impl<S: Storage> Parser<S> {
    /// A block of one data line.
    #[inline]
    pub(super) fn data_block<'c>(&mut self, chunk: &mut Chunk<'c>) -> Option<&'c [u8]> {
        if OFF {
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

    /// What is left of a data line, a type and an ID, data lines, also such as a chunk's end cuts,
    /// and the blank line after them. Returns whether an event is complete.
    #[inline]
    pub(super) fn lines<'c>(&mut self, chunk: &mut Chunk<'c>, held: &mut Held<'c>) -> bool {
        if self.block.phase == Phase::Skipping || OFF {
            return false;
        }
        let mut room = self.room().bytes;
        if let Some(value) = self.lexer.more_data(chunk, room) {
            self.append(b"", value);
            room -= value.len;
            if chunk.is_empty() {
                return false;
            }
        }
        while self.lexer.at_line_start(chunk)
            && match chunk.peek() {
                Some(b'e') => self.type_line(chunk, &mut room, held),
                Some(b'i') => self.id_line(chunk, &mut room),
                _ => false,
            }
        {
            self.block.phase = Phase::Reading;
        }
        if !self.block.has_data {
            // Without a type or an ID `next_event` has tried it.
            if self.block.phase == Phase::Reading
                && let Some(data) = self.lexer.data_block(chunk, room)
            {
                held.data = Some(data);
                self.block.has_data = true;
                self.block.data_len = data.len();
                return self.end_block();
            }
            if let Some(value) = self.lexer.data_line(chunk, room) {
                held.data = Some(value.bytes());
                self.block.phase = Phase::Reading;
                self.block.has_data = true;
                self.block.data_len = value.len;
                room -= value.len;
            }
        }
        if self.block.has_data {
            while self.lexer.at_data(chunk) {
                self.store_data(held);
                let len = self.append_lines(chunk, room);
                room -= len;
                if len == 0 {
                    // A long one, or one for which the arena has to grow.
                    let Some(less) = room.checked_sub(1) else {
                        break;
                    };
                    let Some(value) = self.lexer.data_line(chunk, less) else {
                        break;
                    };
                    self.append(b"\n", value);
                    room = less - value.len;
                }
            }
            if self.lexer.blank_line(chunk) {
                self.end_block();
                return true;
            }
        }
        if let Some(less) = room.checked_sub(1)
            && let Some(value) = self.lexer.cut_data(chunk, less)
        {
            if self.block.has_data {
                self.store_data(held);
                self.append(b"\n", value);
            } else {
                self.block.phase = Phase::Reading;
                self.block.has_data = true;
                self.append(b"", value);
            }
        }
        false
    }

    /// Heartbeats between two blocks.
    pub(super) fn heartbeats(&mut self, chunk: &mut Chunk<'_>, wanted: Wanted) -> bool {
        let takes = wanted == Wanted::Events
            && self.block.phase == Phase::Fresh
            && !OFF
            && self.lexer.heartbeats(chunk);
        if takes {
            self.storage.release(0);
        }
        takes
    }

    #[inline]
    fn type_line<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        room: &mut usize,
        held: &mut Held<'c>,
    ) -> bool {
        // In place of the block's earlier one.
        let most = *room + self.block.type_len;
        let Some(value) = self.lexer.short_line(chunk, b"event:", most) else {
            return false;
        };
        *room = most - value.len;
        self.block.type_len = value.len;
        held.event_type = Some(value.bytes());
        true
    }

    #[inline]
    fn id_line(&mut self, chunk: &mut Chunk<'_>, room: &mut usize) -> bool {
        let most = *room + self.block.id_len;
        let limit = most.min(self.storage.id_limit());
        let Some(value) = self.lexer.short_line(chunk, b"id:", limit) else {
            return false;
        };
        if self.set_id(value.and_more, value.len) {
            *room = most - value.len;
        }
        true
    }

    /// Takes short lines while they fit what there is of the arena.
    fn append_lines(&mut self, chunk: &mut Chunk<'_>, room: usize) -> usize {
        let Block {
            data_len, type_len, ..
        } = self.block;
        let arena = self.storage.arena_mut(self.block.arena_len(), type_len);
        let end = arena.len().saturating_sub(type_len);
        let free = arena.get_mut(data_len..end).unwrap_or_default();
        let len = self.lexer.append_lines(chunk, free, room);
        self.block.data_len += len;
        len
    }

    #[inline]
    fn append<const N: usize>(&mut self, first: &[u8; N], value: Value<'_>) {
        let at = self.block.data_len;
        let len = N + value.len;
        let type_len = self.block.type_len;
        let arena = self.arena(len);
        let end = arena.len().saturating_sub(type_len);
        let arena = arena.get_mut(..end).unwrap_or_default();
        super::put(arena, at, first);
        put_short(arena, at + N, value.and_more, value.len);
        self.block.data_len += len;
    }
}
