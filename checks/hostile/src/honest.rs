//! A client that behaves, and notices what the others do to it.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use sse_codec_tokio::EventReader;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpStream,
    time::{Instant, sleep},
};

/// What it has seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub ticks: u64,
    /// Ticks that never came.
    pub missed: u64,
    /// Times its stream ended.
    pub cuts: u64,
    /// The longest time between two ticks.
    pub longest_silence: Duration,
    /// What happened to its stream.
    pub errors: Vec<String>,
}

/// Reads ticks for ever, and comes back after the last event it has seen.
pub fn start(server: SocketAddr) -> Arc<Mutex<Seen>> {
    let seen = Arc::new(Mutex::new(Seen::default()));
    let shared = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut last_event_id = Vec::new();
        let mut next = None;
        let mut last = Instant::now();
        loop {
            let error = read(server, &mut last_event_id, &mut next, &mut last, &shared).await;
            if let Ok(mut seen) = shared.lock() {
                seen.cuts += 1;
                seen.errors.push(error);
            }
            sleep(Duration::from_millis(50)).await;
        }
    });
    seen
}

async fn read(
    server: SocketAddr,
    last_event_id: &mut Vec<u8>,
    next: &mut Option<u64>,
    last: &mut Instant,
    shared: &Mutex<Seen>,
) -> String {
    let body = match connect(server, last_event_id).await {
        Ok(body) => body,
        Err(error) => return error.to_string(),
    };
    let mut events = EventReader::new(body, 64 * 1024);
    if let Err(error) = events.set_last_event_id(last_event_id) {
        return error.to_string();
    }
    loop {
        let event = match events.next_event().await {
            Some(Ok(event)) => event,
            Some(Err(error)) => return error.to_string(),
            None => return "ended".to_owned(),
        };
        events.last_event_id().clone_into(last_event_id);
        if event.event_type() != Some(b"tick") {
            continue;
        }
        let tick: serde_json::Value = serde_json::from_slice(event.data()).unwrap_or_default();
        let Some(n) = tick["n"].as_u64() else {
            return format!("not a tick: {}", event.data_lossy());
        };
        let Ok(mut seen) = shared.lock() else {
            return "panicked".to_owned();
        };
        seen.ticks += 1;
        seen.missed += n.saturating_sub(next.unwrap_or(n));
        seen.longest_silence = seen.longest_silence.max(last.elapsed());
        *next = Some(n + 1);
        *last = Instant::now();
    }
}

/// The body of the answer.
async fn connect(server: SocketAddr, id: &[u8]) -> std::io::Result<BufReader<TcpStream>> {
    let mut stream = TcpStream::connect(server).await?;
    let id = String::from_utf8_lossy(id);
    let request = format!("GET /events HTTP/1.1\r\nhost: demo\r\nlast-event-id: {id}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut body = BufReader::new(stream);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if body.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(body)
}
