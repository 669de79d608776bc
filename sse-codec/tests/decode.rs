//! The parser against the web platform tests and the oracle, however the stream is cut.

mod common;

use common::{
    drive::{events, events_of_kept_chunks, steps, without_steps},
    oracle::{self, Item},
    strategies::{self, pieces},
    wpt::WPT,
};
use proptest::prelude::*;
use sse_codec::{
    Bound, Chunk, Inline, InvalidLastEventId, Millis, Overflow, Parser, Step, Storage,
};

const LONG: usize = 512;

/// All ways to cut a stream of this length in three; of a long one those near its line ends.
fn cuts_in_three(input: &[u8]) -> Vec<[usize; 2]> {
    let places: Vec<usize> = (0..=input.len())
        .filter(|at| {
            let near = &input[at.saturating_sub(2)..(at + 2).min(input.len())];
            input.len() <= LONG || near.iter().any(|byte| matches!(byte, b'\r' | b'\n'))
        })
        .collect();
    let pairs = |a: &usize| {
        places
            .iter()
            .filter(move |b| a <= b)
            .map(|b| [*a, *b])
            .collect()
    };
    places.iter().flat_map(|a| -> Vec<_> { pairs(a) }).collect()
}

/// A parser with a limit of `N` in each kind of storage gives the same for these pieces.
fn assert_all_storages<const N: usize>(pieces: &[&[u8]], expected: &oracle::Decoded) {
    fn assert<S: Storage + std::fmt::Debug>(
        mut parser: Parser<S>,
        pieces: &[&[u8]],
        expected: &oracle::Decoded,
    ) {
        assert_eq!(
            steps(&mut parser, pieces),
            expected.items,
            "{parser:?}: {pieces:?}"
        );
        assert_eq!(parser.last_event_id(), expected.last_event_id);
        assert_eq!(parser.retry().map(|time| time.0), expected.retry);
        assert_eq!(parser.is_inside_block(), expected.is_inside_block);
    }
    assert(Parser::<Inline<N>>::new(), pieces, expected);
    let (mut event, mut ids) = ([0; N], [[0; N]; 2]);
    assert(
        Parser::borrowed(&mut event, ids.as_flattened_mut()),
        pieces,
        expected,
    );
    #[cfg(feature = "alloc")]
    assert(Parser::growable(N), pieces, expected);

    let expected = without_steps(&expected.items);
    let mut parser = Parser::<Inline<N>>::new();
    assert_eq!(events(&mut parser, pieces), expected, "{pieces:?}");
    let mut parser = Parser::<Inline<N>>::new();
    assert_eq!(
        events_of_kept_chunks(&mut parser, pieces),
        expected,
        "{pieces:?}"
    );
}

#[test]
fn web_platform_tests_whole_and_byte_by_byte() {
    for vector in WPT {
        let expected = oracle::decode(vector.input, None, b"");
        assert_all_storages::<8192>(&[vector.input], &expected);
        let bytes: Vec<_> = vector.input.chunks(1).collect();
        assert_all_storages::<8192>(&bytes, &expected);
    }
}

#[test]
fn web_platform_tests_as_they_are_written_down() {
    for vector in WPT {
        let mut parser = Parser::<Inline<1024>>::new();
        let items = steps(&mut parser, &[vector.input]);
        let mut events = vector.events.iter();
        let mut comments = vector.comments.iter();
        for item in items {
            match item {
                Item::Event {
                    event_type,
                    data,
                    last_event_id,
                    at,
                    ..
                } => {
                    let event = events.next().expect(vector.name);
                    let event_type = event_type.unwrap_or_else(|| b"message".to_vec());
                    assert_eq!(event_type, event.event_type, "{}", vector.name);
                    assert_eq!(data, event.data, "{}", vector.name);
                    assert_eq!(last_event_id, event.last_event_id, "{}", vector.name);
                    assert_eq!(at, event.at, "{}", vector.name);
                }
                Item::Comment(text) => assert_eq!(&text, comments.next().expect(vector.name)),
                Item::Retry { .. } | Item::WithoutData { .. } => {}
                Item::Overflow { .. } => panic!("{}", vector.name),
            }
        }
        assert_eq!((events.len(), comments.len()), (0, 0), "{}", vector.name);
        assert_eq!(
            parser.last_event_id(),
            vector.last_event_id,
            "{}",
            vector.name
        );
        assert_eq!(
            parser.retry().map(|time| time.0),
            vector.retry,
            "{}",
            vector.name
        );
    }
}

