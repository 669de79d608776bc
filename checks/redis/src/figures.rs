//! What it costs: `redis-check figures`, built for speed. CPU times are those that the kernel counts for
//! Redis and for this process; on a machine that others use too, only they and ratios mean something.

use std::{
    fs,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use sse_codec::{Event, replay::Id};
use sse_codec_redis::{RedisOptions, RedisTopics};
use sse_codec_tokio::{
    EventReader, Framing, Hub, HubOptions, ServeOptions, Subscribe, Subscription, serve,
};
use tokio::{
    io::{AsyncReadExt, DuplexStream},
    task::JoinSet,
};

use crate::common::Server;

/// Rounds of the two ways to publish, one after the other.
const ROUNDS: usize = 20;

pub(crate) async fn print() {
    let text = "x".repeat(200);
    memory(&text).await;
    cpu(&text).await;
    latency(&text).await;
    storm(&text).await;
}

async fn open(server: &Server) -> RedisTopics {
    let options = RedisOptions::new().timeout(Duration::from_secs(10));
    RedisTopics::open(&server.url(), options).await.unwrap()
}

async fn memory(text: &str) {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let before = used(&server);
    for number in 0..1000 {
        topics
            .topic(&format!("topic {number}"))
            .subscribe(Subscribe::live())
            .await
            .unwrap();
    }
    println!(
        "an empty topic: {} B of Redis",
        (used(&server) - before) / 1000
    );
    let hub = topics.topic("news");
    for _ in 0..10_000 {
        hub.publish(Event::text(text)).await.unwrap();
    }
    let stream: u64 = server
        .say(&["MEMORY", "USAGE", "{sse}:stream:news", "SAMPLES", "0"])
        .parse()
        .unwrap();
    println!(
        "an event of 200 B: {:.1} B of Redis, of 10,000",
        stream as f64 / 1e4
    );
    let before = used(&server);
    for _ in 0..10_000 {
        let id = hub
            .publish_within(Event::text(text), Duration::from_secs(60))
            .await;
        id.unwrap();
    }
    // The stream is full, so it grows no more.
    println!(
        "the token of an event: {} B",
        (used(&server) - before) / 10_000
    );
}

fn used(server: &Server) -> i64 {
    let info = server.say(&["INFO", "memory"]);
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    line.unwrap().trim().parse().unwrap()
}

/// Seconds of CPU that Redis has used.
fn redis_cpu(server: &Server) -> f64 {
    let info = server.say(&["INFO", "cpu"]);
    let value = |name: &str| {
        let line = info.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap().trim().parse::<f64>().unwrap()
    };
    value("used_cpu_user:") + value("used_cpu_sys:")
}

/// Seconds of CPU that this process has used.
fn own_cpu() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<_> = stat
        .rsplit(')')
        .next()
        .unwrap()
        .split_whitespace()
        .collect();
    let ticks: f64 = fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap();
    ticks / 100.0
}

async fn cpu(text: &str) {
    const EVENTS: usize = 50_000;
    const AT_ONCE: usize = 64;
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let mut costs = [Vec::new(), Vec::new()];
    for _ in 0..5 {
        let before = redis_cpu(&server);
        let mut publishers = JoinSet::new();
        for _ in 0..AT_ONCE {
            let (hub, text) = (topics.topic("news"), text.to_owned());
            publishers.spawn(async move {
                for _ in 0..EVENTS / AT_ONCE {
                    hub.publish(Event::text(&text)).await.unwrap();
                }
            });
        }
        publishers.join_all().await;
        costs[0].push((redis_cpu(&server) - before) * 1e6 / EVENTS as f64);
        let before = redis_cpu(&server);
        let port = server.port.to_string();
        let status = Command::new("redis-benchmark")
            .args(["-q", "-p", &port, "-n", &EVENTS.to_string(), "-c", "64"])
            .args([
                "-P", "16", "XADD", "plain", "MAXLEN", "=", "10000", "*", "d", text,
            ])
            .stdout(std::process::Stdio::null())
            .status();
        assert!(status.unwrap().success());
        costs[1].push((redis_cpu(&server) - before) * 1e6 / EVENTS as f64);
    }
    let [append, plain] = costs.map(|mut costs| middle(&mut costs));
    println!("Redis' CPU: {append} µs an append with the bell, {plain} µs a plain XADD");
}

