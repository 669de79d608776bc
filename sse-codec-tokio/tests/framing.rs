//! How a response is framed, and what goes before, between and behind its events: head and body
//! follow from one choice.

mod common;

use std::{
    future::{Future, poll_fn},
    io::ErrorKind,
    pin::pin,
    sync::Arc,
    task::Context,
    time::Duration,
};

use common::{
    FromFn,
    frames::{body, bytes, encoded, events},
    ready, run,
    transport::{Act, Probe, Transport},
};
use http_body::Body;
use proptest::prelude::*;
use sse_codec::{Chunk, Event, Frame, Millis, Parser, TimersConfig, http};
use sse_codec_tokio::{
    EncodedFrame, EventBody, Framing, InvalidHeader, Reason, ServeOptions, Summary, channel, serve,
};
use tokio::{
    io::{AsyncReadExt, duplex},
    time::{Instant, timeout},
};
use tokio_util::sync::CancellationToken;

fn bare(framing: Framing) -> ServeOptions {
    ServeOptions::new()
        .framing(framing)
        .timers(TimersConfig::new())
}

fn run_with_clock<F: Future>(future: F) -> Option<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let _context = runtime.enter();
    run(future)
}

/// A body in chunks, as a client reads it.
#[derive(Debug, PartialEq, Eq)]
struct Dechunked {
    chunks: Vec<Vec<u8>>,
    /// Of a chunk that was not finished.
    rest: Vec<u8>,
    /// The last chunk was there.
    is_whole: bool,
}

impl Dechunked {
    fn new(mut stream: &[u8]) -> Self {
        let mut chunks = Vec::new();
        loop {
            let Some(at) = stream.windows(2).position(|end| end == b"\r\n") else {
                let is_size = stream
                    .iter()
                    .all(|byte| byte.is_ascii_hexdigit() || *byte == b'\r');
                assert!(is_size, "{stream:?}");
                return Self::cut(chunks, &[]);
            };
            let size = std::str::from_utf8(&stream[..at]).unwrap();
            assert!(!size.starts_with('0') || size == "0", "{size}");
            let size = usize::from_str_radix(size, 16).unwrap();
            stream = &stream[at + 2..];
            if size == 0 {
                assert!(b"\r\n".starts_with(stream), "behind the last chunk");
                return Self {
                    chunks,
                    rest: Vec::new(),
                    is_whole: stream == b"\r\n",
                };
            }
            if stream.len() < size + 2 {
                return Self::cut(chunks, &stream[..size.min(stream.len())]);
            }
            chunks.push(stream[..size].to_vec());
            assert_eq!(&stream[size..size + 2], b"\r\n");
            stream = &stream[size + 2..];
        }
    }

    fn cut(chunks: Vec<Vec<u8>>, rest: &[u8]) -> Self {
        Self {
            chunks,
            rest: rest.to_vec(),
            is_whole: false,
        }
    }

    fn data(&self) -> Vec<u8> {
        [self.chunks.concat(), self.rest.clone()].concat()
    }
}