#[test]
fn web_platform_tests_in_every_two_pieces() {
    for vector in WPT {
        let expected = oracle::decode(vector.input, None, b"");
        for cut in 0..=vector.input.len() {
            let (a, b) = vector.input.split_at(cut);
            assert_all_storages::<1024>(&[a, b], &expected);
        }
    }
}

#[test]
fn web_platform_tests_in_every_three_pieces() {
    for vector in WPT {
        let expected = oracle::decode(vector.input, None, b"");
        for [a, b] in cuts_in_three(vector.input) {
            let input = vector.input;
            let pieces = [&input[..a], &input[a..b], &input[b..]];
            let mut parser = Parser::<Inline<512>>::new();
            assert_eq!(
                steps(&mut parser, &pieces),
                expected.items,
                "{}: {pieces:?}",
                vector.name
            );
        }
    }
}

/// Streams whose limits are met exactly, by one byte, and by way of every field.
#[test]
fn limits_at_every_cut() {
    let streams: [&[u8]; 12] = [
        b"data: 12345678\n\ndata: 123456789\n\ndata: x\n\n",
        b"event: 1234\ndata: 1234\n\nevent: 1234\ndata: 12345\n\ndata: x\n\n",
        b"id: 1234\nevent: 12\ndata: 12\n\nid: 1234\nevent: 12\ndata: 123\n\n",
        b"data: 123\ndata: 1234\n\ndata: 123\ndata: 12345\n\n",
        b"data: 1234567\ndata\n\ndata: 12345678\ndata\n\ndata: x\n\n",
        b"data: 12345678\r\ndata\r\ndata\r\n\r\ndata: x\r\n\r\n",
        b"event: 12345678\nevent: 1\ndata: 1234567\n\n",
        b"id: 12345678\nid: 1\ndata: 1234567\n\nid: 12\nid: 3456789\0\ndata: 1\n\n",
        b"id: 1\n\nid: 123456789\ndata: y\n\ndata: x\n\n",
        b"retry: 5\nid: a\n: c\ndata: 123456789\n: d\nretry: 6\nid: b\n\n: e\ndata\n\n",
        b"data: 123456789\r\r\rdata: x\n\n",
        b"id: 1234\ndata: 1\nid: 12345678\ndata: 1\n\ndata: x\n\n",
    ];
    for input in streams {
        let expected = oracle::decode(input, Some(8), b"");
        let bytes: Vec<_> = input.chunks(1).collect();
        assert_all_storages::<8>(&bytes, &expected);
        for [a, b] in cuts_in_three(input) {
            assert_all_storages::<8>(&[&input[..a], &input[a..b], &input[b..]], &expected);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn streams_like_the_oracle((stream, cuts) in strategies::cut_stream()) {
        let pieces = pieces(&stream, &cuts);
        assert_all_storages::<4096>(&pieces, &oracle::decode(&stream, Some(4096), b""));
    }

    #[test]
    fn small_limits_like_the_oracle((stream, cuts) in strategies::cut_stream()) {
        let pieces = pieces(&stream, &cuts);
        let expected = |limit| oracle::decode(&stream, Some(limit), b"");
        assert_all_storages::<0>(&pieces, &expected(0));
        assert_all_storages::<1>(&pieces, &expected(1));
        assert_all_storages::<5>(&pieces, &expected(5));
        assert_all_storages::<16>(&pieces, &expected(16));
        assert_all_storages::<40>(&pieces, &expected(40));
    }

    #[test]
    fn any_bytes_like_the_oracle(stream in proptest::collection::vec(any::<u8>(), 0..400)) {
        assert_all_storages::<64>(&[&stream], &oracle::decode(&stream, Some(64), b""));
    }
}

/// Lines of all lengths around those at which a fast path takes another turn: a block of 64 bytes,
/// several, a long line; at every place in the chunk, whole and in chunks of such lengths.
#[test]
fn lines_of_every_length_like_the_oracle() {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut below = |limit: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 33) as usize % limit
    };
    for _ in 0..150 {
        let mut stream = Vec::new();
        let all_ends: [&[u8]; 5] = [b"\r\n", b"\n", b"\r", b"\n", b"\r\n"];
        let ends = [&all_ends[..1], &all_ends[1..2], &all_ends[1..]][below(3)];
        let block = [1, 2, 20][below(3)];
        for _ in 0..below(12) {
            let names: &[&[u8]] = &[
                b"event:",
                b"id: ",
                b":",
                b"retry: 1",
                b"data",
                b"x",
                b"data:",
            ];
            for _ in 0..below(block + 1) {
                let name = if below(3) == 0 {
                    names[below(names.len())]
                } else {
                    b"data: "
                };
                stream.extend_from_slice(name);
                let len = [below(8), 50 + below(20), below(140), 500 + below(150)][below(13) % 4];
                stream.extend((0..len).map(|at| b'a' + (at % 26) as u8));
                if below(40) == 0 {
                    stream.push(0);
                }
                stream.extend_from_slice(ends[below(ends.len())]);
            }
            stream.extend_from_slice(ends[below(ends.len())]);
        }
        for limit in [0_usize, 1] {
            let limit = if limit == 0 { 4096 } else { 300 };
            let expected = oracle::decode(&stream, Some(limit), b"");
            for size in [1, 63, 64, 65, 100, 128, 129 + below(200), 1400, usize::MAX] {
                let pieces: Vec<_> = stream.chunks(size).collect();
                if limit == 300 {
                    assert_all_storages::<300>(&pieces, &expected);
                } else {
                    assert_all_storages::<4096>(&pieces, &expected);
                }
            }
        }
    }
}

