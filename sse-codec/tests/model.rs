//! Bounded model check: every stream and every value that can be made of a few tokens, up to a
//! length, against the oracle and an encoder as naive as it.
//!
//! The lengths that `cargo test` tries are those a debug build gets through in seconds. The ignored
//! tests go on to what a release build gets through in a few minutes:
//!
//! ```sh
//! cargo test --release --package sse-codec --features std,bytes --test model -- --ignored --nocapture
//! ```

mod common;

use std::{
    fmt::Debug,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
};

use common::{
    drive,
    oracle::{self, Decoded, Item},
};
use sse_codec::{Chunk, DataWriter, Event, Field, Frame, Inline, Parser, SliceSink, Step, Storage};

/// Streams to try: `before`, then up to so many tokens, then `after`, which brings to light what
/// the tokens have left in the parser.
struct Family {
    name: &'static str,
    before: &'static [u8],
    tokens: &'static [&'static [u8]],
    after: &'static [u8],
    limits: &'static [usize],
    shallow: usize,
    deep: usize,
}

const FAMILIES: &[Family] = &[
    Family {
        name: "tokens of the grammar",
        before: b"",
        tokens: &[
            b"data", b"d", b"id", b"event", b"retry", b":", b" ", b"\n", b"\r", b"1", b"\0",
            b"\xEF", b"\xBB", b"\xBF", b"\xFF",
        ],
        after: b"\ndata\n\n",
        limits: &[0, 2],
        shallow: 2,
        deep: 5,
    },
    Family {
        name: "tokens inside a block",
        before: b"id:1\nevent:2\ndata:3",
        tokens: &[
            b"data", b"id", b"event", b"retry", b":", b" ", b"\n", b"\r", b"1", b"\0", b"\xEF",
        ],
        after: b"\ndata\n\n",
        limits: &[3, 4],
        shallow: 2,
        deep: 5,
    },
    Family {
        name: "fields and line ends",
        before: b"",
        tokens: &[
            b"data:", b"event:", b"id:", b"data", b":", b"\n", b"\r", b"1", b"\0",
        ],
        after: b"\n\ndata\n\n",
        limits: &[0, 1, 2, 3],
        shallow: 3,
        deep: 6,
    },
    Family {
        name: "whole lines",
        before: b"",
        tokens: &[
            b"data\n",
            b"data:1\n",
            b"data:23\n",
            b"event:1\n",
            b"event:23\n",
            b"id:1\n",
            b"id:23\n",
            b"id:\0\n",
            b"retry:1\n",
            b":c\n",
            b"x\n",
            b"\n",
        ],
        after: b"\ndata\n\n",
        limits: &[1, 2, 3, 5],
        shallow: 2,
        deep: 5,
    },
    Family {
        name: "whole blocks and what comes between",
        before: b"",
        tokens: &[
            b"data:1\n\n",
            b"data:2\r\n\r\n",
            b"data:3\r\r",
            b":\n\n",
            b":\n\n:\n\n:\n\n:\n\n:\n\n:\n\n:\n\n",
            b":\n",
            b"id:4\n",
            b"event:5\n",
            b"\n",
        ],
        after: b"\ndata\n\n",
        limits: &[0, 1],
        shallow: 2,
        deep: 4,
    },
    Family {
        name: "lines over the bounds of blocks of 16, 32 and 64 bytes",
        before: b"",
        tokens: &[
            b"data:",
            b"\n",
            b"\r",
            b"xxxxxxxxxx",
            b"xxxxxxxxxxxxxxxx",
            b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ],
        after: b"\n\n:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n\ndata\n\n",
        limits: &[0],
        shallow: 2,
        deep: 5,
    },
    Family {
        name: "line ends and byte order marks",
        before: b"",
        tokens: &[b"\n", b"\r", b"\xEF", b"\xBB", b"\xBF", b":", b"data"],
        after: b"\r\ndata\n\n",
        limits: &[0],
        shallow: 4,
        deep: 7,
    },
    Family {
        name: "bytes of `data`",
        before: b"",
        tokens: &[b"d", b"a", b"t", b":", b"\n"],
        after: b"\n\n",
        limits: &[0, 1],
        shallow: 4,
        deep: 8,
    },
    Family {
        name: "bytes of `id`",
        before: b"id:1\n",
        tokens: &[b"i", b"d", b":", b" ", b"\0", b"\r"],
        after: b"\ndata\n\n",
        limits: &[0, 1, 2],
        shallow: 4,
        deep: 7,
    },
    Family {
        name: "bytes of `event`",
        before: b"data\n",
        tokens: &[b"e", b"v", b"n", b"t", b":", b"\n"],
        after: b"\n\n",
        limits: &[0, 1],
        shallow: 4,
        deep: 7,
    },
    Family {
        name: "bytes of a reconnection time",
        before: b"retry:",
        tokens: &[
            b"0",
            b"1",
            b"18446744073709551615",
            b"1844674407370955161",
            b" ",
            b"-",
            b"\r",
        ],
        after: b"\ndata\n\n",
        limits: &[0],
        shallow: 2,
        deep: 4,
    },
];

