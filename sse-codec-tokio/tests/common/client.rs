//! A client of a hub: its connection is polled only when it is woken, and it reads what it likes to.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use sse_codec::{Chunk, Parser, TimersConfig};
use sse_codec_tokio::{Frames, Framing, ServeOptions, Summary, serve};
use tokio::io::{AsyncRead, DuplexStream, ReadBuf, duplex};

use super::Wakes;

/// An event as a client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub event_type: String,
    pub id: String,
    pub data: String,
}

pub struct Client {
    connection: Option<Pin<Box<dyn Future<Output = Summary>>>>,
    wakes: Arc<Wakes>,
    waker: Waker,
    peer: DuplexStream,
    /// What came, where it is in chunks.
    raw: Option<Vec<u8>>,
    /// All bytes of the body so far.
    pub received: Vec<u8>,
    pub summary: Option<Summary>,
}

/// Nothing but the events, and no timer, so that there need be no runtime.
pub fn bare() -> ServeOptions {
    ServeOptions::new()
        .framing(Framing::Elsewhere)
        .timers(TimersConfig::new())
        .drain(Duration::ZERO)
}

impl Client {
    /// Between them there are so many bytes.
    pub fn new(source: impl Frames + 'static, bytes: usize) -> Self {
        Self::with_options(source, bytes, bare())
    }

    pub fn with_options(
        source: impl Frames + 'static,
        bytes: usize,
        options: ServeOptions,
    ) -> Self {
        let (io, peer) = duplex(bytes);
        let wakes = Arc::new(Wakes::default());
        let mut client = Self {
            connection: Some(Box::pin(serve(io, source, options))),
            waker: Waker::from(Arc::clone(&wakes)),
            wakes,
            peer,
            raw: None,
            received: Vec::new(),
            summary: None,
        };
        client.poll();
        client
    }

    /// One whose body is in chunks.
    pub fn chunked(source: impl Frames + 'static, bytes: usize) -> Self {
        let mut client = Self::with_options(source, bytes, bare().framing(Framing::Chunked));
        client.raw = Some(Vec::new());
        client
    }

    fn poll(&mut self) {
        if let Some(connection) = &mut self.connection
            && let Poll::Ready(summary) = connection
                .as_mut()
                .poll(&mut Context::from_waker(&self.waker))
        {
            self.summary = Some(summary);
            self.connection = None;
        }
    }

    /// Lets the connection's task run as long as it is woken.
    pub fn run(&mut self) {
        let mut turns = 0;
        while self.wakes.take() > 0 {
            self.poll();
            turns += 1;
            assert!(turns < 10_000, "a busy loop");
        }
    }

    /// Reads so many bytes at most, once. How many it read.
    pub fn read(&mut self, most: usize) -> usize {
        let mut space = vec![0; most];
        let mut buffer = ReadBuf::new(&mut space);
        let cx = &mut Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut self.peer).poll_read(cx, &mut buffer);
        match &mut self.raw {
            None => self.received.extend_from_slice(buffer.filled()),
            Some(raw) => {
                raw.extend_from_slice(buffer.filled());
                self.received = without_chunks(raw);
            }
        }
        let count = buffer.filled().len();
        self.run();
        count
    }

    /// Reads all there is.
    pub fn read_all(&mut self) -> &mut Self {
        self.run();
        while self.read(4096) > 0 {}
        self
    }

    pub fn seen(&self) -> Vec<Seen> {
        seen(&self.received).0
    }

    /// The data of the events that are not the hub's own.
    pub fn data(&self) -> Vec<String> {
        let events = self.seen().into_iter();
        let events = events.filter(|event| event.event_type != "replay");
        events.map(|event| event.data).collect()
    }

    /// What the hub said, in order.
    pub fn notices(&self) -> Vec<String> {
        let events = self.seen().into_iter();
        let events = events.filter(|event| event.event_type == "replay");
        events.map(|event| event.data).collect()
    }

    pub fn last_id(&self) -> String {
        seen(&self.received).1
    }

    /// The client goes away.
    pub fn leave(mut self) {
        drop(self.connection.take());
    }
}

/// What a client makes of these bytes: the events, and the ID that it has then.
pub fn seen(stream: &[u8]) -> (Vec<Seen>, String) {
    let mut parser = Parser::growable(1 << 24);
    let mut chunk = Chunk::new(stream);
    let mut events = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    while let Some(event) = parser.next_event(&mut chunk).unwrap() {
        events.push(Seen {
            event_type: event.event_type().map(text).unwrap_or_default(),
            id: text(event.last_event_id()),
            data: text(event.data()),
        });
    }
    (events, text(parser.last_event_id()))
}

/// The body of a response in chunks, as far as it has come.
fn without_chunks(raw: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    let Some(head) = raw.windows(4).position(|end| end == b"\r\n\r\n") else {
        return body;
    };
    let mut rest = &raw[head + 4..];
    while let Some(line) = rest.windows(2).position(|end| end == b"\r\n") {
        let size = std::str::from_utf8(&rest[..line]).unwrap();
        let size = usize::from_str_radix(size, 16).unwrap();
        rest = &rest[line + 2..];
        body.extend_from_slice(&rest[..size.min(rest.len())]);
        let Some(behind) = rest.get(size..) else {
            return body;
        };
        assert!(b"\r\n".starts_with(&behind[..behind.len().min(2)]));
        rest = behind.get(2..).unwrap_or_default();
    }
    body
}
