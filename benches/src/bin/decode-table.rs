//! The decode table: ours, the floors and the peers on every corpus and chunk size, in one run.

use std::{
    io::{self, IsTerminal},
    time::Instant,
};

use benches::{
    args::Args,
    corpus::{Corpus, Kind},
    decode::{self, Decoder, Role, cell::measure, table},
    measure::Effort,
    report::{Head, size, write_json},
};

const USAGE: &str = "\
decode-table [--quick] [--rounds N] [--corpus a,b] [--chunk 65536,1400] [--only ours,floor]
             [--json FILE]

corpora: a a-ascii b c d d-const e f g h; chunks: 1048576 (c only) 65536 16384 1400 64
        16 1
--only takes names (ours, ours-str, plain, memchr2, sse-core, …) and parts: ours, floor, peer";

const CHUNKS: [usize; 7] = [1 << 20, 64 << 10, 16 << 10, 1400, 64, 16, 1];

fn main() -> io::Result<()> {
    let args = Args::from_env(USAGE);
    let started = Instant::now();
    let decoders: Vec<Decoder> = decode::all()
        .into_iter()
        .filter(|decoder| args.wants(decoder.name, part(decoder.role)))
        .collect();
    let head = Head::new(&[
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
    print!("{head}");
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
        println!("{}", table::corpus(&cells[first..]));
    }
    print!("{}", table::summary(&cells));
    println!("\nTook {} s.", started.elapsed().as_secs());
    write_json(&args, head, cells)
}

fn part(role: Role) -> &'static str {
    match role {
        Role::Ours | Role::OursText => "ours",
        Role::Floor => "floor",
        Role::Peer => "peer",
    }
}
