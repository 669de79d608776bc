//! What is allocated, and when: nothing by anything but growable storage and `Vec` output, and by
//! growable storage no more than it was allowed.

#![expect(unsafe_code, reason = "a global allocator")]

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    fmt::Write as _,
    hint::black_box,
};

use common::wpt::WPT;
use sse_codec::{
    Chunk, DataWriter, End, Event, Frame, Inline, Lexer, Millis, Next, Parser, Reconnect,
    ReconnectConfig, Response, SliceSink, Step, Storage, Timers, TimersConfig, Token, http, lossy,
};

/// Counts for each thread on its own, as tests run side by side.
struct Counting;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Count {
    allocations: usize,
    live: isize,
    peak: isize,
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { allocations: 0, live: 0, peak: 0 }) };
}

fn count(allocations: usize, freed: usize, taken: usize) {
    let mut count = COUNT.get();
    count.allocations += allocations;
    count.live += taken as isize - freed as isize;
    count.peak = count.peak.max(count.live);
    COUNT.set(count);
}

// SAFETY: it is the system's allocator; the counters neither allocate nor unwind.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(1, 0, layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(0, layout.size(), 0);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(1, layout.size(), size);
        // SAFETY: as the caller promises.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What `work` allocates, and how many bytes more are live after it and at the worst.
fn counted<T>(work: impl FnOnce() -> T) -> (T, Count) {
    let before = COUNT.get();
    COUNT.set(Count {
        peak: before.live,
        ..before
    });
    let result = work();
    let after = COUNT.get();
    let count = Count {
        allocations: after.allocations - before.allocations,
        live: after.live - before.live,
        peak: after.peak - before.live,
    };
    (result, count)
}

#[track_caller]
fn assert_allocates_nothing<T>(work: impl FnOnce() -> T) -> T {
    let (result, count) = counted(work);
    assert_eq!(count, Count::default());
    result
}

#[test]
fn the_counter_counts() {
    let (vec, count) = counted(|| black_box(Vec::<u8>::with_capacity(100)));
    assert_eq!((count.allocations, count.live, count.peak), (1, 100, 100));
    let ((), count) = counted(|| drop(vec));
    assert_eq!((count.allocations, count.live, count.peak), (0, -100, 0));
    let ((), count) = counted(|| {
        let mut vec = black_box(vec![0_u8; 10]);
        vec.reserve_exact(1000);
        black_box(vec);
    });
    assert_eq!((count.allocations, count.live, count.peak), (2, 0, 1010));
    let ((), count) = counted(|| drop(black_box(Box::new(1_u64))));
    assert_eq!((count.allocations, count.live, count.peak), (1, 0, 8));
}

/// Reads a stream in pieces of this size and looks at all there is to see.
fn read<S: Storage>(parser: &mut Parser<S>, input: &[u8], size: usize) -> usize {
    let mut seen = 0;
    for bytes in input.chunks(size) {
        let mut chunk = Chunk::new(bytes);
        loop {
            seen += match parser.step(&mut chunk) {
                Ok(None) => break,
                Ok(Some(Step::Event(ready))) => {
                    let event = parser.event(ready);
                    let found = [
                        event.data(),
                        event.event_type().unwrap_or_default(),
                        event.last_event_id(),
                    ];
                    found.map(<[u8]>::len).iter().sum()
                }
                Ok(Some(Step::Comment(piece))) => piece.bytes().len(),
                Ok(Some(_)) | Err(_) => 1,
            }
        }
    }
    seen
}

const SIZES: [usize; 7] = [1, 2, 3, 7, 64, 1000, usize::MAX];

#[test]
fn reading_allocates_nothing() {
    for vector in WPT {
        for size in SIZES {
            assert_allocates_nothing(|| {
                let whole = read(&mut Parser::<Inline<512>>::new(), vector.input, size);
                let (mut event, mut ids) = ([0; 512], [0; 1024]);
                let mut parser = Parser::borrowed(&mut event, &mut ids);
                assert_eq!(read(&mut parser, vector.input, size), whole);
                // With events that overflow.
                read(&mut Parser::<Inline<4>>::new(), vector.input, size);

                let mut parser = Parser::<Inline<512>>::new();
                let mut lexer = Lexer::new();
                for bytes in vector.input.chunks(size) {
                    let mut chunk = Chunk::new(bytes);
                    while let Ok(Some(event)) = parser.next_event(&mut chunk) {
                        black_box(event);
                    }
                    let mut chunk = Chunk::new(bytes);
                    while let Some(token) = lexer.next_token(&mut chunk) {
                        black_box::<Token<'_>>(token);
                    }
                }
            });
        }
    }
}

