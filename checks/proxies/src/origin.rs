//! The servers behind the proxies: `serve`, and `EventBody` in axum.

use std::{
    collections::HashMap,
    fmt, io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, body::Body, extract::State, http::Uri, response::Response, routing::get};
use sse_codec::{Frame, Millis, TimersConfig, http::RESPONSE_HEADERS};
use sse_codec_tokio::{
    EventBody, EventReceiver, EventSender, Framing, ServeOptions, TcpOptions, channel, serve,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::Notify,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Serve,
    Body,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Serve => "serve",
            Self::Body => "EventBody",
        })
    }
}

pub struct Origin {
    pub serve: SocketAddr,
    pub body: SocketAddr,
    streams: Arc<Streams>,
    paths: AtomicUsize,
}

/// The streams that were opened and not yet asked for, by path.
#[derive(Default)]
struct Streams {
    senders: Mutex<HashMap<String, EventSender>>,
    opened: Notify,
}

impl Origin {
    pub async fn start() -> io::Result<Self> {
        let streams = Arc::<Streams>::default();
        let bare = TcpListener::bind("127.0.0.1:0").await?;
        let framework = TcpListener::bind("127.0.0.1:0").await?;
        let origin = Self {
            serve: bare.local_addr()?,
            body: framework.local_addr()?,
            streams: Arc::clone(&streams),
            paths: AtomicUsize::new(0),
        };
        let app = Router::new()
            .route("/{*path}", get(body))
            .with_state(Arc::clone(&streams));
        tokio::spawn(async { axum::serve(framework, app).await });
        tokio::spawn(async move {
            while let Ok((stream, _)) = bare.accept().await {
                tokio::spawn(bare_connection(stream, Arc::clone(&streams)));
            }
        });
        Ok(origin)
    }

    /// A path that was not asked for before.
    pub fn path(&self, check: &str) -> String {
        format!("/{check}/{}", self.paths.fetch_add(1, Ordering::Relaxed))
    }

    /// What the stream of this path is fed by.
    pub async fn sender(&self, path: &str) -> EventSender {
        loop {
            let opened = self.streams.opened.notified();
            if let Some(sender) = self.streams.senders.lock().unwrap().remove(path) {
                return sender;
            }
            opened.await;
        }
    }
}

impl Streams {
    fn open(&self, path: &str) -> (EventReceiver, ServeOptions) {
        let (sender, receiver) = channel(4);
        if path.starts_with("/early/") {
            let sent = sender.try_send(Frame::message(b"early"));
            assert_eq!(sent, Ok(1));
        }
        self.senders.lock().unwrap().insert(path.into(), sender);
        self.opened.notify_waiters();
        let timers = TimersConfig::new().with_write_deadline(Millis(30_000));
        let timers = if path.starts_with("/end/") {
            timers.with_heartbeat(Millis(200), Millis(0))
        } else {
            timers
        };
        let options = ServeOptions::new().timers(timers);
        (receiver, options)
    }
}

async fn body(State(streams): State<Arc<Streams>>, uri: Uri) -> Response {
    let (receiver, options) = streams.open(uri.path());
    let mut response = Response::new(Body::new(EventBody::new(receiver, options)));
    for (name, value) in RESPONSE_HEADERS {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

async fn bare_connection(stream: TcpStream, streams: Arc<Streams>) -> io::Result<()> {
    TcpOptions::new().apply(&stream)?;
    let mut stream = BufReader::new(stream);
    let mut request = None;
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line).await? {
            // What came to see whether somebody listens.
            0 => return Ok(()),
            _ if line == "\r\n" => break,
            _ if request.is_none() => request = Some(line),
            _ => {}
        }
    }
    let request = request.unwrap_or_default();
    // nginx asks by HTTP/1.0.
    let framing = match request.trim_end().ends_with("HTTP/1.0") {
        true => Framing::Close,
        false => Framing::Chunked,
    };
    let (receiver, options) = streams.open(request.split(' ').nth(1).unwrap_or_default());
    serve(stream.into_inner(), receiver, options.framing(framing)).await;
    Ok(())
}
