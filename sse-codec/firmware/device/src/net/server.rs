//! A server with one connection, a transmit buffer of 256 bytes, and readings to tell.

use core::fmt::Write;

use heapless::{String, Vec};
use smoltcp::socket::tcp;
use sse_codec::{Event, Frame, Millis, Timeout, Timers, TimersConfig, http};

use super::{head::Head, script};

const TRANSMIT: usize = 256;

const TIMERS: TimersConfig = TimersConfig::new()
    .with_heartbeat(Millis(40), Millis(10))
    .with_write_deadline(Millis(500))
    .with_lifetime(script::LIFETIME, Millis(0));

pub struct Server {
    state: State,
    /// Written, and not yet taken by the socket.
    transmit: Vec<u8, TRANSMIT>,
    timers: Timers,
    /// When there was last a reading.
    read_at: Millis,
    pub connections: u32,
    pub heartbeats: u32,
}

#[expect(
    clippy::large_enum_variant,
    reason = "there is no heap to put a head on"
)]
enum State {
    Idle,
    Request(Head),
    /// The number of the last reading told.
    Stream(u32),
    /// What is in the buffer is still to be sent.
    Closing,
}

impl Server {
    pub const fn new() -> Self {
        Self {
            state: State::Idle,
            transmit: Vec::new(),
            timers: Timers::new(Millis(0), TimersConfig::new(), 0),
            read_at: Millis(0),
            connections: 0,
            heartbeats: 0,
        }
    }

    /// One turn of the loop.
    pub fn turn(&mut self, socket: &mut tcp::Socket<'_>, now: Millis) {
        match &mut self.state {
            State::Idle if socket.is_active() => {
                self.state = State::Request(Head::new());
                self.timers = Timers::new(now, TIMERS, self.connections);
                self.connections += 1;
            }
            State::Idle if !socket.is_open() => socket.listen(script::PORT).expect("a free socket"),
            State::Idle => {}
            State::Request(head) => {
                let complete = socket.recv(|bytes| head.read(bytes)).unwrap_or_default();
                if complete {
                    self.answer();
                }
            }
            State::Stream(_) => self.tell(now),
            State::Closing if self.transmit.is_empty() => socket.close(),
            State::Closing => {}
        }
        self.send(socket, now);
        // This one closes first, so it would be the one to wait until no stray packet can come.
        if socket.state() == tcp::State::TimeWait {
            socket.abort();
        }
        if !socket.is_open() && !matches!(self.state, State::Idle) {
            self.state = State::Idle;
            self.transmit.clear();
        }
    }

    fn answer(&mut self) {
        let State::Request(head) = &self.state else {
            return;
        };
        let last = http::last_event_id(head.header(http::LAST_EVENT_ID).unwrap_or_default());
        let last = str::from_utf8(last.expect("an ID of ours")).ok();
        let last = last.and_then(|id| id.parse().ok()).unwrap_or(0);
        let accepted = http::accepts_event_stream(head.header("accept"));
        let head = match head.start_line() {
            _ if last == script::READINGS => http::NO_CONTENT,
            b"GET /readings HTTP/1.0" | b"GET /readings HTTP/1.1" if accepted => {
                http::RESPONSE_HEAD_CLOSE
            }
            b"GET /readings HTTP/1.0" | b"GET /readings HTTP/1.1" => http::NOT_ACCEPTABLE,
            _ => http::METHOD_NOT_ALLOWED,
        };
        self.write_bytes(head);
        if head == http::RESPONSE_HEAD_CLOSE {
            self.write(&Frame::retry(script::RETRY));
            self.state = State::Stream(last);
        } else {
            self.state = State::Closing;
        }
    }

    /// Tells the next reading, if it is time and the last one has been sent.
    fn tell(&mut self, now: Millis) {
        let State::Stream(last) = &mut self.state else {
            return;
        };
        if *last == script::READINGS {
            self.state = State::Closing;
            return;
        }
        if !self.transmit.is_empty() || now.0 < self.read_at.0 + script::pause_after(*last) {
            return;
        }
        self.read_at = now;
        *last += 1;
        let number = *last;
        let mut id = String::<10>::new();
        write!(id, "{number}").expect("ten digits");
        let data = script::data(number);
        let event = Event::text(&data)
            .with_type(b"reading")
            .with_id(id.as_bytes());
        self.write(&Frame::event(event).expect("valid"));
        if number == script::CUT && self.connections == 1 {
            // The power fails in the middle of the event.
            self.transmit.truncate(self.transmit.len() / 2);
            self.state = State::Closing;
        }
    }

    fn send(&mut self, socket: &mut tcp::Socket<'_>, now: Millis) {
        let sent = if socket.can_send() {
            socket.send_slice(&self.transmit).unwrap_or(0)
        } else {
            0
        };
        self.transmit.drain(..sent);
        self.timers.wrote(now, sent, self.transmit.len());
        match self.timers.handle_timeout(now) {
            Some(Timeout::Heartbeat) if matches!(self.state, State::Stream(_)) => {
                self.heartbeats += 1;
                self.write(&Frame::HEARTBEAT);
            }
            Some(Timeout::Lifetime) => self.state = State::Closing,
            Some(Timeout::WriteDeadline) => socket.abort(),
            _ => {}
        }
    }

    fn write(&mut self, frame: &Frame<'_>) {
        frame.write_to(&mut self.transmit).expect("room");
    }

    fn write_bytes(&mut self, bytes: &[u8]) {
        self.transmit
            .extend_from_slice(bytes)
            .expect("a frame that fits");
    }
}
