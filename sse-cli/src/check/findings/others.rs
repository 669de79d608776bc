//! What the other requests show: resuming, HEAD, HTTP/1.0, compression, other origins.

use std::time::Duration;

use http::StatusCode;

use super::{Findings, time};
use crate::{
    check::{
        exchange::Exchange,
        probes::{ORIGIN, Others, Resumed, STRANGE_ID},
        stream::Event,
    },
    net::NetError,
};

pub(super) fn judge(stream: &Exchange, others: &Others, findings: &mut Findings) {
    match &others.resumed {
        Some(resumed) => resume(stream, resumed, findings),
        None => findings.note(
            "resume",
            "not tried with an ID of the stream's: there is none",
        ),
    }
    unknown_id(&others.unknown_id, findings);
    head(stream, &others.head, findings);
    if let Some(answer) = &others.http10 {
        http10(answer, findings);
    }
    compressed(stream, &others.compressed, findings);
    cross_origin(&others.cross_origin, &others.preflight, findings);
}

fn resume(stream: &Exchange, resumed: &Resumed, findings: &mut Findings) {
    if let Some(answer) = &resumed.earlier
        && let [.., from, next] = &resumed.known[..]
    {
        match answer {
            Ok(answer) if answer.is_stream() => earlier(from, next, answer, resumed, findings),
            answer => refused(
                "resume",
                &format!("with the ID {}", shown(from)),
                answer,
                findings,
            ),
        }
    }
    let Some(last) = resumed.known.last() else {
        return;
    };
    match &resumed.last {
        Ok(answer) if answer.is_stream() => latest(stream, last, answer, resumed, findings),
        answer => refused(
            "resume",
            &format!("with the last ID, {}", shown(last)),
            answer,
            findings,
        ),
    }
}

/// The ID of an event.
fn shown(event: &Event) -> String {
    format!(
        "{:?}",
        String::from_utf8_lossy(event.id.as_deref().unwrap_or_default())
    )
}

/// The first event after a client's place. Another event with the ID that it came with says what
/// became of the place, and is none of the stream's.
fn first_after<'a>(place: &Event, answer: &'a Exchange) -> Option<&'a Event> {
    let mut places = answer.stream.places();
    places.find(|event| event.id != place.id || event.is(place))
}

/// A client came back with the last ID but one: the last event has to come again.
fn earlier(
    from: &Event,
    next: &Event,
    answer: &Exchange,
    resumed: &Resumed,
    findings: &mut Findings,
) {
    match first_after(from, answer) {
        Some(first) if first.is(next) => {
            let text = format!("after {} comes {}, as it did", shown(from), shown(next));
            findings.ok("resume", text);
        }
        Some(first) if resumed.known.iter().any(|known| first.is(known)) => {
            let text = format!(
                "after {} comes {}, which the client has had",
                shown(from),
                shown(first)
            );
            findings.wrong("resume", text);
        }
        Some(first) => {
            let text = format!(
                "after {} comes {}, and {} is lost: the ID is not heeded",
                shown(from),
                shown(first),
                shown(next)
            );
            findings.warn("resume", text);
        }
        None => {
            let text = format!(
                "after {} nothing comes, and {} is lost",
                shown(from),
                shown(next)
            );
            findings.warn("resume", text);
        }
    }
}

/// A client came back with the last ID: nothing may come again.
fn latest(
    stream: &Exchange,
    last: &Event,
    answer: &Exchange,
    resumed: &Resumed,
    findings: &mut Findings,
) {
    let mut places = answer.stream.places();
    let again = places.find(|event| resumed.known.iter().any(|known| event.is(known)));
    let next = stream
        .stream
        .places()
        .skip_while(|event| !event.is(last))
        .nth(1);
    match (again, first_after(last, answer), next) {
        (Some(again), ..) => {
            let text = format!(
                "after the last ID, {}, comes {} again",
                shown(last),
                shown(again)
            );
            findings.wrong("resume", text);
        }
        (None, Some(first), Some(next)) if !first.is(next) => {
            let text = format!(
                "after the last ID, {}, came {} in one connection and {} in the other",
                shown(last),
                shown(next),
                shown(first)
            );
            findings.warn("resume", text);
        }
        _ => {
            let text = format!("after the last ID, {}, nothing comes twice", shown(last));
            findings.ok("resume", text);
        }
    }
}

fn unknown_id(answer: &Result<Exchange, NetError>, findings: &mut Findings) {
    match answer {
        Ok(answer) if answer.is_stream() => {
            findings.ok("unknown id", format_args!("{STRANGE_ID:?} opens a stream"));
        }
        answer => refused(
            "unknown id",
            &format!("with {STRANGE_ID:?}, which no server gave,"),
            answer,
            findings,
        ),
    }
}

/// A client that comes back is not let in, and does not come back again.
fn refused(
    about: &'static str,
    what: &str,
    answer: &Result<Exchange, NetError>,
    findings: &mut Findings,
) {
    let text = match answer {
        Ok(answer) => format!(
            "a client {what} is answered {}: it stays away for ever",
            answer.status
        ),
        Err(error) => format!("a client {what} gets no answer: {error}"),
    };
    findings.wrong(about, text);
}