/// A text of a fixed size.
fn show(into: &mut [u8], value: impl std::fmt::Display) -> usize {
    let mut sink = SliceSink::new(into);
    let mut writer = DataWriter::new(&mut sink, Event::without_data()).unwrap();
    write!(writer, "{value}").unwrap();
    writer.finish().unwrap();
    sink.written().len()
}

#[test]
fn writing_allocates_nothing() {
    let data = "line\n".repeat(100) + "\r\n" + &"x".repeat(1000);
    assert_allocates_nothing(|| {
        let event = Event::text(&data)
            .with_type(b"type")
            .with_id(b"7")
            .with_retry(Millis(u64::MAX));
        for frame in [
            Frame::event(event).unwrap(),
            Frame::comment(data.as_bytes()),
            Frame::retry(Millis(5)),
            Frame::id(b"").unwrap(),
            Frame::HEARTBEAT,
        ] {
            let mut buffer = [0; 4096];
            let len = frame.encode(&mut buffer).unwrap().len();
            assert_eq!(len, frame.encoded_len());
            assert!(frame.encode(&mut [0; 2]).is_err());
            assert_eq!(frame.slices().map(<[u8]>::len).sum::<usize>(), len);

            let mut cursor = frame.cursor();
            let (mut small, mut written) = ([0; 16], 0);
            while !cursor.is_done() {
                written += cursor.copy_to(&mut small);
            }
            assert_eq!(written, len);

            #[cfg(feature = "bytes")]
            {
                use bytes::Buf;
                let mut buf = frame.into_buf();
                assert_eq!(buf.remaining(), len);
                buf.copy_to_slice(&mut buffer[..len]);
            }
        }

        let mut buffer = [0; 8192];
        let mut sink = SliceSink::new(&mut buffer);
        let mut writer = DataWriter::new(&mut sink, event).unwrap();
        writeln!(writer, "{:>9.3} {:?}", 1.5, Some("\r")).unwrap();
        writer.push(data.as_bytes());
        writer.finish().unwrap();
    });
}

#[test]
fn errors_and_texts_allocate_nothing() {
    assert_allocates_nothing(|| {
        let mut text = [0; 256];
        let mut parser = Parser::<Inline<2>>::new();
        let overflow = parser.next_event(&mut Chunk::new(b"data:123"));
        show(&mut text, overflow.unwrap_err());
        show(&mut text, parser.set_last_event_id(b"123").unwrap_err());
        show(&mut text, parser.set_last_event_id(b"\n").unwrap_err());
        show(&mut text, Frame::id(b"\0").unwrap_err());
        show(&mut text, Frame::HEARTBEAT.encode(&mut []).unwrap_err());
        assert_eq!(show(&mut text, lossy(b"a\xFF\xFEb")), 16);
    });
}

#[test]
fn http_allocates_nothing() {
    assert_allocates_nothing(|| {
        let accept = [
            "text/html,application/xml;q=0.9",
            "*/*;q=0.8, text/*;charset=\"utf-8\"",
        ];
        assert!(http::accepts_event_stream(accept));
        assert_eq!(http::quality(accept, "text/html"), 1000);
        assert!(http::is_event_stream(b"text/event-stream; charset=utf-8"));
        assert_eq!(http::last_event_id(b" 42 "), Ok(&b"42"[..]));
        assert!(http::last_event_id(b"4\0").is_err());
        assert_eq!(http::last_event_id_value(b"42"), Ok(Some(&b"42"[..])));
        let date = b"Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(http::retry_after(date, Some(date)), Some(Millis(0)));
        assert_eq!(http::ChunkSize::new(26).unwrap().as_bytes(), b"1a\r\n");
    });
}

#[test]
fn timers_allocate_nothing() {
    assert_allocates_nothing(|| {
        let config = TimersConfig::new()
            .with_heartbeat(Millis(15_000), Millis(5_000))
            .with_write_deadline(Millis(30_000))
            .with_lifetime(Millis(600_000), Millis(60_000));
        let mut timers = Timers::new(Millis(0), config, 1);
        let mut fired = 0;
        for now in (0..1_000_000).step_by(1_000).map(Millis) {
            timers.wrote(now, 1, usize::from(now.0 > 800_000));
            black_box(timers.poll_timeout());
            fired += usize::from(timers.handle_timeout(now).is_some());
        }
        assert!(fired > 0);
    });
}

