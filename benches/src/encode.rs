//! The contestants that encode, and what they are given.

use std::hint::black_box;

use serde::{Deserialize, Serialize};

use cases::{Message, Payload};

pub mod cases;
mod floor;
mod ours;
#[cfg(feature = "encode-peers")]
mod peers;
pub mod table;
pub mod verdict;

/// One way of encoding.
#[derive(Clone, Copy, Debug)]
pub struct Encoder {
    /// The name in tables and on the command line; of a peer, that of its package.
    pub name: &'static str,
    /// Which part it plays.
    pub role: Role,
    /// Encodes all of the work, one event after the other. `None` when it refuses, or cannot.
    pub run: fn(Work, &mut Wire) -> Option<()>,
}

/// What a contestant is measured for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// `sse-codec`.
    Ours,
    /// One copy of the data.
    Floor,
    /// Somebody else's encoder.
    Peer,
}

/// What is encoded. All of it is owned by the application beforehand and only lent.
#[derive(Clone, Copy, Debug)]
pub enum Work {
    /// Events whose data is text.
    Messages(&'static [Message]),
    /// Events whose data is to be serialized as JSON.
    Payloads(&'static [Payload]),
    /// So many heartbeats.
    Heartbeats(usize),
}

impl Work {
    /// How many events or heartbeats.
    #[must_use]
    pub const fn len(self) -> usize {
        match self {
            Self::Messages(messages) => messages.len(),
            Self::Payloads(payloads) => payloads.len(),
            Self::Heartbeats(count) => count,
        }
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Where encoded bytes go: nowhere, unless they are recorded.
#[derive(Debug, Default)]
pub struct Wire {
    recorded: Option<Vec<u8>>,
}

impl Wire {
    /// One that keeps what it is given.
    #[must_use]
    pub const fn recording() -> Self {
        Self {
            recorded: Some(Vec::new()),
        }
    }

    /// What was recorded.
    #[must_use]
    pub fn recorded(&self) -> &[u8] {
        self.recorded.as_deref().unwrap_or_default()
    }

    /// Takes bytes, as a socket would.
    #[inline]
    pub fn take(&mut self, bytes: &[u8]) {
        black_box(bytes);
        if let Some(recorded) = &mut self.recorded {
            recorded.extend_from_slice(bytes);
        }
    }
}

/// All of them: ours, the floor, the peers.
#[must_use]
pub fn all() -> Vec<Encoder> {
    #[cfg(feature = "encode-peers")]
    let peers = peers::ALL;
    #[cfg(not(feature = "encode-peers"))]
    let peers = &[];
    [ours::ALL, floor::ALL, peers].concat()
}

impl Encoder {
    const fn new(name: &'static str, role: Role, run: fn(Work, &mut Wire) -> Option<()>) -> Self {
        Self { name, role, run }
    }
}
