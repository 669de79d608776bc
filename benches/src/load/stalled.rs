//! Clients that send their request and never read.
//!
//! All of them at once, in this process, while events are sent to them all the time.

use std::{
    fs,
    io::{self, Error, IoSlice, Write},
    net::{SocketAddr, TcpStream as ClientStream},
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    thread,
    time::{Duration, Instant},
};

use serde::Serialize;
use sse_codec::{Frame, TimersConfig};
use sse_codec_tokio::{
    AcceptLoop, EncodedFrame, EventSender, Reason, ServeOptions, Summary, TcpOptions, TrySendError,
    channel, serve,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    runtime::{Builder, Runtime},
    time::sleep,
};
use tokio_stream::StreamExt;

use super::{
    PATIENCE, REQUEST,
    fanout::middle,
    handler::{News, accept, listen},
    server::{self, Kind},
};

const HEARTBEAT: Duration = Duration::from_secs(15);

/// Where the events come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A `channel(16)`, into which somebody tries to send as much as it takes.
    Channel,
    /// A shared one, with 10,000 events a second.
    Shared,
}

/// One kind of server.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its name.
    pub name: &'static str,
    /// Where the events come from. `None`: axum's `Sse`, with the shared one.
    pub source: Option<Source>,
    /// The socket's options.
    pub tcp: TcpOptions,
    /// The write deadline.
    pub deadline: Duration,
}

/// What came of the clients of one kind of server.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// What served them.
    pub name: &'static str,
    /// How many bytes the kernel held for one of them when it was full: of the server's socket and
    /// of the client's. Medians, as everything here.
    pub kernel: (f64, f64),
    /// How many bytes the writer handed over, and the most that waited in it.
    pub handed_over: Option<(f64, f64)>,
    /// How often an event was refused because there was no room, for all of them.
    pub refused: u64,
    /// Why they were ended.
    pub reasons: Vec<String>,
    /// From the last byte that the socket took to the end: shortest and longest.
    pub evicted_after: Option<(f64, f64)>,
    /// How many were still open at the end.
    pub open: usize,
}

/// Everything: the figures, and the resident KiB of the process with the second it was looked at.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// By kind of server.
    pub figures: Vec<Figures>,
    /// Once a second.
    pub resident: Vec<(f64, u64)>,
}

/// Runs all of them at once for so long, and looks at the kernel's part after `full`.
///
/// # Errors
/// When a connection cannot be made.
pub fn measure(
    setups: &[Setup],
    clients: usize,
    full: Duration,
    length: Duration,
) -> io::Result<Report> {
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let news = Arc::new(News::new(HEARTBEAT));
    let mut running = Vec::new();
    for setup in setups {
        running.push(Running::start(setup.clone(), clients, &news, &runtime)?);
    }
    runtime.spawn(publish(news));

    let start = Instant::now();
    let mut resident = Vec::new();
    let mut kernel = Vec::new();
    while start.elapsed() < length {
        thread::sleep(Duration::from_secs(1));
        resident.push((start.elapsed().as_secs_f64(), server::resident()?));
        if kernel.is_empty() && start.elapsed() >= full {
            for running in &running {
                kernel.push(running.kernel()?);
            }
        }
    }
    let figures = running.iter().zip(kernel);
    Ok(Report {
        figures: figures
            .map(|(running, kernel)| running.figures(kernel))
            .collect(),
        resident,
    })
}

struct Running {
    setup: Setup,
    address: SocketAddr,
    clients: Vec<ClientStream>,
    ends: Arc<Mutex<Vec<End>>>,
    refused: Arc<AtomicU64>,
}

#[derive(Clone, Copy)]
struct End {
    summary: Summary,
    after_last_byte: Duration,
}

impl Running {
    fn start(
        setup: Setup,
        clients: usize,
        news: &Arc<News>,
        runtime: &Runtime,
    ) -> io::Result<Self> {
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
        let mut running = Self {
            setup,
            address: listener.local_addr()?,
            clients: Vec::new(),
            ends: Arc::default(),
            refused: Arc::default(),
        };
        let server = Server {
            setup: running.setup.clone(),
            news: Arc::clone(news),
            ends: Arc::clone(&running.ends),
            refused: Arc::clone(&running.refused),
        };
        runtime.spawn(server.listen(listener));
        for _ in 0..clients {
            let mut client = ClientStream::connect_timeout(&running.address, PATIENCE)?;
            client.write_all(REQUEST)?;
            running.clients.push(client);
        }
        Ok(running)
    }

