//! A client: requests, reads, comes back with the last event ID, until it is told to stop.

use heapless::Vec;
use smoltcp::{
    iface::Context,
    socket::tcp,
    wire::{IpAddress, Ipv4Address},
};
use sse_codec::{Chunk, Inline, Millis, Parser, Step, http, http::Answer, replay::Id};

use super::{head::Head, script};

/// What a server that sets no reconnection time gets.
const RETRY: Millis = Millis(3_000);

/// The dynamic ports begin here.
const FIRST_PORT: u16 = 49_152;

pub struct Client {
    state: State,
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
                    self.answered();
                }
            }
            State::Stream => {
                let readings = &mut self.readings;
                // Fails when the connection is over, which is seen below.
                let _ = socket.recv(|bytes| (bytes.len(), readings.read(bytes)));
            }
            State::Connecting | State::Stopped => {}
        }
        let waits = matches!(self.state, State::WaitUntil(_) | State::Stopped);
        if !waits && !socket.may_recv() && !matches!(socket.state(), tcp::State::SynSent) {
            socket.close();
            let retry = self.readings.parser.retry().unwrap_or(RETRY);
            self.readings.parser.reset();
            self.state = State::WaitUntil(Millis(now.0 + retry.0));
        }
    }

    fn request(&mut self, socket: &mut tcp::Socket<'_>) {
        let mut send = |bytes: &[u8]| {
            let sent = socket.send_slice(bytes);
            assert_eq!(sent, Ok(bytes.len()), "a request fits the socket's buffer");
        };
        send(b"GET /readings HTTP/1.1\r\nhost: localhost\r\n");
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

    fn answered(&mut self) {
        let State::Head(head) = &self.state else {
            return;
        };
        let status = head.start_line().split(|byte| *byte == b' ').nth(1);
        let status = status.and_then(|status| str::from_utf8(status).ok()?.parse().ok());
        let content_type = head.header("content-type").unwrap_or_default();
        self.state = match Answer::new(status.unwrap_or(0), content_type) {
            Answer::Open => State::Stream,
            Answer::Stop => State::Stopped,
            answer => panic!("{answer:?}"),
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
    fn read(&mut self, bytes: &[u8]) {
        let mut chunk = Chunk::new(bytes);
        while let Some(step) = self.parser.step(&mut chunk).expect("events that fit") {
            match step {
                Step::Event(ready) => {
                    let event = self.parser.event(ready);
                    self.count += 1;
                    assert_eq!(event.event_type(), Some(&b"reading"[..]));
                    assert_eq!(event.data(), script::data(self.count).as_bytes());
                    assert_eq!(number(event.last_event_id()), self.count);
                }
                Step::Comment(piece) => self.heartbeats += u32::from(piece.ends()),
                _ => {}
            }
        }
    }
}

/// The number of the reading with this ID, 0 for none.
fn number(id: &[u8]) -> u32 {
    Id::parse(id).map_or(0, |id| id.seq as u32)
}
