//! What a client that does not read costs, by a counting allocator: its own buffer, and nothing of the
//! log. One test, so that nothing else allocates meanwhile.

mod common;

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    future::Future,
    pin::Pin,
    task::{Context, Waker},
};

use common::client::bare;
use http_body::Body;
use sse_codec::Event;
use sse_codec_tokio::{Behind, EventBody, Framing, Hub, HubOptions, Subscribe, serve};
use tokio::io::{DuplexStream, duplex};

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

const RING: usize = 1 << 20;

/// What a connection holds beside its buffer: the future, the slot, the record in the registry.
const OWN: usize = 4 * 1024;

/// Fills the ring so that each client stalls at another place of it.
fn publish(hub: &Hub, bytes: usize) {
    let data = "x".repeat(1_000);
    for _ in 0..bytes / 1_000 {
        hub.publish(Event::text(&data)).unwrap();
    }
}

fn subscribe(hub: &Hub) -> sse_codec_tokio::Subscription {
    hub.subscribe(Subscribe::live().behind(Behind::Skip))
        .unwrap()
}

/// A ring that is full, and what a full one takes.
fn full() -> (Hub, usize) {
    let begin = held();
    let hub = Hub::new(HubOptions::new().bytes(RING));
    publish(&hub, 3 * RING);
    let ring = held() - begin;
    assert!(ring <= RING + RING / 8, "{ring}");
    (hub, ring)
}

struct Connection {
    _peer: DuplexStream,
    serving: Pin<Box<dyn Future<Output = sse_codec_tokio::Summary>>>,
}

#[test]
fn a_stalled_client_holds_a_buffer_and_nothing_of_the_log() {
    const CLIENTS: usize = 100;
    let cx = &mut Context::from_waker(Waker::noop());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    let _context = runtime.enter();

    // With `serve`: what its pipe takes, and the rest of one chunk.
    let (hub, _) = full();
    let mut connections = Vec::with_capacity(CLIENTS);
    let begin = held();
    for _ in 0..CLIENTS {
        let (io, peer) = duplex(1024);
        let terms = std::sync::Arc::new(bare()).framed(Framing::Chunked);
        let mut serving = Box::pin(serve(io, subscribe(&hub), terms));
        assert!(serving.as_mut().poll(cx).is_pending());
        // So that there is more than a chunk for it, at another place for each.
        publish(&hub, RING / CLIENTS);
        assert!(serving.as_mut().poll(cx).is_pending());
        let peer = Connection {
            _peer: peer,
            serving,
        };
        connections.push(peer);
    }
    let each = (held() - begin) / CLIENTS;
    assert!(each <= 1024 + 4096 + OWN, "{each}");
    publish(&hub, 3 * RING);
    let later = (held() - begin) / CLIENTS;
    assert!(later <= each, "{later} after {each}");
    for connection in &mut connections {
        assert!(connection.serving.as_mut().poll(cx).is_pending());
    }
    drop((connections, hub));

    // In a body: what the server has been given and has not written, at most 32 KiB.
    let (hub, _) = full();
    let mut bodies = Vec::with_capacity(CLIENTS);
    let mut given = Vec::with_capacity(CLIENTS * 100);
    let begin = held();
    for _ in 0..CLIENTS {
        let mut body = Box::pin(EventBody::new(subscribe(&hub), bare()));
        publish(&hub, RING / CLIENTS);
        while let std::task::Poll::Ready(Some(Ok(frame))) = body.as_mut().poll_frame(cx) {
            given.push(frame.into_data().unwrap());
            publish(&hub, 10_000);
        }
        bodies.push(body);
    }
    let each = (held() - begin) / CLIENTS;
    assert!(each <= 32 * 1024 + 4096 + OWN, "{each}");
    publish(&hub, 3 * RING);
    let later = (held() - begin) / CLIENTS;
    assert!(later <= each, "{later} after {each}");
}
