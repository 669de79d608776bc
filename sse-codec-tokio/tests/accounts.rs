//! What is given, kept, taken back and counted, where the ways to give a frame are mixed and the
//! transport is the slowest there is.
#![cfg(all(feature = "http-body", feature = "http1"))]

mod common;

use std::{
    collections::VecDeque,
    convert::Infallible,
    future::{Future, poll_fn},
    io::ErrorKind,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::Bytes;
use common::{
    buffering::Buffering,
    frames::{encoded, events},
    no_hang, run,
    transport::{Act, Transport},
};
use http_body::Body;
use proptest::prelude::*;
use sse_codec::{Frame, Millis, TimersConfig};
use sse_codec_tokio::{
    BodyError, EncodedFrame, EventBody, EventWriter, Frames, Framing, Reason, Room, ServeOptions,
    Summary, channel, request::Request, serve,
};
use tokio_util::sync::CancellationToken;

fn bare() -> ServeOptions {
    ServeOptions::new()
        .framing(Framing::Elsewhere)
        .timers(TimersConfig::new())
}

/// How a source gives a frame.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// By `put_frame`, whatever room there is.
    Frame,
    /// By `offer`.
    Offer,
    /// By `put`, with the frame after it when there is one.
    Run,
}

/// A source that gives its frames in whatever way its script says, and takes them back.
#[derive(Debug)]
struct Mixed {
    frames: Vec<EncodedFrame>,
    ways: Vec<Way>,
    next: usize,
    /// How many calls it makes of the room for each time that it is asked.
    most: usize,
    can_take_back: bool,
    handed_over: u64,
    /// It says once that it has nothing now.
    pauses: bool,
    /// What it has given when the connection has ended.
    given: Arc<AtomicUsize>,
    is_stopped: bool,
}

impl Frames for Mixed {
    type Error = Infallible;

    fn poll_frames(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), Infallible>>> {
        let me = &mut *self;
        assert!(!me.is_stopped, "it has nothing that has to be sent");
        let before = me.next;
        for _ in 0..me.most {
            let Some(frame) = me.frames.get(me.next) else {
                break;
            };
            match me.ways[me.next % me.ways.len()] {
                Way::Frame => {
                    room.put_frame(frame.clone());
                    me.next += 1;
                }
                Way::Offer => {
                    if !room.offer(frame) {
                        return Poll::Ready(Some(Ok(())));
                    }
                    me.next += 1;
                }
                Way::Run => {
                    let two = me.frames.get(me.next + 1);
                    let behind = two.map_or(&[][..], EncodedFrame::as_bytes);
                    let count = 1 + usize::from(two.is_some());
                    if room.put([frame.as_bytes(), behind], count) {
                        me.next += count;
                    } else if room.offer(frame) {
                        me.next += 1;
                    } else {
                        return Poll::Ready(Some(Ok(())));
                    }
                }
            }
        }
        if me.next > before {
            return Poll::Ready(Some(Ok(())));
        }
        if std::mem::replace(&mut me.pauses, false) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(None)
    }

    fn can_take_back(&self) -> bool {
        self.can_take_back
    }

    fn take_back(mut self: Pin<&mut Self>, frames: usize) {
        assert!(self.can_take_back);
        self.next = self.next.checked_sub(frames).expect("more than was put");
        assert!(
            self.next as u64 >= self.handed_over,
            "more than may go back"
        );
    }

    fn stop(mut self: Pin<&mut Self>) -> bool {
        self.is_stopped = true;
        false
    }

    fn handed_over(mut self: Pin<&mut Self>, events: u64) {
        assert!(events > self.handed_over && events as usize <= self.next);
        self.handed_over = events;
    }

    fn ended(self: Pin<&mut Self>, summary: &Summary, _: Option<Infallible>) {
        assert_eq!(summary.events, self.handed_over);
        self.given.store(self.next, Ordering::SeqCst);
    }
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![6 => (1..400_usize).prop_map(Act::Do), 4 => Just(Act::Later)]
}

