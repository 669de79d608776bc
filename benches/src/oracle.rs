//! The standard's algorithm (WHATWG HTML §9.2.6) over a whole stream, written to be read: the
//! judge of every contestant, ours included.

use crate::input::Counts;

/// An event as a browser would dispatch it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The event type buffer; empty for `message`.
    pub event_type: Vec<u8>,
    /// The data, its lines joined by LF.
    pub data: Vec<u8>,
    /// The last event ID as of this event.
    pub id: Vec<u8>,
}

/// What a stream dispatches, how many blank lines it has, and whether it ends in one.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The events in their order.
    pub events: Vec<Event>,
    /// The blank lines.
    pub blocks: usize,
    /// Whether nothing is left over after the last blank line.
    pub complete: bool,
}

/// Reads a whole stream.
#[must_use]
pub fn read(stream: &[u8]) -> Reading {
    let mut rest = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
    let mut reading = Reading {
        complete: true,
        ..Reading::default()
    };
    let (mut event, mut has_data) = (Event::default(), false);
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        let line = &rest[..end];
        rest = &rest[end..];
        rest = rest.strip_prefix(b"\r\n").unwrap_or_else(|| &rest[1..]);
        reading.complete = line.is_empty();
        if line.is_empty() {
            reading.blocks += 1;
            let id = event.id.clone();
            if has_data {
                event.data.pop();
                reading.events.push(event);
            }
            (event, has_data) = (
                Event {
                    id,
                    ..Event::default()
                },
                false,
            );
            continue;
        }
        let colon = line
            .iter()
            .position(|byte| *byte == b':')
            .unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"data" => {
                has_data = true;
                event.data.extend_from_slice(value);
                event.data.push(b'\n');
            }
            b"event" => event.event_type = value.to_vec(),
            b"id" if !value.contains(&0) => event.id = value.to_vec(),
            _ => {}
        }
    }
    reading.complete &= rest.is_empty();
    reading
}

/// What [`read`] finds, counted.
#[must_use]
pub fn count(stream: &[u8]) -> Counts {
    let mut counts = Counts::default();
    for event in read(stream).events {
        let name: &[u8] = if event.event_type.is_empty() {
            b"message"
        } else {
            &event.event_type
        };
        counts.add(name, &event.data);
    }
    counts
}
