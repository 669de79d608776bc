use std::{fmt, sync::Arc, time::Duration};

use super::{registry::Presence, ring::Limits};

/// What a [`Hub`](crate::Hub) keeps, and how many it serves.
///
/// | | default |
/// |---|---|
/// | bytes of frames kept | 1 MiB |
/// | events kept | 65,536 |
/// | age of an event kept | any |
/// | connections | any number |
/// | connections of one key | any number |
/// | events with IDs of their own | refused |
///
/// An event is kept until one of the bounds is passed, and no longer; then the oldest go.
#[derive(Clone)]
pub struct HubOptions {
    pub(super) limits: Limits,
    pub(super) age: Option<Duration>,
    pub(super) own_ids: bool,
    pub(super) connections: usize,
    pub(super) per_key: usize,
    pub(super) retry_after: Duration,
    pub(super) presence: Option<Arc<dyn Fn(Presence) + Send + Sync>>,
    pub(super) topics: usize,
    pub(super) all_bytes: usize,
}

impl HubOptions {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            limits: Limits {
                bytes: 1 << 20,
                events: 1 << 16,
            },
            age: None,
            own_ids: false,
            connections: usize::MAX,
            per_key: usize::MAX,
            retry_after: Duration::from_secs(5),
            presence: None,
            topics: 10_000,
            all_bytes: usize::MAX,
        }
    }

    /// How many bytes of frames are kept for clients that come back. A frame larger than that cannot be
    /// published.
    ///
    /// Memory for them is taken as events come, by doubling, and an index of 8 bytes an event comes on
    /// top. A topic that is empty has none.
    #[must_use]
    pub const fn bytes(mut self, most: usize) -> Self {
        self.limits.bytes = most;
        self
    }

    /// How many events are kept; at least one.
    #[must_use]
    pub const fn events(mut self, most: usize) -> Self {
        self.limits.events = if most == 0 { 1 } else { most };
        self
    }

    /// How long an event is kept: never shorter than this, and not longer than 1/256 more. That is looked
    /// at when a client comes back, and when the time has passed, if the hub is used in a runtime.
    #[must_use]
    pub const fn age(mut self, longest: Duration) -> Self {
        self.age = Some(longest);
        self
    }

    /// Whether an event may bring an ID of its own, of any bytes that a frame can carry. Events without
    /// one get an ID of the hub's as ever.
    ///
    /// Who comes back with such an ID goes on after the latest event that has it. When that event is
    /// gone, the ID is [`Unknown`](crate::Outcome::Unknown), for its place is not known any more. An
    /// index of them takes some 30 bytes an event.
    #[must_use]
    pub const fn own_ids(mut self, allowed: bool) -> Self {
        self.own_ids = allowed;
        self
    }

    /// How many connections there may be at a time, in all topics together. One more is
    /// [refused](crate::Refused); none is ended for it.
    #[must_use]
    pub const fn connections(mut self, most: usize) -> Self {
        self.connections = most;
        self
    }

    /// How many connections of one [key](crate::Subscribe::key) there may be at a time: of one address or
    /// user.
    #[must_use]
    pub const fn per_key(mut self, most: usize) -> Self {
        self.per_key = most;
        self
    }

    /// After what time a client that is refused may try again. Half as much again is drawn by lot on
    /// top, so that not all of them come at once.
    #[must_use]
    pub const fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = time;
        self
    }

    /// Hears who joins, when their connection begins to be served, and who leaves. It is called by the
    /// connection's task and holds up that one only.
    #[must_use]
    pub fn presence(mut self, hear: impl Fn(Presence) + Send + Sync + 'static) -> Self {
        self.presence = Some(Arc::new(hear));
        self
    }

    /// Of [`Topics`](crate::Topics): how many of them there may be at a time. The default is 10,000.
    #[must_use]
    pub const fn topics(mut self, most: usize) -> Self {
        self.topics = most;
        self
    }

    /// Of [`Topics`](crate::Topics): how many bytes of memory the frames of all of them may take together.
    /// A topic that would need more gives up older events of its own first.
    #[must_use]
    pub const fn all_bytes(mut self, most: usize) -> Self {
        self.all_bytes = most;
        self
    }
}

impl Default for HubOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HubOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HubOptions")
            .field("limits", &self.limits)
            .field("age", &self.age)
            .field("own_ids", &self.own_ids)
            .field("connections", &self.connections)
            .field("per_key", &self.per_key)
            .finish_non_exhaustive()
    }
}
