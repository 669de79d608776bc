use std::{
    collections::VecDeque,
    io::{self, ErrorKind, IoSlice},
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard},
    task::{Context, Poll, Waker},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a transport does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Does it, with no more than so many bytes.
    Do(usize),
    /// Is not ready now, but at once.
    Later,
    /// Is not ready until [`Probe::resume`].
    Stall,
    Fail(ErrorKind),
}

/// A transport that follows a script and, when that is at its end, takes all it is given.
///
/// It has nothing to read but what the script says, until it is shut down; then it closes too.
#[derive(Debug)]
pub struct Transport {
    probe: Probe,
    vectored: bool,
}

/// What a [`Transport`] was asked, and what it will do.
#[derive(Clone, Debug, Default)]
pub struct Probe(Arc<Mutex<Script>>);

#[derive(Debug, Default)]
pub struct Script {
    /// What the next writes do.
    pub writes: VecDeque<Act>,
    /// What the write that begins at this byte of the stream does; writes end there.
    pub at: VecDeque<(usize, Act)>,
    pub flushes: VecDeque<Act>,
    pub shutdowns: VecDeque<Act>,
    /// What the next reads do; `Do(0)` is the end of the stream.
    pub reads: VecDeque<Act>,
    /// What it has taken.
    pub received: Vec<u8>,
    /// How much of it has been flushed.
    pub flushed: usize,
    /// Where the slices of each write lay that took something, and how long they were.
    pub slices: Vec<Vec<(usize, usize)>>,
    /// In order: `w`rites that took something, `f`lushes that were done, `s`hutdown.
    pub calls: String,
    /// How often it was asked for anything.
    pub polls: usize,
    stalled: Vec<Waker>,
    is_shut_down: bool,
}

impl Transport {
    pub fn new() -> (Self, Probe) {
        Self::with(false)
    }

    pub fn vectored() -> (Self, Probe) {
        Self::with(true)
    }

    pub fn with(vectored: bool) -> (Self, Probe) {
        let probe = Probe::default();
        (
            Self {
                probe: probe.clone(),
                vectored,
            },
            probe,
        )
    }

    pub fn probe(&self) -> Probe {
        self.probe.clone()
    }

    fn write(&self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let mut script = self.probe.script();
        let begin = script.received.len();
        let (act, most) = match script.at.front() {
            Some(&(at, act)) if at == begin => {
                if act != Act::Stall {
                    script.at.pop_front();
                }
                (Some(act), usize::MAX)
            }
            Some(&(at, _)) => (None, at - begin),
            None => (None, usize::MAX),
        };
        let act = act.or_else(|| next(&mut script.writes));
        script.perform(act, cx).map_ok(|count| {
            let mut left = count.min(most);
            for slice in slices {
                let part = &slice[..left.min(slice.len())];
                script.received.extend_from_slice(part);
                left -= part.len();
            }
            let count = script.received.len() - begin;
            if count > 0 {
                script.calls.push('w');
                let places = slices
                    .iter()
                    .map(|slice| (slice.as_ptr() as usize, slice.len()));
                script.slices.push(places.collect());
            }
            count
        })
    }
}

impl Probe {
    pub fn script(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap()
    }

    pub fn received(&self) -> Vec<u8> {
        self.script().received.clone()
    }

    /// The calls since this was asked last.
    pub fn calls(&self) -> String {
        std::mem::take(&mut self.script().calls)
    }

    /// Ends the stall at the byte where the stream is.
    pub fn resume_one(&self) {
        let mut script = self.script();
        script.at.pop_front();
        script.stalled.drain(..).for_each(Waker::wake);
    }

    /// Ends every stall.
    pub fn resume(&self) {
        let mut script = self.script();
        let Script {
            writes,
            flushes,
            shutdowns,
            reads,
            at,
            ..
        } = &mut *script;
        for acts in [writes, flushes, shutdowns, reads] {
            acts.retain(|act| *act != Act::Stall);
        }
        at.retain(|(_, act)| *act != Act::Stall);
        let stalled = std::mem::take(&mut script.stalled);
        drop(script);
        stalled.into_iter().for_each(Waker::wake);
    }
}

impl Script {
    fn perform(&mut self, act: Option<Act>, cx: &Context<'_>) -> Poll<io::Result<usize>> {
        self.polls += 1;
        match act.unwrap_or(Act::Do(usize::MAX)) {
            Act::Do(most) => Poll::Ready(Ok(most)),
            Act::Later => {
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            Act::Stall => {
                self.stalled.push(cx.waker().clone());
                Poll::Pending
            }
            Act::Fail(kind) => Poll::Ready(Err(kind.into())),
        }
    }
}

/// The next thing to do. A stall stays.
fn next(acts: &mut VecDeque<Act>) -> Option<Act> {
    match acts.front() {
        Some(Act::Stall) => Some(Act::Stall),
        _ => acts.pop_front(),
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.write(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // As the default implementation does.
        let first = slices.iter().find(|slice| !slice.is_empty());
        match first {
            Some(first) if !self.vectored => self.write(cx, &[IoSlice::new(first)]),
            _ => self.write(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.vectored
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut script = self.probe.script();
        let act = next(&mut script.flushes);
        script.perform(act, cx).map_ok(|_| {
            script.calls.push('f');
            script.flushed = script.received.len();
        })
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut script = self.probe.script();
        let act = next(&mut script.shutdowns);
        script.perform(act, cx).map_ok(|_| {
            script.calls.push('s');
            script.is_shut_down = true;
        })
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut script = self.probe.script();
        let at_last = if script.is_shut_down {
            Act::Do(0)
        } else {
            Act::Stall
        };
        let act = next(&mut script.reads).unwrap_or(at_last);
        script.perform(Some(act), cx).map_ok(|most| {
            let count = most.min(buffer.remaining());
            buffer.initialize_unfilled_to(count).fill(b'?');
            buffer.advance(count);
        })
    }
}
