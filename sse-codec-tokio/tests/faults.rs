//! Every fault at every byte: the peer has a prefix that parses to whole events in order, and the
//! reason is right. Polled by hand, so that a hang is a `None` and a busy loop is counted.

mod common;

use std::{future::Future, io::ErrorKind};

use common::{
    buffering::Buffering,
    frames::{bytes, dissect, encoded, events},
    run,
    transport::{Act, Probe, Transport},
};
use futures_util::FutureExt;
use proptest::prelude::*;
use sse_codec::{Event, Frame, TimersConfig, http::RESPONSE_HEAD_CLOSE};
use sse_codec_tokio::{
    EncodedFrame, EventWriter, Reason, SendError, ServeOptions, Summary, channel, serve,
};

/// What is sent, as lines and bytes: one that goes straight from its slices, one by way of the
/// buffer for its many lines, one larger than the buffer.
fn data() -> [String; 4] {
    [
        "one".into(),
        "many\nlines\n".repeat(3),
        "x".repeat(100),
        String::new(),
    ]
}

const LIMIT: usize = 80;

/// Faults after which the stream goes on.
const PASSING: [Act; 4] = [
    Act::Later,
    Act::Do(1),
    Act::Fail(ErrorKind::Interrupted),
    Act::Fail(ErrorKind::WouldBlock),
];

/// Errors that end it.
const FATAL: [(ErrorKind, Reason); 6] = [
    (ErrorKind::BrokenPipe, Reason::PeerClosed),
    (ErrorKind::ConnectionReset, Reason::PeerClosed),
    (ErrorKind::ConnectionAborted, Reason::PeerClosed),
    (ErrorKind::NotConnected, Reason::PeerClosed),
    (ErrorKind::TimedOut, Reason::Io(ErrorKind::TimedOut)),
    (ErrorKind::Other, Reason::Io(ErrorKind::Other)),
];

fn fatal() -> impl Iterator<Item = (Act, Reason)> {
    let zero = (Act::Do(0), Reason::Io(ErrorKind::WriteZero));
    FATAL
        .into_iter()
        .map(|(kind, reason)| (Act::Fail(kind), reason))
        .chain([zero])
}

fn frames() -> Vec<Vec<u8>> {
    data().iter().map(|data| bytes(data)).collect()
}

/// Sends it all, in all the ways there are.
async fn send_all(transport: Transport) -> Result<(), SendError> {
    let [one, many, large, empty] = &data();
    let mut writer = EventWriter::with_options(transport, LIMIT, TimersConfig::new());
    writer.send(Frame::event(Event::text(one)).unwrap()).await?;
    writer
        .feed(Frame::event(Event::text(many)).unwrap())
        .await?;
    writer.send(encoded(large)).await?;
    writer.send(encoded(empty)).await?;
    Ok(writer.shutdown().await?)
}

fn transport(at: usize, fault: Act, vectored: bool) -> (Transport, Probe) {
    let (transport, probe) = Transport::with(vectored);
    probe.script().at = [(at, fault)].into();
    (transport, probe)
}

#[test]
fn a_writer_survives_passing_faults_at_every_byte() {
    let whole = frames().concat();
    for at in 0..whole.len() {
        for (fault, vectored) in PASSING
            .iter()
            .flat_map(|fault| [(*fault, false), (*fault, true)])
        {
            let (transport, probe) = transport(at, fault, vectored);
            assert_eq!(run(send_all(transport)), Some(Ok(())), "{fault:?} at {at}");
            assert_eq!(probe.received(), whole);
            assert!(probe.script().polls < 20);
        }
    }
}

#[test]
fn a_writer_says_what_ended_it_at_every_byte() {
    let frames = frames();
    let whole = frames.concat();
    for at in 0..whole.len() {
        for (fault, reason) in fatal() {
            for vectored in [false, true] {
                let (transport, probe) = transport(at, fault, vectored);
                let ended = Some(Err(SendError::Ended(reason)));
                assert_eq!(run(send_all(transport)), ended, "{fault:?} at {at}");
                let received = probe.received();
                assert_eq!(received, whole[..at]);
                assert_eq!(events(&received).len(), dissect(&received, &frames).len());
                assert!(probe.script().polls < 20);
            }
        }
    }
}

