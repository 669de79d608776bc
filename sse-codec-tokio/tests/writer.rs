//! `EventWriter`: whatever future is dropped whenever, the stream is a sequence of whole frames.

mod common;

use std::io::ErrorKind::{BrokenPipe, ConnectionReset, Interrupted, TimedOut, WouldBlock};

use common::{
    frames::{HEARTBEAT, bytes, comments, dissect, encoded, events, numbered},
    poll_times, run,
    transport::{Act, Probe, Transport},
};
use proptest::prelude::*;
use sse_codec::{Event, Frame, TimersConfig};
use sse_codec_tokio::{EventWriter, Reason, SendError};

fn text(data: &str) -> Frame<'_> {
    Frame::event(Event::text(data)).unwrap()
}

fn writer_with(limit: usize, vectored: bool) -> (EventWriter<Transport>, Probe) {
    let (transport, probe) = Transport::with(vectored);
    let writer = EventWriter::with_options(transport, limit, TimersConfig::new());
    (writer, probe)
}

/// The calls that may follow a dropped future. Each ends with all of its work done.
const AFTER: [&str; 6] = [
    "send",
    "encoded",
    "feed",
    "flush",
    "heartbeat",
    "keep_alive",
];

async fn after(call: &str, writer: &mut EventWriter<Transport>) {
    match call {
        "send" => writer.send(text("after")).await.unwrap(),
        "encoded" => writer.send(encoded("after")).await.unwrap(),
        "feed" => writer.feed(text("after")).await.unwrap(),
        "flush" => writer.flush().await.unwrap(),
        "heartbeat" => writer.heartbeat().await.unwrap(),
        _ => {
            assert_eq!(poll_times(1000, writer.keep_alive(), || {}), None);
        }
    }
    writer.flush().await.unwrap();
}

/// A byte a write, each after a poll in vain.
fn drip(probe: &Probe) {
    for _ in 0..100 {
        probe.script().writes.extend([Act::Later, Act::Do(1)]);
    }
}

#[test]
fn a_send_dropped_after_any_poll_is_sent_wholly_or_not_at_all() {
    for vectored in [false, true] {
        for call in AFTER {
            let mut outcomes = [0; 2];
            for polls in 0..60 {
                // No room for both at once, so that the second waits before it is taken.
                let (mut writer, probe) = writer_with(28, vectored);
                run(writer.feed(text("first\nframe"))).unwrap().unwrap();
                drip(&probe);
                let done = poll_times(polls, writer.send(text("dropped\none")), || {}).is_some();
                run(after(call, &mut writer)).unwrap();

                let frames = ["first\nframe", "dropped\none", "after"].map(bytes);
                let found = dissect(&probe.received(), &frames);
                let rest: &[usize] = if call.len() < 5 || call == "encoded" {
                    &[2]
                } else {
                    &[]
                };
                let rest = if call == "flush" { &[] } else { rest };
                let sent = found.contains(&1);
                assert!(sent || !done, "{call}: {found:?}");
                let expected = [&[0], &[1][..usize::from(sent)], rest].concat();
                assert_eq!(found, expected, "{call} after {polls} polls");
                outcomes[usize::from(sent)] += 1;
            }
            assert!(outcomes.iter().all(|&count| count > 5), "{outcomes:?}");
        }
    }
}

#[test]
fn a_feed_dropped_while_it_waits_has_handed_over_nothing() {
    for polls in 0..30 {
        let (mut writer, probe) = writer_with(28, false);
        run(writer.feed(text("first\nframe"))).unwrap().unwrap();
        drip(&probe);
        let done = poll_times(polls, writer.feed(text("dropped")), || {}).is_some();
        run(writer.flush()).unwrap().unwrap();
        let expected: &[&str] = if done {
            &["first\nframe", "dropped"]
        } else {
            &["first\nframe"]
        };
        assert_eq!(events(&probe.received()), expected);
    }
}

#[test]
fn dropped_flushes_heartbeats_and_keep_alives_lose_nothing() {
    for call in ["flush", "heartbeat", "keep_alive"] {
        for polls in 0..40 {
            let (mut writer, probe) = writer_with(1024, false);
            drip(&probe);
            for data in ["one", "two"] {
                run(writer.feed(text(data))).unwrap().unwrap();
                match call {
                    "flush" => drop(poll_times(polls, writer.flush(), || {})),
                    "heartbeat" => drop(poll_times(polls, writer.heartbeat(), || {})),
                    _ => drop(poll_times(polls, writer.keep_alive(), || {})),
                }
            }
            run(writer.flush()).unwrap().unwrap();
            assert_eq!(events(&probe.received()), ["one", "two"]);
        }
    }
}

