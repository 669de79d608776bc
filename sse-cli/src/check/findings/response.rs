//! The head of the response and the framing of its body.

use std::time::Duration;

use http::{StatusCode, Version};

use super::{Findings, time};
use crate::{
    check::{
        chunks::Chunks,
        exchange::{End, Exchange},
        stream::frame_ends,
    },
    exit::count,
};

/// What a head may take that waits for nothing.
const AT_ONCE: Duration = Duration::from_secs(1);
/// What it takes beside the way there and back when it comes with the first bytes of the stream, and
/// has perhaps waited for them.
const WITH_THE_FIRST: Duration = Duration::from_millis(200);

pub(super) fn judge(seen: &Exchange, findings: &mut Findings) {
    status(seen, findings);
    content_type(seen, findings);
    if !seen.is_stream() {
        return;
    }
    head(seen, findings);
    framing(seen, findings);
    coding(seen, findings);
    caching(seen, findings);
}

fn status(seen: &Exchange, findings: &mut Findings) {
    let status = seen.status;
    match status {
        StatusCode::OK => findings.ok("status", "200"),
        StatusCode::NO_CONTENT => findings.wrong(
            "status",
            "204: clients take it for the end and do not come back (WHATWG HTML §9.2.3)",
        ),
        _ if status.is_success() => findings.warn(
            "status",
            format_args!("{status}: browsers take only 200 for an open stream"),
        ),
        _ if status.is_redirection() => {
            let to = seen.header("location").unwrap_or_else(|| "nowhere".into());
            findings.wrong(
                "status",
                format_args!("{status} to {to}: check that instead"),
            );
        }
        _ => findings.wrong("status", format_args!("{status}: no stream")),
    }
}

fn content_type(seen: &Exchange, findings: &mut Findings) {
    let Some(kind) = seen.header("content-type") else {
        let text = "no content-type: browsers take it for no stream; text/event-stream is needed";
        return findings.wrong("type", text);
    };
    if !sse_codec::http::is_event_stream(kind.as_bytes()) {
        let text = format!("{kind}: browsers take it for no stream; text/event-stream is needed");
        return findings.wrong("type", text);
    }
    let lower = kind.to_ascii_lowercase();
    match lower.split_once("charset=") {
        None => findings.ok("type", format_args!("{kind}, which is always UTF-8")),
        Some((_, label)) if label.trim_matches(['"', ' ']).starts_with("utf-8") => {
            findings.ok("type", &kind);
        }
        Some(_) => {
            let text =
                format!("{kind}: a stream is always UTF-8, and Chromium refuses another label");
            findings.wrong("type", text);
        }
    }
}

fn head(seen: &Exchange, findings: &mut Findings) {
    let ready = seen.secured.unwrap_or(seen.connected);
    let head = seen.head - ready;
    let first = seen.arrivals.first().map(|arrival| arrival.time - ready);
    let is_with_the_first = first.is_some_and(|first| first - head < Duration::from_millis(10));
    if is_with_the_first && head > WITH_THE_FIRST + 3 * seen.connected {
        let text = format!(
            "came after {}, together with the first bytes of the stream: it waits for them, and until \
             then no client knows that it is connected",
            time(head)
        );
        findings.wrong("head", text);
    } else if head > AT_ONCE {
        findings.warn("head", format_args!("came only after {}", time(head)));
    } else {
        findings.ok("head", format_args!("came after {}", time(head)));
    }
    match first {
        Some(first) if first <= head + AT_ONCE * 2 => {
            findings.ok(
                "first byte",
                format_args!("of the stream came after {}", time(first)),
            );
        }
        Some(first) => findings.warn(
            "first byte",
            format_args!(
                "of the stream came after {}: Firefox and some libraries say \"open\" only then; a \
                 comment line (\":\" LF) would do",
                time(first)
            ),
        ),
        None => findings.warn(
            "first byte",
            "of the stream did not come: Firefox and some libraries say \"open\" only then",
        ),
    }
}

fn framing(seen: &Exchange, findings: &mut Findings) {
    if let Some(length) = seen.header("content-length") {
        let text = format!(
            "content-length {length}: a stream has none, so whoever sent this has it whole"
        );
        return findings.wrong("framing", text);
    }
    if seen.version == Version::HTTP_2 {
        return findings.ok("framing", "HTTP/2");
    }
    let Some(coding) = seen.header("transfer-encoding") else {
        return findings.warn(
            "framing",
            "the body ends with the connection: clients that read fixed blocks (Python's \
             requests.iter_lines, sseclient-py, tornado before 6.6) see events in bunches, and nobody \
             can tell an end from a break; Transfer-Encoding: chunked mends both",
        );
    };
    let Some(chunks) = Chunks::of(&seen.raw).filter(|_| coding.eq_ignore_ascii_case("chunked"))
    else {
        return findings.warn("framing", format_args!("transfer-encoding {coding}"));
    };
    let frames = frame_ends(seen.stream.bytes());
    let inside = chunks
        .ends
        .iter()
        .filter(|end| frames.binary_search(end).is_err())
        .count();
    let sizes = format!(
        "{} of at most {} bytes",
        count(chunks.ends.len(), "chunk"),
        chunks.largest()
    );
    if seen.end == End::Finished && !chunks.is_over {
        findings.wrong(
            "framing",
            format_args!("{sizes}; it ended without the last chunk"),
        );
    } else if inside > 0 {
        let text =
            format!("{sizes}; {inside} end inside a frame, whose rest waits for the next one");
        findings.note("framing", text);
    } else {
        findings.ok(
            "framing",
            format_args!("chunked: {sizes}, each of whole frames"),
        );
    }
}

fn coding(seen: &Exchange, findings: &mut Findings) {
    if let Some(coding) = seen.header("content-encoding") {
        let text = format!("content-encoding {coding}, though the request did not ask for it");
        findings.wrong("compression", text);
    }
}

fn caching(seen: &Exchange, findings: &mut Findings) {
    let value = seen
        .header("cache-control")
        .unwrap_or_default()
        .to_ascii_lowercase();
    let says = |directive: &str| {
        value
            .split(',')
            .any(|part| part.trim().starts_with(directive))
    };
    if says("no-store") || says("no-cache") {
        findings.ok("caching", format_args!("cache-control: {value}"));
    } else if value.is_empty() {
        findings.warn(
            "caching",
            "no cache-control: a cache may keep the stream; no-store forbids it",
        );
    } else {
        let text =
            format!("cache-control: {value} forbids no cache to keep the stream; no-store does");
        findings.warn("caching", text);
    }
    let before = ["server", "via", "x-cache", "cf-ray"].iter();
    let before: Vec<_> = before
        .filter_map(|name| Some(format!("{name}: {}", seen.header(name)?)))
        .collect();
    if !before.is_empty() {
        findings.note("proxies", before.join("; "));
    }
    match seen.header("x-accel-buffering").as_deref() {
        Some("no") => findings.ok("nginx", "x-accel-buffering: no"),
        // nginx takes the header away that it has heeded.
        _ if before.iter().any(|header| header.contains("nginx")) => {}
        _ => findings.note(
            "nginx",
            "x-accel-buffering: no is not said: behind nginx it spares a setting",
        ),
    }
}
