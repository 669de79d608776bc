//! Timing in interleaved rounds.

use std::time::Duration;

use crate::args::Args;

/// How long and how often.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// How many rounds.
    pub rounds: usize,
    /// What takes longer than this for the whole of its work gets a part of it.
    pub budget: Duration,
    /// What is faster is repeated within its round.
    pub at_least: Duration,
}

impl Effort {
    /// As the command line asks for it.
    #[must_use]
    pub fn from_args(args: &Args) -> Self {
        let (rounds, budget, at_least) = if args.quick { (7, 8, 1) } else { (21, 30, 3) };
        Self {
            rounds: args.rounds.unwrap_or(rounds),
            budget: Duration::from_millis(budget),
            at_least: Duration::from_millis(at_least),
        }
    }
}

/// What one contestant took for one run, over all rounds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// The median, in nanoseconds.
    pub median: f64,
    /// How far the middle half of the rounds spreads, as a part of the median.
    pub spread: f64,
}

impl Timing {
    /// Spread beyond which a figure is marked as noisy.
    pub const NOISY: f64 = 0.10;

    /// Whether the rounds differ too much for the median to be trusted to a few percent.
    #[must_use]
    pub fn is_noisy(self) -> bool {
        self.spread > Self::NOISY
    }

    fn of(mut times: Vec<f64>) -> Self {
        times.sort_by(f64::total_cmp);
        let at = |part: f64| times[((times.len() - 1) as f64 * part).round() as usize];
        let median = at(0.5);
        Self {
            median,
            spread: (at(0.75) - at(0.25)) / median,
        }
    }
}

/// Runs every contestant once a round, each round starting with another one, so that what disturbs
/// the machine disturbs all of them alike. A run is repeated within its round until it has taken
/// `at_least`.
pub fn interleave<T>(
    contestants: &[T],
    rounds: usize,
    at_least: Duration,
    mut run: impl FnMut(&T),
) -> Vec<Timing> {
    let repeats: Vec<u32> = contestants
        .iter()
        .map(|contestant| {
            let once = time(|| run(contestant)).min(time(|| run(contestant)));
            (at_least.as_nanos() / once.as_nanos().max(1)).clamp(1, 1 << 20) as u32
        })
        .collect();
    let mut times = vec![Vec::with_capacity(rounds); contestants.len()];
    for round in 0..rounds {
        for place in 0..contestants.len() {
            let who = (place + round) % contestants.len();
            let taken = time(|| (0..repeats[who]).for_each(|_| run(&contestants[who])));
            times[who].push(taken.as_nanos() as f64 / f64::from(repeats[who]));
        }
    }
    times.into_iter().map(Timing::of).collect()
}

/// How long `f` takes: the processor time of this thread, so that whoever else runs on the machine
/// costs cache and frequency only, and not the time that the thread has to wait.
pub fn time(f: impl FnOnce()) -> Duration {
    let start = now();
    f();
    now().saturating_sub(start)
}

#[cfg(unix)]
fn now() -> Duration {
    use rustix::time::{ClockId, clock_gettime};

    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

#[cfg(not(unix))]
fn now() -> Duration {
    use std::{sync::LazyLock, time::Instant};

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed()
}
