//! The fast paths: what is usual, and lies whole in the chunk.
//!
//! Each does what the loop in [`Parser::advance`] would do for the same bytes, only without going
//! through tokens, and leaves to it whatever is unusual: what a fast path does not take, it has not
//! touched. With `--cfg sse_codec_slow_path` there are none.

use super::{Held, Parser, Phase, Ready, Storage, Wanted};
use crate::{
    Chunk,
    copy::put_short,
    lexer::{TypedBlock, Value},
};

/// On bare metal, where they would double the size of the parser, and for tests of the slow path
/// alone.
#[allow(unexpected_cfgs, reason = "given by RUSTFLAGS")]
const OFF: bool = cfg!(any(target_os = "none", sse_codec_slow_path));

impl<S: Storage> Parser<S> {
    /// A block of one data line.
    #[inline]
    pub(super) fn data_block<'c>(&mut self, chunk: &mut Chunk<'c>) -> Option<&'c [u8]> {
        if self.block.phase != Phase::Fresh || OFF {
            return None;
        }
        let data = self.lexer.data_block(chunk, self.storage.limit())?;
        self.storage.release(data.len());
        Some(data)
    }

    /// A block of one data line with a type and an ID before it.
    #[inline]
    pub(super) fn typed_block<'c>(&mut self, chunk: &mut Chunk<'c>) -> Option<Ready<'c>> {
        if self.block.phase != Phase::Fresh || OFF {
            return None;
        }
        let (limit, id_limit) = (self.storage.limit(), self.storage.id_limit());
        let TypedBlock {
            event_type,
            id,
            data,
        } = self.lexer.typed_block(chunk, limit, id_limit)?;
        if let Some(id) = id {
            let slot = self.kept.other();
            put_short(self.storage.id_mut(slot, id.len).0, 0, id.and_more, id.len);
            self.kept = slot;
            self.kept_len = id.len;
            self.block.has_id = true;
            self.block.data_len = data.len();
            self.block.phase = Phase::GivenOut;
        } else {
            self.storage.release(data.len());
        }
        Some(Ready {
            held: Held {
                data: Some(data),
                event_type,
            },
        })
    }

    /// Data lines, also such as a chunk's end cuts, and the blank line after them. Returns whether an
    /// event is complete.
    #[inline]
    pub(super) fn data_lines<'c>(&mut self, chunk: &mut Chunk<'c>, held: &mut Held<'c>) -> bool {
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
        if !self.block.has_data
            && let Some(value) = self.lexer.data_line(chunk, room)
        {
            held.data = Some(value.bytes());
            self.block.phase = Phase::Reading;
            self.block.has_data = true;
            self.block.data_len = value.len;
            room -= value.len;
        }
        if self.block.has_data {
            while let Some(less) = room.checked_sub(1)
                && let Some(value) = self.lexer.data_line(chunk, less)
            {
                self.store_data(held);
                self.append(b"\n", value);
                room = less - value.len;
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
