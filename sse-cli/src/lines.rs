//! Lines of standard input, of bounded length.

use std::io::{self, BufRead, BufReader, ErrorKind, Read};

/// Reads lines one by one.
pub(crate) struct Lines<R> {
    input: BufReader<R>,
    line: Vec<u8>,
    limit: usize,
}

/// What is next in the input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Next<'l> {
    /// A line, without its LF or CRLF. The last one needs none.
    Line(&'l [u8]),
    /// A line longer than the limit, which is over.
    TooLong,
    End,
}

impl<R: Read> Lines<R> {
    pub(crate) fn new(input: R, limit: usize) -> Self {
        Self {
            input: BufReader::with_capacity(1 << 16, input),
            line: Vec::new(),
            limit,
        }
    }

    /// Whether the next line is here already, so that reading it waits for nobody.
    pub(crate) fn is_ready(&self) -> bool {
        self.input.buffer().contains(&b'\n')
    }

    pub(crate) fn next(&mut self) -> io::Result<Next<'_>> {
        self.line.clear();
        let mut is_too_long = false;
        let mut is_anything = false;
        loop {
            let buffer = match self.input.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if buffer.is_empty() && !is_anything {
                return Ok(Next::End);
            }
            let end = buffer.iter().position(|byte| *byte == b'\n');
            let (text, used) = match end {
                Some(end) => (&buffer[..end], end + 1),
                None => (buffer, buffer.len()),
            };
            is_anything = true;
            is_too_long |= self.line.len() + text.len() > self.limit;
            if !is_too_long {
                self.line.extend(text);
            }
            self.input.consume(used);
            if end.is_some() || used == 0 {
                break;
            }
        }
        Ok(match is_too_long {
            true => Next::TooLong,
            false => Next::Line(self.line.strip_suffix(b"\r").unwrap_or(&self.line)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_those_that_are_too_long() {
        let mut lines = Lines::new(&b"a\r\n\n12345\n123456\nlast"[..], 5);
        assert!(!lines.is_ready());
        for line in [&b"a"[..], b"", b"12345"] {
            assert_eq!(lines.next().unwrap(), Next::Line(line));
            assert!(lines.is_ready());
        }
        assert_eq!(lines.next().unwrap(), Next::TooLong);
        assert!(!lines.is_ready());
        assert_eq!(lines.next().unwrap(), Next::Line(b"last"));
        assert_eq!(lines.next().unwrap(), Next::End);
        assert_eq!(lines.next().unwrap(), Next::End);
    }
}
