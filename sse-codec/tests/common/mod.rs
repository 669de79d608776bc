//! What the integration tests share. Each test binary uses its own part of it.
#![allow(dead_code, unreachable_pub)]

pub mod drive;
pub mod oracle;
pub mod strategies;
#[path = "../vectors/wpt.rs"]
pub mod wpt;
