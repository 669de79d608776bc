//! Many connections, one log: see [`Hub`].
//!
//! ```text
//!  publish ──▶ topic: ring of frames, registry ──▶ subscription: a place in the ring ──▶ connection
//!                │  ▲
//!           wake │  │ sweep by age
//!                ▼  │
//!               pump: one task for all topics
//! ```

mod age;
mod backlog;
mod drain;
mod epoch;
mod error;
mod feed;
mod filter;
mod given;
mod handle;
mod index;
mod look;
mod metrics;
mod notice;
mod options;
mod registry;
mod ring;
mod set;
mod subscribe;
mod subscription;
mod sync;
mod topic;
mod topics;
mod wake;

use std::{sync::Arc, time::Duration};

use sse_codec::{Event, replay::Id};

use backlog::Log;
use handle::Handle;
use set::Set;
use topic::Topic;

pub use backlog::{Backlog, Page, PageFuture};
pub use error::{PublishError, Refused, SubscriptionError};
pub use feed::Feed;
pub use metrics::HubMetrics;
pub use options::HubOptions;
pub use registry::{ConnectionId, ConnectionInfo, Presence};
pub use sse_codec::replay::Outcome;
pub use subscribe::{Behind, Start, Subscribe};
pub use subscription::Subscription;
pub use topics::Topics;

/// Events for many connections, kept for those that come back.
///
/// An event is encoded once, whatever the number of connections, and lies in a log of bounded size. A
/// subscription is a place in that log; what its client has missed and what is published now are one
/// sequence to it. Publishing takes the same time for one connection as for ten thousand, and a client
/// that does not read holds up nobody.
///
/// ```
/// use std::time::Duration;
///
/// use sse_codec::Event;
/// use sse_codec_tokio::{Hub, HubOptions, Outcome, Subscribe};
///
/// const FIVE_MINUTES: Duration = Duration::from_secs(300);
///
/// let hub = Hub::new(HubOptions::new().bytes(4 << 20).events(50_000).age(FIVE_MINUTES));
///
/// // Anywhere, also outside of a runtime:
/// let id = hub.publish(Event::text("hi"))?;
/// hub.publish(Event::text("there"))?;
///
/// // In a handler, of the header `Last-Event-ID`:
/// let header = id.to_string();
/// let news = hub.subscribe(Subscribe::after(Some(header.as_bytes())))?;
/// assert_eq!(news.outcome(), Outcome::Resumed { replayed: 1 });
/// // serve(io, news, options).await, or EventBody::new(news, options)
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # The first frame
/// A stream begins with an event of the type `replay`, whose data says what became of the client's place:
/// `{"outcome":"new"}`, `{"outcome":"resumed","replayed":3}`, `{"outcome":"gap","lost":17}` or
/// `{"outcome":"unknown"}`. It carries the ID *just before* the first event that follows. A client that is
/// cut before it had an event comes back to the right place, therefore. [`Subscribe`] has other ways.
/// The same event comes in mid-stream when something has been lost there.
///
/// # IDs
/// The hub numbers its events: `1764100000000123456-17` is event 17 of a log whose epoch is that number.
/// An epoch is one life of one log, so an ID of another topic or of an earlier start is
/// [`Unknown`](Outcome::Unknown), and never mistaken.
///
/// # Runtimes
/// A hub can be made and published to anywhere. What wakes the connections is a task that starts in the
/// runtime of the first that waits; when that runtime goes, another one's takes over.
#[derive(Clone, Debug)]
pub struct Hub {
    handle: Arc<Handle>,
}

impl Hub {
    /// An empty log.
    #[must_use]
    pub fn new(options: HubOptions) -> Self {
        let topic = Topic::new(&Set::new(options), None, None);
        Self {
            handle: Arc::new(Handle { topic }),
        }
    }

