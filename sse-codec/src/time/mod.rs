//! What both ends decide by the clock. The clock itself is the caller's: each call takes the time.

mod jitter;
mod reconnect;
mod timers;

use crate::millis::Millis;

pub use jitter::Jitter;
pub use reconnect::{End, Next, Policy, Reconnect, ReconnectConfig, Response, Stop};
pub use timers::{Timeout, Timers, TimersConfig};

/// In 32 bits: 49.7 days, or more.
const fn saturated(millis: Millis) -> u32 {
    if millis.0 < u32::MAX as u64 {
        millis.0 as u32
    } else {
        u32::MAX
    }
}
