//! IDs of the caller's own: which event has which.

use std::{
    borrow::Cow,
    collections::HashMap,
    hash::{BuildHasher, RandomState},
};

use sse_codec::{Chunk, Field, Lexer, Token};

/// From the keyed hash of an ID to the event that has it. That they are the same is looked up in the
/// ring, so two IDs with one hash cost a client its place and nothing else.
#[derive(Debug, Default)]
pub(super) struct Index {
    keys: RandomState,
    events: HashMap<u64, u64>,
    /// The ID of the last event that was evicted.
    pub(super) floor: Vec<u8>,
}

impl Index {
    pub(super) fn hash(&self, id: &[u8]) -> u64 {
        self.keys.hash_one(id)
    }

    /// Of two events with one ID the later one counts.
    pub(super) fn insert(&mut self, hash: u64, seq: u64) {
        self.events.insert(hash, seq);
    }

    /// Where the event with this ID must be, if it is held.
    pub(super) fn find(&self, id: &[u8]) -> Option<u64> {
        self.events.get(&self.hash(id)).copied()
    }

    /// The oldest event goes.
    pub(super) fn evict(&mut self, event: [&[u8]; 2], seq: u64) {
        let id = id_of(event);
        let hash = self.hash(&id);
        self.floor.clear();
        self.floor.extend_from_slice(&id);
        if self.events.get(&hash) == Some(&seq) {
            self.events.remove(&hash);
        }
        if self.events.is_empty() {
            self.events = HashMap::new();
        }
    }
}

/// The ID in a frame.
pub(super) fn id_of(event: [&[u8]; 2]) -> Cow<'_, [u8]> {
    value_of(event, Field::Id).unwrap_or_default()
}

/// The value of a field in a frame of two pieces.
pub(super) fn value_of(event: [&[u8]; 2], wanted: Field) -> Option<Cow<'_, [u8]>> {
    let mut lexer = Lexer::new();
    let mut value: Option<Cow<'_, [u8]>> = None;
    for bytes in event {
        let mut chunk = Chunk::new(bytes);
        while let Some(token) = lexer.next_token(&mut chunk) {
            match token {
                Token::Field(field, piece) if field == wanted => {
                    match &mut value {
                        Some(value) => value.to_mut().extend_from_slice(piece.bytes()),
                        None => value = Some(Cow::Borrowed(piece.bytes())),
                    }
                    if piece.ends() {
                        return value;
                    }
                }
                // It would have come before.
                Token::Field(Field::Data, _) => return value,
                _ => {}
            }
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_in_any_two_pieces() {
        let frame = b"event: add\nid: one: two\ndata: id: none\n\n";
        for cut in 0..=frame.len() {
            let (first, second) = frame.split_at(cut);
            let event = [first, second];
            assert_eq!(&*id_of(event), b"one: two", "{cut}");
            assert_eq!(value_of(event, Field::Event).as_deref(), Some(&b"add"[..]));
        }
        assert_eq!(value_of([b"id: 1\ndata\n\n", b""], Field::Event), None);
    }
}
