//! What is printed.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::{
    exchange::{End, Exchange},
    findings::{Finding, Level, time},
    probes::Seen,
};
use crate::exit::count;

/// The report as JSON: one object.
#[derive(Debug, Serialize)]
struct Json<'a> {
    url: String,
    ok: bool,
    status: u16,
    version: String,
    tls: Option<&'static str>,
    peer: Option<&'a str>,
    proxy: Option<&'a str>,
    connected_ms: u128,
    head_ms: u128,
    first_byte_ms: Option<u128>,
    watched_ms: u128,
    events: usize,
    comments: usize,
    bytes: usize,
    end: &'static str,
    findings: &'a [Finding],
}

pub(super) fn json(
    uri: &http::Uri,
    seen: &Seen,
    findings: &[Finding],
    out: impl Write,
) -> io::Result<()> {
    let stream = &seen.stream;
    let report = Json {
        url: uri.to_string(),
        ok: is_ok(findings),
        status: stream.status.as_u16(),
        version: format!("{:?}", stream.version),
        tls: stream.tls,
        peer: stream.peer.as_deref(),
        proxy: stream.proxy.as_deref(),
        connected_ms: stream.connected.as_millis(),
        head_ms: stream.head.as_millis(),
        first_byte_ms: stream.arrivals.first().map(|first| first.time.as_millis()),
        watched_ms: stream.until.as_millis(),
        events: stream.stream.messages().count(),
        comments: stream.stream.comments.len(),
        bytes: stream.stream.len(),
        end: match stream.end {
            End::Open => "open",
            End::Finished => "finished",
            End::Broken(_) => "broken",
        },
        findings,
    };
    let mut out = out;
    serde_json::to_writer_pretty(&mut out, &report)?;
    writeln!(out)
}

pub(super) fn is_ok(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.level != Level::Wrong)
}

pub(super) fn text(
    uri: &http::Uri,
    seen: &Seen,
    findings: &[Finding],
    mut out: impl Write,
) -> io::Result<()> {
    let bold = Style::new().bold();
    writeln!(out, "{bold}{uri}{bold:#}")?;
    writeln!(out, "{}", connection(&seen.stream))?;
    writeln!(out, "{}", watched(&seen.stream))?;
    writeln!(out)?;
    let width = findings
        .iter()
        .map(|finding| finding.about.len())
        .max()
        .unwrap_or(0);
    for finding in findings {
        let (style, word) = match finding.level {
            Level::Ok => (AnsiColor::Green.on_default(), "ok   "),
            Level::Note => (Style::new().dimmed(), "note "),
            Level::Warning => (AnsiColor::Yellow.on_default(), "warn "),
            Level::Wrong => (AnsiColor::Red.on_default().bold(), "WRONG"),
        };
        let about = finding.about;
        let indent = " ".repeat(width + 8);
        let text = wrap(&finding.text, 100 - indent.len(), &indent);
        writeln!(out, "{style}{word}{style:#} {about:width$}  {text}")?;
    }
    if !seen.stream.is_stream() {
        for line in excerpt(&seen.stream) {
            writeln!(out, "      | {line}")?;
        }
    }
    let of = |level| {
        findings
            .iter()
            .filter(|finding| finding.level == level)
            .count()
    };
    let (wrong, warnings) = (of(Level::Wrong), of(Level::Warning));
    writeln!(out)?;
    match (wrong, warnings) {
        (0, 0) => writeln!(out, "nothing wrong"),
        (0, _) => writeln!(out, "nothing wrong, {}", count(warnings, "warning")),
        _ => writeln!(out, "{wrong} wrong, {}", count(warnings, "warning")),
    }
}

/// The first lines of an answer that is no stream, which often says why.
fn excerpt(seen: &Exchange) -> Vec<String> {
    let text = String::from_utf8_lossy(seen.stream.bytes());
    let lines = text.lines().filter(|line| !line.trim().is_empty()).take(5);
    lines
        .map(|line| {
            line.chars()
                .take(90)
                .collect::<String>()
                .escape_debug()
                .to_string()
        })
        .collect()
}

fn connection(seen: &Exchange) -> String {
    let mut text = format!("{:?} {}", seen.version, seen.status);
    if let Some(peer) = &seen.peer {
        text += &format!(" from {peer}");
    }
    if let Some(proxy) = &seen.proxy {
        text += &format!(" (the proxy {proxy})");
    }
    text += &format!(", connected after {}", time(seen.connected));
    if let (Some(tls), Some(secured)) = (seen.tls, seen.secured) {
        text += &format!(", {tls} after {}", time(secured));
    }
    text + &format!(", head after {}", time(seen.head))
}

fn watched(seen: &Exchange) -> String {
    let stream = &seen.stream;
    format!(
        "in {}: {}, {}, {}; {}",
        time(seen.until),
        count(stream.messages().count(), "event"),
        count(stream.comments.len(), "comment"),
        count(stream.len(), "byte"),
        match seen.end {
            End::Open => "still open",
            End::Finished => "ended by the server",
            End::Broken(_) => "broken off",
        }
    )
}

/// Breaks a text into lines at its spaces.
fn wrap(text: &str, width: usize, indent: &str) -> String {
    let (mut wrapped, mut column) = (String::new(), 0);
    for word in text.split(' ') {
        let len = word.chars().count();
        if column > 0 && column + 1 + len > width {
            wrapped += "\n";
            wrapped += indent;
            column = 0;
        } else if column > 0 {
            wrapped += " ";
            column += 1;
        }
        wrapped += word;
        column += len;
    }
    wrapped
}
