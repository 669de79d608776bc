//! The real `EventSource` beside our parser and our reading of a response.

use std::{collections::BTreeMap, time::Duration};

use serde::Deserialize;
use sse_codec::{Next, http};

use crate::{
    answers::ANSWERS,
    driver::{Browser, Failure},
    report::Report,
    server::{Request, Server},
    streams::{Outcome, Seen, Stream, by_our_parser, deviations, in_order, streams},
};

/// What the page has seen of one `EventSource`.
#[derive(Debug, Deserialize)]
struct Watched {
    url: String,
    opens: usize,
    events: Vec<Seen>,
    errors: usize,
}

/// A stream that is served, where, and what the browser should make of it.
struct Served {
    name: String,
    path: String,
    expected: Outcome,
    /// Why it is not what our parser makes of it.
    deviation: Option<&'static str>,
    ours: Outcome,
}

/// Streams of another origin (`eventsource-cross-origin-preflight`), and whether the standard has a
/// browser ask that origin before it comes back with their IDs. Chromium never does.
const ACROSS: [(&str, bool); 3] = [
    ("cross-origin-preflight.safe", false),
    ("cross-origin-preflight.unsafe", true),
    ("cross-origin-preflight.long", true),
];

pub async fn check(report: &mut Report, browser: &Browser) -> Result<(), Failure> {
    let deviations = deviations();
    let streams = streams();
    let mut served = Vec::new();
    for (index, stream) in streams.iter().enumerate() {
        for way in ["whole", "pieces"] {
            served.push(serve(stream, format!("/stream/{index}/{way}"), way));
        }
    }
    for (index, deviation) in deviations.iter().enumerate() {
        let path = format!("/stream/{}/whole", streams.len() + index);
        served.push(Served {
            expected: deviation.chromium.clone(),
            deviation: Some(deviation.reason),
            ..serve(&deviation.stream, path, "deviation")
        });
    }
    let across: Vec<_> = ACROSS
        .iter()
        .filter_map(|(name, asks)| {
            let index = streams.iter().position(|stream| stream.name == *name)?;
            Some((*name, format!("/stream/{index}/across"), *asks))
        })
        .collect();

    let all = streams
        .into_iter()
        .chain(deviations.into_iter().map(|deviation| deviation.stream));
    let server = Server::start(all.collect()).await?;
    browser.client.goto(&server.origin).await?;
    let mut urls: Vec<_> = served.iter().map(|served| served.path.clone()).collect();
    urls.extend((0..ANSWERS.len()).map(|index| format!("/answer/{index}")));
    urls.extend(
        across
            .iter()
            .map(|(_, path, _)| server.other_origin.clone() + path),
    );
    let types = served.iter().flat_map(|served| &served.ours.events);
    let types: Vec<_> = types.map(|event| event.event_type.as_str()).collect();
    let watched = watch(browser, &urls, &types).await?;
    let watched: BTreeMap<_, _> = watched
        .iter()
        .map(|seen| (seen.url.as_str(), seen))
        .collect();

    for served in &served {
        let outcome = compare(served, watched.get(served.path.as_str()), &server);
        report.note(&served.name, outcome);
    }
    for (index, answer) in ANSWERS.iter().enumerate() {
        let path = format!("/answer/{index}");
        let outcome = match watched.get(path.as_str()) {
            Some(seen) => judge(
                seen,
                answer.ours(),
                answer.difference,
                server.requests(&path).len(),
            ),
            None => Err("not seen".to_owned()),
        };
        report.note(&answer.name(), outcome);
    }
    for (name, path, asks) in &across {
        report.note(
            &format!("{name}, another origin"),
            across_origins(&server.requests(path), *asks),
        );
    }
    report.note("every request", headers(&served, &server));
    let outcome = comes_back_in_order(browser).await;
    report.note(
        "reconnection times",
        outcome.map_err(|error| error.to_string()),
    );
    Ok(())
}

fn serve(stream: &Stream, path: String, way: &str) -> Served {
    let ours = by_our_parser(&stream.bodies);
    Served {
        name: format!("{}, {way}", stream.name),
        path,
        expected: ours.clone(),
        deviation: None,
        ours,
    }
}

