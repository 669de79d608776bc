//! What of a body the server has written: it is told by the drop of each piece.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::Waker,
};

use bytes::Bytes;

use crate::frames::Counts;

/// The account of the pieces that a server holds.
#[derive(Debug, Default)]
pub(super) struct Ledger(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How many bytes the server holds, and how many events end in them.
    held: usize,
    held_events: u64,
    /// What was dropped since this was asked last.
    dropped: Progress,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    pub(super) bytes: usize,
    pub(super) counts: Counts,
}

/// A piece of the body, and the frames that end in it.
struct Piece {
    bytes: Bytes,
    counts: Counts,
    ledger: Arc<Ledger>,
}

impl Ledger {
    /// The bytes for the server. Dropping the last clone of them says that they were written.
    pub(super) fn hand_out(self: &Arc<Self>, bytes: Bytes, counts: Counts) -> Bytes {
        let mut state = self.lock();
        state.held += bytes.len();
        state.held_events += counts.events;
        drop(state);
        Bytes::from_owner(Piece {
            bytes,
            counts,
            ledger: Arc::clone(self),
        })
    }

    pub(super) fn held(&self) -> usize {
        self.lock().held
    }

    /// Whether the server holds the end of an event.
    pub(super) fn holds_events(&self) -> bool {
        self.lock().held_events > 0
    }

    /// What was written since this was asked last.
    pub(super) fn progress(&self) -> Progress {
        mem::take(&mut self.lock().dropped)
    }

    /// Wakes the task when something is written that the server holds. Returns whether something
    /// was meanwhile, so that it is not forgotten.
    pub(super) fn wait(&self, waker: &Waker) -> bool {
        if self.is_idle() {
            return false;
        }
        let waker = waker.clone();
        let mut state = self.lock();
        let replaced = state.waker.replace(waker);
        let has_progress = state.dropped.bytes > 0;
        drop(state);
        drop(replaced);
        has_progress
    }

    fn is_idle(&self) -> bool {
        let state = self.lock();
        state.held == 0 && state.dropped.bytes == 0
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl AsRef<[u8]> for Piece {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        let mut state = self.ledger.lock();
        state.held -= self.bytes.len();
        state.held_events -= self.counts.events;
        state.dropped.bytes += self.bytes.len();
        state.dropped.counts.add_all(self.counts);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}
