//! The web platform tests, cut into pieces, through the parser and through the lexer.

use cortex_m_semihosting::hprintln;
use sse_codec::{Chunk, DEFAULT_EVENT_TYPE, Inline, Parser, Piece, Step};

use crate::{
    by_hand::ByHand,
    wpt::{Vector, WPT},
};

/// The longest ID of the vectors has 255 bytes, the longest event fewer.
const ROOM: usize = 256;

pub fn check() {
    for len in [1, 64] {
        for vector in WPT {
            through_the_parser(vector, len);
            ByHand::<ROOM>::check(vector, len);
        }
        hprintln!("{} web platform tests in pieces of {}", WPT.len(), len);
    }
}

fn through_the_parser(vector: &'static Vector, len: usize) {
    let mut parser = Parser::<Inline<{ 2 * ROOM }, ROOM>>::new();
    let mut expected = Expected::new(vector);
    for (at, bytes) in pieces(vector, len) {
        let mut chunk = Chunk::new(bytes);
        while let Some(step) = parser.step(&mut chunk).expect(vector.name) {
            match step {
                Step::Event(ready) => {
                    let event = parser.event(ready);
                    expected.event(
                        event.event_type().unwrap_or(DEFAULT_EVENT_TYPE),
                        event.data(),
                        event.last_event_id(),
                        at + chunk.position(),
                    );
                }
                Step::Comment(piece) => expected.comment(piece),
                _ => {}
            }
        }
    }
    expected.end(parser.last_event_id(), parser.retry().map(|time| time.0));
}

/// The stream in pieces of this length, each with where it begins.
pub fn pieces(vector: &'static Vector, len: usize) -> impl Iterator<Item = (usize, &'static [u8])> {
    (0..).step_by(len).zip(vector.input.chunks(len))
}

/// What a vector has yet to give.
pub struct Expected {
    vector: &'static Vector,
    events: usize,
    comments: usize,
    /// How much of a comment has come, while one is being read.
    comment: Option<usize>,
}

impl Expected {
    pub fn new(vector: &'static Vector) -> Self {
        Self {
            vector,
            events: 0,
            comments: 0,
            comment: None,
        }
    }

    pub fn event(&mut self, event_type: &[u8], data: &[u8], last_event_id: &[u8], at: usize) {
        let name = self.vector.name;
        let expected = self.vector.events.get(self.events).expect(name);
        assert_eq!(event_type, expected.event_type, "{name}");
        assert_eq!(data, expected.data, "{name}");
        assert_eq!(last_event_id, expected.last_event_id, "{name}");
        assert_eq!(at, expected.at, "{name}");
        self.events += 1;
    }

    pub fn comment(&mut self, piece: Piece<'_>) {
        let name = self.vector.name;
        let expected = self.vector.comments.get(self.comments).expect(name);
        assert_eq!(piece.starts(), self.comment.is_none(), "{name}");
        let rest = &expected[self.comment.unwrap_or(0)..];
        assert!(rest.starts_with(piece.bytes()), "{name}");
        self.comment = Some(expected.len() - rest.len() + piece.bytes().len());
        if piece.ends() {
            assert_eq!(self.comment.take(), Some(expected.len()), "{name}");
            self.comments += 1;
        }
    }

    pub fn end(&self, last_event_id: &[u8], retry: Option<u64>) {
        let Vector {
            name,
            events,
            comments,
            ..
        } = self.vector;
        assert_eq!(
            (self.events, self.comments),
            (events.len(), comments.len()),
            "{name}"
        );
        assert_eq!(last_event_id, self.vector.last_event_id, "{name}");
        assert_eq!(retry, self.vector.retry, "{name}");
    }
}
