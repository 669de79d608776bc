//! What stands in a stream, with the times it came.

use std::time::Duration;

use sse_codec::{Chunk, Growable, Parser, Step};

/// A stream, as far as it has come.
#[derive(Debug)]
pub(super) struct Stream {
    parser: Parser<Growable>,
    bytes: Vec<u8>,
    pub(super) events: Vec<Event>,
    pub(super) comments: Vec<Comment>,
    pub(super) retries: Vec<u64>,
    pub(super) too_large: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) time: Duration,
    /// The position after its blank line.
    pub(super) end: usize,
    pub(super) event_type: Option<String>,
    /// `None` in a block without data, which has an ID.
    pub(super) data: Option<Vec<u8>>,
    pub(super) id: Option<Vec<u8>>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Comment {
    pub(super) time: Duration,
    /// The position after its line end; of a CRLF, after the CR.
    pub(super) end: usize,
}

/// The largest event that is looked at.
const LIMIT: usize = 1 << 20;

impl Default for Stream {
    fn default() -> Self {
        Self {
            parser: Parser::growable(LIMIT),
            bytes: Vec::new(),
            events: Vec::new(),
            comments: Vec::new(),
            retries: Vec::new(),
            too_large: 0,
        }
    }
}

impl Stream {
    pub(super) fn push(&mut self, bytes: &[u8], time: Duration) {
        let start = self.bytes.len();
        self.bytes.extend(bytes);
        let mut chunk = Chunk::new(bytes);
        loop {
            let step = self.parser.step(&mut chunk);
            let end = start + chunk.position();
            match step {
                Ok(None) => break,
                Ok(Some(Step::Event(ready) | Step::WithoutData(ready))) => {
                    let event = self.parser.event(ready);
                    if event.has_data() || event.id().is_some() {
                        let event_type = event.event_type().map(String::from_utf8_lossy);
                        self.events.push(Event {
                            time,
                            end,
                            event_type: event_type.map(Into::into),
                            data: event.has_data().then(|| event.data().to_vec()),
                            id: event.id().map(<[u8]>::to_vec),
                        });
                    }
                }
                Ok(Some(Step::Comment(piece))) if piece.ends() => {
                    self.comments.push(Comment { time, end });
                }
                Ok(Some(Step::Retry(millis))) => self.retries.push(millis.0),
                Ok(Some(_)) => {}
                Err(_) => self.too_large += 1,
            }
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether a block has begun and not ended.
    pub(super) const fn is_inside_block(&self) -> bool {
        self.parser.is_inside_block()
    }

    /// The events with data.
    pub(super) fn messages(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().filter(|event| event.data.is_some())
    }

    /// The events with data and with an ID that is not empty.
    pub(super) fn places(&self) -> impl Iterator<Item = &Event> {
        self.messages()
            .filter(|event| event.id.as_ref().is_some_and(|id| !id.is_empty()))
    }

    /// The IDs of events, empty ones left out.
    pub(super) fn ids(&self) -> Vec<&[u8]> {
        self.places()
            .filter_map(|event| event.id.as_deref())
            .collect()
    }
}

impl Event {
    /// Whether it is the event again, and not another one with the same ID, such as a hub that says
    /// what became of a client's place begins with.
    pub(super) fn is(&self, other: &Self) -> bool {
        let key = |event: &Self| {
            (
                event.id.clone(),
                event.event_type.clone(),
                event.data.clone(),
            )
        };
        key(self) == key(other)
    }
}

/// The positions between frames: those after the end of a block, and of a comment that stands in
/// none.
pub(super) fn frame_ends(stream: &[u8]) -> Vec<usize> {
    let mut ends = Vec::new();
    let mut in_block = false;
    for (line, _, position) in each_line(stream) {
        in_block = match line {
            [] => false,
            [b':', ..] => in_block,
            _ => true,
        };
        if !in_block {
            ends.push(position);
        }
    }
    ends
}

/// The lines of a stream, each with its end and the position after it (WHATWG HTML §9.2.5).
fn each_line(stream: &[u8]) -> impl Iterator<Item = (&[u8], &[u8], usize)> {
    let mut rest = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
    std::iter::from_fn(move || {
        let len = rest.iter().position(|byte| b"\r\n".contains(byte))?;
        let (line, end) = rest.split_at(len);
        let end = &end[..if end.starts_with(b"\r\n") { 2 } else { 1 }];
        rest = &rest[len + end.len()..];
        Some((line, end, stream.len() - rest.len()))
    })
}

/// What a look at the lines of a stream finds that a parser passes over in silence.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Lines {
    pub(super) lf: usize,
    pub(super) crlf: usize,
    pub(super) cr: usize,
    /// Lines that are neither fields nor comments, and the first of them.
    pub(super) ignored: usize,
    pub(super) first_ignored: Option<String>,
    /// `id` with NUL, `retry` that is no number.
    pub(super) void_ids: usize,
    pub(super) void_retries: usize,
    pub(super) not_utf8: bool,
}

impl Lines {
    pub(super) fn of(stream: &[u8]) -> Self {
        let mut lines = Self::default();
        for (line, end, _) in each_line(stream) {
            match end {
                b"\r\n" => lines.crlf += 1,
                b"\r" => lines.cr += 1,
                _ => lines.lf += 1,
            }
            lines.line(line);
        }
        lines
    }

    fn line(&mut self, line: &[u8]) {
        self.not_utf8 |= str::from_utf8(line).is_err();
        let (name, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (&line[..colon], &line[colon + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            // An empty line, or a comment.
            b"" | b"data" | b"event" => {}
            b"id" => self.void_ids += usize::from(value.contains(&0)),
            b"retry" => {
                let is_number = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
                self.void_retries += usize::from(!is_number);
            }
            _ => {
                self.ignored += 1;
                let first = || String::from_utf8_lossy(&line[..line.len().min(60)]).into_owned();
                self.first_ignored.get_or_insert_with(first);
            }
        }
    }

    /// How many ways of ending a line there are.
    pub(super) fn kinds(&self) -> usize {
        [self.lf, self.crlf, self.cr]
            .iter()
            .filter(|count| **count > 0)
            .count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        let found = Lines::of(
            b"\xEF\xBB\xBF: x\r\ndata: a\r{\"error\":1}\nid: \0\nretry: 5s\nretry:5\n\nrest",
        );
        let expected = Lines {
            lf: 5,
            crlf: 1,
            cr: 1,
            ignored: 1,
            first_ignored: Some("{\"error\":1}".into()),
            void_ids: 1,
            void_retries: 1,
            not_utf8: false,
        };
        assert_eq!(found, expected);
        assert_eq!(found.kinds(), 3);
        assert!(Lines::of(b"data: \xFF\n").not_utf8);
    }

    #[test]
    fn ends_of_frames() {
        assert_eq!(frame_ends(b":\n\ndata: a\n: x\n\n:\r\nid"), [2, 3, 16, 19]);
    }
}
