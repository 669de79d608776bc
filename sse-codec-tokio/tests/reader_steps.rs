//! `EventReader::next_step`: a relay loses nothing, a test sees heartbeats, and the end of a stream
//! says whether something was cut off.

mod common;

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use common::{no_hang, run};
use proptest::prelude::*;
use sse_codec::{Bound, Millis};
use sse_codec_tokio::{EventReader, OwnedStep, ReadError};
use tokio::io::{AsyncWriteExt, duplex};
use tokio_stream::StreamExt;

/// What a test compares: steps, and errors by what has overflowed.
type Found = Result<OwnedStep, Bound>;

/// All steps of a stream that comes in these pieces, and whether it ended inside a block.
fn steps(pieces: &[&[u8]], limit: usize) -> (Vec<Found>, bool) {
    let pieces: Vec<_> = pieces
        .iter()
        .map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece)))
        .collect();
    run(async {
        let mut reader = EventReader::from_stream(tokio_stream::iter(pieces), limit);
        let mut found = Vec::new();
        while let Some(step) = reader.next_step().await {
            found.push(match step {
                Ok(step) => Ok(step),
                Err(ReadError::Overflow(overflow)) => {
                    assert_eq!(overflow.limit, limit);
                    Err(overflow.bound)
                }
                Err(error) => panic!("{error:?}"),
            });
        }
        assert!(reader.next_step().await.is_none(), "the end is the end");
        (found, reader.ended_inside_block())
    })
    .expect("all of it is there")
}

fn comment(text: &'static str) -> Found {
    Ok(OwnedStep::Comment(Bytes::from_static(text.as_bytes())))
}

fn retry(millis: u64) -> Found {
    Ok(OwnedStep::Retry(Millis(millis)))
}

fn id(id: &'static str) -> Found {
    Ok(OwnedStep::Id(Bytes::from_static(id.as_bytes())))
}

/// The steps, with an event in short: its data and its last event ID.
fn in_short(found: &[Found]) -> Vec<String> {
    let show = |bytes: &[u8]| bytes.escape_ascii().to_string();
    found
        .iter()
        .map(|step| match step {
            Ok(OwnedStep::Event(event)) => {
                format!("{} @{}", show(event.data()), show(event.last_event_id()))
            }
            step => format!("{step:?}"),
        })
        .collect()
}

#[test]
fn everything_is_a_step() {
    let stream =
        b": hb 17\nretry: 50\n\nid: 7\n\nretry: 60\nid: 8\nevent: e\n\nid\n\nevent: e\n\n:\n\n";
    let expected = [
        comment(" hb 17"),
        retry(50),
        id("7"),
        retry(60),
        id("8"),
        id(""),
        comment(""),
    ];
    assert_eq!(steps(&[stream], 64), (expected.into(), false));
}

#[test]
fn an_event_has_its_reconnection_time_and_no_step_repeats_it() {
    let (found, _) = steps(
        &[b"retry: 1\n: in between\nretry: 2\nid: 3\ndata: a\n\ndata: b\n\n"],
        64,
    );
    assert_eq!(found[0], comment(" in between"));
    let Ok(OwnedStep::Event(a)) = &found[1] else {
        panic!("{found:?}")
    };
    assert_eq!((a.retry(), a.id()), (Some(Millis(2)), Some(&b"3"[..])));
    let Ok(OwnedStep::Event(b)) = &found[2] else {
        panic!("{found:?}")
    };
    assert_eq!(
        (b.retry(), b.id(), b.last_event_id()),
        (None, None, &b"3"[..])
    );
    assert_eq!(found.len(), 3);
}

/// A `retry` line holds from its line on, whatever becomes of its block.
#[test]
fn a_reconnection_time_is_shown_though_its_block_is_lost() {
    let (found, _) = steps(&[b"retry: 1\ndata: 12345\n\ndata: a\n\n"], 4);
    assert_eq!(found[..2], [retry(1), Err(Bound::Event)]);
    assert_eq!(in_short(&found[2..]), ["a @"]);
    let cut_off = steps(&[b"id: 1\nretry: 1\ndata: a\n"], 64);
    assert_eq!(cut_off, (vec![retry(1)], true));
}

