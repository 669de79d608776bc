//! Servers under load: ours beside axum and a bare tokio loop.

use std::{env, io, process, time::Duration};

use benches::{
    args::Args,
    load::{
        fanout, handler,
        idle::{self, Figures},
        latency,
        server::{self, Kind},
        stalled::{self, Setup, Source},
        storm,
    },
    report::{Head, Table, write_json},
};
use serde::Serialize;
use sse_codec_tokio::TcpOptions;

const USAGE: &str = "\
load latency [--connections 101] [--only NAMES] [--json FILE]
load stalled [--seconds 60] [--connections 10] [--json FILE]
load idle    [--few 1000] [--many 10000] [--heartbeat MS] [--only NAMES] [--json FILE]
load fanout  [--connections 1000] [--rounds 21] [--only NAMES] [--json FILE]
load storm   [--connections 1000] [--rounds 21] [--only NAMES] [--json FILE]

names of servers: floor serve serve-channel body axum-sse axum-bytes syscall hub hub-body
       (latency): serve serve-channel body axum-comment axum";

/// How long the kernel's buffers take to fill up without `TCP_NOTSENT_LOWAT`, and some more.
const FILLING: Duration = Duration::from_secs(10);

fn main() -> io::Result<()> {
    let args: Vec<String> = env::args().skip(1).collect();
    if let [command, kind, heartbeat] = &args[..]
        && command == "server"
    {
        let kind = kind.parse().map_err(io::Error::other)?;
        let heartbeat = heartbeat.parse().map_err(io::Error::other)?;
        return server::run(kind, Duration::from_millis(heartbeat));
    }
    let options = Options::parse(&args).unwrap_or_else(|problem| {
        eprintln!("{problem}\n\n{USAGE}");
        process::exit(2)
    });
    print!("{}", head());
    match args.first().map(String::as_str) {
        Some("latency") => latency(&options),
        Some("stalled") => stalled(&options),
        Some("idle") => idle(&options),
        Some("storm") => storm(&options),
        _ => fanout(&options),
    }
}

#[derive(Default)]
struct Options {
    connections: Option<usize>,
    seconds: Option<u64>,
    few: Option<usize>,
    many: Option<usize>,
    rounds: Option<usize>,
    heartbeat: Option<u64>,
    only: Vec<String>,
    json: Option<String>,
}

impl Options {
    fn parse(args: &[String]) -> Result<Self, String> {
        let mut parsed = Self::default();
        let Some((command, args)) = args.split_first() else {
            return Err("what?".to_owned());
        };
        if !["latency", "stalled", "idle", "fanout", "storm"].contains(&command.as_str()) {
            return Err(format!("there is no {command}"));
        }
        let mut args = args.iter();
        while let Some(arg) = args.next() {
            let value = args.next().ok_or_else(|| format!("{arg} needs a value"))?;
            let number = || value.parse().map_err(|_| format!("{value} is no number"));
            match arg.as_str() {
                "--connections" => parsed.connections = Some(number()? as usize),
                "--seconds" => parsed.seconds = Some(number()?),
                "--few" => parsed.few = Some(number()? as usize),
                "--many" => parsed.many = Some(number()? as usize),
                "--rounds" => parsed.rounds = Some(number()? as usize),
                "--heartbeat" => parsed.heartbeat = Some(number()?),
                "--only" => parsed.only = value.split(',').map(str::to_owned).collect(),
                "--json" => parsed.json = Some(value.clone()),
                _ => return Err(format!("unknown argument {arg}")),
            }
        }
        Ok(parsed)
    }

    /// The servers that are asked for.
    fn kinds<T: Copy>(&self, all: &[T], name: fn(T) -> &'static str) -> Vec<T> {
        let wanted = |kind: &T| self.only.is_empty() || self.only.iter().any(|n| n == name(*kind));
        all.iter().copied().filter(wanted).collect()
    }

