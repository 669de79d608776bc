//! Frames and `DataWriter`: the bytes they write, every way to write them, and the way back through
//! the parser.

mod common;

use std::fmt::Write as _;

use common::{
    drive::steps,
    oracle::Item,
    strategies::{WireEvent, cuts, pieces, utf8_wire_event, wire_event},
};
use proptest::{collection::vec, prelude::*, sample};
use sse_codec::{
    BufferTooSmall, Chunk, DataWriter, Event, Field, Frame, Inline, InvalidField, Lexer, Millis,
    Parser, Sink, SinkFull, SliceSink, Token, lossy,
};

// The wire.

/// A frame of an event that can be carried.
fn frame(event: Event<'_>) -> Frame<'_> {
    Frame::event(event).unwrap()
}

fn wire(frame: &Frame<'_>) -> Vec<u8> {
    frame.slices().collect::<Vec<_>>().concat()
}

#[test]
fn exact_bytes_of_data() {
    let table: &[(&[u8], &[u8])] = &[
        (b"a", b"data: a\n\n"),
        (b"", b"data: \n\n"),
        (b"\n", b"data: \ndata: \n\n"),
        (b"\r", b"data: \ndata: \n\n"),
        (b"\r\n", b"data: \ndata: \n\n"),
        (b"\n\r", b"data: \ndata: \ndata: \n\n"),
        (b"\r\r\n", b"data: \ndata: \ndata: \n\n"),
        (b"\r\n\n", b"data: \ndata: \ndata: \n\n"),
        (b"a\nb\rc\r\nd", b"data: a\ndata: b\ndata: c\ndata: d\n\n"),
        (b"a\r\n", b"data: a\ndata: \n\n"),
        (b" a", b"data:  a\n\n"),
        (b"  \n ", b"data:   \ndata:  \n\n"),
        (b":a", b"data: :a\n\n"),
        (b"a\0b", b"data: a\0b\n\n"),
        (b"\xEF\xBB\xBFa", b"data: \xEF\xBB\xBFa\n\n"),
        (b"\xFF\xC3", b"data: \xFF\xC3\n\n"),
        // What only other standards take for a line end: VT, FF, FS, NEL, LS, PS.
        (
            b"\x0B\x0C\x1C\xC2\x85\xE2\x80\xA8\xE2\x80\xA9",
            b"data: \x0B\x0C\x1C\xC2\x85\xE2\x80\xA8\xE2\x80\xA9\n\n",
        ),
        (
            b"x\n\nid: 1\nevent: y\n:z",
            b"data: x\ndata: \ndata: id: 1\ndata: event: y\ndata: :z\n\n",
        ),
    ];
    for (data, expected) in table {
        assert_eq!(lossy(&wire(&frame(Event::new(data)))), lossy(expected));
    }
}

/// Lines are counted in vectors of 16 bytes, four at a time: line ends that stand in the same
/// column, and nothing else among the four.
#[test]
fn every_line_of_data_is_counted_wherever_it_ends() {
    for gap in [16, 32, 48] {
        for first in 0..128 {
            let mut data = [b'x'; 200];
            (data[first], data[first + gap]) = (b'\n', b'\n');
            let frame = frame(Event::new(&data));
            let len = "data: ".len() * 3 + data.len() + "\n\n".len();
            assert_eq!((frame.encoded_len(), wire(&frame).len()), (len, len));
        }
    }
}

#[test]
fn exact_bytes_of_fields() {
    let none = Event::without_data();
    let table: &[(Event<'_>, &[u8])] = &[
        (
            Event::text("d")
                .with_type(b"t")
                .with_id(b"1")
                .with_retry(Millis(25)),
            b"event: t\nid: 1\nretry: 25\ndata: d\n\n",
        ),
        (Event::text("d").with_type(b""), b"event: \ndata: d\n\n"),
        (Event::text("d").with_id(b""), b"id: \ndata: d\n\n"),
        (Event::text("").with_type(b" t"), b"event:  t\ndata: \n\n"),
        (none.with_id(b" 1 "), b"id:  1 \n\n"),
        (none.with_type(b"a\0b"), b"event: a\0b\n\n"),
        (
            none.with_type(b"\xEF\xBB\xBF:"),
            b"event: \xEF\xBB\xBF:\n\n",
        ),
        (none.with_id(b"\xEF\xBB\xBF"), b"id: \xEF\xBB\xBF\n\n"),
        (none.with_id(b"\xFF"), b"id: \xFF\n\n"),
        (none.with_retry(Millis(0)), b"retry: 0\n\n"),
        (none.with_retry(Millis(10)), b"retry: 10\n\n"),
        (
            none.with_retry(Millis(u64::MAX)),
            b"retry: 18446744073709551615\n\n",
        ),
        (
            none.with_type(b"t").with_id(b"1").with_retry(Millis(2)),
            b"event: t\nid: 1\nretry: 2\n\n",
        ),
        (none, b"\n"),
    ];
    for (event, expected) in table {
        assert_eq!(lossy(&wire(&frame(*event))), lossy(expected));
    }
}

#[test]
fn exact_bytes_of_comments() {
    let table: &[(&[u8], &[u8])] = &[
        (b"", b":\n\n"),
        (b"a", b":a\n\n"),
        (b" a", b": a\n\n"),
        (b":", b"::\n\n"),
        (b"\n", b":\n:\n\n"),
        (b"a\nb\rc\r\nd", b":a\n:b\n:c\n:d\n\n"),
        (b"x\n\ndata: y\n\n", b":x\n:\n:data: y\n:\n:\n\n"),
        (b"\0\xFF\xEF\xBB\xBF", b":\0\xFF\xEF\xBB\xBF\n\n"),
    ];
    for (text, expected) in table {
        assert_eq!(lossy(&wire(&Frame::comment(text))), lossy(expected));
    }
}

#[test]
fn short_constructors_are_the_same_frames() {
    let none = Event::without_data();
    assert_eq!(Frame::HEARTBEAT, Frame::comment(b""));
    assert_eq!(Frame::id(b"1"), Frame::event(none.with_id(b"1")));
    assert_eq!(Frame::id(b""), Frame::event(none.with_id(b"")));
    assert_eq!(Frame::event_type(b"t"), Frame::event(none.with_type(b"t")));
    let retry = none.with_retry(Millis(7));
    assert_eq!(Ok(Frame::retry(Millis(7))), Frame::event(retry));

    const CONSTANT: Frame<'_> = match Frame::event(Event::text("bye").with_retry(Millis(7))) {
        Ok(frame) => frame,
        Err(_) => panic!(),
    };
    assert_eq!(wire(&CONSTANT), b"retry: 7\ndata: bye\n\n");
}

// What cannot be carried.

#[test]
fn values_that_end_their_line_are_refused() {
    for (field, byte, name) in [
        (Field::Event, b'\r', "CR"),
        (Field::Event, b'\n', "LF"),
        (Field::Id, b'\r', "CR"),
        (Field::Id, b'\n', "LF"),
        (Field::Id, b'\0', "NUL"),
    ] {
        for (before, after) in [
            (&b""[..], &b""[..]),
            (b"", b"data: injected\n\n"),
            (b"some", b""),
            (b"\xEF\xBB\xBF \xFF", b"\r\n\0"),
        ] {
            let value = [before, &[byte], after].concat();
            let (event, short) = match field {
                Field::Event => (
                    Event::text("a").with_type(&value),
                    Frame::event_type(&value),
                ),
                _ => (Event::text("a").with_id(&value), Frame::id(&value)),
            };
            let error = Frame::event(event).unwrap_err();
            assert_eq!(
                (error.field, error.byte, error.position),
                (field, byte, before.len()),
            );
            assert_eq!(short, Err(error));
            assert_eq!(
                error.to_string(),
                format!("{name} at {} in the `{}` field", before.len(), field.name()),
            );

            let mut buffer = [0; 64];
            let mut sink = SliceSink::new(&mut buffer);
            assert_eq!(DataWriter::new(&mut sink, event).unwrap_err(), error);
            assert_eq!(sink.written(), b"");
        }
    }
}

#[test]
fn the_type_is_looked_at_first() {
    let event = Event::text("a").with_id(b"\0").with_type(b"a\n");
    let error: InvalidField = Frame::event(event).unwrap_err();
    assert_eq!((error.field, error.position), (Field::Event, 1));
}

/// The names of the lines on the wire: `None` for a comment, and blank lines.
fn line_kinds(wire: &[u8]) -> Vec<Option<Option<Field>>> {
    let mut lexer = Lexer::new();
    let mut chunk = Chunk::new(wire);
    let mut kinds = Vec::new();
    while let Some(token) = lexer.next_token(&mut chunk) {
        kinds.push(match token {
            Token::Field(field, _) => Some(Some(field)),
            Token::Comment(_) => Some(None),
            Token::BlankLine => None,
        });
    }
    kinds
}

/// The lines of a text, by a loop over its bytes.
fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    for (position, &byte) in text.iter().enumerate() {
        match byte {
            b'\n' if text[..position].ends_with(b"\r") => {}
            b'\r' | b'\n' => lines.push(Vec::new()),
            _ => lines.last_mut().unwrap().push(byte),
        }
    }
    lines
}

