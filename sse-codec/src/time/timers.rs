use core::{fmt, num::NonZeroU32};

use super::{Jitter, saturated};
use crate::millis::Millis;

/// When to send a heartbeat, when to give up on a peer that no longer reads, and when to end a
/// connection that has lived long enough.
///
/// It is told what was written ([`wrote`](Self::wrote)) and what time it is, and says what is due
/// ([`handle_timeout`](Self::handle_timeout)) and when to ask again
/// ([`poll_timeout`](Self::poll_timeout)). A task that sleeps and a firmware loop that never does
/// drive the same 48 bytes; the loop has no use for `poll_timeout`:
///
/// ```
/// use sse_codec::{Millis, Timeout, Timers, TimersConfig};
///
/// const CONFIG: TimersConfig = TimersConfig::new()
///     .with_heartbeat(Millis(15_000), Millis(5_000))
///     .with_write_deadline(Millis(30_000));
/// # let clock = core::cell::Cell::new(0);
/// # let read_clock = || Millis(clock.replace(clock.get() + 1));
/// # // The peer reads for a minute and then vanishes.
/// # let send = |tx: &mut Vec<u8>| if clock.get() < 60_000 { tx.drain(..).count() } else { 0 };
/// # let (mut tx, serial_number) = (Vec::new(), 4711);
///
/// let mut timers = Timers::new(read_clock(), CONFIG, serial_number);
/// let why = loop {
///     let now = read_clock();
///     let sent = send(&mut tx);
///     timers.wrote(now, sent, tx.len());
///     match timers.handle_timeout(now) {
///         None => {}
///         Some(Timeout::Heartbeat) => tx.extend(b":\n\n"),
///         Some(end) => break end,
///     }
/// };
/// assert_eq!(why, Timeout::WriteDeadline);
/// # assert!((90_000..=105_000).contains(&clock.get()));
/// ```
///
/// # What runs when
///
/// Either everything written has been accepted by the transport, or some bytes wait. While nothing
/// waits, the heartbeat runs; while something waits, the write deadline does, and no heartbeat is
/// due, since it could only wait behind the rest. The lifetime runs from the start.
///
/// Of several timeouts due at once the gravest is reported, and after it only graver ones: after
/// [`Lifetime`](Timeout::Lifetime) only [`WriteDeadline`](Timeout::WriteDeadline), after that
/// nothing. So each of these two comes at most once, and a heartbeat never follows a farewell.
///
/// # Time
///
/// A `now` earlier than the last one counts as no time passed, and time goes on from there: a
/// 32-bit tick counter that wraps costs a loop one turn, not 49 days. (So take `now` from one
/// place: samples out of order make time run fast.) A `now` far ahead, from a laptop that slept,
/// gives one heartbeat, not a burst.
#[derive(Clone)]
pub struct Timers {
    now: Millis,
    output: Output,
    lifetime: Option<u32>,
    heartbeat: Option<Spread>,
    write_deadline: Option<NonZeroU32>,
    jitter: Jitter,
}

impl Timers {
    /// For a connection that begins at `now`, idle.
    ///
    /// The seed decides what the [`Jitter`] comes to: connections opened together with the same seed
    /// tick together. A connection counter or a device's serial number will do.
    #[must_use]
    pub const fn new(now: Millis, config: TimersConfig, seed: u32) -> Self {
        let mut jitter = Jitter::new(seed);
        Self {
            now,
            output: Output::Idle(pick(config.heartbeat, &mut jitter)),
            lifetime: pick(config.lifetime, &mut jitter),
            heartbeat: config.heartbeat,
            write_deadline: config.write_deadline,
            jitter,
        }
    }

