//! Frames through a transmit buffer of 16 bytes into a parser, which must find what was meant.

use cortex_m_semihosting::hprintln;
use sse_codec::{Chunk, Event, Frame, Inline, Millis, Parser};

use crate::wpt::WPT;

const BUFFER: usize = 16;

type Receiver = Parser<Inline<512, 256>>;

/// Data, and what a receiver makes of it.
const DATA: &[(&[u8], &[u8])] = &[
    (b"", b""),
    (b"\n", b"\n"),
    (b" two spaces ", b" two spaces "),
    (b"a\nb\rc\r\nd", b"a\nb\nc\nd"),
    (b"\r\n\r", b"\n\n"),
    (
        b"data: not a field\n\nid: nor this",
        b"data: not a field\n\nid: nor this",
    ),
    (
        b"a line that is longer than the buffer",
        b"a line that is longer than the buffer",
    ),
    (b"\xEF\xBB\xBF\0\xFF\xC3", b"\xEF\xBB\xBF\0\xFF\xC3"),
];

pub fn check() {
    let mut count = 0;
    for (data, received) in DATA {
        let event = Event::new(data);
        let full = event
            .with_type(b"reading")
            .with_id(b"4711")
            .with_retry(Millis(u64::MAX));
        for (sent, received) in [
            (event, Event::new(received)),
            (event.with_id(b""), Event::new(received).with_id(b"")),
            (event.with_type(b""), Event::new(received)),
            (
                full,
                Event::new(received)
                    .with_type(b"reading")
                    .with_id(b"4711")
                    .with_retry(Millis(u64::MAX)),
            ),
        ] {
            round_trip(sent, Some(received));
            count += 1;
        }
    }
    for vector in WPT {
        let mut parser = Receiver::new();
        let mut chunk = Chunk::new(vector.input);
        while let Some(event) = parser.next_event(&mut chunk).expect(vector.name) {
            round_trip(event, Some(event));
            count += 1;
        }
    }
    for event in [
        Event::without_data().with_id(b"42"),
        Event::without_data().with_retry(Millis(0)),
        Event::without_data().with_type(b"forgotten"),
    ] {
        round_trip(event, None);
        count += 1;
    }
    assert!(Frame::event(Event::text("x").with_type(b"a\nb")).is_err());
    assert!(Frame::event(Event::text("x").with_id(b"a\0b")).is_err());
    hprintln!("{} round trips through {} bytes", count, BUFFER);
}

fn round_trip(sent: Event<'_>, expected: Option<Event<'_>>) {
    let frame = Frame::event(sent).expect("valid");
    let mut parser = Receiver::new();
    let mut found = false;
    let mut cursor = frame.cursor();
    let mut buffer = [0; BUFFER];
    while !cursor.is_done() {
        let len = cursor.copy_to(&mut buffer);
        assert!(len == BUFFER || cursor.is_done());
        let mut chunk = Chunk::new(&buffer[..len]);
        while let Some(event) = parser.next_event(&mut chunk).expect("room") {
            assert!(!found && Some(event) == expected, "{event:?}");
            assert!(cursor.is_done() && chunk.is_empty());
            found = true;
        }
    }
    assert_eq!(found, expected.is_some());
    assert_eq!(parser.last_event_id(), sent.id().unwrap_or_default());
    assert_eq!(parser.retry(), sent.retry());
}
