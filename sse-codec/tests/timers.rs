//! [`Timers`] under simulated time: tables, jumps, and a naive model.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sse_codec::{
    Millis,
    Timeout::{self, Heartbeat, Lifetime, WriteDeadline},
    Timers, TimersConfig,
};

const OFF: TimersConfig = TimersConfig::new();
const WITHOUT_JITTER: TimersConfig = OFF
    .with_heartbeat(Millis(15), Millis(0))
    .with_write_deadline(Millis(30))
    .with_lifetime(Millis(100), Millis(0));

/// One line of a table: what is done at a time, and what `poll_timeout` says afterwards.
enum Do {
    /// `wrote` with these bytes and pending.
    Wrote(usize, usize),
    /// `handle_timeout`, which returns this.
    Handle(Option<Timeout>),
}
use Do::{Handle, Wrote};

#[track_caller]
fn play(config: TimersConfig, start: u64, table: &[(u64, Do, Option<u64>)]) {
    let mut timers = Timers::new(Millis(start), config, 0);
    for (line, (now, action, next)) in table.iter().enumerate() {
        match *action {
            Wrote(bytes, pending) => timers.wrote(Millis(*now), bytes, pending),
            Handle(due) => assert_eq!(timers.handle_timeout(Millis(*now)), due, "line {line}"),
        }
        assert_eq!(timers.poll_timeout(), next.map(Millis), "line {line}");
    }
}

#[test]
fn a_static_can_hold_them() {
    static TIMERS: Timers = Timers::new(Millis(0), WITHOUT_JITTER, 1);
    assert_eq!(TIMERS.poll_timeout(), Some(Millis(15)));
}

#[test]
fn nothing_is_due_when_all_is_off() {
    let hours = 1 << 40;
    play(
        OFF,
        0,
        &[
            (0, Handle(None), None),
            (1, Wrote(1, 0), None),
            (2, Wrote(0, 1), None),
            (hours, Handle(None), None),
        ],
    );
    assert_eq!(OFF, TimersConfig::default());
}

#[test]
fn a_silent_connection_gets_heartbeats_then_ends() {
    play(
        WITHOUT_JITTER,
        0,
        &[
            (14, Handle(None), Some(15)),
            (15, Handle(Some(Heartbeat)), Some(30)),
            (15, Handle(None), Some(30)),
            (31, Handle(Some(Heartbeat)), Some(46)), // from when it was dealt with
            (45, Wrote(1, 0), Some(60)),
            (59, Wrote(1, 0), Some(74)),
            (70, Wrote(0, 0), Some(74)), // nothing happened
            (74, Handle(Some(Heartbeat)), Some(89)),
            (89, Handle(Some(Heartbeat)), Some(100)),
            (100, Handle(Some(Lifetime)), None),
            (999, Handle(None), None),
        ],
    );
}

#[test]
fn while_bytes_wait_the_deadline_rules() {
    play(
        WITHOUT_JITTER,
        0,
        &[
            (10, Wrote(0, 9), Some(40)),
            (20, Wrote(0, 12), Some(40)), // more waits, but not for longer
            (39, Handle(None), Some(40)),
            (39, Wrote(1, 11), Some(69)),
            (60, Wrote(11, 0), Some(75)),
            (61, Wrote(0, 5), Some(91)),
            (65, Wrote(0, 0), Some(80)), // what waited was dropped
            (79, Wrote(3, 5), Some(100)),
            (100, Handle(Some(Lifetime)), Some(109)),
            (100, Handle(None), Some(109)),
            (105, Wrote(5, 20), Some(135)), // the farewell is watched too
            (135, Handle(Some(WriteDeadline)), None),
            (136, Wrote(0, 20), None),
            (137, Wrote(20, 0), None),
            (999, Handle(None), None),
        ],
    );
}

#[test]
fn no_heartbeat_follows_a_farewell() {
    play(
        WITHOUT_JITTER,
        0,
        &[
            (90, Wrote(1, 0), Some(100)),
            (100, Handle(Some(Lifetime)), None),
            (101, Wrote(0, 8), Some(131)),
            (102, Wrote(8, 0), None),
            (500, Handle(None), None),
        ],
    );
}

