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
    has_heartbeat: bool,
    timers: Timers,
    start: Instant,
    /// The time when the task was woken: the clock is asked once for each turn.
    now: Millis,
    /// The lifetime is reported once, to whoever asks; it is kept for whom it concerns.
    pub(crate) lifetime_is_over: bool,
    /// When the first heartbeat is due, if nothing was sent until then.
    first: Option<Millis>,
    /// Something waits for the transport: the first heartbeat waits too.
    is_waiting: bool,
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
            has_heartbeat: config.heartbeat().is_some(),
            timers: Timers::new(Millis(0), config, random()),
            start: Instant::now(),
            now: Millis(0),
            lifetime_is_over: false,
            first: None,
            is_waiting: false,
            drained: None,
            sleep: None,
        }
    }

    /// With the first heartbeat, where there are heartbeats, after this long.
    pub(crate) fn with_first_heartbeat(mut self, after: Duration) -> Self {
        self.first = self.has_heartbeat.then_some(after.into());
        self
    }

    pub(crate) const fn skip_first_heartbeat(&mut self) {
        self.first = None;
    }

    pub(crate) fn wrote(&mut self, bytes: usize, pending: usize) {
        self.is_waiting = pending > 0;
        self.timers.wrote(self.now, bytes, pending);
    }

    /// A turn of the task begins.
    pub(crate) fn turn(&mut self) {
        self.now = self.start.elapsed().into();
    }

    /// How long there has been a clock, as of this turn.
    pub(crate) const fn now(&self) -> Millis {
        self.now
    }

    /// When this turn began.
    #[cfg(feature = "http-body")]
    pub(crate) fn instant(&self) -> Instant {
        self.start + self.now.into()
    }

    pub(crate) fn drain_for(&mut self, longest: Duration) {
        let until = self.now.0.saturating_add(Millis::from(longest).0);
        self.drained.get_or_insert(Millis(until));
    }

    /// Waits until something is due.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Due> {
        loop {
            // Asked first: what is due by now is moved along with the time, and a sleep that
            // follows it would never be over.
            let now = self.now;
            if self.drained.is_some_and(|drained| drained <= now) {
                return Poll::Ready(Due::Drain);
            }
            let first = self.first.filter(|_| !self.is_waiting);
            if first.is_some_and(|first| first <= now) {
                self.first = None;
                return Poll::Ready(Due::Heartbeat);
            }
            match self.timers.handle_timeout(now) {
                Some(Timeout::Heartbeat) => {
                    self.first = None;
                    return Poll::Ready(Due::Heartbeat);
                }
                Some(Timeout::WriteDeadline) => return Poll::Ready(Due::WriteDeadline),
                Some(_) => {
                    self.lifetime_is_over = true;
                    continue;
                }
                None => {}
            }
            let times = [self.timers.poll_timeout(), self.drained, first];
            let Some(due) = times.into_iter().flatten().min() else {
                return Poll::Pending;
            };
            let due = self.start + due.into();
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
            if sleep.deadline() > due || sleep.is_elapsed() {
                sleep.as_mut().reset(due);
            }
            ready!(sleep.as_mut().poll(cx));
            self.turn();
        }
    }
}
