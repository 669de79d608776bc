use core::{error, fmt};

use crate::Field;

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
        // This is a `const fn`, which cannot call `memchr`, and byte by byte it takes as long as all
        // else that there is to do for a small event.
        if !may_have_any(field, value) {
            return Ok(());
        }
        let mut rest = value;
        while let [byte, tail @ ..] = rest {
            // NUL has a line of the standard to itself: "If the field value does not contain U+0000
            // NULL, then set the last event ID buffer to the field value. Otherwise, ignore the
            // field."
            if matches!(byte, b'\r' | b'\n') || (*byte == 0 && matches!(field, Field::Id)) {
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

/// Whether the value may have a byte that `field` cannot contain: eight bytes at a time, the last
/// eight of them once more. Says so of some that have none, and of all that are short.
const fn may_have_any(field: Field, value: &[u8]) -> bool {
    let (Some(last), mut rest) = (value.last_chunk(), value) else {
        return match (value.first_chunk::<4>(), value.last_chunk::<4>()) {
            (Some(a), Some(b)) => {
                let (a, b) = (u32::from_ne_bytes(*a) as u64, u32::from_ne_bytes(*b) as u64);
                has_any(field, a << 32 | b)
            }
            _ => true,
        };
    };
    while let Some((eight, tail)) = rest.split_first_chunk() {
        if has_any(field, u64::from_ne_bytes(*eight)) {
            return true;
        }
        rest = tail;
    }
    has_any(field, u64::from_ne_bytes(*last))
}

const fn has_any(field: Field, eight: u64) -> bool {
    const EACH: u64 = 0x0101_0101_0101_0101;
    /// The highest bit of each byte that is zero, and perhaps of others if there is one.
    const fn zeros(eight: u64) -> u64 {
        eight.wrapping_sub(EACH) & !eight & (EACH << 7)
    }
    let line_ends = zeros(eight ^ (EACH * b'\n' as u64)) | zeros(eight ^ (EACH * b'\r' as u64));
    line_ends != 0 || (matches!(field, Field::Id) && zeros(eight) != 0)
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
