//! Other people's clients, each a process that prints what it sees.

use std::{process::Stdio, time::Duration};

use sse_codec_tokio::EncodedFrame;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

use crate::{
    cases::{Case, END, Seen},
    differences::compare,
    ours,
    report::Report,
};

const LONGEST: Duration = Duration::from_secs(20);

pub async fn check(report: &mut Report, cases: &[Case], node: &str, python: &str) {
    report.note("curl -N", in_time(curl(cases)).await);

    let program = [python, "httpx_sse_client.py"];
    let outcome = in_time(events(cases, "httpx-sse", &program, &[])).await;
    report.note("httpx-sse", outcome);

    let program = [node, "eventsource-parser.mjs"];
    let outcome = in_time(events(cases, "eventsource-parser", &program, &[])).await;
    report.note("eventsource-parser", outcome);

    let program = [node, "--no-warnings", "undici.mjs"];
    // An EventSource shows no type that it was not asked for.
    let mut types = vec!["message", "resumed"];
    types.extend(cases.iter().filter_map(|case| case.event_type));
    types.retain(|event_type| !event_type.is_empty());
    types.sort_unstable();
    types.dedup();
    let outcome = in_time(events(cases, "undici", &program, &types)).await;
    report.note("undici", outcome);
}

async fn in_time(check: impl Future<Output = Result<String, String>>) -> Result<String, String> {
    timeout(LONGEST, check)
        .await
        .unwrap_or_else(|_| Err(format!("took more than {LONGEST:?}")))
}

/// The bytes, all of them while the stream is open.
async fn curl(cases: &[Case]) -> Result<String, String> {
    let mut server = ours::start(cases)
        .await
        .map_err(|error| error.to_string())?;
    let version = Command::new("curl").arg("--version").output().await;
    let version = version.map_err(|error| format!("curl: {error}"))?.stdout;
    let version = String::from_utf8_lossy(&version);
    let version: Vec<_> = version.split(' ').take(2).collect();

    let mut curl = spawn(
        &["curl", "-N", "--silent", "--show-error", "--noproxy", "*"],
        &[&server.url],
    )?;
    let mut stdout = curl.stdout.take().ok_or("no output")?;
    let frames: Vec<_> = cases.iter().map(ours::frame).collect();
    let frames: Vec<_> = frames.iter().map(EncodedFrame::as_bytes).collect();
    let expected = frames.concat();
    let mut received = vec![0; expected.len()];
    let read = stdout.read_exact(&mut received).await;
    read.map_err(|error| format!("after less than {} bytes: {error}", expected.len()))?;
    if received != expected {
        return Err("other bytes than were sent".to_owned());
    }
    server.finish.notify_waiters();
    let mut rest = Vec::new();
    stdout
        .read_to_end(&mut rest)
        .await
        .map_err(|error| error.to_string())?;
    let status = curl.wait().await.map_err(|error| error.to_string())?;
    if !rest.is_empty() || !status.success() {
        return Err(format!("{} more bytes, {status}", rest.len()));
    }
    let (reason, _) = server.ended.recv().await.ok_or("no connection")?;
    Ok(format!(
        "{} bytes as sent, then: {reason} ({})",
        expected.len(),
        version.join(" ")
    ))
}

/// What a client shows of the events, up to the last while the stream is open. One that has `types`
/// to ask for is an EventSource, and comes back by itself.
async fn events(
    cases: &[Case],
    peer: &str,
    program: &[&str],
    types: &[&str],
) -> Result<String, String> {
    let mut server = ours::start(cases)
        .await
        .map_err(|error| error.to_string())?;
    let arguments: Vec<&str> = [server.url.as_str()].iter().chain(types).copied().collect();
    let mut client = spawn(program, &arguments)?;
    let mut lines = BufReader::new(client.stdout.take().ok_or("no output")?).lines();
    let versions = next_line(&mut lines).await?.ok_or("ended at once")?;

    let mut seen = Vec::new();
    while seen.last().is_none_or(|seen: &Seen| seen.event_type != END) {
        let Some(event) = next_event(&mut lines).await? else {
            let outcome = compare(cases, peer, &seen);
            return Err(format!("ended early; {outcome:?}"));
        };
        seen.push(event);
    }
    let mut outcome = compare(cases, peer, &seen)?;
    server.finish.notify_waiters();
    if !types.is_empty() {
        let back = next_event(&mut lines).await?.ok_or("did not come back")?;
        let id = cases.iter().rev().find_map(|case| case.id);
        let id = id.unwrap_or_default();
        if back.event_type != "resumed" || back.data != id {
            return Err(format!("came back with {back:?} instead of {id:?}"));
        }
        outcome += &format!(", came back with {id:?}");
    }
    let status = client.wait().await.map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("ended with {status}"));
    }
    let (reason, sent) = server.ended.recv().await.ok_or("no connection")?;
    if sent != cases.len() as u64 {
        return Err(format!(
            "the server sent {sent} of {}: {reason}",
            cases.len()
        ));
    }
    Ok(format!("{outcome} ({versions})"))
}

async fn next_event(lines: &mut Lines<BufReader<ChildStdout>>) -> Result<Option<Seen>, String> {
    let Some(line) = next_line(lines).await? else {
        return Ok(None);
    };
    let event = serde_json::from_str(&line).map_err(|error| format!("{error} in {line:.200}"))?;
    Ok(Some(event))
}

pub async fn next_line(
    lines: &mut Lines<BufReader<ChildStdout>>,
) -> Result<Option<String>, String> {
    lines.next_line().await.map_err(|error| error.to_string())
}

/// Starts a peer in its directory. It ends when it is dropped.
pub fn spawn(program: &[&str], arguments: &[&str]) -> Result<Child, String> {
    Command::new(program[0])
        .args(&program[1..])
        .args(arguments)
        .current_dir("peers")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| format!("{}: {error}", program[0]))
}
