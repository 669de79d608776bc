//! A client: requests, reads, comes back with the last event ID, until it is told to stop.

use heapless::Vec;
use smoltcp::{
    iface::Context,
    socket::tcp,
    wire::{IpAddress, Ipv4Address},
};
use sse_codec::{
    Chunk, End, Inline, Millis, Next, Parser, Reconnect, ReconnectConfig, Response, Step, http,
    replay::Id,
};

use super::{head::Head, script};

/// The server is on the same chip: it may be asked again sooner than others.
const CONFIG: ReconnectConfig = ReconnectConfig::new().with_floor(Millis(10));

/// A device's serial number, so that not all devices come back at once.
const SEED: u32 = 4711;

/// The dynamic ports begin here.
const FIRST_PORT: u16 = 49_152;

pub struct Client {
    state: State,
    reconnect: Reconnect,
    next_port: u16,
    pub readings: Readings,
    /// The ID that each request began after.
    pub requests: Vec<u32, 8>,
}

#[expect(
    clippy::large_enum_variant,
    reason = "there is no heap to put a head on"
)]
enum State {
    WaitUntil(Millis),
    Connecting,
    Head(Head),
    Stream,
    Stopped,
}

impl Client {
    pub const fn new() -> Self {
        Self {
            state: State::WaitUntil(Millis(0)),
            reconnect: Reconnect::new(CONFIG, SEED),
            next_port: FIRST_PORT,
            readings: Readings {
                parser: Parser::<Inline<128, 16>>::new(),
                count: 0,
                heartbeats: 0,
            },
            requests: Vec::new(),
        }
    }

    pub const fn has_stopped(&self) -> bool {
        matches!(self.state, State::Stopped)
    }

    /// One turn of the loop.
    pub fn turn(&mut self, socket: &mut tcp::Socket<'_>, context: &mut Context, now: Millis) {
        match &mut self.state {
            State::WaitUntil(time) if now >= *time && !socket.is_open() => {
                let server = (IpAddress::Ipv4(Ipv4Address::LOCALHOST), script::PORT);
                socket
                    .connect(context, server, self.next_port)
                    .expect("a free socket");
                self.next_port += 1;
                self.state = State::Connecting;
            }
            State::WaitUntil(_) => {}
            State::Connecting if socket.may_send() => self.request(socket),
            State::Head(head) => {
                let complete = socket.recv(|bytes| head.read(bytes)).unwrap_or_default();
                if complete {
                    self.answered(now);
                }
            }
            State::Stream => {
                let readings = &mut self.readings;
                // Fails when the connection is over, which is seen below.
                let heard = socket.recv(|bytes| (bytes.len(), readings.read(bytes)));
                if heard == Ok(true) {
                    self.reconnect.on_heard(now);
                }
            }
            State::Connecting | State::Stopped => {}
        }
        if !self.waits() && !socket.may_recv() && !matches!(socket.state(), tcp::State::SynSent) {
            let end = match self.state {
                State::Stream => End::Closed,
                _ => End::Refused,
            };
            let parser = &mut self.readings.parser;
            parser.reset();
            let next = self.reconnect.on_end(now, end, parser.retry(), true);
            self.follow(next, now);
        }
        if self.waits() {
            socket.close();
        }
    }

    const fn waits(&self) -> bool {
        matches!(self.state, State::WaitUntil(_) | State::Stopped)
    }

    fn request(&mut self, socket: &mut tcp::Socket<'_>) {
        let mut send = |bytes: &[u8]| {
            let sent = socket.send_slice(bytes);
            assert_eq!(sent, Ok(bytes.len()), "a request fits the socket's buffer");
        };
        // A response to HTTP/1.1 may come in chunks, which this client would have to take apart.
        send(b"GET /readings HTTP/1.0\r\nhost: localhost\r\n");
        let id = self.readings.parser.last_event_id();
        for (name, value) in http::REQUEST_HEADERS {
            for text in [name, ": ", value, "\r\n"] {
                send(text.as_bytes());
            }
        }
        if !id.is_empty() {
            for text in [http::LAST_EVENT_ID.as_bytes(), b": ", id, b"\r\n"] {
                send(text);
            }
        }
        send(b"\r\n");
        self.requests.push(number(id)).expect("few requests");
        self.state = State::Head(Head::new());
    }

    fn answered(&mut self, now: Millis) {
        let State::Head(head) = &self.state else {
            return;
        };
        let status = head.start_line().split(|byte| *byte == b' ').nth(1);
        let status = status.and_then(|status| str::from_utf8(status).ok()?.parse().ok());
        let response = Response {
            status: status.unwrap_or(0),
            content_type: head.header("content-type").unwrap_or_default(),
            content_encoding: head.header("content-encoding").unwrap_or_default(),
            retry_after: head
                .header("retry-after")
                .and_then(|value| http::retry_after(value, head.header("date"))),
        };
        let retry = self.readings.parser.retry();
        let next = self.reconnect.on_response(now, response, retry);
        self.follow(next, now);
    }

    fn follow(&mut self, next: Next, now: Millis) {
        self.state = match next {
            Next::Open => State::Stream,
            Next::After(wait) => State::WaitUntil(Millis(now.0 + wait.0)),
            // A device that knows one server follows no redirects.
            Next::Follow | Next::Stop(_) => State::Stopped,
        };
    }
}

/// What has been read from the stream, over all connections.
pub struct Readings {
    parser: Parser<Inline<128, 16>>,
    pub count: u32,
    /// Empty comments.
    pub heartbeats: u32,
}

impl Readings {
    /// Whether there was more than heartbeats in it.
    fn read(&mut self, bytes: &[u8]) -> bool {
        let mut heard = false;
        let mut chunk = Chunk::new(bytes);
        while let Some(step) = self.parser.step(&mut chunk).expect("events that fit") {
            match step {
                Step::Event(ready) => {
                    heard = true;
                    let event = self.parser.event(ready);
                    self.count += 1;
                    assert_eq!(event.event_type(), Some(&b"reading"[..]));
                    assert_eq!(event.data(), script::data(self.count).as_bytes());
                    assert_eq!(number(event.last_event_id()), self.count);
                }
                Step::Comment(piece) => self.heartbeats += u32::from(piece.ends()),
                Step::Retry(_) => heard = true,
                _ => {}
            }
        }
        heard
    }
}

/// The number of the reading with this ID, 0 for none.
fn number(id: &[u8]) -> u32 {
    Id::parse(id).map_or(0, |id| id.seq as u32)
}
