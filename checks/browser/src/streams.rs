//! Streams, and what our parser makes of them.

use serde::Deserialize;
use sse_codec::{Chunk, DEFAULT_EVENT_TYPE, Parser, lossy};

#[allow(dead_code, reason = "the results come from our parser")]
#[path = "../../../sse-codec/tests/vectors/wpt.rs"]
mod wpt;

pub use wpt::WPT;

/// The bodies a client gets one after the other, each when it comes back.
#[derive(Clone, Debug)]
pub struct Stream {
    pub name: &'static str,
    pub bodies: Vec<Vec<u8>>,
}

/// An event as an `EventSource` shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Seen {
    #[serde(rename = "type")]
    pub event_type: String,
    pub data: String,
    pub id: String,
}

/// What a client makes of a stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    pub events: Vec<Seen>,
    /// After each body: the last event ID, and how long to wait before coming back, in ms.
    pub back: Vec<(String, u64)>,
}

/// Chromium's reconnection time when the server sets none, in ms.
pub const DEFAULT_RETRY: u64 = 3_000;

fn stream(name: &'static str, bodies: &[&[u8]]) -> Stream {
    Stream {
        name,
        bodies: bodies.iter().map(|body| body.to_vec()).collect(),
    }
}

/// All streams of the web platform tests, their series of bodies, and some of our own.
pub fn streams() -> Vec<Stream> {
    let wpt = |name: &str| {
        let vector = WPT.iter().find(|vector| vector.name == name);
        vector.expect("a name of the table").input
    };
    let long_line = [
        b"data: ".as_slice(),
        &b"0123456789abcdef".repeat(1 << 16),
        b"\n\n",
    ]
    .concat();
    let lines = [
        b"data: 0123456789abcde\r\n".repeat(1 << 16).as_slice(),
        b"\r\n",
    ]
    .concat();

    let mut streams: Vec<_> = WPT
        .iter()
        .map(|vector| stream(vector.name, &[vector.input]))
        .collect();
    let id = wpt("format-field-id");
    let second = wpt("format-field-id.second-response");
    streams.extend([
        stream("an ID is kept", &[id, second, b"id\nretry: 20\ndata: x\n\n", b"data: y\n\n"]),
        stream("comes back twice", &[wpt("reconnect.ok-first"), wpt("reconnect.no-event"), wpt("reconnect.data")]),
        stream("half an event before the end", &[b"retry: 20\nid: 1\ndata: a\n\nid: 2\nevent: b\ndata: b", b"data: c\n\n"]),
        stream("a byte order mark in each", &[b"\xEF\xBB\xBFretry: 20\ndata: a\n\n", b"\xEF\xBB\xBFdata: b\n\n"]),
        stream("half a byte order mark before the end", &[b"retry: 20\n\n\xEF\xBB", b"\xBFdata: a\n\ndata: b\n\n"]),
        stream("CR before the end", &[b"retry: 20\ndata: a\r\r", b"\ndata: b\n\n"]),
        stream("1 MiB in one line", &[&long_line]),
        stream("1 MiB in lines", &[&lines]),
        stream("ill-formed data", &[b"data: a\xFFb\xC0\xAFc\xE2\x82d\xF0\x9F\x92e\xED\xA0\x80f\xF4\x90\x80\x80g\xE2\x82\n\n"]),
        stream("ill-formed type", &[b"event: t\xFF\xC2\ndata: x\n\n"]),
        stream("ill-formed ID", &[b"retry: 20\nid: i\xFF\ndata: x\n\n", b"data: y\n\n"]),
        stream("ill-formed field name", &[b"data\xFF: x\nda\xC2ta: y\ndata: z\n\n"]),
        stream("byte order marks inside", &[b"data: \xEF\xBB\xBFa\nid: \xEF\xBB\xBF1\n\nevent: \xEF\xBB\xBFt\ndata: b\n\n"]),
        stream("part of a byte order mark", &[b"\xEF\xBBdata: a\ndata: b\n\n"]),
        stream("blank lines first", &[b"\r\n\r\n\n\rdata: a\r\n\r\n"]),
        stream("CR only", &[b"id: 1\revent: t\rdata: a\rdata: b\r\r:\rdata: c\r\r"]),
        stream("ID alone", &[b"id: a\n\ndata: x\n\nid: b\n\n"]),
        stream("type alone", &[b"event: t\n\ndata: x\n\n"]),
        stream("types called open and error", &[b"event: open\ndata: a\n\nevent: error\ndata: b\n\n"]),
        stream("the last type counts", &[b"event: t\nevent: u\ndata: a\n\nevent: t\nevent\ndata: b\n\n"]),
        stream("spaces stay", &[b"event: t \ndata:  a \nid:  1 \n\n"]),
        stream("NUL in a type", &[b"event: t\0u\ndata: a\n\n"]),
        stream("other line separators", &["data: a\u{85}b\u{2028}c\u{2029}d\x0Be\x0Cf\n\n".as_bytes()]),
        stream("reconnection times that are none", &[b"retry: 40\nretry: +5\nretry: 5 \nretry:  5\nretry: 5.0\nretry: 0x5\nretry: \xD9\xA5\ndata: a\n\n"]),
        stream("no time to wait", &[b"retry: 0\ndata: a\n\n", b"data: b\n\n"]),
    ]);
    streams
}

