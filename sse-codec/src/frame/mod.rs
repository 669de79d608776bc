//! Events to bytes (WHATWG HTML §9.2.5, read from the sender's side).

#[cfg(feature = "bytes")]
mod buf;
mod cursor;
mod data_writer;
mod error;
mod out;
mod sink;
mod walk;

#[cfg(feature = "bytes")]
pub use buf::FrameBuf;
pub use cursor::{Cursor, Slices};
pub use data_writer::DataWriter;
pub use error::BufferTooSmall;
#[cfg(feature = "std")]
pub use sink::IoSink;
pub use sink::{Sink, SinkFull, SliceSink};

use crate::{
    digits::Digits,
    event::Event,
    field::{Field, InvalidField},
    millis::Millis,
};

/// A block ready to be written: one event, a comment, or what else may stand between two blank
/// lines.
///
/// ```text
///            meaning left                                    bytes right
///
///  Event<'_> ──── event ────▶ Frame ──── write_to ──▶ a Sink: all of it, or nothing
///  text      ──── comment ──▶   │  ───── cursor ────▶ any buffer, from one byte on
///  Millis    ──── retry ────▶   │  ───── slices ────▶ a vectored write, nothing copied
///                               └─ encode, append_to, to_vec, to_bytes, into_buf
/// ```
///
/// A frame has been checked when it was made; writing it cannot fail. It borrows its values and
/// keeps no length, so making one costs a look at its type and ID and nothing else.
///
/// Data and comments may hold any bytes. They are split into lines at CRLF, CR and LF and nowhere
/// else, so that no CR reaches the wire, and no value can bring a field of its own into the stream:
/// the receiver gets each of the three as LF. Bytes that are not UTF-8 are written as they are; a
/// browser will show U+FFFD for them. Every frame ends in its blank line, so none leaks into the
/// next.
///
/// ```
/// use sse_codec::{Event, Frame};
///
/// let frame = Frame::event(Event::text("first\nsecond").with_type(b"note").with_id(b"7"))?;
/// let mut buffer = [0; 64];
/// assert_eq!(
///     frame.encode(&mut buffer),
///     Ok(&b"event: note\nid: 7\ndata: first\ndata: second\n\n"[..]),
/// );
/// # Ok::<(), sse_codec::InvalidField>(())
/// ```
///
/// Frames can be made in `const`:
/// ```
/// # use sse_codec::{Event, Frame};
/// const FAREWELL: Frame = match Frame::event(Event::text("see you").with_type(b"bye")) {
///     Ok(frame) => frame,
///     Err(_) => panic!("not a valid event type"),
/// };
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    event_type: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
    retry: Digits,
    /// What is written line by line: data, or a comment.
    text: Option<&'a [u8]>,
    is_comment: bool,
}

impl<'a> Frame<'a> {
    /// An empty comment, `:` and a blank line: keeps proxies from closing an idle connection and
    /// shows a sender whether the receiver is still there (§9.2.7). Receivers see nothing.
    pub const HEARTBEAT: Frame<'static> = Frame::comment(b"");

    const EMPTY: Self = Self {
        event_type: None,
        id: None,
        retry: Digits::NONE,
        text: None,
        is_comment: false,
    };

    /// The frame of an event. The [inherited ID](Event::last_event_id) of a decoded event is not
    /// part of it.
    ///
    /// # Errors
    /// [`InvalidField`] when the type contains CR or LF, or the ID contains CR, LF or NUL: a stream
    /// cannot carry them, and nothing is stripped.
    #[inline]
    pub const fn event(event: Event<'a>) -> Result<Self, InvalidField> {
        if let Some(value) = event.event_type()
            && let Err(error) = InvalidField::check(Field::Event, value)
        {
            return Err(error);
        }
        if let Some(value) = event.id()
            && let Err(error) = InvalidField::check(Field::Id, value)
        {
            return Err(error);
        }
        Ok(Self {
            event_type: event.event_type(),
            id: event.id(),
            retry: match event.retry() {
                Some(retry) => Digits::new(retry.0),
                None => Digits::NONE,
            },
            text: if event.has_data() {
                Some(event.data())
            } else {
                None
            },
            is_comment: false,
        })
    }

    /// The frame of an event that has nothing but data, which may be any bytes.
    #[must_use]
    pub const fn message(data: &'a [u8]) -> Self {
        Self {
            text: Some(data),
            ..Self::EMPTY
        }
    }

