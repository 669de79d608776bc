//! How a frame is laid out, and the way through it that can stop anywhere.

use super::Frame;
use crate::scan::after_line_end;
#[cfg(not(feature = "simd"))]
use crate::scan::line_end;
#[cfg(feature = "simd")]
use crate::scan::{LineEnds, NONE};

/// Between the lines of data.
pub(super) const DATA: &[u8; 7] = b"\ndata: ";
/// Between the lines of a comment.
pub(super) const COMMENT: &[u8; 2] = b"\n:";
/// The end of the last line, and the blank line.
pub(super) const END: &[u8; 2] = b"\n\n";

/// The parts of a frame by number: so many fields, the text, and the end.
pub(super) const TEXT: u8 = 3;
const LAST: u8 = 4;
const DONE: u8 = 5;

impl Frame<'_> {
    /// The layout: the parts of a frame in their order, each of them a label and a value. A part
    /// without a value is left out. A label begins with the LF that ends the line before it; there
    /// is no line before the frame's first label, so the first one is written without its LF. The
    /// label of a text stands before each line of the text.
    #[inline]
    pub(super) const fn part(&self, number: u8) -> (&'static [u8], Option<&[u8]>) {
        match number {
            0 => (b"\nevent: ", self.event_type),
            1 => (b"\nid: ", self.id),
            2 => (b"\nretry: ", self.retry.as_bytes()),
            TEXT if self.is_comment => (COMMENT, self.text),
            TEXT => (DATA, self.text),
            LAST => (END, Some(b"")),
            _ => (b"", Some(b"")),
        }
    }

    /// The first part from this number on that is there.
    #[cfg_attr(target_os = "none", inline(never))]
    const fn part_from(&self, mut number: u8) -> u8 {
        while self.part(number).1.is_none() {
            number += 1;
        }
        number
    }
}

/// How much of a frame has been written. A walk belongs to one frame: asked about another, it gives
/// other parts.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    part: u8,
    /// How much of the label has been written.
    label: u8,
    /// What is left of the line, in the value of the part. Where it ends is known when its label
    /// has been written.
    from: usize,
    to: usize,
    #[cfg(feature = "simd")]
    ends: LineEnds,
}

impl Walk {
    pub(super) const fn new(frame: &Frame<'_>) -> Self {
        Self {
            part: frame.part_from(0),
            label: 1,
            from: 0,
            to: 0,
            #[cfg(feature = "simd")]
            ends: LineEnds::new(),
        }
    }

    /// Nothing is left but the blank line, or less.
    pub(super) const fn is_at_end(&self) -> bool {
        self.part >= LAST
    }

    pub(super) const fn is_done(&self) -> bool {
        self.part >= DONE
    }

    /// What comes next. Empty only when it is done.
    #[inline]
    pub(super) fn chunk<'f>(&self, frame: &'f Frame<'_>) -> &'f [u8] {
        let (label, value) = frame.part(self.part);
        match label.get(usize::from(self.label)..) {
            Some(label) if !label.is_empty() => label,
            _ => value
                .and_then(|value| value.get(self.from..self.to))
                .unwrap_or_default(),
        }
    }

    /// Goes on over the next chunk, or over its first `most` bytes, and returns those bytes. A walk
    /// that is done must not be asked.
    #[inline]
    pub(super) fn take<'f>(&mut self, frame: &'f Frame<'_>, most: usize) -> &'f [u8] {
        let (label, value) = frame.part(self.part);
        let value = value.unwrap_or_default();
        let taken;
        if let Some(rest) = label.get(usize::from(self.label)..)
            && !rest.is_empty()
        {
            taken = rest.get(..most).unwrap_or(rest);
            self.label += taken.len() as u8;
            if taken.len() < rest.len() {
                return taken;
            }
            self.to = match self.part {
                TEXT => self.line_end(value).unwrap_or(value.len()),
                _ => value.len(),
            };
        } else {
            let rest = value.get(self.from..self.to).unwrap_or_default();
            taken = rest.get(..most).unwrap_or(rest);
            self.from += taken.len();
        }
        if self.from >= self.to {
            self.label = 0;
            self.from = match value.get(self.to..) {
                Some(rest @ [_, ..]) => value.len() - after_line_end(rest).len(),
                _ => {
                    self.part = frame.part_from(self.part + 1);
                    0
                }
            };
        }
        taken
    }

    /// Where the line ends that begins at `from`, if it is not the last.
    fn line_end(&mut self, text: &[u8]) -> Option<usize> {
        let rest = text.get(self.from..)?;
        #[cfg(feature = "simd")]
        let len = Some(self.ends.first(text, rest)).filter(|len| *len != NONE);
        #[cfg(not(feature = "simd"))]
        let len = line_end(rest);
        Some(self.from + len?)
    }
}
