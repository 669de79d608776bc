//! Work is linear in bytes: nanoseconds per byte of ours for events of 1 B to 16 MiB in chunks of
//! 1 B to 1 MiB, whatever is in them.
//!
//! A row that is linear shows the same figure in every column, but for what an event costs in
//! itself (on the left) and for memory being slower than the caches (on the right). Quadratic work
//! shows in figures that grow sixteenfold from column to column.

use std::{hint::black_box, io, time::Duration};

use benches::{
    args::Args,
    decode::Decoder,
    input::Input,
    measure::time,
    report::{Head, Table, size, write_json},
};
use serde::Serialize;

const USAGE: &str = "linear [--quick] [--case line,lines] [--chunk 1,64] [--json FILE]";

const CHUNKS: [usize; 5] = [1, 64, 1400, 64 << 10, 1 << 20];
const EVENTS: [usize; 7] = [1, 64, 1 << 10, 16 << 10, 256 << 10, 4 << 20, 16 << 20];

/// What an event is made of: how it begins, and what is repeated until it is large enough.
struct Shape {
    name: &'static str,
    begins: &'static str,
    repeats: &'static str,
    limit: usize,
}

const fn shape(name: &'static str, begins: &'static str, repeats: &'static str) -> Shape {
    Shape {
        name,
        begins,
        repeats,
        limit: 64 << 20,
    }
}

const SHAPES: [Shape; 12] = [
    shape("line", "data: ", "x"),
    shape(
        "lines",
        "",
        "data: 0123456789012345678901234567890123456789\n",
    ),
    shape("empty-lines", "", "data\n"),
    shape("cr", "", "data: x\r"),
    shape("crlf", "", "data: x\r\n"),
    shape("comment", ":", "x"),
    shape("comments", "", ": x\n"),
    shape("unknown", "", "unknown: x\n"),
    shape("ids", "data: x\n", "id: 01234567\n"),
    shape("types", "data: x\n", "event: update\n"),
    shape("retries", "data: x\n", "retry: 1000\n"),
    Shape {
        limit: 1 << 10,
        ..shape("too-long", "data: ", "x")
    },
];

#[derive(Serialize)]
struct Row {
    shape: &'static str,
    chunk: usize,
    /// By event size.
    ns_per_byte: Vec<(usize, f64)>,
}

fn main() -> io::Result<()> {
    let args = Args::from_env(USAGE);
    let (events, runs) = if args.quick {
        (&EVENTS[..6], 1)
    } else {
        (&EVENTS[..], 3)
    };
    let sizes: Vec<String> = events.iter().map(|event| size(*event)).collect();
    let head: Vec<&str> = ["content", "chunk"]
        .into_iter()
        .chain(sizes.iter().map(String::as_str))
        .chain([""])
        .collect();
    let mut table = Table::new(&head);
    let mut rows = Vec::new();
    for shape in SHAPES.iter().filter(|shape| args.wants_corpus(shape.name)) {
        let streams: Vec<&[u8]> = events
            .iter()
            .map(|event| shape.stream(*event).leak() as &_)
            .collect();
        for chunk in CHUNKS.into_iter().filter(|chunk| args.wants_chunk(*chunk)) {
            let ns_per_byte = events.iter().zip(&streams).map(|(event, stream)| {
                let input = Input::new(stream, chunk);
                let run = || {
                    black_box(Decoder::GROWABLE(input, shape.limit));
                };
                let taken = (0..runs).map(|_| time(run)).min().unwrap_or(Duration::ZERO);
                (*event, taken.as_nanos() as f64 / stream.len() as f64)
            });
            let row = Row {
                shape: shape.name,
                chunk,
                ns_per_byte: ns_per_byte.collect(),
            };
            let cells = row.ns_per_byte.iter().map(|(_, ns)| format!("{ns:.3}"));
            let verdict = if row.is_linear() { "✓" } else { "✗ grows" };
            let names = [row.shape.to_owned(), size(chunk)];
            table.row(names.into_iter().chain(cells).chain([verdict.to_owned()]));
            rows.push(row);
        }
    }
    println!("Nanoseconds per byte, by the size of an event\n\n{table}");
    let grows = rows.iter().filter(|row| !row.is_linear()).count();
    println!("{} of {} rows are linear.", rows.len() - grows, rows.len());
    write_json(&args, Head::new(&["sse-codec"]), rows)
}

impl Shape {
    /// At least 2 MiB of events of this size.
    fn stream(&self, event: usize) -> Vec<u8> {
        let mut block = self.begins.to_owned();
        while block.len() < self.begins.len() + event {
            block.push_str(self.repeats);
        }
        block.push_str(if block.ends_with(['\n', '\r']) {
            "\n"
        } else {
            "\n\n"
        });
        block
            .repeat((2_usize << 20).div_ceil(block.len()))
            .into_bytes()
    }
}

impl Row {
    /// From 1 KiB on a sixteen times larger event costs less than four times as much for a byte.
    /// Figures below 0.4 ns count as 0.4: that is what memory costs that is touched for the first
    /// time, which large events on the heap do.
    fn is_linear(&self) -> bool {
        let large: Vec<f64> = self
            .ns_per_byte
            .iter()
            .filter(|(event, _)| *event >= 1 << 10)
            .map(|(_, ns)| *ns)
            .collect();
        large
            .windows(2)
            .all(|pair| pair[1] < pair[0].max(0.4) * 4.0)
    }
}
