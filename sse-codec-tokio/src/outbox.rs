//! What a writer has taken and the transport has not: one bounded buffer, and at most one large
//! frame behind it.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes};
use sse_codec::Frame;

use crate::Outgoing;

#[derive(Debug)]
pub(crate) struct Outbox {
    buffer: Vec<u8>,
    /// How much of the buffer has been written.
    start: usize,
    /// A frame that is larger than the buffer may become. Nothing is behind it.
    large: Bytes,
    limit: usize,
    waiting: VecDeque<Waiting>,
    /// Bytes of the stream that were taken, and that were handed to the transport.
    taken: u64,
    written: u64,
    /// Where the last whole frame ends that was handed to the transport.
    whole: u64,
    events: u64,
    heartbeats: u64,
    high_water: usize,
}

/// A frame of which the transport lacks something.
#[derive(Debug)]
struct Waiting {
    /// Where in the stream it ends.
    end: u64,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the user sends.
    Event,
    Heartbeat,
    /// What else the adapter adds: heads, farewells.
    Other,
}

/// A buffer of up to this size is kept while nothing waits.
const KEPT: usize = 256;

impl Outbox {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            large: Bytes::new(),
            limit,
            waiting: VecDeque::new(),
            taken: 0,
            written: 0,
            whole: 0,
            events: 0,
            heartbeats: 0,
            high_water: 0,
        }
    }

    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// How many bytes wait.
    pub(crate) const fn pending(&self) -> usize {
        self.buffer.len() - self.start + self.large.len()
    }

    /// Whether a frame of this length can be taken now.
    pub(crate) const fn has_room(&self, len: usize) -> bool {
        let pending = self.pending();
        pending == 0 || (self.large.is_empty() && len <= self.limit.saturating_sub(pending))
    }

    /// Takes a frame, all but the `written` bytes that the transport has already.
    pub(crate) fn push(&mut self, frame: Outgoing<'_>, kind: Kind, len: usize, written: usize) {
        debug_assert!(self.large.is_empty(), "nothing goes behind a large frame");
        self.note(len, kind);
        match frame {
            Outgoing::Encoded(frame) if len - written > self.limit && self.large.is_empty() => {
                self.large = frame.into_bytes();
                self.large.advance(written);
            }
            Outgoing::Encoded(frame) => self.extend([&frame.as_bytes()[written..]]),
            Outgoing::Frame(frame) => self.extend(skip(&frame, written)),
        }
        self.handed_on(written);
        self.high_water = self.high_water.max(self.pending());
    }

    /// Takes bytes that are no frame: the head of the response.
    pub(crate) fn push_raw(&mut self, bytes: &[u8]) {
        self.note(bytes.len(), Kind::Other);
        self.extend([bytes]);
        self.high_water = self.high_water.max(self.pending());
    }

    /// What waits, in order.
    pub(crate) fn slices(&self) -> [IoSlice<'_>; 2] {
        [
            IoSlice::new(&self.buffer[self.start..]),
            IoSlice::new(&self.large),
        ]
    }

    /// The transport has taken this much.
    pub(crate) fn consume(&mut self, written: usize) {
        let from_buffer = written.min(self.buffer.len() - self.start);
        self.start += from_buffer;
        self.large.advance(written - from_buffer);
        self.handed_on(written);
        if self.pending() == 0 {
            // An idle connection holds no memory.
            self.start = 0;
            self.buffer.clear();
            self.buffer.shrink_to(KEPT);
            self.waiting.shrink_to(0);
            self.large = Bytes::new();
        }
    }

    /// How many events were handed to the transport whole.
    pub(crate) const fn events(&self) -> u64 {
        self.events
    }

    /// How many heartbeats were handed to the transport whole.
    pub(crate) const fn heartbeats(&self) -> u64 {
        self.heartbeats
    }

    /// Whether the transport has the beginning of an event and not its end.
    pub(crate) fn is_mid_event(&self) -> bool {
        let waiting = self.waiting.front();
        self.written > self.whole && waiting.is_some_and(|frame| frame.kind == Kind::Event)
    }

    /// How many bytes were handed to the transport.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    /// The most bytes that ever waited.
    pub(crate) const fn high_water(&self) -> usize {
        self.high_water
    }

    fn note(&mut self, len: usize, kind: Kind) {
        self.taken += len as u64;
        self.waiting.push_back(Waiting {
            end: self.taken,
            kind,
        });
    }

    fn handed_on(&mut self, written: usize) {
        self.written += written as u64;
        while let Some(Waiting { end, kind }) = self.waiting.front()
            && *end <= self.written
        {
            self.whole = *end;
            match kind {
                Kind::Event => self.events += 1,
                Kind::Heartbeat => self.heartbeats += 1,
                Kind::Other => {}
            }
            self.waiting.pop_front();
        }
    }

    fn extend<'s>(&mut self, slices: impl IntoIterator<Item = &'s [u8]>) {
        if self.start > 0 && self.start >= self.buffer.len() - self.start {
            // At most as much is moved as has been written since the last move.
            self.buffer.drain(..self.start);
            self.start = 0;
        }
        for slice in slices {
            self.buffer.extend_from_slice(slice);
        }
    }
}

/// The frame's slices without the first `count` bytes.
fn skip<'f>(frame: &'f Frame<'f>, mut count: usize) -> impl Iterator<Item = &'f [u8]> {
    frame.slices().map(move |slice| {
        let skipped = count.min(slice.len());
        count -= skipped;
        &slice[skipped..]
    })
}