/// Any bytes, those that matter to the grammar among them more often.
fn any_bytes() -> impl Strategy<Value = Vec<u8>> {
    let telling = sample::select(b"\r\n\r\n\r\n: \0data:id:event:retry:\xEF\xBB\xBF".to_vec());
    vec(prop_oneof![telling, any::<u8>()], 0..64)
}

proptest! {
    #[test]
    fn data_brings_no_line_of_another_kind(data in any_bytes()) {
        let wire = wire(&frame(Event::new(&data)));
        let lines = lines(&data);
        let mut kinds = vec![Some(Some(Field::Data)); lines.len()];
        kinds.push(None);
        prop_assert_eq!(line_kinds(&wire), kinds);
        prop_assert!(!wire.contains(&b'\r'));

        let expected = Item::Event {
            event_type: None,
            data: lines.join(&b'\n'),
            id: None,
            retry: None,
            last_event_id: Vec::new(),
            at: wire.len(),
        };
        prop_assert_eq!(steps(&mut Parser::<Inline<256>>::new(), &[&wire]), [expected]);
    }

    #[test]
    fn a_comment_brings_no_line_of_another_kind(text in any_bytes()) {
        let wire = wire(&Frame::comment(&text));
        let lines = lines(&text);
        let mut kinds = vec![Some(None); lines.len()];
        kinds.push(None);
        prop_assert_eq!(line_kinds(&wire), kinds);
        prop_assert!(!wire.contains(&b'\r'));

        let expected: Vec<_> = lines.into_iter().map(Item::Comment).collect();
        prop_assert_eq!(steps(&mut Parser::<Inline<0>>::new(), &[&wire]), expected);
    }

    #[test]
    fn fields_of_any_bytes_are_refused_or_one_line(event_type in any_bytes(), id in any_bytes()) {
        let event = Event::text("a").with_type(&event_type).with_id(&id);
        match Frame::event(event) {
            Ok(frame) => prop_assert_eq!(line_kinds(&wire(&frame)), [
                Some(Some(Field::Event)), Some(Some(Field::Id)), Some(Some(Field::Data)), None,
            ]),
            Err(error) => {
                let (value, forbidden): (_, &[u8]) = match error.field {
                    Field::Event => (&event_type, b"\r\n"),
                    _ => (&id, b"\r\n\0"),
                };
                let first = value.iter().position(|byte| forbidden.contains(byte));
                prop_assert_eq!(first, Some(error.position));
                prop_assert_eq!(value[error.position], error.byte);
            }
        }
    }
}