proptest! {
    #[test]
    fn however_frames_are_given_each_arrives_once_and_in_order(
        lens in prop::collection::vec(prop_oneof![5 => 0..60_usize, 2 => 200..3_000_usize], 1..40),
        ways in prop::collection::vec(
            prop::sample::select(vec![Way::Frame, Way::Offer, Way::Run]), 1..7),
        writes in prop::collection::vec(act(), 0..120),
        flushes in prop::collection::vec(act(), 0..60),
        most in 1..12_usize,
        limit in prop::sample::select(vec![0_usize, 30, 200, 1_000, 16_384]),
        can_take_back: bool,
        is_chunked: bool,
        has_retry: bool,
        pauses: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        let _context = runtime.enter();
        let texts: Vec<_> = lens.iter().enumerate()
            .map(|(number, len)| common::frames::numbered(number, *len)).collect();
        let source = Mixed {
            frames: texts.iter().map(|text| encoded(text)).collect(),
            ways, next: 0, most, can_take_back, handed_over: 0, pauses, given: Arc::default(), is_stopped: false,
        };
        let framing = if is_chunked { Framing::Chunked } else { Framing::Close };
        let mut options = bare().framing(framing).buffer_limit(limit);
        if has_retry {
            options = options.retry(Duration::from_secs(2));
        }
        let (transport, probe) = Transport::new();
        {
            let mut script = probe.script();
            script.writes = writes.into();
            script.flushes = flushes.into();
        }
        let summary = run(serve(transport, source, options)).expect("a hang");
        let received = probe.received();
        let body = common::frames::body(&received).to_vec();
        let body = if is_chunked { dechunk(&body) } else { body };
        prop_assert_eq!(events(&body), &texts[..]);
        prop_assert_eq!(summary.reason, Reason::Finished);
        prop_assert_eq!(summary.events, texts.len() as u64);
        prop_assert_eq!(summary.bytes, received.len() as u64);
        prop_assert!(!summary.cut);
    }

    /// Ended in the middle: by a shutdown, or by a transport that breaks at some byte.
    #[test]
    fn an_end_in_the_middle_leaves_an_exact_account(
        lens in prop::collection::vec(prop_oneof![5 => 0..60_usize, 2 => 200..3_000_usize], 1..40),
        ways in prop::collection::vec(
            prop::sample::select(vec![Way::Frame, Way::Offer, Way::Run]), 1..7),
        writes in prop::collection::vec(act(), 0..120),
        flushes in prop::collection::vec(act(), 0..60),
        most in 1..12_usize,
        limit in prop::sample::select(vec![0_usize, 30, 200, 1_000, 16_384]),
        can_take_back: bool,
        is_chunked: bool,
        breaks_at in prop::option::of(0..20_000_usize),
        stops_at in 0..60_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        let _context = runtime.enter();
        // More than there will be time for.
        let texts: Vec<_> = (0..1_000)
            .map(|number| common::frames::numbered(number, lens[number % lens.len()])).collect();
        let frames: Vec<_> = texts.iter().map(|text| encoded(text)).collect();
        let given = Arc::new(AtomicUsize::new(0));
        let source = Mixed {
            frames: frames.clone(),
            ways, next: 0, most, can_take_back, handed_over: 0, pauses: false, given: Arc::clone(&given), is_stopped: false,
        };
        let framing = if is_chunked { Framing::Chunked } else { Framing::Close };
        let token = CancellationToken::new();
        let options = bare().framing(framing).buffer_limit(limit)
            .shutdown(token.clone()).farewell(encoded("bye"));
        let (transport, probe) = Transport::new();
        {
            let mut script = probe.script();
            script.writes = writes.into();
            script.flushes = flushes.into();
            script.at = breaks_at.map(|at| (at, Act::Fail(ErrorKind::BrokenPipe))).into_iter().collect();
        }
        let mut serving = Box::pin(serve(transport, source, options));
        let mut polls = 0;
        let summary = run(poll_fn(|cx| {
            if polls == stops_at {
                token.cancel();
            }
            polls += 1;
            if polls <= stops_at {
                // It is polled, whether it was woken or not.
                cx.waker().wake_by_ref();
            }
            serving.as_mut().poll(cx)
        })).expect("a hang");
        let (received, flushed) = (probe.received(), probe.script().flushed);
        prop_assert_eq!(summary.bytes, received.len() as u64);
        let body = |stream: &[u8]| {
            let head = stream.windows(4).position(|end| end == b"\r\n\r\n");
            let body = head.map_or(&[][..], |head| &stream[head + 4..]);
            if is_chunked { dechunk_some(body) } else { body.to_vec() }
        };
        let events_of_stream = events(&body(&received));
        if summary.reason == Reason::Shutdown && breaks_at.is_none_or(|at| at > received.len()) {
            let count = summary.events as usize;
            prop_assert_eq!(given.load(Ordering::SeqCst), count);
            prop_assert_eq!(&events_of_stream[..count], &texts[..count]);
            prop_assert_eq!(&events_of_stream[count..], ["bye"]);
            prop_assert!(!summary.cut);
        } else if summary.reason == Reason::Finished {
            prop_assert_eq!(&events_of_stream[..], &texts[..]);
        } else if events_of_stream.iter().all(|text| text != "bye") {
            prop_assert!(breaks_at == Some(received.len()));
            let count = summary.events as usize;
            prop_assert_eq!(events(&body(&received[..flushed])).len(), count);
            let counted: usize = frames[..count].iter().map(|frame| frame.as_bytes().len()).sum();
            let body = body(&received);
            // The farewell may have begun.
            let is_event = !body[counted..].is_empty()
                && (frames[count].as_bytes().starts_with(&body[counted..])
                    || body[counted..].starts_with(frames[count].as_bytes()));
            if is_event && summary.reason != Reason::Shutdown {
                prop_assert!(summary.cut);
            } else if body.len() == counted {
                prop_assert!(!summary.cut);
            }
        }
    }

    /// A server that writes what it is given when it likes, and ends when it likes.
    #[test]
    fn the_account_of_a_body_is_exact(
        lens in prop::collection::vec(prop_oneof![5 => 0..60_usize, 1 => 200..30_000_usize], 1..40),
        ways in prop::collection::vec(
            prop::sample::select(vec![Way::Frame, Way::Offer, Way::Run]), 1..7),
        deeds in prop::collection::vec(0..12_usize, 0..200),
        most in 1..12_usize,
        limit in prop::sample::select(vec![0_usize, 30, 200, 1_000, 16_384]),
        can_take_back: bool,
        has_greeting: bool,
        stops_at in 0..400_usize,
        drops_at in 0..400_usize,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time().start_paused(true).build().unwrap();
        let _context = runtime.enter();
        let texts: Vec<_> = lens.iter().enumerate()
            .map(|(number, len)| common::frames::numbered(number, *len)).collect();
        let frames: Vec<_> = texts.iter().map(|text| encoded(text)).collect();
        let greeting = has_greeting.then_some(EncodedFrame::HEARTBEAT);
        let token = CancellationToken::new();
        let told = Arc::new(Mutex::new(None));
        let hear = Arc::clone(&told);
        let source = Mixed {
            frames: frames.clone(),
            ways, next: 0, most, can_take_back, handed_over: 0, pauses: true, given: Arc::default(), is_stopped: false,
        }.on_end(move |summary, _| *hear.lock().unwrap() = Some(*summary));
        let options = bare().greeting(greeting).buffer_limit(limit).shutdown(token.clone())
            .farewell(Some(Frame::comment(b"bye").into()));
        let mut body = EventBody::new(source, options);
        let wakes = Arc::new(common::Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        let (mut held, mut all, mut written) = (VecDeque::new(), Vec::new(), 0);
        let mut is_over = false;
        let mut deeds = deeds.into_iter().chain(std::iter::repeat(6));
        for turn in 0.. {
            if turn == stops_at {
                token.cancel();
            }
            if turn == drops_at {
                break;
            }
            for _ in 0..deeds.next().unwrap() / 2 {
                if let Some(piece) = held.pop_front() {
                    let piece: Bytes = piece;
                    written += piece.len();
                }
            }
            match Pin::new(&mut body).poll_frame(&mut Context::from_waker(&waker)) {
                Poll::Ready(Some(Ok(frame))) => {
                    let data = frame.into_data().unwrap();
                    all.extend_from_slice(&data);
                    held.push_back(data);
                }
                Poll::Ready(Some(Err(error))) => panic!("{error:?}"),
                Poll::Ready(None) => {
                    is_over = true;
                    break;
                }
                Poll::Pending => {
                    let is_woken = wakes.take() > 0;
                    prop_assert!(is_woken || !held.is_empty() || turn < stops_at, "a hang");
                }
            }
            prop_assert!(held.iter().map(Bytes::len).sum::<usize>() <= 36 * 1024);
            prop_assert!(turn < 4_000, "a hang");
        }
        drop(body);
        let summary = told.lock().unwrap().take().unwrap();
        prop_assert_eq!(summary.bytes, written as u64);
        prop_assert_eq!(summary.events, events(&all[..written]).len() as u64);
        let counted = summary.events as usize;
        prop_assert_eq!(&events(&all[..written])[..], &texts[..counted]);
        let has_more = events(&all).len() > counted
            || all.last_chunk().is_some_and(|end: &[u8; 2]| end != b"\n\n");
        prop_assert_eq!(summary.cut, has_more);
        if is_over {
            prop_assert!(held.is_empty() && !summary.cut);
            let is_all = counted == texts.len();
            prop_assert!(summary.reason == Reason::Shutdown || summary.reason == Reason::Finished && is_all);
        } else {
            prop_assert!(summary.reason != Reason::Finished || counted == texts.len());
        }
    }
}

/// The bytes of the chunks, also of one that was not finished.
fn dechunk_some(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|pair| pair == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        rest = &rest[end + 2..];
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        rest = rest.get(size + 2..).unwrap_or_default();
    }
    body
}

