//! `EventWriter`'s timers, on paused time: to the millisecond.

mod common;

use std::{future::pending, ops::RangeInclusive, pin::pin, time::Duration};

use common::{
    frames::{HEARTBEAT, comments, encoded, events},
    no_hang, poll_times,
    transport::{Act, Probe, Transport},
};
use sse_codec::{Event, Frame, Millis, TimersConfig};
use sse_codec_tokio::{EventWriter, Reason, SendError};
use tokio::{
    io::AsyncReadExt,
    time::{Instant, advance, sleep, timeout},
};

const HEARTBEAT_ONLY: TimersConfig =
    TimersConfig::new().with_heartbeat(Millis(10_000), Millis(4_000));
const DEADLINE: TimersConfig = TimersConfig::new().with_write_deadline(Millis(5_000));

fn text(data: &str) -> Frame<'_> {
    Frame::event(Event::text(data)).unwrap()
}

fn writer(timers: TimersConfig) -> (EventWriter<Transport>, Probe) {
    let (transport, probe) = Transport::new();
    (EventWriter::with_options(transport, 64, timers), probe)
}

/// Tokio's timer rounds up to the next millisecond.
fn assert_in(time: Duration, range: RangeInclusive<u64>) {
    let millis = time.as_millis() as u64;
    assert!(
        range.contains(&millis) || millis == range.end() + 1,
        "{time:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn heartbeats_come_in_their_bounds_and_spread() {
    let (io, mut peer) = tokio::io::duplex(1024);
    let mut writer = EventWriter::with_options(io, 64, HEARTBEAT_ONLY);
    tokio::spawn(async move { writer.keep_alive().await });
    let mut intervals = Vec::new();
    for _ in 0..200 {
        let begin = Instant::now();
        let mut heartbeat = [0; 3];
        peer.read_exact(&mut heartbeat).await.unwrap();
        assert_eq!(heartbeat, HEARTBEAT);
        assert_in(begin.elapsed(), 6_000..=10_000);
        intervals.push(begin.elapsed());
    }
    intervals.sort();
    assert!(intervals[20] < Duration::from_millis(7_500));
    assert!(intervals[180] > Duration::from_millis(8_500));
}

#[tokio::test(start_paused = true)]
async fn there_are_no_heartbeats_while_events_are_sent() {
    let (mut writer, probe) = writer(HEARTBEAT_ONLY);
    for _ in 0..100 {
        writer.send(text("x")).await.unwrap();
        assert!(
            timeout(Duration::from_millis(5_999), writer.keep_alive())
                .await
                .is_err()
        );
    }
    assert_eq!(comments(&probe.received()), 0);
    assert!(
        timeout(Duration::from_millis(4_002), writer.keep_alive())
            .await
            .is_err()
    );
    assert_eq!(comments(&probe.received()), 1);
}

#[tokio::test(start_paused = true)]
async fn there_are_no_heartbeats_behind_what_waits() {
    let (mut writer, probe) = writer(HEARTBEAT_ONLY);
    probe.script().at = [(4, Act::Stall)].into();
    assert!(
        timeout(Duration::from_secs(60), writer.send(text("x")))
            .await
            .is_err()
    );
    assert!(
        timeout(Duration::from_secs(600), writer.keep_alive())
            .await
            .is_err()
    );
    probe.resume();
    assert!(
        timeout(Duration::from_millis(5_999), writer.keep_alive())
            .await
            .is_err()
    );
    assert_eq!(probe.received(), text("x").to_vec());

    // Neither behind what waits to be flushed.
    probe.script().flushes = [Act::Stall].into();
    assert!(
        timeout(Duration::from_secs(60), writer.send(text("x")))
            .await
            .is_err()
    );
    assert!(
        timeout(Duration::from_secs(600), writer.keep_alive())
            .await
            .is_err()
    );
    assert_eq!(comments(&probe.received()), 0);
    probe.resume();
    assert!(
        timeout(Duration::from_secs(11), writer.keep_alive())
            .await
            .is_err()
    );
    assert_eq!(comments(&probe.received()), 1);
}

#[tokio::test(start_paused = true)]
async fn a_slept_through_night_is_one_heartbeat() {
    let (mut writer, probe) = writer(HEARTBEAT_ONLY);
    sleep(Duration::from_secs(36_000)).await;
    assert!(
        timeout(Duration::from_secs(1), writer.keep_alive())
            .await
            .is_err()
    );
    assert_eq!(comments(&probe.received()), 1);
}

/// The calls that wait for the transport.
const CALLS: [&str; 7] = [
    "send",
    "feed",
    "encoded",
    "flush",
    "heartbeat",
    "keep_alive",
    "shutdown",
];

async fn wait_in(call: &str, writer: &mut EventWriter<Transport>) -> Reason {
    let result = match call {
        "send" => writer.send(text("x")).await,
        "feed" => writer.feed(text(&"x".repeat(50))).await,
        "encoded" => writer.send(encoded(&"x".repeat(100))).await,
        "flush" => writer.flush().await.map_err(SendError::Ended),
        "heartbeat" => writer.heartbeat().await.map_err(SendError::Ended),
        "keep_alive" => Err(SendError::Ended(writer.keep_alive().await)),
        _ => writer.shutdown().await.map_err(SendError::Ended),
    };
    match result {
        Err(SendError::Ended(reason)) => reason,
        other => panic!("{call}: {other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_every_call_that_waits() {
    for call in CALLS {
        let (mut writer, probe) = writer(DEADLINE);
        probe.script().at = [(3, Act::Stall)].into();
        writer.feed(text("waiting")).await.unwrap();
        let begin = Instant::now();
        assert_eq!(
            no_hang(wait_in(call, &mut writer)).await,
            Reason::WriteDeadline
        );
        assert_in(begin.elapsed(), 5_000..=5_000);

        // It stays so, also if the peer comes back.
        probe.resume();
        assert_eq!(
            no_hang(wait_in(call, &mut writer)).await,
            Reason::WriteDeadline
        );
        assert_eq!(probe.received().len(), 3);
    }
}

#[tokio::test(start_paused = true)]
async fn the_deadline_covers_flushing_and_shutting_down() {
    for call in ["send", "flush", "heartbeat", "keep_alive", "shutdown"] {
        let (mut writer, probe) = writer(DEADLINE);
        probe.script().flushes = [Act::Stall].into();
        writer.feed(text("waiting")).await.unwrap();
        let begin = Instant::now();
        assert_eq!(
            no_hang(wait_in(call, &mut writer)).await,
            Reason::WriteDeadline,
            "{call}"
        );
        assert_in(begin.elapsed(), 5_000..=5_000);
    }
    let (mut writer, probe) = writer(DEADLINE);
    probe.script().shutdowns = [Act::Stall].into();
    let begin = Instant::now();
    assert_eq!(no_hang(writer.shutdown()).await, Err(Reason::WriteDeadline));
    assert_in(begin.elapsed(), 5_000..=5_000);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_kept_by_a_task_that_is_woken_all_the_time() {
    // Between two ticks of tokio's clock, which is where connections begin.
    advance(Duration::from_micros(500)).await;
    let (mut writer, probe) = writer(DEADLINE);
    probe.script().at = [(3, Act::Stall)].into();
    writer.feed(text("waiting")).await.unwrap();
    let begin = Instant::now();
    let mut ended = pin!(writer.keep_alive());
    while poll_times(1, ended.as_mut(), || {}).is_none() {
        assert!(begin.elapsed() < Duration::from_secs(60));
        advance(Duration::from_millis(1)).await;
    }
    assert_in(begin.elapsed(), 5_000..=5_000);
}

#[tokio::test(start_paused = true)]
async fn any_byte_is_progress() {
    let (io, mut peer) = tokio::io::duplex(1);
    let mut writer = EventWriter::with_options(io, 64, DEADLINE);
    let reader = tokio::spawn(async move {
        let mut received = Vec::new();
        for _ in 0..text("slow").encoded_len() {
            sleep(Duration::from_millis(4_900)).await;
            received.push(peer.read_u8().await.unwrap());
        }
        (peer, received)
    });
    writer.send(text("slow")).await.unwrap();
    let (peer, received) = reader.await.unwrap();
    assert_eq!(events(&received), ["slow"]);

    // And when it stops, the deadline runs from the last byte.
    let begin = Instant::now();
    let result = writer.send(text("stops")).await;
    assert_eq!(result, Err(SendError::Ended(Reason::WriteDeadline)));
    assert_in(begin.elapsed(), 5_000..=5_000);
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_runs_over_calls_that_are_dropped() {
    let (mut writer, probe) = writer(DEADLINE);
    probe.script().at = [(3, Act::Stall)].into();
    let begin = Instant::now();
    let ended = async {
        loop {
            let send = writer.send(text("x"));
            if let Ok(Err(error)) = timeout(Duration::from_millis(700), send).await {
                return error;
            }
        }
    };
    assert_eq!(ended.await, SendError::Ended(Reason::WriteDeadline));
    assert_in(begin.elapsed(), 5_000..=5_000);
}

#[tokio::test(start_paused = true)]
async fn a_deadline_that_comes_before_the_heartbeat_is_kept() {
    let timers = DEADLINE.with_heartbeat(Millis(40_000), Millis(0));
    let (mut writer, probe) = writer(timers);
    // Now there is a sleep until the heartbeat.
    assert!(
        timeout(Duration::from_secs(1), writer.keep_alive())
            .await
            .is_err()
    );
    probe.script().writes = [Act::Stall].into();
    let begin = Instant::now();
    let result = no_hang(writer.send(text("x"))).await;
    assert_eq!(result, Err(SendError::Ended(Reason::WriteDeadline)));
    assert_in(begin.elapsed(), 5_000..=5_000);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_does_not_run_before_the_transport_was_asked() {
    let (mut writer, probe) = writer(DEADLINE);
    writer.feed(text("fed long ago")).await.unwrap();
    sleep(Duration::from_secs(60)).await;
    probe.script().writes = [Act::Later].into();
    writer.flush().await.unwrap();
    assert_eq!(events(&probe.received()), ["fed long ago"]);
}

#[tokio::test(start_paused = true)]
async fn the_deadline_does_not_run_while_nothing_waits() {
    let (mut writer, probe) = writer(DEADLINE);
    writer.send(text("x")).await.unwrap();
    assert!(
        timeout(Duration::from_secs(600), writer.keep_alive())
            .await
            .is_err()
    );
    probe.script().writes = [Act::Later].into();
    writer.send(text("y")).await.unwrap();
    assert_eq!(events(&probe.received()), ["x", "y"]);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_of_the_lifetime_there_is_time_for_a_farewell() {
    let timers = HEARTBEAT_ONLY.with_lifetime(Millis(60_000), Millis(20_000));
    let mut lifetimes = Vec::new();
    for _ in 0..50 {
        let (mut writer, probe) = writer(timers);
        let begin = Instant::now();
        assert_eq!(writer.keep_alive().await, Reason::Lifetime);
        assert_in(begin.elapsed(), 40_000..=60_000);
        lifetimes.push(begin.elapsed());
        assert_eq!(writer.keep_alive().await, Reason::Lifetime, "at once");
        let heartbeats = comments(&probe.received());
        assert!((3..=10).contains(&heartbeats), "{heartbeats}");
        writer.send(text("bye")).await.unwrap();
        writer.shutdown().await.unwrap();
        assert_eq!(events(&probe.received()), ["bye"]);
        assert_eq!(
            writer.send(text("x")).await,
            Err(SendError::Ended(Reason::Finished))
        );
    }
    lifetimes.sort();
    assert!(lifetimes[5] < Duration::from_secs(50) && lifetimes[45] > Duration::from_secs(50));
}

#[tokio::test(start_paused = true)]
async fn a_lifetime_that_ends_inside_a_send_does_not_end_the_send() {
    let timers = DEADLINE.with_lifetime(Millis(1_000), Millis(0));
    let (mut writer, probe) = writer(timers);
    probe.script().at = [(3, Act::Stall)].into();
    let later = async {
        sleep(Duration::from_secs(3)).await;
        probe.resume();
        pending::<()>().await;
    };
    tokio::select! {
        sent = writer.send(text("x")) => sent.unwrap(),
        () = later => {}
    }
    assert_eq!(writer.keep_alive().await, Reason::Lifetime);
}