// There and back.

fn event(event: &WireEvent) -> Event<'_> {
    with_fields(Event::new(&event.data), event)
}

/// The fields of an event but its data.
fn with_fields<'a>(mut event: Event<'a>, fields: &'a WireEvent) -> Event<'a> {
    if let Some(event_type) = &fields.event_type {
        event = event.with_type(event_type);
    }
    if let Some(id) = &fields.id {
        event = event.with_id(id);
    }
    if let Some(retry) = fields.retry {
        event = event.with_retry(Millis(retry));
    }
    event
}

#[derive(Clone, Debug)]
enum Sent {
    Event(WireEvent),
    /// All but the data.
    WithoutData(WireEvent),
    Comment(Vec<u8>),
}

fn sent() -> impl Strategy<Value = Sent> {
    prop_oneof![
        3 => wire_event().prop_map(Sent::Event),
        1 => wire_event().prop_map(Sent::WithoutData),
        1 => any_bytes().prop_map(Sent::Comment),
    ]
}

impl Sent {
    fn frame(&self) -> Frame<'_> {
        match self {
            Self::Event(sent) => frame(event(sent)),
            Self::WithoutData(sent) => frame(with_fields(Event::without_data(), sent)),
            Self::Comment(text) => Frame::comment(text),
        }
    }
}

/// What a receiver of these frames gets, its last event ID and its reconnection time.
fn received(sent: &[Sent]) -> (Vec<Item>, Vec<u8>, Option<u64>) {
    let (mut items, mut last_event_id, mut reconnection_time) = (Vec::new(), Vec::new(), None);
    let mut start = 0;
    for sent in sent {
        let wire = wire(&sent.frame());
        let end = start + wire.len();
        match sent {
            Sent::Comment(text) => items.extend(lines(text).into_iter().map(Item::Comment)),
            Sent::Event(event) | Sent::WithoutData(event) => {
                let received = event.received();
                if let Some(millis) = received.retry {
                    let line = format!("retry: {millis}\n");
                    let before = wire
                        .windows(line.len())
                        .position(|window| window == line.as_bytes())
                        .unwrap();
                    items.push(Item::Retry {
                        millis,
                        at: start + before + line.len(),
                    });
                    reconnection_time = Some(millis);
                }
                if let Some(id) = &received.id {
                    last_event_id.clone_from(id);
                }
                if matches!(sent, Sent::Event(_)) {
                    items.push(Item::Event {
                        event_type: received.event_type,
                        data: received.data,
                        id: received.id,
                        retry: received.retry,
                        last_event_id: last_event_id.clone(),
                        at: end,
                    });
                } else if received.id.is_some() || received.retry.is_some() {
                    items.push(Item::WithoutData {
                        id: received.id,
                        retry: received.retry,
                        at: end,
                    });
                }
            }
        }
        start = end;
    }
    (items, last_event_id, reconnection_time)
}

