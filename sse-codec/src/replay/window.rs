use super::Id;

/// Which events a log holds: those from [`first`](Self::first) on and before [`next`](Self::next), in
/// one epoch. It says what a last event ID means to the log, and holds no event itself.
///
/// A window of a log that lies elsewhere may lag behind it, as a copy does; for that case there is
/// [`resume_behind`](Self::resume_behind).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Window {
    epoch: u64,
    /// The last event that is gone: 0 when none is.
    evicted: u64,
    /// The last event there is: 0 when there has been none.
    last: u64,
}

impl Window {
    /// The window of an empty log: its first event will be event 1.
    #[must_use]
    pub const fn new(epoch: u64) -> Self {
        Self {
            epoch,
            evicted: 0,
            last: 0,
        }
    }

    /// The window of a log that begins after event `seq`: of a copy that joined later.
    #[must_use]
    pub const fn after(id: Id) -> Self {
        Self {
            epoch: id.epoch,
            evicted: id.seq,
            last: id.seq,
        }
    }

    /// Counts one more event in, and returns its ID. Event number `u64::MAX` is the last there can be.
    pub const fn push(&mut self) -> Id {
        self.last = self.last.saturating_add(1);
        self.head()
    }

    /// The ID that the next event will have.
    pub(super) const fn next_id(&self) -> Id {
        self.id(self.last.wrapping_add(1))
    }

    /// Counts that event in.
    pub(super) const fn push_to(&mut self, seq: u64) {
        self.last = seq;
    }

    /// Counts the oldest event out, which there is.
    pub(super) const fn evict_one(&mut self) {
        self.evicted = self.evicted.wrapping_add(1);
    }

    /// Counts the `count` oldest events out, or as many as there are.
    pub const fn evict(&mut self, count: u64) {
        let evicted = self.evicted.saturating_add(count);
        self.evicted = if evicted < self.last {
            evicted
        } else {
            self.last
        };
    }

    /// The epoch, or 0 for none.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The number of the oldest event that is held, or [`next`](Self::next) when none is.
    #[must_use]
    pub const fn first(&self) -> u64 {
        self.evicted.saturating_add(1)
    }

    /// The number that the next event will have.
    #[must_use]
    pub const fn next(&self) -> u64 {
        self.last.saturating_add(1)
    }

    /// How many events are held.
    #[must_use]
    pub const fn len(&self) -> u64 {
        self.last - self.evicted
    }

    /// Whether no event is held.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.last == self.evicted
    }

    /// The ID of the latest event, held or not; with the number 0 when there has been none.
    #[must_use]
    pub const fn head(&self) -> Id {
        self.id(self.last)
    }

    /// The ID just before the oldest event that is held.
    #[must_use]
    pub const fn floor(&self) -> Id {
        self.id(self.evicted)
    }

    const fn id(&self, seq: u64) -> Id {
        Id {
            epoch: self.epoch,
            seq,
        }
    }

    /// What it means that a client comes back with this last event ID. An empty one is that of a client
    /// that is new.
    #[must_use]
    pub fn resume(&self, last_event_id: &[u8]) -> Resume {
        let (outcome, after) = if last_event_id.is_empty() {
            (Outcome::New, self.head())
        } else {
            match Id::parse(last_event_id) {
                // No epoch is the same as no other.
                Some(id) if id.epoch == self.epoch && id.epoch != 0 && id.seq <= self.last => {
                    match self.evicted.checked_sub(id.seq) {
                        // The last evicted one is the last that was needed no more.
                        None | Some(0) => {
                            let replayed = self.last - id.seq;
                            (Outcome::Resumed { replayed }, id)
                        }
                        Some(lost) => (Outcome::Gap { lost }, self.floor()),
                    }
                }
                _ => (Outcome::Unknown, self.head()),
            }
        };
        Resume { outcome, after }
    }

    /// As [`resume`](Self::resume), for a window that may lag behind the log: the log may have more
    /// events than the window knows, and may even be in a later epoch. An ID that such a log could have
    /// given is [`Pending`](Outcome::Pending): ask the log.
    #[must_use]
    pub fn resume_behind(&self, last_event_id: &[u8]) -> Resume {
        let mut resume = self.resume(last_event_id);
        if matches!(resume.outcome, Outcome::Unknown)
            && Id::parse(last_event_id).is_some_and(|id| id > self.head())
        {
            resume.outcome = Outcome::Pending;
        }
        resume
    }
}

/// What a last event ID means to a log, and where to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Resume {
    /// What the client has lost.
    pub outcome: Outcome,
    /// The ID after which the client goes on: its own when it is [`Resumed`](Outcome::Resumed), the one
    /// before the oldest event after a [`Gap`](Outcome::Gap), else that of the latest event.
    ///
    /// The first frame of the stream should carry this ID. A client that is cut before its first event
    /// then comes back to the right place.
    pub after: Id,
}

/// What a client that comes back has lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It came without an ID: it has had nothing, and gets what comes from now on.
    New,
    /// It has lost nothing.
    Resumed {
        /// How many events it gets again before the live ones.
        replayed: u64,
    },
    /// It gets all that is held, but before that some are gone.
    Gap {
        /// How many are gone.
        lost: u64,
    },
    /// The ID is not one of this log, or of an earlier life of it. What is lost cannot be said; the
    /// client has to fetch the state anew, and gets what comes from now on.
    Unknown,
    /// It cannot be said yet: the log lies elsewhere and has to be asked. Only
    /// [`resume_behind`](Window::resume_behind) says so.
    Pending,
}
