use std::{error, fmt};

use bytes::Bytes;
use sse_codec::{DataWriter, Event, Frame, InvalidField};

/// A frame as bytes of its own: encoded once, shared by as many connections as like to send it.
///
/// It can only be made from a [`Frame`], so it is always a whole one and nothing in it can bring
/// fields of its own into a stream. A clone shares the bytes.
///
/// ```
/// use sse_codec::{Event, Frame};
/// use sse_codec_tokio::EncodedFrame;
///
/// let tick = EncodedFrame::event(Event::text("12:00").with_type(b"tick"))?;
/// assert_eq!(tick.as_bytes(), b"event: tick\ndata: 12:00\n\n");
/// assert_eq!(EncodedFrame::from(Frame::HEARTBEAT).as_bytes(), b":\n\n");
/// # Ok::<(), sse_codec::InvalidField>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedFrame(Bytes);

impl EncodedFrame {
    /// [`Frame::HEARTBEAT`]: a comment without text, and a blank line.
    pub const HEARTBEAT: Self = Self(Bytes::from_static(b":\n\n"));

    /// A comment without text that ends with its line, and not in a blank one: a heartbeat for
    /// streams with IDs. It begins no block, so nothing of it runs into the next frame.
    pub const HEARTBEAT_LINE: Self = Self(Bytes::from_static(b":\n"));

    /// Encodes an event.
    ///
    /// # Errors
    /// As [`Frame::event`].
    pub fn event(event: Event<'_>) -> Result<Self, InvalidField> {
        Frame::event(event).map(Self::from)
    }

    /// A frame that has been encoded before.
    pub(crate) const fn whole(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// Encodes an event whose data is produced while it is written, without a string in between.
    /// If `event` has data, what is produced comes after it.
    ///
    /// ```
    /// use sse_codec::Event;
    /// use sse_codec_tokio::EncodedFrame;
    ///
    /// let reading = serde_json::json!({ "volts": 3.3 });
    /// let frame = EncodedFrame::write(Event::without_data().with_type(b"reading"), |data| {
    ///     serde_json::to_writer(data, &reading)
    /// })?;
    /// assert_eq!(frame.as_bytes(), b"event: reading\ndata: {\"volts\":3.3}\n\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WriteError::Field`] as [`Frame::event`], [`WriteError::Data`] with what `produce` returns.
    pub fn write<E>(
        event: Event<'_>,
        produce: impl FnOnce(&mut DataWriter<'_, Vec<u8>>) -> Result<(), E>,
    ) -> Result<Self, WriteError<E>> {
        let mut bytes = Vec::new();
        let mut data = DataWriter::new(&mut bytes, event).map_err(WriteError::Field)?;
        produce(&mut data).map_err(WriteError::Data)?;
        match data.finish() {
            Ok(()) => Ok(Self(bytes.into_boxed_slice().into())),
            Err(never) => match never {},
        }
    }

    /// The bytes as they go over the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes as they go over the wire.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

/// A frame could not be [written](EncodedFrame::write).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError<E> {
    /// A field of the event cannot be encoded.
    Field(InvalidField),
    /// The data could not be produced.
    Data(E),
}

impl<E: fmt::Display> fmt::Display for WriteError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Field(error) => error.fmt(f),
            Self::Data(error) => write!(f, "the data could not be produced: {error}"),
        }
    }
}

impl<E: error::Error + 'static> error::Error for WriteError<E> {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Field(_) => None,
            Self::Data(error) => Some(error),
        }
    }
}

impl From<Frame<'_>> for EncodedFrame {
    fn from(frame: Frame<'_>) -> Self {
        Self(frame.to_bytes())
    }
}

impl TryFrom<Event<'_>> for EncodedFrame {
    type Error = InvalidField;

    fn try_from(event: Event<'_>) -> Result<Self, InvalidField> {
        Self::event(event)
    }
}

/// What an [`EventWriter`](crate::EventWriter) sends: a frame that borrows its values, or one that
/// has been encoded already. Both convert into it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outgoing<'a> {
    /// Encoded on its way into the writer.
    Frame(Frame<'a>),
    /// Copied into the writer's buffer when it is small, taken as it is when it is large.
    Encoded(EncodedFrame),
}

impl Outgoing<'_> {
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Frame(frame) => frame.encoded_len(),
            Self::Encoded(frame) => frame.0.len(),
        }
    }
}

impl<'a> From<Frame<'a>> for Outgoing<'a> {
    fn from(frame: Frame<'a>) -> Self {
        Self::Frame(frame)
    }
}

impl From<EncodedFrame> for Outgoing<'_> {
    fn from(frame: EncodedFrame) -> Self {
        Self::Encoded(frame)
    }
}