proptest! {
    #[test]
    fn what_was_encoded_is_decoded(sent in wire_event()) {
        let wire = wire(&frame(event(&sent)));
        let received = sent.received();
        let mut parser = Parser::<Inline<512>>::new();
        let mut chunk = Chunk::new(&wire);
        let decoded = parser.next_event(&mut chunk).unwrap().unwrap();
        prop_assert_eq!(decoded, event(&received));
        prop_assert!(chunk.is_empty());
        // And what was decoded is encoded again.
        prop_assert_eq!(Frame::event(decoded), Frame::event(event(&received)));
    }

    #[test]
    fn a_stream_of_frames(sent in vec(sent(), 0..8), cut in any::<sample::Index>()) {
        let wires: Vec<_> = sent.iter().map(|sent| wire(&sent.frame())).collect();
        let stream = wires.concat();
        let (items, last_event_id, reconnection_time) = received(&sent);
        let cut = cut.index(stream.len() + 1);
        let cuts = [vec![], vec![cut], (1..stream.len()).collect()];
        for cuts in cuts {
            let mut parser = Parser::<Inline<512>>::new();
            prop_assert_eq!(&steps(&mut parser, &pieces(&stream, &cuts)), &items);
            prop_assert_eq!(parser.last_event_id(), &last_event_id);
            prop_assert_eq!(parser.retry().map(|time| time.0), reconnection_time);
        }
    }

    #[test]
    fn without_data_only_the_id_and_the_time_change(sent in wire_event()) {
        let mut parser = Parser::<Inline<512>>::new();
        parser.set_last_event_id(b"before").unwrap();
        let wire = wire(&frame(with_fields(Event::without_data(), &sent)));
        prop_assert_eq!(parser.next_event(&mut Chunk::new(&wire)), Ok(None));
        prop_assert_eq!(parser.last_event_id(), sent.id.as_deref().unwrap_or(b"before"));
        prop_assert_eq!(parser.retry(), sent.retry.map(Millis));
        // The type is forgotten.
        let next = parser.next_event(&mut Chunk::new(b"data\n\n")).unwrap().unwrap();
        prop_assert_eq!((next.event_type(), next.id(), next.retry()), (None, None, None));
    }
}

/// Bytes that are not UTF-8 pass unchanged in every value that can hold them, and in no way become
/// a line end; only a reader of text sees U+FFFD.
/// Also where it is long enough to be checked by vector instructions, and wherever the error is.
#[test]
fn data_as_text_is_what_the_standard_library_makes_of_it() {
    for len in [0, 1, 2, 63, 64, 65, 66, 200] {
        let mut text = "é".repeat(len).into_bytes();
        text.truncate(len);
        assert_eq!(Event::new(&text).data_str(), str::from_utf8(&text));
        for at in 0..len {
            let mut damaged = text.clone();
            damaged[at] = b'x';
            assert_eq!(Event::new(&damaged).data_str(), str::from_utf8(&damaged));
        }
    }
}

#[test]
fn types_and_ids_as_text() {
    let plain = Event::text("x");
    for event in [plain, plain.with_type(b""), plain.with_type(b"message")] {
        assert!(event.is_type("message") && !event.is_type("") && !event.is_type("add"));
        assert_eq!(event.type_str(), Ok("message"));
    }
    let add = plain.with_type("ä".as_bytes()).with_id("…".as_bytes());
    assert!(add.is_type("ä") && !add.is_type("message"));
    assert_eq!((add.type_str(), add.id_str()), (Ok("ä"), Ok(Some("…"))));
    assert_eq!(plain.id_str(), Ok(None));
    assert_eq!(plain.with_id(b"").id_str(), Ok(Some("")));
    let bytes = plain.with_type(b"\xFF").with_id(b"a\xFF");
    assert!(!bytes.is_type("\u{FFFD}"));
    assert!(bytes.type_str().is_err());
    assert_eq!(bytes.id_str().unwrap_err().valid_up_to(), 1);
}

#[test]
fn bytes_that_are_not_utf_8() {
    let bytes: Vec<u8> = (0..=u8::MAX)
        .filter(|byte| !matches!(byte, b'\r' | b'\n' | b'\0'))
        .collect();
    let sent = Event::new(&bytes).with_type(&bytes).with_id(&bytes);
    let wire = wire(&frame(sent));
    let mut parser = Parser::<Inline<1024>>::new();
    let event = parser.next_event(&mut Chunk::new(&wire)).unwrap();
    assert_eq!(event, Some(sent));
    assert!(event.unwrap().data_str().is_err());
    assert_eq!(
        lossy(event.unwrap().data()).to_string(),
        String::from_utf8_lossy(&bytes),
    );
}

// Every way to write a frame.

