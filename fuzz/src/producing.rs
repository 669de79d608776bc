//! Data produced while it is written.

use std::fmt::Write;

use bytes::BytesMut;
use sse_codec::{DataWriter, Event, IoSink, Sink, SinkFull, SliceSink};

const BEFORE: &[u8] = b":before\n\n";

/// Every sink that never fails gets `expected` behind what it has.
pub fn assert_produced(begun: Event<'_>, pieces: &[&[u8]], expected: &[u8]) {
    let expected = [BEFORE, expected].concat();

    let mut sink = BEFORE.to_vec();
    produce(&mut sink, begun, pieces).unwrap();
    assert_eq!(sink, expected);

    let mut sink = BytesMut::from(BEFORE);
    produce(&mut sink, begun, pieces).unwrap();
    assert_eq!(sink, expected);

    let mut sink = IoSink::new(BEFORE.to_vec());
    produce(&mut sink, begun, pieces).unwrap();
    assert_eq!(sink.into_inner(), expected);
}

/// Dropped before it is finished, the event has never been.
pub fn assert_taken_back(begun: Event<'_>, pieces: &[&[u8]]) {
    let mut sink = BEFORE.to_vec();
    let mut writer = DataWriter::new(&mut sink, begun).unwrap();
    pieces.iter().for_each(|piece| writer.push(piece));
    drop(writer);
    assert_eq!(sink, BEFORE);
}

/// Into a slice goes all of it or nothing.
pub fn assert_fits_or_nothing(room: usize, begun: Event<'_>, pieces: &[&[u8]], expected: &[u8]) {
    let mut buffer = vec![0; BEFORE.len() + room];
    let mut sink = SliceSink::new(&mut buffer);
    sink.push_bytes(BEFORE).unwrap();
    let result = produce(&mut sink, begun, pieces);
    if expected.len() <= room {
        assert_eq!(result, Ok(()));
        assert_eq!(sink.written(), [BEFORE, expected].concat());
    } else {
        let SinkFull { capacity, .. } = result.unwrap_err();
        assert_eq!(capacity, BEFORE.len() + room);
        assert_eq!(sink.written(), BEFORE);
    }
}

/// By each of the three ways into a writer in turn.
fn produce<S: Sink>(sink: &mut S, begun: Event<'_>, pieces: &[&[u8]]) -> Result<(), S::Error> {
    let mut writer = DataWriter::new(sink, begun).unwrap();
    let mut failed = false;
    for (turn, piece) in pieces.iter().enumerate() {
        let result: Result<(), ()> = match (turn % 3, str::from_utf8(piece)) {
            (0, Ok(text)) => writer.write_str(text).map_err(drop),
            (1, _) => std::io::Write::write_all(&mut writer, piece).map_err(drop),
            _ => {
                writer.push(piece);
                continue;
            }
        };
        // `write_all` of nothing does not ask.
        assert!(result.is_err() || !failed || piece.is_empty());
        failed |= result.is_err();
    }
    let result = writer.finish();
    assert!(result.is_err() || !failed);
    result
}
