//! What both ends decide by the clock. The clock itself is the caller's: each call takes the time.

mod timers;

pub use timers::{Timeout, Timers, TimersConfig};
