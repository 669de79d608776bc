//! Clients that roam between nodes, and publishers.

use std::{
    io,
    sync::{Arc, Mutex, atomic::Ordering},
    time::Duration,
};

use sse_codec::replay::Id;
use sse_codec_tokio::EventReader;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout_at},
};

use crate::{judge::Heard, random, world::World};

pub(crate) type Log = Arc<Mutex<Vec<Heard>>>;

/// Comes and goes until it has heard the last event there is.
pub(crate) async fn roam(world: Arc<World>, log: Log) {
    let mut last_id = String::new();
    loop {
        let is_last = world.is_ending.load(Ordering::SeqCst);
        // A client of a browser stays until the end; the others go after a while.
        let life = Duration::from_millis(if is_last {
            10_000
        } else {
            100 + random() % 1500
        });
        let port = world.port(random());
        match connection(&world, &log, &mut last_id, port, Instant::now() + life).await {
            Ok(true) => return,
            Ok(false) => {}
            Err(_) => sleep(Duration::from_millis(20 + random() % 60)).await,
        }
    }
}

/// One connection. Whether all was heard.
async fn connection(
    world: &World,
    log: &Log,
    last_id: &mut String,
    port: u16,
    end: Instant,
) -> io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let id = match last_id.is_empty() {
        true => String::new(),
        false => format!("Last-Event-ID: {last_id}\r\n"),
    };
    let request = format!("GET /events HTTP/1.0\r\nAccept: text/event-stream\r\n{id}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let byte = timeout_at(end + Duration::from_secs(5), stream.read_u8()).await;
        head.push(byte.map_err(io::Error::from)??);
    }
    if !head.starts_with(b"HTTP/1.0 200") && !head.starts_with(b"HTTP/1.1 200") {
        return Err(io::Error::other("refused"));
    }
    let mut events = EventReader::new(stream, 1 << 20);
    while let Ok(Some(Ok(event))) = timeout_at(end, events.next_event()).await {
        let id = Id::parse(event.last_event_id()).ok_or_else(|| io::Error::other("no ID"))?;
        *last_id = id.to_string();
        let data = event.data_str().map_err(io::Error::other)?;
        let heard = match event.is_type("replay") {
            true => told(data, id),
            false => Heard::Event(id, data.to_owned()),
        };
        lock(log).push(heard);
        if data == "the end" {
            return Ok(true);
        }
    }
    let _ = world;
    Ok(false)
}

fn told(data: &str, id: Id) -> Heard {
    let data = data.trim_start_matches(r#"{"outcome":""#);
    let (outcome, rest) = data.split_once('"').unwrap_or((data, ""));
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let lost = if outcome == "gap" {
        digits.parse().unwrap_or(0)
    } else {
        0
    };
    Heard::Told(outcome.to_owned(), lost, id)
}

/// Publishes numbered events, now on one node, now on the other, until the end.
pub(crate) async fn publish(world: Arc<World>, name: char, pause: Duration) {
    let mut count = 0;
    while !world.is_ending.load(Ordering::SeqCst) {
        count += 1;
        // Every fourth is not tried again.
        let within = if count % 4 == 0 { "" } else { "?within=4000" };
        publish_one(&world, &format!("{name}{count}"), within).await;
        sleep(pause.mul_f64(0.5 + (random() % 1000) as f64 / 1000.0)).await;
    }
}

/// Whether it is acknowledged.
pub(crate) async fn publish_one(world: &World, text: &str, within: &str) -> bool {
    let answer = post(world.port(random()), within, text).await;
    let mut published = world.published();
    match answer {
        Ok(body) if let Some(id) = Id::parse(body.as_bytes()) => {
            published.acknowledge(id, text.to_owned());
            true
        }
        Ok(body) if body.starts_with("Redis cannot be reached") => false,
        Ok(body) if body.contains("is a replica") => false,
        // Also one whose node was killed: it may be on its way.
        Ok(_) | Err(_) => {
            published.unanswered.insert(text.to_owned());
            false
        }
    }
}

async fn post(port: u16, within: &str, text: &str) -> io::Result<String> {
    let exchange = async {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let request = format!(
            "POST /publish{within} HTTP/1.0\r\nContent-Length: {}\r\n\r\n{text}",
            text.len()
        );
        stream.write_all(request.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_default();
        match body.is_empty() {
            true => Err(io::Error::other("no answer")),
            false => Ok(body.to_owned()),
        }
    };
    timeout_at(Instant::now() + Duration::from_secs(10), exchange).await?
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
