//! Publishers on plain threads, clients in two runtimes that come and go. Each client keeps its parser
//! from connection to connection, as a browser does, and holds what it gets against the numbers in it:
//! every event once and in order, or it was told how many it has lost.
//!
//! Nothing is timed. A client that hangs shows at the end: all of them have to reach the last event.

use std::{
    env, process,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use sse_codec::{Chunk, Event, Growable, Parser, replay::Id};
use sse_codec_tokio::{Behind, Framing, Hub, HubOptions, ServeOptions, Subscribe, Topics, serve};
use tokio::{
    io::{AsyncReadExt, duplex},
    runtime,
    time::timeout,
};

const CLIENTS: u64 = 200;
const PUBLISHERS: u64 = 2;
const TOPICS: [&str; 2] = ["one", "two"];
/// The last events of all.
const LAST: &str = "the end";

#[derive(Default)]
struct Counts {
    events: AtomicU64,
    connections: AtomicU64,
    gaps: AtomicU64,
    unknown: AtomicU64,
}

fn main() {
    let seconds = env::var("STRESS_SECONDS").ok();
    let seconds = seconds
        .and_then(|seconds| seconds.parse().ok())
        .unwrap_or(60);
    let end = Instant::now() + Duration::from_secs(seconds);
    let topics = Topics::new(
        HubOptions::new()
            .bytes(64 * 1024)
            .events(500)
            .age(Duration::from_secs(2)),
    );
    let hubs: Vec<Hub> = TOPICS.map(|name| topics.create(name).expect("room")).into();
    let over = Arc::new(AtomicBool::new(false));
    let publishers: Vec<_> = (0..PUBLISHERS)
        .map(|number| {
            let (hubs, over) = (hubs.clone(), Arc::clone(&over));
            thread::spawn(move || publish(&hubs, &over, number))
        })
        .collect();
    let counts = Arc::new(Counts::default());
    let mut last = None;
    let mut generation = 0;
    // Runtimes come and go, two at a time; with them the pump.
    while Instant::now() < end {
        let next = runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        for number in 0..CLIENTS / 2 {
            let hub = hubs[number as usize % hubs.len()].clone();
            let counts = Arc::clone(&counts);
            next.spawn(async move {
                let mut client = Client::new(hub, counts, generation << 16 | number);
                client.roam().await;
            });
        }
        thread::sleep(Duration::from_millis(1_500));
        if let Some(before) = last.replace(next) {
            drop::<runtime::Runtime>(before);
        }
        generation += 1;
    }
    // The last of them see the end.
    let next = runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .expect("a runtime");
    let clients: Vec<_> = (0..CLIENTS)
        .map(|number| {
            let hub = hubs[number as usize % hubs.len()].clone();
            let counts = Arc::clone(&counts);
            next.spawn(async move { Client::new(hub, counts, number << 32).roam().await })
        })
        .collect();
    thread::sleep(Duration::from_millis(500));
    // The pump was in there, most probably.
    drop(last);
    over.store(true, Relaxed);
    for publisher in publishers {
        publisher.join().expect("a publisher");
    }
    // Again and again, since it grows too old as all others do.
    let is_done = Arc::new(AtomicBool::new(false));
    let closing = {
        let (hubs, is_done) = (hubs.clone(), Arc::clone(&is_done));
        thread::spawn(move || {
            while !is_done.load(Relaxed) {
                for hub in &hubs {
                    hub.publish(Event::text(LAST)).expect("a valid event");
                }
                thread::sleep(Duration::from_millis(100));
            }
        })
    };
    next.block_on(async {
        for client in clients {
            match timeout(Duration::from_secs(30), client).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => fail(&format!("a client: {error}")),
                Err(_) => fail("a client has not seen the end"),
            }
        }
    });
    is_done.store(true, Relaxed);
    closing.join().expect("the last publisher");
    let get = |counter: &AtomicU64| counter.load(Relaxed);
    println!(
        "{} published, {} received, {} connections, {} gaps, {} unknown, {} runtimes",
        topics.metrics().published,
        get(&counts.events),
        get(&counts.connections),
        get(&counts.gaps),
        get(&counts.unknown),
        generation + 1,
    );
    let metrics = topics.metrics();
    if metrics.connections != 0 {
        fail(&format!("{} connections are left", metrics.connections));
    }
    if get(&counts.gaps) == 0 || get(&counts.events) < 10_000 {
        fail("not much has happened");
    }
}

