//! What one process has of the topics that it serves.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::Instant,
};

use sse_codec::replay::Id;
use sse_codec_tokio::{Feed, Hub, Topics};
use tokio::sync::{mpsc, watch};

use crate::{
    batch::Batch,
    confirm::Confirm,
    entry::Entry,
    error::Error,
    keys::Keys,
    link::Link,
    lock::lock,
    options::RedisOptions,
    pages::{Log, Pages},
};

#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) options: RedisOptions,
    pub(crate) keys: Keys,
    pub(crate) link: Link,
    pub(crate) local: Topics,
    pub(crate) pages: Pages,
    pub(crate) confirm: Option<Confirm>,
    /// What is wrong, as the reading loop sees it.
    pub(crate) health: Mutex<Option<Error>>,
    places: Mutex<HashMap<Arc<str>, Weak<Place>>>,
    served: mpsc::UnboundedSender<Served>,
}

/// Where the reading loop is in a topic.
#[derive(Debug)]
pub(crate) struct Place {
    pub(crate) topic: Arc<str>,
    /// The last event that the ring has had; epoch 0 as long as nobody knows.
    pub(crate) cursor: watch::Sender<Id>,
    /// The question where the log is.
    pub(crate) ensure: Arc<Batch<Result<Id, Error>>>,
}

/// A topic for the reading loop.
#[derive(Debug)]
pub(crate) struct Served {
    pub(crate) place: Arc<Place>,
    pub(crate) feed: Feed,
    /// Since when nobody has been connected.
    pub(crate) unused_since: Option<Instant>,
}

impl Node {
    pub(crate) fn new(
        options: RedisOptions,
        link: Link,
    ) -> (Arc<Self>, mpsc::UnboundedReceiver<Served>) {
        let (served, reader) = mpsc::unbounded_channel();
        let node = Self {
            keys: Keys::new(&options.tag),
            local: Topics::new(options.hub.clone()),
            pages: Pages::new(options.page_bytes),
            confirm: options
                .replicas
                .map(|(count, within)| Confirm::new(count, within)),
            health: Mutex::default(),
            places: Mutex::default(),
            served,
            link,
            options,
        };
        (Arc::new(node), reader)
    }

    /// The topic as this process has it; the reading loop begins with it if it is new.
    pub(crate) fn serve(self: &Arc<Self>, topic: &Arc<str>) -> Result<(Hub, Arc<Place>), Error> {
        let mut places = lock(&self.places);
        if let Some(hub) = self.local.get(topic)
            && let Some(place) = places.get(topic).and_then(Weak::upgrade)
        {
            return Ok((hub, place));
        }
        let place = Arc::new(Place {
            topic: Arc::clone(topic),
            cursor: watch::Sender::new(Id { epoch: 0, seq: 0 }),
            ensure: Arc::default(),
        });
        let log = Log::new(self, &place);
        let (hub, feed) = self.local.fed(topic, log)?;
        places.retain(|_, place| place.strong_count() > 0);
        places.insert(Arc::clone(topic), Arc::downgrade(&place));
        let served = Served {
            place: Arc::clone(&place),
            feed,
            unused_since: None,
        };
        // Without a loop its runtime is gone, and the subscription ends with the feed.
        let _ = self.served.send(served);
        Ok((hub, place))
    }
}

impl Served {
    /// The one rule by which the ring is fed. What follows the cursor goes in. What comes later in the
    /// same epoch is after a gap, of which the feed tells all who are at the cursor. Another epoch makes
    /// their place unknown, and goes on at its floor.
    pub(crate) fn take(&self, entries: &[Entry]) {
        for entry in entries {
            if entry.id.seq > 0 {
                // What the ring has no room for is read in pages.
                let _ = self.feed.append(entry.id, &entry.frame);
            } else if self.feed.cursor().epoch != entry.id.epoch {
                self.feed.begin(entry.id);
            }
        }
        self.tell();
    }

    /// Tells those who wait for it where the ring is.
    pub(crate) fn tell(&self) {
        let cursor = self.feed.cursor();
        self.place.cursor.send_if_modified(|place| {
            let has_moved = *place != cursor;
            *place = cursor;
            has_moved
        });
    }
}