#[test]
fn a_heartbeat_dropped_after_any_poll_is_one_heartbeat() {
    for polls in 0..8 {
        let (mut writer, probe) = writer_with(1024, false);
        drip(&probe);
        poll_times(polls, writer.heartbeat(), || {});
        run(writer.send(text("x"))).unwrap().unwrap();
        assert!(comments(&probe.received()) <= 1);
        assert_eq!(dissect(&probe.received(), &[bytes("x")]), [0]);
    }
}

#[test]
fn through_a_pipe_of_one_byte_nothing_is_lost_whatever_is_dropped() {
    use tokio::io::AsyncRead;

    for polls in 0..40 {
        let (io, mut peer) = tokio::io::duplex(1);
        let mut writer = EventWriter::with_options(io, 16, TimersConfig::new());
        let mut received = Vec::new();
        let mut read = || {
            let mut space = [0; 8];
            let mut buffer = tokio::io::ReadBuf::new(&mut space);
            let read = std::pin::Pin::new(&mut peer).poll_read(
                &mut std::task::Context::from_waker(std::task::Waker::noop()),
                &mut buffer,
            );
            drop(read);
            received.extend_from_slice(buffer.filled());
        };
        let mut done = Vec::new();
        for number in 0..5 {
            let data = number.to_string();
            done.push(poll_times(polls, writer.send(text(&data)), &mut read).is_some());
        }
        poll_times(1000, writer.flush(), &mut read)
            .unwrap()
            .unwrap();
        read();
        let frames: Vec<_> = (0..5).map(|number| bytes(&number.to_string())).collect();
        let found = dissect(&received, &frames);
        for number in (0..5).filter(|&number| done[number]) {
            assert!(found.contains(&number), "{found:?} of {done:?}");
        }
        assert_eq!(events(&received).len(), found.len());
    }
}

#[test]
fn what_is_too_large_is_refused_before_its_first_byte() {
    for pending in [false, true] {
        let (mut writer, probe) = writer_with(13, true);
        if pending {
            run(writer.feed(text("first"))).unwrap().unwrap();
        }
        let calls = probe.script().polls;
        for refused in [
            run(writer.send(text("exactly!"))).unwrap(),
            run(writer.feed(text("exactly!"))).unwrap(),
        ] {
            let (len, limit) = (16, 13);
            assert_eq!(refused, Err(SendError::TooLarge { len, limit }));
        }
        assert_eq!(probe.script().polls, calls, "the transport was not asked");
        run(writer.send(text("fits"))).unwrap().unwrap();
        let expected: &[&str] = if pending {
            &["first", "fits"]
        } else {
            &["fits"]
        };
        assert_eq!(events(&probe.received()), expected);
    }
}

#[test]
fn an_encoded_frame_may_be_larger_and_is_alone() {
    let large = encoded(&"x".repeat(1000));
    let len = large.as_bytes().len();
    let (mut writer, probe) = writer_with(100, true);
    probe.script().writes.extend([Act::Stall]);
    assert_eq!(poll_times(3, writer.send(text("small")), || {}), None);
    assert_eq!(writer.pending(), 13);
    assert_eq!(poll_times(3, writer.send(large.clone()), || {}), None);
    assert_eq!(writer.pending(), 13, "waits until it would be alone");

    probe.resume();
    probe.script().at = [(13 + 10, Act::Stall)].into();
    assert_eq!(poll_times(3, writer.send(large.clone()), || {}), None);
    assert_eq!(writer.pending(), len - 10);
    let offered = *probe.script().slices.last().unwrap().last().unwrap();
    assert_eq!(
        offered,
        (large.as_bytes().as_ptr() as usize, len),
        "not copied"
    );

    // Neither another large one nor a small one.
    assert_eq!(poll_times(3, writer.feed(large.clone()), || {}), None);
    assert_eq!(poll_times(3, writer.feed(text("small")), || {}), None);
    assert_eq!(poll_times(3, writer.heartbeat(), || {}), None);
    assert_eq!(writer.pending(), len - 10);
    probe.resume();
    run(writer.send(text("end"))).unwrap().unwrap();
    let received = events(&probe.received());
    assert_eq!(
        received.iter().map(String::len).collect::<Vec<_>>(),
        [5, 1000, 3]
    );
    assert_eq!(writer.events(), 3);
}

