//! What a writer has taken and the transport has not: one bounded buffer, and at most one large
//! frame behind it.

use std::{collections::VecDeque, io::IoSlice};

use bytes::{Buf, Bytes};
use sse_codec::Frame;

use crate::Outgoing;

#[derive(Debug)]
pub(crate) struct Outbox {
    buffer: VecDeque<u8>,
    /// A frame that is larger than the buffer may become. Nothing is behind it.
    large: Bytes,
    limit: usize,
    waiting: VecDeque<Waiting>,
    /// How much of the first waiting frame was handed to the transport.
    begun: u64,
    /// How much was in all.
    written: u64,
    events: u64,
    heartbeats: u64,
    high_water: usize,
}

/// A frame of which the transport lacks something: its length, and in the last two bits its kind.
/// There can be a thousand of them in a buffer.
#[derive(Clone, Copy, Debug)]
struct Waiting(u64);

impl Waiting {
    const fn new(len: usize, kind: Kind) -> Self {
        Self((len as u64) << 2 | kind as u64)
    }

    const fn len(self) -> u64 {
        self.0 >> 2
    }

    const fn kind(self) -> Kind {
        match self.0 & 3 {
            0 => Kind::Event,
            1 => Kind::Heartbeat,
            _ => Kind::Other,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the user sends.
    Event,
    Heartbeat,
    /// What else the adapter adds: heads, farewells.
    Other,
}

impl Outbox {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            buffer: VecDeque::new(),
            large: Bytes::new(),
            limit,
            waiting: VecDeque::new(),
            begun: 0,
            written: 0,
            events: 0,
            heartbeats: 0,
            high_water: 0,
        }
    }

    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// How many bytes wait.
    pub(crate) fn pending(&self) -> usize {
        self.buffer.len() + self.large.len()
    }

    /// Whether a frame of this length can be taken now.
    pub(crate) fn has_room(&self, len: usize) -> bool {
        let pending = self.pending();
        pending == 0 || (self.large.is_empty() && len <= self.limit.saturating_sub(pending))
    }

    /// Takes a frame, all but the `written` bytes that the transport has already.
    pub(crate) fn push(&mut self, frame: Outgoing<'_>, kind: Kind, len: usize, written: usize) {
        debug_assert!(self.large.is_empty(), "nothing goes behind a large frame");
        self.waiting.push_back(Waiting::new(len, kind));
        match frame {
            Outgoing::Encoded(frame) if len - written > self.limit && self.large.is_empty() => {
                self.large = frame.into_bytes();
                self.large.advance(written);
            }
            Outgoing::Encoded(frame) => {
                self.reserve(len - written);
                self.buffer.extend(&frame.as_bytes()[written..]);
            }
            Outgoing::Frame(frame) => {
                self.reserve(len - written);
                for slice in skip(&frame, written) {
                    self.buffer.extend(slice);
                }
            }
        }
        self.handed_on(written);
        self.high_water = self.high_water.max(self.pending());
    }

    /// Takes bytes that are no frame: the head of the response.
    pub(crate) fn push_raw(&mut self, bytes: &[u8]) {
        self.waiting
            .push_back(Waiting::new(bytes.len(), Kind::Other));
        self.reserve(bytes.len());
        self.buffer.extend(bytes);
        self.high_water = self.high_water.max(self.pending());
    }

    /// What waits, in order.
    pub(crate) fn slices(&self) -> [IoSlice<'_>; 3] {
        let (first, second) = self.buffer.as_slices();
        [first, second, &self.large].map(IoSlice::new)
    }

    /// The transport has taken this much.
    pub(crate) fn consume(&mut self, written: usize) {
        let from_buffer = written.min(self.buffer.len());
        self.buffer.drain(..from_buffer);
        self.large.advance(written - from_buffer);
        self.handed_on(written);
        if self.pending() == 0 {
            // An idle connection holds no memory.
            self.buffer = VecDeque::new();
            self.waiting = VecDeque::new();
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
        self.begun > 0 && waiting.is_some_and(|frame| frame.kind() == Kind::Event)
    }

    /// How many bytes were handed to the transport.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }

    /// The most bytes that ever waited.
    pub(crate) const fn high_water(&self) -> usize {
        self.high_water
    }

    fn handed_on(&mut self, written: usize) {
        self.written += written as u64;
        self.begun += written as u64;
        while let Some(frame) = self.waiting.front()
            && frame.len() <= self.begun
        {
            self.begun -= frame.len();
            match frame.kind() {
                Kind::Event => self.events += 1,
                Kind::Heartbeat => self.heartbeats += 1,
                Kind::Other => {}
            }
            self.waiting.pop_front();
        }
    }

    /// Makes room for so much more: by doubling, as a vector would, but not past the limit.
    fn reserve(&mut self, more: usize) {
        let needed = self.buffer.len() + more;
        if needed > self.buffer.capacity() {
            let doubled = self.buffer.capacity().saturating_mul(2).min(self.limit);
            self.buffer
                .reserve_exact(needed.max(doubled) - self.buffer.len());
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
