use core::fmt;

use super::{
    Frame, Sink,
    walk::{DATA, END, Walk},
};
use crate::{
    copy::{copy_within, put},
    event::Event,
    field::InvalidField,
    scan::{after_line_end, for_each_line, last_line, line_end, may_be_forbidden, may_have_lines},
    target::SMALL,
};

/// Writes an event whose data is produced while it is written, without a string in between:
/// `write!` goes into it, and with the feature `std` whatever takes a `std::io::Write`, as
/// `serde_json::to_writer` does.
///
/// Lines are split at CRLF, CR and LF on the fly, also where one write ends between the CR and the
/// LF. The event is complete with [`finish`](Self::finish); a writer that is dropped before takes
/// back what it has written, so that half an event is never sent.
///
/// ```
/// use core::fmt::Write;
/// use sse_codec::{DataWriter, Event, SliceSink};
///
/// let mut buffer = [0; 96];
/// let mut sink = SliceSink::new(&mut buffer);
/// let mut data = DataWriter::new(&mut sink, Event::without_data().with_type(b"reading"))?;
/// for channel in 1..=2 {
///     writeln!(data, "channel {channel}: {:.1} V", 3.3 * f64::from(channel))?;
/// }
/// data.finish()?;
/// assert_eq!(
///     sink.written(),
///     b"event: reading\ndata: channel 1: 3.3 V\ndata: channel 2: 6.6 V\ndata: \n\n",
/// );
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "an event is sent only when it has been finished"]
pub struct DataWriter<'s, S: Sink> {
    sink: &'s mut S,
    /// Where in the sink the event begins.
    start: usize,
    /// Where in the sink the bytes begin whose line ends are looked for at the end. Without: they are
    /// looked for in each piece, as it comes.
    raw: Option<usize>,
    /// The last byte written was a CR, so an LF belongs to the same line end.
    after_cr: bool,
    error: Option<S::Error>,
    is_finished: bool,
}

impl<'s, S: Sink> DataWriter<'s, S> {
    /// Begins an event with the fields of `event`. If that has data, what is written comes after it.
    ///
    /// An error of the sink is kept; [`finish`](Self::finish) returns it.
    ///
    /// # Errors
    /// As [`Frame::event`]. Nothing has been written then.
    pub fn new(sink: &'s mut S, event: Event<'_>) -> Result<Self, InvalidField> {
        let frame = Frame {
            text: Some(event.data()),
            ..Frame::event(event)?
        };
        let mut writer = Self {
            start: sink.position(),
            raw: None,
            sink,
            after_cr: event.data().ends_with(b"\r"),
            error: None,
            is_finished: false,
        };
        let mut walk = Walk::new(&frame);
        while !walk.is_at_end() {
            writer.put(walk.take(&frame, usize::MAX));
        }
        // A sink that shows its bytes is looked at once, at the end: most pieces are a few bytes, and
        // to look at one takes longer than to copy it.
        if !SMALL && !writer.after_cr && writer.sink.taken().is_some() {
            writer.raw = Some(writer.sink.position());
        }
        Ok(writer)
    }

    /// Appends to the data. Any bytes may come, cut anywhere.
    ///
    /// An error of the sink is kept; [`finish`](Self::finish) returns it.
    #[inline]
    pub fn push(&mut self, bytes: &[u8]) {
        match self.raw {
            Some(_) => self.put(bytes),
            None => self.push_piece(bytes),
        }
    }

    #[inline(never)]
    fn push_piece(&mut self, bytes: &[u8]) {
        // Most of what `serde_json` writes at once is one byte, or a few: a call of a copy or a search
        // would cost more than they do.
        match bytes {
            [byte @ 16..=255] if !SMALL && !self.after_cr => self.put(&[*byte]),
            _ if !self.after_cr && bytes.len() <= 64 && !may_be_forbidden(bytes) => {
                self.put(bytes);
            }
            _ => self.push_lines(bytes),
        }
    }

