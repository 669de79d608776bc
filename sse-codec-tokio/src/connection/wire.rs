//! A transport, and what waits for it.

use std::{
    io::{ErrorKind, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use tokio::io::AsyncWrite;

use super::{
    clock::{Clock, Due},
    output::Output,
};
use crate::{attempt::attempt, encoded::Outgoing, frames::Burst, reason::Reason};

#[derive(Debug)]
pub(crate) struct Wire<W> {
    pub(crate) io: W,
    pub(crate) output: Output,
    pace: Pace,
    /// The transport has taken less than it was offered, and was not flushed since.
    is_short: bool,
    /// A flush has begun, or has to: nothing is written before it is done.
    must_flush: bool,
}

/// How much is written before a flush has to be done. What a flush has not got through the transport
/// is no progress, so a client has to take that much within one write deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pace {
    /// So far it has taken everything.
    Unknown,
    /// When it took less than it was offered, all of that had left it already.
    Direct,
    /// A flush has had to wait: it takes more than its peer.
    Buffering,
}

impl Pace {
    const fn most(self) -> usize {
        match self {
            Self::Unknown | Self::Buffering => 16 * 1024,
            Self::Direct => 64 * 1024,
        }
    }
}

impl<W: AsyncWrite + Unpin> Wire<W> {
    pub(crate) fn new(io: W, limit: usize) -> Self {
        Self {
            io,
            output: Output::new(limit),
            pace: Pace::Unknown,
            is_short: false,
            must_flush: false,
        }
    }

    /// Whether a write would be tried now and nothing is in front of it.
    pub(crate) fn is_clear(&self) -> bool {
        self.output.pending() == 0 && !self.must_flush && self.left() > 0
    }

    /// How much may be written before a flush.
    pub(crate) fn left(&self) -> usize {
        self.pace.most().saturating_sub(self.output.unflushed())
    }

    /// Writes until nothing waits.
    pub(crate) fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<Result<(), Reason>> {
        loop {
            if self.must_flush {
                ready!(self.poll_flush_now(cx, clock))?;
            }
            if self.output.pending() == 0 {
                return Poll::Ready(Ok(()));
            }
            let slices = self.output.slices(self.left());
            let offered: usize = slices.iter().map(|slice| slice.len()).sum();
            match poll_write(&mut self.io, cx, trim(&slices)) {
                Poll::Ready(Ok(count)) => {
                    self.output.consume(count);
                    self.note_write(count < offered);
                }
                Poll::Ready(Err(reason)) => return Poll::Ready(Err(reason)),
                Poll::Pending if self.output.unflushed() > 0 => self.note_write(true),
                Poll::Pending => return self.poll_deadline(cx, clock),
            }
        }
    }

    /// Writes until nothing waits, and flushes the transport.
    pub(crate) fn poll_flush(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<Result<(), Reason>> {
        ready!(self.poll_drain(cx, clock))?;
        if self.output.unflushed() > 0 {
            ready!(self.poll_flush_now(cx, clock))?;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_flush_now(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<Result<(), Reason>> {
        match attempt(cx, |cx| Pin::new(&mut self.io).poll_flush(cx)).map_err(Reason::of) {
            Poll::Ready(Ok(())) => {
                if self.pace == Pace::Unknown && self.is_short {
                    self.pace = Pace::Direct;
                }
                self.is_short = false;
                self.must_flush = false;
                let count = self.output.flushed();
                clock.wrote(count, self.output.pending());
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(reason)) => Poll::Ready(Err(reason)),
            Poll::Pending => {
                self.must_flush = true;
                self.pace = Pace::Buffering;
                self.poll_deadline(cx, clock)
            }
        }
    }

    pub(crate) fn poll_shutdown(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<Result<(), Reason>> {
        match attempt(cx, |cx| Pin::new(&mut self.io).poll_shutdown(cx)).map_err(Reason::of) {
            Poll::Pending => self.poll_deadline(cx, clock),
            ready => ready,
        }
    }

    /// Writes a burst from where it lies, as much as the transport takes at once, and keeps of the
    /// rest what cannot be [taken back](Output::take). The wire is clear. Returns how many events
    /// are taken back.
    pub(crate) fn send(
        &mut self,
        cx: &mut Context<'_>,
        burst: &Burst,
        is_taken_back: bool,
    ) -> Result<u64, Reason> {
        let bytes = burst.bytes();
        let bytes = &bytes[..bytes.len().min(self.left())];
        let written = self.try_write(cx, &[IoSlice::new(bytes)])?;
        let behind = self.output.take(burst, written, is_taken_back);
        self.note_write(written < bytes.len());
        Ok(behind)
    }

    /// Takes a frame that is too large to be copied, to be written by the next
    /// [`poll_drain`](Self::poll_drain).
    pub(crate) fn send_alone(&mut self, frame: Bytes, is_chunked: bool) {
        self.output.push_alone(frame, is_chunked);
    }

    /// Writes a frame from where it lies, as much as the transport takes at once.
    pub(crate) fn write_frame(
        &mut self,
        cx: &mut Context<'_>,
        frame: &Outgoing<'_>,
    ) -> Result<usize, Reason> {
        const SLICES: usize = 8;
        let most = self.left();
        let mut slices = [IoSlice::new(&[]); SLICES];
        let slices = match frame {
            Outgoing::Encoded(frame) => {
                let bytes = frame.as_bytes();
                slices[0] = IoSlice::new(&bytes[..most.min(bytes.len())]);
                &slices[..1]
            }
            Outgoing::Frame(frame) => {
                let (mut count, mut len) = (0, 0);
                for slice in frame.slices() {
                    len += slice.len();
                    if count == SLICES || len > most || !self.io.is_write_vectored() {
                        return Ok(0);
                    }
                    slices[count] = IoSlice::new(slice);
                    count += 1;
                }
                &slices[..count]
            }
        };
        self.try_write(cx, slices)
    }

    /// Something was written, and perhaps not all that was offered.
    pub(crate) fn note_write(&mut self, is_short: bool) {
        self.is_short |= is_short;
        self.must_flush = (is_short || self.left() == 0) && self.output.unflushed() > 0;
    }

    fn try_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Result<usize, Reason> {
        match poll_write(&mut self.io, cx, slices) {
            Poll::Ready(written) => written,
            Poll::Pending => Ok(0),
        }
    }

    /// The transport is not ready: waits for the end of the deadline, which begins now unless it
    /// runs already.
    fn poll_deadline(
        &mut self,
        cx: &mut Context<'_>,
        clock: &mut Clock,
    ) -> Poll<Result<(), Reason>> {
        // What waits may lie in the transport, not flushed yet.
        clock.wrote(0, self.output.pending().max(1));
        loop {
            match ready!(clock.poll(cx)) {
                Due::WriteDeadline | Due::Drain => {
                    return Poll::Ready(Err(Reason::WriteDeadline));
                }
                Due::Heartbeat => {}
            }
        }
    }
}

/// Without empty slices at either end; a transport passes over others.
fn trim<'s, 'a>(slices: &'s [IoSlice<'a>]) -> &'s [IoSlice<'a>] {
    let first = slices.iter().take_while(|slice| slice.is_empty()).count();
    let last = slices
        .iter()
        .rev()
        .take_while(|slice| slice.is_empty())
        .count();
    &slices[first..slices.len() - last]
}

/// One write. One that takes nothing is an error.
fn poll_write<W: AsyncWrite + Unpin>(
    io: &mut W,
    cx: &mut Context<'_>,
    slices: &[IoSlice<'_>],
) -> Poll<Result<usize, Reason>> {
    let count = ready!(attempt(cx, |cx| match slices {
        [slice] => Pin::new(&mut *io).poll_write(cx, slice),
        slices => Pin::new(&mut *io).poll_write_vectored(cx, slices),
    }))
    .map_err(Reason::of)?;
    Poll::Ready(match count {
        0 => Err(Reason::Io(ErrorKind::WriteZero)),
        count => Ok(count),
    })
}
