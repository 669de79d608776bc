//! `sse decode` and `sse encode`, run as what they are: programs in a pipe.

mod common;
#[path = "../../sse-codec/tests/common/mod.rs"]
mod core;

use std::{
    io::{Read, Write},
    thread,
};

use common::{Live, command, run};
use core::{
    oracle::{self, Item},
    strategies,
};
use proptest::{
    collection::vec, option, prelude::*, sample, strategy::ValueTree, test_runner::TestRunner,
};
use serde_json::{Value, json};

/// The lines that `decode` makes of this.
fn decode(arguments: &[&str], input: &[u8]) -> Vec<String> {
    let output = run("decode", arguments, input);
    assert_eq!((&output.stderr[..], output.status), ("", Some(0)));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.ends_with('\n'));
    stdout.lines().map(str::to_owned).collect()
}

/// The stream that `encode` makes of these lines.
fn encode(lines: &[String]) -> Vec<u8> {
    let output = run("encode", &[], (lines.join("\n") + "\n").as_bytes());
    assert_eq!((&output.stderr[..], output.status), ("", Some(0)));
    output.stdout
}

/// What the oracle finds, in the words of `decode`.
fn expected(stream: &[u8], limit: usize) -> Vec<String> {
    let decoded = oracle::decode(stream, Some(limit), b"");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let error = format!("event larger than the limit of {limit} bytes");
    let mut lines = Vec::new();
    let mut events = 0;
    for item in &decoded.items {
        lines.push(match item {
            Item::Event {
                event_type,
                data,
                id,
                last_event_id,
                at,
                ..
            } => {
                events += 1;
                json!({
                    "event": event_type.as_deref().map_or_else(|| "message".into(), text),
                    "data": text(data),
                    "id": text(last_event_id),
                    "own_id": id.as_deref().map(text),
                    "at": at,
                })
            }
            Item::WithoutData {
                id: Some(id), at, ..
            } => {
                json!({ "id": text(id), "own_id": text(id), "at": at })
            }
            Item::WithoutData { .. } => continue,
            Item::Comment(comment) if comment.len() > limit => {
                json!({ "comment": text(&comment[..limit]), "cut": true })
            }
            Item::Comment(comment) => json!({ "comment": text(comment) }),
            Item::Retry { millis, .. } => json!({ "retry": millis }),
            Item::Overflow { at } => json!({ "error": error, "at": at }),
        });
    }
    lines.push(json!({ "end": {
        "last_event_id": text(&decoded.last_event_id),
        "retry": decoded.retry,
        "events": events,
        "unfinished": is_unfinished(stream),
    } }));
    lines.iter().map(Value::to_string).collect()
}

/// Whether a stream breaks off in a block: when a line of it was a field's, or may become one.
fn is_unfinished(stream: &[u8]) -> bool {
    let stream = stream.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(stream);
    // As Latin-1, in which every byte is a character.
    let text: String = stream.iter().map(|&byte| char::from(byte)).collect();
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let (lines, rest) = text.rsplit_once('\n').unwrap_or(("", &text));
    let fields = ["data", "event", "id", "retry"];
    let name = |line: &str| line.split(':').next().unwrap().to_owned();
    let in_block = lines
        .rsplit('\n')
        .take_while(|line| !line.is_empty())
        .any(|line| fields.contains(&&*name(line)));
    let may_be = |field: &&str| match rest.contains(':') {
        true => **field == name(rest),
        false => !rest.is_empty() && field.starts_with(rest),
    };
    in_block || fields.iter().any(may_be)
}

/// The last line of `decode`.
fn end(last_event_id: &str, retry: Option<u64>, events: u64, unfinished: bool) -> String {
    let end = json!({
        "last_event_id": last_event_id,
        "retry": retry,
        "events": events,
        "unfinished": unfinished,
    });
    json!({ "end": end }).to_string()
}

const LIMIT: usize = 1 << 20;

// decode.

