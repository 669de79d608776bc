//! The core's timers on tokio's clock.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use sse_codec::{Millis, Timeout, Timers, TimersConfig};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::chance::random;

#[derive(Debug)]
pub(crate) struct Clock {
    timers: Timers,
    start: Instant,
    /// The lifetime is reported once, to whoever asks; it is kept for whom it concerns.
    pub(crate) lifetime_is_over: bool,
    /// When ending in good order has taken long enough.
    drained: Option<Millis>,
    /// Left where it is while what is due only moves later, which every write does to it.
    sleep: Option<Pin<Box<Sleep>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Heartbeat,
    WriteDeadline,
    Drain,
}

impl Clock {
    pub(crate) fn new(config: TimersConfig) -> Self {
        Self {
            timers: Timers::new(Millis(0), config, random()),
            start: Instant::now(),
            lifetime_is_over: false,
            drained: None,
            sleep: None,
        }
    }

    pub(crate) fn wrote(&mut self, bytes: usize, pending: usize) {
        let now = self.now();
        self.timers.wrote(now, bytes, pending);
    }

    /// How long there has been a clock.
    pub(crate) fn now(&self) -> Millis {
        self.start.elapsed().into()
    }

    pub(crate) fn drain_for(&mut self, longest: Duration) {
        let now = self.now();
        let until = now.0.saturating_add(Millis::from(longest).0);
        self.drained.get_or_insert(Millis(until));
    }

    /// Waits until something is due.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        loop {
            // Asked first: what is due by now is moved along with the time, and a sleep that
            // follows it would never be over.
            let now = self.now();
            if self.drained.is_some_and(|drained| drained <= now) {
                return Poll::Ready(Due::Drain);
            }
            match self.timers.handle_timeout(now) {
                Some(Timeout::Heartbeat) => return Poll::Ready(Due::Heartbeat),
                Some(Timeout::WriteDeadline) => return Poll::Ready(Due::WriteDeadline),
                Some(_) => {
                    self.lifetime_is_over = true;
                    continue;
                }
                None => {}
            }
            let due = match (self.timers.poll_timeout(), self.drained) {
                (Some(due), Some(drained)) => due.min(drained),
                (Some(due), None) | (None, Some(due)) => due,
                (None, None) => return Poll::Pending,
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
