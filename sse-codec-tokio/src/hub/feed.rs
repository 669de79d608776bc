use std::sync::Arc;

use sse_codec::replay::Id;

use super::{error::PublishError, topic::Topic};
use crate::encoded::EncodedFrame;

/// The other end of a hub that [is fed](crate::Hub::fed): gives it the events of a log that lies
/// elsewhere, in their order, with the IDs they have there.
///
/// When it is dropped, the subscriptions end after what there is.
#[derive(Debug)]
pub struct Feed {
    pub(super) topic: Arc<Topic>,
}

impl Feed {
    /// The last event that was fed, or where the feed has begun. The next one to be fed follows it.
    #[must_use]
    pub fn cursor(&self) -> Id {
        self.topic.lock().ring.window().head()
    }

    /// Feeds the log's next event.
    ///
    /// - It follows the [cursor](Self::cursor): every subscription that is there gets it.
    /// - Events between are missing: the log has lost them, and each subscription is told how many it
    ///   has lost ([`Gap`](crate::Outcome::Gap)).
    /// - It is of another epoch: the log has begun anew, and each subscription is told that its place is
    ///   [`Unknown`](crate::Outcome::Unknown) now. It goes on with the first event of that epoch.
    /// - It is not after the cursor: it is there already, and nothing happens.
    ///
    /// The frame has to carry this ID.
    ///
    /// # Errors
    /// [`PublishError::TooLarge`] and [`PublishError::NoMemory`]. The event counts as fed, and
    /// subscriptions read it by pages.
    pub fn append(&self, id: Id, frame: &EncodedFrame) -> Result<(), PublishError> {
        let cursor = self.cursor();
        if id.epoch == cursor.epoch && id.seq <= cursor.seq {
            return Ok(());
        }
        let before = Id {
            epoch: id.epoch,
            seq: id.seq.saturating_sub(1),
        };
        if id.epoch != cursor.epoch {
            self.begin(Id { seq: 0, ..before });
        }
        if self.cursor() != before {
            self.lost_until(before);
        }
        let appended = self.topic.append_fed(frame.as_bytes(), 0);
        if appended.is_err() {
            // What the ring cannot hold is read from the log.
            self.topic.change(|state| state.ring.restart(id));
        }
        appended
    }

    /// Events up to this one are known to be lost: who was at the cursor is told so at once. All others
    /// ask the log.
    pub fn lost_until(&self, id: Id) {
        self.topic.change(|state| {
            let cursor = state.ring.window().head();
            if id > cursor && id.epoch == cursor.epoch {
                state.gap_after = Some(cursor.seq);
                state.ring.restart(id);
            }
        });
    }

    /// Whether the hub is gone: all its handles are dropped, or it was taken out of its
    /// [`Topics`](crate::Topics). What is fed then reaches nobody who comes.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.topic.lock().is_ended
    }

    /// The log has begun anew after this ID, in another epoch, or the feed begins there.
    pub fn begin(&self, after: Id) {
        self.topic.change(|state| {
            state.gap_after = None;
            state.ring.restart(after);
        });
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.topic.change(|state| state.is_ended = true);
    }
}