    fn write(&self, figures: &impl Serialize) -> io::Result<()> {
        let args = Args {
            json: self.json.clone(),
            ..Args::default()
        };
        write_json(&args, head(), figures)
    }
}

fn head() -> Head {
    Head::new(&["sse-codec-tokio", "axum", "hyper", "tokio"])
}

fn latency(options: &Options) -> io::Result<()> {
    use latency::{Kind, measure};

    let connections = options.connections.unwrap_or(101);
    let kinds = options.kinds(&Kind::ALL, Kind::name);
    let figures = measure(&kinds, connections)?;
    let mut table = Table::new(&["", "head", "first body byte", "FIN noticed", "RST noticed"]);
    for (kind, figures) in kinds.iter().zip(&figures) {
        let times = [figures.head, figures.body, figures.fin, figures.reset];
        let times = times.map(|(median, most)| format!("{median:.2} ({most:.2})"));
        table.row([kind.title().to_owned()].into_iter().chain(times));
    }
    println!(
        "Milliseconds since `connect` and since the client's end, producer silent: median (9 of 10)\n\
         of {} connections of each, of which half are closed and half are reset\n\n{table}",
        2 * connections
    );
    options.write(&figures)
}

fn stalled(options: &Options) -> io::Result<()> {
    let length = Duration::from_secs(options.seconds.unwrap_or(60));
    let clients = options.connections.unwrap_or(10);
    // The deadline alone, but for the row with every default.
    let tcp = TcpOptions::new().user_timeout(None);
    let setup = |name, source, tcp| Setup {
        name,
        source,
        tcp,
        deadline: length,
    };
    let setups = [
        setup("`serve`, `channel(16)`", Some(Source::Channel), tcp),
        setup("`serve`, shared source", Some(Source::Shared), tcp),
        setup(
            "the same without `TCP_NOTSENT_LOWAT`",
            Some(Source::Shared),
            tcp.unsent(None),
        ),
        setup(
            "`channel(16)` without `TCP_NOTSENT_LOWAT`",
            Some(Source::Channel),
            tcp.unsent(None),
        ),
        Setup {
            name: "`serve`, `channel(16)`, all defaults",
            source: Some(Source::Channel),
            tcp: TcpOptions::new(),
            deadline: Duration::from_secs(30),
        },
        setup("axum `Sse`, shared source", None, tcp),
    ];
    let report = stalled::measure(&setups, clients, FILLING, length + FILLING)?;
    let kib = |bytes: f64| format!("{:.1}", bytes / 1024.0);
    let mut table = Table::new(&[
        "",
        "handed over, KiB",
        "to send / to read in the kernel, KiB",
        "most in the writer, KiB",
        "refused",
        "ended by",
        "after the last byte, s",
        "still open",
    ]);
    for (setup, figures) in setups.iter().zip(&report.figures) {
        table.row([
            format!("{} ({} s)", figures.name, setup.deadline.as_secs()),
            figures
                .handed_over
                .map_or_else(String::new, |(bytes, _)| kib(bytes)),
            format!("{} / {}", kib(figures.kernel.0), kib(figures.kernel.1)),
            figures
                .handed_over
                .map_or_else(String::new, |(_, most)| kib(most)),
            figures.refused.to_string(),
            figures.reasons.join(", "),
            figures
                .evicted_after
                .map_or_else(String::new, |(from, to)| format!("{from:.3} to {to:.3}")),
            format!("{} of {clients}", figures.open),
        ]);
    }
    println!("{clients} clients of each that never read, and the write deadline\n\n{table}");
    let at = |second: u64| {
        let sample = report.resident.get(second.saturating_sub(1) as usize);
        sample.map_or(0, |(_, resident)| *resident)
    };
    let seconds = length.as_secs();
    let (early, half, last) = (
        FILLING.as_secs() + 1,
        seconds / 2,
        seconds.saturating_sub(1),
    );
    println!(
        "Resident memory of it all: {} KiB after {early} s, {} KiB after {half} s, {} KiB after \
         {last} s",
        at(early),
        at(half),
        at(last),
    );
    options.write(&report)
}

