//! What the fuzz targets share.
//!
//! Every input means something: a target takes what it needs from the front, and what is missing is
//! zero or empty. Long values come last and as they are, so that the dictionary and the seeds, which
//! are pieces of streams, stay what they are under mutation.

pub mod client;
pub mod connection;
pub mod decoding;
pub mod encoding;
pub mod headers;
pub mod producing;
mod transport;

#[path = "../../sse-codec/tests/common/drive.rs"]
pub mod drive;
#[path = "../../sse-codec/tests/common/oracle.rs"]
#[allow(dead_code)]
pub mod oracle;

/// The bytes from the fuzzer that have not been used yet.
pub struct Input<'a>(pub &'a [u8]);

impl<'a> Input<'a> {
    pub fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    pub fn number(&mut self) -> u64 {
        let bytes = self.take(8).iter();
        bytes.fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    /// Up to 255 bytes, after a byte that says how many.
    pub fn sized(&mut self) -> &'a [u8] {
        let len = self.byte();
        self.take(len.into())
    }

    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// `bytes` in pieces of these sizes, which are used again and again until nothing is left. A size of
/// zero is an empty piece; without sizes it stays whole.
pub fn pieces<'a>(bytes: &'a [u8], sizes: &[u8]) -> Vec<&'a [u8]> {
    let mut rest = Input(bytes);
    let mut pieces = Vec::new();
    if sizes.iter().any(|size| *size > 0) {
        let mut sizes = sizes.iter().cycle();
        while !rest.0.is_empty()
            && let Some(size) = sizes.next()
        {
            pieces.push(rest.take(usize::from(*size)));
        }
    }
    pieces.push(rest.rest());
    pieces
}
