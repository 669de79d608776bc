//! Events out of the fuzzer's bytes, and an encoder as naive as can be.

use std::io::IoSlice;

use bytes::Buf;
use sse_codec::{Chunk, Event, Field, Frame, InvalidField, Millis, Parser};

use crate::{
    Input,
    oracle::{self, Item},
    pieces,
};

/// Any event, valid or not, without data.
pub fn fields<'a>(input: &mut Input<'a>) -> Event<'a> {
    let flags = input.byte();
    let mut event = Event::without_data();
    if flags & 1 != 0 {
        event = event.with_type(input.sized());
    }
    if flags & 2 != 0 {
        event = event.with_id(input.sized());
    }
    if flags & 4 != 0 {
        event = event.with_retry(Millis(input.number()));
    }
    event
}

/// The same fields with this data.
pub fn with_data<'a>(event: Event<'a>, data: &'a [u8]) -> Event<'a> {
    let mut with_data = Event::new(data);
    if let Some(value) = event.event_type() {
        with_data = with_data.with_type(value);
    }
    if let Some(value) = event.id() {
        with_data = with_data.with_id(value);
    }
    if let Some(value) = event.retry() {
        with_data = with_data.with_retry(value);
    }
    with_data
}

/// The frame, refused exactly when no stream can carry the event.
pub fn frame(event: Event<'_>) -> Option<Frame<'_>> {
    let find = |value: Option<&[u8]>, bytes: &[u8]| {
        let value = value.unwrap_or_default();
        let position = value.iter().position(|byte| bytes.contains(byte))?;
        Some((value[position], position))
    };
    let result = Frame::event(event);
    if let Some((byte, position)) = find(event.event_type(), b"\r\n") {
        assert_refused(result.unwrap_err(), (Field::Event, byte, position));
        None
    } else if let Some((byte, position)) = find(event.id(), b"\r\n\0") {
        assert_refused(result.unwrap_err(), (Field::Id, byte, position));
        None
    } else {
        Some(result.unwrap())
    }
}

fn assert_refused(error: InvalidField, expected: (Field, u8, usize)) {
    assert_eq!((error.field, error.byte, error.position), expected);
}

/// The text's lines.
pub fn lines(text: &[u8]) -> Vec<Vec<u8>> {
    let mut lines = vec![Vec::new()];
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'\n' if text[..at].ends_with(b"\r") => {}
            b'\n' | b'\r' => lines.push(Vec::new()),
            byte => lines.last_mut().unwrap().push(*byte),
        }
    }
    lines
}

/// A valid event as it has to stand on the wire.
pub fn written(event: Event<'_>) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut field =
        |name: &str, value: &[u8]| stream.extend([name.as_bytes(), value, b"\n"].concat());
    event.event_type().inspect(|value| field("event: ", value));
    event.id().inspect(|value| field("id: ", value));
    let retry = event.retry().map(|time| time.0.to_string());
    retry.inspect(|value| field("retry: ", value.as_bytes()));
    if event.has_data() {
        for line in lines(event.data()) {
            field("data: ", &line);
        }
    }
    stream.push(b'\n');
    stream
}

/// Every way to write the frame gives these bytes.
pub fn assert_written(frame: &Frame<'_>, expected: &[u8], sizes: &[u8]) {
    assert_eq!(frame.to_vec(), expected);
    assert_eq!(frame.to_bytes(), expected);
    assert_eq!(frame.encoded_len(), expected.len());
    assert_eq!(frame.slices().collect::<Vec<_>>().concat(), expected);
    assert!(frame.slices().all(|slice| !slice.is_empty()));

    let mut buffer = vec![0; expected.len()];
    assert_eq!(frame.encode(&mut buffer), Ok(expected));
    let short = frame.encode(&mut buffer[1..]).unwrap_err();
    assert_eq!(short.needed, expected.len());

    let mut cursor = frame.cursor();
    for piece in pieces(expected, sizes) {
        let mut buffer = vec![0; piece.len()];
        assert_eq!(cursor.copy_to(&mut buffer), piece.len());
        assert_eq!(buffer, piece);
    }
    assert!(cursor.is_done());
    assert_buf(frame.into_buf(), expected, sizes);
    // `Chain` puts the second behind what the first says are all its slices.
    let twice = [expected, expected].concat();
    assert_buf(frame.into_buf().chain(frame.into_buf()), &twice, sizes);
}

/// The buffer has these bytes, however much is taken at once.
fn assert_buf(mut buf: impl Buf, mut expected: &[u8], sizes: &[u8]) {
    for piece in pieces(expected, sizes) {
        assert_eq!(buf.remaining(), expected.len());
        assert!(expected.starts_with(buf.chunk()));
        assert_eq!(buf.chunk().is_empty(), expected.is_empty());
        let mut slices = [IoSlice::new(b""); 5];
        let count = buf.chunks_vectored(&mut slices);
        let vectored = slices[..count]
            .iter()
            .flat_map(|slice| slice.iter().copied())
            .collect::<Vec<_>>();
        assert!(expected.starts_with(&vectored));
        assert!(count == slices.len() || vectored == expected);
        buf.advance(piece.len());
        expected = &expected[piece.len()..];
    }
    assert!(!buf.has_remaining());
}

/// A receiver makes the event of the bytes, and of what comes behind them what that is.
pub fn assert_received(event: Event<'_>, wire: &[u8]) {
    let next = b"data: next\n\n";
    let items = oracle::decode(&[wire, next].concat(), None, b"before");
    assert_eq!(items.last_event_id, event.id().unwrap_or(b"before"));
    assert_eq!(items.retry, event.retry().map(|time| time.0));
    let events = items
        .items
        .iter()
        .filter(|item| matches!(item, Item::Event { .. }));
    assert_eq!(events.count(), 1 + usize::from(event.has_data()));

    let mut parser = Parser::growable(wire.len());
    let mut chunk = Chunk::new(wire);
    let received = parser.next_event(&mut chunk).unwrap();
    assert_eq!(received.is_some(), event.has_data());
    assert!(chunk.is_empty());
    if let Some(received) = received {
        let data = lines(event.data()).join(&b'\n');
        let expected = with_data(event, &data);
        assert_eq!(received.data(), expected.data());
        assert_eq!(
            received.event_type(),
            expected.event_type().filter(|value| !value.is_empty())
        );
        assert_eq!(
            (received.id(), received.retry()),
            (expected.id(), expected.retry())
        );
    }
}

/// Comments give nothing but comments.
pub fn assert_comment_received(text: &[u8], wire: &[u8]) {
    let comments = lines(text)
        .into_iter()
        .map(Item::Comment)
        .collect::<Vec<_>>();
    assert_eq!(oracle::decode(wire, None, b"").items, comments);
}
