//! The bytes of a stream, block by block: what a break leaves of a block is not printed, or it would
//! run into the first block of the next connection.

use std::{collections::VecDeque, mem};

use sse_codec::{Chunk, Growable, Lexer, Parser, Step, Token};

pub(super) struct Raw {
    parser: Parser<Growable>,
    /// Bytes after the last event.
    pending: Vec<u8>,
    /// The bytes up to and with each event, and those before it since the one before.
    events: VecDeque<Vec<u8>>,
    connections: u64,
    is_start: bool,
    /// In the rest of a block that is too large, which is not printed: reads on to its blank line.
    skipping: Option<Lexer>,
}

impl Raw {
    /// The limit is that of the source, so that both see the same events.
    pub(super) const fn new(limit: usize) -> Self {
        Self {
            parser: Parser::growable(limit),
            pending: Vec::new(),
            events: VecDeque::new(),
            connections: 0,
            is_start: true,
            skipping: None,
        }
    }

    /// A new connection begins.
    pub(super) fn open(&mut self) {
        self.parser.reset();
        self.pending.clear();
        self.events.clear();
        self.skipping = None;
        self.connections += 1;
        self.is_start = true;
    }

    pub(super) fn push(&mut self, mut bytes: &[u8]) {
        if mem::take(&mut self.is_start) && self.connections > 1 {
            // In the middle of the output it would be no mark.
            bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        }
        let mut chunk = Chunk::new(bytes);
        let mut start = 0;
        loop {
            let step = self.parser.step(&mut chunk);
            let end = chunk.position();
            match step {
                Ok(None) => break,
                Ok(Some(Step::Event(_))) => {
                    self.keep(&bytes[start..end]);
                    start = end;
                    self.events.push_back(mem::take(&mut self.pending));
                }
                Ok(Some(_)) => {}
                Err(_) => {
                    start = end;
                    self.pending.clear();
                    let mut lexer = Lexer::new();
                    // It begins in the middle of a line.
                    lexer.next_token(&mut Chunk::new(b"x"));
                    self.skipping = Some(lexer);
                }
            }
        }
        self.keep(&bytes[start..]);
    }

    fn keep(&mut self, mut bytes: &[u8]) {
        if let Some(lexer) = &mut self.skipping {
            let mut chunk = Chunk::new(bytes);
            loop {
                match lexer.next_token(&mut chunk) {
                    None => return,
                    Some(Token::BlankLine) => break,
                    Some(_) => {}
                }
            }
            bytes = chunk.rest();
            self.skipping = None;
        }
        self.pending.extend(bytes);
    }

    /// The bytes of the next event.
    pub(super) fn event(&mut self) -> Vec<u8> {
        self.events.pop_front().unwrap_or_default()
    }

    /// The bytes after the last event, when no block has begun in them.
    pub(super) fn rest(&mut self) -> Vec<u8> {
        let is_whole = self.events.is_empty()
            && !self.parser.is_inside_block()
            && matches!(self.pending[..], [.., b'\n' | b'\r']);
        if is_whole {
            mem::take(&mut self.pending)
        } else {
            Vec::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_that_are_whole() {
        let mut raw = Raw::new(100);
        raw.open();
        raw.push(b"\xEF\xBB\xBF:\r\nx: y\r\ndata: a\r\n\r\nid: 1\n\n: c");
        assert_eq!(raw.event(), b"\xEF\xBB\xBF:\r\nx: y\r\ndata: a\r\n\r");
        assert_eq!(raw.rest(), b"");
        raw.push(b"\n");
        assert_eq!(raw.rest(), b"\nid: 1\n\n: c\n");
        raw.push(b":\ndata: lost");
        assert_eq!(raw.rest(), b"");
        raw.open();
        raw.push(b"\xEF\xBB\xBFdata: b\n\ndata: c\n\n:");
        assert_eq!(raw.event(), b"data: b\n\n");
        assert_eq!(raw.event(), b"data: c\n\n");
        assert_eq!(raw.event(), b"");
    }

    #[test]
    fn a_block_that_is_too_large_is_left_out() {
        for cut in 0..60 {
            let mut raw = Raw::new(5);
            raw.open();
            let stream = b"data: a\n\ndata: 123456\ndata: b\nid: 1\n\ndata: c\n\n:\n";
            let (first, second) = stream.split_at(cut.min(stream.len()));
            raw.push(first);
            raw.push(second);
            assert_eq!(raw.event(), b"data: a\n\n");
            assert_eq!(raw.event(), b"data: c\n\n");
            assert_eq!(raw.rest(), b":\n");
        }
    }
}
