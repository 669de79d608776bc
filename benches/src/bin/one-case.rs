//! One case, so many times and nothing else: for callgrind, perf and other profilers.
//!
//! `one-case CASE N` runs the case `N` times over the same bytes and prints how many events that
//! were in one time. The difference between two runs with different `N` is free of what comes
//! before (`instructions.sh` counts that way).

use std::{hint::black_box, process};

#[cfg(feature = "read")]
use benches::read;
use benches::{
    corpus::{Corpus, Kind},
    decode,
    encode::{self, Wire, cases},
};

/// Decoding: corpus, chunk size, contestant.
const DECODE: [(&str, Kind, usize, &str); 13] = [
    ("a-64k", Kind::Tokens, 64 << 10, "ours"),
    ("a-1400", Kind::Tokens, 1400, "ours"),
    ("a-64", Kind::Tokens, 64, "ours"),
    ("b-64k", Kind::Typed, 64 << 10, "ours"),
    ("b-64", Kind::Typed, 64, "ours"),
    ("h-64k", Kind::Ids, 64 << 10, "ours"),
    ("h-64", Kind::Ids, 64, "ours"),
    ("d-64k", Kind::Tiny, 64 << 10, "ours"),
    ("e-64k", Kind::Lines, 64 << 10, "ours"),
    ("f-64k", Kind::Heartbeats, 64 << 10, "ours"),
    ("f-64", Kind::Heartbeats, 64, "ours"),
    ("a-64k-str", Kind::Tokens, 64 << 10, "ours-str"),
    ("a-64k-plain", Kind::Tokens, 64 << 10, "plain"),
];

/// Reading by an `EventReader`: corpus, way.
#[cfg(feature = "read")]
const READ: [(&str, Kind, read::Way); 5] = [
    ("read-a", Kind::Tokens, read::owned),
    ("read-d", Kind::Tiny, read::owned),
    ("lend-a", Kind::Tokens, read::lent),
    ("lend-b", Kind::Typed, read::lent),
    ("lend-d", Kind::Tiny, read::lent),
];

/// Encoding: case, contestant.
const ENCODE: [(&str, &str, &str); 6] = [
    ("json-slice", "json", "ours-slice"),
    ("json-vec", "json", "ours-vec"),
    ("json-slices", "json", "ours-slices"),
    ("lines-slice", "lines", "ours-slice"),
    ("lines-vec", "lines", "ours-vec"),
    ("lines-slices", "lines", "ours-slices"),
];

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [case, times] = args.as_slice() else {
        usage()
    };
    let Ok(times) = times.parse() else { usage() };
    match run(case, times) {
        Some(events) => println!("{events}"),
        None => usage(),
    }
}

fn usage() -> ! {
    eprintln!("one-case CASE N; cases:");
    DECODE.iter().for_each(|case| eprintln!("  {}", case.0));
    #[cfg(feature = "read")]
    READ.iter().for_each(|case| eprintln!("  {}", case.0));
    ENCODE.iter().for_each(|case| eprintln!("  {}", case.0));
    process::exit(2)
}

/// How many events one time has.
fn run(name: &str, times: usize) -> Option<usize> {
    if let Some((_, kind, chunk, who)) = DECODE.iter().find(|case| case.0 == name) {
        let decoder = decode::all()
            .into_iter()
            .find(|decoder| decoder.name == *who)?;
        let corpus = Corpus::new(*kind, 256 << 10);
        let input = corpus.input(corpus.whole(), *chunk);
        for _ in 0..times {
            black_box((decoder.run)(black_box(input)));
        }
        return Some(corpus.whole().blocks);
    }
    #[cfg(feature = "read")]
    if let Some((_, kind, read)) = READ.iter().find(|case| case.0 == name) {
        let corpus = Corpus::new(*kind, 256 << 10);
        let stream = corpus.input(corpus.whole(), usize::MAX).chunks().next()?;
        for _ in 0..times {
            black_box(read(black_box(stream)));
        }
        return Some(corpus.whole().blocks);
    }
    let (_, case, who) = ENCODE.iter().find(|case| case.0 == name)?;
    let encoder = encode::all()
        .into_iter()
        .find(|encoder| encoder.name == *who)?;
    let case = cases::all().into_iter().find(|found| found.name == *case)?;
    for _ in 0..times {
        black_box((encoder.run)(case.work, &mut Wire::default()));
    }
    Some(case.work.len())
}
