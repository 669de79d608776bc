//! Processor time per delivery of one event to many clients.

use std::{io, thread, time::Duration};

use serde::Serialize;

use super::{client::Clients, process::Server, server::Kind};

/// How many events a burst has.
pub const BURST: usize = 100;
/// How many single events make a round.
const SINGLES: usize = 10;
/// No heartbeat meanwhile.
const HEARTBEAT: Duration = Duration::from_secs(600);

/// Microseconds of the server's processor time per event and client, a median over the rounds and
/// how far the middle half of them spreads.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Figures {
    /// What serves.
    pub name: &'static str,
    /// Events published together.
    pub burst: (f64, f64),
    /// Events published when the one before has arrived everywhere.
    pub single: (f64, f64),
    /// How many times as much as the first of the servers took in the same round, burst and single.
    pub ratios: [(f64, f64); 2],
}

/// Measures these servers in interleaved rounds.
///
/// # Errors
/// When an event does not arrive at every client, once.
pub fn measure(kinds: &[Kind], clients: usize, rounds: usize) -> io::Result<Vec<Figures>> {
    let mut contestants = Vec::new();
    for kind in kinds {
        let mut server = Server::start(*kind, HEARTBEAT)?;
        let mut group = Clients::new(server.address())?;
        group.open(clients)?;
        server.wait_connections(clients)?;
        contestants.push(Contestant {
            server,
            clients: group,
            count: clients,
            bursts: Vec::new(),
            singles: Vec::new(),
        });
    }
    thread::sleep(Duration::from_millis(500));
    let count = contestants.len();
    // The first round is for warming up.
    for round in 0..=rounds {
        for place in 0..count {
            let contestant = &mut contestants[(place + round) % count];
            let burst = contestant.time(1, BURST)?;
            let single = contestant.time(SINGLES, 1)?;
            if round > 0 {
                contestant.bursts.push(burst);
                contestant.singles.push(single);
            }
        }
    }
    let Some(first) = contestants.first() else {
        return Ok(Vec::new());
    };
    let floors = [first.bursts.clone(), first.singles.clone()];
    let figures = contestants.into_iter().map(|contestant| {
        let ratio = |values: &[f64], floor: &[f64]| {
            middle(
                values
                    .iter()
                    .zip(floor)
                    .map(|(value, floor)| value / floor)
                    .collect(),
            )
        };
        Figures {
            name: contestant.server.kind().name(),
            ratios: [
                ratio(&contestant.bursts, &floors[0]),
                ratio(&contestant.singles, &floors[1]),
            ],
            burst: middle(contestant.bursts),
            single: middle(contestant.singles),
        }
    });
    Ok(figures.collect())
}

struct Contestant {
    server: Server,
    clients: Clients,
    count: usize,
    bursts: Vec<f64>,
    singles: Vec<f64>,
}

impl Contestant {
    fn time(&mut self, times: usize, events: usize) -> io::Result<f64> {
        let deliveries = (events * self.count) as u64;
        let before = self.server.processor()?;
        for _ in 0..times {
            let target = self.clients.events() + deliveries;
            self.server.publish(events)?;
            self.clients.wait_events(target)?;
        }
        let taken = self.server.processor()?.saturating_sub(before);
        Ok(taken.as_secs_f64() * 1e6 / (times as u64 * deliveries) as f64)
    }
}

/// The median, and the distance of the quartiles.
pub(super) fn middle(mut values: Vec<f64>) -> (f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| values[((values.len() - 1) as f64 * part).round() as usize];
    (at(0.5), at(0.75) - at(0.25))
}
