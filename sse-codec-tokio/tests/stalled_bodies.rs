//! `EventBody` behind hyper, with clients that do not read: each is ended in time, over HTTP/1.1 and
//! HTTP/2, by the write deadline, at the end of its lifetime and at shutdown.

mod common;

use std::{
    convert::Infallible,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use common::{Resource, frames::encoded, no_hang};
use http_body_util::{BodyExt, Empty};
use hyper::{
    Request, Response,
    body::Incoming,
    client,
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sse_codec::{Millis, TimersConfig};
use sse_codec_tokio::{
    Closed, EventBody, EventSender, Frames, ProducerPanicked, Reason, ServeOptions, Summary,
    channel,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    sync::mpsc,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

const CLIENTS: usize = 100;

/// What the pipe holds.
const PIPE: usize = 8 * 1024;

/// How a connection is ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    WriteDeadline,
    Lifetime,
    Shutdown,
}

fn options(end: End, shutdown: &CancellationToken) -> ServeOptions {
    let timers = TimersConfig::new().with_write_deadline(Millis(match end {
        End::WriteDeadline => 3_000,
        _ => 600_000,
    }));
    let timers = match end {
        End::Lifetime => timers.with_lifetime(Millis(10_000), Millis(0)),
        _ => timers,
    };
    ServeOptions::new()
        .timers(timers)
        .shutdown(shutdown.clone())
        .drain(Duration::from_secs(2))
}

/// The bodies of a server: each has a producer that sends as fast as it may.
struct Bodies {
    options: Arc<ServeOptions>,
    closed: mpsc::UnboundedSender<(Closed, Instant)>,
    summaries: mpsc::UnboundedSender<Summary>,
    sources: Arc<AtomicUsize>,
}

impl Bodies {
    fn one(&self) -> EventBody<impl Frames<Error = ProducerPanicked> + Send + use<>> {
        let (sender, receiver) = channel(64);
        let closed = self.closed.clone();
        tokio::spawn(async move {
            closed
                .send((produce(sender).await, Instant::now()))
                .unwrap();
        });
        let summaries = self.summaries.clone();
        let resource = Resource::new(&self.sources);
        let source = receiver.on_end(move |summary, _| {
            let _ = &resource;
            summaries.send(*summary).unwrap();
        });
        EventBody::new(source, Arc::clone(&self.options))
    }
}

async fn produce(sender: EventSender) -> Closed {
    for number in 0.. {
        let data = format!("{number} {}", "x".repeat(500));
        if sender.send(encoded(&data)).await.is_err() {
            break;
        }
    }
    sender.closed().await
}

async fn stalled(version: u8, end: End) {
    let shutdown = CancellationToken::new();
    let (closed, mut heard) = mpsc::unbounded_channel();
    let (summaries, mut told) = mpsc::unbounded_channel();
    let sources = Arc::new(AtomicUsize::new(0));
    let bodies = Arc::new(Bodies {
        options: Arc::new(options(end, &shutdown)),
        closed,
        summaries,
        sources: Arc::clone(&sources),
    });
    let begin = Instant::now();
    let (mut clients, mut servers) = (Vec::new(), Vec::new());
    for _ in 0..CLIENTS {
        let (near, far) = duplex(PIPE);
        let bodies = Arc::clone(&bodies);
        let service = service_fn(move |_: Request<Incoming>| {
            let body = bodies.one();
            async move { Ok::<_, Infallible>(Response::new(body)) }
        });
        servers.push(tokio::spawn(async move {
            let io = TokioIo::new(near);
            let served = match version {
                1 => http1::Builder::new().serve_connection(io, service).await,
                _ => {
                    let executor = TokioExecutor::new();
                    http2::Builder::new(executor)
                        .serve_connection(io, service)
                        .await
                }
            };
            served.is_err()
        }));
        clients.push(Client::ask(version, far).await);
    }
    if end == End::Shutdown {
        tokio::time::sleep(Duration::from_secs(10)).await;
        shutdown.cancel();
    }
    let (reason, seconds) = match end {
        End::WriteDeadline => (Reason::WriteDeadline, 3..=4),
        End::Lifetime => (Reason::Lifetime, 12..=13),
        End::Shutdown => (Reason::Shutdown, 12..=13),
    };
    for _ in 0..CLIENTS {
        let (closed, at) = no_hang(heard.recv()).await.unwrap();
        assert_eq!(closed.reason, reason, "HTTP/{version}");
        assert!(closed.cut);
        let took = (at - begin).as_secs();
        assert!(seconds.contains(&took), "HTTP/{version} {end:?}: {took} s");
        let summary = told.recv().await.unwrap();
        // The pipe, what hyper holds, and what the client's window had room for.
        assert!(summary.bytes < 200 * 1024, "{}", summary.bytes);
    }
    // The client can tell that it was cut.
    for client in clients {
        no_hang(client.read_the_cut()).await;
    }
    for server in servers {
        let is_error = no_hang(server).await.unwrap();
        assert!(is_error || version == 2);
    }
    assert_eq!(sources.load(Ordering::SeqCst), 0);
}

/// Who asks, and then does not read.
enum Client {
    One(DuplexStream),
    Two(
        Response<Incoming>,
        client::conn::http2::SendRequest<Empty<Bytes>>,
    ),
}

impl Client {
    async fn ask(version: u8, mut io: DuplexStream) -> Self {
        if version == 1 {
            io.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                .await
                .unwrap();
            return Self::One(io);
        }
        let (mut send, connection) = client::conn::http2::Builder::new(TokioExecutor::new())
            .initial_stream_window_size(64 * 1024)
            .handshake(TokioIo::new(io))
            .await
            .unwrap();
        tokio::spawn(connection);
        let request = Request::get("http://x/").body(Empty::new()).unwrap();
        let response = send.send_request(request).await.unwrap();
        Self::Two(response, send)
    }

    /// Reads now, to the end.
    async fn read_the_cut(self) {
        match self {
            Self::One(mut io) => {
                let mut received = Vec::new();
                io.read_to_end(&mut received).await.unwrap();
                assert!(!received.ends_with(b"\r\n0\r\n\r\n"));
            }
            Self::Two(response, _send) => {
                assert!(response.into_body().collect().await.is_err());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn http1_clients_that_do_not_read_are_ended_by_the_write_deadline() {
    stalled(1, End::WriteDeadline).await;
}

#[tokio::test(start_paused = true)]
async fn http1_clients_that_do_not_read_are_ended_with_their_lifetime() {
    stalled(1, End::Lifetime).await;
}

#[tokio::test(start_paused = true)]
async fn http1_clients_that_do_not_read_are_ended_at_shutdown() {
    stalled(1, End::Shutdown).await;
}

#[tokio::test(start_paused = true)]
async fn http2_clients_whose_window_is_used_up_are_ended_by_the_write_deadline() {
    stalled(2, End::WriteDeadline).await;
}