#[test]
fn the_gravest_of_several_is_reported() {
    play(
        WITHOUT_JITTER,
        0,
        &[
            (1, Wrote(0, 1), Some(31)),
            (1_000, Handle(Some(WriteDeadline)), None),
            (2_000, Handle(None), None),
        ],
    );
    play(
        WITHOUT_JITTER,
        0,
        &[
            (1_000, Handle(Some(Lifetime)), None),
            (2_000, Handle(None), None),
        ],
    );
}

#[test]
fn a_late_caller_who_writes_first_keeps_the_connection() {
    play(
        OFF.with_write_deadline(Millis(30)),
        0,
        &[
            (0, Wrote(0, 5), Some(30)),
            (1_000_000, Wrote(1, 4), Some(1_000_030)),
            (1_000_000, Handle(None), Some(1_000_030)),
        ],
    );
    play(
        OFF.with_write_deadline(Millis(30)),
        0,
        &[
            (0, Wrote(0, 5), Some(30)),
            (1_000_000, Wrote(0, 5), Some(1_000_000)), // asked in vain
            (1_000_000, Handle(Some(WriteDeadline)), None),
        ],
    );
}

#[test]
fn a_jump_ahead_gives_one_heartbeat() {
    let hours = 5 * 3_600_000;
    play(
        OFF.with_heartbeat(Millis(15), Millis(0)),
        0,
        &[
            (hours, Handle(Some(Heartbeat)), Some(hours + 15)),
            (hours, Handle(None), Some(hours + 15)),
            (hours + 14, Handle(None), Some(hours + 15)),
        ],
    );
}

#[test]
fn a_jump_back_counts_as_no_time_passed() {
    let hours = 5 * 3_600_000;
    play(
        WITHOUT_JITTER,
        hours,
        &[
            (hours + 10, Handle(None), Some(hours + 15)), // 10 passed
            (0, Handle(None), Some(5)),                   // still 10
            (4, Handle(None), Some(5)),
            (5, Handle(Some(Heartbeat)), Some(20)), // 15
            (6, Wrote(0, 1), Some(36)),             // 16
            (3, Wrote(0, 1), Some(33)),
            (33, Handle(Some(WriteDeadline)), None),
        ],
    );
}

#[test]
fn a_wrapping_tick_counter_costs_one_turn() {
    let wrap = u64::from(u32::MAX);
    play(
        OFF.with_heartbeat(Millis(15), Millis(0)),
        wrap - 10,
        &[
            (wrap, Handle(None), Some(wrap + 5)),
            (2, Handle(None), Some(7)),
            (7, Handle(Some(Heartbeat)), Some(22)),
        ],
    );
}

#[test]
fn beyond_the_end_of_time_is_never() {
    let end = u64::MAX;
    play(
        OFF.with_heartbeat(Millis(15), Millis(0)),
        end - 20,
        &[
            (end - 15, Handle(None), Some(end - 5)),
            (end - 5, Handle(Some(Heartbeat)), None),
            (end, Handle(None), None),
            (0, Handle(None), Some(10)), // a clock set back
        ],
    );
    let mut timers = Timers::new(Millis(0), WITHOUT_JITTER, 0);
    assert_eq!(timers.handle_timeout(Millis(end)), Some(Lifetime));
}

#[test]
fn lengths_are_clamped() {
    let longest = u64::from(u32::MAX);
    let first = |config, seed| Timers::new(Millis(0), config, seed).poll_timeout();
    for length in [longest, longest + 1, u64::MAX] {
        let length = Millis(length);
        for config in [
            OFF.with_heartbeat(length, Millis(0)),
            OFF.with_lifetime(length, Millis(0)),
        ] {
            assert_eq!(first(config, 0), Some(Millis(longest)));
        }
        let mut timers = Timers::new(Millis(0), OFF.with_write_deadline(length), 0);
        timers.wrote(Millis(0), 0, 1);
        assert_eq!(timers.poll_timeout(), Some(Millis(longest)));
    }
    for seed in 0..1_000 {
        let clamped = OFF.with_heartbeat(Millis(4), Millis(u64::MAX));
        assert!((1..=4).contains(&first(clamped, seed).unwrap().0));
        let shortest = OFF.with_heartbeat(Millis(1), Millis(u64::MAX));
        assert_eq!(first(shortest, seed), Some(Millis(1)));
    }
}

