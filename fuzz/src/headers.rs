//! What is true of every header value.

use sse_codec::{
    Chunk, Frame, InvalidLastEventId, Millis, Parser,
    http::{self, CONTENT_TYPE, ChunkSize, Unsendable},
};

/// `Accept`, a list over several lines.
pub fn assert_accept(values: &[&[u8]]) {
    let quality = |values: &[&[u8]]| http::quality(values, CONTENT_TYPE);
    let with = |more: &'static [u8]| [values, &[more]].concat();
    let weight = quality(values);
    assert!(weight <= 1000);
    assert_eq!(http::accepts_event_stream(values), weight > 0);

    // Order, case and space mean nothing.
    let reversed = values.iter().rev().copied().collect::<Vec<_>>();
    assert_eq!(quality(&reversed), weight);
    let upper = values
        .iter()
        .map(|value| value.to_ascii_uppercase())
        .collect::<Vec<_>>();
    assert_eq!(http::quality(&upper, CONTENT_TYPE), weight);
    let spaced = values
        .iter()
        .map(|value| [b" \t", *value, b"\t ,"].concat())
        .collect::<Vec<_>>();
    assert_eq!(http::quality(&spaced, CONTENT_TYPE), weight);

    // Lines are one list (RFC 9110 §5.3), unless a quoted string is left open.
    if values.iter().all(|value| !value.contains(&b'"')) {
        assert_eq!(quality(&[&values.join(&b", "[..])]), weight);
    }

    // A welcome to everything never lowers, to our type is all there is to say; a welcome to others
    // says at most that not everything is welcome.
    assert!(quality(&with(b"*/*")) >= weight);
    assert_eq!(quality(&with(b"text/event-stream;charset=utf-8")), 1000);
    assert!(quality(&with(b"text/event-stream")) >= weight.min(quality(&with(b"text/*"))));
    assert!([weight, 0].contains(&quality(&with(b"text/html"))));
    // A refusal never raises.
    assert!(quality(&with(b"text/event-stream;charset=utf-8;q=0")) <= weight);
}

/// `Content-Type`, as Fetch extracts a MIME type, step by step.
pub fn assert_content_type(value: &[u8]) {
    let mut mime_type = None;
    for part in decode_and_split(value) {
        let part = part.trim_matches([' ', '\t']);
        let Some((kind, rest)) = part.split_once('/') else {
            continue;
        };
        let subtype = rest
            .split(';')
            .next()
            .unwrap()
            .trim_end_matches([' ', '\t']);
        let is_token = |half: &str| {
            let is_other = |c: char| !c.is_ascii_alphanumeric() && !"!#$%&'*+-.^_`|~".contains(c);
            !half.is_empty() && !half.contains(is_other)
        };
        if is_token(kind) && is_token(subtype) && (kind, subtype) != ("*", "*") {
            mime_type = Some(format!("{kind}/{subtype}").to_ascii_lowercase());
        }
    }
    let is_stream = mime_type.as_deref() == Some(CONTENT_TYPE);
    assert_eq!(http::is_event_stream(value), is_stream);
}

/// Fetch, *get, decode, and split*: bytes are code points there.
fn decode_and_split(value: &[u8]) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut points = value.iter().map(|byte| char::from(*byte)).peekable();
    while let Some(point) = points.next() {
        match point {
            ',' => parts.push(String::new()),
            '"' => {
                parts.last_mut().unwrap().push('"');
                // *collect an HTTP quoted string*
                while let Some(quoted) = points.next() {
                    parts.last_mut().unwrap().push(quoted);
                    match quoted {
                        '"' => break,
                        '\\' => parts.last_mut().unwrap().extend(points.next()),
                        _ => {}
                    }
                }
            }
            other => parts.last_mut().unwrap().push(other),
        }
    }
    parts
}

/// `Retry-After`, against a `Date`.
pub fn assert_retry_after(value: &[u8], date: &[u8]) {
    let read = http::retry_after(value, Some(date));
    let spaced = [b" \t", value, b"\t "].concat();
    assert_eq!(http::retry_after(&spaced, Some(date)), read);
    let alone = http::retry_after(value, None);
    if alone.is_some() {
        assert_eq!(alone, read);
    }
    // What is a date is no delay before itself.
    if let Some(Millis(0)) = http::retry_after(value, Some(value)) {
        assert!(alone.is_none_or(|delay| delay == Millis(0)));
    }
}

/// What goes into `Last-Event-ID` comes out whole.
pub fn assert_last_event_id_value(id: &[u8]) {
    match http::last_event_id_value(id) {
        Ok(None) => assert!(id.is_empty()),
        Ok(Some(value)) => {
            assert_eq!(value, id);
            assert_eq!(http::last_event_id(value), Ok(id));
        }
        Err(Unsendable::Byte { byte, position }) => assert_eq!(id[position], byte),
        Err(Unsendable::TooLong { limit }) => assert!(id.len() > limit),
        Err(other) => panic!("{other}"),
    }
}

/// `Last-Event-ID`.
pub fn assert_last_event_id(value: &[u8]) {
    let forbidden = value.iter().position(|byte| b"\r\n\0".contains(byte));
    match (http::last_event_id(value), forbidden) {
        (Err(InvalidLastEventId::Forbidden { byte, position }), Some(expected)) => {
            assert_eq!((byte, position), (value[expected], expected));
        }
        (Ok(id), None) => {
            assert!(!id.iter().any(|byte| b"\r\n\0".contains(byte)));
            let is_space = |byte: Option<&u8>| byte.is_some_and(|byte| b" \t".contains(byte));
            assert!(!is_space(id.first()) && !is_space(id.last()));
            assert!(value.windows(id.len().max(1)).any(|part| part == id) || id.is_empty());
            assert_eq!(http::last_event_id(id), Ok(id));

            // An ID is one for a parser and for a frame.
            let mut parser = Parser::growable(id.len());
            parser.set_last_event_id(id).unwrap();
            assert_eq!(parser.last_event_id(), id);
            let mut parser = Parser::growable(id.len());
            let wire = Frame::id(id).unwrap().to_vec();
            assert!(parser.next_event(&mut Chunk::new(&wire)).unwrap().is_none());
            assert_eq!(parser.last_event_id(), id);
        }
        (result, expected) => panic!("{result:?}, {expected:?}"),
    }
}

/// The size line of a chunk is read as the number it was made for.
pub fn assert_chunk_size(number: &[u8]) {
    let len = crate::Input(number).number() as usize;
    let line = ChunkSize::new(len).map(|size| size.as_bytes().to_vec());
    assert_eq!(line.is_none(), len == 0);
    if let Some(line) = line {
        let digits = line.strip_suffix(b"\r\n").unwrap();
        assert_eq!(
            usize::from_str_radix(str::from_utf8(digits).unwrap(), 16),
            Ok(len)
        );
        assert!(!digits.starts_with(b"0"));
    }
}