#[test]
fn without_a_limit_given_16_kib_may_wait() {
    let (transport, probe) = Transport::new();
    probe.script().writes = [Act::Stall].into();
    let mut writer = EventWriter::new(transport);
    let (limit, fields) = (16 * 1024, "data: \n\n".len());
    let larger = "x".repeat(limit - fields + 1);
    let len = limit + 1;
    let refused = run(writer.feed(text(&larger))).unwrap();
    assert_eq!(refused, Err(SendError::TooLarge { len, limit }));
    let whole = &larger[1..];
    run(writer.feed(text(whole))).unwrap().unwrap();
    assert_eq!(writer.pending(), limit);
    probe.resume();
    run(writer.flush()).unwrap().unwrap();
    assert_eq!(events(&probe.received()), [whole]);
}

#[test]
fn a_frame_is_taken_as_soon_as_there_is_room_for_it() {
    for (data, is_taken) in [("10", true), ("11 ", false)] {
        let (mut writer, probe) = writer_with(40, false);
        for _ in 0..2 {
            run(writer.feed(text("twenty bytes"))).unwrap().unwrap();
        }
        assert_eq!(writer.pending(), 40);
        // Ten bytes of room, and the transport takes no more.
        probe.script().at = [(10, Act::Stall)].into();
        let fed = poll_times(1, writer.feed(text(data)), || {});
        assert_eq!(fed, is_taken.then_some(Ok(())));
        assert_eq!(writer.pending(), if is_taken { 40 } else { 30 });
    }
}

#[test]
fn what_is_left_of_an_encoded_frame_leaves_room_when_it_fits_the_buffer() {
    // The length of the frame, how much of it the transport takes, and whether there is room for
    // ten bytes behind the rest.
    for (len, taken, has_room) in [
        (100, 10, true),
        (100, 9, false),
        (150, 60, true),
        (150, 59, false),
        (180, 80, false),
        (180, 79, false),
    ] {
        let frame = encoded(&"x".repeat(len - "data: \n\n".len()));
        let (mut writer, probe) = writer_with(100, true);
        probe.script().at = [(taken, Act::Stall)].into();
        assert_eq!(poll_times(1, writer.send(frame), || {}), None);
        assert_eq!(writer.pending(), len - taken);
        let fed = poll_times(1, writer.feed(text("10")), || {});
        assert_eq!(fed, has_room.then_some(Ok(())), "{len} {taken}");
    }
}

#[test]
fn what_is_left_of_an_encoded_frame_is_not_copied_when_it_is_larger_than_the_buffer() {
    for (len, taken) in [(101, 0), (180, 79), (180, 20)] {
        let frame = encoded(&"x".repeat(len - "data: \n\n".len()));
        let (mut writer, probe) = writer_with(100, true);
        probe.script().at = [(taken, Act::Stall)].into();
        assert_eq!(poll_times(1, writer.send(frame.clone()), || {}), None);
        probe.resume();
        run(writer.flush()).unwrap().unwrap();
        let place = frame.as_bytes()[taken..].as_ptr() as usize;
        let offered = probe.script().slices.pop();
        assert_eq!(offered, Some(vec![(place, len - taken)]));
    }
}

#[test]
fn an_encoded_frame_as_large_as_the_buffer_is_not_alone() {
    let (mut writer, probe) = writer_with(100, true);
    let frame = encoded(&"x".repeat(100 - "data: \n\n".len()));
    run(writer.feed(frame)).unwrap().unwrap();
    assert_eq!(writer.pending(), 100);
    probe.script().at = [(10, Act::Stall)].into();
    let fed = poll_times(1, writer.feed(text("10")), || {});
    assert_eq!(fed, Some(Ok(())));
}

#[test]
fn one_frame_is_one_write_from_where_it_lies() {
    let (mut writer, probe) = writer_with(1024, true);
    let data = String::from("where it lies");
    run(writer.send(text(&data))).unwrap().unwrap();
    assert_eq!(probe.calls(), "wf");
    let place = (data.as_ptr() as usize, data.len());
    assert!(probe.script().slices[0].contains(&place), "not copied");

    let shared = encoded("shared");
    run(writer.send(shared.clone())).unwrap().unwrap();
    assert_eq!(probe.calls(), "wf");
    let place = (shared.as_bytes().as_ptr() as usize, shared.as_bytes().len());
    assert_eq!(probe.script().slices[1], [place]);

    // Also where the transport takes one slice only.
    let (mut writer, probe) = writer_with(1024, false);
    run(writer.send(shared)).unwrap().unwrap();
    assert_eq!(probe.script().slices[0], [place]);
    run(writer.send(text("one write"))).unwrap().unwrap();
    assert_eq!(probe.calls(), "wfwf");
}

