//! The contestants that decode.

use serde::{Deserialize, Serialize};

use crate::input::{Counts, Input};

pub mod cell;
pub mod floors;
mod ours;
#[cfg(feature = "decode-peers")]
mod peers;
pub mod table;

pub use ours::ParseOnce;

/// One way of decoding a stream.
#[derive(Clone, Copy, Debug)]
pub struct Decoder {
    /// The name in tables and on the command line; of a peer, that of its package.
    pub name: &'static str,
    /// Which part it plays.
    pub role: Role,
    /// Decodes a whole stream from its start, with a new decoder.
    pub run: fn(Input) -> Counts,
}

/// What a contestant is measured for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// `sse-codec`, giving bytes.
    Ours,
    /// `sse-codec`, every event's data checked to be UTF-8, as the peers do.
    OursText,
    /// What the machine can do on these bytes. Finds no events.
    Floor,
    /// Somebody else's decoder.
    Peer,
}

/// All of them: ours, the floors, the peers.
#[must_use]
pub fn all() -> Vec<Decoder> {
    #[cfg(feature = "decode-peers")]
    let peers = peers::ALL;
    #[cfg(not(feature = "decode-peers"))]
    let peers = &[];
    [ours::ALL, floors::ALL, peers].concat()
}

impl Decoder {
    const fn new(name: &'static str, role: Role, run: fn(Input) -> Counts) -> Self {
        Self { name, role, run }
    }
}