/// Line ends are looked for in vectors of 16 bytes, four at a time: two that stand in the same
/// column, and nothing else among the four.
#[test]
fn line_ends_in_the_same_column_of_two_vectors_like_the_oracle() {
    for gap in [16, 32, 48] {
        for first in 5..64 {
            let mut stream = b"data:".to_vec();
            stream.resize(first, b'a');
            stream.extend_from_slice(b"\ndata:");
            stream.resize(first + gap, b'b');
            stream.extend_from_slice(b"\ndata:");
            stream.resize(300, b'c');
            stream.extend_from_slice(b"\n\n");
            let expected = oracle::decode(&stream, Some(512), b"");
            assert_all_storages::<512>(&[&stream], &expected);
        }
    }
}

/// Where the data of the only event in `input` lies.
fn data_lies_in_chunk(input: &[u8]) -> bool {
    let mut parser = Parser::<Inline<256>>::new();
    let event = parser.next_event(&mut Chunk::new(input)).unwrap().unwrap();
    input.as_ptr_range().contains(&event.data().as_ptr())
}

#[test]
fn data_of_one_line_is_not_copied() {
    assert!(data_lies_in_chunk(b"data: hello\n\n"));
    assert!(data_lies_in_chunk(
        b"event: e\nid: 1\nretry: 2\n: c\ndata: hello\n: d\nid: 3\r\n\r\n"
    ));
    assert!(!data_lies_in_chunk(b"data: hello\ndata: there\n\n"));
    // Empty data too: its owner may slice it.
    for empty in [
        "data",
        "data:",
        "data: ",
        "event: e\ndata",
        "id: 1\ndata:",
        ": c\ndata: ",
    ] {
        for end in ["\n\n", "\r\r", "\r\n\r\n"] {
            assert!(
                data_lies_in_chunk(format!("{empty}{end}").as_bytes()),
                "{empty:?}{end:?}"
            );
        }
    }
}