fn assert_every_way(frame: &Frame<'_>) {
    let wire = wire(frame);
    assert!(frame.slices().all(|slice| !slice.is_empty()));
    let pulled: Vec<_> = frame.slices().collect();
    for seen in 0..=pulled.len() {
        let mut slices = frame.slices();
        slices.by_ref().take(seen).for_each(drop);
        let mut pushed = Vec::new();
        slices.for_each(|slice| pushed.push(slice));
        assert_eq!(pushed, pulled[seen..], "pushed after {seen}");
    }
    assert_eq!(frame.encoded_len(), wire.len());

    for size in 1..=wire.len() {
        let mut cursor = frame.cursor();
        let mut written = Vec::new();
        let mut buffer = vec![0; size];
        while !cursor.is_done() {
            let len = cursor.copy_to(&mut buffer);
            written.extend_from_slice(&buffer[..len]);
            assert_eq!(len == size, written.len() % size == 0, "fills the buffer");
        }
        assert_eq!(lossy(&written), lossy(&wire), "in buffers of {size}");
        assert_eq!(cursor.copy_to(&mut buffer), 0);
        assert_eq!(cursor.chunk(), b"");

        let mut cursor = frame.cursor();
        let mut written = Vec::new();
        while !cursor.is_done() {
            let len = cursor.chunk().len().min(size);
            written.extend_from_slice(&cursor.chunk()[..len]);
            cursor.advance(len);
        }
        assert_eq!(lossy(&written), lossy(&wire), "in steps of {size}");

        // Steps that know nothing of slices, and a copy of a cursor on its way.
        let mut cursor = frame.cursor();
        cursor.advance(size);
        let (mut rest, mut copy) = (vec![0; wire.len()], vec![0; wire.len()]);
        let len = cursor.clone().copy_to(&mut rest);
        assert_eq!(lossy(&rest[..len]), lossy(&wire[size..]), "after {size}");
        assert_eq!((cursor.copy_to(&mut copy), copy), (len, rest));
    }
    let mut cursor = frame.cursor();
    assert_eq!(cursor.copy_to(&mut []), 0);
    cursor.advance(0);
    assert!(!cursor.is_done());
    cursor.advance(usize::MAX);
    assert!(cursor.is_done());

    for size in 0..wire.len() {
        let BufferTooSmall { needed, .. } = frame.encode(&mut vec![0; size]).unwrap_err();
        assert_eq!(needed, wire.len());
    }
    for size in [wire.len(), wire.len() + 1, wire.len() + 100] {
        let mut buffer = vec![b'#'; size];
        assert_eq!(frame.encode(&mut buffer), Ok(&wire[..]));
        assert!(buffer[wire.len()..].iter().all(|byte| *byte == b'#'));
    }

    assert_all_or_nothing(frame, &wire);

    #[cfg(feature = "alloc")]
    {
        assert_eq!(frame.to_vec(), wire);
        let mut buffer = b"before".to_vec();
        frame.append_to(&mut buffer);
        assert_eq!(buffer, [b"before", &wire[..]].concat());
        let Ok(()) = frame.write_to(&mut buffer);
        assert_eq!(buffer, [b"before", &wire[..], &wire[..]].concat());
    }
    #[cfg(feature = "std")]
    {
        let mut written = Vec::new();
        std::io::copy(&mut frame.cursor(), &mut written).unwrap();
        assert_eq!(written, wire);
    }
    #[cfg(feature = "bytes")]
    assert_buf(frame, &wire);
}

/// Into sinks that have room for it behind what they hold, and into sinks that have not.
fn assert_all_or_nothing(frame: &Frame<'_>, wire: &[u8]) {
    for room in 0..=wire.len() + 1 {
        let mut buffer = vec![b'#'; 6 + room];
        let mut sink = SliceSink::new(&mut buffer);
        sink.push_bytes(b"before").unwrap();
        let mut pieces = Pieces {
            taken: b"before".to_vec(),
            most: 6 + room,
            has_refused: false,
        };
        let written = frame.write_to(&mut sink);
        let taken = frame.write_to(&mut pieces);
        if room < wire.len() {
            assert_eq!(written.unwrap_err().capacity, 6 + room);
            assert_eq!(taken, Err(()));
            assert_eq!(sink.written(), b"before");
            assert_eq!(pieces.taken, b"before");
        } else {
            assert_eq!((written, taken), (Ok(()), Ok(())));
            assert_eq!(lossy(sink.written()), lossy(&pieces.taken));
            assert_eq!(pieces.taken, [b"before", wire].concat());
        }
        // What is not written to is not touched.
        assert!(
            buffer
                .get(6 + wire.len()..)
                .is_none_or(|rest| *rest == b"#"[..rest.len()])
        );
    }
}

/// A sink of the caller's, which counts on not being asked again once it has refused.
struct Pieces {
    taken: Vec<u8>,
    most: usize,
    has_refused: bool,
}

impl Sink for Pieces {
    type Error = ();

    fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), ()> {
        assert!(!self.has_refused);
        self.has_refused = self.taken.len() + bytes.len() > self.most;
        if self.has_refused {
            return Err(());
        }
        self.taken.extend_from_slice(bytes);
        Ok(())
    }

    fn position(&self) -> usize {
        self.taken.len()
    }

    fn rollback(&mut self, position: usize) -> bool {
        self.taken.truncate(position);
        true
    }
}

#[cfg(feature = "std")]
#[test]
fn a_frame_that_was_begun_on_a_writer_is_followed_by_none() {
    let mut room = [0; 8];
    let mut sink = sse_codec::IoSink::new(&mut room[..]);
    let error = frame(Event::text("longer"))
        .write_to(&mut sink)
        .unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WriteZero);
    assert!(Frame::HEARTBEAT.write_to(&mut sink).is_err());
    // A sink that nobody knows the type of.
    let mut all = Vec::new();
    let mut io = sse_codec::IoSink::new(&mut all);
    let sink: &mut dyn Sink<Error = std::io::Error> = &mut io;
    Frame::HEARTBEAT.write_to(sink).unwrap();
    assert_eq!(all, b":\n\n");
}

