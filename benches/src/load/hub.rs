//! Servers over a `Hub`, and the floor that they are measured by.

use std::{
    io::{self, Write},
    net,
    os::fd::AsFd,
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::{Duration, Instant},
};

use axum::{
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use rustix::event::{PollFd, PollFlags, poll};
use sse_codec::{Event, http};
use sse_codec_tokio::{Hub, HubOptions, Subscribe, serve};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use super::{
    handler::{News, event_stream, read_request},
    server::{Kind, WORKERS},
};

/// How many bytes the hub keeps.
const RING: usize = 1 << 20;

/// The head of a response in chunks.
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
    cache-control: no-store\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n3\r\n:\n\n\r\n";

#[derive(Debug)]
pub(super) struct Hubs {
    hub: Hub,
    /// Of the floor.
    sockets: Mutex<Vec<net::TcpStream>>,
    data: String,
    frame: Vec<u8>,
}

impl Hubs {
    pub(super) fn new() -> Self {
        let hub = Hub::new(HubOptions::new().bytes(RING));
        let place = place(&hub);
        // 200 bytes with an ID of as many digits as the thousandth event has.
        let rest = 200 - format!("id: {place}123\ndata: !\n\n").len();
        let data = format!("{}!", "x".repeat(rest));
        let frame = format!("id: {place}123\ndata: {data}\n\n");
        Self {
            hub,
            sockets: Mutex::default(),
            data,
            frame: frame.into_bytes(),
        }
    }

    pub(super) fn place(&self) -> String {
        place(&self.hub)
    }

    pub(super) fn publish(&self, kind: Kind, count: usize) -> Duration {
        let start = Instant::now();
        if kind == Kind::Syscall {
            self.write_all(count);
        } else {
            for _ in 0..count {
                if self.hub.publish(Event::text(&self.data)).is_err() {
                    break;
                }
            }
        }
        start.elapsed()
    }

    /// The same chunks for every socket, on as many threads as the servers have.
    fn write_all(&self, count: usize) {
        // As the session has them: whole frames, at most 4 KiB.
        let a_chunk = 4089 / self.frame.len();
        let mut bytes = Vec::new();
        let mut left = count;
        while left > 0 {
            let frames = left.min(a_chunk);
            let size = frames * self.frame.len();
            bytes.extend_from_slice(format!("{size:x}\r\n").as_bytes());
            for _ in 0..frames {
                bytes.extend_from_slice(&self.frame);
            }
            bytes.extend_from_slice(b"\r\n");
            left -= frames;
        }
        let sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        let part = sockets.len().div_ceil(WORKERS).max(1);
        thread::scope(|scope| {
            for sockets in sockets.chunks(part) {
                let bytes = &bytes;
                scope.spawn(move || {
                    for socket in sockets {
                        write(socket, bytes);
                    }
                });
            }
        });
    }
}

fn place(hub: &Hub) -> String {
    hub.subscribe(Subscribe::live())
        .map(|news| news.place().to_string())
        .unwrap_or_default()
}

fn write(mut socket: &net::TcpStream, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        match socket.write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(_) => {
                let mut wanted = [PollFd::from_borrowed_fd(socket.as_fd(), PollFlags::OUT)];
                let _ = poll(&mut wanted, None);
            }
        }
    }
}

/// Answers, and keeps the socket for [`Hubs::publish`].
pub(super) async fn keep(mut stream: TcpStream, news: Arc<News>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    read_request(&mut stream).await?;
    stream.write_all(HEAD).await?;
    let sockets = &news.hubs.sockets;
    let mut sockets = sockets.lock().unwrap_or_else(PoisonError::into_inner);
    sockets.push(stream.into_std()?);
    // It stays until the process ends.
    std::mem::forget(news.count());
    Ok(())
}

/// A connection, in chunks.
pub(super) async fn connection(mut stream: TcpStream, news: Arc<News>) -> io::Result<()> {
    let counted = news.count();
    let request = read_request(&mut stream).await?;
    let id = Some(request.last_event_id()).filter(|id| !id.is_empty());
    let Ok(events) = news.hubs.hub.subscribe(Subscribe::after(id)) else {
        return Ok(());
    };
    let terms = news.options.framed(request.framing());
    drop(request);
    drop(news);
    Box::pin(serve(stream, events, terms)).await;
    drop(counted);
    Ok(())
}

pub(super) async fn body(State(news): State<Arc<News>>, headers: HeaderMap) -> Response {
    let counted = news.count();
    let id = headers.get(http::LAST_EVENT_ID).map(|id| id.as_bytes());
    match news.hubs.hub.subscribe(Subscribe::after(id)) {
        Ok(events) => {
            let events = sse_codec_tokio::Frames::on_end(events, move |_, _| drop(counted));
            event_stream(events, &news.options)
        }
        Err(refused) => (
            axum::http::StatusCode::SERVICE_UNAVAILABLE,
            refused.to_string(),
        )
            .into_response(),
    }
}
