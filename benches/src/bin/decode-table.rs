//! The decode table: ours, the floors and the peers on every corpus and chunk size, in one run.

use std::{
    io::{self, IsTerminal},
    time::Instant,
};

use benches::{
    aims,
    args::Args,
    corpus::{Corpus, Kind},
    decode::{
        self, Decoder, Role,
        cell::{Cell, Figure, measure},
        sizes,
    },
    measure::Effort,
    report::{Table, print_head, ratio, size, write_json},
};

const USAGE: &str = "\
decode-table [--quick] [--rounds N] [--corpus a,b] [--chunk 65536,1400] [--only ours,floor]
             [--json FILE]

corpora: a a-ascii b c d d-const e f g h; chunks: 1048576 (c only) 65536 16384 1400 64
--only takes names (ours, ours-str, plain, memchr2, sse-core, …) and parts: ours, floor, peer";

const CHUNKS: [usize; 5] = [1 << 20, 64 << 10, 16 << 10, 1400, 64];

fn main() -> io::Result<()> {
    let args = Args::from_env(USAGE);
    let started = Instant::now();
    let decoders: Vec<Decoder> = decode::all()
        .into_iter()
        .filter(|decoder| args.wants(decoder.name, part(decoder.role)))
        .collect();
    print_head(&[
        "sse-codec",
        "memchr",
        "wide",
        "simdutf8",
        "sse-core",
        "sse-stream",
        "sseer",
        "eventsource-stream",
        "eventsource-client",
        "async-sse",
        "sse-parse",
        "stream-rs",
        "eventsrc",
    ]);
    let effort = Effort::from_args(&args);
    let len = if args.quick {
        Corpus::LEN / 4
    } else {
        Corpus::LEN
    };
    let mut cells = Vec::new();
    for kind in Kind::ALL
        .into_iter()
        .filter(|kind| args.wants_corpus(kind.name()))
    {
        let corpus = Corpus::new(kind, len);
        let first = cells.len();
        for chunk in CHUNKS {
            if args.wants_chunk(chunk) && (chunk < 1 << 20 || kind == Kind::Long) {
                if io::stderr().is_terminal() {
                    eprint!("\r{} in {}        \r", kind.name(), size(chunk));
                }
                cells.push(measure(&corpus, chunk, &decoders, effort));
            }
        }
        print_corpus(&corpus, &cells[first..]);
    }
    println!("## Ratios\n\n{}\n{RATIOS}", summary(&cells));
    print_problems(&cells);
    println!("\n## Bytes of state\n");
    sizes()
        .iter()
        .for_each(|(name, bytes)| println!("- {name}: {bytes}"));
    println!("\nTook {} s.", started.elapsed().as_secs());
    write_json(&args, &cells)
}

const RATIOS: &str = "\
How many times as fast, with ✓ or ✗ and the aim where there is one. memchr2: `memchr2_iter` over
CR/LF in the same chunks; for (c) in chunks that do not hold the line, one memcpy and one such scan.
peer: the fastest peer that finds what is there. str: with `data_str()` on every event, which is
what the peers give. plain: the crate without any feature (memchr's own feature `std` stays on, the
peers ask for it).";

fn part(role: Role) -> &'static str {
    match role {
        Role::Ours | Role::OursText => "ours",
        Role::Floor => "floor",
        Role::Peer => "peer",
    }
}

/// Everybody's figures for one corpus.
fn print_corpus(corpus: &Corpus, cells: &[Cell]) {
    let whole = corpus.whole();
    println!(
        "## {}: {}\n\n{} bytes, {} blocks of {:.1} B. MB/s · ns/event · allocations/event\n",
        corpus.kind.name(),
        corpus.kind.about(),
        whole.len,
        whole.blocks,
        whole.len as f64 / whole.blocks as f64,
    );
    let chunks: Vec<String> = cells.iter().map(|cell| size(cell.chunk)).collect();
    let head: Vec<&str> = [""]
        .into_iter()
        .chain(chunks.iter().map(String::as_str))
        .collect();
    let mut table = Table::new(&head);
    let names = cells
        .first()
        .map(|cell| cell.figures.iter().map(|figure| figure.name));
    for name in names.into_iter().flatten() {
        let figures = cells
            .iter()
            .map(|cell| cell.get(name).map_or_else(String::new, figure));
        table.row([name.to_owned()].into_iter().chain(figures));
    }
    println!("{table}");
}

fn figure(figure: &Figure) -> String {
    let Figure {
        mb_per_s,
        ns_per_event,
        allocs_per_event,
        ..
    } = figure;
    let noisy = if figure.noisy { " ~" } else { "" };
    let wrong = if figure.wrong.is_some() { " wrong" } else { "" };
    format!("{mb_per_s:.0} · {ns_per_event:.1} · {allocs_per_event:.2}{noisy}{wrong}")
}

/// Ours against the floors and the fastest peer.
fn summary(cells: &[Cell]) -> Table {
    let mut table = Table::new(&[
        "corpus",
        "chunk",
        "MB/s",
        "ns/event",
        "allocs",
        "÷ memchr2",
        "÷ mask",
        "÷ memcpy",
        "÷ peer",
        "fastest peer",
        "str ÷ peer",
        "plain ÷ peer",
        "plain str ÷ peer",
    ]);
    for cell in cells {
        let Some(ours) = cell.get("ours") else {
            continue;
        };
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == cell.corpus);
        let aim = kind.and_then(|kind| aims::decode(kind, cell.chunk));
        let copied = cell.corpus == "c" && matches!(cell.chunk, 16_384..1_048_576);
        let floor: &[&str] = if copied {
            &["memcpy", "memchr2"]
        } else {
            &["memchr2"]
        };
        table.row([
            cell.corpus.to_owned(),
            size(cell.chunk),
            format!("{:.0}", ours.mb_per_s),
            format!("{:.1}", ours.ns_per_event),
            format!("{:.2}", ours.allocs_per_event),
            ratio(cell.to_floor("ours", floor), aim.and_then(|aim| aim.floor)),
            ratio(cell.to_floor("ours", &["mask"]), None),
            ratio(cell.to_floor("ours", &["memcpy"]), None),
            ratio(cell.to_peer("ours"), aim.map(|aim| aim.peer)),
            cell.fastest_peer()
                .map_or_else(String::new, |peer| peer.name.to_owned()),
            ratio(cell.to_peer("ours-str"), aim.and_then(|aim| aim.text)),
            // Without the feature: no slower than the fastest peer at 1400 B and above.
            ratio(cell.to_peer("plain"), (cell.chunk >= 1400).then_some(1.0)),
            ratio(cell.to_peer("plain-str"), None),
        ]);
    }
    table
}

/// Who found something else than is there, and what was disturbed.
fn print_problems(cells: &[Cell]) {
    let figures = || {
        cells
            .iter()
            .flat_map(|cell| cell.figures.iter().map(move |figure| (cell, figure)))
    };
    for (cell, figure) in figures() {
        if let Some(wrong) = &figure.wrong {
            println!(
                "- {} on {} in {}: {wrong}",
                figure.name,
                cell.corpus,
                size(cell.chunk)
            );
        }
    }
    let (all, noisy) = (
        figures().count(),
        figures().filter(|(_, figure)| figure.noisy).count(),
    );
    if noisy > 0 {
        println!(
            "\n**Noise**: in {noisy} of {all} figures (marked ~) the middle half of the rounds \
             spreads by more than 10 %. Close what else runs, or give more --rounds.",
        );
    }
}
