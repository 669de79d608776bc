//! The encode table: ours in its ways, one copy, and the peers, in one run.

use std::{collections::BTreeMap, io, time::Instant};

use benches::{
    aims, alloc,
    args::Args,
    encode::{
        self, Encoder, Role, Wire,
        cases::{self, Case},
        verdict::{hard_cases, is_right, record},
    },
    measure::{Effort, interleave},
    report::{Table, print_head, ratio, write_json},
};
use serde::Serialize;

const USAGE: &str = "\
encode-table [--quick] [--rounds N] [--case json,lines] [--only ours,floor] [--json FILE]

cases: json lines lines-random json-64k heartbeat serde
--only takes names (ours-slice, ours-vec, axum, …) and parts: ours, floor, peer";

fn main() -> io::Result<()> {
    let args = Args::from_env(USAGE);
    let started = Instant::now();
    let encoders: Vec<Encoder> = encode::all()
        .into_iter()
        .filter(|encoder| args.wants(encoder.name, part(encoder.role)))
        .collect();
    print_head(&[
        "sse-codec",
        "memchr",
        "wide",
        "serde_json",
        "sse-stream",
        "russe",
        "actix-web-lab",
        "axum",
        "warp",
        "poem",
        "salvo",
    ]);
    print_verdicts(&encoders);
    let effort = Effort::from_args(&args);
    let mut rows = BTreeMap::new();
    for case in cases::all()
        .into_iter()
        .filter(|case| args.wants_corpus(case.name))
    {
        let figures = measure(&case, &encoders, effort);
        print_case(&case, &figures);
        rows.insert(case.name, figures);
    }
    let noisy = rows
        .values()
        .flatten()
        .filter(|figure| figure.noisy)
        .count();
    if noisy > 0 {
        println!("**Noise**: {noisy} figures (marked ~) spread by more than 10 %.");
    }
    println!("Took {} s.", started.elapsed().as_secs());
    write_json(&args, &rows)
}

const fn part(role: Role) -> &'static str {
    match role {
        Role::Ours => "ours",
        Role::Floor => "floor",
        Role::Peer => "peer",
    }
}

/// What was measured of one contestant.
#[derive(Clone, Debug, Serialize)]
struct Figure {
    name: &'static str,
    #[serde(skip)]
    role: Role,
    ns_per_event: f64,
    mb_per_s: f64,
    allocs_per_event: f64,
    spread: f64,
    noisy: bool,
    /// A receiver makes of it what was meant. Otherwise it takes no part in the ratios.
    correct: bool,
}

/// Everybody who can do the work at all.
fn measure(case: &Case, encoders: &[Encoder], effort: Effort) -> Vec<Figure> {
    let contestants: Vec<(&Encoder, Vec<u8>)> = encoders
        .iter()
        .filter_map(|encoder| Some((encoder, record(encoder, case.work)?)))
        .collect();
    let timings = interleave(
        &contestants,
        effort.rounds,
        effort.at_least,
        |(encoder, _)| {
            (encoder.run)(case.work, &mut Wire::default());
        },
    );
    let figures = contestants
        .iter()
        .zip(timings)
        .map(|((encoder, wire), timing)| {
            let (_, allocs) = alloc::count(|| (encoder.run)(case.work, &mut Wire::default()));
            let events = case.work.len() as f64;
            Figure {
                name: encoder.name,
                role: encoder.role,
                ns_per_event: timing.median / events,
                mb_per_s: wire.len() as f64 * 1e3 / timing.median,
                allocs_per_event: allocs as f64 / events,
                spread: timing.spread,
                noisy: timing.is_noisy(),
                correct: is_right(case.work, wire),
            }
        });
    figures.collect()
}

fn print_case(case: &Case, figures: &[Figure]) {
    println!("## {}: {}\n", case.name, case.about);
    let fastest = figures
        .iter()
        .filter(|figure| figure.role == Role::Peer && figure.correct)
        .min_by(|a, b| a.ns_per_event.total_cmp(&b.ns_per_event));
    let peer = fastest.map_or("peer", |fastest| fastest.name);
    let column = format!("÷ {peer}");
    let mut table = Table::new(&[
        "",
        "ns/event",
        "MB/s",
        "allocations/event",
        "spread",
        &column,
    ]);
    for figure in figures {
        let wrong = if figure.correct || figure.role == Role::Floor {
            ""
        } else {
            " wrong"
        };
        let noisy = if figure.noisy { " ~" } else { "" };
        let times = fastest.map(|fastest| fastest.ns_per_event / figure.ns_per_event);
        table.row([
            format!("{}{wrong}", figure.name),
            format!("{:.1}", figure.ns_per_event),
            format!("{:.0}", figure.mb_per_s),
            format!("{:.2}", figure.allocs_per_event),
            format!("{:.0} %{noisy}", figure.spread * 100.0),
            ratio(times, aims::encode(case.name, figure.name)),
        ]);
    }
    println!("{table}");
}

/// Who is correct, before anybody is fast.
fn print_verdicts(encoders: &[Encoder]) {
    println!("## Correct?\n");
    let mut table = Table::new(&["", "right", "wrong", "refuses by"]);
    for encoder in encoders
        .iter()
        .filter(|encoder| encoder.role != Role::Floor)
    {
        let verdict = hard_cases(encoder);
        table.row([
            encoder.name.to_owned(),
            format!("{} of {}", verdict.of - verdict.wrong.len(), verdict.of),
            verdict.wrong.join(", "),
            verdict.refuses.unwrap_or("–").to_owned(),
        ]);
    }
    println!("{table}");
}