fn head(stream: &Exchange, answer: &Result<Exchange, NetError>, findings: &mut Findings) {
    match answer {
        Ok(answer) if answer.is_stream() => findings.ok("HEAD", "answered as GET, without a body"),
        Ok(answer) if answer.status == stream.status => {
            let kind = answer
                .header("content-type")
                .unwrap_or_else(|| "none".into());
            findings.note(
                "HEAD",
                format_args!("content-type {kind}, another than GET's (RFC 9110 §9.3.2)"),
            );
        }
        Ok(answer) => findings.note(
            "HEAD",
            format_args!("{}, where GET is answered {}", answer.status, stream.status),
        ),
        Err(NetError::TimedOut) => findings.warn(
            "HEAD",
            "no answer: the server waits for events that it must not send",
        ),
        Err(error) => findings.warn("HEAD", error),
    }
}

fn http10(answer: &Result<Exchange, NetError>, findings: &mut Findings) {
    match answer {
        Ok(answer) if answer.header("transfer-encoding").is_some() => findings.wrong(
            "HTTP/1.0",
            "answered in chunks, which 1.0 does not know (RFC 9112 §6.1); nginx asks so by default",
        ),
        Ok(answer) if answer.is_stream() => findings.ok(
            "HTTP/1.0",
            "answered without chunks, as nginx asks by default",
        ),
        Ok(answer) => findings.note(
            "HTTP/1.0",
            format_args!("{}: nginx asks so by default", answer.status),
        ),
        Err(error) => findings.note(
            "HTTP/1.0",
            format_args!("{error}: nginx asks so by default"),
        ),
    }
}

fn compressed(stream: &Exchange, answer: &Result<Exchange, NetError>, findings: &mut Findings) {
    let Ok(answer) = answer else { return };
    let Some(coding) = answer.header("content-encoding") else {
        return findings.ok("compression", "none, also when it is offered");
    };
    let plain = stream
        .arrivals
        .first()
        .map(|first| first.time.saturating_sub(stream.head));
    let packed = answer.arrivals.iter().find(|arrival| arrival.end > HEADER);
    let packed = packed.map(|arrival| arrival.time.saturating_sub(answer.head));
    match (plain, packed) {
        (Some(plain), None) => {
            let text = format!(
                "{coding} when it is offered, and then nothing comes, where without it the first \
                 bytes came after {}: each event has to be flushed",
                time(plain)
            );
            findings.wrong("compression", text);
        }
        (Some(plain), Some(packed)) if packed > plain * 2 + Duration::from_secs(1) => {
            let text = format!(
                "{coding} when it is offered, and then the first bytes come after {} and not {}: \
                 each event has to be flushed",
                time(packed),
                time(plain)
            );
            findings.wrong("compression", text);
        }
        _ => findings.ok(
            "compression",
            format_args!("{coding} when it is offered, flushed"),
        ),
    }
}

/// A compressed stream in which nothing was flushed may begin with as much.
const HEADER: usize = 10;

fn cross_origin(
    answer: &Result<Exchange, NetError>,
    preflight: &Result<Exchange, NetError>,
    findings: &mut Findings,
) {
    let Ok(answer) = answer else { return };
    if !answer.is_stream() {
        let text = format!("a request of {ORIGIN} is answered {}", answer.status);
        return findings.note("CORS", text);
    }
    let Some(origin) = answer.header("access-control-allow-origin") else {
        return findings.note(
            "CORS",
            "only pages of the server's own origin can read the stream",
        );
    };
    let credentials = answer.header("access-control-allow-credentials");
    if origin == "*" && credentials.is_some() {
        let text = "every origin (\"*\") with credentials: browsers refuse the two together";
        return findings.wrong("CORS", text);
    }
    if origin != "*" && origin != ORIGIN {
        return findings.note(
            "CORS",
            format_args!("pages of {origin} can read the stream"),
        );
    }
    if origin == ORIGIN
        && !answer
            .header("vary")
            .is_some_and(|vary| vary.to_ascii_lowercase().contains("origin"))
    {
        findings.warn(
            "CORS",
            "the origin is repeated without vary: origin: a cache may mix them up",
        );
    }
    let allowed = preflight
        .as_ref()
        .ok()
        .filter(|answer| answer.status.is_success());
    let allowed = allowed.and_then(|answer| answer.header("access-control-allow-headers"));
    let allowed = allowed.is_some_and(|headers| {
        headers
            .split(',')
            .any(|name| name.trim() == "*" || name.trim().eq_ignore_ascii_case("last-event-id"))
    });
    if allowed {
        findings.ok(
            "CORS",
            "pages of other origins can read the stream, and resume by fetch",
        );
    } else {
        let status = match preflight {
            Ok(answer) if answer.status == StatusCode::OK => {
                "200 without access-control-allow-headers".to_owned()
            }
            Ok(answer) => answer.status.to_string(),
            Err(error) => error.to_string(),
        };
        let text = format!(
            "pages of other origins can read the stream; a preflight for last-event-id is answered \
             {status}, so that only EventSource can resume, not a client made of fetch"
        );
        findings.note("CORS", text);
    }
}