fn fail(what: &str) -> ! {
    eprintln!("{what}");
    process::exit(1)
}

/// Bursts, pauses, and events of all sizes.
fn publish(hubs: &[Hub], over: &AtomicBool, seed: u64) {
    let mut random = Random(seed + 1);
    while !over.load(Relaxed) {
        let hub = &hubs[random.below(hubs.len() as u64) as usize];
        for _ in 0..random.below(20) {
            let len = match random.below(50) {
                0 => random.below(20_000),
                _ => random.below(300),
            };
            let data = "x".repeat(len as usize);
            hub.publish(Event::text(&data)).expect("a valid event");
        }
        thread::sleep(Duration::from_micros(random.below(2_000)));
    }
}

struct Client {
    hub: Hub,
    counts: Arc<Counts>,
    random: Random,
    parser: Parser<Growable>,
    /// The last event it has had.
    at: Option<Id>,
    has_seen_end: bool,
}

impl Client {
    fn new(hub: Hub, counts: Arc<Counts>, seed: u64) -> Self {
        Self {
            hub,
            counts,
            random: Random(seed + 1),
            parser: Parser::growable(1 << 20),
            at: None,
            has_seen_end: false,
        }
    }

    /// Comes, stays for a while, vanishes, comes back, until it has seen the last event.
    async fn roam(&mut self) {
        while !self.has_seen_end {
            self.connect().await;
            self.counts.connections.fetch_add(1, Relaxed);
            if self.random.below(4) == 0 {
                let away = Duration::from_millis(self.random.below(300));
                tokio::time::sleep(away).await;
            }
        }
    }

    async fn connect(&mut self) {
        let id = self.parser.last_event_id().to_vec();
        let behind = [Behind::Disconnect, Behind::Skip][self.random.below(2) as usize];
        let subscribe = Subscribe::after(Some(&id)).behind(behind);
        let events = self.hub.subscribe(subscribe).expect("no bound");
        let (io, mut peer) = duplex(1 + self.random.below(8_000) as usize);
        let options = Arc::new(ServeOptions::new());
        let serving = tokio::spawn(serve(io, events, options.framed(Framing::Elsewhere)));
        self.parser.reset();
        let mut reads = match self.random.below(3) {
            0 => u64::MAX,
            _ => self.random.below(200),
        };
        let mut space = vec![0; 1 + self.random.below(5_000) as usize];
        while reads > 0 && !self.has_seen_end {
            match peer.read(&mut space).await {
                Ok(0) | Err(_) => break,
                Ok(count) => self.take(&space[..count]),
            }
            if self.random.below(100) == 0 {
                // It stalls.
                tokio::time::sleep(Duration::from_millis(self.random.below(50))).await;
            }
            reads -= 1;
        }
        drop(peer);
        if self.random.below(2) == 0 {
            serving.abort();
        }
        let _ = serving.await;
    }

    fn take(&mut self, bytes: &[u8]) {
        let mut chunk = Chunk::new(bytes);
        while let Some(event) = self.parser.next_event(&mut chunk).expect("small events") {
            let Some(id) = Id::parse(event.last_event_id()) else {
                fail("an event without an ID");
            };
            let data = event.data_str().unwrap_or_default();
            let expected = if event.event_type() == Some(b"replay") {
                let lost = data.strip_prefix(r#"{"outcome":"gap","lost":"#);
                let lost = lost.and_then(|lost| lost.trim_end_matches('}').parse::<u64>().ok());
                match (self.at, lost) {
                    (Some(at), Some(lost)) => {
                        self.counts.gaps.fetch_add(1, Relaxed);
                        Some(at.seq + lost)
                    }
                    (Some(at), None) if data.contains("resumed") => Some(at.seq),
                    _ => {
                        if data.contains("unknown") {
                            self.counts.unknown.fetch_add(1, Relaxed);
                        }
                        None
                    }
                }
            } else {
                self.counts.events.fetch_add(1, Relaxed);
                self.has_seen_end |= data == LAST;
                self.at.map(|at| at.seq + 1)
            };
            if expected.is_some_and(|expected| expected != id.seq) {
                fail(&format!("{id} after {:?}: {data:.60}", self.at));
            }
            self.at = Some(id);
        }
    }
}

/// xorshift64*.
struct Random(u64);

impl Random {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % most.max(1)
    }
}