#[test]
fn every_kind_of_line() {
    let stream = b"\xEF\xBB\xBF: hello\n\
        retry: 3000\n\
        event: add\n\
        id: 7\n\
        data: \"a\"\\\n\
        data:  b\n\
        \n\
        :\r\
        data\r\n\
        \r\n\
        data: \xC3\xFF\xE2\x82\n\
        :\xFF\n\
        event: caf\xC3\n\
        id: \xFF\n\
        \n\
        unknown: x\n\
        retry: soon\n\
        id\n\
        \n\
        data: unfinished";
    let lines = decode(&[], stream);
    let expected = [
        r#"{"comment":" hello"}"#,
        r#"{"retry":3000}"#,
        r#"{"event":"add","data":"\"a\"\\\n b","id":"7","own_id":"7","at":61}"#,
        r#"{"comment":""}"#,
        r#"{"event":"message","data":"","id":"7","own_id":null,"at":70}"#,
        "{\"comment\":\"\u{FFFD}\"}",
        "{\"event\":\"caf\u{FFFD}\",\"data\":\"\u{FFFD}\u{FFFD}\u{FFFD}\",\"id\":\"\u{FFFD}\",\"own_id\":\"\u{FFFD}\",\"at\":104}",
        r#"{"id":"","own_id":"","at":131}"#,
        &end("", Some(3000), 3, true),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn nothing_comes_of_nothing() {
    for (input, unfinished) in [
        (&b""[..], false),
        (b"\xEF\xBB\xBF", false),
        (b"\n\r\r\n", false),
        (b": unfinished", false),
        (b"data: a\n", true),
        (b"event: a", true),
        (b":\ndat", true),
        (b":\ndata: a\n\n:\n", false),
    ] {
        let lines = decode(&[], input);
        let [.., last] = &lines[..] else {
            panic!("no line")
        };
        let events = u64::from(input.ends_with(b"\n\n:\n"));
        assert_eq!(*last, end("", None, events, unfinished));
    }
}

#[test]
fn nuls_and_lone_crs() {
    let lines = decode(
        &[],
        b"data: a\0b\revent: \0\rid: 1\rid: 2\0\r\rdata\0: x\r\r:\0\r",
    );
    let expected = [
        r#"{"event":"\u0000","data":"a\u0000b","id":"1","own_id":"1","at":33}"#,
        r#"{"comment":"\u0000"}"#,
        &end("1", None, 1, false),
    ];
    assert_eq!(lines, expected);
}

#[test]
fn a_byte_order_mark_in_three() {
    for cuts in ["1", "2", "1,2", "1,2,3,4", "2,1", "0,1,1,2,999"] {
        let lines = decode(&["--cuts", cuts], b"\xEF\xBB\xBFdata: a\n\n");
        assert_eq!(
            lines[0],
            r#"{"event":"message","data":"a","id":"","own_id":null,"at":12}"#
        );
    }
}

#[test]
fn a_last_event_id_from_before() {
    let stream = b"data: 1\n\nid: 8\ndata: 2\n\n";
    let expected = [
        r#"{"event":"message","data":"1","id":"é 7","own_id":null,"at":9}"#,
        r#"{"event":"message","data":"2","id":"8","own_id":"8","at":24}"#,
        &end("8", None, 2, false),
    ];
    assert_eq!(decode(&["--last-event-id", "é 7"], stream), expected);
    assert_eq!(decode(&["--last-event-id=é 7"], stream), expected);
    let expected = [end("7", None, 0, true)];
    assert_eq!(
        decode(&["--last-event-id", "7"], b"id: 8\ndata: lost"),
        expected
    );
    let expected = [end("", None, 0, false)];
    assert_eq!(decode(&["--last-event-id", ""], b""), expected);
}

#[test]
fn a_limit_is_reported_once_and_where_it_was() {
    let stream = b"data: 12345678\ndata: 9\nretry: 1\n\nid: 1\ndata: 1234567\n\n\
        :12345678\n:123456789\ndata: 123\nevent: 123456\n\ndata: ok\n\n";
    let expected = [
        r#"{"error":"event larger than the limit of 8 bytes","at":20}"#,
        r#"{"event":"message","data":"1234567","id":"1","own_id":"1","at":54}"#,
        r#"{"comment":"12345678"}"#,
        r#"{"comment":"12345678","cut":true}"#,
        r#"{"error":"event larger than the limit of 8 bytes","at":98}"#,
        r#"{"event":"message","data":"ok","id":"1","own_id":null,"at":110}"#,
        &end("1", None, 2, false),
    ];
    for cut in ["--chunk=1", "--chunk=7", "--cuts=20,54,98", "--chunk=1000"] {
        assert_eq!(decode(&["--limit", "8", cut], stream), expected);
    }
    let expected = [
        r#"{"comment":"","cut":true}"#,
        r#"{"comment":""}"#,
        r#"{"error":"event larger than the limit of 0 bytes","at":11}"#,
        r#"{"event":"message","data":"","id":"","own_id":null,"at":19}"#,
        &end("", None, 1, false),
    ];
    assert_eq!(
        decode(&["--limit=0"], b":a\n:\ndata:1\n\ndata\n\n"),
        expected
    );
}

/// Many streams, one after the other, make one that has everything in it.
#[test]
fn like_the_oracle_however_it_is_cut() {
    let mut runner = TestRunner::deterministic();
    let mut some = |count| {
        let streams = vec(strategies::stream(), count);
        streams.new_tree(&mut runner).unwrap().current().concat()
    };
    for _ in 0..4 {
        let stream = some(200);
        let cuts: Vec<_> = (0..stream.len()).step_by(stream.len() / 50).rev().collect();
        let cuts = cuts
            .iter()
            .map(usize::to_string)
            .collect::<Vec<_>>()
            .join(",");
        for limit in [0, 3, 20, LIMIT] {
            let expected = expected(&stream, limit);
            let limit = format!("--limit={limit}");
            for cut in ["--chunk=1", "--chunk=4096", &format!("--cuts={cuts}")] {
                assert_eq!(decode(&[cut, &limit], &stream), expected);
            }
        }
    }
}

/// Bytes that look random, the same in every run.
fn noise(len: usize) -> impl Iterator<Item = u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    })
    .take(len)
}