    /// What the kernel holds for a client, in the server's socket and in the client's.
    fn kernel(&self) -> io::Result<(f64, f64)> {
        let port = format!("{:04X}", self.address.port());
        let table = fs::read_to_string("/proc/net/tcp")?;
        let (mut to_send, mut to_read) = (Vec::new(), Vec::new());
        for line in table.lines().skip(1) {
            // Number, local and remote address, state, the two queues.
            let fields: Vec<&str> = line.split_whitespace().collect();
            let [_, local, remote, "01", queues, ..] = fields[..] else {
                continue;
            };
            let Some((transmit, receive)) = queues.split_once(':') else {
                continue;
            };
            let bytes = |hex| u32::from_str_radix(hex, 16).map_err(Error::other);
            if local.ends_with(&port) {
                to_send.push(f64::from(bytes(transmit)?));
            } else if remote.ends_with(&port) {
                to_read.push(f64::from(bytes(receive)?));
            }
        }
        let median = |values: Vec<f64>| {
            if values.is_empty() {
                0.0
            } else {
                middle(values).0
            }
        };
        Ok((median(to_send), median(to_read)))
    }

    fn figures(&self, kernel: (f64, f64)) -> Figures {
        let ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        let median = |of: fn(&End) -> f64| middle(ends.iter().map(of).collect()).0;
        let after = ends.iter().map(|end| end.after_last_byte.as_secs_f64());
        let mut reasons: Vec<String> = ends
            .iter()
            .map(|end| format!("{:?}", end.summary.reason))
            .collect();
        reasons.sort();
        reasons.dedup();
        Figures {
            name: self.setup.name,
            kernel,
            handed_over: (!ends.is_empty()).then(|| {
                (
                    median(|end| end.summary.bytes as f64),
                    median(|end| end.summary.high_water as f64),
                )
            }),
            refused: self.refused.load(Relaxed),
            reasons,
            evicted_after: after.clone().reduce(f64::min).zip(after.reduce(f64::max)),
            open: self.clients.len() - ends.len(),
        }
    }
}

#[derive(Clone)]
struct Server {
    setup: Setup,
    news: Arc<News>,
    ends: Arc<Mutex<Vec<End>>>,
    refused: Arc<AtomicU64>,
}

impl Server {
    async fn listen(self, listener: TcpListener) {
        if self.setup.source.is_none() {
            listen(Kind::AxumSse, listener, self.news).await;
            return;
        }
        AcceptLoop::new(usize::MAX)
            .tcp_options(self.setup.tcp)
            .run(listener, |stream, _| self.clone().connection(stream))
            .await;
    }

    async fn connection(self, stream: TcpStream) -> io::Result<()> {
        let stream = accept(stream).await?;
        let last_byte = Arc::new(Mutex::new(Instant::now()));
        let io = Watched {
            stream,
            last_byte: Arc::clone(&last_byte),
        };
        let timers = TimersConfig::new()
            .with_heartbeat(HEARTBEAT.into(), (HEARTBEAT / 3).into())
            .with_write_deadline(self.setup.deadline.into());
        let options = ServeOptions::new().timers(timers);
        let summary = if self.setup.source == Some(Source::Channel) {
            let (sender, receiver) = channel(16);
            tokio::spawn(send(sender, Arc::clone(&self.refused)));
            serve(io, receiver, options).await
        } else {
            // What it has missed is left out, so that only the deadline ends it.
            let events = self.news.subscribe();
            let events = events.filter_map(Result::ok);
            serve(io, events, options).await
        };
        let last_byte = *last_byte.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ends = self.ends.lock().unwrap_or_else(PoisonError::into_inner);
        ends.push(End {
            summary,
            after_last_byte: last_byte.elapsed(),
        });
        Ok(())
    }
}

async fn publish(news: Arc<News>) {
    loop {
        news.publish(Kind::Serve, 10).await;
        sleep(Duration::from_millis(1)).await;
    }
}

async fn send(sender: EventSender, refused: Arc<AtomicU64>) -> Reason {
    let event = EncodedFrame::from(Frame::message(&[b'x'; 192]));
    loop {
        match sender.try_send(event.clone()) {
            Ok(_) => {}
            Err(TrySendError::Ended(reason)) => return reason,
            Err(_) => {
                refused.fetch_add(1, Relaxed);
                sleep(Duration::from_millis(1)).await;
            }
        }
    }
}

/// A connection that knows when it last took something.
struct Watched {
    stream: TcpStream,
    last_byte: Arc<Mutex<Instant>>,
}

impl Watched {
    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(1..)) = written {
            *self
                .last_byte
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
        written
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
