//! The fast paths: lines of the usual kinds that lie whole in the chunk.
//!
//! Each does what the loop in [`Parser::advance`] would do for the same bytes, only without going
//! through tokens, and leaves to it whatever is unusual: what a fast path does not take, it has not
//! touched. With `--cfg sse_codec_slow_path` there are none.

use super::{Held, Parser, Phase, Storage, Wanted};
use crate::{Chunk, Field, copy::put_short, lexer::field_value};

/// For tests of the slow path alone.
#[allow(unexpected_cfgs, reason = "given by RUSTFLAGS")]
const OFF: bool = cfg!(sse_codec_slow_path);

impl<S: Storage> Parser<S> {
    /// A block of one data line.
    #[inline]
    pub(super) fn data_block<'c>(&mut self, chunk: &mut Chunk<'c>) -> Option<&'c [u8]> {
        if self.block.phase != Phase::Fresh {
            if self.block.phase != Phase::GivenOut {
                return None;
            }
            self.clear();
        }
        if OFF {
            return None;
        }
        let data = self.lexer.data_block(chunk, self.storage.limit())?;
        self.storage.release(data.len());
        Some(data)
    }

    /// Reads whole lines. Returns whether an event is complete.
    #[inline]
    pub(super) fn lines<'c>(
        &mut self,
        chunk: &mut Chunk<'c>,
        held: &mut Held<'c>,
        wanted: Wanted,
    ) -> bool {
        if self.block.phase == Phase::Skipping || OFF {
            return false;
        }
        if self.lexer.in_data() {
            match chunk.peek_line() {
                Some((line, after)) => {
                    if line.len() > self.room().bytes {
                        return false;
                    }
                    self.append(b"", line);
                    self.lexer.take_line(chunk, line, after);
                }
                None => {
                    let line = chunk.rest();
                    if line.len() > self.room().bytes {
                        return false;
                    }
                    self.append(b"", line);
                    self.lexer.cut_in_value(Field::Data, chunk);
                    return false;
                }
            }
        }
        while self.lexer.at_line_start(chunk) {
            let rest = chunk.rest();
            if rest.first_chunk() == Some(b"data:") {
                let Some((line, after)) = chunk.peek_line() else {
                    let value = field_value(rest, 5);
                    if rest.len() > 5 && value.len() < self.room().bytes {
                        if self.block.has_data {
                            self.store(held);
                            self.append(b"\n", value);
                        } else {
                            self.append(b"", value);
                        }
                        self.block.phase = Phase::Reading;
                        self.block.has_data = true;
                        self.lexer.cut_in_value(Field::Data, chunk);
                    }
                    return false;
                };
                let value = field_value(line, 5);
                if value.len() >= self.room().bytes {
                    return false;
                }
                self.lexer.take_line(chunk, line, after);
                if self.block.has_data {
                    self.store(held);
                    self.append(b"\n", value);
                } else {
                    held.data = Some(value);
                    self.block.phase = Phase::Reading;
                    self.block.has_data = true;
                    self.block.data_len = value.len();
                }
            } else if self.block.has_data && self.lexer.blank_line(chunk) {
                self.end_block();
                return true;
            } else if rest.first_chunk() == Some(b"event:") {
                let Some((line, after)) = chunk.peek_line() else {
                    return false;
                };
                let value = field_value(line, 6);
                if self.block.type_len != 0 || value.len() > self.room().bytes {
                    return false;
                }
                self.lexer.take_line(chunk, line, after);
                held.event_type = Some(value);
                self.block.phase = Phase::Reading;
                self.block.type_len = value.len();
            } else if rest.first_chunk() == Some(b"id:") {
                let Some((line, after)) = chunk.peek_line() else {
                    return false;
                };
                let value = field_value(line, 3);
                if value.len() > self.id_room().bytes || value.contains(&0) {
                    return false;
                }
                self.lexer.take_line(chunk, line, after);
                self.block.phase = Phase::Reading;
                self.block.has_id = true;
                self.block.id_len = value.len();
                let (slot, _) = self.storage.id_mut(self.kept.other(), value.len());
                put_short(slot, 0, value);
            } else if wanted == Wanted::Events
                && let [b':', ..] = rest
            {
                if self.block.phase == Phase::Fresh && self.lexer.heartbeats(chunk) {
                    continue;
                }
                let Some((line, after)) = chunk.peek_line() else {
                    return false;
                };
                self.lexer.take_line(chunk, line, after);
            } else {
                return false;
            }
        }
        false
    }

    #[inline]
    fn append(&mut self, first: &[u8], value: &[u8]) {
        let at = self.block.data_len;
        let len = first.len() + value.len();
        let type_len = self.block.type_len;
        let arena = self.arena(len);
        let end = arena.len().saturating_sub(type_len);
        let arena = arena.get_mut(..end).unwrap_or_default();
        super::put(arena, at, first);
        put_short(arena, at + first.len(), value);
        self.block.data_len += len;
    }
}
