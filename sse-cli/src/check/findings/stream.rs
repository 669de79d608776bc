//! What stands in the stream, and when it came.

use std::{collections::BTreeMap, time::Duration};

use super::{Findings, time};
use crate::{
    check::{
        exchange::{End, Exchange},
        stream::{Comment, Lines},
    },
    exit::count,
};

pub(super) fn judge(seen: &Exchange, findings: &mut Findings) {
    end(seen, findings);
    events(seen, findings);
    lines(seen, findings);
    buffering(seen, findings);
    heartbeats(seen, findings);
    ids(seen, findings);
    retry(seen, findings);
}

fn end(seen: &Exchange, findings: &mut Findings) {
    match &seen.end {
        End::Open => {}
        End::Finished if seen.stream.is_inside_block() => {
            findings.wrong("end", "inside an event, which every client drops (§9.2.6)");
        }
        End::Finished => findings.warn(
            "end",
            "the server ended the stream: EventSource connects again; 204 would stop it",
        ),
        End::Broken(error) => findings.wrong("end", format_args!("the stream broke off: {error}")),
    }
}

fn events(seen: &Exchange, findings: &mut Findings) {
    let stream = &seen.stream;
    let mut types = BTreeMap::<&str, usize>::new();
    for event in stream.messages() {
        *types
            .entry(event.event_type.as_deref().unwrap_or("message"))
            .or_default() += 1;
    }
    if types.is_empty() {
        findings.note("events", "none came");
    } else {
        let total: usize = types.values().sum();
        let mut types: Vec<_> = types.into_iter().collect();
        types.sort_by_key(|(_, number)| std::cmp::Reverse(*number));
        let most = types.iter().take(5);
        let list: Vec<_> = most
            .map(|(name, number)| format!("{number} × {name:?}"))
            .collect();
        let more = if types.len() > 5 { ", …" } else { "" };
        findings.ok(
            "events",
            format_args!("{}: {}{more}", count(total, "event"), list.join(", ")),
        );
    }
    if stream.too_large > 0 {
        let text = format!(
            "{} larger than 1 MiB, which many clients do not take",
            count(stream.too_large, "event")
        );
        findings.warn("size", text);
    }
}

fn lines(seen: &Exchange, findings: &mut Findings) {
    let lines = Lines::of(seen.stream.bytes());
    if let Some(first) = &lines.first_ignored {
        let text = format!(
            "{} neither fields nor comments, which every client passes over in silence: {first:?}",
            count(lines.ignored, "line is").replace("line iss", "lines are")
        );
        findings.wrong("lines", text);
    }
    if lines.not_utf8 {
        findings.wrong(
            "encoding",
            "not UTF-8: clients see U+FFFD, or end the stream",
        );
    }
    if lines.void_ids > 0 {
        findings.wrong("ids", "an ID with NUL is none (§9.2.6)");
    }
    if lines.void_retries > 0 {
        findings.wrong(
            "retry",
            "a time that is not digits alone is ignored (§9.2.6)",
        );
    }
    if lines.kinds() > 1 {
        let text = format!(
            "mixed: {} LF, {} CRLF, {} CR; readers that split the text lose events",
            lines.lf, lines.crlf, lines.cr
        );
        findings.warn("line ends", text);
    } else if lines.cr > 0 {
        findings.warn(
            "line ends",
            "CR alone: many clients do not know it, or wait for the next byte",
        );
    } else if lines.crlf > 0 {
        findings.note(
            "line ends",
            "CRLF: readers that split at \"\\n\\n\" see no event end",
        );
    }
}

/// Several events in one piece after a silence, or a piece that ends inside a frame, are what a
/// buffer between here and there leaves behind.
fn buffering(seen: &Exchange, findings: &mut Findings) {
    const SILENCE: Duration = Duration::from_millis(500);
    let messages: Vec<_> = seen.stream.messages().collect();
    if messages.len() < 2 {
        return;
    }
    let mut bunches = Vec::new();
    let (mut start, mut before) = (0, Duration::ZERO);
    for arrival in &seen.arrivals {
        let events = messages
            .iter()
            .filter(|e| (start + 1..=arrival.end).contains(&e.end))
            .count();
        if events > 1 && start > 0 && arrival.time - before >= SILENCE {
            bunches.push((events, arrival.end - start));
        }
        (start, before) = (arrival.end, arrival.time);
    }
    if bunches.len() >= 2 {
        let list: Vec<_> = bunches
            .iter()
            .take(3)
            .map(|(n, len)| format!("{n} in {len} bytes"))
            .collect();
        let text = format!(
            "events came in bunches after silence ({}): the server sends them so, or what stands \
             before it holds them back",
            list.join(", ")
        );
        findings.warn("buffering", text);
    } else {
        findings.ok("buffering", "none seen: events came one by one, or at once");
    }
}

