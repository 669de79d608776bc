//! What users of other parsers and encoders ran into and reported, tried on this one. Where each
//! case comes from is in `docs/field-cases.md`; the IDs are those of its table.

use std::fmt::Write as _;

use sse_codec::{
    Chunk, DataWriter, Event, Field, Frame, Inline, Millis, Overflow, Parser, SliceSink, Step,
    http, lossy,
};

/// An event as a browser shows it: type, data, last event ID.
type Seen = (&'static str, &'static str, &'static str);

const LIMIT: usize = 512;

fn read(pieces: &[&[u8]]) -> Vec<(String, String, String)> {
    let mut parser = Parser::<Inline<LIMIT>>::new();
    let mut seen = Vec::new();
    for piece in pieces {
        let mut chunk = Chunk::new(piece);
        while let Some(event) = parser.next_event(&mut chunk).unwrap() {
            let event_type = event.event_type().unwrap_or(sse_codec::DEFAULT_EVENT_TYPE);
            let parts = [event_type, event.data(), event.last_event_id()];
            let [event_type, data, id] = parts.map(|part| lossy(part).to_string());
            seen.push((event_type, data, id));
        }
    }
    seen
}

/// The stream gives these events whole, byte by byte, and in every two pieces.
fn assert_reads(stream: &[u8], expected: &[Seen]) {
    let expected: Vec<_> = expected
        .iter()
        .map(|(event_type, data, id)| (event_type.to_string(), data.to_string(), id.to_string()))
        .collect();
    for cut in 0..=stream.len() {
        let (first, second) = stream.split_at(cut);
        assert_eq!(
            read(&[first, second]),
            expected,
            "{} | {}",
            lossy(first),
            lossy(second)
        );
    }
    let bytes: Vec<&[u8]> = stream.chunks(1).collect();
    assert_eq!(read(&bytes), expected, "{}", lossy(stream));
}

// Lines and blocks.

/// F01, F02, P07.
#[test]
fn where_a_packet_ends_means_nothing() {
    let pieces: [&[u8]; 4] = [b"data: A\r\n", b"data: B\r", b"data: C\r\n", b"\n"];
    assert_eq!(read(&pieces)[0].1, "A\nB\nC");
    assert_reads(
        b"data: A\r\ndata: B\r\ndata: C\r\n\r\n",
        &[("message", "A\nB\nC", "")],
    );
    assert_reads(b"data: something\r\n\r\n", &[("message", "something", "")]);
    // Two events in one packet, and what an HTTP library left of its chunks between them.
    assert_reads(
        b"data: 1\n\ndata: 2\n\n",
        &[("message", "1", ""), ("message", "2", "")],
    );
    assert_reads(
        b"12\r\ndata: {\"n\":1}\n\n\r\n0\r\n\r\n",
        &[("message", "{\"n\":1}", "")],
    );
}

/// F03, F04, F05.
#[test]
fn one_space_after_the_colon_may_be_there_and_is_no_part_of_the_value() {
    assert_reads(
        b"data:{\"choices\":[]}\n\ndata:[DONE]\n\n",
        &[
            ("message", "{\"choices\":[]}", ""),
            ("message", "[DONE]", ""),
        ],
    );
    assert_reads(
        b"data:\ttab\ndata:  two\ndata: a \n\n",
        &[("message", "\ttab\n two\na ", "")],
    );
    // Tokens of a server that writes none lose theirs, in every client that follows the standard.
    assert_reads(
        b"data:La\n\ndata: frase\n\n",
        &[("message", "La", ""), ("message", "frase", "")],
    );
}

/// F06, F07.
#[test]
fn only_cr_and_lf_end_a_line() {
    assert_reads(
        "data: {\"text\":\"Hello\u{2028}Wor\u{2029}ld \u{85}\u{B}\u{C}\u{1C}\u{1D}\u{1E}\"}\n\n"
            .as_bytes(),
        &[(
            "message",
            "{\"text\":\"Hello\u{2028}Wor\u{2029}ld \u{85}\u{B}\u{C}\u{1C}\u{1D}\u{1E}\"}",
            "",
        )],
    );
    // U+2705 is E2 9C 85: no byte of it is a line end either.
    assert_reads("data: ✅ ok\n\n".as_bytes(), &[("message", "✅ ok", "")]);
}

/// F08, F09, F10.
#[test]
fn text_survives_its_packets_and_bad_text_the_stream() {
    assert_reads(
        "data: 你好 😀 é\n\n".as_bytes(),
        &[("message", "你好 😀 é", "")],
    );
    assert_reads(
        b"data: a\xFFb\n\nid: \xC3\ndata: c\n\n",
        &[("message", "a\u{FFFD}b", ""), ("message", "c", "\u{FFFD}")],
    );
    for tail in [&b"data: \xC3"[..], b"data: \xE2\x82", b"data: \xF0\x9F\x98"] {
        assert_reads(&[b"data: a\n\n", tail].concat(), &[("message", "a", "")]);
    }
}

/// F11, F12, F13.
#[test]
fn empty_data_is_an_event_and_no_data_is_none() {
    assert_reads(b"data\n\n", &[("message", "", "")]);
    // What MCP primes its clients with, in both orders seen.
    assert_reads(
        b"id: 7\ndata: \n\ndata: {}\n\n",
        &[("message", "", "7"), ("message", "{}", "7")],
    );
    assert_reads(b"data:\nid: 0\nretry: 3000\n\n", &[("message", "", "0")]);
    assert_reads(
        b"retry: 3000\n\nid: 7\n\nevent: x\n\ndata: a\n\n",
        &[("message", "a", "7")],
    );
    let mut parser = Parser::<Inline<LIMIT>>::new();
    let mut chunk = Chunk::new(b"retry: 3000\n\n");
    assert_eq!(parser.next_event(&mut chunk), Ok(None));
    assert_eq!(parser.retry(), Some(Millis(3000)));
}

/// F14, F15, F16, P10.
#[test]
fn comments_are_neither_events_nor_data() {
    assert_reads(
        b": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\ndata: {}\n\n",
        &[("message", "{}", "")],
    );
    assert_reads(
        b": Comment 1\n: Comment 2\ndata: some data\n:\n\n",
        &[("message", "some data", "")],
    );
    assert_reads(
        b": ping\ndata: a\n: ping\ndata: b\n\n",
        &[("message", "a\nb", "")],
    );
    assert_reads(b":\n:\r\n:\r\n\r\n", &[]);
}

/// F17, P08.
#[test]
fn a_type_is_any_text_and_may_be_absent() {
    assert_reads(
        b"event: error\ndata: {\"type\":\"overloaded_error\"}\n\n",
        &[("error", "{\"type\":\"overloaded_error\"}", "")],
    );
    assert_reads(
        b"event: message\ndata: a\n\ndata: b\n\n",
        &[("message", "a", ""), ("message", "b", "")],
    );
}

/// F21, P04.
#[test]
fn field_names_ids_and_times_are_taken_by_the_letter() {
    assert_reads(
        b"Data: x\nDATA: x\n data: x\ndata : x\nEvent: t\nID: 1\n\ndata: y\n\n",
        &[("message", "y", "")],
    );
    assert_reads(b"id: a\0b\ndata: x\n\n", &[("message", "x", "")]);
    let mut parser = Parser::<Inline<LIMIT>>::new();
    let times = b"retry: 5000abc\n\nretry: 1.5\n\nretry:  10\n\nretry: 3000 \n\nretry: -1\n\n\
                  retry: +5\n\nretry: 1e3\n\nretry:\n\nretry\n\nretry: \xD9\xA3\n\n";
    assert_eq!(parser.next_event(&mut Chunk::new(times)), Ok(None));
    assert_eq!(parser.retry(), None);
    // More than any clock can hold is the longest time there is.
    let mut chunk = Chunk::new(b"retry: 99999999999999999999999\n\n");
    assert_eq!(parser.next_event(&mut chunk), Ok(None));
    assert_eq!(parser.retry(), Some(Millis(u64::MAX)));
}

/// F22, P05, E05.
#[test]
fn an_id_stays_until_another_comes_and_an_empty_one_clears_it() {
    assert_reads(
        b"id: 1\ndata: a\n\ndata: b\n\nid: 2\ndata: c\n\nid\ndata: d\n\ndata: e\n\n",
        &[
            ("message", "a", "1"),
            ("message", "b", "1"),
            ("message", "c", "2"),
            ("message", "d", ""),
            ("message", "e", ""),
        ],
    );
    assert_reads(
        b"id: 41\ndata: a\n\nid: 0\nevent: dropped\ndata: b\n\n",
        &[("message", "a", "41"), ("dropped", "b", "0")],
    );
}

/// F23.
#[test]
fn blank_lines_are_free() {
    assert_reads(
        b"\n\r\n\r\r\n\n\ndata: a\n\n\n\n\r\n\r\n",
        &[("message", "a", "")],
    );
}

/// P01, P02.
#[test]
fn an_event_ends_with_its_blank_line_and_not_with_the_stream() {
    assert_reads(b"data: a\n\ndata: [DONE]", &[("message", "a", "")]);
    assert_reads(b"data: a\n\ndata: [DONE]\n", &[("message", "a", "")]);
    for end in [&b"\n\r"[..], b"\r\r", b"\r\n\r", b"\r\n\n", b"\r\n\r\n"] {
        assert_reads(&[b"data: x", end].concat(), &[("message", "x", "")]);
    }
}

/// P03, P06, P09.
#[test]
fn other_lines_change_nothing() {
    assert_reads(
        b"data: a\n\n{\"error\":\"x\"}\n\ndata: b\n\n",
        &[("message", "a", ""), ("message", "b", "")],
    );
    assert_reads(
        b"data: {\"a\":\ndata: 1}\n\n",
        &[("message", "{\"a\":\n1}", "")],
    );
    // A byte order mark counts at the very start only.
    assert_reads(
        b"\xEF\xBB\xBFdata: a\n\n\xEF\xBB\xBFdata: b\n\ndata: c\n\n",
        &[("message", "a", ""), ("message", "c", "")],
    );
}

// Sizes.

/// F18, F20: a generated image in one line, in the packets of a network.
#[cfg(feature = "alloc")]
#[test]
fn an_event_of_megabytes_arrives_whole() {
    let line = [b"data: ".as_slice(), &vec![b'A'; 8 << 20], b"\n\n"].concat();
    let mut parser = Parser::growable(8 << 20);
    let mut events = 0;
    for piece in line.chunks(1460) {
        let mut chunk = Chunk::new(piece);
        while let Some(event) = parser.next_event(&mut chunk).unwrap() {
            assert_eq!(event.data().len(), 8 << 20);
            events += 1;
        }
    }
    assert_eq!(events, 1);
}

/// F19, F20, P11: an event that never ends costs one error and as much memory as was allowed.
#[test]
fn an_event_beyond_the_limit_is_one_error_and_the_next_one_arrives() {
    let mut parser = Parser::<Inline<16>>::new();
    let mut errors = 0;
    for _ in 0..10_000 {
        let mut chunk = Chunk::new(b"data: a line of a block without end\n");
        while let Err(error) = parser.next_event(&mut chunk).map(|event| event.is_none()) {
            let Overflow { limit, .. } = error;
            assert_eq!(limit, 16);
            errors += 1;
        }
    }
    assert_eq!(errors, 1);
    let mut chunk = Chunk::new(b"data: [DONE]\n\ndata: y\n\n");
    let event = parser.next_event(&mut chunk).unwrap().unwrap();
    assert_eq!(event.data(), b"y");
}

// Encoding.

fn wire(event: Event<'_>) -> String {
    let mut buffer = [0; 512];
    let frame = Frame::event(event).unwrap();
    String::from_utf8(frame.encode(&mut buffer).unwrap().to_vec()).unwrap()
}

/// F24.
#[test]
fn nothing_in_a_value_becomes_a_field() {
    let attack = "x\ndata: injected\n\nevent: y\rid: 1\r\nretry: 0";
    assert_eq!(
        wire(Event::text(attack)),
        "data: x\ndata: data: injected\ndata: \ndata: event: y\ndata: id: 1\ndata: retry: 0\n\n"
    );
    for (event, field) in [
        (Event::text("").with_type(attack.as_bytes()), Field::Event),
        (Event::text("").with_id(attack.as_bytes()), Field::Id),
    ] {
        let refused = Frame::event(event).unwrap_err();
        assert_eq!(
            (refused.field, refused.byte, refused.position),
            (field, b'\n', 1)
        );
    }
    assert!(Frame::event(Event::text("").with_type(b"a\rb")).is_err());
    assert!(Frame::event(Event::text("").with_id(b"a\0b")).is_err());
}

/// F25.
#[test]
fn a_comment_of_several_lines_stays_a_comment() {
    let frame = Frame::comment(b" trace 1\nevent: y\r\ndata: injected\rdone");
    let mut buffer = [0; 128];
    let wire = frame.encode(&mut buffer).unwrap();
    assert_eq!(
        lossy(wire).to_string(),
        ": trace 1\n:event: y\n:data: injected\n:done\n\n"
    );
    assert_reads(wire, &[]);
}

/// F26, F27, F28.
#[test]
fn text_with_lines_and_spaces_arrives_as_it_was() {
    let texts = [
        "mode remove\nselector #foo",
        "{\n    \"id\": \"ui2i4KqX9Lt8Rx7r\",\n    \"age\": 25\n}",
        "<pre>\n  a\n\n b</pre>\n",
        " frase",
        "  two\n one",
        ":colon",
        "data: nested",
        "before\u{2028}middle\u{2029}after\u{85}",
        "0",
        "",
        "\n",
    ];
    for text in texts {
        let stream = wire(Event::text(text));
        assert_eq!(read(&[stream.as_bytes()])[0].1, text, "{stream}");
        // Every line of it is a field, for clients that look at lines alone.
        let lines = stream.strip_suffix("\n\n").unwrap().split('\n');
        assert!(
            lines.clone().all(|line| line.starts_with("data: ")),
            "{stream}"
        );
    }
    // What is printed on Windows, in one line of data for each of its own.
    let printed = "{\r\n  \"a\": 1\r\n}";
    assert_eq!(
        wire(Event::text(printed)),
        "data: {\ndata:   \"a\": 1\ndata: }\n\n"
    );
}

/// F26: a line end of two bytes that comes from two writes.
#[test]
fn data_that_is_written_in_pieces_has_the_lines_it_has_whole() {
    let mut buffer = [0; 128];
    let mut sink = SliceSink::new(&mut buffer);
    let mut data = DataWriter::new(&mut sink, Event::without_data()).unwrap();
    for piece in ["a\r", "\nb", "\r", "\r", "\nc\n"] {
        data.write_str(piece).unwrap();
    }
    data.finish().unwrap();
    assert_eq!(
        lossy(sink.written()).to_string(),
        "data: a\ndata: b\ndata: \ndata: c\ndata: \n\n"
    );
}

/// E01, F29: what other languages take for *no value*.
#[test]
fn zero_and_empty_are_values() {
    assert_eq!(
        wire(Event::text("").with_id(b"0").with_retry(Millis(0))),
        "id: 0\nretry: 0\ndata: \n\n"
    );
    assert_eq!(wire(Event::without_data().with_id(b"7")), "id: 7\n\n");
    assert_eq!(
        wire(Event::without_data().with_retry(Millis(3000))),
        "retry: 3000\n\n"
    );
}

/// E02, E04: JSON with line ends of its own, and JSON that cannot be made.
#[cfg(feature = "std")]
#[test]
fn json_goes_out_whole_or_not_at_all() {
    use serde::{Serialize, Serializer, ser::Error as _};

    struct Fails;
    impl Serialize for Fails {
        fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(S::Error::custom("no text for it"))
        }
    }

    let mut out = Vec::new();
    let value = serde_json::json!({"foo": "bar"});
    let mut data = DataWriter::new(&mut out, Event::without_data()).unwrap();
    serde_json::to_writer_pretty(&mut data, &value).unwrap();
    data.finish().unwrap();
    assert_eq!(
        lossy(&out).to_string(),
        "data: {\ndata:   \"foo\": \"bar\"\ndata: }\n\n"
    );

    let sent = out.len();
    let mut data = DataWriter::new(&mut out, Event::without_data()).unwrap();
    assert!(serde_json::to_writer(&mut data, &("first", Fails)).is_err());
    drop(data);
    assert_eq!(out.len(), sent);
}

