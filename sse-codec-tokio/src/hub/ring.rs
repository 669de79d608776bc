//! The log of a topic: the bytes of its latest frames, one after the other, and where each ends.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use sse_codec::replay::{Id, Window};

use super::{age::Ages, index::Index};

/// What a ring begins with; it doubles from there.
const SMALLEST: usize = 1024;

/// What a ring may hold.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) bytes: usize,
    pub(super) events: usize,
}

/// The bytes that all rings of a set may have.
#[derive(Debug)]
pub(super) struct Budget {
    used: AtomicUsize,
    most: usize,
}

impl Budget {
    pub(super) const fn new(most: usize) -> Self {
        Self {
            used: AtomicUsize::new(0),
            most,
        }
    }

    pub(super) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.most);
        let taken = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        taken.is_ok()
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// An event for the ring.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    /// The whole frame.
    pub(super) frame: &'a [u8],
    /// What its publisher wants it to be told apart by.
    pub(super) tag: u64,
    /// When it was published.
    pub(super) tick: u64,
    /// The hash of its own ID, where it has one.
    pub(super) own_id: Option<u64>,
}

#[derive(Debug)]
pub(super) struct Ring {
    bytes: Box<[u8]>,
    /// Where in `bytes` the oldest event begins.
    start: usize,
    /// How many bytes were evicted, and how many appended, ever.
    tail: u64,
    head: u64,
    /// Where each event ends, counted as the head is.
    ends: VecDeque<u64>,
    window: Window,
    ages: Option<Ages>,
    index: Option<Index>,
    /// Beside `ends`; empty until an event has one.
    tags: VecDeque<u64>,
    limits: Limits,
    budget: Arc<Budget>,
}

impl Ring {
    pub(super) fn new(
        window: Window,
        limits: Limits,
        ages: Option<Ages>,
        index: Option<Index>,
        budget: Arc<Budget>,
    ) -> Self {
        Self {
            bytes: Box::default(),
            start: 0,
            tail: 0,
            head: 0,
            ends: VecDeque::new(),
            window,
            ages,
            index,
            tags: VecDeque::new(),
            limits,
            budget,
        }
    }

    pub(super) const fn window(&self) -> &Window {
        &self.window
    }

    pub(super) const fn index(&self) -> Option<&Index> {
        self.index.as_ref()
    }

    /// How many bytes of frames are held.
    pub(super) const fn len(&self) -> usize {
        (self.head - self.tail) as usize
    }

    /// Appends an event; what is too much after it is evicted. `None` when there is no memory for it.
    pub(super) fn append(&mut self, entry: Entry<'_>) -> Option<Id> {
        let len = entry.frame.len();
        debug_assert!(len <= self.limits.bytes && self.limits.events > 0);
        self.evict_through(self.evicted_by(len));
        if !self.make_room(len) {
            return None;
        }
        let id = self.window.push();
        let end = self.at(self.len());
        let (back, front) = entry.frame.split_at(len.min(self.bytes.len() - end));
        self.bytes[end..end + back.len()].copy_from_slice(back);
        self.bytes[..front.len()].copy_from_slice(front);
        self.head += len as u64;
        self.ends.push_back(self.head);
        if let Some(ages) = &mut self.ages {
            ages.push(entry.tick, id.seq);
        }
        if let (Some(index), Some(hash)) = (&mut self.index, entry.own_id) {
            index.insert(hash, id.seq);
        }
        if entry.tag != 0 || !self.tags.is_empty() {
            self.tags.resize(self.ends.len() - 1, 0);
            self.tags.push_back(entry.tag);
        }
        Some(id)
    }

    /// The last event that has to go for one of this length to come.
    pub(super) fn evicted_by(&self, len: usize) -> u64 {
        let evicted = self.window.floor().seq;
        let too_many = (self.ends.len() + 1).saturating_sub(self.limits.events);
        let too_long = (self.len() + len).saturating_sub(self.limits.bytes) as u64;
        let bytes = match too_long {
            0 => 0,
            _ => 1 + self.ends.partition_point(|end| end - self.tail < too_long),
        };
        evicted + too_many.max(bytes).min(self.ends.len()) as u64
    }

