//! Memory per idle connection.

use std::{io, thread, time::Duration};

use serde::Serialize;

use super::{
    client::Clients,
    process::{Memory, Server},
    server::Kind,
};

/// How many events a burst has.
pub const BURST: usize = 20;

/// What a server holds with few and with many connections, after every one has had heartbeats.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    /// Without a connection.
    pub none: Memory,
    /// With few.
    pub few: Memory,
    /// With many.
    pub many: Memory,
    /// With many, after a burst of events to everybody.
    pub after_burst: Memory,
    /// How many are few and many.
    pub connections: (usize, usize),
}

impl Figures {
    /// Bytes per further connection: resident, and live on the heap.
    #[must_use]
    pub fn slope(&self) -> (f64, f64) {
        let further = (self.connections.1 - self.connections.0) as f64;
        let per = |few: u64, many: u64| (many as f64 - few as f64) / further;
        (
            per(self.few.resident, self.many.resident),
            per(self.few.heap, self.many.heap),
        )
    }

    /// Live bytes of the heap per connection that a burst has left behind.
    #[must_use]
    pub fn left_behind(&self) -> f64 {
        let more = self.after_burst.heap as f64 - self.many.heap as f64;
        more / self.connections.1 as f64
    }
}

/// Measures one kind of server.
///
/// # Errors
/// When a connection is not answered, or ends.
pub fn measure(kind: Kind, few: usize, many: usize, heartbeat: Duration) -> io::Result<Figures> {
    let mut server = Server::start(kind, heartbeat)?;
    let mut clients = Clients::new(server.address())?;
    let none = server.memory()?;
    clients.open(few)?;
    let with_few = settled(&mut server, few, heartbeat)?;
    clients.open(many - few)?;
    let with_many = settled(&mut server, many, heartbeat)?;
    server.publish(BURST)?;
    clients.wait_events((BURST * many) as u64)?;
    let after_burst = settled(&mut server, many, heartbeat)?;
    if clients.ended() > 0 {
        return Err(io::Error::other("an idle connection has ended"));
    }
    Ok(Figures {
        none,
        few: with_few,
        many: with_many,
        after_burst,
        connections: (few, many),
    })
}

fn settled(server: &mut Server, connections: usize, heartbeat: Duration) -> io::Result<Memory> {
    server.wait_connections(connections)?;
    // Two heartbeats for everybody.
    thread::sleep(heartbeat * 2 + Duration::from_millis(500));
    server.wait_connections(connections)?;
    server.memory()
}
