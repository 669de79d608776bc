use bytes::Bytes;
use sse_codec::{Event, Frame, InvalidField, Millis, lossy};
use std::{borrow::Cow, str};

/// An event that owns its values, or shares them with the buffer they were read into.
///
/// What the fields mean is said at [`Event`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnedEvent {
    pub(crate) event_type: Option<Bytes>,
    pub(crate) data: Bytes,
    pub(crate) id: Option<Bytes>,
    pub(crate) retry: Option<Millis>,
    pub(crate) last_event_id: Bytes,
}

impl OwnedEvent {
    /// The event type; `None` is a `message`.
    #[must_use]
    pub fn event_type(&self) -> Option<&[u8]> {
        self.event_type.as_deref()
    }

    /// Whether the event has this type. One that names none is a `message`.
    #[must_use]
    pub fn is_type(&self, event_type: &str) -> bool {
        self.as_event().is_type(event_type)
    }

    /// The type as text; `message` where the event names none.
    ///
    /// # Errors
    /// When it is not UTF-8. [`event_type`](Self::event_type) has the bytes.
    pub fn type_str(&self) -> Result<&str, str::Utf8Error> {
        self.as_event().type_str()
    }

    /// The data, its lines joined by LF.
    #[must_use]
    pub const fn data(&self) -> &Bytes {
        &self.data
    }

    /// The data as text.
    ///
    /// # Errors
    /// When it is not UTF-8.
    pub fn data_str(&self) -> Result<&str, str::Utf8Error> {
        str::from_utf8(&self.data)
    }

    /// The data as a browser shows it, with U+FFFD where it is not UTF-8.
    #[must_use]
    pub fn data_lossy(&self) -> Cow<'_, str> {
        match self.data_str() {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(lossy(&self.data).to_string()),
        }
    }

    /// The ID in this event's block.
    #[must_use]
    pub fn id(&self) -> Option<&[u8]> {
        self.id.as_deref()
    }

    /// The ID in this event's block as text.
    ///
    /// # Errors
    /// When it is not UTF-8. [`id`](Self::id) has the bytes.
    pub fn id_str(&self) -> Result<Option<&str>, str::Utf8Error> {
        self.as_event().id_str()
    }

    /// The reconnection time in this event's block.
    #[must_use]
    pub const fn retry(&self) -> Option<Millis> {
        self.retry
    }

    /// The last event ID as of this event, its own or inherited.
    #[must_use]
    pub fn last_event_id(&self) -> &[u8] {
        &self.last_event_id
    }

    /// The event as it was in the stream, to be encoded again for instance.
    #[must_use]
    pub fn as_event(&self) -> Event<'_> {
        let mut event = Event::new(&self.data);
        if let Some(event_type) = &self.event_type {
            event = event.with_type(event_type);
        }
        if let Some(id) = &self.id {
            event = event.with_id(id);
        }
        if let Some(retry) = self.retry {
            event = event.with_retry(retry);
        }
        event
    }
}

/// What [`EventReader::next_step`](crate::EventReader::next_step) finds in a stream: everything that
/// means something to a receiver, and comments.
///
/// A relay sends each step on [as a frame](Self::to_frame), and whoever reads what it sent finds the
/// steps again, in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OwnedStep {
    /// An event, with the ID and the reconnection time of its block.
    Event(OwnedEvent),
    /// A comment, a heartbeat for instance: the text of one line, after the colon.
    Comment(Bytes),
    /// A reconnection time that came without an event.
    Retry(Millis),
    /// An ID that came without an event and is the last event ID from here on. An empty one clears
    /// it.
    Id(Bytes),
}

impl OwnedStep {
    /// The step as it goes over the wire.
    ///
    /// # Errors
    /// As [`Frame::event`]. What a reader has found never fails.
    pub fn to_frame(&self) -> Result<Frame<'_>, InvalidField> {
        match self {
            Self::Event(event) => Frame::event(event.as_event()),
            Self::Comment(text) => Ok(Frame::comment(text)),
            Self::Retry(time) => Ok(Frame::retry(*time)),
            Self::Id(id) => Frame::id(id),
        }
    }
}

/// Makes owned events of borrowed ones. Keeps the last type and the last event ID, because most
/// streams have few of them: an event that repeats them shares them.
#[derive(Debug)]
pub(crate) struct Owner {
    event_type: Bytes,
    last_event_id: Bytes,
}

impl Owner {
    pub(crate) const fn new() -> Self {
        Self {
            event_type: Bytes::new(),
            last_event_id: Bytes::new(),
        }
    }

    /// `shared` is the event's data, where there is memory to share.
    pub(crate) fn own(&mut self, event: Event<'_>, shared: Option<Bytes>) -> OwnedEvent {
        let last_event_id = self.own_id(event.last_event_id());
        if let Some(event_type) = event.event_type()
            && self.event_type != event_type
        {
            self.event_type = Bytes::copy_from_slice(event_type);
        }
        OwnedEvent {
            event_type: event.event_type().map(|_| self.event_type.clone()),
            data: shared.unwrap_or_else(|| Bytes::copy_from_slice(event.data())),
            id: event.id().map(|_| last_event_id.clone()),
            retry: event.retry(),
            last_event_id,
        }
    }

    /// The last event ID.
    pub(crate) fn own_id(&mut self, id: &[u8]) -> Bytes {
        // An empty slice points nowhere, and an AVX-512 `memcmp` of no byte at an address that is not
        // mapped takes as long as the parser does for an event.
        if id.is_empty() {
            return Bytes::new();
        }
        if self.last_event_id != id {
            self.last_event_id = Bytes::copy_from_slice(id);
        }
        self.last_event_id.clone()
    }
}
