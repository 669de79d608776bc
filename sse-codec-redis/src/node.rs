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
