//! Where a frame is written in one go.

use super::walk::Out;
use crate::copy::copy_prefix;

/// A line no longer than this is written as so many bytes: a few instructions, where a call of
/// `memcpy` takes dozens.
const SHORT: usize = 64;

/// A slice. Notes that it was too short and goes on without writing.
pub(super) struct SliceOut<'b> {
    buffer: &'b mut [u8],
    len: usize,
    fits: bool,
}

impl<'b> SliceOut<'b> {
    pub(super) const fn new(buffer: &'b mut [u8]) -> Self {
        Self {
            buffer,
            len: 0,
            fits: true,
        }
    }

    /// What has been written, if it is all.
    pub(super) fn finish(self) -> Option<&'b [u8]> {
        let Self { buffer, len, fits } = self;
        if fits { buffer.get(..len) } else { None }
    }
}

impl Out for SliceOut<'_> {
    #[inline]
    fn label<const N: usize>(&mut self, label: &[u8; N]) {
        match self
            .buffer
            .get_mut(self.len..)
            .and_then(|free| free.first_chunk_mut())
        {
            Some(room) => {
                *room = *label;
                self.len += N;
            }
            None => self.fits = false,
        }
    }

    #[inline]
    fn value(&mut self, value: &[u8]) {
        match self.buffer.get_mut(self.len..) {
            Some(free) if free.len() >= value.len() => self.len += copy_prefix(value, free),
            _ => self.fits = false,
        }
    }

    #[inline]
    fn line(&mut self, text: &[u8], len: usize) {
        match text.first_chunk::<SHORT>() {
            Some(more) if len <= SHORT => {
                let before = self.len;
                self.label(more);
                self.len = before + len;
            }
            _ => self.value(text.get(..len).unwrap_or_default()),
        }
    }
}

#[cfg(feature = "alloc")]
impl Out for alloc::vec::Vec<u8> {
    #[inline]
    fn label<const N: usize>(&mut self, label: &[u8; N]) {
        self.extend_from_slice(label);
    }

    #[inline]
    fn value(&mut self, value: &[u8]) {
        self.extend_from_slice(value);
    }

    #[inline]
    fn line(&mut self, text: &[u8], len: usize) {
        match text.first_chunk::<SHORT>() {
            Some(more) if len <= SHORT => {
                let before = self.len();
                self.extend_from_slice(more);
                self.truncate(before + len);
            }
            _ => self.value(text.get(..len).unwrap_or_default()),
        }
    }
}