    /// A comment. Receivers pass over it; every line of the text becomes a line of its own.
    #[must_use]
    pub const fn comment(text: &'a [u8]) -> Self {
        Self {
            text: Some(text),
            is_comment: true,
            ..Self::EMPTY
        }
    }

    /// A frame that only sets the last event ID; an empty ID clears it. No event is dispatched.
    ///
    /// # Errors
    /// As [`event`](Self::event).
    pub const fn id(id: &'a [u8]) -> Result<Self, InvalidField> {
        Self::event(Event::without_data().with_id(id))
    }

    /// A frame that only names an event type. It has no effect on a receiver: the type is forgotten
    /// at the blank line.
    ///
    /// # Errors
    /// As [`event`](Self::event).
    pub const fn event_type(event_type: &'a [u8]) -> Result<Self, InvalidField> {
        Self::event(Event::without_data().with_type(event_type))
    }

    /// The frame with this ID, which is known to be one.
    pub(crate) const fn with_valid_id(mut self, id: &'a [u8]) -> Self {
        debug_assert!(InvalidField::check(Field::Id, id).is_ok());
        self.id = Some(id);
        self
    }

    /// A frame that only sets the reconnection time. No event is dispatched.
    #[must_use]
    pub const fn retry(time: Millis) -> Self {
        Self {
            retry: Digits::new(time.0),
            ..Self::EMPTY
        }
    }

    /// The frame's bytes as slices that borrow from the frame and its values: for vectored writes.
    #[must_use]
    pub const fn slices(&self) -> Slices<'_> {
        Slices::new(self)
    }

    /// Writes the frame into buffers of any size, one after the other.
    #[must_use]
    pub const fn cursor(&self) -> Cursor<'a> {
        Cursor::new(self)
    }

    /// How many bytes the frame has. Looks at the whole of it; a frame is written without knowing.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        let mut len = 0_usize;
        self.slices()
            .for_each(|slice| len = len.saturating_add(slice.len()));
        len
    }

    /// Writes the frame to a [`Sink`]: all of it, or nothing.
    ///
    /// ```
    /// use sse_codec::{Frame, SinkFull, SliceSink};
    ///
    /// let mut buffer = [0; 20];
    /// let mut sink = SliceSink::new(&mut buffer);
    /// Frame::message(b"fits").write_to(&mut sink)?;
    /// assert!(Frame::message(b"no longer").write_to(&mut sink).is_err());
    /// assert_eq!(sink.written(), b"data: fits\n\n");
    /// # Ok::<(), SinkFull>(())
    /// ```
    ///
    /// # Errors
    /// The sink's. What it had taken of the frame is [rolled back](Sink::rollback) then.
    #[inline]
    pub fn write_to<S: Sink + ?Sized>(&self, sink: &mut S) -> Result<(), S::Error> {
        sink.push_frame(self)
    }

    /// Writes the frame into `buffer` and returns the part that was written.
    ///
    /// # Errors
    /// [`BufferTooSmall`] with the length that is needed. What is in the buffer then is unspecified.
    pub fn encode<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], BufferTooSmall> {
        out::encode(self, buffer).ok_or_else(|| BufferTooSmall {
            needed: self.encoded_len(),
        })
    }

    /// About how long the frame is, without a look at its text: room for one line is exact enough,
    /// a text of many lines still needs more for their labels.
    #[cfg(feature = "alloc")]
    fn len_hint(&self) -> usize {
        [self.event_type, self.id, self.text]
            .into_iter()
            .flatten()
            .fold(64, |len, value| len.saturating_add(value.len()))
    }

    /// Appends the frame to `buffer`: [`write_to`](Self::write_to) for a vector, which takes all.
    #[cfg(feature = "alloc")]
    pub fn append_to(&self, buffer: &mut alloc::vec::Vec<u8>) {
        let Ok(()) = self.write_to(buffer);
    }

    /// The frame as a vector of its own.
    #[cfg(feature = "alloc")]
    #[must_use]
    pub fn to_vec(&self) -> alloc::vec::Vec<u8> {
        let mut vec = alloc::vec::Vec::new();
        self.append_to(&mut vec);
        vec
    }

    /// The frame as `Bytes`, to be sent to many receivers.
    #[cfg(feature = "bytes")]
    #[must_use]
    pub fn to_bytes(&self) -> bytes::Bytes {
        self.to_vec().into()
    }

    /// The frame as a [`bytes::Buf`].
    #[cfg(feature = "bytes")]
    #[must_use]
    pub fn into_buf(self) -> FrameBuf<'a> {
        FrameBuf::new(&self)
    }
}
