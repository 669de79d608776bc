//! What property tests draw from: event streams, ways to cut them, and events to be encoded.

use proptest::{collection::vec, option, prelude::*, sample};

/// A stream made of the pieces that matter to the grammar, so that most of its lines are fields or
/// nearly so, and some of its blocks events. Up to a few hundred bytes.
pub fn stream() -> impl Strategy<Value = Vec<u8>> {
    let written = (stream_start(), vec(line(), 0..24), unfinished_line())
        .prop_map(|(start, lines, rest)| [start, lines.concat(), rest].concat());
    let scattered = vec(
        sample::select(b"data:: \r\n\n\0ideventry17\xEF\xBB\xBF".to_vec()),
        0..48,
    );
    prop_oneof![9 => written, 1 => scattered]
}

/// How many bytes an event of a [`stream`] may hold: nothing to plenty, or no limit.
pub fn limit() -> impl Strategy<Value = Option<usize>> {
    option::weighted(0.8, prop_oneof![0..12_usize, 0..64_usize])
}

/// Where to cut a stream of this length: positions in order, some more than once (an empty chunk).
pub fn cuts(length: usize) -> impl Strategy<Value = Vec<usize>> {
    cutting().prop_map(move |cutting| cutting.of(length))
}

/// A [`stream`] and where to cut it. Either shrinks without the other.
pub fn cut_stream() -> impl Strategy<Value = (Vec<u8>, Vec<usize>)> {
    (stream(), cutting()).prop_map(|(stream, cutting)| {
        let cuts = cutting.of(stream.len());
        (stream, cuts)
    })
}

/// The stream in pieces, one more than there are cuts.
pub fn pieces<'a>(stream: &'a [u8], cuts: &[usize]) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    let mut start = 0;
    for &cut in cuts {
        pieces.push(&stream[start..cut]);
        start = cut;
    }
    pieces.push(&stream[start..]);
    pieces
}

/// An event with data that can be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireEvent {
    /// Without CR and LF. May be empty.
    pub event_type: Option<Vec<u8>>,
    /// With any line ends.
    pub data: Vec<u8>,
    /// Without CR, LF and NUL. May be empty.
    pub id: Option<Vec<u8>>,
    /// In milliseconds.
    pub retry: Option<u64>,
}

impl WireEvent {
    /// What a receiver makes of it: CRLF and CR in the data are LF, and an empty type is none.
    pub fn received(&self) -> Self {
        let mut data = Vec::new();
        for (position, &byte) in self.data.iter().enumerate() {
            match byte {
                b'\r' => data.push(b'\n'),
                b'\n' if self.data[..position].ends_with(b"\r") => {}
                _ => data.push(byte),
            }
        }
        Self {
            event_type: self.event_type.clone().filter(|value| !value.is_empty()),
            data,
            ..self.clone()
        }
    }
}

/// An event of arbitrary bytes.
pub fn wire_event() -> impl Strategy<Value = WireEvent> {
    wire_event_of(&[TEXT, NOT_UTF_8].concat())
}

/// An event whose values are UTF-8.
pub fn utf8_wire_event() -> impl Strategy<Value = WireEvent> {
    wire_event_of(TEXT)
}

fn wire_event_of(text: &[&'static [u8]]) -> impl Strategy<Value = WireEvent> + use<> {
    let without_nul = bytes_of(text, 0..6);
    let one_line = bytes_of(&[text, &[b"\0"]].concat(), 0..6);
    let lines = bytes_of(&[text, LINE_ENDS, LINE_ENDS, &[b"\0"]].concat(), 0..16);
    (
        option::of(one_line),
        lines,
        option::of(without_nul),
        option::of(milliseconds()),
    )
        .prop_map(|(event_type, data, id, retry)| WireEvent {
            event_type,
            data,
            id,
            retry,
        })
}

fn milliseconds() -> impl Strategy<Value = u64> {
    prop_oneof![Just(0), Just(3_000), Just(u64::MAX), any::<u64>()]
}

fn stream_start() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => Just(&b""[..]),
        4 => sample::select(STREAM_STARTS),
    ]
    .prop_map(<[u8]>::to_vec)
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof![
        3 => Just(Vec::new()),
        8 => field(),
        1 => bytes_of(VALUES, 0..4).prop_map(|comment| [b":", &comment[..]].concat()),
    ];
    (text, sample::select(LINE_ENDS)).prop_map(|(text, end)| [&text, end].concat())
}

fn unfinished_line() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => Just(Vec::new()),
        1 => field(),
        1 => bytes_of(VALUES, 0..4),
    ]
}