#[test]
fn streams() {
    FAMILIES
        .iter()
        .for_each(|family| family.check(family.shallow));
}

#[test]
#[ignore = "minutes in release"]
fn streams_in_depth() {
    FAMILIES.iter().for_each(|family| family.check(family.deep));
}

impl Family {
    fn check(&self, depth: usize) {
        let decodings = AtomicU64::new(0);
        let streams = for_all(self.tokens, depth, |value| {
            let stream = [self.before, value, self.after].concat();
            decodings.fetch_add(self.check_stream(&stream), Ordering::Relaxed);
        });
        println!(
            "{}: {streams} streams of up to {depth} tokens, {} decodings",
            self.name,
            decodings.into_inner()
        );
    }

    /// Whole, byte by byte and at every cut, of which some are at the ends.
    fn check_stream(&self, stream: &[u8]) -> u64 {
        let mut cuttings = vec![vec![stream], stream.chunks(1).collect()];
        for cut in 0..=stream.len() {
            let (a, b) = stream.split_at(cut);
            cuttings.push(vec![a, b]);
        }
        let mut decodings = assert_all_storages::<256>(stream, &cuttings, None);
        for limit in self.limits {
            decodings += match limit {
                0 => assert_all_storages::<0>(stream, &cuttings, Some(0)),
                1 => assert_all_storages::<1>(stream, &cuttings, Some(1)),
                2 => assert_all_storages::<2>(stream, &cuttings, Some(2)),
                3 => assert_all_storages::<3>(stream, &cuttings, Some(3)),
                4 => assert_all_storages::<4>(stream, &cuttings, Some(4)),
                5 => assert_all_storages::<5>(stream, &cuttings, Some(5)),
                _ => panic!("a limit that is no constant"),
            };
        }
        assert_id_limit(&cuttings);
        decodings
    }
}

fn assert_all_storages<const N: usize>(
    stream: &[u8],
    cuttings: &[Vec<&[u8]>],
    limit: Option<usize>,
) -> u64 {
    let expected = oracle::decode(stream, limit, b"");
    let only_events = only_events(&expected);
    for pieces in cuttings {
        assert_decodes(&mut Parser::<Inline<N>>::new(), pieces, &expected);
        for remake in [false, true] {
            let mut parser = Parser::<Inline<N>>::new();
            assert_decodes_by_event(&mut parser, pieces, &only_events, remake);
        }
        let (mut event, mut ids) = ([0; N], [[0; N]; 2]);
        let mut parser = Parser::borrowed(&mut event, ids.as_flattened_mut());
        assert_decodes(&mut parser, pieces, &expected);
        #[cfg(feature = "alloc")]
        assert_decodes(&mut Parser::growable(N), pieces, &expected);
    }
    cuttings.len() as u64 * if cfg!(feature = "alloc") { 5 } else { 4 }
}

fn only_events(decoded: &Decoded) -> Decoded {
    Decoded {
        items: drive::without_steps(&decoded.items),
        ..decoded.clone()
    }
}

/// IDs that have less room than events, of which the oracle knows nothing: the cuts make no
/// difference, and no ID is longer than that.
fn assert_id_limit(cuttings: &[Vec<&[u8]>]) {
    let mut whole = None;
    for pieces in cuttings {
        let mut parser = Parser::<Inline<3, 1>>::new();
        let items = drive::events(&mut parser, pieces);
        assert!(parser.last_event_id().len() <= 1);
        let state = (items, parser.last_event_id().to_vec(), parser.retry());
        assert_eq!(
            *whole.get_or_insert_with(|| state.clone()),
            state,
            "{pieces:?}"
        );
    }
}

fn assert_decodes<S: Storage + Debug>(
    parser: &mut Parser<S>,
    pieces: &[&[u8]],
    expected: &Decoded,
) {
    let agrees = steps_agree(parser, pieces, expected).is_some();
    assert!(agrees, "{parser:?}: not {expected:#?}: {}", shown(pieces));
}

fn assert_decodes_by_event<S: Storage + Debug>(
    parser: &mut Parser<S>,
    pieces: &[&[u8]],
    expected: &Decoded,
    remake: bool,
) {
    let agrees = events_agree(parser, pieces, expected, remake).is_some();
    assert!(agrees, "{parser:?}: not {expected:#?}: {}", shown(pieces));
}

fn shown(pieces: &[&[u8]]) -> String {
    let pieces = pieces.iter().map(|piece| piece.escape_ascii().to_string());
    pieces.collect::<Vec<_>>().join(" | ")
}