    /// Takes out all events up to this one.
    pub(super) fn evict_through(&mut self, seq: u64) {
        let count = seq.saturating_sub(self.window.floor().seq);
        let count = count.min(self.ends.len() as u64);
        if count == 0 {
            return;
        }
        if let Some(mut index) = self.index.take() {
            let floor = self.window.floor().seq;
            for seq in floor + 1..=floor + count {
                if let Some(event) = self.event(seq) {
                    index.evict(event, seq);
                }
            }
            self.index = Some(index);
        }
        let end = self.ends[count as usize - 1];
        self.start = self.at((end - self.tail) as usize);
        self.tail = end;
        self.ends.drain(..count as usize);
        self.tags.drain(..self.tags.len().min(count as usize));
        self.window.evict(count);
        if let Some(ages) = &mut self.ages {
            ages.evicted(self.window.floor().seq);
        }
        if self.ends.is_empty() {
            // An empty topic holds no memory.
            self.budget.give_back(self.bytes.len());
            self.bytes = Box::default();
            self.start = 0;
            self.ends = VecDeque::new();
            self.tags = VecDeque::new();
            if let Some(ages) = &mut self.ages {
                ages.clear();
            }
        }
    }

    /// Takes out what is too old.
    pub(super) fn evict_old(&mut self, now: u64) {
        if let Some(ages) = &self.ages
            && !self.ends.is_empty()
        {
            let last = match ages.first_young(now) {
                Some(first) => first - 1,
                None => self.window.head().seq,
            };
            self.evict_through(last);
        }
    }

    /// At which tick something will be too old.
    pub(super) fn due(&self) -> Option<u64> {
        self.ages.as_ref().and_then(Ages::due)
    }

    /// Begins anew after this ID: all that was held is gone.
    pub(super) fn restart(&mut self, after: Id) {
        self.evict_through(self.window.head().seq);
        self.window = Window::after(after);
    }

    /// Whole events after `seq`, which is held or is the floor: as many as have at most `most` bytes
    /// together; how many they are.
    pub(super) fn after(&self, seq: u64, most: usize) -> ([&[u8]; 2], usize) {
        let first = (seq - self.window.floor().seq) as usize;
        let begin = self.begin(first);
        let most = begin.saturating_add(most as u64);
        let behind = self.ends.partition_point(|end| *end <= most).max(first);
        (self.slices(begin, self.begin(behind)), behind - first)
    }

    /// One event, if it is held.
    pub(super) fn event(&self, seq: u64) -> Option<[&[u8]; 2]> {
        let place = usize::try_from(seq.checked_sub(self.window.first())?).ok()?;
        let end = *self.ends.get(place)?;
        Some(self.slices(self.begin(place), end))
    }

    /// The tag of an event that is held; 0 is none.
    pub(super) fn tag(&self, seq: u64) -> u64 {
        let place = seq.saturating_sub(self.window.first());
        self.tags.get(place as usize).copied().unwrap_or(0)
    }

    /// Where the event at this place begins.
    fn begin(&self, place: usize) -> u64 {
        match place.checked_sub(1) {
            Some(before) => self.ends[before],
            None => self.tail,
        }
    }

    fn slices(&self, begin: u64, end: u64) -> [&[u8]; 2] {
        let at = self.at((begin - self.tail) as usize);
        let len = (end - begin) as usize;
        let back = len.min(self.bytes.len() - at);
        [&self.bytes[at..at + back], &self.bytes[..len - back]]
    }

    /// The index of what lies so many bytes behind the oldest one.
    const fn at(&self, offset: usize) -> usize {
        let back = self.bytes.len() - self.start;
        if offset < back {
            self.start + offset
        } else {
            offset - back
        }
    }

    /// Grows until there is room for so much more. Where the set has no memory left, older events go
    /// instead, and all of them may not be enough.
    fn make_room(&mut self, len: usize) -> bool {
        loop {
            let needed = self.len() + len;
            if needed <= self.bytes.len() {
                return true;
            }
            let doubled = self.bytes.len().saturating_mul(2).max(SMALLEST);
            let wanted = doubled.max(needed).min(self.limits.bytes);
            let [wanted, needed] = [wanted, needed].map(|size| size - self.bytes.len());
            let more = [wanted, needed]
                .into_iter()
                .find(|more| self.budget.take(*more));
            if let Some(more) = more {
                let mut bytes = Vec::with_capacity(self.bytes.len() + more);
                let held = self.slices(self.tail, self.head);
                bytes.extend_from_slice(held[0]);
                bytes.extend_from_slice(held[1]);
                bytes.resize(self.bytes.len() + more, 0);
                self.bytes = bytes.into_boxed_slice();
                self.start = 0;
                return true;
            }
            if self.ends.is_empty() {
                return false;
            }
            self.evict_through(self.window.first());
        }
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes.len());
    }
}
