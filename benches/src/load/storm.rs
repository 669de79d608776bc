//! What a hub is for beside fan-out: publishers that are not held up, and many clients that come back
//! at once.

use std::{
    io,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{client::Clients, fanout::middle, process::Server, server::Kind};

/// How many events each client has missed.
pub const MISSED: usize = 1_000;
/// How many calls of `publish` in a row are timed.
pub const CALLS: usize = 100;

/// A server and its figures.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    /// What serves.
    pub name: &'static str,
    /// Microseconds that one of [`CALLS`] calls of `publish` took, with so many connections: the median,
    /// and the distance of the quartiles.
    pub publish: (f64, f64),
    /// Until all had come back and had got what they have missed.
    pub back: Duration,
    /// The server's processor time for each.
    pub processor: Duration,
}

/// Measures one kind of server over a hub with so many clients.
///
/// # Errors
/// When a client does not get what it has missed, once.
pub fn measure(kind: Kind, clients: usize, rounds: usize) -> io::Result<Figures> {
    let heartbeat = Duration::from_secs(600);
    let mut server = Server::start(kind, heartbeat)?;
    let mut group = Clients::new(server.address())?;
    let place = server.place()?;
    group.open(clients)?;
    server.wait_connections(clients)?;
    let mut calls = Vec::new();
    let mut published = 0;
    for _ in 0..rounds {
        let target = group.events() + (CALLS * clients) as u64;
        let taken = server.publish(CALLS)?;
        group.wait_events(target)?;
        calls.push(taken.as_secs_f64() * 1e6 / CALLS as f64);
        published += CALLS;
    }
    drop(group);
    server.wait_connections(0)?;
    while published < MISSED {
        server.publish(CALLS)?;
        published += CALLS;
    }
    let (epoch, _) = place.split_once('-').unwrap_or_default();
    let id = format!("{epoch}-{}", published - MISSED);
    let request = format!(
        "GET /events HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: text/event-stream\r\n\
         last-event-id: {id}\r\n\r\n"
    );
    let mut group = Clients::new(server.address())?;
    let before = server.processor()?;
    let start = Instant::now();
    group.open_with(clients, request.as_bytes(), 500)?;
    group.wait_events((clients * MISSED) as u64)?;
    let back = start.elapsed();
    let processor = server.processor()?.saturating_sub(before) / clients as u32;
    Ok(Figures {
        name: kind.name(),
        publish: middle(calls),
        back,
        processor,
    })
}
