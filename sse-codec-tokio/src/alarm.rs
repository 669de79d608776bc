//! The core's timers on tokio's clock.

use std::{
    collections::hash_map::RandomState,
    future::Future,
    hash::{BuildHasher, Hasher},
    pin::Pin,
    task::{Context, Poll, ready},
};

use sse_codec::{Millis, Timeout, Timers, TimersConfig};
use tokio::time::{Instant, Sleep, sleep_until};

#[derive(Debug)]
pub(crate) struct Alarm {
    timers: Timers,
    start: Instant,
    /// Left where it is while what is due only moves later, which every write does to it.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Alarm {
    pub(crate) fn new(config: TimersConfig) -> Self {
        Self {
            timers: Timers::new(Millis(0), config, random()),
            start: Instant::now(),
            sleep: None,
        }
    }

    pub(crate) fn wrote(&mut self, bytes: usize, pending: usize) {
        let now = self.now();
        self.timers.wrote(now, bytes, pending);
    }

    /// How long there has been an alarm.
    pub(crate) fn now(&self) -> Millis {
        self.start.elapsed().into()
    }

    /// Waits until something is due.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Timeout> {
        loop {
            // Asked first: what is due by now is moved along with the time, and a sleep that
            // follows it would never be over.
            let now = self.now();
            if let Some(timeout) = self.timers.handle_timeout(now) {
                return Poll::Ready(timeout);
            }
            let Some(due) = self.timers.poll_timeout() else {
                return Poll::Pending;
            };
            let due = self.start + due.into();
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if sleep.deadline() > due || sleep.is_elapsed() {
                sleep.as_mut().reset(due);
            }
            ready!(sleep.as_mut().poll(cx));
        }
    }
}

/// A number to spread timers with; nothing depends on its quality.
pub(crate) fn random() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}
