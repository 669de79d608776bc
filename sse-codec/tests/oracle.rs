//! Tests of the oracle itself: that the second reading of the standard is a right one.

mod common;

use common::{
    oracle::{Decoded, Item, decode},
    strategies::{WireEvent, cut_stream, cuts, limit, pieces, stream, utf8_wire_event, wire_event},
    wpt::WPT,
};
use proptest::prelude::*;

#[test]
fn web_platform_tests() {
    assert_eq!(WPT.len(), 55);
    for vector in WPT {
        let decoded = decode(vector.input, None, b"");
        let mut events = Vec::new();
        let mut comments = Vec::new();
        let mut last_retry = None;
        for item in &decoded.items {
            match item {
                Item::Event {
                    event_type,
                    data,
                    last_event_id,
                    at,
                    ..
                } => {
                    let event_type = event_type.as_deref().unwrap_or(b"message");
                    events.push((event_type, &data[..], &last_event_id[..], *at));
                }
                Item::Comment(text) => comments.push(&text[..]),
                Item::Retry { millis, .. } => last_retry = Some(*millis),
                Item::WithoutData { .. } => {}
                Item::Overflow { at } => panic!("{}: overflow at {at}", vector.name),
            }
        }

        let name = vector.name;
        let expected: Vec<_> = vector
            .events
            .iter()
            .map(|event| (event.event_type, event.data, event.last_event_id, event.at))
            .collect();
        assert_eq!(events, expected, "{name}: events");
        assert_eq!(comments, vector.comments, "{name}: comments");
        assert_eq!(decoded.last_event_id, vector.last_event_id, "{name}: ID");
        assert_eq!(decoded.retry, vector.retry, "{name}: retry");
        assert_eq!(last_retry, vector.retry, "{name}: retry items");
    }
}

