//! What a decoder is given and what it must find.

use std::hint::black_box;

/// A stream cut into chunks of one size.
///
/// The bytes are `'static`, so that peers built on `bytes::Bytes` get chunks that cost them no
/// reference count.
#[derive(Clone, Copy, Debug)]
pub struct Input {
    bytes: &'static [u8],
    chunk: usize,
}

impl Input {
    /// These bytes in chunks of this size.
    #[must_use]
    pub const fn new(bytes: &'static [u8], chunk: usize) -> Self {
        Self { bytes, chunk }
    }

    /// The chunks in their order.
    pub fn chunks(self) -> std::slice::Chunks<'static, u8> {
        self.bytes.chunks(self.chunk)
    }

    /// The length of the whole stream.
    #[must_use]
    pub const fn len(self) -> usize {
        self.bytes.len()
    }

    /// Whether there is no byte at all.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }
}

/// What a decoder found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that were dispatched.
    pub events: usize,
    /// Bytes of their data.
    pub data: usize,
    /// Bytes of their types, `message` where there was none.
    pub types: usize,
}

impl Counts {
    /// Takes an event as any application would: its type and its data are there to be read.
    #[inline]
    pub fn add(&mut self, event_type: &[u8], data: &[u8]) {
        self.events += 1;
        self.data += black_box(data).len();
        self.types += black_box(event_type).len();
    }
}
