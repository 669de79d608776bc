//! What a connection writes next, laid out as it goes over the wire.
//!
//! ```text
//!  head │ size CRLF  frame frame frame  CRLF │ size CRLF  frame …  CRLF │
//!       └────────────── a chunk ─────────────┘
//! ```
//! A chunk has whole frames and, unless one of them is larger, at most [`CHUNK`] bytes of them. Where
//! the body is not in chunks there are the frames alone.

use std::{cell::Cell, collections::VecDeque, time::Duration};

use sse_codec::{
    Chunk, Field, Frame, Lexer, Token,
    http::{CHUNK_END, ChunkSize},
};

use crate::encoded::EncodedFrame;

/// How many bytes of frames a chunk has. A client that reads chunk by chunk sees nothing of one
/// before all of it came, and a connection keeps the rest of one that was begun.
pub(crate) const CHUNK: usize = 4 * 1024 - 7;

/// Room for the size of a chunk of up to [`CHUNK`] bytes, and its line end.
const SIZE: usize = 3 + CHUNK_END.len();

/// What framing may add when a frame is put: the end of the chunk before, the size and the end of
/// its own.
const FRAMING: usize = 5 + 3 * CHUNK_END.len();

#[derive(Debug)]
pub(crate) struct Burst {
    bytes: Vec<u8>,
    /// What the bytes are, in order. All of them belong to one of these.
    parts: Vec<Part>,
    /// Frames that are too large to be copied, or for the room that is left.
    aside: VecDeque<EncodedFrame>,
    counts: Counts,
    /// Up to how many bytes the source may fill.
    most: usize,
    /// How long a frame may be that is copied though it could be taken as it is.
    largest: usize,
    is_chunked: bool,
    open: Option<Open>,
    /// The reconnection time that the next event with data is to carry.
    retry: Option<Duration>,
}

/// The chunk that frames go into.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// Where its size stands, and which part that is.
    at: usize,
    part: usize,
}

/// A piece of the bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    pub(crate) len: u32,
    /// How many frames it consists of.
    pub(crate) frames: u32,
    pub(crate) kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What the user sends.
    Event,
    Heartbeat,
    /// What else the adapter adds: heads, the size of a chunk, farewells.
    Other,
    /// The end of a chunk.
    ChunkEnd,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) events: u64,
    pub(crate) heartbeats: u64,
}

impl Counts {
    pub(crate) const fn add(&mut self, kind: Kind, frames: u64) {
        match kind {
            Kind::Event => self.events += frames,
            Kind::Heartbeat => self.heartbeats += frames,
            Kind::Other | Kind::ChunkEnd => {}
        }
    }

    pub(crate) const fn add_all(&mut self, other: Self) {
        self.events += other.events;
        self.heartbeats += other.heartbeats;
    }
}

thread_local! {
    /// One for each thread, however many connections it has: what is filled and not written at once
    /// does not stay with an idle connection.
    static SPARE: Cell<Option<Box<Burst>>> = const { Cell::new(None) };
}

impl Burst {
    /// An empty one, for a connection that may keep so many bytes.
    pub(crate) fn take(limit: usize, is_chunked: bool) -> Box<Self> {
        // A source may serve another connection while it is asked: that one finds none.
        let spare = SPARE.try_with(Cell::take).ok().flatten();
        let mut burst = spare.unwrap_or_else(|| {
            Box::new(Self {
                bytes: Vec::new(),
                parts: Vec::new(),
                aside: VecDeque::new(),
                counts: Counts::default(),
                most: 0,
                largest: 0,
                is_chunked: false,
                open: None,
                retry: None,
            })
        });
        burst.largest = limit;
        burst.is_chunked = is_chunked;
        burst
    }

    pub(crate) fn give_back(self: Box<Self>) {
        let _ = SPARE.try_with(|spare| spare.set(Some(self)));
    }

    /// Makes it empty, for `most` bytes of a source.
    pub(crate) fn reset(&mut self, most: usize) {
        self.bytes.clear();
        self.parts.clear();
        self.aside.clear();
        self.counts = Counts::default();
        self.open = None;
        self.retry = None;
        self.most = most;
    }