fn idle(options: &Options) -> io::Result<()> {
    let (few, many) = (options.few.unwrap_or(1_000), options.many.unwrap_or(10_000));
    let heartbeat = Duration::from_millis(options.heartbeat.unwrap_or(5_000));
    let kinds = options.kinds(&Kind::ALL, Kind::name);
    let mut all: Vec<(&str, Figures)> = Vec::new();
    let few_head = format!("RSS at {few}, MiB");
    let many_head = format!("at {many}, MiB");
    let mut table = Table::new(&[
        "",
        "RSS at 0, MiB",
        &few_head,
        &many_head,
        "per further connection: RSS, KiB",
        "live heap, B",
        "left by a burst, B",
    ]);
    for kind in kinds {
        let figures = idle::measure(kind, few, many, heartbeat)?;
        let mib = |bytes: u64| format!("{:.1}", bytes as f64 / f64::from(1 << 20));
        let (resident, heap) = figures.slope();
        table.row([
            kind.title().to_owned(),
            mib(figures.none.resident),
            mib(figures.few.resident),
            mib(figures.many.resident),
            format!("{:.2}", resident / 1024.0),
            format!("{heap:.0}"),
            format!("{:.0}", figures.left_behind()),
        ]);
        all.push((kind.name(), figures));
    }
    println!(
        "Idle connections after two heartbeats each (every {:.1} s)\n\n{table}",
        heartbeat.as_secs_f32()
    );
    let sizes = handler::sizes().map(|(what, size)| format!("{what} {size}"));
    println!("Futures, bytes: {}", sizes.join(", "));
    options.write(&all)
}

fn fanout(options: &Options) -> io::Result<()> {
    let connections = options.connections.unwrap_or(1_000);
    let kinds = options.kinds(&Kind::ALL, Kind::name);
    let figures = fanout::measure(&kinds, connections, options.rounds.unwrap_or(21))?;
    let burst = format!("burst of {}", fanout::BURST);
    let mut table = Table::new(&[
        "",
        &burst,
        "single event",
        "÷ the first",
        "single ÷ the first",
    ]);
    for (kind, figures) in kinds.iter().zip(&figures) {
        let cells = [
            figures.burst,
            figures.single,
            figures.ratios[0],
            figures.ratios[1],
        ];
        let cells = cells.map(|(median, spread)| format!("{median:.2} (±{:.2})", spread / 2.0));
        table.row([kind.title().to_owned()].into_iter().chain(cells));
    }
    println!(
        "Microseconds of the server's processor time, the kernel's included, for one event of 200 \
         bytes to one of\n{connections} clients: median over rounds (half the distance of the \
         quartiles)\n\n{table}"
    );
    options.write(&figures)
}

fn storm(options: &Options) -> io::Result<()> {
    let connections = options.connections.unwrap_or(1_000);
    let kinds = options.kinds(&[Kind::Hub, Kind::HubBody], Kind::name);
    let mut all = Vec::new();
    let mut table = Table::new(&[
        "",
        "`publish`, µs",
        "all are back after, s",
        "processor time of each, µs",
    ]);
    for kind in kinds {
        let figures = storm::measure(kind, connections, options.rounds.unwrap_or(21))?;
        let (publish, spread) = figures.publish;
        table.row([
            kind.title().to_owned(),
            format!("{publish:.2} (±{:.2})", spread / 2.0),
            format!("{:.2}", figures.back.as_secs_f64()),
            format!("{:.0}", figures.processor.as_secs_f64() * 1e6),
        ]);
        all.push(figures);
    }
    println!(
        "With {connections} clients: one of {} calls of `publish` in a row; then all clients come back, each \
         {} events behind\n\n{table}",
        storm::CALLS,
        storm::MISSED,
    );
    options.write(&all)
}