#[test]
fn several_frames_and_many_lines_are_one_write() {
    for vectored in [false, true] {
        let (mut writer, probe) = writer_with(4096, vectored);
        for data in ["one", "two\nlines", "three"] {
            run(writer.feed(text(data))).unwrap().unwrap();
        }
        run(writer.feed(encoded("four"))).unwrap().unwrap();
        assert_eq!(probe.calls(), "", "only handed to the writer");
        run(writer.flush()).unwrap().unwrap();
        assert_eq!(probe.calls(), "wf");

        run(writer.send(text(&"line\n".repeat(50))))
            .unwrap()
            .unwrap();
        assert_eq!(probe.calls(), "wf");

        run(writer.feed(text("before"))).unwrap().unwrap();
        run(writer.send(text("behind"))).unwrap().unwrap();
        assert_eq!(probe.calls(), "wf", "what waits goes with it");
        assert_eq!(events(&probe.received()).len(), 7);
    }
}

#[test]
fn the_transport_is_flushed_once_after_writes_and_never_else() {
    let (mut writer, probe) = writer_with(30, true);
    run(writer.flush()).unwrap().unwrap();
    assert_eq!(poll_times(5, writer.keep_alive(), || {}), None);
    assert_eq!(probe.calls(), "");

    // What finds no room is written without a flush.
    for _ in 0..4 {
        run(writer.feed(text("0123456789"))).unwrap().unwrap();
    }
    assert_eq!(probe.calls(), "www");
    run(writer.flush()).unwrap().unwrap();
    assert_eq!(probe.calls(), "wf");
    run(writer.flush()).unwrap().unwrap();
    assert_eq!(probe.calls(), "");

    // A flush that was dropped is not forgotten.
    probe.script().flushes.push_back(Act::Later);
    assert_eq!(poll_times(1, writer.send(text("x")), || {}), None);
    assert_eq!(poll_times(2, writer.keep_alive(), || {}), None);
    assert_eq!(probe.calls(), "wf");
    run(writer.heartbeat()).unwrap().unwrap();
    assert_eq!(probe.calls(), "wf");
    run(writer.shutdown()).unwrap().unwrap();
    assert_eq!(probe.calls(), "s");
}

#[test]
fn interruptions_and_would_block_are_no_errors() {
    let (mut writer, probe) = writer_with(1024, true);
    let faults = [Act::Fail(Interrupted), Act::Fail(WouldBlock), Act::Later];
    probe.script().writes.extend(faults);
    probe.script().flushes.extend(faults);
    probe.script().shutdowns.extend(faults);
    run(writer.send(text("x"))).unwrap().unwrap();
    run(writer.shutdown()).unwrap().unwrap();
    assert_eq!(probe.calls(), "wfs");
    assert_eq!(events(&probe.received()), ["x"]);
}

#[test]
fn the_first_error_stays() {
    let faults = [
        (Act::Fail(BrokenPipe), Reason::PeerClosed),
        (Act::Fail(ConnectionReset), Reason::PeerClosed),
        (Act::Fail(TimedOut), Reason::Io(TimedOut)),
    ];
    let zero = (Act::Do(0), Reason::Io(std::io::ErrorKind::WriteZero));
    for (fault, reason) in [&faults[..], &[zero]].concat() {
        for place in ["write", "flush", "shutdown"] {
            if place != "write" && fault == Act::Do(0) {
                continue;
            }
            let (mut writer, probe) = writer_with(1024, true);
            match place {
                "write" => probe.script().writes.extend([Act::Do(3), fault]),
                "flush" => probe.script().flushes.push_back(fault),
                _ => probe.script().shutdowns.push_back(fault),
            }
            let first = run(async {
                writer.send(text("x")).await?;
                Ok(writer.shutdown().await?)
            });
            assert_eq!(first, Some(Err(SendError::Ended(reason))));

            let (polls, pending) = (probe.script().polls, writer.pending());
            let ended = SendError::Ended(reason);
            assert_eq!(run(writer.send(text("x"))), Some(Err(ended)));
            assert_eq!(run(writer.feed(encoded("x"))), Some(Err(ended)));
            assert_eq!(run(writer.flush()), Some(Err(reason)), "{place}");
            assert_eq!(run(writer.heartbeat()), Some(Err(reason)));
            assert_eq!(run(writer.keep_alive()), Some(reason));
            assert_eq!(run(writer.shutdown()), Some(Err(reason)));
            assert_eq!(probe.script().polls, polls, "the transport is left alone");
            assert_eq!(writer.pending(), pending, "and nothing more is taken");
        }
    }
}