#[cfg(feature = "bytes")]
fn assert_buf(frame: &Frame<'_>, wire: &[u8]) {
    use bytes::{Buf, BufMut, Bytes, BytesMut};

    assert_eq!(frame.to_bytes(), wire);
    let mut appended = BytesMut::from(&b"before"[..]);
    let Ok(()) = frame.write_to(&mut appended);
    assert_eq!(appended, [b"before", wire].concat());
    for step in 1..=wire.len() {
        let mut buf = frame.into_buf();
        let mut written = Vec::new();
        while buf.has_remaining() {
            assert_eq!(buf.remaining(), wire.len() - written.len());
            let len = buf.chunk().len().min(step);
            written.extend_from_slice(&buf.chunk()[..len]);
            buf.advance(len);
        }
        assert_eq!(written, wire);
        assert_eq!(buf.chunk(), b"");

        let mut buf = frame.into_buf();
        buf.advance(step);
        assert_eq!(buf.remaining(), wire.len() - step);
        assert_eq!(buf.copy_to_bytes(buf.remaining()), wire[step..]);

        // As a writer does that has one frame after the other and a limit.
        let mut several = frame
            .into_buf()
            .chain(Bytes::from_static(b":between\n\n"))
            .chain(frame.into_buf());
        let whole = [wire, b":between\n\n", wire].concat();
        assert_eq!(several.remaining(), whole.len());
        let mut written = BytesMut::new();
        while several.has_remaining() {
            BufMut::put(&mut written, (&mut several).take(step));
        }
        assert_eq!(written, whole);
    }
}

#[test]
fn every_way_to_write_gives_the_same() {
    assert_every_way(&Frame::HEARTBEAT);
    assert_every_way(&Frame::retry(Millis(u64::MAX)));
    assert_every_way(&Frame::retry(Millis(0)));
    assert_every_way(&Frame::id(b"").unwrap());
    assert_every_way(&frame(Event::without_data()));
    assert_every_way(&frame(Event::text("")));
    assert_every_way(&frame(Event::text("\r\n\n\r")));
    assert_every_way(&frame(
        Event::text("a\n\nb")
            .with_type(b"")
            .with_id(b"")
            .with_retry(Millis(1_234_567_890)),
    ));
}

proptest! {
    #[test]
    fn every_way_to_write_any_frame_gives_the_same(sent in sent()) {
        assert_every_way(&sent.frame());
    }
}

/// A `Chain`, and hyper's queue of buffers, put the slices of one buffer right behind those of
/// another. A buffer that does not give all it has gets the other's bytes into its middle
/// (tokio-rs/bytes#701, hyperium/hyper#3650).
#[cfg(feature = "bytes")]
#[test]
fn a_chain_of_frames_in_a_vectored_write() {
    use bytes::Buf;

    let frame = frame(Event::text("a\nb").with_id(b"1"));
    let mut several = frame.into_buf().chain(frame.into_buf());
    let mut written = Vec::new();
    while several.has_remaining() {
        let mut slices = [std::io::IoSlice::new(b""); 4];
        let count = several.chunks_vectored(&mut slices);
        let gathered: Vec<u8> = slices[..count]
            .iter()
            .flat_map(|slice| slice.to_vec())
            .collect();
        assert!(!gathered.is_empty());
        several.advance(gathered.len());
        written.extend(gathered);
    }
    assert_eq!(lossy(&written), lossy(&wire(&frame).repeat(2)));
}

#[test]
fn values_are_not_copied_into_slices() {
    let data = b"first\nsecond";
    let frame = frame(Event::new(data).with_id(b"1"));
    let inside = |slice: &&[u8]| data.as_ptr_range().contains(&slice.as_ptr());
    let slices: Vec<_> = frame.slices().filter(inside).collect();
    assert_eq!(slices, [&b"first"[..], b"second"]);
}

#[cfg(feature = "std")]
#[test]
fn slices_go_into_a_vectored_write() {
    use std::io::{IoSlice, Write};

    let frame = frame(Event::text("a\nb").with_type(b"t").with_retry(Millis(5)));
    let slices: Vec<_> = frame.slices().map(IoSlice::new).collect();
    let mut written = Vec::new();
    assert_eq!(
        written.write_vectored(&slices).unwrap(),
        frame.encoded_len()
    );
    assert_eq!(written, b"event: t\nretry: 5\ndata: a\ndata: b\n\n");
}

#[test]
fn a_buffer_too_small_says_what_it_should_have() {
    let error = Frame::HEARTBEAT.encode(&mut [0; 2]).unwrap_err();
    assert_eq!(error.needed, 3);
    assert_eq!(error.to_string(), "the frame needs a buffer of 3 bytes");
}

// Data that is produced while it is written.

