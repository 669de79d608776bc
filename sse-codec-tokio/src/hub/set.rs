//! What topics have in common: the pump, the bounds, the clock.

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    ops::Deref,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Poll, ready},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, Sleep, sleep_until},
};

use super::{
    age,
    error::{Refused, Why},
    metrics::Counters,
    options::HubOptions,
    ring::Budget,
    topic::Topic,
    wake::Pump,
};
use crate::chance::random;

/// The topics of a hub, or of many.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) options: HubOptions,
    pub(super) pump: Pump<Arc<Topic>>,
    pub(super) budget: Arc<Budget>,
    pub(super) counters: Counters,
    start: Instant,
    /// By number, so that one that goes takes itself out.
    topics: Mutex<HashMap<u64, Weak<Topic>>>,
    next_number: AtomicU64,
    guests: Mutex<Guests>,
    is_draining: AtomicBool,
    /// Somebody has left.
    pub(super) left: Notify,
}

/// Who is connected.
#[derive(Debug, Default)]
struct Guests {
    count: usize,
    of_key: HashMap<Box<str>, usize>,
}

/// What every topic and handle of the set holds. When the last is gone, the pump goes.
#[derive(Debug)]
pub(super) struct Set(Arc<Shared>);

impl Set {
    pub(super) fn new(options: HubOptions) -> Arc<Self> {
        let budget = Arc::new(Budget::new(options.all_bytes));
        Arc::new(Self(Arc::new(Shared {
            options,
            pump: Pump::new(),
            budget,
            counters: Counters::default(),
            start: Instant::now(),
            topics: Mutex::default(),
            next_number: AtomicU64::new(1),
            guests: Mutex::default(),
            is_draining: AtomicBool::new(false),
            left: Notify::new(),
        })))
    }

    /// Somebody begins to wait: there has to be a pump, if there is a runtime for it.
    pub(super) fn start_pump(&self) {
        if self.pump.is_wanted()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
            && self.pump.start()
        {
            runtime.spawn(run(Running(Arc::clone(&self.0))));
        }
    }
}

impl Deref for Set {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl Drop for Set {
    fn drop(&mut self) {
        self.pump.finish();
    }
}

impl Shared {
    /// The present tick, for the age of events. The clock is read outside of all locks.
    pub(super) fn tick(&self) -> u64 {
        match self.options.age {
            Some(longest) => age::tick(self.start.elapsed(), longest),
            None => 0,
        }
    }

    pub(super) fn next_number(&self) -> u64 {
        self.next_number.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn enter(&self, number: u64, topic: Weak<Topic>) {
        lock(&self.topics).insert(number, topic);
    }

    pub(super) fn leave(&self, number: u64) {
        lock(&self.topics).remove(&number);
    }

    /// All topics there are.
    pub(super) fn all(&self) -> Vec<Arc<Topic>> {
        lock(&self.topics)
            .values()
            .filter_map(Weak::upgrade)
            .collect()
    }

    pub(super) fn topic_count(&self) -> usize {
        lock(&self.topics).len()
    }

    /// Counts a connection in, or says why it cannot be.
    pub(super) fn admit(&self, key: Option<&str>) -> Result<(), Refused> {
        let why = self.count_in(key);
        why.map_err(|why| {
            self.counters.refused();
            let least = self.options.retry_after;
            let spread = least / 2 * (random() % 1024) / 1024;
            Refused {
                why,
                retry_after: least + spread,
            }
        })
    }

    fn count_in(&self, key: Option<&str>) -> Result<(), Why> {
        if self.is_draining.load(Ordering::Relaxed) {
            return Err(Why::Draining);
        }
        let mut guests = lock(&self.guests);
        if guests.count >= self.options.connections {
            return Err(Why::Full);
        }
        if let Some(key) = key {
            match guests.of_key.get_mut(key) {
                Some(count) if *count >= self.options.per_key => return Err(Why::KeyFull),
                Some(count) => *count += 1,
                None if self.options.per_key == 0 => return Err(Why::KeyFull),
                None => {
                    guests.of_key.insert(key.into(), 1);
                }
            }
        }
        guests.count += 1;
        Ok(())
    }

    pub(super) fn dismiss(&self, key: Option<&str>) {
        let mut guests = lock(&self.guests);
        guests.count -= 1;
        if let Some(key) = key
            && let Some(count) = guests.of_key.get_mut(key)
        {
            *count -= 1;
            if *count == 0 {
                guests.of_key.remove(key);
            }
        }
        drop(guests);
        self.left.notify_waiters();
    }

    pub(super) fn guests(&self) -> usize {
        lock(&self.guests).count
    }

    pub(super) fn refuse_all(&self) {
        self.is_draining.store(true, Ordering::Relaxed);
    }

    /// Takes out what is too old, and says when the next event will be. Without an age there is none.
    fn sweep(&self) -> Option<Instant> {
        let longest = self.options.age?;
        let now = self.tick();
        let mut next = None;
        for topic in self.all() {
            let due = topic.sweep(now);
            next = [next, due].into_iter().flatten().min();
        }
        // What is published from now on is due later than that.
        let latest = self.start.elapsed() + longest;
        let next = next.map_or(latest, |tick| age::begin(tick, longest).min(latest));
        // Not a tick early, by which nothing would be done.
        Some(self.start + next.max(self.start.elapsed()) + Duration::from_millis(1))
    }
}

/// The pump's part in the state; gone with it, whoever drops it.
struct Running(Arc<Shared>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.pump.stop();
    }
}

async fn run(running: Running) {
    let shared = &running.0;
    let mut wakers = Vec::new();
    let mut sleep: Option<Pin<Box<Sleep>>> = shared.sweep().map(|due| Box::pin(sleep_until(due)));
    poll_fn(|cx| {
        loop {
            if shared.pump.poll_around(cx, &mut wakers).is_ready() {
                return Poll::Ready(());
            }
            let Some(sleep) = &mut sleep else {
                return Poll::Pending;
            };
            ready!(sleep.as_mut().poll(cx));
            if let Some(due) = shared.sweep() {
                sleep.as_mut().reset(due);
            }
        }
    })
    .await;
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing panics while one is held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
