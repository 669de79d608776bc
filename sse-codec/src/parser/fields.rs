//! What each field does to the block, and whether it still fits.

use super::{Block, Bound, Held, Overflow, Parser, Phase, Storage, block::Room};
use crate::{
    chunk::Chunk,
    copy::{copy_within, part, put, put_short},
    field::{can_be_id, end_of_name},
    lexer::Piece,
    millis::Millis,
};

impl<S: Storage> Parser<S> {
    /// "If the field name is "data": Append the field value to the data buffer, then append a
    /// single U+000A LINE FEED (LF) character to the data buffer." Here the LF comes before every
    /// line but the first, so that there is none to remove at the end.
    pub(super) fn data<'c>(
        &mut self,
        piece: Piece<'c>,
        chunk: &mut Chunk<'c>,
        held: &mut Held<'c>,
    ) -> Result<(), Overflow> {
        let first = piece.starts() && !self.block.has_data;
        if piece.starts() && self.block.has_data {
            let room = self.room();
            if room.bytes == 0 {
                return Err(self.overflow(piece, named_at(piece, chunk), chunk, room.overflow));
            }
            self.store(held);
            self.append_data(b"\n");
        }
        self.block.has_data = true;
        self.check(piece, chunk, self.room())?;
        if first && piece.ends() {
            self.block.data_len = piece.bytes().len();
            held.data = Some(piece.bytes());
        } else {
            self.store(held);
            self.append_data(piece.bytes());
        }
        Ok(())
    }

    /// "If the field name is "event": Set the event type buffer to the field value." "If the field
    /// name is "id": If the field value does not contain U+0000 NULL, then set the last event ID
    /// buffer to the field value. Otherwise, ignore the field."
    ///
    /// A value that does not lie whole in the chunk is collected behind the data. When its line ends,
    /// the value is moved to its own place.
    pub(super) fn type_or_id<'c>(
        &mut self,
        is_id: bool,
        piece: Piece<'c>,
        chunk: &mut Chunk<'c>,
        held: &mut Held<'c>,
    ) -> Result<(), Overflow> {
        if piece.starts() && !is_id {
            self.block.type_len = 0;
            held.event_type = None;
        }
        let room = if is_id { self.id_room() } else { self.room() };
        self.check(piece, chunk, room)?;
        let bytes = piece.bytes();
        if !piece.is_whole() {
            self.store(held);
            let at = self.block.data_len + self.block.line_len;
            put(self.arena(bytes.len()), at, bytes);
            self.block.line_len += bytes.len();
            if piece.ends() {
                self.set_from_arena(is_id);
            }
        } else if !is_id {
            self.block.type_len = bytes.len();
            held.event_type = Some(bytes);
        } else {
            self.set_id(bytes, bytes.len());
        }
        Ok(())
    }

    /// Sets the block's ID to the first `len` bytes, unless there is a NUL in it. Returns whether it
    /// did.
    #[inline]
    pub(super) fn set_id(&mut self, and_more: &[u8], len: usize) -> bool {
        if !can_be_id(part(and_more, 0, len)) {
            return false;
        }
        let (id, _) = self.storage.id_mut(self.slot().other(), len);
        put_short(id, 0, and_more, len);
        self.block.id_len = len;
        self.block.has_id = true;
        true
    }

    fn set_from_arena(&mut self, is_id: bool) {
        let Block {
            data_len, line_len, ..
        } = self.block;
        self.block.line_len = 0;
        if !is_id {
            let arena = self.storage.arena_mut(0, 0);
            let end = arena.len().saturating_sub(line_len);
            copy_within(arena, data_len, line_len, end);
            self.block.type_len = line_len;
        } else if can_be_id(part(self.storage.arena(), data_len, line_len)) {
            let (id, arena) = self.storage.id_mut(self.slot().other(), line_len);
            put(id, 0, part(arena, data_len, line_len));
            self.block.id_len = line_len;
            self.block.has_id = true;
        }
    }

    /// "If the field name is "retry": If the field value consists of only ASCII digits, then
    /// interpret the field value as an integer in base ten, and set the event stream's
    /// reconnection time to that integer. Otherwise, ignore the field."
    pub(super) fn reconnection_time(&mut self, piece: Piece<'_>) -> Option<Millis> {
        self.block.read_time(piece);
        if !piece.ends() {
            return None;
        }
        let time = self.block.time()?;
        self.retry = Some(time);
        self.block.has_retry = true;
        Some(time)
    }

    /// What may still be added to the block.
    #[inline]
    pub(super) fn room(&self) -> Room {
        let mut room = self.room_beside(self.block.len_beside_data());
        // The data's length is subtracted on its own. A sum of all lengths would be read with one wide
        // load, and that has to wait until the length written last has reached the cache.
        room.bytes = room.bytes.saturating_sub(self.block.data_len);
        room
    }

    /// What may still be added to the ID being read. An earlier ID of the block no longer counts; the
    /// new one has to fit its slot too.
    #[inline]
    pub(super) fn id_room(&self) -> Room {
        let mut room = self.room_beside(self.block.arena_len());
        let limit = self.storage.id_limit();
        let bytes = limit.saturating_sub(self.block.line_len);
        if bytes < room.bytes {
            room = Room {
                bytes,
                overflow: Overflow {
                    bound: Bound::LastEventId,
                    limit,
                },
            };
        }
        room
    }

    fn room_beside(&self, counted: usize) -> Room {
        let limit = self.storage.limit();
        Room {
            bytes: limit.saturating_sub(counted),
            overflow: Overflow {
                bound: Bound::Event,
                limit,
            },
        }
    }

    /// Whether the piece fits.
    fn check(
        &mut self,
        piece: Piece<'_>,
        chunk: &mut Chunk<'_>,
        room: Room,
    ) -> Result<(), Overflow> {
        let len = piece.bytes().len();
        if len <= room.bytes {
            return Ok(());
        }
        let start = chunk.position() - usize::from(piece.ends()) - len;
        Err(self.overflow(piece, start + room.bytes + 1, chunk, room.overflow))
    }

    /// Drops the block and goes back to the byte that was one too many.
    #[cold]
    #[inline(never)]
    fn overflow(
        &mut self,
        piece: Piece<'_>,
        position: usize,
        chunk: &mut Chunk<'_>,
        overflow: Overflow,
    ) -> Overflow {
        self.clear();
        self.block.phase = Phase::Skipping;
        let line_is_over = piece.ends() && position == chunk.position();
        if !line_is_over {
            chunk.seek(position);
            self.lexer.ignore_line();
        }
        overflow
    }

    /// Copies what is held to the storage.
    pub(super) fn store(&mut self, held: &mut Held<'_>) {
        self.store_data(held);
        if let Some(event_type) = held.event_type.take() {
            let arena = self.arena(0);
            put(
                arena,
                arena.len().saturating_sub(event_type.len()),
                event_type,
            );
        }
    }

    #[inline]
    pub(super) fn store_data(&mut self, held: &mut Held<'_>) {
        if let Some(data) = held.data.take() {
            put(self.arena(0), 0, data);
        }
    }

    fn append_data(&mut self, bytes: &[u8]) {
        let at = self.block.data_len;
        put(self.arena(bytes.len()), at, bytes);
        self.block.data_len += bytes.len();
    }

    /// The arena, with room for what it holds of the block and this much more.
    #[inline]
    pub(super) fn arena(&mut self, more: usize) -> &mut [u8] {
        self.storage
            .arena_mut(self.block.arena_len() + more, self.block.type_len)
    }
}

/// Where the name of a line is complete whose value begins with this piece: after the colon or, in a
/// line without one, after the line end.
fn named_at(piece: Piece<'_>, chunk: &Chunk<'_>) -> usize {
    let value = chunk.position() - usize::from(piece.ends()) - piece.bytes().len();
    let colon = chunk.read().get(..value).and_then(end_of_name);
    colon.unwrap_or_else(|| chunk.position())
}
