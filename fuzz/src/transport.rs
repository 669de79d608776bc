//! A transport that does what a script says, on tokio's clock.

use std::{
    collections::VecDeque,
    future::Future,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::{Sleep, sleep},
};

/// What a transport does when it is asked.
#[derive(Clone, Copy, Debug)]
enum Act {
    /// With no more than so many bytes.
    Do(usize),
    /// Not ready, but at once.
    Later,
    /// Not ready for so long.
    Wait(Duration),
    Fail(ErrorKind),
}

const FAILURES: [ErrorKind; 8] = [
    ErrorKind::Interrupted,
    ErrorKind::WouldBlock,
    ErrorKind::BrokenPipe,
    ErrorKind::ConnectionReset,
    ErrorKind::ConnectionAborted,
    ErrorKind::NotConnected,
    ErrorKind::TimedOut,
    ErrorKind::Other,
];

impl Act {
    fn new(byte: u8) -> Self {
        let amount = usize::from(byte >> 2);
        match byte & 3 {
            0 => Self::Do(amount * amount),
            1 => Self::Wait(tenths(amount)),
            2 if amount < 56 => Self::Do(amount + 1),
            2 => Self::Fail(FAILURES[amount - 56]),
            _ if amount < 48 => Self::Wait(tenths(amount * amount / 4)),
            _ => Self::Later,
        }
    }
}

pub(crate) fn tenths(amount: usize) -> Duration {
    Duration::from_millis(100 * amount as u64)
}

/// What has come over the transport and what has happened to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wire {
    pub(crate) received: Vec<u8>,
    /// How much of it was flushed, and whether a flush has begun and is not done.
    pub(crate) flushed: usize,
    pub(crate) flushing: bool,
    /// A flush has had to wait, once.
    pub(crate) is_slow: bool,
    pub(crate) failures: Vec<ErrorKind>,
    /// How much was there to read, and whether its end has been seen.
    pub(crate) input: usize,
    pub(crate) ended: bool,
    pub(crate) shut_down: bool,
}

pub(crate) struct Transport {
    wire: Arc<Mutex<Wire>>,
    writes: Script,
    /// Flushes and the shutdown.
    flushes: Script,
    reads: Script,
    is_vectored: bool,
}

#[derive(Default)]
struct Script {
    acts: VecDeque<Act>,
    waiting: Option<Pin<Box<Sleep>>>,
}

impl Transport {
    pub(crate) fn new(writes: &[u8], flushes: &[u8], reads: &[u8], is_vectored: bool) -> Self {
        Self {
            wire: Arc::default(),
            writes: Script::new(writes),
            flushes: Script::new(flushes),
            reads: Script::new(reads),
            is_vectored,
        }
    }

    pub(crate) fn wire(&self) -> Arc<Mutex<Wire>> {
        Arc::clone(&self.wire)
    }

    /// For how long in all it will take nothing.
    pub(crate) fn stalls(&self) -> Duration {
        let acts = self.writes.acts.iter().chain(&self.flushes.acts);
        acts.map(|act| match act {
            Act::Wait(time) => *time,
            _ => Duration::ZERO,
        })
        .sum()
    }

    fn lock(&self) -> MutexGuard<'_, Wire> {
        self.wire.lock().unwrap()
    }

    fn note<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| self.lock().failures.push(error.kind()))
    }
}

impl Script {
    fn new(bytes: &[u8]) -> Self {
        Self {
            acts: bytes.iter().copied().map(Act::new).collect(),
            ..Self::default()
        }
    }

    /// `None` at the end of the script.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<usize>>> {
        loop {
            if let Some(sleep) = &mut self.waiting {
                ready!(sleep.as_mut().poll(cx));
                self.waiting = None;
            }
            match self.acts.pop_front() {
                None => return Poll::Ready(None),
                Some(Act::Do(most)) => return Poll::Ready(Some(Ok(most))),
                Some(Act::Wait(time)) => self.waiting = Some(Box::pin(sleep(time))),
                Some(Act::Fail(kind)) => return Poll::Ready(Some(Err(kind.into()))),
                Some(Act::Later) => {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
            }
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        assert!(
            slices.iter().any(|slice| !slice.is_empty()),
            "nothing to write"
        );
        let result = ready!(self.writes.poll(cx)).unwrap_or(Ok(usize::MAX));
        let mut left = self.note(result)?;
        let mut wire = self.lock();
        assert!(!wire.shut_down, "written to after its shutdown");
        assert!(!wire.flushing, "written to while a flush is pending");
        let before = wire.received.len();
        for slice in slices {
            let part = &slice[..left.min(slice.len())];
            wire.received.extend_from_slice(part);
            left -= part.len();
        }
        let most = if wire.is_slow { 16 } else { 64 } * 1024;
        assert!(
            wire.received.len() - wire.flushed <= most,
            "too much between flushes"
        );
        Poll::Ready(Ok(wire.received.len() - before))
    }

    fn is_write_vectored(&self) -> bool {
        self.is_vectored
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = self.flushes.poll(cx);
        {
            let mut wire = self.lock();
            wire.flushing = result.is_pending();
            wire.is_slow |= wire.flushing;
        }
        let result = self.note(ready!(result).unwrap_or(Ok(0)));
        if result.is_ok() {
            let mut wire = self.lock();
            wire.flushed = wire.received.len();
        }
        Poll::Ready(result.map(drop))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = ready!(self.flushes.poll(cx)).unwrap_or(Ok(0));
        self.note(result)?;
        self.lock().shut_down = true;
        Poll::Ready(Ok(()))
    }
}

/// At the end of its script there is nothing to read, for ever.
impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(result) = ready!(self.reads.poll(cx)) else {
            return Poll::Pending;
        };
        let most = self.note(result)?.min(buffer.remaining());
        buffer.initialize_unfilled_to(most).fill(b'?');
        buffer.advance(most);
        let mut wire = self.lock();
        assert!(!wire.ended, "read after its end");
        wire.input += most;
        wire.ended = most == 0;
        Poll::Ready(Ok(()))
    }
}
