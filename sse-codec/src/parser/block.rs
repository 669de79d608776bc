use super::Overflow;
use crate::Millis;

/// What the block being read has come to: counts and flags, the bytes are elsewhere.
#[derive(Clone)]
pub(super) struct Block {
    pub(super) phase: Phase,
    pub(super) has_data: bool,
    pub(super) has_id: bool,
    pub(super) has_retry: bool,
    /// The value being read has a NUL in it.
    pub(super) has_nul: bool,
    /// The joined data, with an LF before each line but the first.
    pub(super) data_len: usize,
    pub(super) type_len: usize,
    pub(super) id_len: usize,
    /// How much of the type or ID that is being read has come.
    pub(super) line_len: usize,
    pub(super) digits: Digits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// No field of the block has come yet.
    Fresh,
    Reading,
    /// The block is over and has been given out as an event, which may still be looked at.
    GivenOut,
    /// The block has outgrown the storage; what is left of it means nothing.
    Skipping,
}

impl Block {
    pub(super) const fn new() -> Self {
        Self {
            phase: Phase::Fresh,
            has_data: false,
            has_id: false,
            has_retry: false,
            has_nul: false,
            data_len: 0,
            type_len: 0,
            id_len: 0,
            line_len: 0,
            digits: Digits::None,
        }
    }

    /// How many bytes the limit counts beside the data, a value that is being read among them.
    pub(super) const fn len_beside_data(&self) -> usize {
        self.type_len + self.line_len + self.id_len
    }

    /// How many of them belong into the arena.
    pub(super) const fn arena_len(&self) -> usize {
        self.data_len + self.type_len + self.line_len
    }
}

/// A `retry` value as it is read: "If the field value consists of only ASCII digits, then interpret
/// the field value as an integer in base ten".
#[derive(Clone, Copy, Debug)]
pub(super) enum Digits {
    None,
    Some(u64),
    Invalid,
}

impl Digits {
    #[inline(never)]
    pub(super) fn push(&mut self, bytes: &[u8]) {
        for byte in bytes {
            *self = match (*self, byte) {
                (Self::None, b'0'..=b'9') => Self::Some(u64::from(byte - b'0')),
                (Self::Some(value), b'0'..=b'9') => Self::Some(
                    value
                        .saturating_mul(10)
                        .saturating_add(u64::from(byte - b'0')),
                ),
                _ => Self::Invalid,
            };
        }
    }

    pub(super) const fn value(self) -> Option<Millis> {
        match self {
            Self::Some(value) => Some(Millis(value)),
            Self::None | Self::Invalid => None,
        }
    }
}

/// How much of a value still fits, and which bound says so.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) bytes: usize,
    pub(super) overflow: Overflow,
}