#[derive(Clone, Debug)]
enum Call {
    Send(usize),
    Feed(usize),
    Encoded(usize),
    TooLarge,
    Flush,
    Heartbeat,
    KeepAlive,
}

const LIMIT: usize = 64;

fn call() -> impl Strategy<Value = (Call, usize)> {
    let call = prop_oneof![
        4 => (0..50_usize).prop_map(Call::Send),
        4 => (0..50_usize).prop_map(Call::Feed),
        2 => (0..150_usize).prop_map(Call::Encoded),
        1 => Just(Call::TooLarge),
        2 => Just(Call::Flush),
        2 => Just(Call::Heartbeat),
        2 => Just(Call::KeepAlive),
    ];
    (call, 0..6_usize)
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        4 => (1..40_usize).prop_map(Act::Do),
        3 => Just(Act::Later),
        1 => Just(Act::Fail(Interrupted)),
        1 => Just(Act::Fail(WouldBlock)),
    ];
    prop::collection::vec(act, 0..200)
}

proptest! {
    /// Every future is dropped after a few polls, finished or not.
    #[test]
    fn any_calls_dropped_at_any_poll_over_any_transport(
        calls in prop::collection::vec(call(), 1..60),
        writes in acts(),
        flushes in acts(),
        vectored: bool,
    ) {
        let (mut writer, probe) = writer_with(LIMIT, vectored);
        probe.script().writes = writes.into();
        probe.script().flushes = flushes.into();
        let (mut frames, mut done) = (Vec::new(), Vec::new());
        for (call, polls) in calls {
            let mut data = String::new();
            if let Call::Send(len) | Call::Feed(len) | Call::Encoded(len) = call {
                data = numbered(frames.len(), len);
                frames.push(bytes(&data));
            }
            let finished = match call {
                Call::Send(_) => poll_times(polls, writer.send(text(&data)), || {}),
                Call::Feed(_) => poll_times(polls, writer.feed(text(&data)), || {}),
                Call::Encoded(_) => poll_times(polls, writer.send(encoded(&data)), || {}),
                Call::TooLarge => {
                    let large = "x".repeat(LIMIT);
                    let refused = poll_times(polls, writer.send(text(&large)), || {});
                    let is_refused = matches!(refused, Some(Err(SendError::TooLarge { .. })));
                    prop_assert!(is_refused || polls == 0);
                    None
                }
                Call::Flush => {
                    let flushed = poll_times(polls, writer.flush(), || {});
                    prop_assert!(flushed.is_none() || writer.pending() == 0);
                    None
                }
                Call::Heartbeat => {
                    poll_times(polls, writer.heartbeat(), || {});
                    None
                }
                Call::KeepAlive => {
                    prop_assert_eq!(poll_times(polls, writer.keep_alive(), || {}), None);
                    None
                }
            };
            if let Some(result) = finished {
                // A frame with borrowed values may have been too large, then it was not sent.
                match result {
                    Ok(()) => done.push(frames.len() - 1),
                    Err(error) => {
                        let is_refused = matches!(error, SendError::TooLarge { .. });
                        prop_assert!(is_refused && frames.last().unwrap().len() > LIMIT);
                    }
                }
            }
            let large = frames.iter().map(Vec::len).filter(|&len| len > LIMIT).max();
            prop_assert!(writer.pending() <= large.unwrap_or(LIMIT).max(LIMIT));
            dissect(&probe.received(), &frames);
        }
        run(writer.flush()).unwrap().unwrap();
        prop_assert_eq!(writer.pending(), 0);
        let received = probe.received();
        let sent = dissect(&received, &frames);
        prop_assert!(done.iter().all(|number| sent.contains(number)));
        prop_assert_eq!(writer.events(), sent.len() as u64);
        prop_assert_eq!(events(&received).len(), sent.len());
        let heartbeats = comments(&received) * HEARTBEAT.len();
        let whole: usize = sent.iter().map(|&number| frames[number].len()).sum();
        prop_assert_eq!(received.len(), whole + heartbeats, "nothing is cut");
    }
}
