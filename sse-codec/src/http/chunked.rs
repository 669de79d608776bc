//! A body in chunks (RFC 9112 §7.1), as far as a sender needs it.

/// What follows the bytes of a chunk: CR LF.
pub const CHUNK_END: &[u8] = b"\r\n";

/// The end of a body in chunks: a chunk of size 0, and no trailer fields.
///
/// It says that the stream is finished. A stream that broke off must not have it, so that the client
/// can tell the two apart (RFC 9112 §8).
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// What stands before the bytes of a chunk: how many they are, in hexadecimal, and CR LF
/// (RFC 9112 §7.1).
///
/// A chunk is what a client gets at once: many hand nothing on of it until all of it has come. So a
/// chunk holds one frame, or a few small ones, and never half of one to be finished later.
///
/// ```
/// use sse_codec::http::{CHUNK_END, ChunkSize};
///
/// let frame = b"id: 42\ndata: 21.5 degrees\n\n";
/// let mut wire = Vec::new();
/// if let Some(size) = ChunkSize::new(frame.len()) {
///     wire.extend([size.as_bytes(), frame, CHUNK_END].concat());
/// }
/// assert_eq!(wire, b"1b\r\nid: 42\ndata: 21.5 degrees\n\n\r\n");
/// ```
///
/// # With a small buffer
/// The size is known before the frame is written, so the frame need not fit into a buffer:
///
/// ```
/// # let mut wire = Vec::new();
/// # let mut send = |bytes: &[u8]| wire.extend_from_slice(bytes);
/// use sse_codec::{Frame, http::{CHUNK_END, ChunkSize}};
///
/// let frame = Frame::message(b"temperature 21.5\nhumidity 40");
/// if let Some(size) = ChunkSize::new(frame.encoded_len()) {
///     send(size.as_bytes());
///     let mut cursor = frame.cursor();
///     let mut buffer = [0; 16];
///     while !cursor.is_done() {
///         let len = cursor.copy_to(&mut buffer);
///         send(&buffer[..len]);
///     }
///     send(CHUNK_END);
/// }
/// assert_eq!(wire, b"2a\r\ndata: temperature 21.5\ndata: humidity 40\n\n\r\n");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkSize {
    line: [u8; Self::MAX_LEN],
    start: usize,
}

impl ChunkSize {
    /// The length of the longest line, with its CR LF: what to keep free before the bytes of a chunk
    /// whose size is not known yet. 18 on a machine of 64 bits, 10 on one of 32.
    pub const MAX_LEN: usize = usize::BITS as usize / 4 + CHUNK_END.len();

    /// The line for a chunk of `len` bytes. `None` when there are none: a chunk of size 0 is the
    /// [`LAST_CHUNK`] and would end the stream.
    #[must_use]
    pub fn new(len: usize) -> Option<Self> {
        if len == 0 {
            return None;
        }
        let mut line = [b'\r'; Self::MAX_LEN];
        let [digits @ .., _, line_feed] = &mut line;
        *line_feed = b'\n';
        let mut rest = len;
        for digit in digits.iter_mut().rev() {
            *digit = char::from_digit((rest & 0xF) as u32, 16).map_or(b'0', |digit| digit as u8);
            rest >>= 4;
        }
        let start = (len.leading_zeros() >> 2) as usize;
        Some(Self { line, start })
    }

    /// The bytes to send, `b"1a\r\n"` for 26.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.line.get(self.start..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_in_hexadecimal_without_leading_zeros() {
        assert_eq!(ChunkSize::new(0), None);
        for (len, line) in [
            (1, &b"1\r\n"[..]),
            (9, b"9\r\n"),
            (10, b"a\r\n"),
            (0x0F, b"f\r\n"),
            (0x10, b"10\r\n"),
            (0x1A, b"1a\r\n"),
            (0xABCD, b"abcd\r\n"),
            (0x1_0000, b"10000\r\n"),
        ] {
            assert_eq!(ChunkSize::new(len).unwrap().as_bytes(), line);
        }
    }

    #[test]
    fn every_number_of_digits() {
        for digits in 1..=usize::BITS / 4 {
            let smallest = 1 << (4 * (digits - 1));
            for len in [smallest, smallest | 7, smallest * 15] {
                let line = ChunkSize::new(len).unwrap();
                let text = str::from_utf8(line.as_bytes()).unwrap();
                let number = text.strip_suffix("\r\n").unwrap();
                assert_eq!(number.len(), digits as usize);
                assert_eq!(usize::from_str_radix(number, 16), Ok(len));
            }
        }
    }

    #[test]
    fn the_longest_line_has_the_length_that_is_promised() {
        let largest = ChunkSize::new(usize::MAX).unwrap();
        assert_eq!(largest.as_bytes().len(), ChunkSize::MAX_LEN);
    }
}
