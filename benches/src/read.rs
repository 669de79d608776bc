//! `EventReader`, driven by hand: what stands between the parser and who awaits events.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use sse_codec_tokio::EventReader;

use crate::input::Counts;

/// One way of reading a stream.
pub type Way = fn(&'static [u8]) -> Counts;

/// Room for the longest event of the corpora.
const LIMIT: usize = 96 << 10;

/// `next_event`: events that own their data.
#[must_use]
pub fn owned(stream: &'static [u8]) -> Counts {
    run(async {
        let mut counts = Counts::default();
        let mut reader = EventReader::new(stream, LIMIT);
        while let Some(event) = reader.next_event().await {
            if let Ok(event) = event {
                counts.add(event.event_type().unwrap_or(b"message"), event.data());
            }
        }
        counts
    })
}

/// `lend_event`: events that borrow from the reader.
#[must_use]
pub fn lent(stream: &'static [u8]) -> Counts {
    run(async {
        let mut counts = Counts::default();
        let mut reader = EventReader::new(stream, LIMIT);
        while let Some(event) = reader.lend_event().await {
            if let Ok(event) = event {
                counts.add(event.event_type().unwrap_or(b"message"), event.data());
            }
        }
        counts
    })
}

/// Polls until it is ready: all of the stream is there.
fn run(future: impl Future<Output = Counts>) -> Counts {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(counts) = future.as_mut().poll(&mut cx) {
            return counts;
        }
    }
}
