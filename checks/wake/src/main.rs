//! The hub's wake path in every order of its steps, up to a number of preemptions.
//!
//! `hub/wake.rs` of the adapter is compiled here with loom's mutexes and atomics in place of those of
//! the standard library. A task that is never woken is a deadlock to loom.

mod hub;

use std::{
    env, process,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// So many times a thread is interrupted where it need not wait.
const PREEMPTIONS: usize = 3;

/// The longest that one scenario takes.
const MOST: Duration = Duration::from_secs(60);

fn main() {
    let only = env::args().nth(1);
    for (name, scenario) in hub::SCENARIOS {
        if only.as_deref().is_some_and(|only| only != name) {
            continue;
        }
        let executions = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&executions);
        let began = Instant::now();
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = Some(PREEMPTIONS);
        builder.max_branches = 20_000;
        builder.max_duration = Some(MOST);
        builder.check(move || {
            counted.fetch_add(1, Ordering::Relaxed);
            scenario();
        });
        let executions = executions.load(Ordering::Relaxed);
        let seconds = began.elapsed().as_secs_f64();
        println!("{name}: {executions} executions in {seconds:.1} s");
        if began.elapsed() >= MOST {
            eprintln!("{name}: not all of them");
            process::exit(1);
        }
    }
}
