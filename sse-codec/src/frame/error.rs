use core::{error, fmt};

use crate::{
    Field,
    scan::{is_line_end, may_be_forbidden},
};

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
            // NUL has a line of the standard to itself: "If the field value does not contain U+0000
            // NULL, then set the last event ID buffer to the field value. Otherwise, ignore the
            // field."
            if is_line_end(byte) || (*byte == 0 && matches!(field, Field::Id)) {
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

/// A frame does not fit the buffer it should have been written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BufferTooSmall {
    /// How many bytes the frame has.
    pub needed: usize,
}

impl fmt::Display for BufferTooSmall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the frame needs a buffer of {} bytes", self.needed)
    }
}

impl error::Error for BufferTooSmall {}
