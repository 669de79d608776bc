//! Hostile clients against the real `serve` example, then hostile servers against `EventReader`.
//! Called by `run.sh` with the example's path.

mod crowds;
mod demo;
mod honest;
mod peer;
mod process;
#[path = "../../interop/src/report.rs"]
mod report;
mod requests;
mod servers;

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    io,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex},
    time::Duration,
};

use demo::Demo;
use honest::Seen;
use report::Report;
use tokio::time::{Instant, sleep};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let program: PathBuf = env::args_os().nth(1).ok_or("call run.sh")?.into();
    let mut report = Report::default();
    println!("hostile servers against EventReader");
    servers::check(&mut report).await;
    println!("hostile clients against the serve example");
    if let Err(error) = clients(&mut report, &program).await {
        report.note("the rest", Err(error.to_string()));
    }
    println!("more connections than there are files");
    let outcome = out_of_files(&program).await;
    report.note("out of files", outcome);
    Ok(if report.finish() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// More than this, in KiB, must not come on top: 48 MiB, and what the example's hub keeps for those that
/// come back, 4 MiB and as much while it grows.
const MOST_MEMORY: u64 = (48 + 2 * 4) * 1024;

async fn clients(report: &mut Report, program: &Path) -> io::Result<()> {
    let demo = Demo::start(program, None).await?;
    let server = demo.address;
    let honest = [honest::start(server), honest::start(server)];
    sleep(Duration::from_secs(2)).await;
    let (memory, files) = (demo.process.memory()?, demo.process.open_files()?);
    demo.process.forget_peak()?;
    let begin = Instant::now();

    let at_once = async {
        let mut notes = Vec::new();
        notes.push((
            "heads without an end",
            requests::endless_heads(server).await,
        ));
        notes.push(("odd requests", requests::odd_requests(server).await));
        notes.push(("HEAD and HTTP/1.0", requests::old_and_brief(server).await));
        notes.push(("injected IDs", requests::injected_ids(server).await));
        notes.push(("flood of input", crowds::flood_of_input(&demo, 20).await));
        notes.push((
            "resets inside an event",
            crowds::reset_inside_an_event(&demo, 100).await,
        ));
        notes.push(("coming and going", crowds::come_and_go(&demo, 4_000).await));
        notes.push((
            "leaving together",
            crowds::leave_together(&demo, 1_500).await,
        ));
        notes
    };
    let (never_read, slow, at_once) = tokio::join!(
        crowds::never_read(&demo, 20, 100),
        crowds::take_their_time(&demo, 300),
        at_once,
    );
    for (name, outcome) in at_once {
        report.note(name, outcome);
    }
    report.note("never reading", never_read);
    report.note("a byte a second, or none", slow);

    sleep(Duration::from_millis(500)).await;
    report.note(
        "honest clients meanwhile",
        unaffected(&honest, begin.elapsed()),
    );
    let (peak, after) = (demo.process.peak()?, demo.process.memory()?);
    let figures = format!("{memory} KiB before, {peak} KiB at most, {after} KiB after");
    report.note(
        "memory",
        if peak < memory + MOST_MEMORY {
            Ok(figures)
        } else {
            Err(figures)
        },
    );
    let now = demo.process.open_files()?;
    let figures = format!("{files} before, {now} after");
    report.note(
        "open files",
        if now <= files {
            Ok(figures)
        } else {
            Err(figures)
        },
    );
    report.note("what was printed", printed(&demo.lines()));

    // One of its clients does not read while it ends.
    let stalled = crowds::stalled(&demo).await;
    let outcome = async {
        let _stalled = stalled?;
        let (took, lines) = demo.interrupt().await?;
        let said = lines.iter().find(|line| line.starts_with("shutting down"));
        let said = said.ok_or("says nothing")?;
        if took > Duration::from_secs(7) {
            return Err(format!("took {took:?}"));
        }
        Ok(format!("{said}, ended after {:.1} s", took.as_secs_f32()))
    };
    report.note("shutdown beside a client that does not read", outcome.await);
    Ok(())
}

/// The reasons and how many there are of each, in lines that do nothing to a terminal.
fn printed(lines: &[String]) -> Result<String, String> {
    let mut counts = BTreeMap::new();
    for line in lines {
        if !requests::is_harmless(line) {
            return Err(line.escape_debug().to_string());
        }
        if let Some((_, (reason, _))) = process::ended_by(line) {
            *counts.entry(reason).or_insert(0) += 1;
        }
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|(reason, count)| format!("{reason}: {count}"))
        .collect();
    Ok(format!("{} lines; {}", lines.len(), counts.join(", ")))
}

/// A client that keeps its connection gets every tick in time.
fn unaffected(honest: &[Arc<Mutex<Seen>>], during: Duration) -> Result<String, String> {
    let mut notes = Vec::new();
    for seen in honest {
        let seen = seen.lock().map_err(|_| "panicked")?.clone();
        if seen.missed > 0 || seen.cuts > 0 || seen.longest_silence > Duration::from_secs(2) {
            return Err(format!("{seen:?}"));
        }
        // The example makes 3 to 21 a second.
        if seen.ticks < 2 * during.as_secs() {
            return Err(format!("only {seen:?} in {during:?}"));
        }
        let silence = seen.longest_silence.as_millis();
        notes.push(format!(
            "{} ticks, 0 missed, 0 cuts, {silence} ms apart at most",
            seen.ticks
        ));
    }
    Ok(notes.join("; "))
}

/// Clients that open more connections than the server may have files.
async fn out_of_files(program: &Path) -> Result<String, String> {
    let text = requests::text;
    let demo = Demo::start(program, Some(64)).await.map_err(text)?;
    let honest = [honest::start(demo.address)];
    sleep(Duration::from_secs(1)).await;
    let begin = Instant::now();
    let mut idle = Vec::new();
    for _ in 0..150 {
        idle.push(peer::Peer::connect(demo.address).await.map_err(text)?);
    }
    sleep(Duration::from_secs(2)).await;
    let refused = demo
        .lines()
        .iter()
        .filter(|line| line.starts_with("accept: "))
        .count();
    if refused != 1 {
        return Err(format!("{refused} complaints: {:?}", demo.lines().last()));
    }
    drop(idle);
    let again = peer::ask(
        demo.address,
        b"HEAD /events HTTP/1.1\r\nhost: demo\r\n\r\n",
        Duration::from_secs(5),
    );
    let status = peer::status(&again.await.map_err(text)?.0);
    if status != 200 {
        return Err(format!("does not recover: {status}"));
    }
    let others = unaffected(&honest, begin.elapsed())?;
    Ok(format!(
        "64 files, 150 connections, {refused} complaints, recovers; {others}"
    ))
}
