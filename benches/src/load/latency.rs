//! How soon a client has the head and the first byte, and how soon the server notices that the
//! client has gone while there is nothing to send.
//!
//! Server and client are threads of one process, so that both read the same clock.

use std::{
    convert::Infallible,
    io::{self, Error, Read, Write},
    net::{SocketAddr, TcpStream},
    pin::Pin,
    str::FromStr,
    sync::{Arc, Mutex, PoisonError, mpsc},
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use axum::{
    response::{
        IntoResponse,
        sse::{Event, KeepAlive, Sse},
    },
    routing::get,
};
use serde::Serialize;
use socket2::SockRef;
use sse_codec_tokio::{AcceptLoop, EncodedFrame, EventReceiver, ServeOptions, channel, serve};
use tokio::{
    net::TcpListener,
    runtime::{Builder, Runtime},
};
use tokio_stream::{Stream, StreamExt};

use super::{
    PATIENCE, REQUEST,
    handler::{accept, event_stream, listen_axum},
};

/// Of axum's stream with nothing in it; its default is 15 s.
const KEEP_ALIVE: Duration = Duration::from_millis(250);
/// Between the answer and the end of a connection.
const IDLE: Duration = Duration::from_millis(10);

/// What serves, and how it is told that a client has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `serve`; its source is dropped.
    Serve,
    /// `serve`; `EventSender::closed` returns.
    ServeChannel,
    /// `EventBody` in axum; `EventSender::closed` returns.
    Body,
    /// axum's `Sse`, whose stream begins with a comment; its stream is dropped.
    AxumComment,
    /// The same without the comment.
    Axum,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Serve,
        Self::ServeChannel,
        Self::Body,
        Self::AxumComment,
        Self::Axum,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Serve => "serve",
            Self::ServeChannel => "serve-channel",
            Self::Body => "body",
            Self::AxumComment => "axum-comment",
            Self::Axum => "axum",
        }
    }

    /// What it is called in a table.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Serve => "`serve`, source dropped",
            Self::ServeChannel => "`serve`, `closed().await`",
            Self::Body => "`EventBody` in axum, `closed().await`",
            Self::AxumComment => "axum `Sse`, comment first by hand, stream dropped",
            Self::Axum => "axum `Sse` (keep-alive 250 ms instead of 15 s)",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|kind| kind.name() == name);
        named.ok_or_else(|| format!("there is no server {name}"))
    }
}

/// Milliseconds: medians and nine tenths of the connections.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// What serves.
    pub name: &'static str,
    /// From before `connect` to the end of the head.
    pub head: (f64, f64),
    /// From there too, to the first byte of the body.
    pub body: (f64, f64),
    /// From the client's closing.
    pub fin: (f64, f64),
    /// From the client's reset.
    pub reset: (f64, f64),
}

/// Measures these servers, one connection of each in turn: as many that close as are reset.
///
/// # Errors
/// When something that has to happen does not.
pub fn measure(kinds: &[Kind], connections: usize) -> io::Result<Vec<Figures>> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let mut contestants = Vec::new();
    for kind in kinds {
        contestants.push(Contestant::new(*kind, &runtime)?);
    }
    // The first two are for warming up.
    for number in 0..2 * connections + 2 {
        for contestant in &mut contestants {
            let times = contestant.connection(number % 2 == 0)?;
            if number > 1 {
                contestant.times.push(times);
            }
        }
    }
    Ok(contestants.iter().map(Contestant::figures).collect())
}

struct Contestant {
    kind: Kind,
    address: SocketAddr,
    noticed: mpsc::Receiver<Instant>,
    times: Vec<Times>,
}

#[derive(Clone, Copy)]
struct Times {
    head: Duration,
    body: Duration,
    reset: bool,
    notice: Duration,
}

impl Contestant {
    fn new(kind: Kind, runtime: &Runtime) -> io::Result<Self> {
        let (sender, noticed) = mpsc::channel();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        runtime.spawn(listen(kind, listener, Notice(Arc::new(Mutex::new(sender)))));
        Ok(Self {
            kind,
            address,
            noticed,
            times: Vec::new(),
        })
    }