#[test]
fn a_step_says_whether_the_data_lies_in_the_chunk() {
    let mut parser = Parser::<Inline<256>>::new();
    let input = b"data: hello\n\ndata: a\n: a step inside a block\n\n";
    let mut chunk = Chunk::new(input);
    let Ok(Some(Step::Event(ready))) = parser.step(&mut chunk) else {
        panic!()
    };
    assert_eq!(ready.chunk_data(), Some(&input[6..11]));
    assert_eq!(ready.chunk_data().unwrap().as_ptr(), input[6..].as_ptr());
    assert!(matches!(
        parser.step(&mut chunk),
        Ok(Some(Step::Comment(_)))
    ));
    let Ok(Some(Step::Event(ready))) = parser.step(&mut chunk) else {
        panic!()
    };
    assert_eq!(ready.chunk_data(), None);
    assert_eq!(parser.event(ready).data(), b"a");
}

#[test]
fn a_given_last_event_id_is_inherited_and_outlives_a_reset() {
    let mut parser = Parser::<Inline<64, 8>>::new();
    parser.set_last_event_id(b"41").unwrap();
    let event = parser
        .next_event(&mut Chunk::new(b"data\n\n"))
        .unwrap()
        .unwrap();
    assert_eq!((event.id(), event.last_event_id()), (None, &b"41"[..]));

    let mut chunk = Chunk::new(b"id: 42\nretry: 7\n\nid: 43\ndata: cut off");
    assert_eq!(parser.next_event(&mut chunk), Ok(None));
    parser.reset();
    assert_eq!(parser.last_event_id(), b"42");
    assert_eq!(parser.retry(), Some(Millis(7)));
    let event = parser
        .next_event(&mut Chunk::new(b"\xEF\xBB\xBFdata: x\n\n"))
        .unwrap()
        .unwrap();
    assert_eq!(
        (event.data(), event.last_event_id()),
        (&b"x"[..], &b"42"[..])
    );

    parser.set_last_event_id(b"").unwrap();
    assert_eq!(parser.last_event_id(), b"");
}

/// At every prefix of a stream: a block has begun when a line of it that a field has, or may have,
/// has begun.
#[test]
fn a_parser_knows_whether_it_is_inside_a_block() {
    let streams: &[(&[u8], &str)] = &[
        // For each number of bytes that have come, from none on.
        (b"\xEF\xBB\xBFid\n\n", "....###."),
        (b"data: a\n\nx", ".########.."),
        (b"da:\r\nd\r\n", ".##...#.."),
        (b": a\n:\n\n", "........"),
        (b"foo: a\nretry:1\r\r\n", "........########.."),
        (b"id\n:a\n\n", ".######."),
        (b"data:123\n:\n\n", ".###########."),
    ];
    for (stream, expected) in streams {
        for size in 1..=stream.len() {
            let mut parser = Parser::<Inline<2>>::new();
            let mut read = 0;
            for piece in stream.chunks(size) {
                let mut chunk = Chunk::new(piece);
                while !matches!(parser.step(&mut chunk), Ok(None)) {}
                read += piece.len();
                assert_eq!(
                    parser.is_inside_block(),
                    expected.as_bytes()[read] == b'#',
                    "after {read} of {}",
                    stream.escape_ascii()
                );
            }
            parser.reset();
            assert!(!parser.is_inside_block());
        }
    }
}

/// The events are those of a chunk that is kept, and so are the positions. Other bytes give other
/// events, or none, and no panic.
#[test]
fn a_chunk_can_be_detached_after_every_event() {
    let mut input = Vec::new();
    for len in 0..90 {
        let data = "x".repeat(len);
        input.extend_from_slice(format!("data: {data}\n\nevent: {len}\ndata\n\n").as_bytes());
    }
    let mut kept = Parser::<Inline<128>>::new();
    let mut anew = kept.clone();
    let mut chunk = Chunk::new(&input);
    let mut detached = Chunk::new(&input).detach();
    let mut events = 0;
    while let Some(expected) = kept.next_event(&mut chunk).unwrap() {
        let mut chunk_anew = detached.attach(&input);
        let event = anew.next_event(&mut chunk_anew).unwrap();
        assert_eq!(event, Some(expected));
        assert_eq!(chunk_anew.position(), chunk.position());
        detached = chunk_anew.detach();
        assert_eq!(detached.position(), chunk.position());
        for len in 0..input.len() {
            let mut other = detached.clone().attach(&input[..len]);
            assert_eq!(other.position(), len.min(chunk.position()));
            let _ = kept.clone().next_event(&mut other);
        }
        events += 1;
    }
    assert_eq!(events, 180);
}

