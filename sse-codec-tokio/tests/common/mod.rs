//! What the tests share: a transport that fails to order, what a peer makes of what it was sent,
//! and futures polled by hand.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

pub mod buffering;
pub mod client;
pub mod frames;
pub mod transport;

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_core::Stream;
use sse_codec_tokio::EncodedFrame;

/// The one limit in real time: what takes longer hangs.
pub async fn no_hang<F: Future>(future: F) -> F::Output {
    match tokio::time::timeout(Duration::from_secs(60), future).await {
        Ok(output) => output,
        Err(_) => panic!("hangs"),
    }
}

/// Polls a future so many times, with a look at the world before each, and drops it.
pub fn poll_times<F: Future>(
    times: usize,
    future: F,
    mut between: impl FnMut(),
) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..times {
        between();
        if let Poll::Ready(output) = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()))
        {
            return Some(output);
        }
    }
    None
}

/// Polls a future as an executor does, only when it has been woken. `None`: nothing will wake it.
pub fn run<F: Future>(future: F) -> Option<F::Output> {
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut future = pin!(future);
    for polls in 0.. {
        assert!(polls < 10_000, "a busy loop");
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(output);
        }
        if wakes.take() == 0 {
            return None;
        }
    }
    None
}

/// A waker that counts.
#[derive(Debug, Default)]
pub struct Wakes(AtomicUsize);

impl Wakes {
    /// How often it was woken since this was asked.
    pub fn take(&self) -> usize {
        self.0.swap(0, Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A stream made of a function.
#[derive(Debug)]
pub struct FromFn<F>(pub F);

impl<F> Stream for FromFn<F>
where
    F: FnMut(&mut Context<'_>) -> Poll<Option<EncodedFrame>> + Unpin,
{
    type Item = EncodedFrame;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<EncodedFrame>> {
        (self.0)(cx)
    }
}

/// A source that never has an event, and holds a resource.
pub fn silent(resource: Resource) -> impl Stream<Item = EncodedFrame> + Unpin + Send {
    FromFn(move |_: &mut Context<'_>| {
        let _ = &resource;
        Poll::Pending
    })
}

/// These events, all of them ready.
pub fn ready(events: Vec<EncodedFrame>) -> impl Stream<Item = EncodedFrame> + Unpin + Send {
    let mut events = events.into_iter();
    FromFn(move |_: &mut Context<'_>| Poll::Ready(events.next()))
}

/// A resource; the counter says how many there are.
#[derive(Debug)]
pub struct Resource(Arc<AtomicUsize>);

impl Resource {
    pub fn new(counter: &Arc<AtomicUsize>) -> Self {
        counter.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(counter))
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
