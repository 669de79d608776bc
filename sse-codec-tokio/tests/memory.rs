//! What a connection costs in memory, by a counting allocator. One test, so that nothing else
//! allocates meanwhile.

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    sync::Arc,
};

use common::{
    frames::encoded,
    poll_times,
    transport::{Act, Transport},
};
use sse_codec::{Event, Frame, TimersConfig};
use sse_codec_tokio::{EventWriter, Outgoing, ServeOptions, channel, serve};
use tokio::io::{AsyncReadExt, duplex};

struct Counting;

thread_local! {
    /// Of this thread, since the test runner has others.
    static LIVE: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is left to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LIVE.set(LIVE.get().wrapping_add(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        LIVE.set(LIVE.get().wrapping_sub(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn held() -> usize {
    LIVE.get()
}

const LIMIT: usize = 16 * 1024;

/// A peer that reads so many bytes between any two events.
fn stalled_writer(data: &str, speed: usize) {
    let (io, mut peer) = duplex(64);
    let mut writer = EventWriter::with_options(io, LIMIT, TimersConfig::new());
    let mut space = vec![0; 64];
    let begin = held();
    for _ in 0..3_000 {
        let frame = Frame::event(Event::text(data)).unwrap();
        poll_times(1, writer.feed(frame), || {});
        poll_times(1, peer.read(&mut space[..speed]), || {});
        // The buffer, and the length of each frame in it, which for the smallest ones is as much
        // again.
        assert!(held() - begin <= 2 * LIMIT + 1024);
    }
    assert!(writer.pending() > LIMIT - data.len() - 8 && writer.pending() <= LIMIT);
    while poll_times(1, writer.flush(), || {}).is_none() {
        poll_times(1, peer.read(&mut space), || {});
    }
    // What the pipe has taken for its own bytes.
    assert!(held() - begin <= 128, "idle: {}", held() - begin);
}

/// A frame of which the transport has all but a tenth: that much is kept, and no more.
fn partly_written(frame: Outgoing<'_>) {
    let (transport, probe) = Transport::vectored();
    probe.script().received.reserve(10_000);
    probe.script().at = [(9_000, Act::Stall)].into();
    let mut writer = EventWriter::with_options(transport, LIMIT, TimersConfig::new());
    let begin = held();
    assert_eq!(poll_times(1, writer.send(frame.clone()), || {}), None);
    assert_eq!(writer.pending(), 1_000);
    assert!(held() - begin <= 1_000 + 512, "{}", held() - begin);
}

/// A client that stops reading while thousands of events wait: what the transport has not taken of
/// the one chunk is kept, and the rest stays with the source.
fn stalled_connection(at: usize) {
    let (sender, receiver) = channel(4_000);
    let frame = encoded(&"x".repeat(100));
    for _ in 0..4_000 {
        sender.try_send(frame.clone()).unwrap();
    }
    let (transport, probe) = Transport::new();
    probe.script().received.reserve(500_000);
    probe.script().at = [(at, Act::Stall)].into();
    let options = Arc::new(ServeOptions::new());
    let begin = held();
    let mut serving = Box::pin(serve(transport, receiver, options));
    assert!(poll_times(3, serving.as_mut(), || {}).is_none());
    assert_eq!(probe.received().len(), at);
    // The future among it, and what the transport notes of each call.
    assert!(held() - begin <= 8 * 1024, "{} at {at}", held() - begin);
}

#[test]
fn a_connection_holds_a_bounded_amount_and_an_idle_one_next_to_nothing() {
    for data in ["", "x", &"x".repeat(100), &"x".repeat(1_000)] {
        for speed in [0, 1, 7] {
            stalled_writer(data, speed);
        }
    }

    let data = "x".repeat(10_000 - "data: \n\n".len());
    partly_written(Frame::event(Event::text(&data)).unwrap().into());
    partly_written(encoded(&data).into());

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _context = runtime.enter();
    {
        // What a thread has for all its connections together: one burst.
        let (sender, receiver) = channel(16);
        let (transport, _probe) = Transport::new();
        let mut serving = Box::pin(serve(transport, receiver, ServeOptions::new()));
        sender.try_send(encoded("x")).unwrap();
        assert!(poll_times(2, serving.as_mut(), || {}).is_none());
    }
    for at in [0, 10, 1_000, 20_000, 200_000] {
        stalled_connection(at);
    }
    let (sender, receiver) = channel(16);
    let (io, _peer) = duplex(4096);
    let options = Arc::new(ServeOptions::new());
    let begin = held();
    let mut serving = Box::pin(serve(io, receiver, options));
    for burst in [1, 16, 1, 3] {
        assert!(poll_times(2, serving.as_mut(), || {}).is_none());
        // The future, its timer, and room for a few events.
        assert!(held() - begin <= 1_536, "{}", held() - begin);
        for _ in 0..burst {
            sender.try_send(encoded("x")).unwrap();
        }
    }
}
