//! Nodes and clients over Redis servers that fail: `redis-check CLUSTER [SCENARIO…]`.
//!
//! Each client's sequence has to be complete and in order, or it was told exactly where it is not; and no
//! ID ever names two events.

mod client;
#[path = "../../../sse-codec-redis/tests/common/mod.rs"]
mod common;
mod judge;
mod scenarios;
mod world;

use std::{
    collections::hash_map::RandomState,
    env,
    hash::{BuildHasher, Hasher},
    process::ExitCode,
};

pub(crate) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

#[tokio::main]
async fn main() -> ExitCode {
    let mut arguments = env::args().skip(1);
    let program = arguments.next().expect("redis-check CLUSTER [SCENARIO…]");
    let wanted: Vec<_> = arguments.collect();
    let mut is_good = true;
    for name in scenarios::NAMES {
        if !wanted.is_empty() && !wanted.iter().any(|one| one == name) {
            continue;
        }
        print!("{name}: ");
        let faults = scenarios::run(name, &program).await;
        match faults.len() {
            0 => println!(": good"),
            count => {
                println!(": {count} faults");
                for fault in faults.iter().take(5) {
                    println!("  {fault}");
                }
                is_good = false;
            }
        }
    }
    match is_good {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}
