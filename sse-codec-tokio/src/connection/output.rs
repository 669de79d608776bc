//! What a connection has taken and its transport has not: one bounded buffer, and at most one large
//! frame behind it.

use std::{collections::VecDeque, io::IoSlice, mem};

use bytes::{Buf, Bytes};
use sse_codec::{
    Frame,
    http::{CHUNK_END, ChunkSize},
};

use crate::{
    encoded::Outgoing,
    frames::{Burst, Counts, Kind, lengths},
};

#[derive(Debug)]
pub(crate) struct Output {
    buffer: Vec<u8>,
    /// How much of the buffer the transport has.
    at: usize,
    /// A frame that is larger than the buffer may become. Nothing is behind it but its `tail`.
    large: Bytes,
    tail: &'static [u8],
    limit: usize,
    waiting: VecDeque<Waiting>,
    /// How much of the first waiting frame was given to the transport.
    begun: u64,
    /// What was given to the transport whole, and what of that has been flushed.
    given: Counts,
    done: Counts,
    unflushed: usize,
    bytes: u64,
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

impl Output {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            at: 0,
            large: Bytes::new(),
            tail: &[],
            limit,
            waiting: VecDeque::new(),
            begun: 0,
            given: Counts::default(),
            done: Counts::default(),
            unflushed: 0,
            bytes: 0,
            high_water: 0,
        }
    }

    pub(crate) const fn limit(&self) -> usize {
        self.limit
    }

    /// How many bytes wait.
    pub(crate) fn pending(&self) -> usize {
        self.buffer.len() - self.at + self.large.len() + self.tail.len()
    }

    /// How many bytes the transport has got and not flushed.
    pub(crate) const fn unflushed(&self) -> usize {
        self.unflushed
    }

    /// Whether a frame of this length can be taken now.
    pub(crate) fn has_room(&self, len: usize) -> bool {
        let pending = self.pending();
        let is_alone = self.large.is_empty() && self.tail.is_empty();
        pending == 0 || (is_alone && len <= self.limit.saturating_sub(pending))
    }

    /// Takes a frame, all but the `written` bytes that the transport has already.
    pub(crate) fn push(&mut self, frame: Outgoing<'_>, kind: Kind, len: usize, written: usize) {
        debug_assert!(self.large.is_empty(), "nothing goes behind a large frame");
        self.waiting.push_back(Waiting::new(len, kind));
        match frame {
            Outgoing::Encoded(frame) if len - written > self.limit => {
                self.large = frame.into_bytes();
                self.large.advance(written);
            }
            Outgoing::Encoded(frame) => {
                self.reserve(len - written);
                self.buffer.extend_from_slice(&frame.as_bytes()[written..]);
            }
            Outgoing::Frame(frame) => {
                self.reserve(len - written);
                for slice in skip(&frame, written) {
                    self.buffer.extend_from_slice(slice);
                }
            }
        }
        self.handed_on(written);
        self.note_high_water();
    }

    /// Takes a frame that is too large to be copied, as an event and, if so, a chunk of its own.
    pub(crate) fn push_alone(&mut self, frame: Bytes, is_chunked: bool) {
        if is_chunked && let Some(size) = ChunkSize::new(frame.len()) {
            let size = size.as_bytes();
            self.reserve(size.len());
            self.buffer.extend_from_slice(size);
            self.waiting
                .push_back(Waiting::new(size.len(), Kind::Other));
            self.tail = CHUNK_END;
        }
        self.waiting
            .push_back(Waiting::new(frame.len(), Kind::Event));
        if is_chunked {
            self.waiting
                .push_back(Waiting::new(CHUNK_END.len(), Kind::ChunkEnd));
        }
        self.large = frame;
        self.note_high_water();
    }

    /// Takes what of a burst the transport has not: all of it, or up to the end of the chunk or
    /// frame that comes next, where what is behind that is `taken_back`. Returns how many events
    /// that is.
    pub(crate) fn take(&mut self, burst: &Burst, written: usize, is_taken_back: bool) -> u64 {
        let all = burst.bytes();
        if !is_taken_back {
            self.high_water = self.high_water.max(self.pending() + all.len());
        }
        if written == all.len() {
            // The common case: nothing is kept.
            self.given.add_all(burst.counts());
            self.unflushed += written;
            self.bytes += written as u64;
            return 0;
        }
        let own = burst.parts().iter().rposition(|part| {
            matches!(part.kind, Kind::Heartbeat) || part.kind == Kind::Other && part.frames > 0
        });
        let (mut begin, mut keep_from, mut keep_to) = (0, None, all.len());
        let (mut behind, mut is_kept) = (0, true);
        for (number, part) in burst.parts().iter().enumerate() {
            let end = begin + part.len as usize;
            if end <= written {
                self.given.add(part.kind, part.frames.into());
            } else if is_kept {
                self.keep(
                    part.kind,
                    &all[begin..end],
                    part.frames,
                    begin,
                    written,
                    &mut keep_from,
                );
                let is_whole = !burst.is_chunked() || part.kind == Kind::ChunkEnd;
                if is_taken_back && is_whole && own.is_none_or(|own| own <= number) {
                    keep_to = end;
                    is_kept = false;
                }
            } else if part.kind == Kind::Event {
                behind += u64::from(part.frames);
            }
            begin = end;
        }
        self.reserve(keep_to - written);
        self.buffer.extend_from_slice(&all[written..keep_to]);
        let begun = written - keep_from.unwrap_or(written);
        self.unflushed += written;
        self.bytes += written as u64;
        self.begun = begun as u64;
        self.note_high_water();
        behind
    }

    /// Notes the frames of a part of which the transport lacks something.
    fn keep(
        &mut self,
        kind: Kind,
        bytes: &[u8],
        frames: u32,
        begin: usize,
        written: usize,
        from: &mut Option<usize>,
    ) {
        let mut at = begin;
        for len in lengths(bytes, frames.max(1) as usize) {
            if at + len <= written {
                self.given.add(kind, 1);
            } else {
                from.get_or_insert(at);
                self.waiting.push_back(Waiting::new(len, kind));
            }
            at += len;
        }
    }

    /// What may be written now, in order.
    pub(crate) fn slices(&self, most: usize) -> [IoSlice<'_>; 3] {
        let mut left = most;
        [&self.buffer[self.at..], &self.large, self.tail].map(|part| {
            let part = &part[..left.min(part.len())];
            left -= part.len();
            IoSlice::new(part)
        })
    }

    /// The transport has taken this much.
    pub(crate) fn consume(&mut self, written: usize) {
        let from_buffer = written.min(self.buffer.len() - self.at);
        self.at += from_buffer;
        let from_large = (written - from_buffer).min(self.large.len());
        self.large.advance(from_large);
        self.tail = &self.tail[written - from_buffer - from_large..];
        self.handed_on(written);
        if self.pending() == 0 {
            // An idle connection holds no memory.
            self.buffer = Vec::new();
            self.at = 0;
            self.waiting = VecDeque::new();
            self.large = Bytes::new();
        }
    }

    /// The transport has flushed all that it was given. How much that is.
    pub(crate) const fn flushed(&mut self) -> usize {
        self.done = self.given;
        mem::replace(&mut self.unflushed, 0)
    }

    /// What was handed over whole: given to the transport and flushed.
    pub(crate) const fn done(&self) -> Counts {
        self.done
    }

    /// Whether the transport has got something of an event that does not count as handed over.
    pub(crate) fn is_mid_event(&self) -> bool {
        let waiting = self.waiting.front();
        self.given.events > self.done.events
            || self.begun > 0 && waiting.is_some_and(|frame| frame.kind() == Kind::Event)
    }

    /// How many bytes were given to the transport.
    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The most bytes that ever waited.
    pub(crate) const fn high_water(&self) -> usize {
        self.high_water
    }

    fn note_high_water(&mut self) {
        self.high_water = self.high_water.max(self.pending());
    }

    fn handed_on(&mut self, written: usize) {
        self.unflushed += written;
        self.bytes += written as u64;
        self.begun += written as u64;
        while let Some(frame) = self.waiting.front()
            && frame.len() <= self.begun
        {
            self.begun -= frame.len();
            self.given.add(frame.kind(), 1);
            self.waiting.pop_front();
        }
    }

    /// Makes room for so much more: by doubling, as a vector would, but not past the limit.
    fn reserve(&mut self, more: usize) {
        if self.buffer.len() + more <= self.buffer.capacity() {
            return;
        }
        // What the transport has makes room first.
        self.buffer.drain(..mem::take(&mut self.at));
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