/// What the page saw, and with what the browser came back after each body and when.
fn compare(served: &Served, seen: Option<&&Watched>, server: &Server) -> Result<String, String> {
    let seen = seen.ok_or("not seen")?;
    let Outcome { events, back } = &served.expected;
    let requests = server.requests(&served.path);
    // The last is told to stop.
    if requests.len() != back.len() + 1 || seen.opens != back.len() || seen.errors != back.len() + 1
    {
        return Err(format!(
            "{} requests, {} opened",
            requests.len(),
            seen.opens
        ));
    }
    if seen.events != *events {
        let index = seen
            .events
            .iter()
            .zip(events)
            .take_while(|(a, b)| a == b)
            .count();
        let show =
            |event: Option<&Seen>| format!("{event:?}").chars().take(200).collect::<String>();
        let (found, wanted) = (show(seen.events.get(index)), show(events.get(index)));
        return Err(format!("event {index} is {found} instead of {wanted}"));
    }
    for (pair, (id, retry)) in requests.windows(2).zip(back) {
        let sent = pair[1].headers.get(http::LAST_EVENT_ID);
        // A header cannot keep spaces at its ends (RFC 9110 §5.5).
        if sent.map_or("", |sent| sent.trim()) != id.trim() || sent.is_some() == id.is_empty() {
            return Err(format!("came back with {sent:?} instead of {id:?}"));
        }
        waited(*retry, pair)?;
    }
    match served.deviation {
        Some(_) if served.expected == served.ours => Err("is no deviation any more".to_owned()),
        Some(reason) => Ok(format!("as known: {reason}")),
        None => Ok(format!(
            "{} events, came back {} times",
            events.len(),
            back.len()
        )),
    }
}

/// How long the browser waited before it came back; an error when it did not wait long enough. How
/// much longer it takes depends on the machine.
fn waited(retry: u64, pair: &[Request]) -> Result<Duration, String> {
    let ended = pair[0].ended.unwrap_or(pair[0].began);
    let waited = pair[1].began.saturating_duration_since(ended);
    // Its clock may tick otherwise than ours.
    if waited + Duration::from_millis(5) < Duration::from_millis(retry) {
        return Err(format!("came back after {waited:?} instead of {retry} ms"));
    }
    Ok(waited)
}

/// With nothing else going on: who was told a longer time comes back later.
async fn comes_back_in_order(browser: &Browser) -> Result<String, Failure> {
    let streams = in_order();
    let server = Server::start(streams.clone()).await?;
    browser.client.goto(&server.origin).await?;
    let paths: Vec<_> = (0..streams.len())
        .map(|index| format!("/stream/{index}/whole"))
        .collect();
    watch(browser, &paths, &[]).await?;
    let mut notes = Vec::new();
    let mut last = None;
    for (stream, path) in streams.iter().zip(&paths) {
        let requests = server.requests(path);
        let retry = by_our_parser(&stream.bodies).back[0].1;
        let [_, second] = requests.as_slice() else {
            return Err(format!("{}: {} requests", stream.name, requests.len()).into());
        };
        notes.push(format!(
            "{}: {} ms",
            stream.name,
            waited(retry, &requests)?.as_millis()
        ));
        if last
            .replace(second.began)
            .is_some_and(|last| last > second.began)
        {
            return Err(notes.join(", ").into());
        }
    }
    Ok(notes.join(", "))
}

async fn watch(
    browser: &Browser,
    urls: &[String],
    types: &[&str],
) -> Result<Vec<Watched>, Failure> {
    let arguments = vec![serde_json::to_value(urls)?, serde_json::to_value(types)?];
    let script = "watchAll(arguments[0], arguments[1]).then(arguments[2])";
    let watched = browser.client.execute_async(script, arguments).await?;
    Ok(serde_json::from_str(
        watched.as_str().ok_or("not a string")?,
    )?)
}

/// Whether the browser has taken a response as our client would.
fn judge(
    seen: &Watched,
    ours: Next,
    difference: Option<&str>,
    requests: usize,
) -> Result<String, String> {
    let opened = match (seen.opens, seen.events.len(), seen.errors) {
        (1, 1, 2) => true,
        (0, 0, 1) if requests == 1 => false,
        _ => return Err(format!("{seen:?}, {requests} requests")),
    };
    let opens = matches!(ours, Next::Open | Next::Follow);
    match difference {
        None if opened == opens => Ok(format!("{ours:?}")),
        Some(_) if opened == opens => Err("is no difference any more".to_owned()),
        Some(reason) => Ok(format!("{ours:?}, not so to Chromium; {reason}")),
        None => Err(format!(
            "{ours:?}, but the browser {}",
            if opened { "opens" } else { "fails" }
        )),
    }
}

/// That the browser comes back with its ID unasked.
fn across_origins(requests: &[Request], should_ask: bool) -> Result<String, String> {
    let methods: Vec<_> = requests
        .iter()
        .map(|request| request.method.as_str())
        .collect();
    if methods != ["GET", "GET"] {
        return Err(format!("{methods:?}"));
    }
    Ok(match should_ask {
        true => "as known: it comes back without a preflight",
        false => "comes back without a preflight",
    }
    .to_owned())
}

/// That every request carries what ours do.
fn headers(served: &[Served], server: &Server) -> Result<String, String> {
    let mut count = 0;
    for request in served
        .iter()
        .flat_map(|served| server.requests(&served.path))
    {
        count += 1;
        for (name, value) in http::REQUEST_HEADERS {
            if request.headers.get(name).is_none_or(|sent| sent != value) {
                return Err(format!("{name} is not {value}: {request:?}"));
            }
        }
    }
    Ok(format!("{count} with the headers of REQUEST_HEADERS"))
}
