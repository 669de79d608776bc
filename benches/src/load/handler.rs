//! What serves a connection, and the sources.

use std::{
    convert::Infallible,
    future::Future,
    io::{self, IoSlice},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Body,
    extract::State,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{MethodRouter, get},
    serve::ListenerExt,
};
use bytes::Bytes;
use sse_codec::{Frame, TimersConfig, http};
use sse_codec_tokio::{
    AcceptLoop, EncodedFrame, EventBody, EventReceiver, EventSender, Frames, ServeOptions, channel,
    request::Request, serve,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::{Mutex, broadcast},
};
use tokio_stream::{Stream, StreamExt, wrappers::BroadcastStream};
use tokio_util::sync::CancellationToken;

use super::{
    hub::{self, Hubs},
    server::Kind,
};

/// How many events of a shared source can wait for a connection. Shared, so it costs no connection
/// anything.
const SHARED: usize = 1024;

/// Accepts connections and serves them.
pub async fn listen(kind: Kind, listener: TcpListener, news: Arc<News>) {
    match kind {
        Kind::Body => listen_axum(listener, news, get(body)).await,
        Kind::AxumSse => listen_axum(listener, news, get(axum_sse)).await,
        Kind::AxumBytes => listen_axum(listener, news, get(axum_bytes)).await,
        Kind::Floor => accept_loop(listener, news, floor).await,
        Kind::Serve => accept_loop(listener, news, serve_shared).await,
        Kind::ServeChannel => accept_loop(listener, news, serve_channel).await,
        Kind::Hub => accept_loop(listener, news, hub::connection).await,
        Kind::Syscall => accept_loop(listener, news, hub::keep).await,
        Kind::HubBody => listen_axum(listener, news, get(hub::body)).await,
    }
}

/// Bare, for the floor too: what is compared is what comes after the request.
async fn accept_loop<F>(
    listener: TcpListener,
    news: Arc<News>,
    handler: fn(TcpStream, Arc<News>) -> F,
) where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    AcceptLoop::new(usize::MAX)
        .run(listener, |stream, _| handler(stream, Arc::clone(&news)))
        .await;
}

/// The same with axum.
pub(super) async fn listen_axum<S: Clone + Send + Sync + 'static>(
    listener: TcpListener,
    state: S,
    handler: MethodRouter<S>,
) {
    let listener = listener.tap_io(|stream| {
        let _ = stream.set_nodelay(true);
    });
    let app = Router::new().route("/events", handler).with_state(state);
    let _ = axum::serve(listener, app).await;
}