fn dechunk(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let end = rest.windows(2).position(|pair| pair == b"\r\n").unwrap();
        let size = usize::from_str_radix(std::str::from_utf8(&rest[..end]).unwrap(), 16).unwrap();
        rest = &rest[end + 2..];
        body.extend_from_slice(&rest[..size]);
        assert_eq!(rest[size..size + 2], *b"\r\n");
        rest = &rest[size + 2..];
        if size == 0 {
            assert!(rest.is_empty());
            return body;
        }
    }
}

/// A source that gives what it has gathered only when it is to stop, as one that batches does.
#[derive(Debug)]
struct Batching {
    polls: usize,
    gathered: Option<EncodedFrame>,
    is_stopped: bool,
}

impl Frames for Batching {
    type Error = Infallible;

    fn poll_frames(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), Infallible>>> {
        self.polls += 1;
        match self.polls {
            1 => {
                room.put_frame(encoded("first"));
                return Poll::Ready(Some(Ok(())));
            }
            // The lifetime ends in the turn in which the source begins to wait.
            2 => std::thread::sleep(Duration::from_millis(200)),
            _ => {}
        }
        match self.gathered.take() {
            Some(frame) if self.is_stopped => {
                room.put_frame(frame);
                Poll::Ready(Some(Ok(())))
            }
            gathered => {
                self.gathered = gathered;
                Poll::Pending
            }
        }
    }

