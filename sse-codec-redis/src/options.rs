use std::time::Duration;

use sse_codec_tokio::HubOptions;

/// What is kept in Redis, what each process keeps, and how long it waits.
///
/// | | default |
/// |---|---|
/// | [`hub`](Self::hub): what this process keeps of each topic, and how many it serves | as `HubOptions` |
/// | [`events`](Self::events) kept of a topic in Redis | 10,000 |
/// | bytes of an event, [`event_bytes`](Self::event_bytes) | 64 KiB |
/// | [`tag`](Self::tag) | `sse` |
/// | time for an answer, [`timeout`](Self::timeout) | 2 s |
/// | [`warm`](Self::warm): events that a process reads back when it begins to serve a topic | 128 |
/// | [`page_bytes`](Self::page_bytes): pages kept for clients that come back | 4 MiB |
/// | [`replicas`](Self::replicas) that have to confirm an event | none |
#[derive(Clone, Debug)]
pub struct RedisOptions {
    pub(crate) hub: HubOptions,
    pub(crate) events: u64,
    pub(crate) event_bytes: usize,
    pub(crate) tag: String,
    pub(crate) timeout: Duration,
    pub(crate) warm: usize,
    pub(crate) page_bytes: usize,
    pub(crate) replicas: Option<(u64, Duration)>,
}

impl RedisOptions {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self {
            hub: HubOptions::new(),
            events: 10_000,
            event_bytes: 64 * 1024,
            tag: "sse".to_owned(),
            timeout: Duration::from_secs(2),
            warm: 128,
            page_bytes: 4 << 20,
            replicas: None,
        }
    }

    /// What this process keeps in its own memory of each topic, for clients that come back soon, and how
    /// many topics and connections there may be. What is not there any more is read from Redis.
    #[must_use]
    pub fn hub(mut self, hub: HubOptions) -> Self {
        self.hub = hub;
        self
    }

    /// How many events Redis keeps of a topic, exactly; at least one. Each publisher trims to its own
    /// number, so it has to be the same in all processes.
    #[must_use]
    pub const fn events(mut self, most: u64) -> Self {
        self.events = if most == 0 { 1 } else { most };
        self
    }

    /// How many bytes the frame of an event may have, without its ID. A larger one is refused.
    ///
    /// It bounds what a client can hold of this process' memory: one page of 64 events.
    #[must_use]
    pub const fn event_bytes(mut self, most: usize) -> Self {
        self.event_bytes = most;
        self
    }

    /// The hash tag of all keys: `{sse}:stream:news` is the stream of the topic `news`. Processes with
    /// the same tag share their topics. They also share a bell, so two crowds of topics that have
    /// nothing to do with one another should have a tag each.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<String>) -> Self {
        self.tag = tag.into();
        self
    }

    /// How long Redis may take for an answer. A connection that takes longer is given up, and what was
    /// asked on it fails.
    #[must_use]
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// How many events this process reads back when it begins to serve a topic, for
    /// [`Start::Last`](sse_codec_tokio::Start::Last) and for clients that come back at once.
    #[must_use]
    pub const fn warm(mut self, events: usize) -> Self {
        self.warm = events;
        self
    }

    /// How many bytes of pages are kept for a few seconds, all topics together, so that many clients
    /// that come back at once do not read the same events again and again.
    #[must_use]
    pub const fn page_bytes(mut self, most: usize) -> Self {
        self.page_bytes = most;
        self
    }

    /// So many replicas have to confirm each event within this time (`WAIT`). An event that is not
    /// confirmed fails with [`Error::NotReplicated`](crate::Error::NotReplicated); readers may have seen
    /// it all the same, for Redis shows a write before it is confirmed.
    ///
    /// That a replica has it does not keep a failover from choosing another one.
    #[must_use]
    pub const fn replicas(mut self, count: u64, within: Duration) -> Self {
        self.replicas = Some((count, within));
        self
    }
}

impl Default for RedisOptions {
    fn default() -> Self {
        Self::new()
    }
}