/// As [`drive::steps`], but compares instead of collecting, which is most of the time. `None` when
/// something is different.
fn steps_agree<S: Storage>(
    parser: &mut Parser<S>,
    pieces: &[&[u8]],
    expected: &Decoded,
) -> Option<()> {
    let mut items = expected.items.iter();
    let (mut before, mut comment) = (0, 0);
    for piece in pieces {
        let mut chunk = Chunk::new(piece);
        loop {
            let step = parser.step(&mut chunk);
            let at = before + chunk.position();
            let agrees = match step {
                Ok(None) => break,
                Ok(Some(Step::Event(ready))) => is_event(items.next()?, &parser.event(ready), at),
                Ok(Some(Step::Comment(piece))) => {
                    let text = match items.as_slice().first() {
                        Some(Item::Comment(text)) => text,
                        Some(_) => return None,
                        None => expected.unfinished_comment.as_ref()?,
                    };
                    if piece.starts() {
                        comment = 0;
                    }
                    let agrees = text.get(comment..)?.starts_with(piece.bytes());
                    comment += piece.bytes().len();
                    if piece.ends() {
                        items.next()?;
                    }
                    agrees && piece.ends() <= (comment == text.len())
                }
                Ok(Some(Step::Retry(time))) => {
                    parser.retry() == Some(time)
                        && *items.next()? == Item::Retry { millis: time.0, at }
                }
                Ok(Some(_)) => false,
                Err(_) => *items.next()? == Item::Overflow { at },
            };
            if !agrees {
                return None;
            }
        }
        if !chunk.is_empty() {
            return None;
        }
        before += piece.len();
    }
    (items.next().is_none() && ends_alike(parser, expected)).then_some(())
}

/// By [`Parser::next_event`]; or, where the chunk is to be made anew for every call, by
/// [`Parser::next_ready`].
fn events_agree<S: Storage>(
    parser: &mut Parser<S>,
    pieces: &[&[u8]],
    expected: &Decoded,
    remake: bool,
) -> Option<()> {
    let mut items = expected.items.iter();
    let mut before = 0;
    for piece in pieces {
        let mut chunk = Chunk::new(piece);
        loop {
            if remake {
                before += chunk.position();
                chunk = Chunk::new(chunk.rest());
            }
            let event = if remake {
                let ready = parser.next_ready(&mut chunk);
                ready.map(|ready| ready.map(|ready| parser.event(ready)))
            } else {
                parser.next_event(&mut chunk)
            };
            let at = before + chunk.position();
            let agrees = match event {
                Ok(None) => break,
                Ok(Some(event)) => is_event(items.next()?, &event, at),
                Err(_) => *items.next()? == Item::Overflow { at },
            };
            if !agrees {
                return None;
            }
        }
        before += chunk.position();
        if !chunk.is_empty() {
            return None;
        }
    }
    (items.next().is_none() && ends_alike(parser, expected)).then_some(())
}

fn ends_alike<S: Storage>(parser: &Parser<S>, expected: &Decoded) -> bool {
    let retry = parser.retry().map(|time| time.0);
    parser.last_event_id() == expected.last_event_id && retry == expected.retry
}

fn is_event(item: &Item, event: &Event<'_>, position: usize) -> bool {
    let Item::Event {
        event_type,
        data,
        id,
        retry,
        last_event_id,
        at,
    } = item
    else {
        return false;
    };
    event.has_data()
        && event.event_type() == event_type.as_deref()
        && event.data() == data
        && event.id() == id.as_deref()
        && event.retry().map(|time| time.0) == *retry
        && event.last_event_id() == last_event_id
        && position == *at
}

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
fn values() {
    check_values(3);
    check_fields(1);
}

#[test]
#[ignore = "minutes in release"]
fn values_in_depth() {
    check_values(5);
    check_fields(2);
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
            assert!(!cursor.is_done() && wire.ends_with(&wire[wire.len() - piece.len()..]));
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

/// Calls `check` with everything that up to `depth` tokens make, on all cores. Returns how many.
fn for_all(tokens: &[&[u8]], depth: usize, check: impl Fn(&[u8]) + Sync) -> u64 {
    check(b"");
    let (count, next) = (AtomicU64::new(1), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                // Shares of all that begins with the same two tokens.
                while let Some(first) = tokens.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begun = for_all_in_turn(tokens, depth - 1, &mut |value| {
                        check(&[first, value].concat());
                    });
                    count.fetch_add(begun, Ordering::Relaxed);
                }
            });
        }
    });
    count.into_inner()
}

fn for_all_in_turn(tokens: &[&[u8]], depth: usize, check: &mut impl FnMut(&[u8])) -> u64 {
    fn longer(
        tokens: &[&[u8]],
        depth: usize,
        value: &mut Vec<u8>,
        check: &mut impl FnMut(&[u8]),
    ) -> u64 {
        check(value);
        let mut count = 1;
        if depth > 0 {
            for token in tokens {
                value.extend_from_slice(token);
                count += longer(tokens, depth - 1, value, check);
                value.truncate(value.len() - token.len());
            }
        }
        count
    }
    longer(tokens, depth, &mut Vec::new(), check)
}