/// The second response of `format-field-id`, as the test sees it.
#[test]
fn last_event_id_of_an_earlier_stream() {
    let decoded = decode("data: …\n\n".as_bytes(), None, "…".as_bytes());
    let items = decoded.items.iter().map(show).collect::<Vec<_>>();
    assert_eq!(items, [r#""\xe2\x80\xa6" last="\xe2\x80\xa6" @11"#]);
    assert_eq!(decoded.last_event_id, "…".as_bytes());
}

/// A stream, the items in it as [`show`] writes them, and why.
type Rule<'a> = (&'a [u8], &'a [&'a str], &'a str);

#[test]
fn rules() {
    let rules: &[Rule<'_>] = &[
        (b"data:a\r\r", &[r#""a" @8"#], "a CR ends a line now"),
        (
            b"data:a\r\n\r\n:\n",
            &[r#""a" @9"#, r#":"""#],
            "the LF of a CRLF is not waited for, and ends nothing of its own",
        ),
        (
            b"data:a\n\rdata:b\r\n\n",
            &[r#""a" @8"#, r#""b" @17"#],
            "LF CR is two line ends, and so is CRLF LF",
        ),
        (
            b"\xEF\xBB\xBF\ndata:a\n\n",
            &[r#""a" @12"#],
            "a BOM before a line end is still a BOM",
        ),
        (
            b"\xEF\xBBdata:a\n\ndata:b\n\n",
            &[r#""b" @18"#],
            "two thirds of a BOM are part of a name nobody knows",
        ),
        (
            b"\xEF\xBB\xBEdata:a\n\ndata:b\n\n",
            &[r#""b" @19"#],
            "and so is what only begins like one",
        ),
        (
            b"id:1\nevent:x\n\ndata:a\n\n",
            &[r#"no data id="1" @14"#, r#""a" last="1" @22"#],
            "a block without data commits its ID and forgets its type",
        ),
        (
            b"data\n\n",
            &[r#""" @6"#],
            "data without colon is empty data",
        ),
        (
            b"data: a\ndata:  b\ndata::c\n\n",
            &[r#""a\n b\n:c" @26"#],
            "one space goes, a second and a second colon stay",
        ),
        (
            b"event:x\nevent:y\ndata\n\n",
            &[r#"y "" @22"#],
            "the later type wins",
        ),
        (
            b"event:x\nevent\ndata\n\n",
            &[r#""" @20"#],
            "a later empty type is none",
        ),
        (
            b"id:1\nid:2\0\ndata\n\n",
            &[r#""" id="1" last="1" @17"#],
            "a void ID leaves the earlier one",
        ),
        (
            b"id:1\n\nid\ndata\n\n",
            &[r#"no data id="1" @6"#, r#""" id="" @15"#],
            "an empty ID clears, and is the block's",
        ),
        (
            b"id:1\ndata\n\nid:2\ndata\n",
            &[r#""" id="1" last="1" @11"#],
            "an unfinished block is nothing",
        ),
        (
            b"retry:1\nretry:20\r\nretry:x\ndata\n\ndata\n\n",
            &[
                "retry 1 @8",
                "retry 20 @17",
                r#""" retry=20 @32"#,
                r#""" @38"#,
            ],
            "retry holds from its line on, in an event only when of its block",
        ),
        (
            b"retry:18446744073709551615\nretry:18446744073709551616\nretry:99999999999999999999\n",
            &[
                "retry 18446744073709551615 @27",
                "retry 18446744073709551615 @54",
                "retry 18446744073709551615 @81",
            ],
            "what does not fit is the most that does",
        ),
        (
            b"retry\nretry:\nretry:  1\nretry:1 \nretry:+1\nretry:-1\nretry:1\0\nretry:\xD9\xA1\n",
            &[],
            "only digits, only ASCII, at least one",
        ),
        (
            b": a:b\r::\n",
            &[r#":" a:b""#, r#":":""#],
            "a comment is all after its first colon",
        ),
        (
            b"comment:a\nDATA:a\n data:a\ndata :a\ndata\xEF\xBB\xBF:a\n\n",
            &[],
            "names are compared literally",
        ),
        (
            b"retry:1\nretry:20\nid:1\n\nretry:3\n\nevent:x\n\n\n",
            &[
                "retry 1 @8",
                "retry 20 @17",
                r#"no data id="1" retry=20 @23"#,
                "retry 3 @31",
                "no data retry=3 @32",
            ],
            "a block without data shows what it set, and is nothing when it set nothing",
        ),
        (
            b"data:\xFF\nevent:\xC3\n\n",
            &[r#"\xc3 "\xff" @16"#],
            "ill-formed UTF-8 passes",
        ),
    ];
    for (input, items, why) in rules {
        let shown = decode(input, None, b"").items;
        let shown = shown.iter().map(show).collect::<Vec<_>>();
        assert_eq!(shown, *items, "{why}: {}", input.escape_ascii());
    }
}

/// A limit, a stream, the items in it as [`show`] writes them, and why.
type OverflowRule<'a> = (usize, &'a [u8], &'a [&'a str], &'a str);

#[test]
fn overflows() {
    let rules: &[OverflowRule<'_>] = &[
        (
            3,
            b"data:abc\n\n",
            &[r#""abc" @10"#],
            "what the limit holds fits, the last LF not counted",
        ),
        (
            2,
            b"data:abc",
            &["overflow @8"],
            "known at the third byte of the value, before the line ends",
        ),
        (
            0,
            b"data: \ndata",
            &[],
            "neither the space after the colon counts nor a name that may go on",
        ),
        (
            0,
            b"data:  ",
            &["overflow @7"],
            "the second space is the first of the value",
        ),
        (
            1,
            b"data:a\ndata:\n\n",
            &["overflow @12"],
            "the colon makes it a second line, and the LF between counts",
        ),
        (
            1,
            b"data:a\ndata\n:c\n\ndata:b\n\n",
            &["overflow @12", r#""b" @24"#],
            "so does a line end without colon; that line is over then, and the next is skipped",
        ),
        (
            1,
            b"data:a\r\ndata\r\n:c\r\n\r\ndata:b\r\n\r\n",
            &["overflow @13", r#""b" @29"#],
            "the same with CRLF: the LF after the offending CR is no blank line",
        ),
        (
            1,
            b"data:a\rdata\r\rdata:b\r\r",
            &["overflow @12", r#""b" @21"#],
            "the same with CR: the CR after the offending one is the blank line",
        ),
        (
            1,
            b"data\ndata\n\n",
            &[r#""\n" @11"#],
            "two empty lines are one LF",
        ),
        (
            0,
            b"data\ndata\n\n",
            &["overflow @10"],
            "which is one more than nothing",
        ),
        (
            5,
            b"event:ab\nid:c\ndata:de\n\nevent:ab\nid:c\ndata:def\n\n",
            &[r#"ab "de" id="c" last="c" @23"#, "overflow @45"],
            "type, ID and data add up",
        ),
        (
            5,
            b"data:de\nevent:ab\nid:cd\n\n",
            &["overflow @22"],
            "in any order",
        ),
        (
            4,
            b"event:abcd\nevent:x\ndata:123\n\n",
            &[r#"x "123" @29"#],
            "a replaced type no longer counts",
        ),
        (
            4,
            b"event:abcd\nevent:efgh\nevent:ijklm",
            &["overflow @33"],
            "nor while its successor is read",
        ),
        (
            4,
            b"event:abcd\nevent\ndata:1234\n\n",
            &[r#""1234" @28"#],
            "a line without colon replaces at its end",
        ),
        (
            4,
            b"id:abcd\nid:x\ndata:123\n\n",
            &[r#""123" id="x" last="x" @23"#],
            "a replaced ID no longer counts",
        ),
        (
            2,
            b"event:abc\nevent:x\ndata\n\n",
            &["overflow @9"],
            "a value counts while it is read, even if it would be replaced",
        ),
        (
            2,
            b"id:\0\0\0\ndata\n\n",
            &["overflow @6"],
            "even if it is void",
        ),
        (
            2,
            b"id:\0\0\ndata:ab\n\n",
            &[r#""ab" @15"#],
            "but not after its line",
        ),
        (
            3,
            b"id:ab\nid:\0cd\ndata:x\n\nid:ab\nid:\0cd\ndata:xy\n\n",
            &[r#""x" id="ab" last="ab" @21"#, "overflow @41"],
            "a void ID counts instead of the earlier one, which counts again after the line",
        ),
        (
            3,
            b"id:1\ndata\n\nid:2\ndata:abc\n\ndata:b\n\n",
            &[
                r#""" id="1" last="1" @11"#,
                "overflow @24",
                r#""b" last="1" @34"#,
            ],
            "a dropped event does not move the last event ID",
        ),
        (
            4,
            b"id:1\n\nid:2\ndata:abcd\n\ndata:b\n\n",
            &[
                r#"no data id="1" @6"#,
                "overflow @20",
                r#""b" last="1" @30"#,
            ],
            "nor takes back that of a block without data",
        ),
        (
            3,
            b"id:abc\n\ndata:abc\n\n",
            &[r#"no data id="abc" @8"#, r#""abc" last="abc" @18"#],
            "the ID of an earlier block does not count",
        ),
        (
            1,
            b"retry:1\n:a\ndata:ab\nretry:2\n:b\nid:c\ndata:abc\n\ndata:d\n\n",
            &["retry 1 @8", r#":"a""#, "overflow @18", r#""d" @53"#],
            "what came before stands, the rest has no effect, overflow is reported once",
        ),
        (
            1,
            b"data:ab\n\nevent:cd\n\nid:ef\n\n",
            &["overflow @7", "overflow @17", "overflow @24"],
            "once for each block, data or not",
        ),
        (
            0,
            b":abc\nretry:123\nunknown:abc\ndata\0:abc\nabc\ndata\n\n",
            &[r#":"abc""#, "retry 123 @15", r#""" retry=123 @47"#],
            "comments, retry and unknown fields do not count",
        ),
        (
            1,
            b"\xEF\xBB\xBFdata:ab",
            &["overflow @10"],
            "a BOM is part of the position",
        ),
        (
            1,
            b"data:ab\r\r\n\rdata:c\n\n",
            &["overflow @7", r#""c" @19"#],
            "one blank line ends the skipping, a further one is a block of nothing",
        ),
    ];
    for (limit, input, items, why) in rules {
        let shown = decode(input, Some(*limit), b"").items;
        let shown = shown.iter().map(show).collect::<Vec<_>>();
        assert_eq!(shown, *items, "{why}: {}", input.escape_ascii());
    }
}

#[test]
fn state_at_the_end() {
    let decoded = decode(b"id:new\n\nid:newer\n:c", None, b"old");
    assert_eq!(
        decoded.items.iter().map(show).collect::<Vec<_>>(),
        ["no data id=\"new\" @8"]
    );
    assert_eq!(decoded.last_event_id, b"new", "of the last whole block");
    assert_eq!(decoded.retry, None);
    assert_eq!(decoded.unfinished_comment.as_deref(), Some(&b"c"[..]));
}

#[test]
fn state_after_an_overflow() {
    let decoded = decode(
        b"retry:1\nid:new\ndata:abcd\nretry:2\n\n:c",
        Some(6),
        b"old",
    );
    assert_eq!(
        decoded.items.iter().map(show).collect::<Vec<_>>(),
        ["retry 1 @8", "overflow @24"]
    );
    assert_eq!(
        decoded.last_event_id, b"old",
        "not moved, and never counted"
    );
    assert_eq!(decoded.retry, Some(1), "the earlier one stands");
    assert_eq!(decoded.unfinished_comment.as_deref(), Some(&b"c"[..]));
    let skipped = decode(b"data:a\n:c", Some(0), b"");
    assert_eq!(skipped.unfinished_comment, None, "part of the skipped rest");
}

proptest! {
    /// `at` is neither too late nor too early: the stream up to there has the item, the stream up
    /// to the byte before has not.
    #[test]
    fn certain_at_that_byte(stream in stream(), limit in limit()) {
        let items = decode(&stream, limit, b"").items;
        for (index, item) in items.iter().enumerate() {
            let (Item::Event { at, .. }
            | Item::WithoutData { at, .. }
            | Item::Retry { at, .. }
            | Item::Overflow { at }) = item
            else {
                continue;
            };
            prop_assert_eq!(&decode(&stream[..*at], limit, b"").items, &items[..=index]);
            prop_assert_eq!(&decode(&stream[..*at - 1], limit, b"").items, &items[..index]);
        }
    }

    /// The line ends used make no difference to anything but the positions.
    #[test]
    fn line_ends_are_equal(stream in stream()) {
        let mut lf = Vec::new();
        for (position, &byte) in stream.iter().enumerate() {
            match byte {
                b'\r' => lf.push(b'\n'),
                b'\n' if stream[..position].ends_with(b"\r") => {}
                _ => lf.push(byte),
            }
        }
        let with = |end: &[u8]| lf.split(|&byte| byte == b'\n').collect::<Vec<_>>().join(end);
        let expected = without_positions(decode(&stream, None, b"0"));
        for end in [&b"\n"[..], b"\r", b"\r\n"] {
            prop_assert_eq!(without_positions(decode(&with(end), None, b"0")), expected.clone());
        }
    }

    /// A larger limit is never exceeded earlier, and one as large as the stream never.
    #[test]
    fn larger_limits_hold_longer(stream in stream(), limit in 0..64_usize) {
        let first = |limit| {
            let items = decode(&stream, Some(limit), b"").items;
            items.iter().find_map(|item| match item {
                Item::Overflow { at } => Some(*at),
                _ => None,
            })
        };
        let never = usize::MAX;
        prop_assert!(first(limit).unwrap_or(never) <= first(limit + 1).unwrap_or(never));
        prop_assert_eq!(first(stream.len()), None);
    }

    /// The smallest limit an event passes is what it holds.
    #[test]
    fn an_event_fits_its_own_size(event in wire_event()) {
        let input = written(&event);
        let event = event.received();
        let size = [event.event_type, Some(event.data), event.id]
            .iter()
            .flatten()
            .map(Vec::len)
            .sum::<usize>();
        prop_assert_eq!(decode(&input, Some(size), b""), decode(&input, None, b""));
        if size > 0 {
            let items = decode(&input, Some(size - 1), b"").items;
            let dropped = matches!(items.last(), Some(Item::Overflow { .. }));
            prop_assert!(dropped);
        }
    }

    #[test]
    fn written_events_are_received(event in wire_event(), inherited in "[a-z]{0,4}") {
        let input = written(&event);
        let decoded = decode(&input, None, inherited.as_bytes());
        let expected = event.received();
        let last_event_id = expected.id.clone().unwrap_or_else(|| inherited.into_bytes());
        prop_assert_eq!(
            decoded.items.last(),
            Some(&Item::Event {
                event_type: expected.event_type,
                data: expected.data,
                id: expected.id,
                retry: expected.retry,
                last_event_id,
                at: input.len(),
            })
        );
    }

    #[test]
    fn utf8_events_are_utf8(event in utf8_wire_event()) {
        for value in [event.event_type, Some(event.data), event.id].iter().flatten() {
            prop_assert!(std::str::from_utf8(value).is_ok());
        }
    }

    #[test]
    fn pieces_make_up_the_stream((stream, cuts) in cut_stream()) {
        prop_assert!(cuts.is_sorted());
        let pieces = pieces(&stream, &cuts);
        prop_assert_eq!(pieces.len(), cuts.len() + 1);
        prop_assert_eq!(pieces.concat(), stream);
    }

    #[test]
    fn cuts_are_within(cuts in cuts(5)) {
        prop_assert!(cuts.is_sorted());
        prop_assert!(cuts.iter().all(|&cut| cut <= 5));
    }
}

/// The streams drawn have what they are drawn for: otherwise the properties say nothing.
#[test]
fn streams_are_worth_decoding() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let (mut events, mut without_data, mut overflows) = (0, 0, 0);
    let (mut retries, mut comments, mut empty_pieces) = (0, 0, 0);
    for _ in 0..256 {
        let (stream, cuts) = cut_stream().new_tree(&mut runner).unwrap().current();
        empty_pieces += pieces(&stream, &cuts)
            .iter()
            .filter(|piece| piece.is_empty())
            .count();
        for item in decode(&stream, Some(12), b"").items {
            match item {
                Item::Event { .. } => events += 1,
                Item::WithoutData { .. } => without_data += 1,
                Item::Comment(_) => comments += 1,
                Item::Retry { .. } => retries += 1,
                Item::Overflow { .. } => overflows += 1,
            }
        }
    }
    let drawn = [
        events,
        without_data,
        overflows,
        retries,
        comments,
        empty_pieces,
    ];
    assert!(drawn.iter().all(|&count| count > 32), "{drawn:?}");
}

/// An item in short: `type "data" id="…" retry=… last="…" @at`, `:"comment"`, `retry … @at`,
/// `no data id="…" retry=… @at`, `overflow @at`. What an event has not is left out, and so is an empty last event ID.
fn show(item: &Item) -> String {
    match item {
        Item::Event {
            event_type,
            data,
            id,
            retry,
            last_event_id,
            at,
        } => {
            let mut shown = String::new();
            if let Some(event_type) = event_type {
                shown += &format!("{} ", event_type.escape_ascii());
            }
            shown += &format!("\"{}\"", data.escape_ascii());
            if let Some(id) = id {
                shown += &format!(" id=\"{}\"", id.escape_ascii());
            }
            if let Some(retry) = retry {
                shown += &format!(" retry={retry}");
            }
            if !last_event_id.is_empty() {
                shown += &format!(" last=\"{}\"", last_event_id.escape_ascii());
            }
            format!("{shown} @{at}")
        }
        Item::WithoutData { id, retry, at } => {
            let mut shown = "no data".to_owned();
            if let Some(id) = id {
                shown += &format!(" id=\"{}\"", id.escape_ascii());
            }
            if let Some(retry) = retry {
                shown += &format!(" retry={retry}");
            }
            format!("{shown} @{at}")
        }
        Item::Comment(text) => format!(":\"{}\"", text.escape_ascii()),
        Item::Retry { millis, at } => format!("retry {millis} @{at}"),
        Item::Overflow { at } => format!("overflow @{at}"),
    }
}

fn without_positions(mut decoded: Decoded) -> Decoded {
    for item in &mut decoded.items {
        if let Item::Event { at, .. }
        | Item::WithoutData { at, .. }
        | Item::Retry { at, .. }
        | Item::Overflow { at } = item
        {
            *at = 0;
        }
    }
    decoded
}

/// An encoder as naive as the oracle.
fn written(event: &WireEvent) -> Vec<u8> {
    let event = event.received();
    let mut stream = Vec::new();
    let mut field = |name: &str, value: &[u8]| {
        stream.extend_from_slice(name.as_bytes());
        stream.extend_from_slice(b": ");
        stream.extend_from_slice(value);
        stream.push(b'\n');
    };
    if let Some(event_type) = &event.event_type {
        field("event", event_type);
    }
    if let Some(id) = &event.id {
        field("id", id);
    }
    if let Some(retry) = event.retry {
        field("retry", retry.to_string().as_bytes());
    }
    for line in event.data.split(|&byte| byte == b'\n') {
        field("data", line);
    }
    stream.push(b'\n');
    stream
}
