//! The test server. It notes what it is asked, and when.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, Mutex},
    time::Duration,
};

use sse_codec::http;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::{Instant, sleep},
};

use crate::{answers::ANSWERS, streams::Stream};

pub const PAGE: &str = include_str!("page.html");

#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    pub path: String,
    pub headers: HashMap<String, String>,
    pub began: Instant,
    /// When its answer was about to end.
    pub ended: Option<Instant>,
}

#[derive(Clone)]
pub struct Server {
    /// Where the page is.
    pub origin: String,
    /// The same server under another one.
    pub other_origin: String,
    streams: Arc<[Stream]>,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    pub async fn start(streams: Vec<Stream>) -> io::Result<Self> {
        let listeners = [
            TcpListener::bind("127.0.0.1:0").await?,
            TcpListener::bind("127.0.0.1:0").await?,
        ];
        let server = Self {
            origin: format!("http://{}", listeners[0].local_addr()?),
            other_origin: format!("http://{}", listeners[1].local_addr()?),
            streams: streams.into(),
            requests: Arc::default(),
        };
        for listener in listeners {
            let server = server.clone();
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let server = server.clone();
                    // A client that does not take its answer is seen in what it did not take.
                    tokio::spawn(async move { server.answer(stream).await });
                }
            });
        }
        Ok(server)
    }

    /// The requests for this path, in their order.
    pub fn requests(&self, path: &str) -> Vec<Request> {
        let requests = self
            .requests
            .lock()
            .expect("nothing panics while it is held");
        requests
            .iter()
            .filter(|request| request.path == path)
            .cloned()
            .collect()
    }

    async fn answer(self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let request = read(&mut stream).await?;
        let (method, path) = (request.method.clone(), request.path.clone());
        let (number, before) = {
            let mut requests = self
                .requests
                .lock()
                .expect("nothing panics while it is held");
            let is_earlier = |other: &&Request| other.path == path && other.method == method;
            let before = requests.iter().filter(is_earlier).count();
            requests.push(request);
            (requests.len() - 1, before)
        };
        let parts: Vec<_> = path.split('/').skip(1).collect();
        match (method.as_str(), parts.as_slice()) {
            ("OPTIONS", _) => {
                let head = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\
                    access-control-allow-origin: *\r\n\
                    access-control-allow-headers: last-event-id\r\n\r\n";
                stream.write_all(head.as_bytes()).await?;
            }
            ("GET", [""]) => {
                let head =
                    "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n";
                stream.write_all(head.as_bytes()).await?;
                stream.write_all(PAGE.as_bytes()).await?;
            }
            ("GET", ["stream", index, way]) => {
                let stream_of = index
                    .parse()
                    .ok()
                    .and_then(|index: usize| self.streams.get(index));
                match stream_of.and_then(|wanted| wanted.bodies.get(before)) {
                    Some(body) => send(&mut stream, body, *way == "pieces").await?,
                    None => stream.write_all(&open_to_all(http::NO_CONTENT)).await?,
                }
            }
            ("GET", ["answer", index]) if before == 0 => {
                let answer = index
                    .parse()
                    .ok()
                    .and_then(|index: usize| ANSWERS.get(index));
                let response = answer.map(|answer| answer.response(&format!("{path}/target")));
                stream.write_all(&response.unwrap_or_default()).await?;
            }
            ("GET", ["answer", _, "target"]) if before == 0 => {
                send(&mut stream, b"retry: 20\ndata: data\n\n", false).await?;
            }
            _ => stream.write_all(http::NO_CONTENT).await?,
        }
        // Before the client can know of it.
        self.requests
            .lock()
            .expect("nothing panics while it is held")[number]
            .ended = Some(Instant::now());
        stream.shutdown().await
    }
}

/// The head and a body, whole or in pieces: bytes when it is short.
async fn send(stream: &mut TcpStream, body: &[u8], in_pieces: bool) -> io::Result<()> {
    stream
        .write_all(&open_to_all(http::RESPONSE_HEAD_CLOSE))
        .await?;
    if !in_pieces {
        return stream.write_all(body).await;
    }
    for piece in body.chunks((body.len() / 100).max(1)) {
        stream.write_all(piece).await?;
        sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}

/// The head, for pages of other origins too.
fn open_to_all(head: &[u8]) -> Vec<u8> {
    let head = head.strip_suffix(b"\r\n").unwrap_or(head);
    [head, b"access-control-allow-origin: *\r\n\r\n"].concat()
}

/// Reads the head of a request.
pub async fn read(stream: &mut TcpStream) -> io::Result<Request> {
    let began = Instant::now();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let mut lines = head.lines();
    let mut first = lines
        .next()
        .unwrap_or_default()
        .split(' ')
        .map(str::to_owned);
    Ok(Request {
        method: first.next().unwrap_or_default(),
        path: first.next().unwrap_or_default(),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        began,
        ended: None,
    })
}