/// What other servers mean by a 0 in their configuration, and nobody by a heartbeat every
/// millisecond or a connection that ends as it begins.
#[test]
fn a_length_of_nothing_is_off() {
    for jitter in [0, 1, 9, u64::MAX] {
        let (zero, jitter) = (Millis(0), Millis(jitter));
        let config = WITHOUT_JITTER
            .with_heartbeat(zero, jitter)
            .with_write_deadline(zero)
            .with_lifetime(zero, jitter);
        assert_eq!(config, OFF);
    }
    assert_eq!(
        OFF.with_write_deadline(core::time::Duration::ZERO.into()),
        OFF
    );
}

/// Counts lengths of 10,001..=15,000 ms in ten classes and checks that each holds a tenth.
#[track_caller]
fn assert_even(lengths: impl Iterator<Item = u64>) {
    let mut classes = [0_u32; 10];
    let mut all = 0;
    for length in lengths {
        assert!((10_001..=15_000).contains(&length), "{length}");
        classes[(length - 10_001) as usize / 500] += 1;
        all += 1;
    }
    for count in classes {
        assert!(
            (all * 85 / 1_000..=all * 115 / 1_000).contains(&count),
            "{classes:?}"
        );
    }
}

#[test]
fn neighbours_do_not_tick_together() {
    const HEARTBEAT: TimersConfig = OFF.with_heartbeat(Millis(15_000), Millis(4_999));
    let first = |config, seed| {
        Timers::new(Millis(0), config, seed)
            .poll_timeout()
            .unwrap()
            .0
    };
    // One seed after the other (a counter), and a counter in the high bits (an address).
    for step in [1, 64, 1 << 16] {
        let seeds = || (0..60_000_u32).map(|n| n.wrapping_mul(step));
        assert_even(seeds().map(|seed| first(HEARTBEAT, seed)));
        let lifetime = OFF.with_lifetime(Millis(15_000), Millis(4_999));
        assert_even(seeds().map(|seed| first(lifetime, seed)));
        // Those that begin alike do not go on alike.
        assert_even(seeds().flat_map(|seed| {
            let mut timers = Timers::new(Millis(0), HEARTBEAT, seed);
            let due = timers.poll_timeout().unwrap();
            assert_eq!(timers.handle_timeout(due), Some(Heartbeat));
            (due.0 < 10_500).then(|| timers.poll_timeout().unwrap().0 - due.0)
        }));
    }
}

#[test]
fn no_connection_follows_its_neighbour() {
    let config = OFF.with_heartbeat(Millis(15_000), Millis(4_999));
    let two = |seed| {
        let mut timers = Timers::new(Millis(0), config, seed);
        let first = timers.poll_timeout().unwrap();
        assert_eq!(timers.handle_timeout(first), Some(Heartbeat));
        (first.0, timers.poll_timeout().unwrap().0 - first.0)
    };
    let alike = (0..1_000).filter(|&seed| two(seed).1 == two(seed + 1).0);
    assert!(alike.count() < 10);
}

#[test]
fn one_connection_draws_evenly() {
    let config = OFF.with_heartbeat(Millis(15_000), Millis(4_999));
    assert_even(intervals(config, 0).take(10_000));
}

/// The lengths between one heartbeat and the next, the first counted from the start.
fn intervals(config: TimersConfig, seed: u32) -> impl Iterator<Item = u64> {
    let mut timers = Timers::new(Millis(0), config, seed);
    let mut last = 0;
    std::iter::repeat_with(move || {
        let due = timers.poll_timeout().unwrap();
        assert_eq!(timers.handle_timeout(due), Some(Heartbeat));
        due.0 - std::mem::replace(&mut last, due.0)
    })
}