#[test]
fn a_last_event_id_that_no_stream_could_give_is_refused() {
    let mut parser = Parser::<Inline<64, 4>>::new();
    parser.set_last_event_id(b"1234").unwrap();
    let too_long = parser.set_last_event_id(b"12345");
    assert_eq!(too_long, Err(InvalidLastEventId::TooLong { limit: 4 }));
    for byte in [b'\0', b'\r', b'\n'] {
        let error = parser.set_last_event_id(&[b'1', byte]).unwrap_err();
        assert_eq!(error, InvalidLastEventId::Forbidden { byte, position: 1 });
    }
    assert_eq!(parser.last_event_id(), b"1234");
}

#[test]
fn a_bound_on_ids_of_its_own() {
    let input = b"id: 123\ndata: a\n\nid: 12345\ndata: b\n\ndata: c\n\n";
    for cut in 0..=input.len() {
        let mut parser = Parser::<Inline<64, 4>>::new();
        let (mut found, mut read) = (Vec::new(), 0);
        for piece in [&input[..cut], &input[cut..]] {
            let mut chunk = Chunk::new(piece);
            loop {
                match parser.next_event(&mut chunk) {
                    Ok(None) => break,
                    Ok(Some(event)) => {
                        found.push(Ok((event.data().to_vec(), event.last_event_id().to_vec())));
                    }
                    Err(error) => {
                        found.push(Err((error.bound, error.limit, read + chunk.position())));
                    }
                }
            }
            read += piece.len();
        }
        let id = b"123".to_vec();
        assert_eq!(
            found,
            [
                Ok((b"a".to_vec(), id.clone())),
                Err((Bound::LastEventId, 4, 26)),
                Ok((b"c".to_vec(), id)),
            ]
        );
    }
}

#[test]
fn an_overflow_says_what_and_which_limit() {
    let mut parser = Parser::<Inline<4>>::new();
    let error: Overflow = parser
        .next_event(&mut Chunk::new(b"data: 12345"))
        .unwrap_err();
    assert_eq!((error.bound, error.limit), (Bound::Event, 4));
    assert_eq!(error.to_string(), "event larger than the limit of 4 bytes");
}

/// Values far larger than a chunk, and many of them, in work that grows with their length only:
/// quadratic work would take minutes here.
#[cfg(feature = "alloc")]
#[test]
fn large_values_in_small_pieces() {
    let value = vec![b'x'; 1 << 20];
    for field in ["data", "event", "id"] {
        let mut stream = format!("{field}: ").into_bytes();
        stream.extend_from_slice(&value);
        stream.extend_from_slice(b"\ndata\n\n");
        let mut parser = Parser::growable((1 << 20) + 1);
        let mut events = 0;
        for piece in stream.chunks(3) {
            let mut chunk = Chunk::new(piece);
            while let Some(event) = parser.next_event(&mut chunk).unwrap() {
                let long = match field {
                    "data" => event.data(),
                    "event" => event.event_type().unwrap(),
                    _ => event.id().unwrap(),
                };
                assert!(long.starts_with(&value));
                events += 1;
            }
        }
        assert_eq!(events, 1);
    }
}

#[cfg(feature = "alloc")]
#[test]
fn many_ids_beside_a_long_type() {
    let mut stream = format!("event: {}\n", "t".repeat(1 << 19)).into_bytes();
    for n in 0..100_000 {
        stream.extend_from_slice(if n % 2 == 0 { b"id: 1\n" } else { b"id: 22\n" });
    }
    stream.extend_from_slice(b"data\n\n");
    let mut parser = Parser::growable(1 << 20);
    let found = stream
        .chunks(5)
        .filter(|piece| parser.next_event(&mut Chunk::new(piece)).unwrap().is_some())
        .count();
    assert_eq!(found, 1);
}

