//! The lexer alone: what its tokens mean, written out by hand. A device with no room for a parser
//! takes from this what it needs.

use core::mem::swap;

use heapless::Vec;
use sse_codec::{Chunk, DEFAULT_EVENT_TYPE, Field, Lexer, Piece, Token};

use crate::{
    vectors::{Expected, pieces},
    wpt::Vector,
};

/// A block with up to `N` bytes for each of its fields.
#[derive(Default)]
pub struct ByHand<const N: usize> {
    /// With an LF behind each line.
    data: Vec<u8, N>,
    event_type: Vec<u8, N>,
    id: Vec<u8, N>,
    /// The value of another field than `data`, as it is read.
    line: Vec<u8, N>,
    last_event_id: Vec<u8, N>,
    retry: Option<u64>,
}

impl<const N: usize> ByHand<N> {
    pub fn check(vector: &'static Vector, len: usize) {
        let mut lexer = Lexer::new();
        let mut expected = Expected::new(vector);
        let mut block = Self::default();
        for (at, bytes) in pieces(vector, len) {
            let mut chunk = Chunk::new(bytes);
            while let Some(token) = lexer.next_token(&mut chunk) {
                match token {
                    Token::Field(field, piece) => block.field(field, piece),
                    Token::Comment(piece) => expected.comment(piece),
                    Token::BlankLine => block.end(&mut expected, at + chunk.position()),
                }
            }
        }
        expected.end(&block.last_event_id, block.retry);
    }

    fn field(&mut self, field: Field, piece: Piece<'_>) {
        if piece.starts() {
            self.line.clear();
        }
        let value = if field == Field::Data {
            &mut self.data
        } else {
            &mut self.line
        };
        value.extend_from_slice(piece.bytes()).expect("room");
        if !piece.ends() {
            return;
        }
        match field {
            Field::Data => self.data.push(b'\n').expect("room"),
            Field::Event => swap(&mut self.event_type, &mut self.line),
            Field::Id if self.line.contains(&0) => {}
            Field::Id => swap(&mut self.id, &mut self.line),
            Field::Retry => self.retry = number(&self.line).or(self.retry),
        }
    }

    fn end(&mut self, expected: &mut Expected, at: usize) {
        self.last_event_id.clone_from(&self.id);
        if self.data.pop().is_some() {
            let event_type = match &self.event_type[..] {
                b"" => DEFAULT_EVENT_TYPE,
                event_type => event_type,
            };
            expected.event(event_type, &self.data, &self.last_event_id, at);
        }
        self.data.clear();
        self.event_type.clear();
    }
}

/// The number that these bytes are, if they are digits and nothing else.
fn number(bytes: &[u8]) -> Option<u64> {
    let mut digits = bytes.iter().map(|byte| char::from(*byte).to_digit(10));
    let first = digits.next()??;
    digits.try_fold(u64::from(first), |number, digit| {
        Some(number.saturating_mul(10).saturating_add(u64::from(digit?)))
    })
}
