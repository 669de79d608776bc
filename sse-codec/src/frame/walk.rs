//! The one place that knows how a frame is laid out: fields first, then the data line by line, or
//! a comment line by line, then the blank line.

use super::Frame;
use crate::scan::{for_each_line_end, line_end};

/// What is left of a frame, as pairs of a label and a value. The end of a line belongs to the label
/// that follows it; the last label is the blank line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk<'a> {
    event_type: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
    retry: bool,
    lines: Lines<'a>,
    place: Place,
}

/// A text that is written line by line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lines<'a> {
    None,
    Data(&'a [u8]),
    Comment(&'a [u8]),
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Value<'a> {
    Bytes(&'a [u8]),
    /// The digits in the frame.
    Retry,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// Before the first label, which has no line to end.
    Start,
    Inside,
    End,
}

pub(super) const DATA: &[u8] = b"\ndata: ";
pub(super) const END: &[u8; 2] = b"\n\n";

impl<'a> Walk<'a> {
    pub(super) const fn new(frame: &Frame<'a>) -> Self {
        Self {
            event_type: frame.event_type,
            id: frame.id,
            retry: frame.retry.is_some(),
            lines: frame.lines,
            place: Place::Start,
        }
    }

    pub(super) fn next_pair(&mut self) -> Option<(&'static [u8], Value<'a>)> {
        let place = core::mem::replace(&mut self.place, Place::Inside);
        let (label, value): (&[u8], _) = if matches!(place, Place::End) {
            self.place = Place::End;
            return None;
        } else if let Some(event_type) = self.event_type.take() {
            (b"\nevent: ", Value::Bytes(event_type))
        } else if let Some(id) = self.id.take() {
            (b"\nid: ", Value::Bytes(id))
        } else if self.retry {
            self.retry = false;
            (b"\nretry: ", Value::Retry)
        } else if let Some((label, line)) = self.next_line() {
            (label, Value::Bytes(line))
        } else {
            self.place = Place::End;
            (END, Value::Bytes(b""))
        };
        match (place, label) {
            (Place::Start, [b'\n', label @ ..]) => Some((label, value)),
            _ => Some((label, value)),
        }
    }

    fn next_line(&mut self) -> Option<(&'static [u8], &'a [u8])> {
        let (line, rest);
        match self.lines {
            Lines::None => None,
            Lines::Data(text) => {
                (line, rest) = split_line(text);
                self.lines = rest.map_or(Lines::None, Lines::Data);
                Some((DATA, line))
            }
            Lines::Comment(text) => {
                (line, rest) = split_line(text);
                self.lines = rest.map_or(Lines::None, Lines::Comment);
                Some((b"\n:", line))
            }
        }
    }
}

/// Takes a frame's bytes in order.
pub(super) trait Out {
    /// A part of the layout.
    fn label<const N: usize>(&mut self, label: &[u8; N]);

    /// A value, or what is left of one.
    fn value(&mut self, value: &[u8]);

    /// The first `len` bytes of a text. What follows them will be given again, later, so there is
    /// room for it: a line may be written with more than belongs to it.
    fn line(&mut self, text: &[u8], len: usize);
}

/// Writes a frame in one go. The same layout as that of [`Walk`], which can stop anywhere and pays
/// for it: with labels of a known size a frame of one line takes half as long.
pub(super) fn write(frame: &Frame<'_>, out: &mut impl Out) {
    if let Some(event_type) = frame.event_type {
        out.label(b"event: ");
        out.value(event_type);
        out.label(b"\n");
    }
    if let Some(id) = frame.id {
        out.label(b"id: ");
        out.value(id);
        out.label(b"\n");
    }
    if let Some(digits) = &frame.retry {
        out.label(b"retry: ");
        out.value(digits.as_bytes());
        out.label(b"\n");
    }
    match frame.lines {
        Lines::None => out.label(b"\n"),
        Lines::Data(text) => {
            out.label(b"data: ");
            write_lines(text, b"\ndata: ", out);
        }
        Lines::Comment(text) => {
            out.label(b":");
            write_lines(text, b"\n:", out);
        }
    }
}

/// Writes the lines of a text, with this label between them, and the end of the frame.
#[inline]
fn write_lines<const N: usize>(text: &[u8], label: &[u8; N], out: &mut impl Out) {
    let mut rest = text;
    // Most texts are one line: then one search is all.
    if line_end(text).is_some() {
        for_each_line_end(text, |at| {
            let Some(len) = at.checked_sub(text.len() - rest.len()) else {
                return;
            };
            out.line(rest, len);
            out.label(label);
            // The LF of a CRLF is part of this line end: it will be behind us.
            rest = match rest.get(len..) {
                Some([b'\r', b'\n', rest @ ..] | [_, rest @ ..]) => rest,
                _ => b"",
            };
        });
    }
    out.value(rest);
    out.label(END);
}

/// The first line of `text`, and what follows its line end if it has one.
pub(super) fn split_line(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let end = line_end(text).and_then(|len| text.split_at_checked(len));
    match end {
        Some((line, [b'\r', b'\n', rest @ ..] | [_, rest @ ..])) => (line, Some(rest)),
        _ => (text, None),
    }
}
