use core::{error, fmt};

use super::{Id, Resume, Window};
use crate::{event::Event, field::InvalidField, frame::Frame};

/// The latest events in `N` bytes, as frames that only have to be sent: the log of a device.
///
/// There is no index. A frame ends with its blank line, so the ring finds where its events begin by
/// looking for these: once for each event that makes room, and on [`resume`](Self::resume). Beside its
/// `N` bytes the ring takes 40 on a 32-bit core.
///
/// A new ring is all zeros, so a `static` one takes no flash. It is given its epoch at run time, by
/// [`start`](Self::start).
///
/// ```
/// use sse_codec::{Event, replay::{Outcome, Ring}};
///
/// let mut ring = Ring::<256>::new();
/// ring.start(7); // the device's seventh start
/// for reading in ["21.4", "21.5", "21.6"] {
///     ring.append(Event::text(reading))?;
/// }
///
/// // A browser comes back after a loss of its network.
/// let (resume, mut cursor) = ring.resume(b"7-1");
/// assert_eq!(resume.outcome, Outcome::Resumed { replayed: 2 });
///
/// let mut sent = Vec::new();
/// while let [bytes @ [_, ..], _] = ring.read(cursor)? {
///     // The transport takes some of it.
///     let taken = bytes.len().min(16);
///     sent.extend_from_slice(&bytes[..taken]);
///     cursor.advance(taken);
/// }
/// assert_eq!(sent, b"id: 7-2\ndata: 21.5\n\nid: 7-3\ndata: 21.6\n\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Ring<const N: usize> {
    bytes: [u8; N],
    window: Window,
    /// How many bytes were ever appended.
    written: u64,
    /// Where in `bytes` the oldest event begins, and how many bytes are held from there on.
    start: usize,
    len: usize,
}

