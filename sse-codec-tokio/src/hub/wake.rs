//! Who waits for what, and who wakes them.
//!
//! ```text
//!  publisher ── topic's lock: append, note ──▶ ring ──▶ pump ── topic's lock: take ──▶ wake, wake, …
//!                                     (if a task waits and      (one task for all topics)
//!                                      nobody has rung yet)
//! ```
//! A publisher's work does not grow with the number of connections: it rings once, and the pump
//! wakes. Where no pump runs, the publisher wakes.
//!
//! Nothing in here is of tokio, and no waker is cloned, woken or dropped under a lock. `checks/wake`
//! runs this file under loom.

use std::{
    mem,
    task::{Context, Poll, Waker},
};

use super::sync::{AtomicBool, Mutex, MutexGuard, Ordering, PoisonError};

/// The tasks that may wait for a topic, under the topic's lock.
#[derive(Debug, Default)]
pub(super) struct Parking {
    slots: Vec<Slot>,
    /// The slots whose `is_parked` is set, each once.
    parked: Vec<u32>,
    free: Vec<u32>,
    /// The pump has been rung and has not been here yet.
    is_dirty: bool,
}

#[derive(Debug, Default)]
struct Slot {
    waker: Option<Waker>,
    /// It is in the list of those that are parked. Stays with the slot when that is left and used
    /// again, or the list would grow with every task that comes and goes in a silent topic.
    is_parked: bool,
}

impl Parking {
    /// A place for one more task.
    pub(super) fn add(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot::default());
            (self.slots.len() - 1) as u32
        })
    }

    /// Gives the place up. Drop the waker outside of the lock.
    #[must_use]
    pub(super) fn remove(&mut self, slot: u32) -> Option<Waker> {
        self.free.push(slot);
        if self.free.len() == self.slots.len() {
            // The last one is gone: memory goes with it.
            let mut all = mem::take(self);
            return all.slots[slot as usize].waker.take();
        }
        self.slots[slot as usize].waker.take()
    }

    /// Whether nobody has a place.
    pub(super) const fn is_vacant(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether this task waits here already. If not, clone its waker outside of the lock.
    pub(super) fn is_parked(&self, slot: u32, waker: &Waker) -> bool {
        let slot = &self.slots[slot as usize];
        slot.is_parked && slot.waker.as_ref().is_some_and(|old| old.will_wake(waker))
    }

    /// The task waits from now on. Drop the waker that comes back outside of the lock.
    #[must_use]
    pub(super) fn park(&mut self, slot: u32, waker: Waker) -> Option<Waker> {
        let place = &mut self.slots[slot as usize];
        if !mem::replace(&mut place.is_parked, true) {
            self.parked.push(slot);
        }
        let old = place.waker.replace(waker);
        debug_assert!(self.parked.len() <= self.slots.len());
        old
    }

    /// There is something new. Whether the pump has to be rung for it, after the lock is given up.
    #[must_use]
    pub(super) fn note(&mut self) -> bool {
        !self.parked.is_empty() && !mem::replace(&mut self.is_dirty, true)
    }

    /// Takes one waker, to wake it outside of the lock.
    #[must_use]
    pub(super) fn take_one(&mut self, slot: u32) -> Option<Waker> {
        self.slots[slot as usize].waker.take()
    }

    /// Takes all wakers, to wake them outside of the lock.
    pub(super) fn take_all(&mut self, into: &mut Vec<Waker>) {
        self.is_dirty = false;
        for slot in self.parked.drain(..) {
            let slot = &mut self.slots[slot as usize];
            slot.is_parked = false;
            into.extend(slot.waker.take());
        }
    }
}

/// What the pump goes around for.
pub(super) trait Topic {
    /// [Takes all wakers](Parking::take_all), under the topic's lock.
    fn take_wakers(&self, into: &mut Vec<Waker>);
}

/// Wakes those who wait for a topic.
pub(super) fn wake_all(topic: &impl Topic, wakers: &mut Vec<Waker>) {
    topic.take_wakers(wakers);
    for waker in wakers.drain(..) {
        waker.wake();
    }
}

/// The topics that have something new, and the task that goes around for them.
#[derive(Debug)]
pub(super) struct Pump<T> {
    state: Mutex<State<T>>,
    /// As in the state: a look at it spares the lock.
    is_running: AtomicBool,
}

#[derive(Debug)]
struct State<T> {
    /// Each topic once: it rings only when it is not dirty.
    dirty: Vec<T>,
    waker: Option<Waker>,
    is_running: bool,
    is_over: bool,
}

impl<T: Topic> Pump<T> {
    pub(super) fn new() -> Self {
        Self {
            state: Mutex::new(State {
                dirty: Vec::new(),
                waker: None,
                is_running: false,
                is_over: false,
            }),
            is_running: AtomicBool::new(false),
        }
    }

    /// A topic that [has noted](Parking::note) something is gone around for. Without a pump it is
    /// done here and now.
    pub(super) fn ring(&self, topic: T) {
        let mut state = self.lock();
        if state.is_running {
            state.dirty.push(topic);
            let waker = state.waker.take();
            drop(state);
            wake(waker);
        } else {
            drop(state);
            wake_all(&topic, &mut Vec::new());
        }
    }

    /// Whether there is no pump, and whoever asks has to become it.
    pub(super) fn is_wanted(&self) -> bool {
        // Not seen, a pump that has just gone is missed until the next task waits: publishers wake.
        !self.is_running.load(Ordering::Relaxed)
    }

    /// Becomes the pump, unless there is one by now or it is all over.
    #[must_use]
    pub(super) fn start(&self) -> bool {
        let mut state = self.lock();
        let starts = !state.is_running && !state.is_over;
        if starts {
            state.is_running = true;
            self.is_running.store(true, Ordering::Relaxed);
        }
        starts
    }

    /// Goes around once. Ready when it is over.
    pub(super) fn poll_around(&self, cx: &mut Context<'_>, wakers: &mut Vec<Waker>) -> Poll<()> {
        let mut waker = None;
        loop {
            let mut state = self.lock();
            if !state.dirty.is_empty() {
                let dirty = mem::take(&mut state.dirty);
                drop(state);
                for topic in dirty {
                    wake_all(&topic, wakers);
                }
                continue;
            }
            if state.is_over {
                return Poll::Ready(());
            }
            let known = state.waker.as_ref();
            if known.is_some_and(|known| known.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            // Cloned before, and the old one dropped after, the lock.
            if let Some(waker) = waker.take() {
                let old = state.waker.replace(waker);
                drop(state);
                drop(old);
                return Poll::Pending;
            }
            drop(state);
            waker = Some(cx.waker().clone());
        }
    }

    /// The pump goes, be it that its runtime does. Nobody may sleep on because of what it was rung
    /// for and has not done.
    pub(super) fn stop(&self) {
        let mut state = self.lock();
        state.is_running = false;
        self.is_running.store(false, Ordering::Relaxed);
        let dirty = mem::take(&mut state.dirty);
        let waker = state.waker.take();
        drop(state);
        drop(waker);
        let mut wakers = Vec::new();
        for topic in dirty {
            wake_all(&topic, &mut wakers);
        }
    }

    /// There will be nothing new any more.
    pub(super) fn finish(&self) {
        let mut state = self.lock();
        state.is_over = true;
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
