//! The encode side: values through buffers of every size and back.

use std::sync::atomic::{AtomicU64, Ordering};

use sse_codec::{DataWriter, Event, Field, Frame, Inline, Parser, SliceSink};

use super::{
    affordable, assert_decodes,
    common::oracle::{self, Item},
    for_all, for_all_in_turn,
};

/// What values are made of.
const TEXT: &[&[u8]] = &[
    b"a",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b":",
    b"\xEF\xBB\xBF",
    b"\xC3\xA9",
    b"\xFF",
];

#[test]
fn short() {
    check_values(3);
    check_fields(1);
}

#[test]
#[ignore = "minutes in release"]
fn in_depth() {
    check_values(affordable(TEXT.len(), 5));
    check_fields(affordable(TEXT.len().pow(3), 2));
}

/// As data, comment, type and ID, through buffers of every size; as data that is produced, cut at
/// every place.
fn check_values(depth: usize) {
    let writings = AtomicU64::new(0);
    let values = for_all(TEXT, depth, |value| {
        let event = Event::new(value);
        let wire = assert_carried(event).unwrap();
        let comment = assert_comment(value);
        let event_type = assert_carried(Event::without_data().with_type(value));
        let id = assert_carried(Event::without_data().with_id(value));
        let wires = [Some(wire.clone()), Some(comment), event_type, id];
        let buffers = wires.iter().flatten().map(|wire| wire.len() as u64);
        writings.fetch_add(buffers.sum(), Ordering::Relaxed);

        for cut in 0..=value.len() {
            let (a, b) = value.split_at(cut);
            assert_produced(Event::without_data(), &[a, b], &wire);
            assert_produced(Event::new(a), &[b], &wire);
            assert_produced(Event::new(b""), &[a, b"", b], &wire);
        }
        assert_produced(event, &[], &wire);
        let bytes = value.chunks(1).collect::<Vec<_>>();
        assert_produced(Event::without_data(), &bytes, &wire);
        writings.fetch_add(3 * value.len() as u64 + 5, Ordering::Relaxed);
    });
    let writings = writings.into_inner();
    println!("{values} values of up to {depth} tokens, {writings} ways to write them");
}

/// Types, IDs and data beside one another.
fn check_fields(depth: usize) {
    let (carried, all) = (AtomicU64::new(0), AtomicU64::new(0));
    for_all(TEXT, depth, |event_type| {
        for_all_in_turn(TEXT, depth, &mut |id| {
            for_all_in_turn(TEXT, depth, &mut |data| {
                let fields = Event::new(data).with_type(event_type).with_id(id);
                let was_carried = assert_carried(fields).is_some();
                carried.fetch_add(was_carried.into(), Ordering::Relaxed);
                all.fetch_add(1, Ordering::Relaxed);
            });
        });
    });
    let (carried, all) = (carried.into_inner(), all.into_inner());
    println!("{all} events of values of up to {depth} tokens, {carried} of them valid");
}