/// Fields, perhaps the beginning of the data, and the rest of it in pieces.
#[derive(Clone, Debug)]
struct Produced {
    fields: WireEvent,
    beginning: Option<Vec<u8>>,
    writes: Vec<Vec<u8>>,
}

impl Produced {
    fn begin(&self) -> Event<'_> {
        let event = match &self.beginning {
            Some(data) => Event::new(data),
            None => Event::without_data(),
        };
        with_fields(event, &self.fields)
    }

    /// What a frame of the whole data is on the wire.
    fn wire(&self) -> Vec<u8> {
        let data = [
            &self.beginning.clone().unwrap_or_default(),
            &self.writes.concat()[..],
        ]
        .concat();
        wire(&frame(with_fields(Event::new(&data), &self.fields)))
    }
}

fn produced() -> impl Strategy<Value = Produced> {
    let begin = any::<bool>();
    (wire_event(), cuts(40), begin).prop_map(|(fields, cuts, begin)| {
        // Twice, so that there is enough of it.
        let data = [&fields.data[..], b"\r\n", &fields.data].concat();
        let cuts: Vec<_> = cuts.into_iter().map(|cut| cut.min(data.len())).collect();
        let mut writes: Vec<_> = pieces(&data, &cuts)
            .iter()
            .map(|piece| piece.to_vec())
            .collect();
        Produced {
            beginning: begin.then(|| writes.remove(0)),
            fields,
            writes,
        }
    })
}

proptest! {
    #[test]
    fn a_data_writer_writes_what_a_frame_does(produced in produced()) {
        let wire = produced.wire();
        let mut buffer = vec![0; wire.len()];
        let mut sink = SliceSink::new(&mut buffer);
        let mut writer = DataWriter::new(&mut sink, produced.begin()).unwrap();
        for write in &produced.writes {
            writer.push(write);
        }
        writer.finish().unwrap();
        prop_assert_eq!(lossy(sink.written()), lossy(&wire));
    }

    #[test]
    fn a_data_writer_without_room_takes_everything_back(produced in produced()) {
        let wire = produced.wire();
        for size in 0..wire.len() {
            let mut buffer = vec![0; size + 3];
            let mut sink = SliceSink::new(&mut buffer);
            sink.push_bytes(b":\n\n").unwrap();
            let mut writer = DataWriter::new(&mut sink, produced.begin()).unwrap();
            for write in &produced.writes {
                writer.push(write);
            }
            let SinkFull { capacity, .. } = writer.finish().unwrap_err();
            prop_assert_eq!(capacity, size + 3);
            prop_assert_eq!(sink.written(), b":\n\n");
        }
    }

    #[test]
    fn text_goes_in_through_fmt(fields in utf8_wire_event(), cuts in cuts(24)) {
        let text = String::from_utf8(fields.data.clone()).unwrap();
        let mut buffer = [0; 1024];
        let mut sink = SliceSink::new(&mut buffer);
        let start = with_fields(Event::without_data(), &fields);
        let mut writer = DataWriter::new(&mut sink, start).unwrap();
        let mut from = 0;
        for cut in cuts.into_iter().chain([text.len()]) {
            let cut = (cut..text.len()).find(|cut| text.is_char_boundary(*cut));
            let cut = cut.unwrap_or(text.len());
            writer.write_str(&text[from..cut]).unwrap();
            from = cut;
        }
        writer.finish().unwrap();
        let wire = wire(&frame(event(&fields)));
        prop_assert_eq!(lossy(sink.written()), lossy(&wire));
    }
}

#[test]
fn a_data_writer_step_by_step() {
    let mut buffer = [0; 64];
    let mut sink = SliceSink::new(&mut buffer);
    // Nothing is written: an event with empty data, like that of an empty string.
    DataWriter::new(&mut sink, Event::without_data())
        .unwrap()
        .finish()
        .unwrap();
    assert_eq!(sink.written(), b"data: \n\n");

    sink.clear();
    let mut writer = DataWriter::new(&mut sink, Event::new(b"a\r").with_id(b"1")).unwrap();
    writer.push(b"");
    writer.push(b"\nb");
    writer.push(b"\r");
    writer.push(b"\n");
    writer.push(b"\n");
    writer.push(b"c");
    writer.finish().unwrap();
    assert_eq!(
        lossy(sink.written()),
        lossy(b"id: 1\ndata: a\ndata: b\ndata: \ndata: c\n\n"),
    );
}

#[test]
fn a_data_writer_that_is_dropped_takes_everything_back() {
    let mut buffer = [0; 64];
    let mut sink = SliceSink::new(&mut buffer);
    sink.push_bytes(b":\n\n").unwrap();
    let mut writer = DataWriter::new(&mut sink, Event::text("a").with_type(b"t")).unwrap();
    write!(writer, "b\n{}", 1).unwrap();
    drop(writer);
    assert_eq!(sink.written(), b":\n\n");
}

