use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::reason::{Reason, Summary};

/// Why connections ended, as far as they are counted apart.
const REASONS: [&str; 8] = [
    "finished",
    "peer_closed",
    "write_deadline",
    "lifetime",
    "shutdown",
    "source_failed",
    "dropped",
    "other",
];

#[derive(Debug, Default)]
pub(super) struct Counters {
    published: AtomicU64,
    connected: AtomicU64,
    refused: AtomicU64,
    delivered: AtomicU64,
    lagged: AtomicU64,
    bytes: AtomicU64,
    millis: AtomicU64,
    ended: [AtomicU64; REASONS.len()],
}

impl Counters {
    pub(super) fn published(&self) {
        add(&self.published, 1);
        #[cfg(feature = "metrics")]
        metrics::counter!("sse_published_total").increment(1);
    }

    pub(super) fn connected(&self) {
        add(&self.connected, 1);
        #[cfg(feature = "metrics")]
        {
            metrics::counter!("sse_connected_total").increment(1);
            metrics::gauge!("sse_connections").increment(1.0);
        }
    }

    pub(super) fn refused(&self) {
        add(&self.refused, 1);
        #[cfg(feature = "metrics")]
        metrics::counter!("sse_refused_total").increment(1);
    }

    pub(super) fn delivered(&self, events: u64) {
        add(&self.delivered, events);
        #[cfg(feature = "metrics")]
        metrics::counter!("sse_delivered_total").increment(events);
    }

    pub(super) fn lagged(&self) {
        add(&self.lagged, 1);
        #[cfg(feature = "metrics")]
        metrics::counter!("sse_lagged_total").increment(1);
    }

    /// A connection that was subscribed has ended, served or not.
    pub(super) fn ended(&self, reason: Reason, summary: Option<&Summary>) {
        let which = number(reason);
        if let Some(ended) = self.ended.get(which) {
            add(ended, 1);
        }
        if let Some(summary) = summary {
            add(&self.bytes, summary.bytes);
            add(&self.millis, summary.duration.as_millis() as u64);
        }
        #[cfg(feature = "metrics")]
        {
            metrics::gauge!("sse_connections").decrement(1.0);
            metrics::counter!("sse_ended_total", "reason" => REASONS[which]).increment(1);
            if let Some(summary) = summary {
                metrics::counter!("sse_bytes_total").increment(summary.bytes);
                metrics::histogram!("sse_connection_seconds")
                    .record(summary.duration.as_secs_f64());
            }
        }
    }

    pub(super) fn snapshot(
        &self,
        connections: usize,
        topics: usize,
        ring_bytes: usize,
    ) -> HubMetrics {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let mut ended = [("", 0); REASONS.len()];
        for ((to, name), counter) in ended.iter_mut().zip(REASONS).zip(&self.ended) {
            *to = (name, get(counter));
        }
        HubMetrics {
            connections,
            topics,
            ring_bytes,
            connected: get(&self.connected),
            refused: get(&self.refused),
            published: get(&self.published),
            delivered: get(&self.delivered),
            lagged: get(&self.lagged),
            bytes: get(&self.bytes),
            duration: Duration::from_millis(get(&self.millis)),
            ended,
        }
    }
}

fn add(counter: &AtomicU64, count: u64) {
    counter.fetch_add(count, Ordering::Relaxed);
}

const fn number(reason: Reason) -> usize {
    match reason {
        Reason::Finished => 0,
        Reason::PeerClosed => 1,
        Reason::WriteDeadline => 2,
        Reason::Lifetime => 3,
        Reason::Shutdown => 4,
        Reason::SourceFailed => 5,
        Reason::Dropped => 6,
        _ => 7,
    }
}

/// What a hub has done since its start, and what it holds.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HubMetrics {
    /// Connections that there are, served or only subscribed.
    pub connections: usize,
    /// Topics that there are.
    pub topics: usize,
    /// Bytes of memory for the frames that are kept.
    pub ring_bytes: usize,
    /// Connections there ever were.
    pub connected: u64,
    /// Connections that were refused.
    pub refused: u64,
    /// Events that were published.
    pub published: u64,
    /// Events that were handed to a transport, once for each connection.
    pub delivered: u64,
    /// How often a connection was behind too far.
    pub lagged: u64,
    /// Bytes that were handed to the transports of connections that have ended.
    pub bytes: u64,
    /// How long these were served, all together.
    pub duration: Duration,
    /// Connections that have ended, by reason.
    pub ended: [(&'static str, u64); REASONS.len()],
}
