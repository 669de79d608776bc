use std::{
    error, fmt,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use super::shared::Shared;
use crate::{
    frames::{Frames, Room},
    reason::{Reason, Summary},
};

/// The half of a [`channel`](super::channel()) that is a connection's source of [`Frames`].
///
/// Dropped unserved, it closes the channel ([`Reason::Dropped`]).
#[derive(Debug)]
pub struct EventReceiver {
    shared: Arc<Shared>,
}

impl EventReceiver {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }
}

impl Frames for EventReceiver {
    type Error = ProducerPanicked;

    fn poll_frames(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), ProducerPanicked>>> {
        // Cloned before, and the old one dropped after, the lock: both may be foreign code.
        let mut waker = None;
        let replaced;
        loop {
            let mut state = self.shared.lock();
            let before = state.taken;
            while let Some(frame) = state.queue.get(state.taken)
                && room.offer(frame)
            {
                state.taken += 1;
            }
            if state.taken > before || state.taken < state.queue.len() {
                return Poll::Ready(Some(Ok(())));
            }
            match state.stopped {
                Some(Reason::SourceFailed) => return Poll::Ready(Some(Err(ProducerPanicked))),
                Some(_) => return Poll::Ready(None),
                None => {}
            }
            let receiver = state.receiver.as_ref();
            if receiver.is_some_and(|old| old.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            match waker.take() {
                Some(waker) => {
                    replaced = state.receiver.replace(waker);
                    break;
                }
                None => {
                    drop(state);
                    waker = Some(cx.waker().clone());
                }
            }
        }
        drop(replaced);
        Poll::Pending
    }

    fn can_take_back(&self) -> bool {
        true
    }

    fn take_back(self: Pin<&mut Self>, frames: usize) {
        let mut state = self.shared.lock();
        state.taken = state.taken.saturating_sub(frames);
    }

    fn handed_over(self: Pin<&mut Self>, events: u64) {
        self.shared.note_handed_over(events);
    }

    fn stop(self: Pin<&mut Self>) -> bool {
        self.shared.stop(Reason::Shutdown);
        true
    }

    fn ended(self: Pin<&mut Self>, summary: &Summary, _: Option<ProducerPanicked>) {
        self.shared.note_handed_over(summary.events);
        self.shared.close(summary.reason, summary.cut);
    }
}

impl Drop for EventReceiver {
    fn drop(&mut self) {
        self.shared.close(Reason::Dropped, false);
    }
}

/// The stream is not complete: a sender was dropped because its producer panicked, and there are no
/// others. What it had sent before is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProducerPanicked;

impl fmt::Display for ProducerPanicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the producer of the events panicked")
    }
}

impl error::Error for ProducerPanicked {}
