//! A server with one client, which reads all it gets.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use hyper::{Response, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use sse_codec::{Frame, TimersConfig};
use sse_codec_tokio::{
    EventBody, EventReceiver, EventSender, Reason, ServeOptions, TcpOptions, channel, serve,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, sleep},
};

use crate::{Case, HEARTBEAT, USER_TIMEOUT, WRITE_DEADLINE};

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// 1 KiB every millisecond.
    Events,
    /// Heartbeats.
    Silence,
    /// `Events`, by hyper.
    Body,
}

pub(crate) struct Stream {
    received: Arc<AtomicU64>,
    ended: JoinHandle<Ended>,
}

/// When and why, as the sender of the events is told.
#[derive(Clone, Copy)]
pub(crate) struct Ended {
    pub(crate) at: Instant,
    pub(crate) reason: Reason,
}

impl Stream {
    pub(crate) async fn open(case: &Case) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let received = Arc::new(AtomicU64::new(0));
        tokio::spawn(read(
            TcpStream::connect(address).await?,
            Arc::clone(&received),
        ));

        let (stream, _) = listener.accept().await?;
        let user_timeout = case.user_timeout.then_some(USER_TIMEOUT);
        TcpOptions::new()
            .user_timeout(user_timeout)
            .apply(&stream)?;
        let mut timers =
            TimersConfig::new().with_heartbeat(HEARTBEAT.into(), Duration::ZERO.into());
        if case.write_deadline {
            timers = timers.with_write_deadline(WRITE_DEADLINE.into());
        }
        let options = ServeOptions::new().timers(timers);
        let (sender, receiver) = channel(16);
        match case.kind {
            Kind::Events | Kind::Silence => drop(tokio::spawn(serve(stream, receiver, options))),
            Kind::Body => drop(tokio::spawn(serve_body(stream, receiver, options))),
        }
        Ok(Self {
            received,
            ended: tokio::spawn(produce(sender, case.kind)),
        })
    }

    pub(crate) fn is_alive(&self) -> bool {
        // More than one heartbeat, or an event.
        self.received.load(Ordering::Relaxed) > 1
    }

    pub(crate) async fn ended(&mut self) -> io::Result<Ended> {
        Ok(Pin::new(&mut self.ended).await?)
    }
}

/// Counts the events and heartbeats, by their last byte.
async fn read(mut stream: TcpStream, received: Arc<AtomicU64>) -> io::Result<()> {
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: localhost\r\n\r\n")
        .await?;
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let count = stream.read(&mut buffer).await?;
        let ends = buffer[..count].windows(2).filter(|pair| pair == b"\n\n");
        received.fetch_add(ends.count() as u64, Ordering::Relaxed);
    }
}

async fn serve_body(stream: TcpStream, receiver: EventReceiver, options: ServeOptions) {
    let body = std::sync::Mutex::new(Some(EventBody::new(receiver, options)));
    let respond = service_fn(|_| {
        let body = body.lock().ok().and_then(|mut body| body.take());
        async { body.map(Response::new).ok_or("one request only") }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), respond);
    // Why it ended is what the body's sender says.
    let _ = connection.await;
}

async fn produce(sender: EventSender, kind: Kind) -> Ended {
    let events = async {
        let text = [b'x'; 1024];
        while kind != Kind::Silence && sender.send(Frame::message(&text)).await.is_ok() {
            sleep(Duration::from_millis(1)).await;
        }
        std::future::pending().await
    };
    let closed = tokio::select! {
        closed = sender.closed() => closed,
        never = events => never,
    };
    Ended {
        at: Instant::now(),
        reason: closed.reason,
    }
}