/// Which clients make what of a heartbeat: tried on 17 of them.
const BLOCK: &str = "an empty message in httpx-sse and the decoders of openai and anthropic (Python) \
                     once an ID was seen, and in fetch-event-source always";
const LINE: &str =
    "readers that split at \"\\n\\n\" and look for \"data:\" first lose the event after it";

fn heartbeats(seen: &Exchange, findings: &mut Findings) {
    let stream = &seen.stream;
    let times: Vec<_> = stream.comments.iter().map(|comment| comment.time).collect();
    let pings = stream.messages().filter(|event| {
        let name = event
            .event_type
            .as_deref()
            .unwrap_or_default()
            .to_ascii_lowercase();
        ["ping", "heartbeat", "keepalive", "keep-alive"].contains(&&*name)
    });
    let pings: Vec<_> = pings.map(|event| event.time).collect();
    if times.is_empty() && pings.is_empty() {
        let longest = longest_silence(seen);
        if longest > Duration::from_secs(15) {
            let text = format!(
                "none in {} of silence: proxies cut a connection after 30 to 60 s of it, and neither \
                 side notices that the other has gone",
                time(longest)
            );
            findings.warn("heartbeat", text);
        }
        return;
    }
    if !times.is_empty() {
        let blocks = stream
            .comments
            .iter()
            .filter(|comment| is_block(stream.bytes(), comment))
            .count();
        let every =
            interval(&times).map_or_else(String::new, |gap| format!(", every {}", time(gap)));
        let many = count(times.len(), "comment");
        if blocks == 0 {
            findings.ok(
                "heartbeat",
                format_args!("{many}, a line each{every}; {LINE}"),
            );
        } else {
            let text = format!("{many}, with a blank line{every}: {BLOCK}");
            let has_ids = !stream.ids().is_empty();
            match has_ids {
                true => findings.warn("heartbeat", text),
                false => findings.ok("heartbeat", text),
            }
        }
    }
    if !pings.is_empty() {
        let every =
            interval(&pings).map_or_else(String::new, |gap| format!(", every {}", time(gap)));
        findings.ok(
            "heartbeat",
            format_args!("{}{every}", count(pings.len(), "typed event")),
        );
    }
}

/// Whether a blank line follows a comment that stands in no block.
fn is_block(bytes: &[u8], comment: &Comment) -> bool {
    let rest = &bytes[comment.end.min(bytes.len())..];
    let rest = match bytes.get(comment.end.wrapping_sub(1)) {
        Some(b'\r') => rest.strip_prefix(b"\n").unwrap_or(rest),
        _ => rest,
    };
    matches!(rest, [b'\n' | b'\r', ..])
}

/// The median of the times between.
fn interval(times: &[Duration]) -> Option<Duration> {
    let mut gaps: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}

fn longest_silence(seen: &Exchange) -> Duration {
    let times: Vec<_> = seen.arrivals.iter().map(|arrival| arrival.time).collect();
    let starts = std::iter::once(&seen.head).chain(&times);
    let ends = times.iter().chain(std::iter::once(&seen.until));
    let gaps = starts
        .zip(ends)
        .map(|(start, end)| end.saturating_sub(*start));
    gaps.max().unwrap_or_default()
}

fn ids(seen: &Exchange, findings: &mut Findings) {
    let stream = &seen.stream;
    let messages = stream.messages().count();
    let ids = stream.ids();
    if messages == 0 {
        return;
    }
    if ids.is_empty() {
        let text = "no event has one: a client that is cut off cannot say where it was";
        return findings.note("ids", text);
    }
    for id in &ids {
        if let Err(error) = sse_codec::http::last_event_id_value(id) {
            let id = String::from_utf8_lossy(&id[..id.len().min(40)]);
            findings.wrong("ids", format_args!("{id:?} cannot be sent back: {error}"));
            return;
        }
    }
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < ids.len() {
        findings.warn(
            "ids",
            "the same ID on several events: a client comes back to the wrong one",
        );
    } else if ids.len() < messages {
        let text = format!("{} of {} have one", ids.len(), count(messages, "event"));
        findings.note("ids", text);
    } else {
        findings.ok("ids", "every event has one of its own");
    }
}

fn retry(seen: &Exchange, findings: &mut Findings) {
    match seen.stream.retries.iter().max() {
        None => findings.note("retry", "not said: clients choose, a few seconds for most"),
        Some(0) => findings.warn("retry", "0: clients connect again as fast as they can"),
        Some(millis) if *millis > 3_600_000 => {
            let text =
                format!("{millis} ms: a client that is cut off stays away for more than an hour");
            findings.wrong("retry", text);
        }
        Some(millis) => findings.ok("retry", time(Duration::from_millis(*millis))),
    }
}