/// Those of the `lowbias32` mixer at `seed + n * 0x9E3779B9`, computed apart from this crate. A
/// jitter over all lengths there are shows them: a length is what they lack to 2^32.
#[test]
fn the_numbers_behind_a_seed_are_these() {
    let any_length = OFF.with_heartbeat(Millis(u64::MAX), Millis(u64::MAX));
    for (seed, numbers) in [
        (0, [0x01FC_E552, 0x04F8_D29E, 0x0F8C_1DBD, 0x6BA5_A157]),
        (1, [0x9F50_5634, 0x43C5_316A, 0xF2C6_0681, 0x5707_FBCB]),
        (
            0xDEAD_BEEF,
            [0x3F1E_E9CC, 0x78D3_66D1, 0xEDC5_C939, 0xDA4C_D38D],
        ),
        (
            u32::MAX,
            [0xA4F7_896C, 0x201A_101C, 0x705F_7037, 0xC4A1_C236],
        ),
    ] {
        let drawn = intervals(any_length, seed).map(|length| (1 << 32) - length);
        assert!(drawn.take(4).eq(numbers), "seed {seed:#x}");
        let lifetime = OFF.with_lifetime(Millis(u64::MAX), Millis(u64::MAX));
        let first = Timers::new(Millis(0), lifetime, seed).poll_timeout();
        assert_eq!(first, Some(Millis((1 << 32) - numbers[0])));
    }

    // The usual heartbeat, of 10 to 15 s.
    let heartbeat = OFF.with_heartbeat(Millis(15_000), Millis(5_000));
    for (seed, lengths) in [
        (0, [14_962, 14_903, 14_697, 12_898]),
        (1, [11_888, 13_677, 10_258, 13_300]),
    ] {
        assert!(intervals(heartbeat, seed).take(4).eq(lengths));
    }
}

#[test]
fn every_length_of_the_range_is_drawn_and_none_outside() {
    let most = u64::from(u32::MAX);
    for (longest, jitter, shortest) in [
        (10, 0, 10),
        (10, 1, 9),
        (10, 3, 7),
        (10, 9, 1),
        (10, 10, 1),
        (10, most, 1),
        (2, 1, 1),
        (1, 7, 1),
        (1_000, 6, 994),
        (most, 7, most - 7),
    ] {
        let (longest, jitter) = (Millis(longest), Millis(jitter));
        let heartbeat = OFF.with_heartbeat(longest, jitter);
        let firsts = |config| {
            (0..400).map(move |seed| {
                Timers::new(Millis(0), config, seed)
                    .poll_timeout()
                    .unwrap()
                    .0
            })
        };
        for drawn in [
            firsts(heartbeat).collect::<BTreeSet<_>>(),
            firsts(OFF.with_lifetime(longest, jitter)).collect(),
            intervals(heartbeat, 0).take(400).collect(),
        ] {
            assert!(
                drawn.iter().copied().eq(shortest..=longest.0),
                "{longest:?} less {jitter:?}: {drawn:?}"
            );
        }
    }
}

/// The rules of [`Timers`] in absolute time, without its draws: it knows within which bounds a
/// timeout is due. Time is the sum of all steps forward.
struct Model {
    heartbeat: Option<(u64, u64)>,
    deadline: Option<u64>,
    lifetime: Option<(u64, u64)>,
    clock: u64,
    passed: u128,
    /// The last write, heartbeat or end of waiting.
    quiet_since: u128,
    /// While something is pending: the last progress, or when it began to wait.
    stuck_since: Option<u128>,
}

impl Model {
    fn advance(&mut self, now: u64) {
        self.passed += u128::from(now.saturating_sub(self.clock));
        self.clock = now;
    }

    fn wrote(&mut self, bytes: usize, pending: usize) {
        match (bytes, pending, self.stuck_since) {
            (0, 0, None) => {}
            (_, 0, _) => (self.stuck_since, self.quiet_since) = (None, self.passed),
            (0, _, Some(_)) => {}
            _ => self.stuck_since = Some(self.passed),
        }
    }

    /// Every answer that is right now; between its bounds a draw decides.
    fn right(&self) -> Vec<Option<Timeout>> {
        let has = |since, length: u64| self.passed >= since + u128::from(length);
        let stuck = self.stuck_since.zip(self.deadline);
        if stuck.is_some_and(|(since, deadline)| has(since, deadline)) {
            return vec![Some(WriteDeadline)];
        }
        let mut right = Vec::new();
        if let Some((shortest, longest)) = self.lifetime {
            if has(0, longest) {
                return vec![Some(Lifetime)];
            }
            if has(0, shortest) {
                right.push(Some(Lifetime));
            }
        }
        match self.heartbeat.filter(|_| self.stuck_since.is_none()) {
            Some((_, longest)) if has(self.quiet_since, longest) => right.push(Some(Heartbeat)),
            Some((shortest, _)) if has(self.quiet_since, shortest) => {
                right.extend([Some(Heartbeat), None]);
            }
            _ => right.push(None),
        }
        right
    }