#[test]
fn megabytes_of_random_bytes() {
    let input: Vec<u8> = noise(4 << 20).collect();
    let lines = expected(&input, LIMIT);
    assert!(lines.len() > 100, "comments at least");
    assert!(decode(&[], &input) == lines);

    // Of what matters to the grammar, so that there are events, and errors with a limit.
    let bytes = b"data:data\n\n\n\r\r\nid:event: 1\0\xEF\xFF";
    let input: Vec<u8> = noise(1 << 20)
        .map(|byte| bytes[usize::from(byte) % bytes.len()])
        .collect();
    assert!(decode(&["--limit=40", "--chunk=1000"], &input) == expected(&input, 40));
}

#[test]
fn arguments_that_make_no_sense() {
    for arguments in [
        &["--chunk", "0"][..],
        &["--chunk", "x"],
        &["--chunk"],
        &["--cuts", "1,,2"],
        &["--cuts", "-1"],
        &["--limit", "1M"],
        &["--limit=-1"],
        &["--last-event-id"],
        &["--last-event-id", "a\nb"],
        &["--last-event-id", "a\rb"],
        &["--limit", "1", "--last-event-id", "12"],
        &["--last-event-id", "12", "--limit", "1"],
        &["--wrong"],
        &["-x"],
        &["file"],
    ] {
        let output = run("decode", arguments, b"data\n\n");
        assert_eq!(output.status, Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
        assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
    }
    for arguments in [&["--wrong"][..], &["file"], &["-x"]] {
        let output = run("encode", arguments, b"{\"data\":\"\"}\n");
        assert_eq!((output.status, &output.stdout[..]), (Some(2), &b""[..]));
        assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
    }
    for (subcommand, help) in [("decode", "--help"), ("encode", "--help"), ("encode", "-h")] {
        let output = run(subcommand, &[help], b"");
        assert_eq!((output.status, &output.stderr[..]), (Some(0), ""));
        let stdout = String::from_utf8(output.stdout).unwrap();
        let usage = format!("Usage: sse {subcommand} ");
        assert!(stdout.contains(&usage), "{stdout}");
    }
}

// While the input stays open.

#[test]
fn events_appear_while_the_input_stays_open() {
    let mut decode = Live::spawn("decode", &[]);
    decode.write(b"data: a\n\n");
    decode.assert_next(r#"{"event":"message","data":"a","id":"","own_id":null,"at":9}"#);
    decode.write(b": c\n");
    decode.assert_next(r#"{"comment":" c"}"#);
    // A CR ends the block, though nothing follows to say that no LF does.
    decode.write(b"data: b\r\r");
    decode.assert_next(r#"{"event":"message","data":"b","id":"","own_id":null,"at":22}"#);
    decode.write(b"\nretry: 5\n");
    decode.assert_next(r#"{"retry":5}"#);
    decode.write(b"data: ");
    decode.write(&[b'x'; LIMIT]);
    decode.write(b"y");
    let error = format!("event larger than the limit of {LIMIT} bytes");
    let line = json!({ "error": error, "at": 39 + LIMIT }).to_string();
    decode.assert_next(&line);
    assert_eq!(decode.finish(), (Some(0), String::new()));
}

#[test]
fn frames_appear_while_the_input_stays_open() {
    let mut encode = Live::spawn("encode", &[]);
    // The second line is not finished, which is no reason to wait with the first.
    encode.write(b"{\"data\":\"a\"}\n{\"data\":");
    encode.assert_next("data: a");
    encode.assert_next("");
    encode.write(b"\"b\"}");
    // At the end of the input a line needs no line end.
    assert_eq!(encode.finish(), (Some(0), String::new()));
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    for (subcommand, input) in [
        ("decode", &b"data: a\n\n"[..]),
        ("encode", b"{\"data\":\"a\"}\n"),
    ] {
        let mut child = command(subcommand).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let input = input.repeat(100_000);
        // It may be gone before all of this is written.
        let writer = thread::spawn(move || stdin.write_all(&input));
        stdout.read_exact(&mut [0; 4]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), &output.stderr[..]),
            (Some(0), &b""[..]),
        );
        let _ = writer.join().unwrap();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn lines_larger_than_memory() {
    const MEGABYTES: usize = 100;
    let mut decode = Live::spawn("decode", &["--limit", "1024"]);
    let megabyte = [b'x'; 1 << 20];
    let mut at = 0;
    let mut write = |bytes: &[u8]| {
        at += bytes.len();
        decode.write(bytes);
        at
    };
    let mut lines = Vec::new();
    for (start, megabytes) in [
        ("unknown: ", MEGABYTES),
        (":", 10),
        ("data: ", 10),
        ("id: ", 10),
    ] {
        let value = write(start.as_bytes());
        for _ in 0..megabytes {
            write(&megabyte);
        }
        write(b"\n");
        let at = write(b"\ndata: a\n\n");
        match start {
            "unknown: " => {}
            ":" => lines.push(json!({ "comment": "x".repeat(1024), "cut": true })),
            _ => lines.push(json!({
                "error": "event larger than the limit of 1024 bytes",
                "at": value + 1025,
            })),
        }
        lines.push(json!({ "event": "message", "data": "a", "id": "", "own_id": null, "at": at }));
    }
    for line in lines {
        decode.assert_next(&line.to_string());
    }
    let peak = common::peak_memory(&decode.child);
    assert!(peak < 16 << 20, "{peak} bytes");
    assert_eq!(decode.finish(), (Some(0), String::new()));
}

// encode.

#[test]
fn every_key() {
    let lines = [
        r#"{"data":"a\nb","comment":" c\rd","id":"7","event":"t","retry":5}"#,
        r#"{"data":""}"#,
        r#"{"data":null,"id":"","comment":null,"event":null,"retry":null}"#,
        r#" { "retry" : 18446744073709551615 } "#,
        "",
        " \t\r",
        "{}",
        r#"{"data":null}"#,
        r#"{"event":""}"#,
        r#"{"comment":""}"#,
        "{\"data\":\" é\\u0000\\ud83d\\ude00\u{FEFF}\"}\r",
        r#"{"end":{"last_event_id":"7","retry":null}}"#,
        r#"{"data":"last","at":12}"#,
    ];
    let stream = encode(&lines.map(str::to_owned));
    let expected = ": c\n:d\n\nevent: t\nid: 7\nretry: 5\ndata: a\ndata: b\n\n\
        data: \n\n\
        id: \n\n\
        retry: 18446744073709551615\n\n\
        event: \n\n\
        :\n\n\
        data:  é\0😀\u{FEFF}\n\n\
        data: last\n\n";
    assert_eq!(String::from_utf8(stream).unwrap(), expected);
}

#[test]
fn lines_that_cannot_be_encoded() {
    let bad: &[(&[u8], &str)] = &[
        (
            br#"{"data":"x","event":"a\nb"}"#,
            "LF at 1 in the `event` field",
        ),
        (
            br#"{"comment":"x","event":"\r"}"#,
            "CR at 0 in the `event` field",
        ),
        (
            br#"{"data":"x","id":"12\u0000"}"#,
            "NUL at 2 in the `id` field",
        ),
        (br#"{"retry":1,"id":"\n"}"#, "LF at 0 in the `id` field"),
        (br#"{"data":"x","retry":-1}"#, "`-1`"),
        (br#"{"data":"x","retry":1.0}"#, "`1.0`"),
        (br#"{"data":"x","retry":"1"}"#, "\"1\""),
        (
            br#"{"data":"x","retry":18446744073709551616}"#,
            "expected u64",
        ),
        (br#"{"data":1}"#, "expected a string"),
        (br#"{"data":"x","Data":"y"}"#, "`Data`"),
        (br#"{"data":"x","error":"e"}"#, "`error`"),
        (br#"{"data":"x","cut":true}"#, "`cut`"),
        (br#"{"data":"x","data":"y"}"#, "`data`"),
        (
            br#"{"data":"x"} {"data":"y"}"#,
            "trailing characters at column 14",
        ),
        (br#"{"data":"x""#, "EOF"),
        (br#"{"data":"\ud800"}"#, "column"),
        (b"{\"data\":\"\xFF\"}", "column"),
        (b"{\"data\":\"a\tb\"}", "control character"),
        (br#"["x","1",2,"y",null]"#, "not a JSON object"),
        (b"null", "not a JSON object"),
        (b"x", "not a JSON object"),
        (b"\0", "not a JSON object"),
        (b"\xFF", "not a JSON object"),
    ];
    let good = b"{\"data\":\"ok\"}";
    let mut input = Vec::new();
    for (line, _) in bad {
        input.extend_from_slice(&[good, &b"\n"[..], line, b"\n"].concat());
    }
    let output = run("encode", &[], &input);
    assert_eq!(output.status, Some(2));
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(stdout, "data: ok\n\n".repeat(bad.len()));
    assert_eq!(output.stderr.lines().count(), bad.len());
    for (index, ((line, reason), message)) in bad.iter().zip(output.stderr.lines()).enumerate() {
        let line = String::from_utf8_lossy(line);
        let start = format!("sse: line {}: ", 2 * index + 2);
        assert!(message.starts_with(&start), "{line}: {message}");
        assert!(message.contains(reason), "{line}: {message}");
        assert!(!message.contains("at line 1"), "{line}: {message}");
    }
}

// There and back.

/// A line for `encode`: each key may be absent or null.
fn line() -> impl Strategy<Value = Value> {
    let pieces = [
        "a", " ", ":", "\"", "\\", "\0", "\t", "\u{FEFF}", "é", "\u{2028}", "😀", "data: ",
    ];
    let text = |more: &'static [&'static str]| {
        let pieces = [&pieces[..], more].concat();
        let piece = prop_oneof![
            8 => sample::select(pieces).prop_map(str::to_owned),
            1 => any::<char>().prop_map(String::from),
        ];
        vec(piece, 0..8).prop_map(|pieces| pieces.concat())
    };
    let without = |forbidden: &'static [char]| {
        text(&[]).prop_map(move |text| Value::from(text.replace(forbidden, "")))
    };
    let lines = || text(&["\n", "\r", "\r\n", "\r", "\n"]).prop_map(Value::from);
    let retry = prop_oneof![Just(0), Just(u64::MAX), any::<u64>()].prop_map(Value::from);
    let key = |name: &'static str, value: BoxedStrategy<Value>| {
        let value = prop_oneof![6 => value, 1 => Just(Value::Null)];
        option::of(value).prop_map(move |value| value.map(|value| (name.to_owned(), value)))
    };
    (
        key("event", without(&['\r', '\n']).boxed()),
        key("id", without(&['\r', '\n', '\0']).boxed()),
        key("retry", retry.boxed()),
        key("data", lines().boxed()),
        key("comment", lines().boxed()),
    )
        .prop_map(|(event, id, retry, data, comment)| {
            let keys = [event, id, retry, data, comment].into_iter().flatten();
            Value::Object(keys.collect())
        })
}

/// What a receiver gets of these lines, without `at`.
fn received(lines: &[Value]) -> Vec<Value> {
    let line_ends = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    let (mut id, mut retry, mut events) = ("", Value::Null, 0);
    let mut received = Vec::new();
    for line in lines {
        if let Some(comment) = line["comment"].as_str() {
            let comment = line_ends(comment);
            received.extend(comment.split('\n').map(|line| json!({ "comment": line })));
        }
        if line["retry"].is_u64() {
            retry = line["retry"].clone();
            received.push(json!({ "retry": retry }));
        }
        let own_id = line["id"].as_str();
        id = own_id.unwrap_or(id);
        if let Some(data) = line["data"].as_str() {
            let event = line["event"].as_str().filter(|event| !event.is_empty());
            events += 1;
            received.push(json!({
                "event": event.unwrap_or("message"),
                "data": line_ends(data),
                "id": id,
                "own_id": own_id,
            }));
        } else if own_id.is_some() {
            received.push(json!({ "id": id, "own_id": id }));
        }
    }
    received.push(json!({ "end": {
        "last_event_id": id,
        "retry": retry,
        "events": events,
        "unfinished": false,
    } }));
    received
}

fn without_at(lines: &[String]) -> Vec<Value> {
    let parse = |line: &String| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line.as_object_mut().unwrap().shift_remove("at");
        line
    };
    lines.iter().map(parse).collect()
}

/// What a client gets of a stream, that has had these bytes as its last event ID before.
fn seen_by_a_client(stream: &[u8], last_event_id: &[u8]) -> Vec<String> {
    let decoded = oracle::decode(stream, None, last_event_id);
    let text = String::from_utf8_lossy;
    let mut seen = Vec::new();
    for item in &decoded.items {
        seen.push(match item {
            Item::Event {
                event_type,
                data,
                id,
                last_event_id,
                ..
            } => {
                let event_type = event_type.as_deref().unwrap_or(b"message");
                let (event_type, data) = (text(event_type), text(data));
                let (id, last_event_id) = (id.as_deref().map(text), text(last_event_id));
                format!("{event_type:?} {data:?} {id:?} {last_event_id:?}")
            }
            Item::WithoutData { id: Some(id), .. } => format!("ID {:?}", text(id)),
            Item::WithoutData { id: None, .. } => continue,
            Item::Comment(comment) => format!("comment {:?}", text(comment)),
            Item::Retry { millis, .. } => format!("retry {millis}"),
            Item::Overflow { .. } => unreachable!("no limit"),
        });
    }
    seen.push(format!("ID {:?} in the end", text(&decoded.last_event_id)));
    seen
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn what_was_encoded_is_decoded(lines in vec(line(), 0..200), chunk in 1..50_u32) {
        let json: Vec<_> = lines.iter().map(Value::to_string).collect();
        let stream = encode(&json);
        let decoded = decode(&[&format!("--chunk={chunk}")], &stream);
        prop_assert_eq!(without_at(&decoded), received(&lines));
        prop_assert_eq!(&decoded, &expected(&stream, LIMIT));

        // And back again: what was decoded can be encoded, and is the same to a receiver.
        prop_assert_eq!(without_at(&decode(&[], &encode(&decoded))), without_at(&decoded));
    }

    #[test]
    fn decode_and_encode_change_no_clients_state(
        streams in vec(strategies::stream(), 60),
        before in sample::select(vec!["", "before"]),
    ) {
        let stream = streams.concat();
        let again = encode(&decode(&[], &stream));
        prop_assert_eq!(
            seen_by_a_client(&again, before.as_bytes()),
            seen_by_a_client(&stream, before.as_bytes()),
        );
    }
}

#[test]
fn what_encode_makes_of_lines_that_decode_made() {
    let lines = [
        // Inherited; cleared; an ID alone; of a `decode` that did not tell them apart.
        r#"{"event":"message","data":"a","id":"7","own_id":null,"at":9}"#,
        r#"{"event":"add","data":"b","id":"","own_id":"","at":30}"#,
        r#"{"id":"8","own_id":"8","at":36}"#,
        r#"{"event":"message","data":"c","id":"8","at":50}"#,
        &end("8", Some(5), 3, true),
    ];
    let stream = encode(&lines.map(str::to_owned));
    let expected = "data: a\n\n\
        event: add\nid: \ndata: b\n\n\
        id: 8\n\n\
        event: message\nid: 8\ndata: c\n\n";
    assert_eq!(String::from_utf8(stream).unwrap(), expected);
}

#[test]
fn a_note_when_the_input_is_something_else() {
    for (input, is_stream) in [
        (&b"{\"error\":\"x\"}\n"[..], false),
        (b"<html>\n", false),
        (b"\0\0", false),
        (b"Data: a\n\n", false),
        (b"<html>\ndata: a\n\n", true),
        (b"event: a\n\n", true),
        (b"retry: soon", true),
        (b": ping\n", true),
        (b"\n\r\n", true),
        (b"", true),
    ] {
        let output = run("decode", &[], input);
        let note = "sse: no line of the input was a field: is it an event stream?\n";
        let expected = if is_stream { "" } else { note };
        assert_eq!((&output.stderr[..], output.status), (expected, Some(0)));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error() {
    for (subcommand, input) in [
        ("decode", &b"data: a\n\n"[..]),
        ("encode", b"{\"data\":\"a\"}\n"),
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let mut child = command(subcommand).stdout(full).spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(
            stderr.starts_with("sse: cannot write the output: "),
            "{stderr}"
        );
        assert_eq!(output.status.code(), Some(1));
    }
}
