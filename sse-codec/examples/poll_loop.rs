//! A server on a poll loop of its own, without async or threads: tells everybody who is here.
//! `cargo run --example poll_loop`, then `curl -N http://127.0.0.1:8080/`, more than once.
//!
//! Every turn looks at every client, which is right for some hundreds of them. With more, the tokens
//! say who is ready, and a heap of `poll_timeout`s who is next.

use mio::{Events, Interest, Poll, Token, net::TcpListener, net::TcpStream};
use sse_codec::{Event, Frame, Millis, Timeout, Timers, TimersConfig, http::RESPONSE_HEAD_CLOSE};
use std::io::{ErrorKind, Read, Result, Write};
use std::time::{Duration, Instant};

const TIMERS: TimersConfig = TimersConfig::new()
    .with_heartbeat(Millis(15_000), Millis(5_000))
    .with_write_deadline(Millis(30_000));

struct Client {
    socket: TcpStream,
    pending: Vec<u8>,
    timers: Timers,
}

fn main() -> Result<()> {
    let (mut poll, mut ready, start) = (Poll::new()?, Events::with_capacity(64), Instant::now());
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 8080).into())?;
    let registry = poll.registry().try_clone()?;
    registry.register(&mut listener, Token(0), Interest::READABLE)?;
    let both = Interest::READABLE | Interest::WRITABLE;
    let (mut clients, mut wait) = (Vec::<Client>::new(), None);
    for turn in 0.. {
        if let Err(error) = poll.poll(&mut ready, wait)
            && error.kind() != ErrorKind::Interrupted
        {
            return Err(error);
        }
        let now = Millis::from(start.elapsed());
        while let Ok((mut socket, _)) = listener.accept() {
            registry.register(&mut socket, Token(1), both)?;
            // A server with more than one thing to tell would read the request first.
            let pending = RESPONSE_HEAD_CLOSE.to_vec();
            clients.push(Client {
                socket,
                pending,
                timers: Timers::new(now, TIMERS, turn),
            });
            let text = format!("{} here", clients.len());
            let frame = Frame::event(Event::text(&text)).expect("has neither type nor ID");
            for client in &mut clients {
                client.pending.extend(frame.slices().flatten());
            }
        }
        clients.retain_mut(|client| client.turn(now).is_ok());
        let next = clients.iter().filter_map(|c| c.timers.poll_timeout()).min();
        wait = next.map(|next| Duration::from_millis(next.0.saturating_sub(now.0)));
    }
    Ok(())
}

impl Client {
    /// Reads and writes all that can be, for the poll tells only once. Fails when the client is
    /// gone, or should be.
    fn turn(&mut self, now: Millis) -> Result<()> {
        while let Some(len) = unless_blocked(self.socket.read(&mut [0; 512]))? {
            if len == 0 {
                return Err(ErrorKind::ConnectionAborted.into());
            }
        }
        let mut sent = 0;
        while let Some(rest) = self.pending.get(sent..).filter(|rest| !rest.is_empty())
            && let Some(len) = unless_blocked(self.socket.write(rest))?
        {
            sent += len;
        }
        self.pending.drain(..sent);
        self.timers.wrote(now, sent, self.pending.len());
        match self.timers.handle_timeout(now) {
            None => Ok(()),
            Some(Timeout::Heartbeat) => {
                self.pending.extend(Frame::HEARTBEAT.slices().flatten());
                self.turn(now)
            }
            Some(_) => Err(ErrorKind::TimedOut.into()),
        }
    }
}

fn unless_blocked(result: Result<usize>) -> Result<Option<usize>> {
    match result {
        Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(None),
        result => result.map(Some),
    }
}
