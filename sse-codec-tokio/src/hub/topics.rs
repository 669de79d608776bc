use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use sse_codec::{Event, replay::Id};

use super::{
    Hub,
    backlog::{Backlog, Log},
    error::PublishError,
    feed::Feed,
    handle::Handle,
    metrics::HubMetrics,
    options::HubOptions,
    set::{Set, lock},
    topic::Topic,
};

/// Hubs by name, with bounds that hold for all of them together.
///
/// Each topic is a log of its own: an ID of one is unknown in another, so it does no harm where a client
/// brings it to the wrong one. **What a client may read is the handler's choice of topic**; nothing else
/// keeps it from the others.
///
/// A topic comes into being when something is published to it, or by [`create`](Self::create), and never
/// by a client that asks for its name. One that is empty, has no connections, and is held by nobody goes
/// when its place is needed.
///
/// ```
/// use sse_codec::Event;
/// use sse_codec_tokio::{HubOptions, Subscribe, Topics};
///
/// let topics = Topics::new(HubOptions::new().topics(1_000).all_bytes(64 << 20));
/// topics.publish("weather", Event::text("rain"))?;
///
/// // In a handler, of the path:
/// let Some(topic) = topics.get("weather") else {
///     return Ok(()); // 404
/// };
/// let events = topic.subscribe(Subscribe::live())?;
/// # drop(events);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Topics {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    set: Arc<Set>,
    names: Mutex<HashMap<Arc<str>, Hub>>,
}

impl Topics {
    /// No topics yet. Each will have the bounds of these options for itself.
    #[must_use]
    pub fn new(options: HubOptions) -> Self {
        let inner = Inner {
            set: Set::new(options),
            names: Mutex::default(),
        };
        Self {
            inner: Arc::new(inner),
        }
    }

    /// The topic of this name, if there is one.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Hub> {
        lock(&self.inner.names).get(name).cloned()
    }

    /// The topic of this name; made, if there is none.
    ///
    /// # Errors
    /// [`PublishError::TooManyTopics`] when there are as many as there may be, and all of them in use.
    pub fn create(&self, name: &str) -> Result<Hub, PublishError> {
        let mut unused = Vec::new();
        let created = self.create_in(name, &mut unused);
        // Dropped here: outside of the lock.
        drop(unused);
        created
    }

    fn create_in(&self, name: &str, unused: &mut Vec<Hub>) -> Result<Hub, PublishError> {
        let set = &self.inner.set;
        let mut names = lock(&self.inner.names);
        if let Some(hub) = names.get(name) {
            return Ok(hub.clone());
        }
        self.make_place(&mut names, unused)?;
        let name: Arc<str> = name.into();
        let topic = Topic::new(set, Some(Arc::clone(&name)), None);
        let hub = Hub {
            handle: Arc::new(Handle { topic }),
        };
        names.insert(name, hub.clone());
        Ok(hub)
    }

    /// A topic whose events come from a log that lies elsewhere, in the place of the one of this name, if
    /// there is one. As [`Hub::fed`].
    ///
    /// What it keeps is elsewhere too, so it may go when its place is needed even if it is not empty.
    /// [`Feed::is_over`] says so.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn fed(&self, name: &str, log: impl Backlog) -> Result<(Hub, Feed), PublishError> {
        let mut unused = Vec::new();
        let set = &self.inner.set;
        let mut names = lock(&self.inner.names);
        let fed = match names.contains_key(name) {
            true => Ok(()),
            false => self.make_place(&mut names, &mut unused),
        };
        let fed = fed.map(|()| {
            let name: Arc<str> = name.into();
            let after = Id { epoch: 0, seq: 0 };
            let log = Log(Arc::new(log));
            let topic = Topic::new(set, Some(Arc::clone(&name)), Some((after, log)));
            let feed = Feed {
                topic: Arc::clone(&topic),
            };
            let hub = Hub {
                handle: Arc::new(Handle { topic }),
            };
            unused.extend(names.insert(name, hub.clone()));
            (hub, feed)
        });
        drop(names);
        // Dropped here: outside of the lock.
        drop(unused);
        fed
    }

    /// Takes the topic of this name out, if nobody holds it, nobody is connected, and nothing is kept that
    /// is not elsewhere. Whether it was.
    pub fn remove_unused(&self, name: &str) -> bool {
        let mut names = lock(&self.inner.names);
        let is_unused = names.get(name).is_some_and(Hub::is_unused);
        let removed = is_unused.then(|| names.remove(name));
        drop(names);
        removed.is_some()
    }

    /// Makes a place for one more. Those that go for it are dropped by the caller, outside of the lock.
    fn make_place(
        &self,
        names: &mut HashMap<Arc<str>, Hub>,
        unused: &mut Vec<Hub>,
    ) -> Result<(), PublishError> {
        let most = self.inner.set.options.topics;
        if names.len() >= most {
            names.retain(|_, hub| {
                let keeps = !hub.is_unused();
                if !keeps {
                    unused.push(hub.clone());
                }
                keeps
            });
            if names.len() >= most {
                return Err(PublishError::TooManyTopics { limit: most });
            }
        }
        Ok(())
    }

    /// Publishes to the topic of this name, which is made if there is none. As
    /// [`Hub::publish`].
    ///
    /// # Errors
    /// Those of [`create`](Self::create) and of [`Hub::publish`].
    pub fn publish(&self, name: &str, event: Event<'_>) -> Result<Id, PublishError> {
        match self.get(name) {
            Some(hub) => hub.publish(event),
            None => self.create(name)?.publish(event),
        }
    }

    /// Takes the topic of this name out: its subscriptions end when nobody else holds it.
    ///
    /// One that is made under the name later is another log. It has an epoch of its own, so IDs of this
    /// one are unknown to it.
    #[expect(clippy::must_use_candidate, reason = "most callers want it gone")]
    pub fn remove(&self, name: &str) -> Option<Hub> {
        lock(&self.inner.names).remove(name)
    }

    /// The names that there are.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        lock(&self.inner.names).keys().cloned().collect()
    }

    /// What all of them have done and hold.
    #[must_use]
    pub fn metrics(&self) -> HubMetrics {
        self.inner.set.metrics()
    }

    /// Ends all connections of all topics. As [`Hub::drain`].
    pub async fn drain(&self, deadline: Duration, come_back: (Duration, Duration)) -> usize {
        self.inner.set.drain(deadline, come_back).await
    }
}