#[test]
fn reconnecting_allocates_nothing() {
    assert_allocates_nothing(|| {
        let mut reconnect = Reconnect::new(ReconnectConfig::new(), 1);
        for now in (0..1_000).map(Millis) {
            black_box(reconnect.on_end(now, End::Refused, None, true));
            let response = Response {
                status: 200,
                content_type: b"text/event-stream",
                ..Response::default()
            };
            assert_eq!(reconnect.on_response(now, response, None), Next::Open);
            reconnect.on_heard(now);
            black_box(reconnect.on_end(now, End::Closed, Some(Millis(5)), true));
        }
    });
}

#[cfg(feature = "alloc")]
mod growable {
    use super::*;

    /// What an arena of this size costs at most when all that the parser keeps is small.
    const SMALL: isize = 1024;

    #[test]
    fn nothing_is_allocated_before_something_is_kept() {
        let long = "x".repeat(10_000);
        let stream = format!(
            "\u{FEFF}: {long}\n\nretry: 5\n{long}\nevent: {long}\ndata: {long}\n\ndata\n\nid:\ndata: 2\r\r",
        );
        assert_allocates_nothing(|| {
            let mut parser = Parser::growable(usize::MAX);
            let mut chunk = Chunk::new(stream.as_bytes());
            let mut events = 0;
            while let Some(event) = parser.next_event(&mut chunk).unwrap() {
                assert!(event.has_data());
                events += 1;
            }
            assert_eq!(events, 3);
            parser.reset();
        });
        // Comments, reconnection times and what means nothing are never kept, however it is cut.
        let stream = format!(": {long}\nretry: {:0200}\n{long}: {long}\n\n", 5);
        for size in SIZES {
            assert_allocates_nothing(|| read(&mut Parser::growable(100), stream.as_bytes(), size));
        }
    }

    /// Streams that fill what there is, in the ways there are.
    fn greedy(size: usize) -> Vec<String> {
        let long = "x".repeat(size);
        let rising: String = (0..=size.min(200))
            .map(|len| format!("id: {}\ndata\n\n", &long[..len]))
            .collect();
        vec![
            format!("data: {long}\n\n"),
            format!("event: {long}\ndata\n\n"),
            format!("id: {long}\ndata\n\nid: {long}\ndata\n\n"),
            format!(
                "event: {0}\ndata: {0}\ndata\nid: {0}\n\n",
                &long[..size / 3]
            ),
            "data\n".repeat(size + 2) + "\n",
            rising,
        ]
    }

    /// The limit bounds the event, and the last event ID by itself. An ID being read has a place
    /// of its own too: it is not known to be valid before its line ends.
    #[test]
    fn never_more_than_the_limit() {
        for limit in [
            0, 1, 63, 64, 65, 100, 127, 129, 511, 513, 1000, 1023, 1025, 5000, 70_000,
        ] {
            for excess in [0, 1, limit + 100] {
                for stream in greedy(limit + excess) {
                    for size in [1, 10, 1000] {
                        if size == 1 && stream.len() > 20_000 {
                            continue;
                        }
                        let ((), count) = counted(|| {
                            read(&mut Parser::growable(limit), stream.as_bytes(), size);
                        });
                        let bound = 3 * limit as isize;
                        let start = &stream[..stream.len().min(12)];
                        assert!(count.peak <= bound, "{count:?}, {limit}, {size}: {start}");
                    }
                }
            }
        }
    }

    /// Data alone is kept in one place, which grows by doubling but not past the limit.
    #[test]
    fn an_arena_never_larger_than_the_limit() {
        for limit in [1, 63, 65, 100, 129, 513, 1000, 1025, 5000, 70_000] {
            let stream = format!("data: {}\n\n", "x".repeat(limit));
            let mut parser = Parser::growable(limit);
            let (_, count) = counted(|| read(&mut parser, stream.as_bytes(), 10));
            assert!(count.peak <= limit as isize, "{count:?}, limit {limit}");
        }
    }