    /// One connection from its beginning to its end.
    fn connection(&self, reset: bool) -> io::Result<Times> {
        let start = Instant::now();
        let mut stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.write_all(REQUEST)?;
        let mut answer = Vec::new();
        let mut head = None;
        let body = loop {
            let mut space = [0; 1024];
            let read = stream.read(&mut space)?;
            if read == 0 {
                return Err(Error::other(format!("{}: no answer", self.kind.name())));
            }
            let now = start.elapsed();
            answer.extend_from_slice(&space[..read]);
            if let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                let head = *head.get_or_insert(now);
                if answer.len() > end + 4 {
                    break (head, now);
                }
            }
        };
        thread::sleep(IDLE);
        if reset {
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        }
        let gone = Instant::now();
        drop(stream);
        let noticed = self
            .noticed
            .recv_timeout(PATIENCE)
            .map_err(|_| Error::other(format!("{}: did not notice the end", self.kind.name())))?;
        Ok(Times {
            head: body.0,
            body: body.1,
            reset,
            notice: noticed.saturating_duration_since(gone),
        })
    }

    fn figures(&self) -> Figures {
        let all = |_: &Times| true;
        Figures {
            name: self.kind.name(),
            head: self.summary(all, |times| times.head),
            body: self.summary(all, |times| times.body),
            fin: self.summary(|times| !times.reset, |times| times.notice),
            reset: self.summary(|times| times.reset, |times| times.notice),
        }
    }

    fn summary(
        &self,
        which: impl Fn(&Times) -> bool,
        what: impl Fn(&Times) -> Duration,
    ) -> (f64, f64) {
        let times = self.times.iter().filter(|times| which(times));
        let mut millis: Vec<f64> = times.map(|times| what(times).as_secs_f64() * 1e3).collect();
        millis.sort_by(f64::total_cmp);
        let at = |part: f64| millis[((millis.len() - 1) as f64 * part).round() as usize];
        (at(0.5), at(0.9))
    }
}

/// Tells the client's thread when the server knows.
#[derive(Clone)]
struct Notice(Arc<Mutex<mpsc::Sender<Instant>>>);

impl Notice {
    fn now(&self) {
        let now = Instant::now();
        let sender = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = sender.send(now);
    }

    /// A source that never gives anything, and tells when it is dropped.
    fn silence<T>(&self) -> Silence<T> {
        Silence(self.clone(), std::marker::PhantomData)
    }

    /// A source whose sender never sends anything, and tells when it is told.
    fn silent_channel(&self) -> EventReceiver {
        let (sender, receiver) = channel(16);
        let notice = self.clone();
        tokio::spawn(async move {
            sender.closed().await;
            notice.now();
        });
        receiver
    }
}

struct Silence<T>(Notice, std::marker::PhantomData<fn() -> T>);

impl<T> Stream for Silence<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<T>> {
        Poll::Pending
    }
}

impl<T> Drop for Silence<T> {
    fn drop(&mut self) {
        self.0.now();
    }
}

async fn listen(kind: Kind, listener: TcpListener, notice: Notice) {
    match kind {
        Kind::Serve | Kind::ServeChannel => {
            let options = Arc::new(ServeOptions::new());
            let handler =
                |stream, _| connection(kind, stream, notice.clone(), Arc::clone(&options));
            AcceptLoop::new(usize::MAX).run(listener, handler).await;
        }
        Kind::Body | Kind::AxumComment | Kind::Axum => {
            let options = Arc::new(ServeOptions::new());
            let handler = move || {
                let response = match kind {
                    Kind::Body => event_stream(notice.silent_channel(), &options),
                    Kind::AxumComment => {
                        let first = tokio_stream::iter([Ok(Event::default().comment(""))]);
                        Sse::new(first.chain(notice.silence::<Result<Event, Infallible>>()))
                            .keep_alive(KeepAlive::new())
                            .into_response()
                    }
                    _ => Sse::new(notice.silence::<Result<Event, Infallible>>())
                        .keep_alive(KeepAlive::new().interval(KEEP_ALIVE))
                        .into_response(),
                };
                std::future::ready(response)
            };
            listen_axum(listener, (), get(handler)).await;
        }
    }
}

async fn connection(
    kind: Kind,
    stream: tokio::net::TcpStream,
    notice: Notice,
    options: Arc<ServeOptions>,
) -> io::Result<()> {
    let stream = accept(stream).await?;
    match kind {
        Kind::Serve => serve(stream, notice.silence::<EncodedFrame>(), options).await,
        _ => serve(stream, notice.silent_channel(), options).await,
    };
    Ok(())
}
