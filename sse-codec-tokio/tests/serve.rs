//! `serve`, on paused time over transports in memory.

mod common;

use std::{
    convert::Infallible,
    future::poll_fn,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use common::{
    FromFn, Resource,
    frames::{HEARTBEAT, body, bytes, comments, encoded, events},
    no_hang, poll_times, ready, run, silent,
    transport::{Act, Transport},
};
use sse_codec::{Chunk, Frame, Millis, Parser, TimersConfig, http};
use sse_codec_tokio::{
    EncodedFrame, Frames, Framing, Reason, Room, ServeOptions, Summary, channel, serve,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::{Instant, sleep, timeout},
};
use tokio_util::sync::CancellationToken;

/// Only the events, and no timers.
fn bare() -> ServeOptions {
    ServeOptions::new()
        .framing(Framing::Elsewhere)
        .greeting(None)
        .timers(TimersConfig::new())
}

fn resource() -> (Resource, Arc<AtomicUsize>) {
    let counter = Arc::default();
    (Resource::new(&counter), counter)
}

/// The reconnection time a client ends up with.
fn retry(stream: &[u8]) -> Option<Millis> {
    let mut parser = Parser::growable(1 << 20);
    let mut chunk = Chunk::new(stream);
    while parser.next_event(&mut chunk).unwrap().is_some() {}
    parser.retry()
}

#[test]
fn the_head_and_a_first_frame_leave_in_one_write_before_the_source_is_waited_for() {
    let (source, _counter) = resource();
    let (transport, probe) = Transport::vectored();
    let options = ServeOptions::new()
        .greeting(EncodedFrame::HEARTBEAT)
        .timers(TimersConfig::new());
    assert_eq!(
        poll_times(1, serve(transport, silent(source), options), || {}),
        None
    );
    assert_eq!(probe.calls(), "wf");
    assert_eq!(
        probe.received(),
        [http::RESPONSE_HEAD_CLOSE, HEARTBEAT].concat()
    );
}

#[tokio::test(start_paused = true)]
async fn events_that_are_ready_together_are_one_write_and_the_summary_is_exact() {
    let (transport, probe) = Transport::vectored();
    let events = ["a", "\n", "c"].map(encoded);
    let options = bare()
        .framing(Framing::Close)
        .greeting(EncodedFrame::from(Frame::comment(b"hello")));
    let whole = [
        http::RESPONSE_HEAD_CLOSE,
        b":hello\n\n",
        &events.clone().map(|e| e.as_bytes().to_vec()).concat(),
    ]
    .concat();
    let Summary {
        reason,
        events,
        cut,
        heartbeats,
        bytes,
        high_water,
        duration,
        ..
    } = serve(transport, ready(events.into()), options).await;
    assert_eq!(
        (reason, events, cut, heartbeats),
        (Reason::Finished, 3, false, 0)
    );
    assert_eq!((bytes, high_water), (whole.len() as u64, whole.len()));
    assert_eq!(duration, Duration::ZERO);
    assert_eq!(probe.received(), whole);
    assert_eq!(probe.calls(), "wfs");
}

#[tokio::test(start_paused = true)]
async fn heartbeats_reach_a_client_of_a_silent_source() {
    let (source, counter) = resource();
    let (io, mut peer) = duplex(1024);
    let serving = tokio::spawn(serve(io, silent(source), ServeOptions::new()));
    let mut received = vec![0; http::RESPONSE_HEAD_CLOSE.len() + 3 * 11];
    let begin = Instant::now();
    peer.read_exact(&mut received).await.unwrap();
    let seconds = begin.elapsed().as_secs_f64();
    // The first after a second, ten after each interval.
    assert!((101.0..=151.1).contains(&seconds), "{seconds}");
    assert_eq!(comments(body(&received)), 11);
    assert_eq!(counter.load(Ordering::SeqCst), 1);
    drop(peer);
    let summary = serving.await.unwrap();
    assert_eq!(
        (summary.reason, summary.heartbeats),
        (Reason::PeerClosed, 11)
    );
    assert_eq!(counter.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_that_does_not_leave_is_not_counted() {
    let (source, _counter) = resource();
    let (transport, probe) = Transport::new();
    probe.script().at = [(0, Act::Stall)].into();
    let timers = TimersConfig::new()
        .with_heartbeat(Millis(1_000), Millis(0))
        .with_write_deadline(Millis(1_000));
    let summary = serve(transport, silent(source), bare().timers(timers)).await;
    assert_eq!(
        (summary.reason, summary.heartbeats),
        (Reason::WriteDeadline, 0)
    );
    assert_eq!((summary.high_water, summary.bytes), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn at_shutdown_come_the_accepted_events_a_retry_in_its_range_and_the_farewell() {
    let mut retries = Vec::new();
    for _ in 0..100 {
        let (sender, receiver) = channel(64);
        for number in 0..50 {
            sender.send(encoded(&number.to_string())).await.unwrap();
        }
        let token = CancellationToken::new();
        token.cancel();
        let options = bare()
            .shutdown(token)
            .buffer_limit(100)
            .come_back_after(Duration::from_secs(1), Duration::from_secs(9))
            .farewell(encoded("bye"));
        let (io, mut peer) = duplex(64);
        let serving = tokio::spawn(serve(io, receiver, options));
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.unwrap();
        let summary = serving.await.unwrap();
        assert_eq!((summary.reason, summary.events), (Reason::Shutdown, 50));
        let mut expected: Vec<_> = (0..50).map(|number| number.to_string()).collect();
        expected.push("bye".into());
        assert_eq!(events(&received), expected);
        assert_eq!(sender.closed_now().unwrap().handed_over, 50);
        let retry = retry(&received).unwrap().0;
        assert!((1_000..=9_000).contains(&retry), "{retry}");
        retries.push(retry);
    }
    retries.sort_unstable();
    assert!(
        retries[20] < 5_000 && retries[80] > 5_000,
        "spread: {retries:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn the_drain_ends_in_time_with_a_peer_that_does_not_read() {
    let (sender, receiver) = channel(8);
    let token = CancellationToken::new();
    let (io, peer) = duplex(10);
    let options = bare().shutdown(token.clone()).drain(Duration::from_secs(3));
    let serving = tokio::spawn(serve(io, receiver, options.farewell(encoded("bye"))));
    for _ in 0..5 {
        sender.send(encoded("x")).await.unwrap();
    }
    sleep(Duration::from_secs(60)).await;
    token.cancel();
    let begin = Instant::now();
    let closed = sender.closed().await;
    let millis = begin.elapsed().as_millis();
    assert!((3_000..=3_001).contains(&millis), "{millis}");
    assert_eq!(
        (closed.reason, closed.handed_over, closed.cut),
        (Reason::Shutdown, 1, true)
    );
    assert_eq!(sender.take_unsent().len(), 4);
    assert_eq!(serving.await.unwrap().bytes, 10);
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn the_write_deadline_goes_on_while_draining() {
    let (sender, receiver) = channel(8);
    sender.send(encoded("x")).await.unwrap();
    let timers = TimersConfig::new()
        .with_write_deadline(Millis(2_000))
        .with_lifetime(Millis(1_000), Millis(0));
    let (transport, probe) = Transport::new();
    probe.script().at = [(3, Act::Stall)].into();
    let options = bare().timers(timers).drain(Duration::from_secs(600));
    let summary = serve(transport, receiver, options).await;
    assert_eq!(summary.reason, Reason::Lifetime);
    assert_eq!(summary.duration.as_millis() / 10, 200);
}

#[tokio::test(start_paused = true)]
async fn a_frame_taken_from_a_stream_is_not_dropped_at_shutdown() {
    let token = CancellationToken::new();
    let (io, mut peer) = duplex(4);
    let options = bare().shutdown(token.clone()).buffer_limit(10);
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pulled);
    let source = FromFn(move |_: &mut Context<'_>| {
        let number = counter.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(encoded(&number.to_string())))
    });
    let serving = tokio::spawn(serve(io, source, options.farewell(encoded("bye"))));
    sleep(Duration::from_secs(1)).await;
    token.cancel();
    let mut received = Vec::new();
    peer.read_to_end(&mut received).await.unwrap();
    let pulled = pulled.load(Ordering::SeqCst);
    let mut expected: Vec<_> = (0..pulled).map(|number| number.to_string()).collect();
    expected.push("bye".into());
    assert_eq!(events(&received), expected);
    assert_eq!(serving.await.unwrap().events, pulled as u64);
}

#[tokio::test(start_paused = true)]
async fn the_lifetime_ends_a_busy_connection_in_good_order() {
    let (sender, receiver) = channel(1);
    let timers = TimersConfig::new().with_lifetime(Millis(10_000), Millis(2_000));
    let (io, mut peer) = duplex(64);
    let options = bare().timers(timers).farewell(encoded("bye"));
    let serving = tokio::spawn(serve(io, receiver, options));
    let sending = tokio::spawn(async move {
        let mut accepted = 0;
        while sender.send(encoded("x")).await.is_ok() {
            accepted += 1;
            sleep(Duration::from_millis(7)).await;
        }
        (accepted, sender.closed().await)
    });
    let mut received = Vec::new();
    peer.read_to_end(&mut received).await.unwrap();
    let summary = serving.await.unwrap();
    let (accepted, closed) = sending.await.unwrap();
    assert_eq!(
        (summary.reason, summary.events),
        (Reason::Lifetime, accepted)
    );
    assert_eq!(
        (closed.reason, closed.handed_over),
        (Reason::Lifetime, accepted)
    );
    let millis = summary.duration.as_millis();
    assert!((8_000..=10_001).contains(&millis), "{millis}");
    let events = events(&received);
    assert_eq!(
        (events.len() as u64, events.last().unwrap().as_str()),
        (accepted + 1, "bye")
    );
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_stops_reading_takes_a_bounded_amount_and_is_evicted_in_time() {
    let (source, counter) = resource();
    let mut pulled = 0;
    let source = FromFn(move |_: &mut Context<'_>| {
        let _ = &source;
        pulled += 1;
        assert!(
            pulled * bytes("0123456789").len() < 1000 + 500 + 40,
            "pulled too much"
        );
        Poll::Ready(Some(encoded("0123456789")))
    });
    let (io, peer) = duplex(1000);
    let timers = TimersConfig::new().with_write_deadline(Millis(5_000));
    let options = bare().timers(timers).buffer_limit(500);
    let summary = serve(io, source, options).await;
    assert_eq!(
        (summary.reason, summary.bytes),
        (Reason::WriteDeadline, 1000)
    );
    assert_eq!((summary.events, summary.cut), (1000 / 18, true));
    assert!(summary.high_water <= 500, "{}", summary.high_water);
    let millis = summary.duration.as_millis();
    assert!((5_000..=5_001).contains(&millis), "{millis}");
    assert_eq!(counter.load(Ordering::SeqCst), 0);
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_never_gets_flushed_is_evicted_too() {
    let (sender, receiver) = channel(4);
    sender.send(encoded("x")).await.unwrap();
    let (transport, probe) = Transport::new();
    probe.script().flushes = [Act::Stall].into();
    let summary = no_hang(serve(transport, receiver, ServeOptions::new())).await;
    assert_eq!(
        (summary.reason, summary.heartbeats),
        (Reason::WriteDeadline, 0)
    );
    assert_eq!(summary.duration.as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn a_half_close_ends_the_connection_unless_it_is_allowed() {
    for allowed in [false, true] {
        let (sender, receiver) = channel(4);
        let (io, mut peer) = duplex(1024);
        let serving = tokio::spawn(serve(io, receiver, bare().allow_half_close(allowed)));
        peer.shutdown().await.unwrap();
        if !allowed {
            assert_eq!(sender.closed().await.reason, Reason::PeerClosed);
            continue;
        }
        assert!(
            timeout(Duration::from_secs(60), sender.closed())
                .await
                .is_err()
        );
        sender.send(encoded("still there")).await.unwrap();
        drop(sender);
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.unwrap();
        assert_eq!(events(&received), ["still there"]);
        assert_eq!(serving.await.unwrap().reason, Reason::Finished);
    }
}

#[tokio::test(start_paused = true)]
async fn input_is_dropped_up_to_the_limit_and_not_a_byte_more() {
    let (sender, receiver) = channel(4);
    let (io, mut peer) = duplex(64);
    let serving = tokio::spawn(serve(io, receiver, bare().input_limit(10_000)));
    peer.write_all(&[b'?'; 10_000]).await.unwrap();
    sender.send(encoded("x")).await.unwrap();
    sleep(Duration::from_secs(1)).await;
    assert!(!sender.is_closed());
    peer.write_all(b"?").await.unwrap();
    assert_eq!(sender.closed().await.reason, Reason::TooMuchInput);
    assert_eq!(serving.await.unwrap().events, 1);
}

#[tokio::test(start_paused = true)]
async fn frames_larger_than_the_buffer_go_through() {
    let sizes = [5, 1000, 10, 5000, 5000, 1];
    for limit in [0, 1, 3, 64, 2000] {
        let all = sizes.map(|len| encoded(&"x".repeat(len)));
        let options = bare()
            .framing(Framing::Close)
            .greeting(encoded(&"g".repeat(3000)))
            .buffer_limit(limit);
        let (io, mut peer) = duplex(100);
        let serving = tokio::spawn(serve(io, ready(all.into()), options));
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.unwrap();
        let found: Vec<_> = events(body(&received)).iter().map(String::len).collect();
        assert_eq!(found, [&[3000], &sizes[..]].concat());
        assert_eq!(serving.await.unwrap().events, 6);
    }
}

/// A heartbeat fills a buffer of three bytes, so that the source cannot be asked when it wakes.
#[tokio::test(start_paused = true)]
async fn an_event_that_comes_while_the_buffer_is_full_is_not_forgotten() {
    let (sender, receiver) = channel(4);
    let (transport, probe) = Transport::new();
    probe.script().at = [(0, Act::Stall)].into();
    let timers = TimersConfig::new().with_heartbeat(Millis(1_000), Millis(0));
    let options = bare().timers(timers).buffer_limit(3);
    let mut serving = pin!(serve(transport, receiver, options));
    assert!(
        timeout(Duration::from_millis(1_500), &mut serving)
            .await
            .is_err()
    );
    sender.send(encoded("x")).await.unwrap();
    assert!(
        timeout(Duration::from_millis(1), &mut serving)
            .await
            .is_err()
    );
    probe.resume();
    assert!(
        timeout(Duration::from_millis(1), &mut serving)
            .await
            .is_err()
    );
    assert_eq!(events(&probe.received()), ["x"]);
}

/// The transport takes everything and the source always has something: no `Pending` anywhere.
#[tokio::test(start_paused = true)]
async fn a_source_that_is_always_ready_starves_nobody() {
    let frames = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&frames);
    let source = FromFn(move |_: &mut Context<'_>| {
        counter.fetch_add(1, Ordering::SeqCst);
        Poll::Ready(Some(encoded("x")))
    });
    let token = CancellationToken::new();
    let (transport, _probe) = Transport::new();
    let options = bare().buffer_limit(1000).shutdown(token.clone());
    let serving = tokio::spawn(serve(transport, source, options));
    let other_task = tokio::spawn(async move {
        for turn in 1..20 {
            // Back into the queue at once; tokio's `yield_now` waits for 61 other turns.
            let mut yielded = false;
            poll_fn(|cx| {
                cx.waker().wake_by_ref();
                match std::mem::replace(&mut yielded, true) {
                    true => Poll::Ready(()),
                    false => Poll::Pending,
                }
            })
            .await;
            let frames = frames.load(Ordering::SeqCst);
            assert!(frames <= turn * 10_000, "{frames} frames in {turn} turns");
        }
        frames.load(Ordering::SeqCst)
    });
    assert!(other_task.await.unwrap() > 0);
    token.cancel();
    assert_eq!(serving.await.unwrap().reason, Reason::Shutdown);
}

/// Accepted more than can ever be sent.
struct Bottomless;

impl Frames for Bottomless {
    type Error = Infallible;

    fn poll_frames(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), Infallible>>> {
        room.put_frame(encoded("x"));
        Poll::Ready(Some(Ok(())))
    }

    fn stop(self: Pin<&mut Self>) -> bool {
        true
    }
}

#[tokio::test]
async fn the_drain_time_holds_with_a_source_that_never_ends() {
    let token = CancellationToken::new();
    token.cancel();
    let options = bare().shutdown(token).drain(Duration::from_millis(50));
    let summary = no_hang(serve(
        tokio::io::join(tokio::io::empty(), tokio::io::sink()),
        Bottomless,
        options,
    ))
    .await;
    assert_eq!(summary.reason, Reason::Shutdown);
}

#[test]
fn an_idle_connection_is_polled_only_when_something_happens() {
    let (sender, receiver) = channel(4);
    let (transport, probe) = Transport::vectored();
    let mut serving = pin!(serve(transport, receiver, bare()));
    // Whoever would wake it for nothing makes `run` panic, or go on.
    assert!(run(&mut serving).is_none());
    sender.try_send(encoded("x")).unwrap();
    assert!(run(&mut serving).is_none());
    assert_eq!(probe.calls(), "wf");
    assert!(probe.script().polls < 10);
}

/// A future that can be spawned needs no more of a source, or its error, than that they can be sent.
#[test]
fn serving_can_be_spawned_whatever_the_error_is() {
    struct NeitherErrorNorDebug;

    fn assert_send<T: Send>(_: &T) {}

    let source = tokio_stream::iter([Err::<EncodedFrame, _>(NeitherErrorNorDebug)]);
    let (transport, _probe) = Transport::new();
    assert_send(&serve(transport, source, bare()));
}

/// The error of a source is heard by whoever asks for it, and the transport is left as it is.
#[tokio::test(start_paused = true)]
async fn a_source_that_fails_ends_the_connection_at_once() {
    for is_draining in [false, true] {
        let token = CancellationToken::new();
        let (transport, probe) = Transport::new();
        let options = bare().shutdown(token.clone()).farewell(encoded("bye"));
        let heard = Arc::new(std::sync::Mutex::new(None));
        let hear = Arc::clone(&heard);
        let source = Failing { given: false }.on_end(move |summary, error| {
            *hear.lock().unwrap() = Some((*summary, error));
        });
        if is_draining {
            token.cancel();
        }
        let summary = serve(transport, source, options).await;
        assert_eq!((summary.reason, summary.events), (Reason::SourceFailed, 1));
        assert_eq!(*heard.lock().unwrap(), Some((summary, Some("broken"))));
        assert_eq!(events(&probe.received()), ["x"]);
        assert_eq!(probe.calls(), "wf", "no farewell, no shutdown");
    }
}

/// One event, then a failure, also while it is drained.
struct Failing {
    given: bool,
}

impl Frames for Failing {
    type Error = &'static str;

    fn poll_frames(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), &'static str>>> {
        if std::mem::replace(&mut self.given, true) {
            return Poll::Ready(Some(Err("broken")));
        }
        assert!(room.put([b"data", b": x\n\n"], 1));
        Poll::Ready(Some(Ok(())))
    }

    fn stop(self: Pin<&mut Self>) -> bool {
        true
    }
}

/// The head and the greeting are due to every client, also to one that comes during shutdown.
#[tokio::test(start_paused = true)]
async fn a_connection_that_begins_during_shutdown_has_its_head_and_its_greeting() {
    let token = CancellationToken::new();
    token.cancel();
    let (transport, probe) = Transport::new();
    let (_sender, receiver) = channel(1);
    let options = ServeOptions::new()
        .greeting(EncodedFrame::HEARTBEAT)
        .shutdown(token)
        .farewell(encoded("bye"));
    let summary = serve(transport, receiver, options).await;
    assert_eq!(summary.reason, Reason::Shutdown);
    let expected = [http::RESPONSE_HEAD_CLOSE, HEARTBEAT, &bytes("bye")].concat();
    assert_eq!(probe.received(), expected);
}

/// A source whose opening, heartbeat and taking back are its own.
struct Counting {
    next: usize,
    taken_back: Arc<AtomicUsize>,
}

impl Frames for Counting {
    type Error = Infallible;

    fn poll_frames(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), Infallible>>> {
        // Runs of frames in two pieces, as of a ring.
        loop {
            let run = self.next..self.next + 20;
            let frames: Vec<_> = run
                .clone()
                .map(|number| encoded(&number.to_string()))
                .collect();
            let all = frames
                .iter()
                .map(|frame| frame.as_bytes().to_vec())
                .collect::<Vec<_>>();
            let all = all.concat();
            let (one, two) = all.split_at(all.len() / 3);
            if self.next >= 2_000 {
                return Poll::Ready(None);
            }
            if !room.put([one, two], 20) {
                assert!(room.left() < all.len());
                return Poll::Ready(Some(Ok(())));
            }
            self.next += 20;
        }
    }

    fn can_take_back(&self) -> bool {
        true
    }

    fn take_back(mut self: Pin<&mut Self>, frames: usize) {
        self.next -= frames;
        self.taken_back.fetch_add(frames, Ordering::SeqCst);
    }

    fn opening(self: Pin<&mut Self>) -> Option<EncodedFrame> {
        Some(encoded("opening"))
    }

    fn heartbeat(self: Pin<&mut Self>) -> Option<EncodedFrame> {
        Some(Frame::comment(b"mine").into())
    }
}

/// Much is offered at a time; what the transport does not take goes back, and the connection keeps
/// no more than the rest of what was put together.
#[tokio::test(start_paused = true)]
async fn what_the_transport_does_not_take_goes_back_to_its_source() {
    for pace in [1, 10, 1_000, 3_000] {
        let taken_back = Arc::new(AtomicUsize::new(0));
        let source = Counting {
            next: 0,
            taken_back: Arc::clone(&taken_back),
        };
        let (io, mut peer) = duplex(pace);
        let serving = tokio::spawn(serve(io, source, bare()));
        let mut received = Vec::new();
        peer.read_to_end(&mut received).await.unwrap();
        let expected: Vec<_> = (0..2_000).map(|number| number.to_string()).collect();
        let events = events(&received);
        assert_eq!(events[0], "opening");
        assert_eq!(events[1..], expected);
        let summary = serving.await.unwrap();
        assert_eq!((summary.reason, summary.events), (Reason::Finished, 2_000));
        assert!(taken_back.load(Ordering::SeqCst) > 1_000);
        assert!(summary.high_water < 4 * 1024, "{}", summary.high_water);
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_may_have_a_heartbeat_of_its_own() {
    struct Silent;

    impl Frames for Silent {
        type Error = Infallible;

        fn poll_frames(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut Room<'_>,
        ) -> Poll<Option<Result<(), Infallible>>> {
            Poll::Pending
        }

        fn heartbeat(self: Pin<&mut Self>) -> Option<EncodedFrame> {
            Some(Frame::comment(b"mine").into())
        }
    }

    let timers = TimersConfig::new().with_heartbeat(Millis(1_000), Millis(0));
    let (transport, probe) = Transport::new();
    let serving = serve(transport, Silent, bare().timers(timers));
    let _ = timeout(Duration::from_millis(2_500), serving).await;
    assert_eq!(probe.received(), b":mine\n\n:mine\n\n");
}

/// A source that says it has put something and has not is asked again, and stops nobody.
#[tokio::test(start_paused = true)]
async fn a_source_that_puts_nothing_stops_nobody() {
    struct Nothing;

    impl Frames for Nothing {
        type Error = Infallible;

        fn poll_frames(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &mut Room<'_>,
        ) -> Poll<Option<Result<(), Infallible>>> {
            Poll::Ready(Some(Ok(())))
        }
    }

    let token = CancellationToken::new();
    let (transport, _probe) = Transport::new();
    let serving = tokio::spawn(serve(transport, Nothing, bare().shutdown(token.clone())));
    tokio::task::yield_now().await;
    token.cancel();
    assert_eq!(no_hang(serving).await.unwrap().reason, Reason::Shutdown);
}

/// Frames that a source puts after it has been asked to wait are none that are lost.
#[tokio::test(start_paused = true)]
async fn a_source_that_puts_more_than_there_is_room_for_loses_nothing() {
    struct Pushy(usize);

    impl Frames for Pushy {
        type Error = Infallible;

        fn poll_frames(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
            room: &mut Room<'_>,
        ) -> Poll<Option<Result<(), Infallible>>> {
            if self.0 == 300 {
                return Poll::Ready(None);
            }
            for number in self.0..self.0 + 100 {
                room.put_frame(encoded(&number.to_string()));
            }
            self.0 += 100;
            Poll::Ready(Some(Ok(())))
        }
    }

    for limit in [0, 1, 50, 10_000] {
        let (transport, probe) = Transport::new();
        let summary = serve(transport, Pushy(0), bare().buffer_limit(limit)).await;
        assert_eq!(summary.events, 300);
        let expected: Vec<_> = (0..300).map(|number| number.to_string()).collect();
        assert_eq!(events(&probe.received()), expected);
    }
}
