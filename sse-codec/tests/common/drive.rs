//! Runs the library's parser over a stream that comes in pieces, into the oracle's items.

use sse_codec::{Chunk, Event, Parser, Step, Storage};

use super::oracle::Item;

/// What `step` makes of the pieces.
pub fn steps<S: Storage>(parser: &mut Parser<S>, pieces: &[&[u8]]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut comment = Vec::new();
    let mut before = 0;
    for piece in pieces {
        let mut chunk = Chunk::new(piece);
        loop {
            let step = parser.step(&mut chunk);
            let at = before + chunk.position();
            match step {
                Ok(Some(Step::Event(ready))) => items.push(event_item(parser.event(ready), at)),
                Ok(Some(Step::Comment(piece))) => {
                    if piece.starts() {
                        comment.clear();
                    }
                    comment.extend_from_slice(piece.bytes());
                    if piece.ends() {
                        items.push(Item::Comment(std::mem::take(&mut comment)));
                    }
                }
                Ok(Some(Step::Retry(time))) => {
                    assert_eq!(parser.retry(), Some(time));
                    items.push(Item::Retry { millis: time.0, at });
                }
                Ok(Some(Step::WithoutData(ready))) => {
                    let event = parser.event(ready);
                    assert_eq!((event.has_data(), event.event_type()), (false, None));
                    items.push(Item::WithoutData {
                        id: event.id().map(<[u8]>::to_vec),
                        retry: event.retry().map(|time| time.0),
                        at,
                    });
                }
                Ok(Some(_)) => unreachable!("a step the tests do not know"),
                Ok(None) => break,
                Err(overflow) => {
                    assert_eq!(overflow.limit, parser.limit());
                    items.push(Item::Overflow { at });
                }
            }
        }
        assert!(chunk.is_empty());
        before += piece.len();
    }
    items
}

/// What `next_event` makes of the pieces: the same without comments and reconnection times. The
/// chunk is made anew for every call, as a reader does that owns its buffer.
pub fn events<S: Storage>(parser: &mut Parser<S>, pieces: &[&[u8]]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = 0;
    for piece in pieces {
        let mut rest = *piece;
        loop {
            let mut chunk = Chunk::new(rest);
            let event = parser.next_event(&mut chunk);
            at += chunk.position();
            rest = chunk.rest();
            items.push(match event {
                Ok(Some(event)) => event_item(event, at),
                Err(_) => Item::Overflow { at },
                Ok(None) => break,
            });
        }
    }
    items
}

/// The same with one chunk for each piece, which remembers what it has found in it.
pub fn events_of_kept_chunks<S: Storage>(parser: &mut Parser<S>, pieces: &[&[u8]]) -> Vec<Item> {
    let mut items = Vec::new();
    let mut before = 0;
    for piece in pieces {
        let mut chunk = Chunk::new(piece);
        loop {
            let event = parser.next_event(&mut chunk);
            let at = before + chunk.position();
            items.push(match event {
                Ok(Some(event)) => event_item(event, at),
                Err(_) => Item::Overflow { at },
                Ok(None) => break,
            });
        }
        before += piece.len();
    }
    items
}

/// The items that `next_event` gives out.
pub fn without_steps(items: &[Item]) -> Vec<Item> {
    items
        .iter()
        .filter(|item| matches!(item, Item::Event { .. } | Item::Overflow { .. }))
        .cloned()
        .collect()
}

fn event_item(event: Event<'_>, at: usize) -> Item {
    assert!(event.has_data());
    Item::Event {
        event_type: event.event_type().map(<[u8]>::to_vec),
        data: event.data().to_vec(),
        id: event.id().map(<[u8]>::to_vec),
        retry: event.retry().map(|time| time.0),
        last_event_id: event.last_event_id().to_vec(),
        at,
    }
}
