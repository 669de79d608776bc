#[cfg(feature = "heapless-09")]
mod inline;

#[cfg(feature = "heapless-09")]
pub use inline::{EventTooLarge, InlineEvent};

use core::{fmt, str};

use crate::{millis::Millis, scan::utf8};

/// The type an event has when its block names none (WHATWG HTML §9.2.6, dispatch).
pub const DEFAULT_EVENT_TYPE: &[u8] = b"message";

/// One block of an event stream: a type, data, an ID and a reconnection time, each of which may
/// be absent.
///
/// An event is read from a [`Parser`](crate::Parser) and given to a [`Frame`](crate::Frame), and it
/// means the same in both: [`event_type`](Self::event_type),
/// [`id`](Self::id) and [`retry`](Self::retry) are the fields *of this block*. What a receiver
/// inherits from earlier blocks is [`last_event_id`](Self::last_event_id), which only a decoded
/// event has.
///
/// Values are bytes. The standard decodes a stream as UTF-8 with replacement, which cannot be done
/// in place: [`data_str`](Self::data_str) is the strict view, [`lossy`] the standard's.
///
/// Two events are equal when their four fields are; the inherited ID is not compared.
///
/// ```
/// use sse_codec::{Event, Millis};
///
/// let event = Event::text("21.5 °C").with_type(b"temperature").with_id(b"42");
/// assert_eq!(event.event_type(), Some(&b"temperature"[..]));
/// assert_eq!(event.data_str(), Ok("21.5 °C"));
/// assert_eq!(event.retry(), None);
/// assert_eq!(event.with_retry(Millis(3_000)).retry(), Some(Millis(3_000)));
/// ```
#[derive(Clone, Copy, Default)]
pub struct Event<'a> {
    event_type: Option<&'a [u8]>,
    data: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
    retry: Option<Millis>,
    last_event_id: &'a [u8],
}

impl<'a> Event<'a> {
    /// An event with this data, of the default type `message`.
    #[must_use]
    pub const fn new(data: &'a [u8]) -> Self {
        let mut event = Self::without_data();
        event.data = Some(data);
        event
    }

    /// An event with this text as its data.
    #[must_use]
    pub const fn text(data: &'a str) -> Self {
        Self::new(data.as_bytes())
    }

    /// A block without data: a receiver takes its ID and reconnection time and dispatches nothing.
    /// That is not the same as [`Event::new(b"")`](Self::new), which is dispatched.
    #[must_use]
    pub const fn without_data() -> Self {
        Self {
            event_type: None,
            data: None,
            id: None,
            retry: None,
            last_event_id: b"",
        }
    }

    /// With this event type. An empty type is the same as none to a receiver.
    ///
    /// A browser's `EventSource` fires events of its own called `open` and `error`. An event of such a
    /// type reaches the same listeners, who cannot easily tell them apart: another name is wiser.
    #[must_use]
    pub const fn with_type(mut self, event_type: &'a [u8]) -> Self {
        self.event_type = Some(event_type);
        self
    }

    /// With this ID. An empty one clears the receiver's last event ID.
    #[must_use]
    pub const fn with_id(mut self, id: &'a [u8]) -> Self {
        self.id = Some(id);
        self
    }

    /// With this reconnection time.
    #[must_use]
    pub const fn with_retry(mut self, retry: Millis) -> Self {
        self.retry = Some(retry);
        self
    }

    /// With this ID inherited from the stream.
    pub(crate) const fn with_last_event_id(mut self, id: &'a [u8]) -> Self {
        self.last_event_id = id;
        self
    }

