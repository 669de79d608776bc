//! The streams that are decoded.

use crate::{
    Rng,
    input::{Counts, Input},
    text::{Script, letters, token_json, words},
};

/// A kind of stream. Every length in it is random, except where the format leaves no choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `data: {…}` of 150–300 B JSON in many languages, as language models send them.
    Tokens,
    /// The same in ASCII only.
    TokensAscii,
    /// An `event:` line and a `data:` line, 60–180 B.
    Typed,
    /// Single lines of 48–80 KiB in many languages.
    Long,
    /// `data: x` with a value of 1–4 bytes.
    Tiny,
    /// Exactly `data: x`, for comparison: nothing random, which flatters everybody.
    TinyConstant,
    /// 15–25 data lines of 20–60 bytes.
    Lines,
    /// Heartbeats: `:` and a blank line.
    Heartbeats,
    /// [`Tokens`](Self::Tokens) with CRLF.
    Crlf,
    /// [`Tokens`](Self::Tokens) with an `id:` line on every event.
    Ids,
}

impl Kind {
    /// All of them, in the order of the tables.
    pub const ALL: [Self; 10] = [
        Self::Tokens,
        Self::TokensAscii,
        Self::Typed,
        Self::Long,
        Self::Tiny,
        Self::TinyConstant,
        Self::Lines,
        Self::Heartbeats,
        Self::Crlf,
        Self::Ids,
    ];

    /// The name in tables and on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tokens => "a",
            Self::TokensAscii => "a-ascii",
            Self::Typed => "b",
            Self::Long => "c",
            Self::Tiny => "d",
            Self::TinyConstant => "d-const",
            Self::Lines => "e",
            Self::Heartbeats => "f",
            Self::Crlf => "g",
            Self::Ids => "h",
        }
    }

    /// One line about it.
    #[must_use]
    pub const fn about(self) -> &'static str {
        match self {
            Self::Tokens => "LLM tokens, mixed text",
            Self::TokensAscii => "LLM tokens, ASCII",
            Self::Typed => "`event:` and `data:`",
            Self::Long => "64 KiB lines",
            Self::Tiny => "`data: x`, 1–4 B",
            Self::TinyConstant => "`data: x`, constant",
            Self::Lines => "20 lines of 40 B",
            Self::Heartbeats => "heartbeats",
            Self::Crlf => "LLM tokens, CRLF",
            Self::Ids => "LLM tokens, `id:`",
        }
    }

    /// Appends one block.
    fn block(self, rng: &mut Rng, number: usize, out: &mut String) {
        let data = |rng: &mut Rng, script, out: &mut String| {
            out.push_str("data: ");
            out.push_str(&token_json(rng, script, 150, 300));
        };
        match self {
            Self::Tokens | Self::Crlf => data(rng, Script::Mixed, out),
            Self::TokensAscii => data(rng, Script::Ascii, out),
            Self::Ids => {
                out.push_str(&format!("id: {number}\n"));
                data(rng, Script::Mixed, out);
            }
            Self::Typed => {
                out.push_str("event: ");
                out.push_str(rng.pick(TYPES));
                out.push_str("\ndata: {\"text\":\"");
                let len = rng.between(10, 130);
                words(rng, Script::Mixed, len, out);
                out.push_str("\"}");
            }
            Self::Long => {
                out.push_str("data: ");
                let len = rng.between(48 << 10, 80 << 10);
                words(rng, Script::Mixed, len, out);
            }
            Self::Tiny => {
                out.push_str("data: ");
                let len = rng.between(1, 4);
                letters(rng, len, out);
            }
            Self::TinyConstant => out.push_str("data: x"),
            Self::Lines => {
                for line in 0..rng.between(15, 25) {
                    out.push_str(if line == 0 { "data: " } else { "\ndata: " });
                    let len = rng.between(20, 60);
                    words(rng, Script::Mixed, len, out);
                }
            }
            Self::Heartbeats => out.push(':'),
        }
        out.push_str("\n\n");
    }
}

const TYPES: &[&str] = &[
    "message_start",
    "content_block_start",
    "content_block_delta",
    "content_block_stop",
    "message_delta",
    "ping",
    "update",
];

/// A generated stream that knows what is in it.
#[derive(Debug)]
pub struct Corpus {
    /// What was generated.
    pub kind: Kind,
    bytes: &'static [u8],
    marks: Vec<Part>,
}

/// The first bytes of a corpus, cut between two events, and what a decoder must find there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Part {
    /// How many bytes.
    pub len: usize,
    /// Blocks: events, or heartbeats where there are no events.
    pub blocks: usize,
    /// What is right.
    pub counts: Counts,
}

impl Corpus {
    /// The length of every corpus in the tables.
    pub const LEN: usize = 8 << 20;

    /// Generates at least `len` bytes (the last event is whole), always the same. They are leaked.
    #[must_use]
    pub fn new(kind: Kind, len: usize) -> Self {
        let mut rng = Rng::new(0x5353_4520 + kind as u64);
        let (mut bytes, mut block) = (Vec::with_capacity(len + (96 << 10)), String::new());
        let (mut part, mut marks) = (Part::default(), Vec::new());
        while bytes.len() < len {
            block.clear();
            kind.block(&mut rng, part.blocks, &mut block);
            if kind == Kind::Crlf {
                block = block.replace('\n', "\r\n");
            }
            bytes.extend_from_slice(block.as_bytes());
            let found = crate::oracle::count(block.as_bytes());
            part.len = bytes.len();
            part.blocks += 1;
            part.counts.events += found.events;
            part.counts.data += found.data;
            part.counts.types += found.types;
            if bytes.len() >= (marks.len() + 1) * MARK || bytes.len() >= len {
                marks.push(part);
            }
        }
        Self {
            kind,
            bytes: bytes.leak(),
            marks,
        }
    }

    /// All of it.
    #[must_use]
    pub fn whole(&self) -> Part {
        self.marks.last().copied().unwrap_or_default()
    }

    /// As many whole events as lie in the first `len` bytes, or a little more than a 256 KiB where
    /// that is less.
    #[must_use]
    pub fn part(&self, len: usize) -> Part {
        let fits = self.marks.partition_point(|part| part.len <= len);
        self.marks[fits.saturating_sub(1)]
    }

    /// A part of it in chunks.
    #[must_use]
    pub fn input(&self, part: Part, chunk: usize) -> Input {
        Input::new(&self.bytes[..part.len], chunk)
    }
}

/// Roughly how far the ends of parts lie from each other.
const MARK: usize = 256 << 10;

#[cfg(test)]
mod tests {
    use super::{Corpus, Kind};
    use crate::oracle;

    #[test]
    fn counts_are_those_of_the_oracle() {
        for kind in Kind::ALL {
            let corpus = Corpus::new(kind, 1 << 20);
            for part in [corpus.part(0), corpus.part(600 << 10), corpus.whole()] {
                let bytes = corpus.input(part, usize::MAX).chunks().next().unwrap();
                let reading = oracle::read(bytes);
                assert!(reading.complete, "{kind:?}");
                assert_eq!(reading.blocks, part.blocks, "{kind:?}");
                assert_eq!(oracle::count(bytes), part.counts, "{kind:?}");
            }
        }
    }
}