/// The event is refused, or comes through buffers of every size and back. Returns its bytes.
fn assert_carried(event: Event<'_>) -> Option<Vec<u8>> {
    let refused = |value: Option<&[u8]>, bytes: &[u8]| {
        let value = value.unwrap_or_default();
        let position = value.iter().position(|byte| bytes.contains(byte))?;
        Some((value[position], position))
    };
    let event_type = refused(event.event_type(), b"\r\n").map(|at| (Field::Event, at));
    let id = refused(event.id(), b"\r\n\0").map(|at| (Field::Id, at));
    let frame = match (Frame::event(event), event_type.or(id)) {
        (Ok(frame), None) => frame,
        (Err(error), Some(expected)) => {
            assert_eq!((error.field, (error.byte, error.position)), expected);
            return None;
        }
        (result, expected) => panic!("{result:?}, {expected:?}"),
    };
    let wire = written(event);
    assert_every_buffer(&frame, &wire);

    let data = lines(event.data()).join(&b'\n');
    let received = Item::Event {
        event_type: event
            .event_type()
            .filter(|value| !value.is_empty())
            .map(<[u8]>::to_vec),
        data,
        id: event.id().map(<[u8]>::to_vec),
        retry: None,
        last_event_id: event.id().unwrap_or(b"0").to_vec(),
        at: wire.len(),
    };
    let decoded = oracle::decode(&wire, None, b"0");
    assert_eq!(
        decoded.items,
        if event.has_data() {
            vec![received]
        } else if event.id().is_some() {
            vec![Item::WithoutData {
                id: event.id().map(<[u8]>::to_vec),
                retry: None,
                at: wire.len(),
            }]
        } else {
            vec![]
        }
    );
    assert_eq!(decoded.last_event_id, event.id().unwrap_or(b"0"));
    let mut parser = Parser::<Inline<256>>::new();
    parser.set_last_event_id(b"0").unwrap();
    assert_decodes(&mut parser, &[&wire], &decoded);
    Some(wire)
}

/// The text comes through buffers of every size and back. Returns its bytes.
fn assert_comment(text: &[u8]) -> Vec<u8> {
    let lines = lines(text);
    let mut wire = lines
        .iter()
        .flat_map(|line| [b":", &line[..], b"\n"])
        .collect::<Vec<_>>()
        .concat();
    wire.push(b'\n');
    assert_every_buffer(&Frame::comment(text), &wire);
    let decoded = oracle::decode(&wire, None, b"");
    assert_eq!(
        decoded.items,
        lines.into_iter().map(Item::Comment).collect::<Vec<_>>()
    );
    wire
}

fn assert_every_buffer(frame: &Frame<'_>, wire: &[u8]) {
    assert_eq!(frame.encoded_len(), wire.len());
    assert_eq!(frame.slices().collect::<Vec<_>>().concat(), wire);
    let mut space = vec![0; wire.len() + 1];
    for size in 1..=space.len() {
        let buffer = &mut space[..size];
        match frame.encode(buffer) {
            Ok(whole) => assert_eq!(whole, wire),
            Err(error) => assert_eq!((error.needed, size < wire.len()), (wire.len(), true)),
        }
        let mut cursor = frame.cursor();
        for piece in wire.chunks(size) {
            assert!(!cursor.is_done());
            let len = cursor.copy_to(buffer);
            assert_eq!(&buffer[..len], piece);
        }
        assert!(cursor.is_done() && cursor.copy_to(buffer) == 0);
    }
}

/// What is pushed comes out as if it had been there at once, or, where there is no room, not at all.
fn assert_produced(begun: Event<'_>, pushed: &[&[u8]], wire: &[u8]) {
    let mut buffer = vec![0; wire.len()];
    for room in [wire.len() - 1, wire.len()] {
        let mut sink = SliceSink::new(&mut buffer[..room]);
        let mut writer = DataWriter::new(&mut sink, begun).unwrap();
        pushed.iter().for_each(|bytes| writer.push(bytes));
        assert_eq!(writer.finish().is_ok(), room == wire.len());
        assert_eq!(sink.written(), if room == wire.len() { wire } else { b"" });
    }
}

/// A valid event as it has to stand on the wire.
fn written(event: Event<'_>) -> Vec<u8> {
    let mut wire = Vec::new();
    let mut field = |name: &[u8], value: &[u8]| wire.extend([name, value, b"\n"].concat());
    event.event_type().inspect(|value| field(b"event: ", value));
    event.id().inspect(|value| field(b"id: ", value));
    if event.has_data() {
        lines(event.data())
            .iter()
            .for_each(|line| field(b"data: ", line));
    }
    wire.push(b'\n');
    wire
}

fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'\n' if text[..at].ends_with(b"\r") => {}
            b'\n' | b'\r' => lines.push(Vec::new()),
            byte => lines.last_mut().unwrap().push(*byte),
        }
    }
    lines
}