/// Median, least and most.
fn middle(values: &mut [f64]) -> String {
    values.sort_by(f64::total_cmp);
    let [least, most] = [values[0], values[values.len() - 1]];
    format!("{:.1} ({least:.1} to {most:.1})", values[values.len() / 2])
}

fn connect(news: Subscription) -> DuplexStream {
    let (here, there) = tokio::io::duplex(64 * 1024);
    let options = ServeOptions::new().framing(Framing::Elsewhere);
    tokio::spawn(async move { serve(there, news, options).await });
    here
}

async fn latency(text: &str) {
    const EVENTS: usize = 500;
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let there = topics.topic("news");
    let here = Hub::new(HubOptions::new());
    let far = there.subscribe(Subscribe::live()).await.unwrap();
    let mut far = EventReader::new(connect(far), 1 << 20);
    let mut near = EventReader::new(connect(here.subscribe(Subscribe::live()).unwrap()), 1 << 20);
    far.next_event().await.unwrap().unwrap();
    near.next_event().await.unwrap().unwrap();
    let mut figures: [Vec<f64>; 4] = Default::default();
    for _ in 0..ROUNDS {
        let (mut by_redis, mut in_memory) = (Vec::new(), Vec::new());
        for _ in 0..EVENTS {
            let since = Instant::now();
            let publishing = there.publish(Event::text(text));
            let (id, heard) = tokio::join!(publishing, far.next_event());
            by_redis.push(since.elapsed().as_secs_f64() * 1e6);
            assert_eq!(
                heard.unwrap().unwrap().last_event_id(),
                &*id.unwrap().text()
            );
            let since = Instant::now();
            here.publish(Event::text(text)).unwrap();
            near.next_event().await.unwrap().unwrap();
            in_memory.push(since.elapsed().as_secs_f64() * 1e6);
        }
        for (which, values) in [by_redis, in_memory].iter_mut().enumerate() {
            values.sort_by(f64::total_cmp);
            figures[which * 2].push(values[EVENTS / 2]);
            figures[which * 2 + 1].push(values[EVENTS * 99 / 100]);
        }
    }
    let [far, far_99, near, near_99] = figures.map(|mut values| middle(&mut values));
    println!("publish to receive by Redis: p50 {far} µs, p99 {far_99} µs");
    println!("publish to receive in memory: p50 {near} µs, p99 {near_99} µs ({ROUNDS} rounds)");
}

async fn storm(text: &str) {
    const CLIENTS: u64 = 10_000;
    let server = Server::start(&[]);
    let writer = open(&server).await;
    let hub = writer.topic("news");
    let mut last = Id { epoch: 0, seq: 0 };
    for _ in 0..1500 {
        last = hub.publish(Event::text(text)).await.unwrap();
    }
    let topics = open(&server).await;
    let hub = topics.topic("news");
    let _here = hub.subscribe(Subscribe::live()).await.unwrap();
    let reads = || server.calls("xrange") + server.calls("evalsha");
    let (before, redis, own, since) = (reads(), redis_cpu(&server), own_cpu(), Instant::now());
    let end = Arc::new(format!("id: {last}\n"));
    let bytes = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        // Not all at the same place.
        let seq = 480 + number % 40;
        let id = Id { seq, ..last }.text();
        let news = hub.subscribe(Subscribe::after(Some(&id))).await.unwrap();
        let (end, bytes) = (Arc::clone(&end), Arc::clone(&bytes));
        clients.spawn(async move {
            let mut stream = connect(news);
            let (mut buffer, mut tail) = (vec![0; 16 * 1024], Vec::new());
            loop {
                let count = stream.read(&mut buffer).await.unwrap();
                assert!(count > 0, "cut");
                bytes.fetch_add(count, Ordering::Relaxed);
                tail.extend_from_slice(&buffer[..count]);
                if tail
                    .windows(end.len())
                    .any(|window| window == end.as_bytes())
                {
                    return;
                }
                let kept = tail.len().saturating_sub(1024);
                tail.drain(..kept);
            }
        });
    }
    clients.join_all().await;
    println!(
        "{CLIENTS} clients come back about 1,000 events later: {:.2} s, {:.0} µs of CPU each (client \
         included), {} MB, {} reads of Redis, {:.0} ms of Redis' CPU",
        since.elapsed().as_secs_f64(),
        (own_cpu() - own) * 1e6 / CLIENTS as f64,
        bytes.load(Ordering::Relaxed) / 1_000_000,
        reads() - before,
        (redis_cpu(&server) - redis) * 1e3,
    );
}