#[test]
fn fmt_hears_of_a_full_sink() {
    let mut buffer = [0; 16];
    let mut sink = SliceSink::new(&mut buffer);
    let mut writer = DataWriter::new(&mut sink, Event::without_data()).unwrap();
    assert_eq!(write!(writer, "0123456789"), Ok(()));
    assert_eq!(write!(writer, "0"), Err(std::fmt::Error));
    // And it stays so, though an empty text would fit.
    assert_eq!(writer.write_str(""), Err(std::fmt::Error));
    let error = writer.finish().unwrap_err();
    assert_eq!(error.to_string(), "the buffer of 16 bytes is full");
    assert_eq!(sink.written(), b"");
}

#[cfg(feature = "alloc")]
#[test]
fn a_data_writer_into_a_vec() {
    let mut out = b":\n\n".to_vec();
    drop(DataWriter::new(&mut out, Event::text("a")).unwrap());
    assert_eq!(out, b":\n\n");
    let mut writer = DataWriter::new(&mut out, Event::text("a").with_id(b"7")).unwrap();
    write!(writer, "b\n{}", 1).unwrap();
    let Ok(()) = writer.finish();
    assert_eq!(out, b":\n\nid: 7\ndata: ab\ndata: 1\n\n");
}

#[cfg(feature = "bytes")]
#[test]
fn a_data_writer_into_bytes() {
    let mut out = bytes::BytesMut::from(&b":\n\n"[..]);
    drop(DataWriter::new(&mut out, Event::text("a")).unwrap());
    assert_eq!(out, &b":\n\n"[..]);
    let mut writer = DataWriter::new(&mut out, Event::text("a").with_id(b"7")).unwrap();
    write!(writer, "b\n{}", 1).unwrap();
    let Ok(()) = writer.finish();
    assert_eq!(out, &b":\n\nid: 7\ndata: ab\ndata: 1\n\n"[..]);
}

#[cfg(feature = "std")]
mod io {
    use std::io::{self, Write};

    use super::*;
    use sse_codec::IoSink;

    /// Takes so many bytes, a few at a time and with interruptions, and then fails, once.
    struct Faulty {
        taken: Vec<u8>,
        room: usize,
        calls: usize,
    }

    impl Write for Faulty {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.calls += 1;
            if self.calls.is_multiple_of(3) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let len = bytes.len().min(self.room).min(5);
            if len == 0 {
                self.room = usize::MAX;
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            self.taken.extend_from_slice(&bytes[..len]);
            self.room -= len;
            Ok(len)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    proptest! {
        #[test]
        fn any_data_through_io(produced in produced()) {
            let wire = produced.wire();
            let mut sink = IoSink::new(Faulty { taken: Vec::new(), room: wire.len(), calls: 0 });
            let mut writer = DataWriter::new(&mut sink, produced.begin()).unwrap();
            for write in &produced.writes {
                writer.write_all(write).unwrap();
            }
            writer.flush().unwrap();
            writer.finish().unwrap();
            let taken = sink.into_inner().taken;
            prop_assert_eq!(lossy(&taken), lossy(&wire));
        }

        #[test]
        fn a_writer_that_fails(produced in produced(), room in any::<sample::Index>()) {
            let wire = produced.wire();
            let room = room.index(wire.len());
            let mut sink = IoSink::new(Faulty { taken: Vec::new(), room, calls: 0 });
            let mut writer = DataWriter::new(&mut sink, produced.begin()).unwrap();
            let mut failed = false;
            for write in &produced.writes {
                // Once it has failed it goes on failing.
                let result = writer.write_all(write);
                prop_assert!(!failed || write.is_empty() || result.is_err());
                failed |= result.is_err();
            }
            let error = writer.finish().unwrap_err();
            prop_assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
            // What was passed on cannot be taken back, but nothing comes after it.
            prop_assert!(room == 0 || !sink.rollback(0));
            let taken = sink.into_inner().taken;
            prop_assert_eq!(lossy(&taken), lossy(&wire[..room]));
        }
    }

    #[test]
    fn nothing_follows_what_a_writer_took_half_of() {
        let mut sink = IoSink::new(Faulty {
            taken: Vec::new(),
            room: 9,
            calls: 0,
        });
        let first = Frame::message(b"first");
        assert!(
            first
                .slices()
                .try_for_each(|slice| sink.push_bytes(slice))
                .is_err()
        );
        let second = DataWriter::new(&mut sink, Event::text("second")).unwrap();
        assert!(second.finish().is_err());
        assert_eq!(sink.into_inner().taken, b"data: fir");
    }

    #[test]
    fn json_is_written_in_place() {
        let value = serde_json::json!({ "text": "a\nb\r", "list": [1, 2] });
        let mut out = Vec::new();
        let start = Event::without_data().with_type(b"json");
        let mut writer = DataWriter::new(&mut out, start).unwrap();
        serde_json::to_writer_pretty(&mut writer, &value).unwrap();
        let Ok(()) = writer.finish();
        let mut parser = Parser::<Inline<256>>::new();
        let event = parser.next_event(&mut Chunk::new(&out)).unwrap().unwrap();
        let decoded: serde_json::Value = serde_json::from_slice(event.data()).unwrap();
        assert_eq!(decoded, value);
    }
}