fn field() -> impl Strategy<Value = Vec<u8>> {
    let name = prop_oneof![
        5 => Just(&b"data"[..]),
        6 => sample::select(FIELDS),
        2 => sample::select(NEAR_MISSES),
    ];
    let value = prop_oneof![
        1 => Just(Vec::new()),
        5 => (sample::select(SEPARATORS), bytes_of(VALUES, 0..4))
            .prop_map(|(separator, value)| [separator, &value[..]].concat()),
    ];
    let field = (name, value).prop_map(|(name, value)| [name, &value[..]].concat());
    let retry = (sample::select(RETRY_STARTS), bytes_of(NUMBERS, 0..3))
        .prop_map(|(start, value)| [start, &value[..]].concat());
    prop_oneof![7 => field, 1 => retry]
}

/// A few of these, one after the other.
fn bytes_of(
    pieces: &[&'static [u8]],
    count: core::ops::Range<usize>,
) -> impl Strategy<Value = Vec<u8>> + use<> {
    vec(sample::select(pieces.to_vec()), count).prop_map(|pieces| pieces.concat())
}

/// A way to cut a stream of any length.
#[derive(Clone, Debug)]
enum Cutting {
    BetweenAllBytes,
    /// Each so many times.
    At(Vec<(sample::Index, usize)>),
}

impl Cutting {
    fn of(&self, length: usize) -> Vec<usize> {
        match self {
            Self::BetweenAllBytes => (1..length).collect(),
            Self::At(places) => {
                let mut cuts = Vec::new();
                for (place, times) in places {
                    cuts.extend(vec![place.index(length + 1); *times]);
                }
                cuts.sort_unstable();
                cuts
            }
        }
    }
}

fn cutting() -> impl Strategy<Value = Cutting> {
    let times = prop_oneof![4 => Just(1_usize), 1 => Just(2_usize)];
    prop_oneof![
        8 => vec((any::<sample::Index>(), times), 0..8).prop_map(Cutting::At),
        1 => Just(Cutting::BetweenAllBytes),
    ]
}

const LINE_ENDS: &[&[u8]] = &[b"\n", b"\r", b"\r\n"];

const FIELDS: &[&[u8]] = &[b"event", b"id", b"retry"];

/// Names that are no field's.
const NEAR_MISSES: &[&[u8]] = &[
    b"d",
    b"dat",
    b"datas",
    b"data\0",
    b"data ",
    b" data",
    b"\xEF\xBB\xBFdata",
    b"Data",
    b"DATA",
    b"i",
    b"ID",
    b"ids",
    b"id\0",
    b"even",
    b"events",
    b"Event",
    b"retr",
    b"retry\t",
    b"comment",
    b"\0",
    b"\xFF",
];

const SEPARATORS: &[&[u8]] = &[b":", b":", b": ", b": ", b":  ", b"::", b": :"];

const VALUES: &[&[u8]] = &[
    b"a",
    b"bc",
    b"hello",
    b" ",
    b":",
    b"\t",
    b"\0",
    b"data",
    b"0",
    b"25",
    b"\xEF\xBB\xBF",
    b"\xC3\xA9",
    b"\xC3",
    b"\xA9",
    b"\xF0\x9F\x98",
    b"\xFF",
];

const RETRY_STARTS: &[&[u8]] = &[b"retry:", b"retry: "];

/// Numbers as `retry` wants them, and some it does not.
const NUMBERS: &[&[u8]] = &[
    b"0",
    b"1",
    b"25",
    b"007",
    b"3000",
    b"18446744073709551615",
    b"18446744073709551616",
    b"100000000000000000000000000000",
    b"-1",
    b"+1",
    b"1.5",
    b"1_000",
    b" 1",
    b"\xD9\xA1",
];

/// A BOM, nearly one, more than one.
const STREAM_STARTS: &[&[u8]] = &[
    b"\xEF\xBB\xBF",
    b"\xEF\xBB\xBF",
    b"\xEF",
    b"\xEF\xBB",
    b"\xBB\xBF",
    b"\xEF\xBB\xBE",
    b"\xEF\xEF\xBB\xBF",
    b"\xEF\xBB\xBF\xEF\xBB",
    b"\xEF\xBB\xBF\xEF\xBB\xBF",
    b"\xFE\xFF",
];

/// For events: what a value is made of that is one line and has no NUL.
const TEXT: &[&[u8]] = &[
    b"a",
    b"bc",
    b" ",
    b":",
    b"\t",
    b"data:",
    b"id: 1",
    b"0",
    b"\xEF\xBB\xBF",
    b"\xC2\x85",
    b"\xE2\x80\xA8",
    b"\xF0\x9F\x98\x80",
];

const NOT_UTF_8: &[&[u8]] = &[b"\xC3", b"\xA9", b"\xF0\x9F", b"\xFF", b"\xED\xA0\x80"];