#[test]
fn a_comment_is_bounded_and_the_stream_goes_on() {
    let stream = b":1234\n:12345\n:123456789\ndata: a\n:12345\n\n:1\n";
    for cut in 0..=stream.len() {
        let (found, _) = steps(&[&stream[..cut], &stream[cut..]], 4);
        assert_eq!(found[0], comment("1234"));
        assert_eq!(
            found[1..4],
            [const { Err(Bound::Comment) }; 3],
            "cut at {cut}"
        );
        assert_eq!(in_short(&found[4..5]), ["a @"]);
        assert_eq!(found[5..], [comment("1")]);
    }
}

/// A comment without end is an error once, and no memory.
#[test]
fn an_endless_comment_is_one_error() {
    let piece: &[u8] = &[b':'; 1024];
    let mut pieces = vec![piece; 500];
    pieces.push(b"\ndata: a\n\n");
    let (found, _) = steps(&pieces, 2000);
    assert_eq!(found[0], Err(Bound::Comment));
    assert_eq!(in_short(&found[1..]), ["a @"]);
}

/// For who wants events only, comments have no limit.
#[tokio::test]
async fn an_event_after_an_endless_comment() {
    let stream = [&[b':'; 5000][..], b"\ndata: a\n\n"].concat();
    let mut reader = EventReader::new(&stream[..], 8);
    assert_eq!(reader.next_event().await.unwrap().unwrap().data(), "a");
}

#[test]
fn a_large_comment_shares_its_memory() {
    let text = [b'x'; 5000];
    let chunk = Bytes::from([b":", &text[..], b"\n"].concat());
    let inside = chunk.as_ptr_range();
    let stream = tokio_stream::iter([Ok::<_, Infallible>(chunk)]);
    let step = run(async { EventReader::from_stream(stream, 8192).next_step().await });
    let Some(Some(Ok(OwnedStep::Comment(comment)))) = step else {
        panic!("{step:?}")
    };
    assert!(comment == text[..] && inside.contains(&comment.as_ptr()));
}

/// Both ways of reading may be mixed: events are never lost, and what was begun is not shown in part.
#[tokio::test]
async fn events_and_steps_may_be_mixed() {
    let stream = b":a\ndata: 1\n\n:b\nid: 2\n\ndata: 2\n\n:c\nretry: 3\n\ndata: 3\n\n";
    for size in 1..10 {
        let pieces: Vec<_> = stream
            .chunks(size)
            .map(|piece| Ok::<_, Infallible>(Bytes::from_static(piece)))
            .collect();
        let mut reader = EventReader::from_stream(tokio_stream::iter(pieces), 64);
        let step = reader.next_step().await.unwrap().unwrap();
        assert_eq!(Ok(step), comment("a"));
        assert_eq!(reader.next_event().await.unwrap().unwrap().data(), "1");
        let event = reader.lend_event().await.unwrap().unwrap();
        assert_eq!(
            (event.data(), event.last_event_id()),
            (&b"2"[..], &b"2"[..])
        );
        let mut rest = reader.into_steps();
        assert_eq!(
            rest.next().await.unwrap().map_err(drop),
            comment("c").map_err(drop)
        );
        assert_eq!(
            rest.next().await.unwrap().map_err(drop),
            retry(3).map_err(drop)
        );
        let mut reader = rest.into_inner();
        assert_eq!(reader.next_event().await.unwrap().unwrap().data(), "3");
        assert!(reader.next_step().await.is_none());
    }
}

