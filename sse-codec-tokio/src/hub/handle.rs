use std::sync::Arc;

use super::topic::Topic;

/// What all clones of a hub share. With the last one the log ends.
#[derive(Debug)]
pub(super) struct Handle {
    pub(super) topic: Arc<Topic>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.topic.change(|state| state.is_ended = true);
    }
}
