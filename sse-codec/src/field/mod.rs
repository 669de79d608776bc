//! What a field is, and what its value may hold: both directions and `http` stand on this.

mod error;

pub use error::{InvalidField, InvalidLastEventId};

use crate::scan::may_be_forbidden;

/// The fields the standard knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Field {
    /// `event`: the event type.
    Event,
    /// `data`: one line of the data.
    Data,
    /// `id`: the event's ID.
    Id,
    /// `retry`: the reconnection time.
    Retry,
}

impl Field {
    /// The field's name on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Data => "data",
            Self::Id => "id",
            Self::Retry => "retry",
        }
    }

    /// The only field whose name starts with this byte.
    pub(crate) fn starting_with(byte: u8) -> Option<Self> {
        let mut fields = [Self::Event, Self::Data, Self::Id, Self::Retry].into_iter();
        fields.find(|field| field.name().as_bytes().first() == Some(&byte))
    }
}

/// Between a field's name and its value.
pub(crate) const COLON: u8 = b':';

/// May follow the colon, and is then no part of the value. A sender always writes it: a value that
/// begins with a space of its own would lose that one otherwise.
pub(crate) const SPACE: u8 = b' ';

/// The value in what follows the colon: "If value starts with a U+0020 SPACE character, remove it
/// from value."
#[inline]
pub(crate) const fn without_space(after_colon: &[u8]) -> &[u8] {
    match after_colon {
        [SPACE, value @ ..] => value,
        value => value,
    }
}

/// Where the name ends in what stands before a value: after its colon. `None` where there is no
/// colon.
pub(crate) const fn end_of_name(before_value: &[u8]) -> Option<usize> {
    match before_value {
        [name @ .., SPACE] if matches!(name, [.., COLON]) => Some(name.len()),
        [.., COLON] => Some(before_value.len()),
        _ => None,
    }
}

/// Whether a stream can carry this as an ID: "If the field value does not contain U+0000 NULL, then
/// set the last event ID buffer to the field value. Otherwise, ignore the field."
#[expect(clippy::manual_contains, reason = "code size")]
pub(crate) fn can_be_id(value: &[u8]) -> bool {
    !may_be_forbidden(value) || !value.iter().any(|byte| *byte == NUL)
}

/// In an ID it voids the field.
const NUL: u8 = 0;
