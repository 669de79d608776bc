use core::iter::FusedIterator;

use super::{
    Frame,
    out::{Each, write},
    walk::Walk,
};
use crate::{copy::copy_prefix, target::SMALL};

/// The bytes of a [`Frame`] in order, as slices: labels, values and line ends. None is empty.
#[derive(Clone, Debug)]
pub struct Slices<'f> {
    frame: &'f Frame<'f>,
    walk: Walk,
    /// None has been given out.
    is_whole: bool,
}

impl<'f> Slices<'f> {
    pub(super) const fn new(frame: &'f Frame<'f>) -> Self {
        Self {
            frame,
            walk: Walk::new(frame),
            is_whole: true,
        }
    }
}

impl<'f> Iterator for Slices<'f> {
    type Item = &'f [u8];

    #[inline]
    fn next(&mut self) -> Option<&'f [u8]> {
        self.is_whole = false;
        if self.walk.is_done() {
            return None;
        }
        Some(self.walk.take(self.frame, usize::MAX))
    }

    /// Writes the frame in one go, when no slice has been taken yet: that takes half as long.
    #[inline]
    fn for_each<F: FnMut(Self::Item)>(self, mut f: F) {
        if self.is_whole && !SMALL {
            write(self.frame, &mut Each(f));
        } else {
            for slice in self {
                f(slice);
            }
        }
    }
}

impl FusedIterator for Slices<'_> {}

/// A [`Frame`] on its way out. It remembers how far it has been written, so a buffer of any size will
/// do, one byte and up. There is one pass over the frame, however many buffers it takes.
///
/// ```
/// use sse_codec::{Event, Frame};
///
/// let mut uart = Vec::new();
/// let mut cursor = Frame::event(Event::new(b"a longer reading"))?.cursor();
/// while !cursor.is_done() {
///     let mut buffer = [0; 4];
///     let len = cursor.copy_to(&mut buffer);
///     uart.extend_from_slice(&buffer[..len]);
/// }
/// assert_eq!(uart, b"data: a longer reading\n\n");
/// # Ok::<(), sse_codec::InvalidField>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    frame: Frame<'a>,
    walk: Walk,
}

impl<'a> Cursor<'a> {
    pub(super) const fn new(frame: &Frame<'a>) -> Self {
        Self {
            frame: *frame,
            walk: Walk::new(frame),
        }
    }

    /// Whether all of the frame has been written.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.walk.is_done()
    }

    /// What can be written next without a copy. Empty only when the frame [is done](Self::is_done).
    #[must_use]
    pub fn chunk(&self) -> &[u8] {
        self.walk.chunk(&self.frame)
    }

    /// All that is left, as slices: for a vectored write. None is empty.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        Slices {
            frame: &self.frame,
            walk: self.walk.clone(),
            is_whole: false,
        }
    }

    /// Notes that `count` bytes have been written. At the end of the frame it stays there.
    pub fn advance(&mut self, mut count: usize) {
        while count > 0 && !self.is_done() {
            count -= self.walk.take(&self.frame, count).len();
        }
    }

    /// Fills `buffer` with what comes next and returns how many bytes that were: all of the buffer,
    /// or less where the frame ends.
    pub fn copy_to(&mut self, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        while let Some(free) = buffer.get_mut(filled..)
            && !free.is_empty()
            && !self.is_done()
        {
            filled += copy_prefix(self.walk.take(&self.frame, free.len()), free);
        }
        filled
    }
}

/// Gives the frame's bytes, then the end of the file: `std::io::copy` writes a frame to a
/// `std::io::Write`.
#[cfg(feature = "std")]
impl std::io::Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        Ok(self.copy_to(buffer))
    }
}
