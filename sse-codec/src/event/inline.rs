use core::{error, fmt};

use heapless::Vec;

use super::Event;
use crate::{copy::part, millis::Millis};

/// An event that owns its values, in `N` bytes of its own: for a channel between two tasks of a
/// device that has no heap.
///
/// `N` bounds its data, type and ID together, and the last event ID where that is not its own. What
/// a `Parser<Inline<A, B>>` gives out fits an `InlineEvent` of `A + B` bytes.
///
/// ```
/// use heapless::Deque;
/// use sse_codec::{Chunk, EventTooLarge, Inline, InlineEvent, Parser};
///
/// /// In place of an `embassy_sync::channel::Channel`.
/// let mut channel = Deque::<InlineEvent<80>, 4>::new();
///
/// let mut parser = Parser::<Inline<64, 16>>::new();
/// let mut chunk = Chunk::new(b"event: valve\nid: 7\ndata: open\n\n");
/// while let Ok(Some(event)) = parser.next_event(&mut chunk) {
///     let _ = channel.push_back(InlineEvent::new(event)?);
/// }
///
/// let received = channel.pop_front().unwrap();
/// assert!(received.as_event().is_type("valve"));
/// assert_eq!(received.as_event().data(), b"open");
/// assert_eq!(received.as_event().last_event_id(), b"7");
/// # Ok::<(), EventTooLarge>(())
/// ```
#[derive(Clone)]
pub struct InlineEvent<const N: usize> {
    /// The data, the type, the ID, and the last event ID if that is another.
    bytes: Vec<u8, N>,
    data_len: usize,
    type_len: usize,
    id_len: usize,
    has_data: bool,
    has_type: bool,
    has_id: bool,
    id_is_last: bool,
    retry: Option<Millis>,
}

impl<const N: usize> InlineEvent<N> {
    /// Copies the values of `event`.
    ///
    /// # Errors
    /// [`EventTooLarge`] when they are more than `N` bytes.
    pub fn new(event: Event<'_>) -> Result<Self, EventTooLarge> {
        let (data, event_type) = (event.data(), event.event_type.unwrap_or_default());
        let id = event.id.unwrap_or_default();
        let id_is_last = event.id == Some(event.last_event_id);
        let last = if id_is_last { b"" } else { event.last_event_id };
        let values = [data, event_type, id, last];
        let needed = values
            .iter()
            .fold(0_usize, |sum, value| sum.saturating_add(value.len()));
        let mut bytes = Vec::new();
        for value in values {
            bytes.extend_from_slice(value).map_err(|_| EventTooLarge {
                needed,
                capacity: N,
            })?;
        }
        Ok(Self {
            bytes,
            data_len: data.len(),
            type_len: event_type.len(),
            id_len: id.len(),
            has_data: event.data.is_some(),
            has_type: event.event_type.is_some(),
            has_id: event.id.is_some(),
            id_is_last,
            retry: event.retry,
        })
    }

    /// The event as it was, all of its values and what it had inherited.
    #[must_use]
    pub fn as_event(&self) -> Event<'_> {
        let values = self.bytes.as_slice();
        let id_at = self.data_len.saturating_add(self.type_len);
        let last_at = id_at.saturating_add(self.id_len);
        let id = part(values, id_at, self.id_len);
        Event {
            data: self.has_data.then(|| part(values, 0, self.data_len)),
            event_type: self
                .has_type
                .then(|| part(values, self.data_len, self.type_len)),
            id: self.has_id.then_some(id),
            retry: self.retry,
            last_event_id: if self.id_is_last {
                id
            } else {
                values.get(last_at..).unwrap_or_default()
            },
        }
    }
}

/// As [`Event`]s are: the inherited ID is not compared.
impl<const N: usize> PartialEq for InlineEvent<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_event() == other.as_event()
    }
}

impl<const N: usize> Eq for InlineEvent<N> {}

impl<const N: usize> fmt::Debug for InlineEvent<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_event().fmt(f)
    }
}

/// The values of an event do not fit an [`InlineEvent`]. The event itself is still where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EventTooLarge {
    /// How many bytes its data, type and ID are, with the last event ID where that is another.
    pub needed: usize,
    /// How many there is room for.
    pub capacity: usize,
}

impl fmt::Display for EventTooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { needed, capacity } = self;
        write!(f, "an event of {needed} bytes, where {capacity} fit")
    }
}

impl error::Error for EventTooLarge {}
