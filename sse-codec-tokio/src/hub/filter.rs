use sse_codec::{DEFAULT_EVENT_TYPE, Field};

use super::index::value_of;

/// Which events a subscription gets.
#[derive(Clone, Debug, Default)]
pub(super) struct Filter {
    /// Any type, if there is none.
    pub(super) types: Vec<Box<[u8]>>,
    /// Any tag, if there is none.
    pub(super) tags: Vec<u64>,
}

impl Filter {
    pub(super) const fn is_open(&self) -> bool {
        self.types.is_empty() && self.tags.is_empty()
    }

    pub(super) fn passes(&self, event: [&[u8]; 2], tag: u64) -> bool {
        if !self.tags.is_empty() && !self.tags.contains(&tag) {
            return false;
        }
        if self.types.is_empty() {
            return true;
        }
        let found = value_of(event, Field::Event);
        // An empty type is the same as none to a receiver.
        let found = match &found {
            Some(found) if !found.is_empty() => found,
            _ => DEFAULT_EVENT_TYPE,
        };
        self.types.iter().any(|wanted| **wanted == *found)
    }
}
