//! A server with one connection and readings to tell. A ring keeps the last ones, so that a browser
//! which lost its network gets them when it comes back.

use heapless::Vec;
use smoltcp::socket::tcp;
use sse_codec::{
    Event, Frame, Millis, Timeout, Timers, TimersConfig, http,
    replay::{Cursor, Outcome, Ring},
};

use super::{head::Head, script};

/// Room for what is not in the ring: the response's head, the first frame, a heartbeat.
const TRANSMIT: usize = 192;

/// Room for five readings.
const RING: usize = 432;

const TIMERS: TimersConfig = TimersConfig::new()
    .with_heartbeat(Millis(40), Millis(10))
    .with_write_deadline(Millis(500))
    .with_lifetime(script::LIFETIME, Millis(0));

pub struct Server {
    state: State,
    /// Written, and not yet taken by the socket. Goes out before anything of the ring.
    transmit: Vec<u8, TRANSMIT>,
    ring: Ring<RING>,
    timers: Timers,
    /// When there was last a reading.
    read_at: Millis,
    /// How many bytes of readings until the power fails.
    until_cut: usize,
    pub connections: u32,
    pub heartbeats: u32,
    pub replayed: u64,
}

#[expect(
    clippy::large_enum_variant,
    reason = "there is no heap to put a head on"
)]
enum State {
    Idle,
    Request(Head),
    /// How far the client has been told.
    Stream(Cursor),
    /// What is in the buffer is still to be sent.
    Closing,
}

impl Server {
    pub const fn new() -> Self {
        Self {
            state: State::Idle,
            transmit: Vec::new(),
            ring: Ring::new(),
            timers: Timers::new(Millis(0), TimersConfig::new(), 0),
            read_at: Millis(0),
            until_cut: script::CUT_AFTER,
            connections: 0,
            heartbeats: 0,
            replayed: 0,
        }
    }

    /// The device has started, for the `epoch`th time.
    pub const fn start(&mut self, epoch: u64) {
        self.ring.start(epoch);
    }

    /// One turn of the loop.
    pub fn turn(&mut self, socket: &mut tcp::Socket<'_>, now: Millis) {
        self.take_reading(now);
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
            State::Stream(_) | State::Closing => {}
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

    /// Takes the next reading if it is time, whether anybody listens or not.
    fn take_reading(&mut self, now: Millis) {
        let number = self.last() + 1;
        if number > script::READINGS || now.0 < self.read_at.0 + script::pause_after(number - 1) {
            return;
        }
        self.read_at = now;
        let data = script::data(number);
        let event = Event::text(&data).with_type(b"reading");
        self.ring.append(event).expect("a valid event that fits");
    }

    /// The number of the last reading.
    fn last(&self) -> u32 {
        self.ring.window().head().seq as u32
    }

    fn answer(&mut self) {
        let State::Request(head) = &self.state else {
            return;
        };
        let id = head.header(http::LAST_EVENT_ID).unwrap_or_default();
        let (resume, mut cursor) = self.ring.resume(id);
        let has_all = resume.outcome == (Outcome::Resumed { replayed: 0 });
        if let Outcome::Resumed { replayed } = resume.outcome {
            self.replayed += replayed;
        }
        let accepted = http::accepts_event_stream(head.header("accept"));
        let head = match head.start_line() {
            _ if has_all && self.last() == script::READINGS => http::NO_CONTENT,
            b"GET /readings HTTP/1.0" | b"GET /readings HTTP/1.1" if accepted => {
                http::RESPONSE_HEAD_CLOSE
            }
            b"GET /readings HTTP/1.0" | b"GET /readings HTTP/1.1" => http::NOT_ACCEPTABLE,
            _ => http::METHOD_NOT_ALLOWED,
        };
        self.write_bytes(head);
        if head == http::RESPONSE_HEAD_CLOSE {
            let mut after = resume.after;
            // A page that was just opened, or knows an earlier start only, is shown the last readings.
            if matches!(resume.outcome, Outcome::New | Outcome::Unknown) {
                (after, cursor) = (self.ring.window().floor(), self.ring.oldest());
            }
            // With an ID from the start, a client that is cut before its first reading misses none.
            let id = after.text();
            let first = Event::without_data().with_id(&id);
            self.write(&Frame::event(first.with_retry(script::RETRY)).expect("a valid ID"));
            self.state = State::Stream(cursor);
        } else {
            self.state = State::Closing;
        }
    }

    fn send(&mut self, socket: &mut tcp::Socket<'_>, now: Millis) {
        let mut sent = send(socket, &self.transmit);
        self.transmit.drain(..sent);
        let mut pending = self.transmit.len();
        if let State::Stream(cursor) = &mut self.state
            && pending == 0
        {
            match self.ring.read(*cursor) {
                Ok([first, second]) => {
                    let taken = send(socket, &first[..first.len().min(self.until_cut)]);
                    cursor.advance(taken);
                    sent += taken;
                    pending = first.len() + second.len() - taken;
                    self.until_cut -= taken;
                    if self.until_cut == 0 {
                        self.until_cut = usize::MAX;
                        self.state = State::Closing;
                    } else if pending == 0 && self.last() == script::READINGS {
                        self.state = State::Closing;
                    }
                }
                // Too slow: it comes back with its ID.
                Err(_) => self.state = State::Closing,
            }
        }
        if matches!(self.state, State::Closing) && self.transmit.is_empty() {
            socket.close();
        }
        self.timers.wrote(now, sent, pending);
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

/// Gives the socket as much of it as it takes, and returns how much that is.
fn send(socket: &mut tcp::Socket<'_>, bytes: &[u8]) -> usize {
    if socket.can_send() {
        socket.send_slice(bytes).unwrap_or(0)
    } else {
        0
    }
}
