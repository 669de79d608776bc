//! Servers under load: ours, axum and a bare tokio loop, with the same client in the same run.
//!
//! Everything happens on the loopback interface, is bounded in connections and time, and ends by
//! itself.
//!
//! - [`latency`]: how soon a client has the head and the first byte, and how soon the server
//!   notices that it has gone;
//! - [`stalled`]: what a client that never reads costs, and when it is evicted;
//! - [`idle`]: memory per idle connection;
//! - [`fanout`]: processor time per delivery of one event to many clients;
//! - [`storm`]: how long `publish` takes, and what it costs when all clients come back at once.
//!
//! The last three have the [`server`] in a process of its own, driven over a pipe by
//! [`process::Server`], and the [`client`] in this one.

pub mod client;
pub mod fanout;
pub mod handler;
pub mod hub;
pub mod idle;
pub mod latency;
pub mod process;
pub mod server;
pub mod stalled;
pub mod storm;

/// What a client asks for.
pub const REQUEST: &[u8] =
    b"GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n\r\n";

/// How long anything that has to happen may take.
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
