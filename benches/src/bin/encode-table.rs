//! The encode table: ours in its ways, one copy, and the peers, in one run.

use std::{io, time::Instant};

use benches::{
    args::Args,
    encode::{
        self, Encoder, Role, cases,
        table::{Figures, measure},
        verdict::hard_cases,
    },
    measure::Effort,
    report::{Head, write_json},
};

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
    let head = Head::new(&[
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
    print!("{head}");
    let checked = encoders
        .iter()
        .filter(|encoder| encoder.role != Role::Floor);
    let mut figures = Figures {
        verdicts: checked
            .map(|encoder| (encoder.name.to_owned(), hard_cases(encoder)))
            .collect(),
        cases: Vec::new(),
    };
    println!("{}", figures.correct());
    let effort = Effort::from_args(&args);
    for case in cases::all()
        .into_iter()
        .filter(|case| args.wants_corpus(case.name))
    {
        let case = measure(&case, &encoders, effort);
        println!("{}", case.table());
        figures.cases.push(case);
    }
    print!("{}", figures.summary());
    println!("\nTook {} s.", started.elapsed().as_secs());
    write_json(&args, head, figures)
}

const fn part(role: Role) -> &'static str {
    match role {
        Role::Ours => "ours",
        Role::Floor => "floor",
        Role::Peer => "peer",
    }
}
