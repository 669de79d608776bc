//! The part of the README with the figures.

use std::io;

use benches::{
    corpus::Kind,
    decode::cell::Cell,
    encode::table::{Case, Figures},
    report::{Head, Report, Table, size},
    sizes::sizes,
};

/// The streams and chunks of the short table: the others are variants.
const KINDS: [Kind; 8] = [
    Kind::Tokens,
    Kind::Typed,
    Kind::Long,
    Kind::Tiny,
    Kind::Lines,
    Kind::Heartbeats,
    Kind::Crlf,
    Kind::Ids,
];
/// What a pipe, a packet and a serial port bring at once.
pub(crate) const CHUNKS: [usize; 3] = [64 << 10, 1400, 64];

const BEGIN: &str = "<!-- figures -->\n";
const END: &str = "<!-- /figures -->\n";

/// The README with these figures between its marks.
pub(crate) fn with_figures(
    readme: &str,
    decode: &Report<Vec<Cell>>,
    encode: &Report<Figures>,
) -> io::Result<String> {
    let parts = readme.split_once(BEGIN).and_then(|(before, rest)| {
        let (_, after) = rest.split_once(END)?;
        Some((before, after))
    });
    let (before, after) = parts.ok_or_else(|| io::Error::other("README.md has no marks"))?;
    let figures = section(decode, encode);
    Ok(format!("{before}{BEGIN}{figures}{END}{after}"))
}

fn section(decode: &Report<Vec<Cell>>, encode: &Report<Figures>) -> String {
    let sizes = sizes().map(|(what, bytes)| format!("{what} {bytes}"));
    let paragraphs = [
        "## Speed".to_owned(),
        "![Decoding LLM tokens in gigabytes per second: sse-codec, its peers, and a scan for line \
         ends](benches/figures/decode.svg)"
            .to_owned(),
        format!(
            "`sh benches/tables.sh`, {}, {}. All run in one process and in turns, after a check \
             that they are right; a ratio travels better than a time. Peers check that data is \
             UTF-8, ours does when asked for text.{}",
            decode.head.date,
            decode.head.machine,
            noise(&decode.figures),
        ),
        format!("Decoding, in chunks of {}:", slashed(CHUNKS.map(size))),
        decode_table(&decode.figures).to_string(),
        "¹ `memchr2_iter` over CR and LF of the same chunks, and nothing else.".to_owned(),
        "Encoding:".to_owned(),
        encode_table(&encode.figures.cases).to_string(),
        format!(
            "All figures, the aims that were set, and by how much and why some are missed: \
             [decode](benches/figures/decode.md), [encode](benches/figures/encode.md). {LIMITS}"
        ),
        format!("Peers: {}.", peers(decode, encode)),
        format!(
            "Bytes of state on {} bits: {}.",
            usize::BITS,
            sizes.join(", ")
        ),
    ];
    paragraphs.map(|text| wrapped(&text)).join("\n")
}

/// A word about it, if more than a tenth of the figures are disturbed.
fn noise(cells: &[Cell]) -> String {
    let figures = || cells.iter().flat_map(|cell| &cell.figures);
    let (all, noisy) = (
        figures().count(),
        figures().filter(|figure| figure.noisy).count(),
    );
    if noisy * 10 <= all {
        return String::new();
    }
    format!(" **The machine was busy**: {noisy} of {all} figures are uncertain by 10 % or more.")
}

/// Paragraphs in lines of a hundred characters; tables as they are.
fn wrapped(text: &str) -> String {
    if text.starts_with('|') {
        return text.to_owned();
    }
    let (mut lines, mut length) = (String::new(), 0);
    for word in text.split(' ') {
        let more = word.chars().count();
        if length > 0 {
            let fits = length + 1 + more <= 100;
            lines.push(if fits { ' ' } else { '\n' });
            length = if fits { length + 1 } else { 0 };
        }
        lines.push_str(word);
        length += more;
    }
    lines + "\n"
}

/// The versions of everybody who takes part.
fn peers(decode: &Report<Vec<Cell>>, encode: &Report<Figures>) -> String {
    let names = |head: &Head| {
        let floor = ["sse-codec", "memchr", "wide", "simdutf8", "serde_json"];
        let peers = head.versions.iter();
        let peers = peers.filter(|(name, _)| !floor.contains(&&**name));
        peers
            .map(|(name, version)| format!("{name} {version}"))
            .collect::<Vec<_>>()
    };
    let mut peers = names(&decode.head);
    peers.extend(names(&encode.head));
    peers.sort();
    peers.dedup();
    peers.join(", ")
}

/// Of both tables, the short of what they say.
const LIMITS: &str = "\
In large chunks the decisions for each event take the time, one of which no predictor learns, since \
lengths are random; in small ones, putting the state away and taking it up again at every cut.";

fn decode_table(cells: &[Cell]) -> Table {
    let mut table = Table::new(&[
        "stream",
        "ns per event",
        "× fastest peer",
        "which is",
        "× scan¹",
    ]);
    for kind in KINDS {
        table.row(decode_row(cells, kind, kind.about(), "ours"));
        if kind == Kind::Tokens {
            table.row(decode_row(cells, kind, "… as checked text", "ours-str"));
        }
    }
    table
}

fn decode_row(cells: &[Cell], kind: Kind, title: &str, who: &str) -> [String; 5] {
    let cells = CHUNKS.map(|chunk| {
        let mut cells = cells.iter();
        cells.find(|cell| cell.corpus == kind.name() && cell.chunk == chunk)
    });
    let each =
        |f: &dyn Fn(&Cell) -> Option<f64>| slashed(cells.map(|cell| digits(cell.and_then(f))));
    let mut peers: Vec<&str> = Vec::new();
    for peer in cells
        .iter()
        .flatten()
        .filter_map(|cell| cell.fastest_peer())
    {
        if !peers.contains(&&*peer.name) {
            peers.push(&peer.name);
        }
    }
    [
        title.to_owned(),
        each(&|cell| Some(cell.get(who)?.ns_per_event)),
        each(&|cell| cell.to_peer(who)),
        peers.join(", "),
        each(&|cell| cell.to_floor(who, &["memchr2"])),
    ]
}

fn encode_table(cases: &[Case]) -> Table {
    let mut table = Table::new(&[
        "event",
        "into a slice, ns",
        "into a `Vec`, ns",
        "fastest correct peer, ns",
        "× peer",
    ]);
    for case in cases {
        let ns = |name: &str| {
            let mut figures = case.figures.iter();
            Some(figures.find(|figure| figure.name == name)?.ns_per_event)
        };
        let [slice, vec] = ["ours-slice", "ours-vec"].map(ns);
        let peer = case.fastest_peer();
        let times = peer.zip(slice).map(|(peer, ours)| peer.ns_per_event / ours);
        table.row([
            case.about.clone(),
            digits(slice),
            digits(vec),
            peer.map_or_else(String::new, |peer| {
                format!("{} ({})", digits(Some(peer.ns_per_event)), peer.name)
            }),
            digits(times),
        ]);
    }
    table
}

fn slashed(parts: [String; 3]) -> String {
    parts.join(" / ")
}

/// Two digits or more, and a thousands' separator.
fn digits(value: Option<f64>) -> String {
    match value {
        None => "–".to_owned(),
        Some(value) if value < 9.95 => format!("{value:.1}"),
        Some(value) if value < 999.5 => format!("{value:.0}"),
        Some(value) => format!("{},{:03}", value as u64 / 1000, value as u64 % 1000),
    }
}
