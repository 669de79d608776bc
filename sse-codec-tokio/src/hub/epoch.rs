use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{SystemTime, UNIX_EPOCH},
};

use crate::chance::random;

/// A number that no log has had before: 13 digits of the time in milliseconds and 6 by lot. A later one
/// is higher, also in this process within one millisecond.
pub(super) fn new_epoch() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let millis = since.map_or(0, |since| since.as_millis() as u64);
    let wanted = millis
        .saturating_mul(1_000_000)
        .saturating_add(u64::from(random() % 1_000_000));
    let mut epoch = wanted;
    let _ = LAST.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| {
        epoch = wanted.max(last + 1);
        Some(epoch)
    });
    epoch
}
