use std::io::IoSlice;

use bytes::Buf;

use super::{Cursor, Frame};

/// A [`Frame`] as a [`Buf`]. Its length is counted once, when it is made, so that
/// [`remaining`](Buf::remaining) is a look at a number.
#[derive(Clone, Debug)]
pub struct FrameBuf<'a> {
    cursor: Cursor<'a>,
    remaining: usize,
}

impl<'a> FrameBuf<'a> {
    pub(super) fn new(frame: &Frame<'a>) -> Self {
        Self {
            cursor: frame.cursor(),
            remaining: frame.encoded_len(),
        }
    }
}

/// Advancing past the end stays at the end.
impl Buf for FrameBuf<'_> {
    fn remaining(&self) -> usize {
        self.remaining
    }

    fn chunk(&self) -> &[u8] {
        self.cursor.chunk()
    }

    /// Gives all slices of the frame. The provided method would give the first one only, and
    /// `Chain` would then put the next buffer behind that slice, in the middle of the frame.
    fn chunks_vectored<'s>(&'s self, slices: &mut [IoSlice<'s>]) -> usize {
        let mut count = 0;
        for (into, slice) in slices.iter_mut().zip(self.cursor.slices()) {
            *into = IoSlice::new(slice);
            count += 1;
        }
        count
    }

    fn advance(&mut self, count: usize) {
        self.cursor.advance(count);
        self.remaining = self.remaining.saturating_sub(count);
    }
}
