//! What lies in a stream: the frame of an event without its ID, which is the entry's.

use redis::Value;
use sse_codec::{Chunk, Event, Frame, Parser, replay::Id};
use sse_codec_tokio::EncodedFrame;

use crate::error::Error;

/// The field that holds the frame. The floor of an epoch has none.
const FIELD: &[u8] = b"d";

/// An entry of a stream. One with the number 0 is the floor of its epoch, and no event.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) id: Id,
    pub(crate) frame: EncodedFrame,
}

/// The event as it is kept.
pub(crate) fn encode(event: Event<'_>, limit: usize) -> Result<Vec<u8>, Error> {
    if event.id().is_some() {
        return Err(Error::OwnId);
    }
    if !event.has_data() {
        return Err(Error::NoData);
    }
    let frame = Frame::event(event)?;
    let len = frame.encoded_len();
    if len > limit {
        return Err(Error::TooLarge { len, limit });
    }
    Ok(frame.to_vec())
}

/// The frame that clients get. What is no event, for somebody else has written it, moves their ID and
/// dispatches nothing.
fn decode(id: Id, stored: &[u8]) -> EncodedFrame {
    let text = id.text();
    // The longest that it can hold.
    let mut parser = Parser::growable(stored.len()).without_ids();
    if let Ok(Some(event)) = parser.next_event(&mut Chunk::new(stored))
        && let Ok(frame) = EncodedFrame::event(event.with_id(&text))
    {
        return frame;
    }
    match Frame::id(&text) {
        Ok(frame) => frame.into(),
        // There is no such ID: it is digits and a hyphen.
        Err(_) => Frame::HEARTBEAT.into(),
    }
}

/// The entries of an answer to `XRANGE`.
pub(crate) fn read_all(answer: Value) -> Result<Vec<Entry>, Error> {
    let entries = array(answer)?;
    entries.into_iter().map(read).collect()
}

fn read(entry: Value) -> Result<Entry, Error> {
    let (id, fields) = pair(entry)?;
    let id = id_of(&id)?;
    let fields = array(fields)?;
    let data = fields.chunks_exact(2).find_map(|field| match field {
        [Value::BulkString(name), Value::BulkString(data)] if name == FIELD => Some(&data[..]),
        _ => None,
    });
    let frame = decode(id, data.unwrap_or_default());
    Ok(Entry { id, frame })
}

pub(crate) fn id_of(value: &Value) -> Result<Id, Error> {
    let id = match value {
        Value::BulkString(id) => Id::parse(id),
        Value::SimpleString(id) => Id::parse(id.as_bytes()),
        _ => None,
    };
    id.ok_or_else(|| Error::answer("an ID was expected"))
}

pub(crate) fn array(value: Value) -> Result<Vec<Value>, Error> {
    match value {
        Value::Array(values) => Ok(values),
        Value::Nil => Ok(Vec::new()),
        Value::ServerError(error) => Err(Error::of_question(error.into())),
        _ => Err(Error::answer("an array was expected")),
    }
}

pub(crate) fn pair(value: Value) -> Result<(Value, Value), Error> {
    match <[Value; 2]>::try_from(array(value)?) {
        Ok([first, second]) => Ok((first, second)),
        Err(_) => Err(Error::answer("two values were expected")),
    }
}

#[cfg(test)]
mod tests {
    use sse_codec::Millis;

    use super::*;

    const ID: Id = Id { epoch: 7, seq: 3 };

    #[test]
    fn an_event_comes_back_with_its_id() {
        let event = Event::text("a\nb").with_type(b"add").with_retry(Millis(9));
        let stored = encode(event, 100).unwrap();
        let id = ID.text();
        assert_eq!(
            decode(ID, &stored),
            EncodedFrame::event(event.with_id(&id)).unwrap()
        );
        let stored = encode(Event::text(""), 100).unwrap();
        assert_eq!(decode(ID, &stored).as_bytes(), b"id: 7-3\ndata: \n\n");
    }

    #[test]
    fn what_cannot_be_kept_is_refused() {
        let refused = |event, limit| encode(event, limit).unwrap_err();
        assert!(matches!(
            refused(Event::text("x").with_id(b"1"), 100),
            Error::OwnId
        ));
        assert!(matches!(refused(Event::without_data(), 100), Error::NoData));
        assert!(matches!(
            refused(Event::text("x").with_type(b"a\nb"), 100),
            Error::Invalid(_)
        ));
        let len = encode(Event::text("x"), 100).unwrap().len();
        assert!(encode(Event::text("x"), len).is_ok());
        assert!(matches!(
            refused(Event::text("x"), len - 1),
            Error::TooLarge { limit, .. } if limit == len - 1
        ));
    }

    #[test]
    fn what_somebody_else_has_written_moves_the_id_and_brings_no_fields() {
        for stored in [
            &b""[..],
            b"nonsense",
            b"data: no end",
            b"id: 9\n\n",
            b"\xff\xfe",
        ] {
            assert_eq!(decode(ID, stored).as_bytes(), b"id: 7-3\n\n", "{stored:?}");
        }
        let two = decode(ID, b"id: 9\ndata: one\n\ndata: two\n\n");
        assert_eq!(two.as_bytes(), b"id: 7-3\ndata: one\n\n");
    }
}