    fn stop(mut self: Pin<&mut Self>) -> bool {
        self.is_stopped = true;
        true
    }
}

/// What a source gives only now that it is to stop is asked for, though it has just said that it had
/// nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_to_stop_is_asked_again() {
    let source = Batching {
        polls: 0,
        gathered: Some(encoded("gathered")),
        is_stopped: false,
    };
    let timers = TimersConfig::new().with_lifetime(Millis(20), Millis(0));
    let (transport, probe) = Transport::new();
    let serving = tokio::spawn(serve(transport, source, bare().timers(timers)));
    let summary = no_hang(serving).await.unwrap();
    assert_eq!(summary.reason, Reason::Lifetime);
    assert_eq!(events(&probe.received()), ["first", "gathered"]);
}

/// A large frame that was taken as far as it was offered says nothing about the transport: one that
/// buffers gets 16 KiB at a time, so that a slow client is not taken for one that has gone.
#[tokio::test(start_paused = true)]
async fn a_buffering_transport_gets_no_more_of_a_large_frame_than_a_slow_client_takes() {
    let (inner, _probe) = Transport::new();
    let inner_probe = inner.probe();
    let (io, marks) = Buffering::new(inner, 1 << 20);
    let mut writer = EventWriter::with_options(io, 1 << 20, TimersConfig::new());
    writer.send(encoded(&"a".repeat(20_000))).await.unwrap();
    assert_eq!(marks.given(), marks.flushed());
    inner_probe.script().writes = [Act::Stall].into();
    let stuck = tokio::time::timeout(
        Duration::from_secs(1),
        writer.send(encoded(&"b".repeat(200_000))),
    );
    assert!(stuck.await.is_err());
    let unflushed = marks.given() - marks.flushed();
    assert!(unflushed <= 16 * 1024, "{unflushed} bytes in one go");
}