#[test]
fn a_writer_that_stalls_at_any_byte_waits_to_be_woken() {
    let whole = frames().concat();
    for at in 0..whole.len() {
        let (transport, probe) = transport(at, Act::Stall, false);
        let mut sending = Box::pin(send_all(transport));
        assert_eq!(run(sending.as_mut()), None, "nothing wakes it");
        assert_eq!(probe.received(), whole[..at]);
        assert!(probe.script().polls < 20);
        probe.resume();
        assert_eq!(run(sending), Some(Ok(())));
        assert_eq!(probe.received(), whole);
    }
}

/// Polls by hand, with a clock that stands still.
fn run_with_clock<F: Future>(future: F) -> Option<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    let _context = runtime.enter();
    run(future)
}

fn options() -> ServeOptions {
    ServeOptions::new()
        .greeting(EncodedFrame::HEARTBEAT)
        .buffer_limit(LIMIT)
        .timers(TimersConfig::new())
}

/// All the bytes of a served stream.
fn served() -> Vec<u8> {
    [RESPONSE_HEAD_CLOSE, b":\n\n", &frames().concat()].concat()
}

/// Serves the events to a transport, and holds what the sender hears against what that has got.
fn check_served(transport: Transport, probe: &Probe) -> Reason {
    let (sender, receiver) = channel(8);
    for data in data() {
        sender.try_send(encoded(&data)).unwrap();
    }
    let mut serving = Box::pin(serve(transport, receiver, options()));
    let mut sender = Some(sender);
    let summary = run_with_clock(serving.as_mut()).unwrap_or_else(|| {
        // All is sent, and it waits for more.
        sender = None;
        run_with_clock(serving).expect("a hang")
    });
    let received = probe.received();
    assert_eq!(summary.bytes, received.len() as u64);
    let before = served().len() - frames().concat().len();
    let sent = received.get(before..).unwrap_or_default();
    let whole = dissect(sent, &frames());
    assert_eq!(events(sent).len(), whole.len());
    // What was written and not flushed does not count.
    let flushed = probe.script().flushed.saturating_sub(before);
    let whole = dissect(&sent[..flushed.min(sent.len())], &frames());
    assert_eq!(summary.events, whole.len() as u64);
    let whole: usize = whole.iter().map(|&number| frames()[number].len()).sum();
    assert_eq!(summary.cut, sent.len() > whole);
    match sender {
        Some(sender) => {
            let closed = sender.closed_now().unwrap();
            assert_eq!(closed.reason, summary.reason);
            assert_eq!(
                (closed.handed_over, closed.cut),
                (summary.events, summary.cut)
            );
            let unsent = sender.take_unsent().into_iter();
            let unsent: Vec<_> = unsent.map(|(_, event)| event.as_bytes().to_vec()).collect();
            assert_eq!(unsent, frames()[summary.events as usize..]);
        }
        None => assert_eq!((summary.events, summary.cut), (4, false)),
    }
    assert!(probe.script().polls < 1_000, "a busy loop");
    summary.reason
}

#[test]
fn a_served_stream_survives_passing_faults_at_every_byte() {
    let whole = served();
    for at in 0..whole.len() {
        for fault in PASSING {
            let (transport, probe) = transport(at, fault, false);
            assert_eq!(check_served(transport, &probe), Reason::Finished);
            assert_eq!(probe.received(), whole);
            assert!(probe.script().polls < 100);
        }
    }
}

#[test]
fn a_served_stream_says_what_ended_it_at_every_byte() {
    let whole = served();
    for at in 0..whole.len() {
        for (fault, reason) in fatal() {
            let (transport, probe) = transport(at, fault, true);
            assert_eq!(check_served(transport, &probe), reason, "{fault:?} at {at}");
            assert_eq!(probe.received(), whole[..at]);
        }
    }
}