#[tokio::test(start_paused = true)]
async fn head_and_body_agree_and_every_end_can_be_told() {
    let tail = |framing| {
        if framing == Framing::Chunked {
            "0\r\n\r\n"
        } else {
            ""
        }
    };
    for framing in [Framing::Chunked, Framing::Close, Framing::Elsewhere] {
        for end in ["finished", "shutdown", "failed"] {
            let token = CancellationToken::new();
            let (transport, probe) = Transport::vectored();
            let mut items = vec![Ok(encoded("a")), Ok(encoded("b"))];
            if end == "failed" {
                items.push(Err("broken"));
            }
            let options = bare(framing)
                .shutdown(token.clone())
                .farewell(encoded("bye"));
            let source = tokio_stream::iter(items);
            let summary = if end == "shutdown" {
                token.cancel();
                serve(transport, source, options).await
            } else {
                serve(transport, source, options).await
            };
            let received = String::from_utf8(probe.received()).unwrap();
            let (head, body) = match framing {
                Framing::Elsewhere => ("", received.as_str()),
                _ => received.split_at(received.find("\r\n\r\n").unwrap() + 4),
            };
            let head_says = |line: &str| head.contains(&format!("\r\n{line}\r\n"));
            assert_eq!(
                head_says("connection: close"),
                framing != Framing::Elsewhere
            );
            let is_chunked = framing == Framing::Chunked;
            assert_eq!(head_says("transfer-encoding: chunked"), is_chunked);
            let events = if end == "shutdown" {
                "data: bye\n\n"
            } else {
                "data: a\n\ndata: b\n\n"
            };
            let events = if is_chunked {
                format!("{:x}\r\n{events}\r\n", events.len())
                    .to_uppercase()
                    .to_lowercase()
            } else {
                events.to_owned()
            };
            let tail = if end == "failed" { "" } else { tail(framing) };
            assert_eq!(body.to_lowercase(), events + tail, "{framing:?} {end}");
            assert_eq!(probe.calls().ends_with('s'), end != "failed");
            let reason = match end {
                "finished" => Reason::Finished,
                "shutdown" => Reason::Shutdown,
                _ => Reason::SourceFailed,
            };
            assert_eq!(summary.reason, reason);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_head_is_the_head_that_get_would_have_got() {
    let options = Arc::new(ServeOptions::new().greeting(encoded("hello")));
    let (transport, get) = Transport::new();
    serve(transport, ready(vec![]), options.framed(Framing::Chunked)).await;
    let (transport, head) = Transport::new();
    let source = FromFn(|_: &mut Context<'_>| panic!("asked for a body"));
    let summary = serve(transport, source, options.framed(Framing::HeadOnly)).await;
    let end = get.received().windows(4).position(|end| end == b"\r\n\r\n");
    let get = String::from_utf8(get.received()[..end.unwrap() + 4].to_vec()).unwrap();
    // But for what frames a body: HEAD may have come by HTTP/1.0.
    let get = get.replace("transfer-encoding: chunked\r\n", "");
    assert_eq!(head.received(), get.as_bytes());
    assert_eq!((summary.reason, summary.events), (Reason::Finished, 0));
}

#[test]
fn headers_are_checked_and_go_where_they_belong() {
    let options = ServeOptions::new()
        .charset()
        .header("Access-Control-Allow-Origin", "*")
        .unwrap()
        .header("cache-control", "no-cache")
        .unwrap();
    let (transport, probe) = Transport::new();
    let terms = Arc::new(options).framed(Framing::Chunked);
    let terms = terms.header("set-cookie", "a=b\tc; d=\u{e9}").unwrap();
    run_with_clock(serve(transport, ready(vec![]), terms)).unwrap();
    let expected = "HTTP/1.1 200 OK\r\n\
        content-type: text/event-stream; charset=utf-8\r\n\
        x-accel-buffering: no\r\n\
        Access-Control-Allow-Origin: *\r\n\
        cache-control: no-cache\r\n\
        set-cookie: a=b\tc; d=\u{e9}\r\n\
        transfer-encoding: chunked\r\n\
        connection: close\r\n\
        \r\n\
        0\r\n\r\n";
    assert_eq!(String::from_utf8(probe.received()).unwrap(), expected);

    let refused = |name, value| ServeOptions::new().header(name, value).unwrap_err();
    for name in ["", "a b", "a:", "a\r\nb", "a\0", "\u{e9}", "(a)"] {
        assert_eq!(refused(name, "x"), InvalidHeader::Name, "{name:?}");
    }
    for name in [
        "Content-Length",
        "transfer-encoding",
        "CONNECTION",
        "content-type",
        "trailer",
    ] {
        assert_eq!(refused(name, "x"), InvalidHeader::Reserved, "{name}");
    }
    for (value, position) in [("\r", 0), ("a\n", 1), ("ab\0", 2), ("abc\u{7f}", 3)] {
        assert_eq!(refused("x", value), InvalidHeader::Value { position });
    }
}

fn data() -> [String; 5] {
    [
        "one".into(),
        "many\nlines\n".repeat(3),
        "x".repeat(100),
        String::new(),
        "y".repeat(300),
    ]
}

fn frames() -> Vec<Vec<u8>> {
    data().iter().map(|data| bytes(data)).collect()
}

/// Serves the events in chunks and holds the account against what a client makes of it.
fn check_chunked(transport: Transport, probe: &Probe, source: &str, limit: usize) -> Summary {
    let options = bare(Framing::Chunked).buffer_limit(limit);
    let all: Vec<_> = data().iter().map(|data| encoded(data)).collect();
    let summary = if source == "stream" {
        run_with_clock(serve(transport, ready(all), options))
    } else {
        let (sender, receiver) = channel(8);
        for frame in all {
            sender.try_send(frame).unwrap();
        }
        let finishing =
            async { tokio::join!(serve(transport, receiver, options), sender.finish()) };
        run_with_clock(finishing).map(|(summary, _)| summary)
    };
    let summary = summary.expect("a hang");
    let received = probe.received();
    assert_eq!(summary.bytes, received.len() as u64);
    let head = http::RESPONSE_HEAD_CLOSE.len() + "transfer-encoding: chunked\r\n".len();
    let body = Dechunked::new(received.get(head..).unwrap_or_default());
    // A chunk has whole frames.
    let mut left = frames().into_iter();
    for chunk in &body.chunks {
        let mut chunk = &chunk[..];
        while !chunk.is_empty() {
            let frame = left.next().unwrap();
            chunk = chunk.strip_prefix(&frame[..]).expect("a whole frame");
        }
    }
    let whole = events(&body.data()).len();
    assert_eq!(frames().concat()[..body.data().len()], body.data());
    assert_eq!(body.is_whole, summary.reason == Reason::Finished);
    let flushed = probe.script().flushed;
    let flushed = Dechunked::new(received[..flushed].get(head..).unwrap_or_default()).data();
    assert_eq!(summary.events, events(&flushed).len() as u64);
    let counted: usize = frames()[..summary.events as usize]
        .iter()
        .map(Vec::len)
        .sum();
    assert_eq!(summary.cut, body.data().len() > counted, "{whole}");
    summary
}

const LIMITS: [usize; 4] = [0, 40, 160, 10_000];

#[test]
fn chunks_survive_passing_faults_at_every_byte() {
    for (source, limit) in ["stream", "channel"]
        .iter()
        .flat_map(|s| LIMITS.map(|l| (*s, l)))
    {
        let (transport, probe) = Transport::new();
        check_chunked(transport, &probe, source, limit);
        for at in 0..probe.received().len() {
            for fault in [Act::Later, Act::Do(1), Act::Fail(ErrorKind::Interrupted)] {
                let (transport, probe) = Transport::with(at % 2 == 0);
                probe.script().at = [(at, fault)].into();
                let summary = check_chunked(transport, &probe, source, limit);
                assert_eq!((summary.reason, summary.events), (Reason::Finished, 5));
            }
        }
    }
}

#[test]
fn chunks_that_fail_at_any_byte_look_like_no_end() {
    for (source, limit) in ["stream", "channel"]
        .iter()
        .flat_map(|s| LIMITS.map(|l| (*s, l)))
    {
        let (transport, probe) = Transport::new();
        check_chunked(transport, &probe, source, limit);
        let all = probe.received().len() - "0\r\n\r\n".len();
        for at in 0..all {
            let (transport, probe) = Transport::new();
            probe.script().at = [(at, Act::Fail(ErrorKind::BrokenPipe))].into();
            let summary = check_chunked(transport, &probe, source, limit);
            assert_eq!(summary.reason, Reason::PeerClosed);
            assert_eq!(probe.received().len(), at);
        }
    }
}

fn acts(longest: usize) -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        40 => (1..30_usize).prop_map(Act::Do),
        30 => Just(Act::Later),
        5 => Just(Act::Fail(ErrorKind::Interrupted)),
        5 => Just(Act::Fail(ErrorKind::WouldBlock)),
    ];
    prop::collection::vec(act, 0..longest)
}

proptest! {
    #[test]
    fn chunks_over_any_transport(
        writes in acts(80),
        flushes in acts(40),
        vectored: bool,
        source in prop::sample::select(vec!["stream", "channel"]),
        limit in prop::sample::select(LIMITS.to_vec()),
    ) {
        let (transport, probe) = Transport::with(vectored);
        {
            let mut script = probe.script();
            script.writes = writes.into();
            script.flushes = flushes.into();
        }
        let summary = check_chunked(transport, &probe, source, limit);
        prop_assert_eq!(summary.reason, Reason::Finished);
    }
}

/// Much at once is several chunks in one write, none of more than 4 KiB but that of a larger event.
#[tokio::test(start_paused = true)]
async fn a_chunk_is_small_and_several_are_one_write() {
    let sizes = [100, 500, 1_000, 3_000, 5_000, 10, 20_000, 10];
    let all: Vec<_> = sizes.iter().map(|&len| encoded(&"x".repeat(len))).collect();
    let (sender, receiver) = channel(8);
    for frame in &all {
        sender.try_send(frame.clone()).unwrap();
    }
    let (transport, probe) = Transport::vectored();
    let serving = serve(transport, receiver, bare(Framing::Chunked));
    tokio::join!(serving, sender.finish());
    let received = probe.received();
    let body = Dechunked::new(body(&received));
    assert!(body.is_whole);
    let found: Vec<_> = body
        .chunks
        .iter()
        .map(|chunk| events(chunk).len())
        .collect();
    assert_eq!(found, [3, 1, 1, 1, 1, 1]);
    for chunk in &body.chunks {
        assert!(chunk.len() <= 4 * 1024 || events(chunk).len() == 1);
    }
    // Up to the one that is too large to be copied, that one in two, what is behind it, the end.
    assert_eq!(probe.calls().chars().filter(|call| *call == 'w').count(), 5);
}

/// The reconnection time that a client has after each event.
fn times(stream: &[u8]) -> Vec<Option<u64>> {
    let mut parser = Parser::growable(1 << 20);
    let mut chunk = Chunk::new(stream);
    let mut times = Vec::new();
    while let Some(event) = parser.next_event(&mut chunk).unwrap() {
        times.push(event.retry().map(|time| time.0));
    }
    times
}

#[test]
fn the_first_event_with_data_carries_the_reconnection_time() {
    let id = EncodedFrame::from(Frame::id(b"1").unwrap());
    let own = EncodedFrame::event(Event::text("x").with_retry(Millis(7))).unwrap();
    let large = encoded(&"x".repeat(1_000));
    let comment = EncodedFrame::from(Frame::comment(b"data: no"));
    let small = encoded("x");
    for (frames, expected) in [
        (vec![&small, &small], vec![Some(3_000), None]),
        (vec![&comment, &id, &small, &small], vec![Some(3_000), None]),
        (vec![&own, &small], vec![Some(7), None]),
        (vec![&large, &small], vec![Some(3_000), None]),
        (vec![&comment, &large], vec![Some(3_000)]),
    ] {
        let plain: Vec<_> = frames.iter().map(|frame| frame.as_bytes()).collect();
        let plain = plain.concat();
        for framing in [Framing::Chunked, Framing::Close] {
            for (limit, pace) in [
                (100, 1),
                (100, 1_000),
                (16 * 1024, 1),
                (16 * 1024, 50),
                (0, 7),
            ] {
                for source in ["stream", "channel"] {
                    let options = bare(framing)
                        .retry(Duration::from_secs(3))
                        .buffer_limit(limit);
                    let all: Vec<_> = frames.iter().copied().cloned().collect();
                    let received = serve_paced(all, source, options, pace);
                    let received = match framing {
                        Framing::Chunked => Dechunked::new(body(&received)).data(),
                        _ => body(&received).to_vec(),
                    };
                    assert_eq!(times(&received), expected);
                    let added = if expected[0] == Some(7) {
                        0
                    } else {
                        "retry: 3000\n".len()
                    };
                    assert_eq!(received.len(), plain.len() + added, "one line, no block");
                }
            }
        }
    }
}

/// Serves to a peer that takes a few bytes at a time.
fn serve_paced(
    frames: Vec<EncodedFrame>,
    source: &str,
    options: ServeOptions,
    pace: usize,
) -> Vec<u8> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async {
        let (io, mut peer) = duplex(pace);
        let serving = async move {
            if source == "stream" {
                serve(io, ready(frames), options).await;
                return;
            }
            let (sender, receiver) = channel(8);
            for frame in frames {
                sender.try_send(frame).unwrap();
            }
            tokio::join!(serve(io, receiver, options), sender.finish());
        };
        let mut received = Vec::new();
        let reading = async {
            peer.read_to_end(&mut received).await.unwrap();
            drop(peer);
        };
        tokio::join!(serving, reading);
        received
    })
}

