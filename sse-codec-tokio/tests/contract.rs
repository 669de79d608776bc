//! The example `contract`, driven as a harness of contract tests drives it.
#![cfg(feature = "client")]

#[allow(dead_code, reason = "its `main`")]
#[path = "../examples/contract.rs"]
mod contract;

use std::{net::Ipv4Addr, time::Duration};

use axum::{
    Router,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    routing::post,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::mpsc,
    task::JoinHandle,
};

/// The harness: a server of streams that a script feeds, and one that takes the messages.
struct Harness {
    service: String,
    task: JoinHandle<std::io::Result<()>>,
    stream_url: String,
    callback_url: String,
    connections: mpsc::UnboundedReceiver<Connection>,
    messages: mpsc::UnboundedReceiver<Message>,
    /// The stream that is looked at, and how many of its messages have been.
    current: u64,
    seen: u64,
}

/// The number of the stream, that of the message, and the message.
type Message = (u64, u64, Value);

/// A request for a stream, and where the answer goes.
struct Connection {
    request: String,
    stream: TcpStream,
}

impl Connection {
    async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).await.unwrap();
    }

    async fn open(&mut self, text: &str) {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
        self.send([head, text].concat()).await;
    }
}

async fn listen() -> (TcpListener, String) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

/// A request with its body; `None` when it is not whole.
async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let len = head.to_ascii_lowercase();
            let len = len.split("content-length: ").nth(1);
            let len = len.map_or(0, |len| len.lines().next().unwrap().parse().unwrap());
            if body.len() >= len {
                return Some(text.into_owned());
            }
        }
        if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
    }
}

async fn request(url: &str, method: &str, body: &str) -> (u16, String) {
    let (host, path) = url
        .strip_prefix("http://")
        .unwrap()
        .split_once('/')
        .unwrap();
    let mut stream = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    (response[9..12].parse().unwrap(), response)
}

impl Harness {
    async fn new() -> Self {
        let (listener, service) = listen().await;
        let task = tokio::spawn(contract::serve(listener));

        let (listener, stream_url) = listen().await;
        let (sender, connections) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                if let Some(request) = read_request(&mut stream).await {
                    let _ = sender.send(Connection { request, stream });
                }
            }
        });

        let (listener, callback_url) = listen().await;
        let (sender, messages) = mpsc::unbounded_channel();
        let take = async |State(sender): State<mpsc::UnboundedSender<Message>>,
                          Path((stream, number)): Path<(u64, u64)>,
                          body: String| {
            let _ = sender.send((stream, number, serde_json::from_str(&body).unwrap()));
            StatusCode::ACCEPTED
        };
        let router = Router::new()
            .route("/{stream}/{number}", post(take))
            .layer(DefaultBodyLimit::disable())
            .with_state(sender);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self {
            service,
            task,
            stream_url,
            callback_url,
            connections,
            messages,
            current: 0,
            seen: 0,
        }
    }

    /// Opens a stream; where its commands go.
    async fn stream(&mut self, options: Value) -> String {
        let mut all = json!({
            "streamUrl": format!("{}/{}/events", self.stream_url, self.current + 1),
            "callbackUrl": format!("{}/{}", self.callback_url, self.current + 1),
            "initialDelayMs": 0,
        });
        all.as_object_mut()
            .unwrap()
            .extend(options.as_object().unwrap().clone());
        (self.current, self.seen) = (self.current + 1, 0);
        let url = format!("{}/", self.service);
        let (status, response) = request(&url, "POST", &all.to_string()).await;
        assert_eq!(status, 201);
        let location = response.split("location: ").nth(1).unwrap();
        format!("{}{}", self.service, location.lines().next().unwrap())
    }

    async fn connection(&mut self) -> Connection {
        // One that is closed may have come back once more before it heard of it.
        let of_this = format!(" /{}/", self.current);
        loop {
            let connection = self.connections.recv().await.unwrap();
            if connection.request.contains(&of_this) {
                return connection;
            }
        }
    }

    /// The next message, in its turn.
    async fn message(&mut self) -> Value {
        loop {
            let (stream, number, message) = self.messages.recv().await.unwrap();
            if stream == self.current {
                self.seen += 1;
                assert_eq!(number, self.seen);
                return message;
            }
        }
    }

    async fn event(&mut self, event_type: &str, data: &str, id: &str) {
        let event = json!({ "type": event_type, "data": data, "id": id });
        assert_eq!(
            self.message().await,
            json!({ "kind": "event", "event": event })
        );
    }

    async fn error(&mut self) {
        assert_eq!(self.message().await["kind"], "error");
    }
}