/// Over a transport with a buffer of its own, faults come between a write that was taken and the
/// flush that passes it on: what was flushed counts, and nothing else.
fn check_buffered(at: usize, fault: Act, capacity: usize) -> (Summary, Probe) {
    let (transport, probe) = transport(at, fault, false);
    let (io, marks) = Buffering::new(transport, capacity);
    let (sender, receiver) = channel(8);
    for data in data() {
        sender.try_send(encoded(&data)).unwrap();
    }
    let kept = sender.clone();
    let mut serving = Box::pin(serve(io, receiver, options()));
    let mut sender = Some(sender);
    let summary = run_with_clock(serving.as_mut()).unwrap_or_else(|| {
        sender = None;
        assert!(kept.clone().finish().now_or_never().is_none());
        run_with_clock(serving).expect("a hang")
    });
    assert_eq!(summary.bytes, marks.given() as u64);
    let before = served().len() - frames().concat().len();
    let sent = &served()[..marks.given()];
    let flushed = sent[..marks.flushed()].get(before..).unwrap_or_default();
    let whole = dissect(flushed, &frames());
    assert_eq!(summary.events, whole.len() as u64);
    let whole: usize = whole.iter().map(|&number| frames()[number].len()).sum();
    assert_eq!(summary.cut, sent.len() > before + whole);
    let unsent = kept.take_unsent().len() as u64;
    assert_eq!(unsent, 4 - summary.events);
    // Whatever the transport has passed on, the client makes whole events of it.
    let received = probe.received();
    assert!(events(received.get(before..).unwrap_or_default()).len() as u64 >= summary.events);
    (summary, probe)
}

#[test]
fn a_stream_over_a_buffering_transport_survives_passing_faults_at_every_byte() {
    let whole = served();
    for capacity in [1, 7, 64, 10_000] {
        for at in 0..whole.len() {
            for fault in PASSING {
                let (summary, probe) = check_buffered(at, fault, capacity);
                assert_eq!((summary.reason, summary.events), (Reason::Finished, 4));
                assert_eq!(probe.received(), whole);
            }
        }
    }
}

#[test]
fn a_stream_over_a_buffering_transport_says_what_ended_it_at_every_byte() {
    let whole = served();
    for capacity in [1, 7, 64, 10_000] {
        for at in 0..whole.len() {
            for (fault, reason) in fatal() {
                let (summary, probe) = check_buffered(at, fault, capacity);
                assert_eq!(summary.reason, reason, "{fault:?} at {at}");
                assert_eq!(probe.received(), whole[..at]);
            }
        }
    }
}

#[test]
fn the_first_fault_of_reading_or_flushing_is_the_reason() {
    for (kind, reason) in FATAL {
        let fault = Act::Fail(kind);
        for before in [&[][..], &[Act::Later], &[Act::Fail(ErrorKind::Interrupted)]] {
            let (transport, probe) = Transport::new();
            probe.script().reads = [before, &[fault]].concat().into();
            assert_eq!(check_served(transport, &probe), reason);
            let (transport, probe) = Transport::new();
            probe.script().flushes = [before, &[fault]].concat().into();
            assert_eq!(check_served(transport, &probe), reason);
        }
        // All was handed over before this one.
        let (transport, probe) = Transport::new();
        probe.script().shutdowns = [fault].into();
        assert_eq!(check_served(transport, &probe), Reason::Finished);
    }
    let (transport, probe) = Transport::new();
    probe.script().reads = [Act::Do(3), Act::Later, Act::Do(0)].into();
    assert_eq!(check_served(transport, &probe), Reason::PeerClosed);
}

fn acts(longest: usize, with_end: bool) -> impl Strategy<Value = Vec<Act>> {
    let kind = prop::sample::select(FATAL.map(|(kind, _)| kind).to_vec());
    let act = prop_oneof![
        40 => (1..30_usize).prop_map(Act::Do),
        30 => Just(Act::Later),
        5 => Just(Act::Fail(ErrorKind::Interrupted)),
        5 => Just(Act::Fail(ErrorKind::WouldBlock)),
        1 => kind.prop_map(Act::Fail),
        u32::from(with_end) => Just(Act::Do(0)),
    ];
    prop::collection::vec(act, 0..longest)
}

proptest! {
    #[test]
    fn whatever_happens_the_accounts_are_right(
        writes in acts(60, true),
        flushes in acts(20, false),
        reads in acts(20, true),
        shutdowns in acts(5, false),
        vectored: bool,
    ) {
        let (transport, probe) = Transport::with(vectored);
        {
            let mut script = probe.script();
            script.writes = writes.into();
            script.flushes = flushes.into();
            script.reads = reads.into();
            script.shutdowns = shutdowns.into();
        }
        let reason = check_served(transport, &probe);
        if reason == Reason::Finished {
            prop_assert_eq!(probe.received(), served());
        }
    }
}