impl<const N: usize> Ring<N> {
    /// An empty ring without an epoch. Events can be appended to it and read; but their IDs are
    /// [`Unknown`](super::Outcome::Unknown) to it, since no restart of the device would show.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            bytes: [0; N],
            window: Window::new(0),
            written: 0,
            start: 0,
            len: 0,
        }
    }

    /// Begins an epoch: the ring is empty then, and the next event is the epoch's first.
    ///
    /// Take a number that is another one at each start of the device, as a counter in its flash or the
    /// time; 0 is none.
    pub const fn start(&mut self, epoch: u64) {
        self.window = Window::new(epoch);
        self.len = 0;
    }

    /// Appends an event, and evicts the oldest ones where there is no room. Its ID is the ring's; one
    /// that the event has is replaced.
    ///
    /// # Errors
    /// When the event's type cannot be written, or when its frame is larger than the ring. The ring is
    /// as before then.
    pub fn append(&mut self, event: Event<'_>) -> Result<Id, AppendError> {
        let id = self.window.next_id();
        let text = id.text();
        let frame = Frame::event(event.with_id(b"")).map_err(AppendError::Invalid)?;
        let frame = frame.with_valid_id(&text);
        let needed = frame.encoded_len();
        if needed > N {
            return Err(AppendError::TooLarge {
                needed,
                capacity: N,
            });
        }
        while N - self.len < needed {
            self.evict();
        }
        let mut cursor = frame.cursor();
        if let Some(free) = self.bytes.get_mut(Self::index(self.start, self.len)..) {
            cursor.copy_to(free);
        }
        cursor.copy_to(&mut self.bytes);
        self.len += needed;
        self.written = self.written.wrapping_add(needed as u64);
        self.window.push_to(id.seq);
        Ok(id)
    }

    /// Which events are held.
    #[must_use]
    pub const fn window(&self) -> &Window {
        &self.window
    }

    /// What it means that a client comes back with this last event ID, and a cursor from which it gets
    /// what it has missed and then what comes. Empty for a client that is new.
    #[must_use]
    pub fn resume(&self, last_event_id: &[u8]) -> (Resume, Cursor) {
        let resume = self.window.resume(last_event_id);
        let cursor = if resume.after.seq == self.window.head().seq {
            self.newest()
        } else {
            let had = resume.after.seq.wrapping_sub(self.window.floor().seq);
            self.cursor(self.end_of(had))
        };
        (resume, cursor)
    }

    /// A cursor before the oldest event that is held.
    #[must_use]
    pub const fn oldest(&self) -> Cursor {
        self.cursor(0)
    }

    /// A cursor behind the newest event.
    #[must_use]
    pub const fn newest(&self) -> Cursor {
        self.cursor(self.len)
    }

    /// All from the cursor on, in the order of the two slices. Both are empty when there is nothing new;
    /// the first is empty only then. [Move the cursor on](Cursor::advance) by what has been sent, be it
    /// a part of a frame.
    ///
    /// # Errors
    /// When what comes next at the cursor was evicted before it was read. If the cursor is in the middle
    /// of a frame then, end the connection: the client comes back and is told of the gap.
    pub fn read(&self, cursor: Cursor) -> Result<[&[u8]; 2], Evicted> {
        let left = self.written.wrapping_sub(cursor.position);
        let Some(left) = usize::try_from(left).ok().filter(|left| *left <= self.len) else {
            return Err(Evicted);
        };
        let at = Self::index(self.start, self.len - left);
        let back = self.bytes.get(at..).unwrap_or_default();
        Ok(match back.split_at_checked(left) {
            Some((all, _)) => [all, &[]],
            None => [
                back,
                self.bytes.get(..left - back.len()).unwrap_or_default(),
            ],
        })
    }

    fn evict(&mut self) {
        let end = self.end_of(1);
        self.start = Self::index(self.start, end);
        self.len -= end;
        self.window.evict_one();
    }

    /// Where the first so many events that are held end, counted from the oldest byte.
    fn end_of(&self, mut events: u64) -> usize {
        let (mut end, mut last) = (0, 0);
        while events > 0 && end < self.len {
            let byte = self.bytes.get(Self::index(self.start, end)).copied();
            end += 1;
            // No frame begins with a line end, so two of them are always the end of one.
            events -= u64::from(last == b'\n' && byte == Some(b'\n'));
            last = byte.unwrap_or_default();
        }
        end
    }

    const fn cursor(&self, held: usize) -> Cursor {
        Cursor {
            position: self.written.wrapping_sub((self.len - held) as u64),
        }
    }

    /// Neither is above `N`, so this takes no division.
    const fn index(start: usize, offset: usize) -> usize {
        let back = N - start;
        if offset < back {
            start + offset
        } else {
            offset - back
        }
    }
}

impl<const N: usize> Default for Ring<N> {
    fn default() -> Self {
        Self::new()
    }
}

/// Says which events are held, not what is in them.
impl<const N: usize> fmt::Debug for Ring<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ring")
            .field("window", &self.window)
            .field("bytes", &self.len)
            .field("capacity", &N)
            .finish()
    }
}

/// A place in a [`Ring`], from which a connection reads. It borrows nothing; events that are appended
/// meanwhile come after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// Counted over all bytes that were ever appended.
    position: u64,
}

impl Cursor {
    /// Notes that so many bytes of what was read have been sent.
    pub const fn advance(&mut self, count: usize) {
        self.position = self.position.wrapping_add(count as u64);
    }
}

/// Why an event cannot be appended to a [`Ring`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AppendError {
    /// Its type cannot be written.
    Invalid(InvalidField),
    /// Its frame is larger than the whole ring.
    TooLarge {
        /// How many bytes the frame has, its ID included.
        needed: usize,
        /// How many bytes the ring has.
        capacity: usize,
    },
}

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => error.fmt(f),
            Self::TooLarge { needed, capacity } => {
                write!(f, "a frame of {needed} bytes for a ring of {capacity}")
            }
        }
    }
}

impl error::Error for AppendError {}

/// What a [`Cursor`] wanted to read next is not in the ring any more: the connection was too slow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evicted;

impl fmt::Display for Evicted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("what comes next was evicted before it was read")
    }
}

impl error::Error for Evicted {}
