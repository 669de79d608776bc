//! What the two halves have in common. Nothing foreign is woken, dropped or called while it is locked.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use tokio::sync::{Notify, Semaphore};

use crate::{encoded::EncodedFrame, reason::Reason};

#[derive(Debug)]
pub(super) struct Shared {
    /// A permit for every event that can still be taken.
    pub(super) room: Semaphore,
    pub(super) closing: Notify,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    /// What was accepted and not yet handed to the transport whole, in order.
    pub(super) queue: VecDeque<EncodedFrame>,
    /// How many of them, from the front, the connection has taken.
    pub(super) taken: usize,
    pub(super) handed_over: u64,
    pub(super) cut: bool,
    /// How many senders there are beside the first.
    pub(super) clones: usize,
    /// One of the senders was dropped by a panic.
    pub(super) has_panicked: bool,
    /// Nothing more is accepted: the senders are gone, or the connection is about to end.
    pub(super) stopped: Option<Reason>,
    /// The connection is no more.
    pub(super) closed: Option<Reason>,
    pub(super) receiver: Option<Waker>,
}

impl State {
    /// Nothing more is accepted.
    pub(super) fn stop(&mut self, reason: Reason) {
        let reason = match reason {
            // What the producer would have sent is missing.
            Reason::Finished if self.has_panicked => Reason::SourceFailed,
            reason => reason,
        };
        self.stopped.get_or_insert(reason);
    }
}

impl Shared {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            room: Semaphore::new(capacity.clamp(1, Semaphore::MAX_PERMITS)),
            closing: Notify::new(),
            state: Mutex::new(State::default()),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing more is accepted.
    pub(super) fn stop(&self, reason: Reason) {
        let mut state = self.lock();
        state.stop(reason);
        let receiver = state.receiver.take();
        drop(state);
        wake(receiver);
        // Who waits for room has nothing to wait for.
        self.room.close();
    }

    pub(super) fn note_handed_over(&self, events: u64) {
        let mut state = self.lock();
        let new = events.saturating_sub(state.handed_over);
        let count = usize::try_from(new).map_or(state.taken, |new| new.min(state.taken));
        state.queue.drain(..count);
        if state.queue.is_empty() {
            // After a burst; an idle connection holds next to no memory.
            state.queue.shrink_to(4);
        }
        state.taken -= count;
        state.handed_over += count as u64;
        drop(state);
        self.room.add_permits(count);
    }

    pub(super) fn close(&self, reason: Reason, cut: bool) {
        let mut state = self.lock();
        if state.closed.is_none() {
            state.closed = Some(reason);
            state.cut = cut;
            let receiver = state.receiver.take();
            drop(state);
            // A waker may own what locks the state when it is dropped.
            drop(receiver);
            self.room.close();
            self.closing.notify_waiters();
        }
    }
}

pub(super) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
