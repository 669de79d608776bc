use core::iter::FusedIterator;

use super::{
    Frame,
    digits::Digits,
    walk::{Value, Walk},
};
use crate::copy::copy_prefix;

/// The bytes of a [`Frame`] in order, as slices: labels, values and line ends. None is empty.
#[derive(Clone, Debug)]
pub struct Slices<'f> {
    frame: &'f Frame<'f>,
    walk: Walk<'f>,
    value: &'f [u8],
}

impl<'f> Slices<'f> {
    pub(super) const fn new(frame: &'f Frame<'f>) -> Self {
        Self {
            frame,
            walk: Walk::new(frame),
            value: b"",
        }
    }
}

impl<'f> Iterator for Slices<'f> {
    type Item = &'f [u8];

    fn next(&mut self) -> Option<&'f [u8]> {
        if !self.value.is_empty() {
            return Some(core::mem::take(&mut self.value));
        }
        let (label, value) = self.walk.next_pair()?;
        self.value = match (value, &self.frame.retry) {
            (Value::Bytes(bytes), _) => bytes,
            (Value::Retry, Some(digits)) => digits.as_bytes(),
            (Value::Retry, None) => b"",
        };
        Some(label)
    }
}

impl FusedIterator for Slices<'_> {}

/// A [`Frame`] on its way out: remembers how far it has been written, so that it goes through
/// buffers of any size, one byte and up. One pass over the frame, however many buffers it takes.
///
/// ```
/// use sse_codec::{Event, Frame};
///
/// let mut uart = Vec::new();
/// let mut cursor = Frame::event(Event::new(b"a longer reading"))?.cursor();
/// while !cursor.is_done() {
///     let mut buffer = [0; 4];
///     let len = cursor.copy_to(&mut buffer);
///     uart.extend_from_slice(&buffer[..len]);
/// }
/// assert_eq!(uart, b"data: a longer reading\n\n");
/// # Ok::<(), sse_codec::InvalidField>(())
/// ```
#[derive(Clone, Debug)]
pub struct Cursor<'a> {
    walk: Walk<'a>,
    label: &'static [u8],
    value: &'a [u8],
    retry: Option<Digits>,
    /// The digits are the value.
    in_retry: bool,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(frame: &Frame<'a>) -> Self {
        let mut cursor = Self {
            walk: Walk::new(frame),
            label: b"",
            value: b"",
            retry: frame.retry,
            in_retry: false,
        };
        cursor.fill();
        cursor
    }

    /// Whether all of the frame has been written.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.chunk().is_empty()
    }

    /// What can be written next without a copy. Empty only when the frame [is done](Self::is_done).
    #[must_use]
    pub fn chunk(&self) -> &[u8] {
        if !self.label.is_empty() {
            self.label
        } else if let (true, Some(digits)) = (self.in_retry, &self.retry) {
            digits.as_bytes()
        } else {
            self.value
        }
    }

    /// All that is left, as slices: for a vectored write. None is empty.
    pub fn slices(&self) -> impl Iterator<Item = &[u8]> {
        let retry = self
            .retry
            .as_ref()
            .map(Digits::as_bytes)
            .unwrap_or_default();
        let value = if self.in_retry { retry } else { self.value };
        let mut walk = self.walk;
        let pairs =
            core::iter::from_fn(move || walk.next_pair()).flat_map(move |(label, value)| {
                let value = match value {
                    Value::Bytes(bytes) => bytes,
                    Value::Retry => retry,
                };
                [label, value]
            });
        [self.label, value]
            .into_iter()
            .chain(pairs)
            .filter(|slice| !slice.is_empty())
    }

    /// Notes that `count` bytes have been written. At the end of the frame it stays there.
    pub fn advance(&mut self, mut count: usize) {
        while count > 0 && !self.is_done() {
            let step = count.min(self.chunk().len());
            count -= step;
            if !self.label.is_empty() {
                self.label = self.label.get(step..).unwrap_or_default();
            } else if let (true, Some(digits)) = (self.in_retry, &mut self.retry) {
                digits.advance(step);
            } else {
                self.value = self.value.get(step..).unwrap_or_default();
            }
            self.fill();
        }
    }

    /// Fills `buffer` with what comes next and returns how many bytes that were: all of the buffer,
    /// or less where the frame ends.
    pub fn copy_to(&mut self, buffer: &mut [u8]) -> usize {
        let mut filled = 0;
        while let Some(free) = buffer.get_mut(filled..)
            && !free.is_empty()
            && !self.is_done()
        {
            let step = copy_prefix(self.chunk(), free);
            self.advance(step);
            filled += step;
        }
        filled
    }

    /// Goes to the next label when the last value has been written.
    fn fill(&mut self) {
        while self.chunk().is_empty()
            && let Some((label, value)) = self.walk.next_pair()
        {
            self.label = label;
            self.in_retry = matches!(value, Value::Retry);
            self.value = match value {
                Value::Bytes(bytes) => bytes,
                Value::Retry => b"",
            };
        }
    }
}

/// Gives the frame's bytes, then the end of the file: `std::io::copy` writes a frame to a
/// `std::io::Write`.
#[cfg(feature = "std")]
impl std::io::Read for Cursor<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        Ok(self.copy_to(buffer))
    }
}
