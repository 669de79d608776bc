//! What both ends decide by the clock. The clock itself is the caller's: each call takes the time.

mod reconnect;
mod timers;

pub use reconnect::{End, Next, Policy, Reconnect, ReconnectConfig, Response, Stop};
pub use timers::{Timeout, Timers, TimersConfig};