/// When what was sent, in milliseconds; the source has one event after so long.
async fn beats(options: ServeOptions, event_after: Option<u64>, until: u64) -> Vec<(u64, String)> {
    let (sender, receiver) = channel(4);
    let (io, mut peer) = duplex(4096);
    let serving = tokio::spawn(serve(io, receiver, options));
    if let Some(after) = event_after {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(after)).await;
            sender.send(encoded("x")).await.unwrap();
            std::future::pending::<()>().await;
        });
    } else {
        tokio::spawn(async move {
            let _sender = sender;
            std::future::pending::<()>().await;
        });
    }
    let begin = Instant::now();
    let mut found = Vec::new();
    let mut space = [0; 4096];
    while let Ok(count) = timeout(
        Duration::from_millis(until).saturating_sub(begin.elapsed()),
        peer.read(&mut space),
    )
    .await
    {
        let text = std::str::from_utf8(&space[..count.unwrap()]).unwrap();
        found.push((begin.elapsed().as_millis() as u64, text.to_owned()));
    }
    drop(peer);
    serving.await.unwrap();
    found
}

#[tokio::test(start_paused = true)]
async fn the_first_heartbeat_is_early_unless_something_was_sent() {
    let timers = TimersConfig::new().with_heartbeat(Millis(10_000), Millis(0));
    let options = || bare(Framing::Elsewhere).timers(timers);
    let text = |found: &[(u64, String)]| {
        let parts = found.iter().map(|(at, text)| format!("{at} {text:?}"));
        parts.collect::<Vec<_>>().join(", ")
    };
    // Real milliseconds of a paused clock may be one more.
    let rounded = |mut found: Vec<(u64, String)>| {
        found.iter_mut().for_each(|(at, _)| *at = *at / 10 * 10);
        found
    };
    for (options, event_after, expected) in [
        (
            options(),
            None,
            r#"1000 ":\n\n", 11000 ":\n\n", 21000 ":\n\n""#,
        ),
        (
            options(),
            Some(500),
            r#"500 "data: x\n\n", 10500 ":\n\n", 20500 ":\n\n""#,
        ),
        (
            options(),
            Some(2_000),
            r#"1000 ":\n\n", 2000 "data: x\n\n", 12000 ":\n\n", 22000 ":\n\n""#,
        ),
        (
            options().greeting(encoded("hello")),
            None,
            r#"0 "data: hello\n\n", 10000 ":\n\n", 20000 ":\n\n""#,
        ),
        (
            options().first_heartbeat(Duration::from_secs(3)),
            None,
            r#"3000 ":\n\n", 13000 ":\n\n""#,
        ),
        (
            options().first_heartbeat(Duration::from_secs(30)),
            None,
            r#"10000 ":\n\n", 20000 ":\n\n""#,
        ),
        (
            options().heartbeat(EncodedFrame::HEARTBEAT_LINE),
            None,
            r#"1000 ":\n", 11000 ":\n", 21000 ":\n""#,
        ),
        (
            options().heartbeat(encoded("ping")),
            None,
            r#"1000 "data: ping\n\n", 11000 "data: ping\n\n", 21000 "data: ping\n\n""#,
        ),
        (options().timers(TimersConfig::new()), None, ""),
    ] {
        let found = rounded(beats(options, event_after, 22_500).await);
        assert_eq!(text(&found), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_has_the_same_heartbeats_and_carries_the_reconnection_time() {
    let timers = TimersConfig::new().with_heartbeat(Millis(10_000), Millis(0));
    let (sender, receiver) = channel(4);
    let options = ServeOptions::new()
        .timers(timers)
        .heartbeat(EncodedFrame::HEARTBEAT_LINE)
        .retry(Duration::from_secs(3));
    let mut body = pin!(EventBody::new(receiver, options));
    let begin = Instant::now();
    let mut next = async || {
        let frame = poll_fn(|cx| body.as_mut().poll_frame(cx)).await;
        let data = frame.unwrap().unwrap().into_data().unwrap();
        (
            begin.elapsed().as_secs(),
            String::from_utf8(data.to_vec()).unwrap(),
        )
    };
    assert_eq!(next().await, (1, ":\n".into()));
    assert_eq!(next().await, (11, ":\n".into()));
    sender.send(encoded("x")).await.unwrap();
    assert_eq!(next().await, (11, "retry: 3000\ndata: x\n\n".into()));
    sender.send(encoded("x")).await.unwrap();
    assert_eq!(next().await, (11, "data: x\n\n".into()));
}

/// A line begins no block: what follows it is its own event.
#[test]
fn a_heartbeat_that_is_a_line_leaks_into_no_event() {
    let stream = [EncodedFrame::HEARTBEAT_LINE.as_bytes(), &bytes("x")].concat();
    assert_eq!(events(&stream), ["x"]);
}
