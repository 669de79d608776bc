//! The one place that knows how a frame is laid out: fields first, then the data line by line, or
//! a comment line by line, then the blank line.

use super::Frame;
use crate::scan::line_end;

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
pub(super) const END: &[u8] = b"\n\n";

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

/// The first line of `text`, and what follows its line end if it has one.
pub(super) fn split_line(text: &[u8]) -> (&[u8], Option<&[u8]>) {
    let end = line_end(text).and_then(|len| text.split_at_checked(len));
    match end {
        Some((line, [b'\r', b'\n', rest @ ..] | [_, rest @ ..])) => (line, Some(rest)),
        _ => (text, None),
    }
}