/// Field case C09: heartbeats can be seen, to show or to measure that the server is alive.
#[tokio::test(start_paused = true)]
async fn heartbeats_are_seen_when_they_come() {
    let (mut server, io) = duplex(64);
    let heartbeats = async move {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(15)).await;
            server.write_all(b":\n\n").await.unwrap();
        }
    };
    let watch = async {
        let begin = tokio::time::Instant::now();
        let mut reader = EventReader::new(io, 64);
        let mut seen = Vec::new();
        while let Some(step) = reader.next_step().await {
            assert_eq!(step.map_err(drop), comment("").map_err(drop));
            seen.push(begin.elapsed().as_secs());
        }
        seen
    };
    let (seen, ()) = tokio::join!(watch, heartbeats);
    assert_eq!(seen, [15, 30, 45]);
}

/// Field case P01: the last event was lost because the server closed after the data line.
#[tokio::test]
async fn an_answer_that_was_cut_off_can_be_told_from_a_complete_one() {
    let ends: [(&[u8], bool); 9] = [
        (b"data: a\n\n", false),
        (b"data: a\n\n: bye", false),
        (b"data: a\n\n\n", false),
        (b"data: a\n\ndata: [DONE]", true),
        (b"data: a\n\ndata: [DONE]\n", true),
        (b"data: a\n\nda", true),
        (b"data: a\n\nid: 1\n", true),
        (b"data: a\n\ndata: longer than the limit", true),
        (b"data: a\r\r", false),
    ];
    for (stream, expected) in ends {
        for size in [1, 4, 100] {
            let (mut server, io) = duplex(size);
            let send = async move { server.write_all(stream).await.unwrap() };
            let read = async {
                let mut reader = EventReader::new(io, 12);
                assert_eq!(reader.next_event().await.unwrap().unwrap().data(), "a");
                assert!(!reader.ended_inside_block(), "not yet");
                while reader.next_event().await.is_some() {}
                reader
            };
            let (reader, ()) = no_hang(async { tokio::join!(read, send) }).await;
            assert_eq!(
                reader.ended_inside_block(),
                expected,
                "{}",
                stream.escape_ascii()
            );
        }
    }
}

/// Streams of usual and unusual lines.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(vec![
        "",
        "",
        "",
        "data: a",
        "data:",
        "data",
        "data: \u{e9}",
        "event: e",
        "event:",
        "id: 1",
        "id: 22",
        "id",
        "id: \0",
        "retry: 5",
        "retry: 18446744073709551616",
        "retry: x",
        ": c",
        ":",
        ":a long comment",
        "data: a long line of data",
        "unknown: x",
        "\u{feff}",
    ]);
    let end = prop::sample::select(vec!["\n", "\r\n", "\r"]);
    prop::collection::vec((line, end), 0..24)
        .prop_map(|lines| {
            lines
                .iter()
                .flat_map(|(line, end)| [*line, *end])
                .collect::<String>()
        })
        .prop_map(String::into_bytes)
}

fn limit() -> impl Strategy<Value = usize> {
    prop::sample::select(vec![0, 3, 12, 64])
}

proptest! {
    #[test]
    fn the_same_steps_however_the_bytes_are_cut(
        stream in stream(),
        limit in limit(),
        cuts in prop::collection::vec(1..9_usize, 1..6),
    ) {
        let whole = steps(&[&stream], limit);
        let mut sizes = cuts.iter().cycle();
        let (mut pieces, mut rest) = (Vec::new(), &stream[..]);
        while !rest.is_empty() {
            let size = *sizes.next().unwrap();
            let (piece, behind) = rest.split_at(size.min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        prop_assert_eq!(&steps(&pieces, limit), &whole);
        for cut in 0..=stream.len() {
            prop_assert_eq!(&steps(&[&stream[..cut], &[], &stream[cut..]], limit), &whole);
        }
    }

    /// Field case E06: whoever reads what a relay has sent finds the steps again.
    #[test]
    fn a_relay_loses_nothing_and_adds_nothing(stream in stream()) {
        let (found, _) = steps(&[&stream], 4096);
        let mut relayed = Vec::new();
        for step in &found {
            let step = step.as_ref().unwrap();
            step.to_frame().unwrap().append_to(&mut relayed);
        }
        prop_assert_eq!(steps(&[&relayed], 4096), (found, false));
    }
}