    /// Notes that the transport has accepted `bytes` since the last call and that `pending` bytes
    /// still wait for it. Only whether each is zero matters.
    ///
    /// | `bytes` | `pending` | |
    /// |---|---|---|
    /// | > 0 | 0 | all written: a heartbeat interval begins |
    /// | > 0 | > 0 | progress: the write deadline begins anew |
    /// | 0 | > 0 | something waits: the write deadline begins, unless it runs already |
    /// | 0 | 0 | what waited was dropped: an interval begins; if nothing waited, nothing happens |
    ///
    /// To be called after each attempt to write, and when something was queued without one; it may
    /// be called every turn. Before [`handle_timeout`](Self::handle_timeout), so that a caller who
    /// comes late asks the transport first and does not give up on a peer that is reading again.
    ///
    /// *Accepted* is not *received*: a kernel takes bytes for a peer that is gone until its buffer
    /// is full, and the deadline can only run from then.
    pub fn wrote(&mut self, now: Millis, bytes: usize, pending: usize) {
        self.advance(now);
        let waited = matches!(self.output, Output::Waiting(_));
        if pending > 0 {
            if bytes > 0 || !waited {
                self.output = Output::Waiting(self.write_deadline.map(NonZeroU32::get));
            }
        } else if bytes > 0 || waited {
            self.output = Output::Idle(pick(self.heartbeat, &mut self.jitter));
        }
    }

    /// When [`handle_timeout`](Self::handle_timeout) will next have something to report: the
    /// earliest such `now`, or the last one given if something is due already. `None`: not before
    /// a call to [`wrote`](Self::wrote).
    ///
    /// The passing of time does not change the answer. What may change it: a call to `wrote`, one
    /// to `handle_timeout` that returned `Some`, and one to either with a `now` before the last.
    ///
    /// Asking `handle_timeout` too early is harmless. Most writes move the answer to a later time,
    /// and a sleep left where it was wakes once for nothing, which is often cheaper than moving it
    /// with every write.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Millis> {
        let (Output::Idle(left) | Output::Waiting(left)) = self.output;
        let left = match (left, self.lifetime) {
            (Some(output), Some(lifetime)) => output.min(lifetime),
            (left, None) | (None, left) => left?,
        };
        // Beyond the end of time is never.
        self.now.0.checked_add(u64::from(left)).map(Millis)
    }

    /// What is due at `now`, if anything.
    ///
    /// Once reported, a heartbeat is taken as dealt with: the next interval begins at `now`,
    /// whether one was written or not. One call is enough: a second one with the same `now`
    /// returns `None`.
    pub fn handle_timeout(&mut self, now: Millis) -> Option<Timeout> {
        self.advance(now);
        if let Output::Waiting(Some(0)) = self.output {
            self.output = Output::Waiting(None);
            self.write_deadline = None;
            self.end();
            Some(Timeout::WriteDeadline)
        } else if self.lifetime == Some(0) {
            self.end();
            Some(Timeout::Lifetime)
        } else if let Output::Idle(Some(0)) = self.output {
            self.output = Output::Idle(pick(self.heartbeat, &mut self.jitter));
            Some(Timeout::Heartbeat)
        } else {
            None
        }
    }

    /// Leaves only the write deadline.
    fn end(&mut self) {
        self.lifetime = None;
        self.heartbeat = None;
        if let Output::Idle(heartbeat) = &mut self.output {
            *heartbeat = None;
        }
    }

    fn advance(&mut self, now: Millis) {
        let passed = saturated(Millis(now.0.saturating_sub(self.now.0)));
        self.now = now;
        let (Output::Idle(left) | Output::Waiting(left)) = &mut self.output;
        for left in [left, &mut self.lifetime].into_iter().flatten() {
            *left = left.saturating_sub(passed);
        }
    }
}

// By hand: a derived one would bring a panic, for so many fields.
impl fmt::Debug for Timers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers")
            .field("now", &self.now)
            .field("output", &self.output)
            .field("lifetime", &self.lifetime)
            .finish_non_exhaustive()
    }
}

/// Which of a connection's [`Timers`] run, and for how long. All are off at first.
///
/// A length of 0 turns its timer off, as it does in the configuration of most servers. Lengths are
/// kept in 32 bits: more than 49.7 days is 49.7 days. Jitter only ever shortens: a length is drawn
/// evenly from `longest - jitter ..= longest`, but never shorter than a millisecond, however large
/// the jitter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TimersConfig {
    heartbeat: Option<Spread>,
    write_deadline: Option<NonZeroU32>,
    lifetime: Option<Spread>,
}

