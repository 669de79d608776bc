//! What there is to tell, and what was told last: a hub.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::{Value, json};
use sse_codec::{Event, lossy};
use sse_codec_tokio::{EncodedFrame, Hub, HubOptions, Outcome, Refused, Subscribe, Subscription};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

/// How much can be sent again to a client that comes back.
const KEPT: HubOptions = HubOptions::new()
    .bytes(4 << 20)
    .events(20_000)
    .age(Duration::from_secs(300));

/// The most streams there may be.
const MOST_STREAMS: usize = 5_000;

pub(crate) struct News {
    pub(crate) shutdown: CancellationToken,
    hub: Hub,
    connections: AtomicU64,
}

impl News {
    pub(crate) fn new(shutdown: &CancellationToken) -> Self {
        Self {
            shutdown: shutdown.clone(),
            hub: Hub::new(KEPT.connections(MOST_STREAMS)),
            connections: AtomicU64::new(0),
        }
    }

    /// Makes events, now more, now fewer of them, until shutdown.
    pub(crate) async fn make(self: Arc<Self>) {
        let mut n: u64 = 0;
        let mut told = 0;
        while !self.shutdown.is_cancelled() {
            n += 1;
            let phase = n as f64 / 40.0;
            let rate = 12.0 + 6.0 * phase.sin() + 3.0 * (phase * 3.7).sin();
            let sent = SystemTime::now().duration_since(UNIX_EPOCH);
            let sent = sent.unwrap_or_default().as_secs_f64() * 1e3;
            let data = json!({ "n": n, "sent": sent, "load": (rate * 10.0).round() / 10.0 });
            self.publish(b"tick", data.to_string().as_bytes());
            // Not at every coming and going: a crowd would drown the others in it.
            let clients = self.clients();
            if clients != told {
                told = clients;
                self.publish(b"clients", clients.to_string().as_bytes());
            }
            tokio::select! {
                () = sleep(Duration::from_secs_f64(1.0 / rate)) => {}
                () = self.shutdown.cancelled() => {}
            }
        }
    }

    /// What a visitor says, whatever bytes it is: it arrives as text of as many lines.
    pub(crate) fn say(&self, text: &[u8]) {
        self.publish(b"chat", lossy(text).to_string().as_bytes());
    }

    /// A connection's number, and its events: a welcome that says what became of its place, what it has
    /// missed since `resume`, and what comes. One that falls too far behind ends, and comes back with
    /// the ID it has.
    pub(crate) fn subscribe(
        &self,
        resume: &[u8],
        peer: impl ToString,
    ) -> Result<(u64, Subscription), Refused> {
        let number = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let clients = self.clients() + 1;
        let resumed_from = lossy(resume).to_string();
        let welcome = move |outcome, id: &[u8]| {
            let (outcome, events) = match outcome {
                Outcome::New => ("new", 0),
                Outcome::Resumed { replayed } => ("resumed", replayed),
                Outcome::Gap { lost } => ("gap", lost),
                Outcome::Unknown => ("unknown", 0),
                Outcome::Pending => ("pending", 0),
            };
            let welcome = json!({
                "connection": number,
                "resumed_from": resumed_from,
                "clients": clients,
                "outcome": outcome,
                "events": events,
            });
            EncodedFrame::event(Event::text(&welcome.to_string()).with_id(id)).ok()
        };
        let subscribe = Subscribe::after(Some(resume))
            .tag(format!("{number} from {}", peer.to_string()))
            .open_with(welcome);
        Ok((number, self.hub.subscribe(subscribe)?))
    }

    pub(crate) fn clients(&self) -> usize {
        self.hub.metrics().connections
    }

    /// Ends the streams that are open now.
    pub(crate) fn cut_streams(&self) {
        self.hub.close_where(|_| true);
    }

    /// Who is connected, and what the hub holds: for the page's panel.
    pub(crate) fn panel(&self) -> Value {
        let metrics = self.hub.metrics();
        let mut connections = self.hub.connections();
        connections.sort_by_key(|one| one.id);
        let connections = connections.iter().take(100).map(|one| {
            json!({
                "name": one.tag.as_deref().unwrap_or_default(),
                "seconds": one.age.as_secs(),
                "lag": one.lag,
                "sent": one.sent,
            })
        });
        json!({
            "connections": connections.collect::<Vec<_>>(),
            "count": metrics.connections,
            "published": metrics.published,
            "delivered": metrics.delivered,
            "ring_bytes": metrics.ring_bytes,
            "lagged": metrics.lagged,
            "refused": metrics.refused,
        })
    }

    fn publish(&self, event_type: &[u8], data: &[u8]) {
        // What a visitor says has at most 4 KiB and no type of its own, so nothing is refused.
        let _ = self.hub.publish(Event::new(data).with_type(event_type));
    }
}