    /// The `event` field of this block. In a decoded event `None` when absent or empty: the event
    /// is a [`message`](DEFAULT_EVENT_TYPE) then.
    #[must_use]
    pub const fn event_type(&self) -> Option<&'a [u8]> {
        self.event_type
    }

    /// Whether the event has this type. One that names none, or an empty one, is a `message`.
    ///
    /// ```
    /// use sse_codec::Event;
    ///
    /// assert!(Event::text("x").with_type(b"add").is_type("add"));
    /// assert!(Event::text("x").is_type("message"));
    /// ```
    #[must_use]
    pub fn is_type(&self, event_type: &str) -> bool {
        self.type_or_default() == event_type.as_bytes()
    }

    /// The type as text; `message` where the event names none, or an empty one.
    ///
    /// ```
    /// # let event = sse_codec::Event::text("x").with_type(b"add");
    /// match event.type_str()? {
    ///     "add" => {}
    ///     "message" => {}
    ///     other => println!("not known: {other}"),
    /// }
    /// # Ok::<(), core::str::Utf8Error>(())
    /// ```
    ///
    /// # Errors
    /// When it is not UTF-8. [`event_type`](Self::event_type) has the bytes.
    pub fn type_str(&self) -> Result<&'a str, str::Utf8Error> {
        utf8(self.type_or_default())
    }

    /// What a receiver dispatches: "Initialize event's type attribute to "message" […] If the event
    /// type buffer has a value other than the empty string, change the type of the newly created
    /// event to equal the value of the event type buffer."
    fn type_or_default(&self) -> &'a [u8] {
        match self.event_type {
            None | Some(b"") => DEFAULT_EVENT_TYPE,
            Some(event_type) => event_type,
        }
    }

    /// The data: its lines joined by LF. Empty when there is none; see [`has_data`](Self::has_data).
    #[must_use]
    pub const fn data(&self) -> &'a [u8] {
        match self.data {
            Some(data) => data,
            None => b"",
        }
    }

    /// Whether the block has data at all, be it empty. True of every event a parser gives out.
    #[must_use]
    pub const fn has_data(&self) -> bool {
        self.data.is_some()
    }

    /// The data as text.
    ///
    /// # Errors
    /// When it is not UTF-8. Nothing is lost: [`data`](Self::data) has the bytes, [`lossy`] shows
    /// them as a browser would.
    pub fn data_str(&self) -> Result<&'a str, str::Utf8Error> {
        utf8(self.data())
    }

    /// The `id` field of this block. `Some(b"")` is an ID that clears.
    #[must_use]
    pub const fn id(&self) -> Option<&'a [u8]> {
        self.id
    }

    /// The `id` field of this block as text.
    ///
    /// # Errors
    /// When it is not UTF-8. [`id`](Self::id) has the bytes.
    pub fn id_str(&self) -> Result<Option<&'a str>, str::Utf8Error> {
        self.id.map(utf8).transpose()
    }

    /// The `retry` field of this block.
    #[must_use]
    pub const fn retry(&self) -> Option<Millis> {
        self.retry
    }

    /// In a decoded event: the last event ID as of this event, its own or inherited
    /// (`MessageEvent.lastEventId`). Empty when there is none, and in an event that was built.
    #[must_use]
    pub const fn last_event_id(&self) -> &'a [u8] {
        self.last_event_id
    }
}

impl<'a> From<&'a str> for Event<'a> {
    fn from(data: &'a str) -> Self {
        Self::text(data)
    }
}

impl<'a> From<&'a [u8]> for Event<'a> {
    fn from(data: &'a [u8]) -> Self {
        Self::new(data)
    }
}

impl PartialEq for Event<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.event_type == other.event_type
            && self.data == other.data
            && self.id == other.id
            && self.retry == other.retry
    }
}

impl Eq for Event<'_> {}

impl fmt::Debug for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("event_type", &self.event_type.map(lossy))
            .field("data", &self.data.map(lossy))
            .field("id", &self.id.map(lossy))
            .field("retry", &self.retry)
            .field("last_event_id", &lossy(self.last_event_id))
            .finish()
    }
}

/// Shows bytes as text the way the standard decodes an event stream: every ill-formed sequence
/// becomes U+FFFD (WHATWG Encoding, "UTF-8 decode").
///
/// ```
/// assert_eq!(sse_codec::lossy(b"caf\xC3").to_string(), "caf\u{FFFD}");
/// ```
#[must_use]
pub const fn lossy(bytes: &[u8]) -> Lossy<'_> {
    Lossy(bytes)
}

/// What [`lossy`] returns: bytes that are displayed as text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Lossy<'a>(&'a [u8]);

impl fmt::Display for Lossy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{FFFD}")?;
            }
        }
        Ok(())
    }
}

/// As a byte string literal, so that nothing is hidden.
impl fmt::Debug for Lossy<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}
