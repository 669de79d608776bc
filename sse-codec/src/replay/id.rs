use core::{fmt, ops::Deref};

use crate::{digits, event::lossy};

/// The ID of an event in a log: `epoch-seq`, two numbers in decimal with a hyphen between them.
///
/// - The epoch is one life of one log. A log that starts anew, or loses what it held, takes another
///   epoch; then IDs of before are [`Unknown`](crate::replay::Outcome::Unknown) to it, not mistaken
///   for its own. A good epoch rises from one life to the next and meets no other log's: 13 digits of
///   the time in milliseconds and 6 random ones; on a device a counter of its starts will do.
///   0 stands for no epoch.
/// - Events count from 1. The ID with 0 is before the first event.
///
/// There is one way to write an ID, so two IDs are equal exactly when their texts are. A Redis stream
/// writes its entry IDs in this form, and orders them in this order.
///
/// ```
/// use sse_codec::replay::Id;
///
/// let id = Id { epoch: 1764100000000, seq: 42 };
/// assert_eq!(*id.text(), *b"1764100000000-42");
/// assert_eq!(Id::parse(b"1764100000000-42"), Some(id));
/// assert_eq!(Id::parse(b"1764100000000-042"), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Which life of which log.
    pub epoch: u64,
    /// The event's number in that life, from 1.
    pub seq: u64,
}

impl Id {
    /// Reads an ID in the form that [`text`](Self::text) writes. `None` for anything else: also for a
    /// number with a leading zero or a sign, and for one above `u64::MAX`.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let hyphen = text.iter().position(|byte| *byte == b'-')?;
        let (epoch, seq) = text.split_at_checked(hyphen)?;
        Some(Self {
            epoch: number(epoch)?,
            seq: number(seq.get(1..)?)?,
        })
    }

    /// The ID as it stands on the wire.
    #[must_use]
    pub fn text(self) -> IdText {
        let mut bytes = [b'-'; IdText::MAX];
        let mut start = IdText::MAX - digits::put(self.seq, &mut bytes);
        start = start.saturating_sub(1);
        if let Some(room) = bytes.get_mut(..start) {
            start -= digits::put(self.epoch, room);
        }
        IdText { bytes, start }
    }
}

/// As [`Id::text`] writes it.
impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

/// Reads a number in the one way there is to write it.
fn number(digits: &[u8]) -> Option<u64> {
    const MOST: u64 = u64::MAX / 10;
    if matches!(digits, [] | [b'0', _, ..]) {
        return None;
    }
    let mut number = 0_u64;
    for digit in digits {
        let digit = digit.wrapping_sub(b'0');
        if digit > 9 || number > MOST {
            return None;
        }
        // Times ten: a small core has no multiplication of 64 bits.
        number = ((number << 3) + (number << 1)).checked_add(u64::from(digit))?;
    }
    Some(number)
}

/// The text of an [`Id`]. It dereferences to its bytes.
#[derive(Clone, Copy)]
pub struct IdText {
    /// Right-aligned.
    bytes: [u8; Self::MAX],
    start: usize,
}

impl IdText {
    /// Two numbers of twenty digits and the hyphen.
    const MAX: usize = 41;

    /// The text: digits and a hyphen.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }
}

impl Deref for IdText {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl fmt::Debug for IdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&lossy(self.as_bytes()), f)
    }
}