    /// So that putting allocates nothing, whatever locks the source holds.
    pub(crate) fn reserve(&mut self) {
        self.bytes
            .reserve((self.most + FRAMING).saturating_sub(self.bytes.len()));
        self.parts.reserve(3 * self.most / CHUNK + 8);
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn parts(&self) -> &[Part] {
        &self.parts
    }

    pub(crate) const fn counts(&self) -> Counts {
        self.counts
    }

    pub(crate) const fn is_chunked(&self) -> bool {
        self.is_chunked
    }

    pub(crate) const fn aside(&mut self) -> &mut VecDeque<EncodedFrame> {
        &mut self.aside
    }

    /// Takes bytes that are no frame, and lie in no chunk.
    pub(crate) fn push_raw(&mut self, bytes: &[u8]) {
        self.close();
        if !bytes.is_empty() {
            self.bytes.extend_from_slice(bytes);
            self.part(bytes.len(), 0, Kind::Other);
        }
    }

    /// Takes a frame, be there room or not.
    pub(crate) fn push(&mut self, frame: &EncodedFrame, kind: Kind) {
        self.append([frame.as_bytes(), &[]], 1, kind);
    }

    /// How much more of the source goes in.
    pub(crate) fn left(&self) -> usize {
        let framing = if self.is_chunked { FRAMING } else { 0 };
        match self.aside.is_empty() {
            true => self.most.saturating_sub(self.bytes.len() + framing),
            false => 0,
        }
    }

    pub(super) fn put(&mut self, bytes: [&[u8]; 2], frames: usize) -> bool {
        let fits = bytes[0].len() + bytes[1].len() <= self.left();
        if fits && frames > 0 {
            self.append_events(bytes, frames);
        }
        fits
    }

    /// Takes a frame if it is small and there is room.
    pub(crate) fn copy(&mut self, frame: &EncodedFrame) -> bool {
        let bytes = frame.as_bytes();
        bytes.len() <= self.largest && self.put([bytes, &[]], 1)
    }

    pub(super) fn offer(&mut self, frame: &EncodedFrame) -> bool {
        let is_taken = self.copy(frame);
        let is_alone = self.bytes.is_empty() && self.aside.is_empty();
        if !is_taken && is_alone {
            self.aside.push_back(frame.clone());
        }
        is_taken || is_alone
    }

    pub(super) fn put_frame(&mut self, frame: EncodedFrame) {
        if !self.copy(&frame) {
            self.aside.push_back(frame);
        }
    }

    /// The next event with data begins with this `retry` line.
    pub(crate) const fn carry_retry(&mut self, time: Option<Duration>) {
        self.retry = time;
    }

    pub(crate) const fn carries_retry(&self) -> bool {
        self.retry.is_some()
    }

    /// Puts the line that is to go before this frame, if it does.
    pub(crate) fn put_retry(&mut self, frame: &EncodedFrame) {
        self.append_retry(frame.as_bytes());
    }

    fn append_retry(&mut self, frame: &[u8]) {
        let Some(time) = self.retry else { return };
        let mut lexer = Lexer::new();
        let mut chunk = Chunk::new(frame);
        let (mut has_data, mut has_retry) = (false, false);
        while let Some(token) = lexer.next_token(&mut chunk) {
            has_data |= matches!(token, Token::Field(Field::Data, _));
            has_retry |= matches!(token, Token::Field(Field::Retry, _));
        }
        if !has_data {
            return;
        }
        self.retry = None;
        if !has_retry {
            // The frame with its blank line follows: the line is none of its own block.
            let line = Frame::retry(time.into()).to_bytes();
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            self.append([line, &[]], 1, Kind::Other);
        }
    }

    fn append_events(&mut self, bytes: [&[u8]; 2], frames: usize) {
        if self.retry.is_none() {
            self.append(bytes, frames, Kind::Event);
            return;
        }
        // Once for each connection.
        let all = bytes.concat();
        let mut rest = &all[..];
        for len in lengths(&all, frames) {
            let (frame, behind) = rest.split_at(len);
            self.append_retry(frame);
            self.append([frame, &[]], 1, Kind::Event);
            rest = behind;
        }
    }

    fn append(&mut self, bytes: [&[u8]; 2], frames: usize, kind: Kind) {
        let len = bytes[0].len() + bytes[1].len();
        if self.is_chunked {
            self.make_room_in_chunk(len);
        }
        for part in bytes {
            self.bytes.extend_from_slice(part);
        }
        self.part(len, frames, kind);
        self.counts.add(kind, frames as u64);
    }

    fn part(&mut self, len: usize, frames: usize, kind: Kind) {
        self.parts.push(Part {
            len: len as u32,
            frames: frames as u32,
            kind,
        });
    }

    /// Opens a chunk that this much goes into.
    fn make_room_in_chunk(&mut self, len: usize) {
        if let Some(Open { at, .. }) = self.open {
            if self.bytes.len() - at - SIZE + len <= CHUNK.min(self.largest) {
                return;
            }
            self.close();
        }
        self.open = Some(Open {
            at: self.bytes.len(),
            part: self.parts.len(),
        });
        self.bytes.extend_from_slice(&[0; SIZE]);
        self.part(SIZE, 0, Kind::Other);
    }

    /// Ends the chunk. Its size is known now, and rarely longer or shorter than expected.
    pub(crate) fn close(&mut self) {
        let Some(Open { at, part }) = self.open.take() else {
            return;
        };
        let Some(size) = ChunkSize::new(self.bytes.len() - at - SIZE) else {
            return;
        };
        let size = size.as_bytes();
        if size.len() == SIZE {
            self.bytes[at..at + SIZE].copy_from_slice(size);
        } else {
            self.bytes.splice(at..at + SIZE, size.iter().copied());
            self.parts[part].len = size.len() as u32;
        }
        self.bytes.extend_from_slice(CHUNK_END);
        self.part(CHUNK_END.len(), 0, Kind::ChunkEnd);
    }
}

/// The lengths of the frames that were put together: each ends in a blank line.
pub(crate) fn lengths(bytes: &[u8], frames: usize) -> impl Iterator<Item = usize> {
    let mut rest = bytes;
    (1..=frames).map_while(move |number| {
        let len = match rest.windows(2).position(|pair| pair == b"\n\n") {
            Some(end) if number < frames => end + 2,
            _ => rest.len(),
        };
        rest = &rest[len..];
        (len > 0).then_some(len)
    })
}