    /// A hub whose events come from a log that lies elsewhere, with the IDs they have there. The ring has
    /// the latest of them, from the feed; what is older is read in pages.
    ///
    /// The log may be ahead of the feed. A client that comes back with an ID which is not in the ring has
    /// an outcome that is [`Pending`](Outcome::Pending) until the log was asked; its connection begins
    /// meanwhile.
    #[must_use]
    pub fn fed(options: HubOptions, log: impl Backlog) -> (Self, Feed) {
        let log = Log(Arc::new(log));
        let after = Id { epoch: 0, seq: 0 };
        let topic = Topic::new(&Set::new(options), None, Some((after, log)));
        let feed = Feed {
            topic: Arc::clone(&topic),
        };
        let handle = Arc::new(Handle { topic });
        (Self { handle }, feed)
    }

    /// Publishes an event, and says which ID it has. Never waits: what is too much for the log after it is
    /// evicted.
    ///
    /// # Errors
    /// See [`PublishError`]. Nothing was published then.
    pub fn publish(&self, event: Event<'_>) -> Result<Id, PublishError> {
        self.handle.topic.publish(event, 0)
    }

    /// As [`publish`](Self::publish), with a tag that subscriptions
    /// [can filter by](Subscribe::only_tags). Tags take 8 bytes an event, from the first one that is not 0.
    ///
    /// # Errors
    /// As [`publish`](Self::publish).
    pub fn publish_tagged(&self, event: Event<'_>, tag: u64) -> Result<Id, PublishError> {
        self.handle.topic.publish(event, tag)
    }

    /// As [`publish`](Self::publish), but waits until the readers that
    /// [are waited for](Behind::Wait) have had what would be evicted.
    ///
    /// # Errors
    /// [`PublishError::TimedOut`] when they have not after this time. The event is not published then;
    /// it is borrowed, so the caller still has it.
    ///
    /// # Cancel safety
    /// A dropped future has published nothing.
    pub async fn publish_within(
        &self,
        event: Event<'_>,
        time: Duration,
    ) -> Result<Id, PublishError> {
        self.handle.topic.publish_within(event, 0, time).await
    }

    /// A place in the log for one connection. The place is taken now, so nothing that is published before
    /// the connection is served is missed.
    ///
    /// # Errors
    /// [`Refused`] when there are as many connections as there may be. Nothing has been sent yet:
    /// answer 503.
    pub fn subscribe(&self, subscribe: Subscribe<'_>) -> Result<Subscription, Refused> {
        self.handle.topic.subscribe(subscribe)
    }

    /// The connections there are.
    #[must_use]
    pub fn connections(&self) -> Vec<ConnectionInfo> {
        self.handle.topic.lock().infos()
    }

    /// Whether there is any connection.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        !self.handle.topic.lock().parking.is_vacant()
    }

    /// Ends a connection in good order. `false` when there is no such connection any more.
    #[expect(
        clippy::must_use_candidate,
        reason = "that it is gone by now is as good"
    )]
    pub fn close(&self, id: ConnectionId) -> bool {
        self.handle.topic.close(|number| number == id.0) > 0
    }

    /// Ends the connections of which this is true, in good order. How many they are.
    pub fn close_where(&self, mut ends: impl FnMut(&ConnectionInfo) -> bool) -> usize {
        // The caller's code does not run under a lock.
        let infos = self.connections();
        let chosen: Vec<u64> = infos
            .iter()
            .filter(|one| ends(one))
            .map(|one| one.id.0)
            .collect();
        self.handle
            .topic
            .close(|number| chosen.binary_search(&number).is_ok())
    }

    /// What the hub has done and holds; of one of [`Topics`], what all of them have and hold.
    #[must_use]
    pub fn metrics(&self) -> HubMetrics {
        self.handle.topic.set.metrics()
    }

    /// Ends all connections, and takes no new ones from now on. What has been published is sent first,
    /// then a time to come back after, drawn evenly between the two given, so that not all clients come
    /// back at once.
    ///
    /// A connection that has not taken all of it when the deadline is over is cut. Returns when all have
    /// ended, and how many had to be cut.
    ///
    /// # Cancel safety
    /// The connections end all the same; none is cut.
    pub async fn drain(&self, deadline: Duration, come_back: (Duration, Duration)) -> usize {
        self.handle.topic.set.drain(deadline, come_back).await
    }

    /// Whether nobody else holds it, nobody is connected, and nothing is kept.
    fn is_unused(&self) -> bool {
        let topic = &self.handle.topic;
        Arc::strong_count(&self.handle) == 1 && topic.is_unused()
    }
}