    fn reported(&mut self, timeout: Timeout) {
        self.quiet_since = self.passed;
        if timeout != Heartbeat {
            (self.heartbeat, self.lifetime) = (None, None);
        }
        if timeout == WriteDeadline {
            self.deadline = None;
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Ahead(u64),
    Back(u64),
    /// To what `poll_timeout` says, plus this.
    Poll(u64),
    Wrote(usize, usize),
    Handle,
}

fn step() -> impl Strategy<Value = Step> {
    let bytes = || prop_oneof![Just(0), Just(1), Just(usize::MAX)];
    prop_oneof![
        4 => (0..60_u64).prop_map(Step::Ahead),
        1 => any::<u64>().prop_map(Step::Ahead),
        1 => prop_oneof![0..60_u64, any::<u64>()].prop_map(Step::Back),
        3 => (0..3_u64).prop_map(Step::Poll),
        6 => (bytes(), bytes()).prop_map(|(bytes, pending)| Step::Wrote(bytes, pending)),
        4 => Just(Step::Handle),
    ]
}

fn spread() -> impl Strategy<Value = Option<(u64, u64)>> {
    let length = || prop_oneof![8 => 1..100_u64, 1 => Just(u64::from(u32::MAX))];
    let jitter = prop_oneof![Just(0), 0..200_u64, any::<u64>()];
    prop::option::weighted(0.8, (length(), jitter))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn agrees_with_the_model(
        start in prop_oneof![Just(0), any::<u64>(), u64::MAX - 300..=u64::MAX],
        seed: u32,
        heartbeat in spread(),
        deadline in prop::option::weighted(0.8, 1..100_u64),
        lifetime in spread(),
        steps in prop::collection::vec(step(), 0..120),
    ) {
        let mut config = OFF;
        if let Some((longest, jitter)) = heartbeat {
            config = config.with_heartbeat(Millis(longest), Millis(jitter));
        }
        if let Some(deadline) = deadline {
            config = config.with_write_deadline(Millis(deadline));
        }
        if let Some((longest, jitter)) = lifetime {
            config = config.with_lifetime(Millis(longest), Millis(jitter));
        }
        let bounds = |(longest, jitter): (u64, u64)| (longest.saturating_sub(jitter).max(1), longest);
        let mut model = Model {
            heartbeat: heartbeat.map(bounds),
            deadline,
            lifetime: lifetime.map(bounds),
            clock: start,
            passed: 0,
            quiet_since: 0,
            stuck_since: None,
        };
        let mut timers = Timers::new(Millis(start), config, seed);
        let mut now = start;
        for step in steps {
            match step {
                Step::Ahead(by) => now = now.saturating_add(by),
                Step::Back(by) => now = now.saturating_sub(by),
                Step::Poll(late) => {
                    now = timers.poll_timeout().map_or(now, |next| next.0.saturating_add(late));
                }
                Step::Wrote(bytes, pending) => {
                    model.advance(now);
                    model.wrote(bytes, pending);
                    timers.wrote(Millis(now), bytes, pending);
                }
                Step::Handle => {
                    let (before, back) = (timers.poll_timeout(), now < model.clock);
                    model.advance(now);
                    let answer = timers.handle_timeout(Millis(now));
                    prop_assert!(model.right().contains(&answer), "{answer:?}");
                    match answer {
                        Some(timeout) => model.reported(timeout),
                        None if !back => prop_assert_eq!(timers.poll_timeout(), before),
                        None => {}
                    }
                    prop_assert_eq!(timers.handle_timeout(Millis(now)), None);
                }
            }
            let handle = |now| timers.clone().handle_timeout(Millis(now));
            match timers.poll_timeout() {
                None => prop_assert_eq!(handle(u64::MAX), None),
                Some(Millis(next)) => {
                    prop_assert!(next >= model.clock);
                    prop_assert!(handle(next).is_some());
                    if next > model.clock {
                        prop_assert_eq!(handle(next - 1), None);
                        prop_assert_eq!(handle(model.clock), None);
                    }
                }
            }
        }
    }
}