async fn next<S>(body: &mut EventBody<S>) -> Option<Result<Bytes, BodyError<S::Error>>>
where
    S: Frames<Error: Send> + Send + 'static,
{
    let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await;
    frame.map(|frame| frame.map(|frame| frame.into_data().unwrap()))
}

/// A stream that has ended is finished when the server has written all of it, and not before.
#[tokio::test(start_paused = true)]
async fn a_body_whose_end_is_not_written_has_not_finished() {
    for is_dropped in [false, true] {
        let (sender, receiver) = channel(4);
        sender.try_send(encoded("one")).unwrap();
        sender.try_send(encoded("two")).unwrap();
        let kept = sender.clone();
        let finishing = tokio::spawn(sender.finish());
        tokio::task::yield_now().await;
        let timers = TimersConfig::new().with_write_deadline(Millis(3_000));
        let mut body = EventBody::new(receiver, bare().timers(timers));
        let held = next(&mut body).await.unwrap().unwrap();
        let expected = if is_dropped {
            // The client goes while the server holds both.
            let waiting = tokio::time::timeout(Duration::from_secs(1), next(&mut body));
            assert!(waiting.await.is_err());
            Reason::PeerClosed
        } else {
            let error = no_hang(next(&mut body)).await.unwrap().unwrap_err();
            assert_eq!(error, BodyError::Ended(Reason::WriteDeadline));
            Reason::WriteDeadline
        };
        drop(body);
        drop(held);
        let closed = finishing.await.unwrap();
        assert_eq!((closed.reason, closed.handed_over), (expected, 0));
        assert!(closed.cut);
        assert_eq!(kept.take_unsent().len(), 2);
    }
}

/// Heartbeats that the server holds are no events that may have arrived.
#[tokio::test(start_paused = true)]
async fn a_body_is_not_cut_in_a_heartbeat() {
    let (sender, receiver) = channel(4);
    let timers = TimersConfig::new().with_heartbeat(Millis(1_000), Millis(0));
    let options = bare().timers(timers).greeting(encoded("hello"));
    let mut body = EventBody::new(receiver, options);
    let greeting = next(&mut body).await.unwrap().unwrap();
    sender.try_send(encoded("one")).unwrap();
    let one = next(&mut body).await.unwrap().unwrap();
    drop((greeting, one));
    let beat = next(&mut body).await.unwrap().unwrap();
    assert_eq!(beat, EncodedFrame::HEARTBEAT.as_bytes());
    drop(body);
    let closed = sender.closed().await;
    assert_eq!((closed.handed_over, closed.cut), (1, false));

    let (sender, receiver) = channel(4);
    let mut body = EventBody::new(receiver, bare().greeting(Some(Frame::HEARTBEAT.into())));
    let greeting = next(&mut body).await.unwrap().unwrap();
    sender.try_send(encoded("one")).unwrap();
    let one = next(&mut body).await.unwrap().unwrap();
    drop(one);
    let waiting = tokio::time::timeout(Duration::from_secs(1), next(&mut body));
    assert!(waiting.await.is_err());
    drop(body);
    let closed = sender.closed().await;
    assert_eq!((closed.handed_over, closed.cut), (1, false));
    drop(greeting);
}

/// Whoever gives a connection a `date` of its own gets that one alone.
#[tokio::test]
async fn a_head_has_one_date() {
    let mut request = &b"GET / HTTP/1.1\r\nhost: a\r\n\r\n"[..];
    let request = Request::read(&mut request, 1_024, Duration::from_secs(1)).await;
    let terms = request.unwrap().terms(&Arc::new(bare()));
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let terms = terms.header("Date", date).unwrap();
    let (transport, probe) = Transport::new();
    let source = tokio_stream::iter([Frame::message(b"1")]);
    serve(transport, source, terms).await;
    let head = String::from_utf8(probe.received())
        .unwrap()
        .to_ascii_lowercase();
    assert_eq!(head.matches("\r\ndate: ").count(), 1, "{head}");
    assert!(head.contains(&date.to_ascii_lowercase()));
}