/// A response with an `EventBody`.
pub(super) fn event_stream(
    events: impl Frames<Error: std::error::Error + Send + Sync> + Send + 'static,
    options: &Arc<ServeOptions>,
) -> Response {
    let mut response = Response::new(Body::new(EventBody::new(events, Arc::clone(options))));
    for (name, value) in http::RESPONSE_HEADERS {
        if let Ok(value) = value.parse() {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Reads the request.
pub(super) async fn accept(mut stream: TcpStream) -> io::Result<TcpStream> {
    read_request(&mut stream).await?;
    Ok(stream)
}

pub(super) async fn read_request(stream: &mut TcpStream) -> io::Result<Request> {
    let request = Request::read(stream, 16 * 1024, Duration::from_secs(10)).await;
    request
        .and_then(Request::for_stream)
        .map_err(io::Error::other)
}

/// The sources, and how the connections are to be served.
#[derive(Debug)]
pub struct News {
    frames: broadcast::Sender<EncodedFrame>,
    texts: broadcast::Sender<Arc<str>>,
    senders: Mutex<Vec<EventSender>>,
    pub(super) hubs: Hubs,
    connections: AtomicUsize,
    heartbeat: Duration,
    pub(super) options: Arc<ServeOptions>,
}

impl News {
    /// No news yet. Heartbeats have a third of jitter; deadline, lifetime and shutdown are armed.
    #[must_use]
    pub fn new(heartbeat: Duration) -> Self {
        let timers = TimersConfig::new()
            .with_heartbeat(heartbeat.into(), (heartbeat / 3).into())
            .with_write_deadline(Duration::from_secs(30).into())
            .with_lifetime(
                Duration::from_secs(3600).into(),
                Duration::from_secs(600).into(),
            );
        Self {
            frames: broadcast::channel(SHARED).0,
            texts: broadcast::channel(SHARED).0,
            senders: Mutex::default(),
            hubs: Hubs::new(),
            connections: AtomicUsize::new(0),
            heartbeat,
            options: Arc::new(
                ServeOptions::new()
                    .timers(timers)
                    .shutdown(CancellationToken::new()),
            ),
        }
    }

    /// Publishes events of 200 bytes, each with one [`MARK`](super::client::MARK) in it, and says how
    /// long that took.
    pub async fn publish(&self, kind: Kind, count: usize) -> Duration {
        let data = format!("{}!", "x".repeat(200 - "data: \n\n".len() - 1));
        if matches!(kind, Kind::Syscall | Kind::Hub | Kind::HubBody) {
            return self.hubs.publish(kind, count);
        }
        let frame = EncodedFrame::from(Frame::message(data.as_bytes()));
        let text: Arc<str> = data.into();
        let senders = self.senders.lock().await;
        let start = Instant::now();
        for _ in 0..count {
            // An error says only that nobody listens.
            match kind {
                Kind::ServeChannel => {
                    for sender in senders.iter() {
                        let _ = sender.send(frame.clone()).await;
                    }
                }
                Kind::AxumSse => drop(self.texts.send(Arc::clone(&text))),
                _ => drop(self.frames.send(frame.clone())),
            }
        }
        start.elapsed()
    }

    /// The ID before the first event of the hub.
    #[must_use]
    pub fn place(&self) -> String {
        self.hubs.place()
    }

    /// The shared source.
    #[must_use]
    pub fn subscribe(&self) -> BroadcastStream<EncodedFrame> {
        BroadcastStream::new(self.frames.subscribe())
    }

    /// Ends for who has fallen behind.
    fn shared(&self) -> impl Stream<Item = EncodedFrame> + Unpin + Send + use<> {
        self.subscribe().map_while(Result::ok)
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.connections.load(Relaxed)
    }

    async fn own(&self) -> EventReceiver {
        let (sender, receiver) = channel(16);
        self.senders.lock().await.push(sender);
        receiver
    }

    pub(super) fn count(self: &Arc<Self>) -> Counted {
        self.connections.fetch_add(1, Relaxed);
        Counted(Arc::clone(self))
    }
}

pub(super) struct Counted(Arc<News>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Relaxed);
    }
}

async fn serve_shared(stream: TcpStream, news: Arc<News>) -> io::Result<()> {
    let _counted = news.count();
    let stream = accept(stream).await?;
    let options = Arc::clone(&news.options);
    serve(stream, news.shared(), options).await;
    Ok(())
}

async fn serve_channel(stream: TcpStream, news: Arc<News>) -> io::Result<()> {
    let _counted = news.count();
    let stream = accept(stream).await?;
    let options = Arc::clone(&news.options);
    let events = news.own().await;
    serve(stream, events, options).await;
    Ok(())
}

async fn floor(stream: TcpStream, news: Arc<News>) -> io::Result<()> {
    const MOST: usize = 64;

    let _counted = news.count();
    let mut stream = accept(stream).await?;
    stream.write_all(http::RESPONSE_HEAD_CLOSE).await?;
    stream.write_all(b":\n\n").await?;
    let mut frames = news.frames.subscribe();
    drop(news);
    while let Ok(first) = frames.recv().await {
        let mut batch = vec![first.into_bytes()];
        while batch.len() < MOST
            && let Ok(next) = frames.try_recv()
        {
            batch.push(next.into_bytes());
        }
        write_all(&mut stream, &batch).await?;
    }
    Ok(())
}

async fn write_all(stream: &mut TcpStream, batch: &[Bytes]) -> io::Result<()> {
    let mut slices: Vec<IoSlice<'_>> = batch.iter().map(|bytes| IoSlice::new(bytes)).collect();
    let mut slices = slices.as_mut_slice();
    while !slices.is_empty() {
        let written = stream.write_vectored(slices).await?;
        IoSlice::advance_slices(&mut slices, written);
    }
    Ok(())
}

async fn body(State(news): State<Arc<News>>) -> Response {
    let counted = news.count();
    let events = news.shared().map(move |frame| {
        let _ = &counted;
        frame
    });
    event_stream(events, &news.options)
}

async fn axum_sse(State(news): State<Arc<News>>) -> impl IntoResponse {
    let counted = news.count();
    let texts = BroadcastStream::new(news.texts.subscribe());
    let events = texts.filter_map(move |text| {
        let _ = &counted;
        let event = Event::default().data(text.ok()?);
        Some(Ok::<_, Infallible>(event))
    });
    let first = tokio_stream::iter([Ok(Event::default().comment(""))]);
    Sse::new(first.chain(events)).keep_alive(KeepAlive::new().interval(news.heartbeat))
}

async fn axum_bytes(State(news): State<Arc<News>>) -> Response {
    let counted = news.count();
    let frames = BroadcastStream::new(news.frames.subscribe());
    let bytes = frames.filter_map(move |frame| {
        let _ = &counted;
        Some(Ok::<_, Infallible>(frame.ok()?.into_bytes()))
    });
    let first = tokio_stream::iter([Ok(Bytes::from_static(b":\n\n"))]);
    let body = Body::from_stream(first.chain(bytes));
    ([("content-type", "text/event-stream")], body).into_response()
}

/// How large what a connection's task keeps is in itself, in bytes: the whole task of each of ours
/// and of the floor, and the parts of the first.
#[must_use]
pub fn sizes() -> [(&'static str, usize); 6] {
    const fn of<A, B, F>(_: fn(A, B) -> F) -> usize {
        size_of::<F>()
    }
    fn serve_only(stream: TcpStream, news: Arc<News>) -> impl Future {
        serve(stream, news.shared(), Arc::clone(&news.options))
    }
    fn shared(news: Arc<News>, (): ()) -> impl Stream {
        news.shared()
    }
    [
        ("floor task", of(floor)),
        ("serve task, shared", of(serve_shared)),
        ("serve task, channel", of(serve_channel)),
        ("serve future, shared", of(serve_only)),
        ("shared source", of(shared)),
        ("TcpStream", size_of::<TcpStream>()),
    ]
}
