//! What the feature `heapless-09` adds: a vector of fixed capacity as a sink, and events in one.

#![cfg(feature = "heapless-09")]

mod common;

use common::strategies::wire_event;
use proptest::prelude::*;
use sse_codec::{
    Chunk, DataWriter, Event, EventTooLarge, Frame, Inline, InlineEvent, Millis, Parser, SinkFull,
};

#[test]
fn a_vector_takes_a_frame_or_leaves_it() {
    let frame = Frame::event(Event::text("a\nb").with_id(b"1")).unwrap();
    let wire = b"id: 1\ndata: a\ndata: b\n\n";
    let mut exact = heapless::Vec::<u8, 29>::new();
    let mut short = heapless::Vec::<u8, 28>::new();
    exact.extend_from_slice(b"before").unwrap();
    short.extend_from_slice(b"before").unwrap();
    assert_eq!(exact.len() + wire.len(), exact.capacity());

    assert_eq!(frame.write_to(&mut exact), Ok(()));
    assert_eq!(exact, [b"before", &wire[..]].concat()[..]);
    let SinkFull { capacity, .. } = frame.write_to(&mut short).unwrap_err();
    assert_eq!(capacity, 28);
    assert_eq!(short, b"before"[..]);
    // One whose capacity nobody knows, and lengths of another type.
    let view: &mut heapless::VecView<u8> = &mut short;
    assert_eq!(Frame::HEARTBEAT.write_to(view), Ok(()));
    assert_eq!(short, b"before:\n\n"[..]);
    let mut small = heapless::Vec::<u8, 3, u8>::new();
    assert_eq!(Frame::HEARTBEAT.write_to(&mut small), Ok(()));
    assert_eq!(small, b":\n\n"[..]);
}

#[test]
fn a_vector_takes_back_what_a_data_writer_gives_up() {
    let mut vec = heapless::Vec::<u8, 16>::new();
    Frame::HEARTBEAT.write_to(&mut vec).unwrap();
    let mut data = DataWriter::new(&mut vec, Event::without_data()).unwrap();
    data.push(b"more than fits");
    assert!(data.finish().is_err());
    assert_eq!(vec, b":\n\n"[..]);
}

#[test]
fn an_event_says_what_does_not_fit() {
    let event = Event::text("data").with_type(b"type").with_id(b"id");
    let kept = InlineEvent::<10>::new(event).unwrap();
    assert_eq!(kept.as_event(), event);
    let error = InlineEvent::<9>::new(event).unwrap_err();
    assert_eq!((error.needed, error.capacity), (10, 9));
    assert_eq!(error.to_string(), "an event of 10 bytes, where 9 fit");
    assert!(InlineEvent::<0>::new(Event::text("")).is_ok());
}

/// Absent and empty are two things, and so are a block's ID and what it inherits.
#[test]
fn an_event_comes_back_as_it_was() {
    let mut parser = Parser::<Inline<16, 4>>::new();
    let mut chunk = Chunk::new(
        b"id: 1\ndata: a\n\nevent: t\nretry: 5\ndata\n\nid\ndata: b\n\nid: 22\ndata: c\n\ndata: d\n\n",
    );
    let mut last = Vec::new();
    while let Some(event) = parser.next_event(&mut chunk).unwrap() {
        let kept = InlineEvent::<20>::new(event).unwrap();
        let shown = kept.clone();
        assert_eq!(shown.as_event(), event);
        assert_eq!(shown.as_event().last_event_id(), event.last_event_id());
        assert_eq!(format!("{kept:?}"), format!("{event:?}"));
        last.push(event.last_event_id().to_vec());
        // An ID of the caller's beside the inherited one.
        let other = event.with_id(b"xyz");
        let kept = InlineEvent::<20>::new(other).unwrap();
        assert_eq!(kept.as_event(), other);
        assert_eq!(kept.as_event().last_event_id(), event.last_event_id());
    }
    assert_eq!(last, [&b"1"[..], b"1", b"", b"22", b"22"]);

    let bare = Event::without_data();
    for event in [
        bare,
        bare.with_id(b""),
        bare.with_type(b""),
        bare.with_retry(Millis(0)),
        Event::text(""),
    ] {
        let kept = InlineEvent::<0>::new(event).unwrap();
        assert_eq!(kept.as_event(), event);
        assert_eq!(kept.as_event().has_data(), event.has_data());
        assert_eq!(kept.as_event().event_type(), event.event_type());
    }
}

proptest! {
    /// The error comes exactly where the values are longer than the room.
    #[test]
    fn any_event_is_kept_or_refused(fields in wire_event()) {
        let mut event = Event::new(&fields.data);
        if let Some(event_type) = &fields.event_type {
            event = event.with_type(event_type);
        }
        if let Some(id) = &fields.id {
            event = event.with_id(id);
        }
        let beside = [&fields.event_type, &fields.id].into_iter().flatten();
        let needed = fields.data.len() + beside.map(Vec::len).sum::<usize>();
        match InlineEvent::<24>::new(event) {
            Ok(kept) => {
                prop_assert!(needed <= 24);
                prop_assert_eq!(kept.as_event(), event);
            }
            Err(EventTooLarge { needed: said, .. }) => {
                prop_assert!(needed > 24);
                prop_assert_eq!(said, needed);
            }
        }
    }
}
