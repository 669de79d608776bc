use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
};

/// A number to spread timers with; nothing depends on its quality.
pub(crate) fn random() -> u32 {
    RandomState::new().build_hasher().finish() as u32
}