/// E05, E06, F14: a relay built on the core passes on everything that has a meaning.
#[test]
fn a_relay_keeps_comments_times_and_ids() {
    let stream = b": OPENROUTER PROCESSING\n\nretry: 50\n\nid: 1\ndata: a\n\nid: \ndata: b\n\n\
                   event: x\ndata: c\n\nid: 7\n\n";
    let mut parser = Parser::<Inline<LIMIT>>::new();
    let mut chunk = Chunk::new(stream);
    let mut relayed = Vec::new();
    let mut buffer = [0; 64];
    while let Some(step) = parser.step(&mut chunk).unwrap() {
        let frame = match step {
            Step::Event(ready) | Step::WithoutData(ready) => {
                Frame::event(parser.event(ready)).unwrap()
            }
            Step::Comment(piece) => Frame::comment(piece.bytes()),
            // In its block, again.
            _ => continue,
        };
        relayed.extend_from_slice(frame.encode(&mut buffer).unwrap());
    }
    assert_eq!(lossy(&relayed), lossy(stream));
}

// HTTP.

/// F30: parameters that servers and frameworks add.
#[test]
fn a_content_type_with_parameters_is_an_event_stream() {
    for value in [
        "text/event-stream;charset=utf-8",
        "text/event-stream; charset=UTF-8",
        "text/event-stream;charset=utf8",
        "text/event-stream; charset=iso-8859-1",
        "text/event-stream;element-type=\"application/json\"",
        "text/event-stream ;",
        "Text/EVENT-stream",
    ] {
        assert!(http::is_event_stream(value.as_bytes()), "{value}");
    }
    for value in ["text/html", "application/json", "application/x-ndjson", ""] {
        assert!(!http::is_event_stream(value.as_bytes()), "{value}");
    }
}