    #[test]
    fn memory_is_given_back_after_a_large_event() {
        let large = format!("event: a\ndata: {}\n\n", "x".repeat(1 << 19));
        for after in [
            &b"data: small, in one piece\n\n:\n\n"[..],
            b"event: b\ndata: 1\ndata: 2\n\n: the next step makes room\n\n",
            b":\n\n",
        ] {
            let mut parser = Parser::growable(1 << 20);
            let (_, count) = counted(|| read(&mut parser, large.as_bytes(), 1000));
            assert!(count.live >= 1 << 19);
            let (_, given_back) = counted(|| read(&mut parser, after, 10));
            let kept = count.live + given_back.live;
            assert!(kept <= SMALL, "{kept} bytes kept");
        }
    }

    #[test]
    fn memory_is_given_back_after_an_event_of_a_few_kilobytes() {
        let large = format!("data: {}\n\n", "x".repeat(5_000));
        let mut parser = Parser::growable(1 << 20);
        let (_, count) = counted(|| {
            read(&mut parser, large.as_bytes(), 1000);
            read(&mut parser, b"data: 1\n\n:\n\n", 5)
        });
        assert!(count.live <= SMALL, "{count:?}");
    }

    #[test]
    fn an_arena_that_is_just_full_does_not_grow() {
        for len in [64, 128, 1024] {
            let stream = format!("data: {}\n\n", "x".repeat(len));
            let mut parser = Parser::growable(1 << 20);
            let (_, count) = counted(|| read(&mut parser, stream.as_bytes(), 10));
            assert_eq!(count.live, len as isize);
        }
    }

    #[test]
    fn memory_is_given_back_after_an_oversized_event() {
        let large = format!("data: {}\n\n", "x".repeat(1 << 20));
        let mut parser = Parser::growable(1 << 19);
        let (_, count) = counted(|| {
            read(&mut parser, large.as_bytes(), 1000);
            read(&mut parser, b"data: 1\n\n:\n\n", 5)
        });
        assert!(count.live <= SMALL, "{count:?}");
    }

    #[test]
    fn memory_is_given_back_after_a_long_id() {
        let long = format!("id: {}\ndata\n\n", "x".repeat(1 << 19));
        let mut parser = Parser::growable(1 << 20);
        let (_, count) = counted(|| {
            read(&mut parser, long.as_bytes(), 1000);
            read(&mut parser, long.as_bytes(), 1000);
            // Two places for IDs take turns.
            read(&mut parser, b"id: 1\ndata\n\nid: 2\ndata\n\n:\n\n", 5)
        });
        assert_eq!(parser.last_event_id(), b"2");
        assert!(count.live <= 3 * SMALL, "{count:?}");
    }

    #[test]
    fn steady_ids_of_some_length_allocate_nothing_more() {
        let block = format!("id: {}\ndata\n\n", "7".repeat(500));
        let mut parser = Parser::growable(1 << 20);
        read(&mut parser, block.repeat(2).as_bytes(), 7);
        let long = block.repeat(50);
        assert_allocates_nothing(|| read(&mut parser, long.as_bytes(), 7));
    }

    /// Some of them lie whole in a chunk, some do not.
    #[test]
    fn steady_events_of_some_length_allocate_nothing_more() {
        for head in [
            "",
            "event: tick\n",
            "id: 42\n",
            "id: 42\nevent: tick\n",
            ": tick\nid: 42\n",
        ] {
            let block = format!("{head}data: {}\n\n", "a".repeat(8000));
            for size in [1000, 10_000, 16 << 10] {
                let mut parser = Parser::growable(1 << 20);
                read(&mut parser, block.repeat(8).as_bytes(), size);
                let long = block.repeat(50);
                assert_allocates_nothing(|| read(&mut parser, long.as_bytes(), size));
            }
        }
    }

    #[test]
    fn a_steady_stream_allocates_nothing_more() {
        let block = format!(
            "event: tick\nid: 42\ndata: {}\ndata: b\n\n",
            "a".repeat(200)
        );
        for size in [1, 7, 100] {
            let mut parser = Parser::growable(1 << 20);
            read(&mut parser, block.repeat(2).as_bytes(), size);
            let long = block.repeat(100);
            assert_allocates_nothing(|| read(&mut parser, long.as_bytes(), size));
            // Nor between heartbeats.
            let with_heartbeats = format!("{block}:\n\n").repeat(100);
            assert_allocates_nothing(|| read(&mut parser, with_heartbeats.as_bytes(), size));
        }
    }
}
