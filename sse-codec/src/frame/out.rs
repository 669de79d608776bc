//! Where a frame is written in one go.

use super::{
    Frame, Sink,
    walk::{COMMENT, DATA, END, TEXT},
};
use crate::{
    copy::{copy_prefix, part},
    scan::{for_each_line, may_have_lines},
    target::SMALL,
};

/// A line no longer than this is written as so many bytes: a few instructions, where a call of
/// `memcpy` takes dozens. Not the nearest of many lengths: which one that is no processor foresees.
const LONGEST: usize = 96;
/// The same near the end of the text.
const SHORT: usize = 64;

/// Writes the frame into `buffer`, if it fits. Bare metal takes the cursor for it, which is linked
/// anyway.
// Called from one place, or the compiler makes it a call that costs a short frame 20 instructions.
pub(super) fn encode<'b>(frame: &Frame<'_>, buffer: &'b mut [u8]) -> Option<&'b [u8]> {
    if SMALL {
        let mut cursor = frame.cursor();
        let len = cursor.copy_to(buffer);
        return buffer.get(..len).filter(|_| cursor.is_done());
    }
    let mut out = SliceOut {
        buffer,
        len: 0,
        fits: true,
    };
    write(frame, &mut out);
    let SliceOut { buffer, len, fits } = out;
    buffer.get(..len).filter(|_| fits)
}

/// Fills a sink of which nothing is known but that it takes bytes; all or nothing.
pub(super) fn fill<S: Sink + ?Sized>(frame: &Frame<'_>, sink: &mut S) -> Result<(), S::Error> {
    let start = sink.position();
    let mut taken = Ok(());
    for slice in frame.slices() {
        taken = sink.push_bytes(slice);
        if taken.is_err() {
            sink.rollback(start);
            break;
        }
    }
    taken
}

/// Takes a frame's bytes in order.
pub(super) trait Out<'f> {
    /// A label, a value, or what is left of one.
    fn put(&mut self, bytes: &'f [u8]);

    /// Takes a line of a text, and the label of the line after it. A sink may write the bytes behind
    /// the line too, and then write over them: the text goes on there, so the room is needed anyway.
    fn line<const N: usize>(
        &mut self,
        text: &'f [u8],
        start: usize,
        len: usize,
        label: &'static [u8; N],
    );
}

/// Writes a frame in one go: without a state to go on from, and with labels that the compiler
/// knows, it takes half as long as a [`Walk`](super::walk::Walk).
#[inline]
pub(super) fn write<'f>(frame: &'f Frame<'_>, out: &mut impl Out<'f>) {
    let mut is_first = true;
    for number in 0..TEXT {
        if let (label, Some(value)) = frame.part(number) {
            put_label(label, is_first, out);
            out.put(value);
            is_first = false;
        }
    }
    match frame.part(TEXT) {
        (_, None) => put_label(END, is_first, out),
        (_, Some(text)) if frame.is_comment => write_lines(text, COMMENT, is_first, out),
        (_, Some(text)) => write_lines(text, DATA, is_first, out),
    }
}

#[inline]
fn put_label<'f>(label: &'static [u8], is_first: bool, out: &mut impl Out<'f>) {
    match label {
        [_, label @ ..] if is_first => out.put(label),
        _ => out.put(label),
    }
}

/// Writes the lines of a text, each with this label, and the end of the frame.
#[inline]
fn write_lines<'f, const N: usize>(
    text: &'f [u8],
    label: &'static [u8; N],
    is_first: bool,
    out: &mut impl Out<'f>,
) {
    put_label(label, is_first, out);
    let mut from = 0;
    // Most texts are one line: then one look is all.
    if may_have_lines(text) {
        from = for_each_line(text, |start, len| out.line(text, start, len, label));
    }
    out.put(text.get(from..).unwrap_or_default());
    out.put(END);
}

/// Calls a function with each piece that is not empty.
pub(super) struct Each<F>(pub(super) F);

impl<'f, F: FnMut(&'f [u8])> Out<'f> for Each<F> {
    #[inline]
    fn put(&mut self, bytes: &'f [u8]) {
        if !bytes.is_empty() {
            self.0(bytes);
        }
    }

    #[inline]
    fn line<const N: usize>(
        &mut self,
        text: &'f [u8],
        start: usize,
        len: usize,
        label: &'static [u8; N],
    ) {
        self.put(part(text, start, len));
        self.put(label);
    }
}

/// A line that is short, with what follows it.
#[inline]
fn short_line<const M: usize>(text: &[u8], start: usize, len: usize) -> Option<&[u8; M]> {
    if len > M {
        return None;
    }
    text.get(start..)?.first_chunk()
}

/// Fills a slice. When a piece does not fit, `fits` becomes false, and what the slice holds means
/// nothing.
struct SliceOut<'b> {
    buffer: &'b mut [u8],
    len: usize,
    fits: bool,
}

impl Out<'_> for SliceOut<'_> {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        match self.buffer.get_mut(self.len..) {
            Some(free) if free.len() >= bytes.len() => self.len += copy_prefix(bytes, free),
            _ => self.fits = false,
        }
    }

    #[inline]
    fn line<const N: usize>(
        &mut self,
        text: &[u8],
        start: usize,
        len: usize,
        label: &'static [u8; N],
    ) {
        let is_short = self.short_line::<LONGEST, { LONGEST + 8 }, N>(text, start, len, label)
            || self.short_line::<SHORT, { SHORT + 8 }, N>(text, start, len, label);
        if !is_short {
            self.put(part(text, start, len));
            self.put(label);
        }
    }
}

impl SliceOut<'_> {
    /// Writes a line and the label after it as `M` and `N` bytes. Returns whether there is room for
    /// these, and the text has as many.
    #[inline]
    fn short_line<const M: usize, const ROOM: usize, const N: usize>(
        &mut self,
        text: &[u8],
        start: usize,
        len: usize,
        label: &'static [u8; N],
    ) -> bool {
        const { assert!(M + N <= ROOM) };
        let Some(line) = short_line::<M>(text, start, len) else {
            return false;
        };
        let room = self.buffer.get_mut(self.len..);
        let Some(room) = room.and_then(|room| room.first_chunk_mut::<ROOM>()) else {
            return false;
        };
        if let Some(room) = room.first_chunk_mut() {
            *room = *line;
        }
        if let Some(room) = room.get_mut(len..).and_then(|room| room.first_chunk_mut()) {
            *room = *label;
        }
        self.len += len + N;
        true
    }
}

/// A vector by any name.
#[cfg(feature = "alloc")]
macro_rules! vector_out {
    ($vec:ty) => {
        impl Out<'_> for $vec {
            #[inline]
            fn put(&mut self, bytes: &[u8]) {
                self.extend_from_slice(bytes);
            }

            #[inline]
            fn line<const N: usize>(
                &mut self,
                text: &[u8],
                start: usize,
                len: usize,
                label: &'static [u8; N],
            ) {
                let before = self.len();
                if let Some(line) = short_line::<LONGEST>(text, start, len) {
                    self.extend_from_slice(line);
                    self.truncate(before + len);
                } else if let Some(line) = short_line::<SHORT>(text, start, len) {
                    self.extend_from_slice(line);
                    self.truncate(before + len);
                } else {
                    self.extend_from_slice(part(text, start, len));
                }
                self.extend_from_slice(label);
            }
        }
    };
}

#[cfg(feature = "alloc")]
vector_out!(alloc::vec::Vec<u8>);
#[cfg(feature = "bytes")]
vector_out!(bytes::BytesMut);