/// A stream that Chromium understands in another way.
pub struct Deviation {
    pub stream: Stream,
    pub reason: &'static str,
    pub chromium: Outcome,
}

pub fn deviations() -> Vec<Deviation> {
    let message = |data: &str| Seen {
        event_type: "message".to_owned(),
        data: data.to_owned(),
        id: String::new(),
    };
    let chromium = |events: &[&str], retry| Outcome {
        events: events.iter().copied().map(message).collect(),
        back: vec![(String::new(), retry)],
    };
    vec![
        Deviation {
            stream: stream(
                "byte order mark before LF",
                &[b"\xEF\xBB\xBF\ndata: a\ndata: b\n\n"],
            ),
            reason: "it looks for the mark when the byte after it has come, and passes over that \
                byte; here it ends a line, so the first field is part of a line that began with LF",
            chromium: chromium(&["b"], DEFAULT_RETRY),
        },
        Deviation {
            stream: stream(
                "byte order mark before CR",
                &[b"\xEF\xBB\xBF\rdata: a\ndata: b\n\n"],
            ),
            reason: "the same with CR; before CR LF it does no harm, as LF is still a line end",
            chromium: chromium(&["b"], DEFAULT_RETRY),
        },
        Deviation {
            stream: stream("empty retry", &[b"retry: 40\nretry\ndata: a\n\n"]),
            reason: "it takes an empty value for its default; by the standard a value that is not \
                of ASCII digits is ignored",
            chromium: chromium(&["a"], DEFAULT_RETRY),
        },
        Deviation {
            stream: stream(
                "retry above 2^64-1",
                &[b"retry: 40\nretry: 18446744073709551616\ndata: a\n\n"],
            ),
            reason: "it ignores what does not fit 64 bits; our parser takes the greatest time there is",
            chromium: chromium(&["a"], 40),
        },
    ]
}

/// Streams that set different reconnection times, the shortest first.
pub fn in_order() -> Vec<Stream> {
    vec![
        stream("retry: 50", &[b"retry: 50\n\n"]),
        stream("retry: 600", &[b"retry: 50\nretry: 600\n\n"]),
        stream("retry: 1800", &[b"retry: 1800\ndata: a\n\nretry: x\n"]),
        stream("no retry", &[b"data: a\n\n"]),
    ]
}

/// One parser through all bodies, as a client that reconnects has it.
pub fn by_our_parser(bodies: &[Vec<u8>]) -> Outcome {
    let mut parser = Parser::growable(4 << 20);
    let mut outcome = Outcome::default();
    for body in bodies {
        parser.reset();
        let mut chunk = Chunk::new(body);
        while let Some(event) = parser.next_event(&mut chunk).expect("below the limit") {
            outcome.events.push(Seen {
                event_type: lossy(event.event_type().unwrap_or(DEFAULT_EVENT_TYPE)).to_string(),
                data: lossy(event.data()).to_string(),
                id: lossy(event.last_event_id()).to_string(),
            });
        }
        let retry = parser.retry().map_or(DEFAULT_RETRY, |retry| retry.0);
        outcome
            .back
            .push((lossy(parser.last_event_id()).to_string(), retry));
    }
    outcome
}
