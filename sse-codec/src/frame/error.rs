use core::{error, fmt};

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
