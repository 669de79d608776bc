use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::topic::State;
use crate::reason::Reason;

/// A connection of a topic, as the topic knows it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) number: u64,
    pub(super) tag: Option<Arc<str>>,
    since: Instant,
    /// The last event that was given to it.
    pub(super) after: u64,
    /// The last event that it will not ask for again.
    pub(super) kept: u64,
    /// How many events were handed to its transport.
    pub(super) sent: u64,
    pub(super) is_waited_for: bool,
    pub(super) is_served: bool,
    pub(super) verdict: Option<Verdict>,
}

/// How a connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// In good order, now.
    Close,
    /// In good order, after what there is; the client is to come back after this time.
    Drain(Duration),
    /// At once.
    Cut,
}

impl Connection {
    pub(super) fn new(number: u64, tag: Option<Arc<str>>, after: u64, is_waited_for: bool) -> Self {
        Self {
            number,
            tag,
            since: Instant::now(),
            after,
            kept: after,
            sent: 0,
            is_waited_for,
            is_served: false,
            verdict: None,
        }
    }

    pub(super) fn info(&self, head: u64) -> ConnectionInfo {
        ConnectionInfo {
            id: ConnectionId(self.number),
            tag: self.tag.clone(),
            age: self.since.elapsed(),
            lag: head.saturating_sub(self.after),
            sent: self.sent,
            is_served: self.is_served,
        }
    }
}

/// A connection's number, unlike that of any other connection of its [`Hub`](crate::Hub) or
/// [`Topics`](crate::Topics).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub(super) u64);

/// What a hub knows of a connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ConnectionInfo {
    /// Its number.
    pub id: ConnectionId,
    /// What its handler [has called it](crate::Subscribe::tag).
    pub tag: Option<Arc<str>>,
    /// How long ago it was subscribed.
    pub age: Duration,
    /// How many events it has not been given yet.
    pub lag: u64,
    /// How many events were handed to its transport.
    pub sent: u64,
    /// Whether it is being served, and not only subscribed.
    pub is_served: bool,
}

/// Somebody joins or leaves.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Presence {
    /// The connection begins to be served.
    Joined {
        /// The topic's name; none for a hub of its own.
        topic: Option<Arc<str>>,
        /// The connection.
        connection: ConnectionInfo,
    },
    /// The connection has ended.
    Left {
        /// The topic's name; none for a hub of its own.
        topic: Option<Arc<str>>,
        /// The connection.
        connection: ConnectionInfo,
        /// Why it has ended.
        reason: Reason,
    },
}

impl State {
    pub(super) fn infos(&self) -> Vec<ConnectionInfo> {
        let head = self.ring.window().head().seq;
        let connections = self.connections.iter().flatten();
        connections.map(|one| one.info(head)).collect()
    }

    /// Gives a verdict on those it is meant for, by slot, unless there is one; the wakers to be woken.
    pub(super) fn judge(
        &mut self,
        mut verdict: impl FnMut(&Connection) -> Option<Verdict>,
    ) -> (usize, Vec<std::task::Waker>) {
        let (mut count, mut wakers) = (0, Vec::new());
        for (slot, connection) in self.connections.iter_mut().enumerate() {
            let Some(connection) = connection else {
                continue;
            };
            let Some(verdict) = verdict(connection) else {
                continue;
            };
            if connection.verdict.is_none() || verdict == Verdict::Cut {
                connection.verdict = Some(verdict);
                count += 1;
                wakers.extend(self.parking.take_one(slot as u32));
            }
        }
        (count, wakers)
    }
}