#[tokio::test]
async fn events_comments_and_what_is_asked() {
    let mut harness = Harness::new().await;
    let (status, response) = request(&format!("{}/", harness.service), "GET", "").await;
    assert_eq!(status, 200);
    assert!(response.contains("\"capabilities\"") && response.contains("\"report\""));

    let stream = harness.stream(json!({})).await;
    let mut connection = harness.connection().await;
    let lower = connection.request.to_ascii_lowercase();
    assert!(lower.starts_with("get /1/events http/1.1\r\n"));
    assert!(lower.contains("\r\naccept: text/event-stream\r\n"));
    assert!(lower.contains("\r\ncache-control: no-cache\r\n"));
    assert!(!lower.contains("last-event-id"));
    connection
        .open("\u{FEFF}: hi\ndata: a\r\rid: 1\revent: x\r\ndata: b\ndata: c\n\n")
        .await;
    let comment = json!({ "kind": "comment", "comment": " hi" });
    assert_eq!(harness.message().await, comment);
    harness.event("message", "a", "").await;
    harness.event("x", "b\nc", "1").await;
    // A large one.
    let large = "x".repeat(7_000_000);
    connection.send(format!("data: {large}\n\n")).await;
    harness.event("message", &large, "1").await;

    // A cut: the ID of the unfinished block does not count.
    connection.send("id: 2\ndata: half").await;
    drop(connection);
    harness.error().await;
    let mut connection = harness.connection().await;
    assert!(connection.request.contains("last-event-id: 1\r\n"));
    connection.open("data: d\n\nid\ndata: e\n\n").await;
    harness.event("message", "d", "1").await;
    harness.event("message", "e", "").await;

    // A restart: no error before the next event.
    let (status, _) = request(&stream, "POST", "{\"command\":\"restart\"}").await;
    assert_eq!(status, 202);
    let mut connection = harness.connection().await;
    assert!(!connection.request.contains("last-event-id"));
    connection.open("data: f\n\n").await;
    harness.event("message", "f", "").await;

    assert_eq!(request(&stream, "DELETE", "").await.0, 204);
    assert_eq!(request(&stream, "DELETE", "").await.0, 404);
    // The connection is closed.
    let mut rest = Vec::new();
    let _ = connection.stream.read_to_end(&mut rest).await;
    assert_eq!(
        request(&format!("{}/", harness.service), "DELETE", "")
            .await
            .0,
        204
    );
    harness.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn methods_headers_and_a_stored_id() {
    let mut harness = Harness::new().await;
    for method in ["POST", "REPORT"] {
        let options = json!({
            "method": method,
            "body": "{\"a\":1}",
            "headers": { "content-type": "application/json", "x-own": "y" },
            "lastEventId": "41",
        });
        let stream = harness.stream(options).await;
        // And again after a break, although no ID was seen.
        for _ in 0..2 {
            let mut connection = harness.connection().await;
            let request = &connection.request;
            assert!(request.starts_with(&format!(
                "{method} /{}/events HTTP/1.1\r\n",
                harness.current
            )));
            assert!(request.contains("\r\nx-own: y\r\n"));
            assert!(request.contains("\r\ncontent-type: application/json\r\n"));
            assert!(request.contains("\r\nlast-event-id: 41\r\n"));
            assert!(request.ends_with("\r\n\r\n{\"a\":1}"));
            connection.open("data: a\n\n").await;
            harness.event("message", "a", "41").await;
            drop(connection);
            harness.error().await;
        }
        request(&stream, "DELETE", "").await;
    }
}

#[tokio::test]
async fn redirects_ends_and_silence() {
    let mut harness = Harness::new().await;
    let head = |status: &str, more: &str| {
        format!("HTTP/1.1 {status} x\r\n{more}content-length: 0\r\n\r\n")
    };
    for status in ["301", "307"] {
        let stream = harness.stream(json!({})).await;
        let mut connection = harness.connection().await;
        connection.send(head(status, "location: other\r\n")).await;
        let mut connection = harness.connection().await;
        assert!(connection.request.contains("/other "));
        connection.open("data: a\n\n").await;
        harness.event("message", "a", "").await;
        request(&stream, "DELETE", "").await;
    }
    for location in ["", "location: \r\n"] {
        harness.stream(json!({})).await;
        harness.connection().await.send(head("301", location)).await;
        harness.error().await;
    }
    // 204, and then nothing more until it is asked for.
    let stream = harness.stream(json!({})).await;
    harness.connection().await.send(head("204", "")).await;
    harness.error().await;
    request(&stream, "POST", "{\"command\":\"restart\"}").await;
    harness.connection().await.open("data: a\n\n").await;
    harness.event("message", "a", "").await;
    request(&stream, "DELETE", "").await;

    harness.stream(json!({ "readTimeoutMs": 100 })).await;
    let mut connection = harness.connection().await;
    connection.open("data: a\n\n").await;
    harness.event("message", "a", "").await;
    harness.error().await;
    let mut connection = harness.connection().await;
    connection.open("retry: 7\ndata: b\n\n").await;
    harness.event("message", "b", "").await;
    drop(connection);
    harness.error().await;
    tokio::time::timeout(Duration::from_secs(30), harness.connection())
        .await
        .unwrap();
}