    #[inline(never)]
    fn push_lines(&mut self, bytes: &[u8]) {
        let mut rest = match bytes {
            [b'\n', rest @ ..] if self.after_cr => rest,
            [] => return,
            bytes => bytes,
        };
        self.after_cr = bytes.ends_with(b"\r");
        while let Some(len) = line_end(rest)
            && let Some((line, tail)) = rest.split_at_checked(len)
        {
            self.put(line);
            self.put(DATA);
            rest = after_line_end(tail);
        }
        self.put(rest);
    }

    /// Ends the event.
    ///
    /// # Errors
    /// The first error of the sink, if there was one. The event has been taken back then, as far as
    /// the sink [can](Sink::rollback).
    pub fn finish(mut self) -> Result<(), S::Error> {
        if let Some(raw) = self.raw {
            self.split_lines(raw);
        }
        self.put(END);
        match self.error.take() {
            // Dropped unfinished, it takes the event back.
            Some(error) => Err(error),
            None => {
                self.is_finished = true;
                Ok(())
            }
        }
    }

    /// Makes lines of what the sink has from there on.
    fn split_lines(&mut self, raw: usize) {
        let data = self.sink.taken().and_then(|taken| taken.get(raw..));
        let len = data.map_or(0, <[u8]>::len);
        if !data.is_some_and(may_have_lines) {
            return;
        }
        let more = data.map_or(0, |data| {
            let (mut lines, mut bytes) = (0, 0);
            let last = for_each_line(data, |_, len| {
                lines += 1;
                bytes += len;
            });
            lines * DATA.len() - (last - bytes)
        });
        self.put_room(more);
        if self.error.is_none()
            && let Some(data) = self.sink.taken().and_then(|taken| taken.get_mut(raw..))
        {
            spread_lines(data, len);
        }
    }

    /// Writes so many bytes that will be written over.
    fn put_room(&mut self, len: usize) {
        let room = [0; 64];
        let mut left = len;
        while let Some(part) = room
            .get(..left.min(room.len()))
            .filter(|part| !part.is_empty())
        {
            self.put(part);
            left -= part.len();
        }
    }

    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        if self.error.is_none()
            && let Err(error) = self.sink.push_bytes(bytes)
        {
            self.error = Some(error);
        }
    }
}

/// Makes lines of the text in the first `len` bytes; the rest is the room that their labels need. From
/// the back, so that each line moves once.
fn spread_lines(bytes: &mut [u8], len: usize) {
    let (mut text, mut free) = (len, bytes.len());
    while let Some((end, start)) = bytes.get(..text).and_then(last_line) {
        let line = text - start;
        free -= line;
        copy_within(bytes, start, line, free);
        free -= DATA.len();
        put(bytes, free, DATA);
        text = end;
    }
}

impl<S: Sink> Drop for DataWriter<'_, S> {
    fn drop(&mut self) {
        if !self.is_finished {
            self.sink.rollback(self.start);
        }
    }
}

/// An error says only that the sink has failed; [`DataWriter::finish`] says why.
impl<S: Sink> fmt::Write for DataWriter<'_, S> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        if self.error.is_some() {
            Err(fmt::Error)
        } else {
            Ok(())
        }
    }
}

/// An error says only that the sink has failed; [`DataWriter::finish`] says why.
///
/// ```
/// use sse_codec::{DataWriter, Event};
///
/// let mut out = Vec::new();
/// let mut data = DataWriter::new(&mut out, Event::without_data().with_id(b"1"))?;
/// serde_json::to_writer(&mut data, &["a", "b\n"])?;
/// data.finish()?;
/// assert_eq!(out, b"id: 1\ndata: [\"a\",\"b\\n\"]\n\n");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "std")]
impl<S: Sink> std::io::Write for DataWriter<'_, S> {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        #[cold]
        fn failed() -> std::io::Error {
            std::io::Error::other("the sink of a DataWriter has failed")
        }
        self.push(bytes);
        if self.error.is_some() {
            Err(failed())
        } else {
            Ok(())
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<S: Sink> fmt::Debug for DataWriter<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataWriter")
            .field("start", &self.start)
            .field("failed", &self.error.is_some())
            .finish_non_exhaustive()
    }
}
