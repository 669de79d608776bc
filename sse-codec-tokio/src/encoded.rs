use bytes::Bytes;
use sse_codec::{Event, Frame, InvalidField};

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
