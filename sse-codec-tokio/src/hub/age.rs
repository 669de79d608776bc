//! How old the events of a ring are, to a part of the age they may have.

use std::{collections::VecDeque, time::Duration};

/// So many ticks make the age that an event may have.
const TICKS: u64 = 256;

/// The time since the hub's start in ticks.
pub(super) fn tick(elapsed: Duration, age: Duration) -> u64 {
    let ticks = elapsed.as_nanos().saturating_mul(TICKS.into());
    u64::try_from(ticks / age.as_nanos().max(1)).unwrap_or(u64::MAX)
}

/// When the given tick begins.
pub(super) fn begin(tick: u64, age: Duration) -> Duration {
    let nanos = age
        .as_nanos()
        .saturating_mul(tick.into())
        .div_ceil(TICKS.into());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// Runs of events of one tick each: at most one more than there are ticks in the age.
#[derive(Debug, Default)]
pub(super) struct Ages {
    /// The tick and the first event of it.
    runs: VecDeque<(u64, u64)>,
}

impl Ages {
    pub(super) fn push(&mut self, tick: u64, seq: u64) {
        if self.runs.back().is_none_or(|(last, _)| *last < tick) {
            self.runs.push_back((tick, seq));
        }
    }

    /// Forgets the runs that have no event after `evicted`.
    pub(super) fn evicted(&mut self, evicted: u64) {
        while let Some((_, second)) = self.runs.get(1)
            && *second <= evicted.saturating_add(1)
        {
            self.runs.pop_front();
        }
    }

    /// The first event that may stay; `None` when none may. Until it is said so, all may.
    pub(super) fn first_young(&self, now: u64) -> Option<u64> {
        let mut runs = self.runs.iter();
        runs.find(|(tick, _)| !is_old(*tick, now))
            .map(|(_, first)| *first)
    }

    /// At which tick the oldest event will be too old.
    pub(super) fn due(&self) -> Option<u64> {
        self.runs.front().map(|(tick, _)| tick + TICKS + 1)
    }

    pub(super) fn clear(&mut self) {
        self.runs = VecDeque::new();
    }
}

/// The whole of the event's tick counts, so none goes too early.
const fn is_old(tick: u64, now: u64) -> bool {
    now > tick.saturating_add(TICKS)
}