/// F32: what clients of the Model Context Protocol and others send.
#[test]
fn whoever_takes_an_event_stream_gets_one() {
    for accept in [
        "text/event-stream",
        "application/json, text/event-stream",
        "text/event-stream, application/json",
        "application/json,text/event-stream;q=0.1",
        "text/event-stream; charset=utf-8",
        "*/*",
        "application/json, */*",
        "text/*",
    ] {
        assert!(http::accepts_event_stream([accept]), "{accept}");
    }
    assert!(http::accepts_event_stream(None::<&str>));
    assert!(!http::accepts_event_stream(["application/json"]));
    // In two lines of the head, as some clients write it.
    assert!(http::accepts_event_stream([
        "application/json",
        "text/event-stream"
    ]));
}

/// F33, F34: no cache keeps it, nothing in between compresses it or holds it back.
#[test]
fn a_response_says_that_it_is_not_to_be_kept_changed_or_held_back() {
    let headers = http::RESPONSE_HEADERS;
    let cache = headers
        .iter()
        .find(|(name, _)| *name == "cache-control")
        .unwrap();
    for directive in ["no-store", "no-transform"] {
        assert!(cache.1.split(", ").any(|said| said == directive));
    }
    assert!(headers.contains(&("x-accel-buffering", "no")));
    // HTTP/2 knows no such header; Safari ends the stream over it.
    assert!(headers.iter().all(|(name, _)| *name != "connection"));
}

/// F35: an ID is any text; what cannot stand in a header is refused before it gets there.
#[test]
fn an_id_from_a_header_is_the_one_that_was_sent() {
    for id in [
        "42",
        "0",
        "…",
        "urn:uuid:0-1,a b;\"c\"",
        "a\u{1}b",
        "a\u{C}b",
    ] {
        assert_eq!(http::last_event_id(id.as_bytes()), Ok(id.as_bytes()));
    }
    for id in ["a\0b", "1\r\nhost: evil", "1\n"] {
        assert!(http::last_event_id(id.as_bytes()).is_err());
    }
}
