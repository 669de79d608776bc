use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    time::Duration,
};

/// A number by lot, unlike those of other processes.
pub(crate) fn random() -> u64 {
    // Each state has keys of its own, from the system's randomness.
    RandomState::new().build_hasher().finish()
}

/// Six digits, for an epoch.
pub(crate) fn six_digits() -> String {
    format!("{:06}", random() % 1_000_000)
}

/// This time, or up to half as long again.
pub(crate) fn spread(time: Duration) -> Duration {
    time + time.mul_f64((random() % 1024) as f64 / 2048.0)
}
