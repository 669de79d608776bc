use core::{error, fmt};

use super::{Field, NUL};
use crate::scan::{is_line_end, may_be_forbidden};

/// A value that no event stream can carry: it would end its line, and what follows would be taken
/// for fields of the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvalidField {
    /// The field the value was meant for.
    pub field: Field,
    /// The byte it cannot contain.
    pub byte: u8,
    /// That byte's index in the value.
    pub position: usize,
}

impl InvalidField {
    /// The first byte that `field` cannot contain.
    pub(crate) const fn check(field: Field, value: &[u8]) -> Result<(), Self> {
        if !may_be_forbidden(value) {
            return Ok(());
        }
        let mut rest = value;
        while let [byte, tail @ ..] = rest {
            if is_line_end(byte) || (*byte == NUL && matches!(field, Field::Id)) {
                return Err(Self {
                    field,
                    byte: *byte,
                    position: value.len() - rest.len(),
                });
            }
            rest = tail;
        }
        Ok(())
    }
}

impl fmt::Display for InvalidField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let byte = match self.byte {
            b'\r' => "CR",
            b'\n' => "LF",
            _ => "NUL",
        };
        let field = self.field.name();
        write!(f, "{byte} at {} in the `{field}` field", self.position)
    }
}

impl error::Error for InvalidField {}

/// What cannot be a last event ID: one that a parser should [start
/// with](crate::Parser::set_last_event_id), or that [came in a request](crate::http::last_event_id).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidLastEventId {
    /// It is longer than the parser can hold.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// It contains a byte that no event stream can put into an ID: NUL, CR or LF.
    Forbidden {
        /// The byte.
        byte: u8,
        /// Its index.
        position: usize,
    },
}

impl InvalidLastEventId {
    pub(crate) const fn check(id: &[u8]) -> Result<(), Self> {
        match InvalidField::check(Field::Id, id) {
            Ok(()) => Ok(()),
            Err(InvalidField { byte, position, .. }) => Err(Self::Forbidden { byte, position }),
        }
    }
}

impl fmt::Display for InvalidLastEventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { limit } => {
                write!(f, "last event ID longer than the limit of {limit} bytes")
            }
            Self::Forbidden { byte, position } => {
                write!(f, "byte {byte:#04x} at {position} cannot be in an ID")
            }
        }
    }
}

impl error::Error for InvalidLastEventId {}