/// A parser without IDs takes a stream as one with IDs takes it whose `id` lines have a name that no
/// field has: wherever both are cut.
#[test]
fn without_ids_an_id_is_an_unknown_field() {
    const LIMIT: usize = 12;
    const STREAMS: [&str; 8] = [
        "id: 1\ndata: a\n\nid: 22\n\ndata: b\n\n",
        "event: add\r\nid: longer than the limit\r\ndata: c\r\n\r\ndata: d\r\n\r\n",
        "data: e\nid: 3\ndata: f\nid\nevent: x\n\n: ping\nid:\n\n:\n\ndata: g\n\n",
        "id: a\0b\rdata: h\r\rid: 4\rretry: 5\r\rid: 6\r\r",
        "id: 7\nid: 8\nevent: y\nid: 9\ndata: i\n\n",
        "data: thirteen ....\nid: 1\n\nid: 2\ndata: j\n\n",
        "data: twelve .....\nid: a long one that would not fit\n\ndata: k\n\n",
        "\u{FEFF}id: 5\nidata: 6\nid : 7\ni\ndata: l\nid: cut off",
    ];

    fn assert<S: Storage>(mut parser: Parser<S>, pieces: &[&[u8]], expected: &oracle::Decoded) {
        assert_eq!(steps(&mut parser, pieces), expected.items, "{pieces:?}");
        assert_eq!(parser.last_event_id(), b"");
        assert_eq!(parser.retry().map(|time| time.0), expected.retry);
        parser.reset();
        assert_eq!(
            events(&mut parser, pieces),
            without_steps(&expected.items),
            "{pieces:?}"
        );
    }

    for stream in STREAMS {
        let input = stream.as_bytes();
        let renamed = stream
            .replace("\nid", "\nxx")
            .replace("\rid", "\rxx")
            .replace("\u{FEFF}id", "\u{FEFF}xx");
        let renamed = match renamed.strip_prefix("id") {
            Some(rest) => format!("xx{rest}"),
            None => renamed,
        };
        let expected = oracle::decode(renamed.as_bytes(), Some(LIMIT), b"");
        let mut all: Vec<Vec<&[u8]>> = cuts_in_three(input)
            .iter()
            .map(|cuts| pieces(input, cuts))
            .collect();
        all.push(input.chunks(1).collect());
        for pieces in &all {
            assert(
                Parser::<Inline<LIMIT, 0>>::new().without_ids(),
                pieces,
                &expected,
            );
            assert(
                Parser::<Inline<LIMIT>>::new().without_ids(),
                pieces,
                &expected,
            );
            let mut event = [0; LIMIT];
            assert(
                Parser::borrowed(&mut event, &mut []).without_ids(),
                pieces,
                &expected,
            );
            #[cfg(feature = "alloc")]
            assert(Parser::growable(LIMIT).without_ids(), pieces, &expected);
        }
    }
}

#[test]
fn without_ids_there_is_none_to_begin_with() {
    let mut parser = Parser::<Inline<32>>::new();
    let mut chunk = Chunk::new(b"id: 1\ndata: a\n\nid: 2\ndata: be");
    assert!(parser.next_event(&mut chunk).unwrap().is_some());
    assert!(parser.next_event(&mut chunk).unwrap().is_none());
    assert_eq!(parser.last_event_id(), b"1");

    let mut parser = parser.without_ids();
    assert_eq!(parser.last_event_id(), b"");
    let error = parser.set_last_event_id(b"3").unwrap_err();
    assert_eq!(error, InvalidLastEventId::TooLong { limit: 0 });
    assert_eq!(parser.set_last_event_id(b""), Ok(()));
    // What had been begun is dropped, the state in the middle of its line too.
    let mut chunk = Chunk::new(b"data: c\nid: 4\n\n");
    let event = parser.next_event(&mut chunk).unwrap().unwrap();
    assert_eq!(
        (event.data(), event.id(), event.last_event_id()),
        (&b"c"[..], None, &b""[..])
    );
}