/// A source that has nothing to send after the stop is not asked again, though something of what it
/// had given before goes back to it.
#[test]
fn a_source_that_has_stopped_is_not_asked_again() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let _context = runtime.enter();
    let given = Arc::new(AtomicUsize::new(0));
    // The first is too large for the buffer, and those behind it wait with it.
    let lens = [100, 0, 0, 0, 0, 0, 0, 0];
    let source = Mixed {
        frames: (0..800)
            .map(|number| encoded(&common::frames::numbered(number, lens[number % 8])))
            .collect(),
        ways: vec![Way::Frame],
        next: 0,
        most: 8,
        can_take_back: true,
        handed_over: 0,
        pauses: false,
        given: Arc::clone(&given),
        is_stopped: false,
    };
    let token = CancellationToken::new();
    let options = bare().buffer_limit(40).shutdown(token.clone());
    let (transport, probe) = Transport::new();
    probe.script().writes = [Act::Stall, Act::Do(1_000), Act::Do(20)].into();
    let mut serving = Box::pin(serve(transport, source, options));
    assert_eq!(run(serving.as_mut()), None);
    token.cancel();
    assert_eq!(run(serving.as_mut()), None);
    probe.resume();
    let summary = run(serving).expect("a hang");
    assert_eq!(summary.reason, Reason::Shutdown);
    // The large one, one small one, and one that had begun.
    assert_eq!((summary.events, given.load(Ordering::SeqCst)), (3, 3));
    assert_eq!(events(&probe.received()).len(), 3);
}

/// What a farewell has left behind in a client is set right by the first block that it takes for an
/// event, whoever has made that.
#[tokio::test(start_paused = true)]
async fn a_greeting_or_a_heartbeat_with_data_carries_the_reconnection_time() {
    let retry = Duration::from_secs(3);
    for is_chunked in [false, true] {
        let framing = if is_chunked {
            Framing::Chunked
        } else {
            Framing::Close
        };
        for (greeting, heartbeat, expected) in [
            (
                Some("hello"),
                ":\n\n",
                "retry: 3000\ndata: hello\n\n:\n\ndata: late\n\n",
            ),
            (
                None,
                "data: beat\n\n",
                "retry: 3000\ndata: beat\n\ndata: late\n\n",
            ),
            (None, ":\n\n", ":\n\nretry: 3000\ndata: late\n\n"),
        ] {
            let timers = TimersConfig::new().with_heartbeat(Millis(60_000), Millis(0));
            let mut options = bare()
                .framing(framing)
                .timers(timers)
                .retry(retry)
                .first_heartbeat(Duration::from_secs(1))
                .greeting(greeting.map(encoded));
            if heartbeat.starts_with("data") {
                options = options.heartbeat(encoded("beat"));
            }
            if greeting.is_some() {
                options =
                    options.timers(TimersConfig::new().with_heartbeat(Millis(9_000), Millis(0)));
            }
            let (sender, receiver) = channel(1);
            let (transport, probe) = Transport::new();
            let serving = tokio::spawn(serve(transport, receiver, options));
            tokio::time::sleep(Duration::from_secs(10)).await;
            sender.send(encoded("late")).await.unwrap();
            sender.finish().await;
            serving.await.unwrap();
            let received = probe.received();
            let body = common::frames::body(&received);
            let body = if is_chunked {
                dechunk(body)
            } else {
                body.to_vec()
            };
            assert_eq!(String::from_utf8(body).unwrap(), expected);
        }
    }
}

/// A head that leaves late is followed by the first heartbeat all the same: a browser that opens at
/// the first byte of the body does not wait for a whole interval.
#[tokio::test(start_paused = true)]
async fn a_head_that_is_held_up_does_not_cost_the_first_heartbeat() {
    let timers = TimersConfig::new().with_heartbeat(Millis(60_000), Millis(0));
    let options = bare().framing(Framing::Close).timers(timers);
    let (_sender, receiver) = channel(1);
    let (transport, probe) = Transport::new();
    probe.script().flushes = [Act::Stall].into();
    let serving = tokio::spawn(serve(transport, receiver, options));
    tokio::time::sleep(Duration::from_secs(5)).await;
    probe.resume();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(
        common::frames::body(&probe.received()),
        common::frames::HEARTBEAT
    );
    serving.abort();
}
