//! `EventSource` behind a small HTTP service, as LaunchDarkly's contract tests for SSE clients drive
//! it (`sse-contract-tests`, "test service API"):
//!
//! ```text
//! cargo run --release --example contract -- 8000
//! sse-contract-tests --url http://localhost:8000
//! ```

#[path = "client/hyper.rs"]
mod hyper_connector;

use std::{
    collections::HashMap,
    env,
    fmt::Display,
    io,
    net::Ipv4Addr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use axum::{
    Router,
    extract::{Path, State},
    http::{Request, StatusCode, header::LOCATION},
    response::IntoResponse,
    routing::{get, post},
};
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use serde_json::{Map, Value, json};
use sse_codec::{DEFAULT_EVENT_TYPE, Millis, ReconnectConfig, lossy};
use sse_codec_tokio::client::{Connect, EventSource, Item, Over, Replay};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
};

/// The largest event of the tests has 14 MB.
const LIMIT: usize = 32 * 1024 * 1024;

const CAPABILITIES: [&str; 9] = [
    "bom",
    "comments",
    "headers",
    "last-event-id",
    "post",
    "read-timeout",
    "report",
    "restart",
    "server-directed-shutdown-request",
];

type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Clone, Default)]
struct Service {
    streams: Arc<Mutex<Streams>>,
    shutdown: Arc<Notify>,
}

/// By their numbers. A stream ends when its sender is dropped; what is sent restarts it.
#[derive(Default)]
struct Streams {
    restarts: HashMap<u64, mpsc::UnboundedSender<()>>,
    last: u64,
}

#[tokio::main]
async fn main() -> io::Result<()> {
    let port = env::args().nth(1).map_or(Ok(8000), |port| port.parse());
    let port = port.map_err(io::Error::other)?;
    serve(TcpListener::bind((Ipv4Addr::UNSPECIFIED, port)).await?).await
}

/// Until it is asked to end.
pub(crate) async fn serve(listener: TcpListener) -> io::Result<()> {
    let service = Service::default();
    let shutdown = service.shutdown.clone();
    let router = Router::new()
        .route("/", get(status).post(open).delete(shut_down))
        .route("/streams/{number}", post(command).delete(close))
        .with_state(service);
    axum::serve(listener, router)
        .with_graceful_shutdown(async move { shutdown.notified().await })
        .await
}

async fn status() -> String {
    json!({ "name": "sse-codec-tokio", "capabilities": CAPABILITIES }).to_string()
}

async fn open(State(service): State<Service>, body: Bytes) -> impl IntoResponse {
    let stream = match parse(body) {
        Ok(stream) => stream,
        Err(error) => return (StatusCode::BAD_REQUEST, error.to_string()).into_response(),
    };
    let (sender, restarts) = mpsc::unbounded_channel();
    let number = {
        let mut streams = service.lock();
        streams.last += 1;
        let number = streams.last;
        streams.restarts.insert(number, sender);
        number
    };
    tokio::spawn(stream.run(restarts));
    (
        StatusCode::CREATED,
        [(LOCATION, format!("/streams/{number}"))],
    )
        .into_response()
}

async fn command(
    State(service): State<Service>,
    Path(number): Path<u64>,
    body: Bytes,
) -> StatusCode {
    let command = serde_json::from_slice::<Value>(&body).unwrap_or_default();
    if command["command"] != "restart" {
        return StatusCode::BAD_REQUEST;
    }
    match service.lock().restarts.get(&number) {
        Some(restarts) if restarts.send(()).is_ok() => StatusCode::ACCEPTED,
        _ => StatusCode::NOT_FOUND,
    }
}

async fn close(State(service): State<Service>, Path(number): Path<u64>) -> StatusCode {
    match service.lock().restarts.remove(&number) {
        Some(_) => StatusCode::NO_CONTENT,
        None => StatusCode::NOT_FOUND,
    }
}

