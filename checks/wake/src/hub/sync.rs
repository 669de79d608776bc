//! What the adapter's `hub/sync.rs` has, of loom.

pub(super) use loom::sync::{
    Arc, Mutex, MutexGuard,
    atomic::{AtomicBool, Ordering},
};
pub(super) use std::sync::PoisonError;
