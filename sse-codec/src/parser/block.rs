use super::Overflow;
use crate::{lexer::Piece, millis::Millis};

/// What the block being read has come to: counts and flags, the bytes are elsewhere.
#[derive(Clone)]
pub(super) struct Block {
    pub(super) phase: Phase,
    pub(super) has_data: bool,
    pub(super) has_id: bool,
    pub(super) has_retry: bool,
    /// The joined data, with an LF before each line but the first.
    pub(super) data_len: usize,
    pub(super) type_len: usize,
    pub(super) id_len: usize,
    /// How much of the type or ID that is being read has come.
    pub(super) line_len: usize,
    /// What a `retry` value has come to, and the digits so far.
    digits: Digits,
    time: Millis,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The block has not begun: nothing has to be cleared away.
    Fresh,
    Reading,
    /// The block is over and has been given out as an event, which may still be looked at. What is
    /// known of it is cleared away at the next call.
    GivenOut,
    /// The block has outgrown the storage; what is left of it means nothing.
    Skipping,
}

#[derive(Clone, Copy, Debug)]
enum Digits {
    None,
    Some,
    /// There was another byte among them.
    Invalid,
}

impl Block {
    pub(super) const fn new() -> Self {
        Self {
            phase: Phase::Fresh,
            has_data: false,
            has_id: false,
            has_retry: false,
            data_len: 0,
            type_len: 0,
            id_len: 0,
            line_len: 0,
            digits: Digits::None,
            time: Millis(0),
        }
    }

    /// How many bytes the limit counts beside the data. A value that is being read is one of them.
    pub(super) const fn len_beside_data(&self) -> usize {
        self.type_len + self.line_len + self.id_len
    }

    /// How many bytes of the block lie in the arena: all that the limit counts but the ID.
    pub(super) const fn arena_len(&self) -> usize {
        self.data_len + self.type_len + self.line_len
    }

    /// Reads a piece of a `retry` value: "If the field value consists of only ASCII digits, then
    /// interpret the field value as an integer in base ten".
    #[inline(never)]
    pub(super) fn read_time(&mut self, piece: Piece<'_>) {
        if piece.starts() {
            (self.digits, self.time) = (Digits::None, Millis(0));
        }
        for byte in piece.bytes() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                self.digits = Digits::Invalid;
            } else if matches!(self.digits, Digits::None) {
                self.digits = Digits::Some;
            }
            let time = self.time.0.saturating_mul(10);
            self.time = Millis(time.saturating_add(u64::from(digit)));
        }
    }

    /// The `retry` value that was read.
    pub(super) const fn time(&self) -> Option<Millis> {
        match self.digits {
            Digits::Some => Some(self.time),
            Digits::None | Digits::Invalid => None,
        }
    }
}

/// How much of a value still fits, and which bound says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) bytes: usize,
    pub(super) overflow: Overflow,
}