async fn shut_down(State(service): State<Service>) -> StatusCode {
    service.lock().restarts.clear();
    service.shutdown.notify_one();
    StatusCode::NO_CONTENT
}

impl Service {
    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream under test, and where its messages go.
struct Stream<C: Connect> {
    source: EventSource<C>,
    callback: String,
    messages: u64,
}

fn parse(
    body: Bytes,
) -> Result<Stream<impl Connect<Body = Incoming, Error = Error, Future: Send> + Send>, Error> {
    let options = serde_json::from_slice::<Map<String, Value>>(&body)?;
    let text = |name: &str| options.get(name).and_then(Value::as_str);
    let millis = |name: &str| options.get(name).and_then(Value::as_u64);

    let mut request = Request::builder()
        .method(text("method").unwrap_or("GET"))
        .uri(text("streamUrl").ok_or("no streamUrl")?);
    for (name, value) in options
        .get("headers")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        request = request.header(name, value.as_str().ok_or("a header that is no text")?);
    }
    let body = text("body").unwrap_or_default().to_owned();

    let mut config = ReconnectConfig::new().with_jitter(0).with_floor(Millis(0));
    if let Some(delay) = millis("initialDelayMs") {
        config = config.with_base(Millis(delay));
    }
    let mut source = EventSource::new(request.body(body.into())?, hyper_connector::connect, LIMIT)
        .with_reconnect(config)
        // The tests ask for it.
        .with_replay(Replay::Always);
    if let Some(longest) = millis("readTimeoutMs") {
        source = source.with_read_timeout(Duration::from_millis(longest));
    }
    if let Some(id) = text("lastEventId") {
        source.set_last_event_id(id.as_bytes())?;
    }
    Ok(Stream {
        source,
        callback: text("callbackUrl").ok_or("no callbackUrl")?.to_owned(),
        messages: 0,
    })
}

impl<C: Connect<Body = Incoming, Error = Error>> Stream<C> {
    async fn run(mut self, mut restarts: mpsc::UnboundedReceiver<()>) {
        loop {
            tokio::select! {
                restart = restarts.recv() => match restart {
                    Some(()) => self.source.restart(),
                    None => return,
                },
                item = self.source.next() => {
                    let message = match item {
                        Some(item) => message(item),
                        // Over, until it is restarted.
                        None => match restarts.recv().await {
                            Some(()) => { self.source.restart(); None }
                            None => return,
                        },
                    };
                    if let Some(message) = message && let Err(error) = self.tell(message).await {
                        eprintln!("callback: {error}");
                    }
                }
            }
        }
    }

    async fn tell(&mut self, message: Value) -> Result<(), Error> {
        self.messages += 1;
        let url = format!("{}/{}", self.callback, self.messages);
        let request = Request::post(url)
            .header("content-type", "application/json")
            .body(message.to_string().into())?;
        let response = hyper_connector::connect(request).await?;
        response.into_body().collect().await?;
        Ok(())
    }
}

fn message(item: Result<Item<Error, hyper::Error>, Over<Error, Incoming>>) -> Option<Value> {
    let error = |error: &dyn Display| json!({ "kind": "error", "error": error.to_string() });
    Some(match item {
        Ok(Item::Event(event)) => json!({
            "kind": "event",
            "event": {
                "type": lossy(event.event_type().unwrap_or(DEFAULT_EVENT_TYPE)).to_string(),
                "data": event.data_lossy(),
                "id": lossy(event.last_event_id()).to_string(),
            },
        }),
        Ok(Item::Comment(text)) => {
            json!({ "kind": "comment", "comment": lossy(&text).to_string() })
        }
        Ok(Item::TooLarge(overflow)) => error(&overflow),
        Ok(Item::Unsendable(unsendable)) => error(&unsendable),
        Ok(Item::Reconnecting { why, .. }) => error(&why),
        Ok(_) => return None,
        Err(over) => error(&over),
    })
}