impl TimersConfig {
    /// With every timer off.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            heartbeat: None,
            write_deadline: None,
            lifetime: None,
        }
    }

    /// With a [`Heartbeat`](Timeout::Heartbeat) after at most this long without a write.
    ///
    /// Each interval is drawn anew, the first included, so that connections opened together, as
    /// after a restart, do not tick together. The standard advises "every 15 seconds or so"
    /// (WHATWG HTML §9.2.7).
    #[must_use]
    pub const fn with_heartbeat(mut self, longest: Millis, jitter: Millis) -> Self {
        self.heartbeat = Spread::new(longest, jitter);
        self
    }

    /// How long it is to a heartbeat at most, if there are any.
    #[must_use]
    pub const fn heartbeat(&self) -> Option<Millis> {
        match &self.heartbeat {
            Some(spread) => Some(Millis(spread.longest.get() as u64)),
            None => None,
        }
    }

    /// The write deadline, if there is one.
    #[must_use]
    pub const fn write_deadline(&self) -> Option<Millis> {
        match self.write_deadline {
            Some(deadline) => Some(Millis(deadline.get() as u64)),
            None => None,
        }
    }

    /// With a [`WriteDeadline`](Timeout::WriteDeadline) after this long without progress.
    ///
    /// Any byte is progress, so a peer may still read very slowly; the lifetime bounds that.
    #[must_use]
    pub const fn with_write_deadline(mut self, deadline: Millis) -> Self {
        self.write_deadline = NonZeroU32::new(saturated(deadline));
        self
    }

    /// With a [`Lifetime`](Timeout::Lifetime) at most this long after the start.
    ///
    /// Jitter spreads the reconnections: clients that came together do not come back together.
    #[must_use]
    pub const fn with_lifetime(mut self, longest: Millis, jitter: Millis) -> Self {
        self.lifetime = Spread::new(longest, jitter);
        self
    }
}

/// What [`Timers`] find to be due, from the mildest to the gravest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Timeout {
    /// Nothing was written for an interval and nothing waits: write a heartbeat now.
    Heartbeat,
    /// The connection has lived its time: end it in good order. The write deadline goes on
    /// watching what is written until then; there are no more heartbeats.
    Lifetime,
    /// Bytes wait and the transport has not accepted one for the whole deadline: drop the
    /// connection. Nothing is reported after this.
    WriteDeadline,
}

/// What the output is doing, and what is left of the one timer that runs meanwhile.
///
/// Times left instead of points in time: they fit 32 bits, and a clock set back needs no care.
#[derive(Clone, Debug)]
enum Output {
    /// Everything is written; until the next heartbeat.
    Idle(Option<u32>),
    /// Bytes are pending; until the write deadline.
    Waiting(Option<u32>),
}

/// A length with its jitter, which is less than the length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spread {
    longest: NonZeroU32,
    jitter: u32,
}

impl Spread {
    /// `None` for a length of nothing.
    const fn new(longest: Millis, jitter: Millis) -> Option<Self> {
        let Some(longest) = NonZeroU32::new(saturated(longest)) else {
            return None;
        };
        let (most, jitter) = (longest.get().saturating_sub(1), saturated(jitter));
        let jitter = if jitter < most { jitter } else { most };
        Some(Self { longest, jitter })
    }
}

/// A length, if the timer is on at all.
const fn pick(spread: Option<Spread>, jitter: &mut Jitter) -> Option<u32> {
    match spread {
        Some(spread) => {
            let less = jitter.up_to(spread.jitter);
            Some(spread.longest.get().saturating_sub(less))
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fits_firmware() {
        assert_eq!(size_of::<Timers>(), 48);
    }

    #[test]
    fn a_pick_reaches_both_ends_and_nothing_else() {
        let spread = Spread::new(Millis(10), Millis(3));
        let mut seen = [false; 11];
        let mut jitter = Jitter::new(0);
        for _ in 0..100 {
            seen[pick(spread, &mut jitter).unwrap() as usize] = true;
        }
        assert_eq!(seen[..7], [false; 7]);
        assert_eq!(seen[7..], [true; 4]);
    }
}
