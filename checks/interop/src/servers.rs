//! Other people's servers, read by our reader.

use std::{convert::Infallible, future::Future, time::Duration};

use axum::{
    Router,
    response::sse::{Event, Sse},
    routing::get,
};
use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, client::conn::http1};
use hyper_util::rt::TokioIo;
use sse_codec::{DEFAULT_EVENT_TYPE, Millis, http, lossy};
use sse_codec_tokio::EventReader;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::{TcpListener, TcpStream},
    time::timeout,
};

use crate::{
    cases::{Case, END, Seen},
    clients::{next_line, spawn},
    differences::compare,
    report::Report,
};

const LONGEST: Duration = Duration::from_secs(20);
const LIMIT: usize = 2 << 20;

pub async fn check(report: &mut Report, cases: &[Case], file: &str, node: &str, python: &str) {
    let outcome = async {
        let listener = TcpListener::bind("127.0.0.1:0").await;
        let listener = listener.map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?;
        let app = axum_app(cases);
        let server = tokio::spawn(async { axum::serve(listener, app).await });
        let outcome = in_time(read(cases, "axum", port.port())).await;
        server.abort();
        Ok(format!("{} (axum 0.8.9)", outcome?))
    };
    report.note("axum", outcome.await);

    let outcome = in_time(events(cases, "h3", &[node, "h3.mjs", file])).await;
    report.note("h3", outcome);

    for line_end in ["crlf", "lf", "cr"] {
        let program = [python, "sse_starlette_server.py", file, line_end];
        let outcome = in_time(events(cases, "sse-starlette", &program)).await;
        report.note(&format!("sse-starlette, {line_end}"), outcome);
    }
}

async fn in_time(check: impl Future<Output = Result<String, String>>) -> Result<String, String> {
    timeout(LONGEST, check)
        .await
        .unwrap_or_else(|_| Err(format!("took more than {LONGEST:?}")))
}

/// A server that is a process. It prints its versions, then its port.
async fn events(cases: &[Case], peer: &str, program: &[&str]) -> Result<String, String> {
    let mut server = spawn(program, &[])?;
    let mut lines = BufReader::new(server.stdout.take().ok_or("no output")?).lines();
    let versions = next_line(&mut lines).await?.ok_or("ended at once")?;
    let port = next_line(&mut lines).await?.ok_or("has no port")?;
    let port = port.parse().map_err(|_| format!("not a port: {port}"))?;
    let outcome = read(cases, peer, port).await;
    let _ = server.kill().await;
    Ok(format!("{} ({versions})", outcome?))
}

/// What our reader makes of the stream.
async fn read(cases: &[Case], peer: &str, port: u16) -> Result<String, String> {
    let body = connect(port).await?;
    let mut reader = EventReader::from_stream(Box::pin(body), LIMIT);
    let mut seen = Vec::new();
    while seen.last().is_none_or(|seen: &Seen| seen.event_type != END) {
        let event = match reader.next_event().await {
            Some(Ok(event)) => event,
            Some(Err(error)) => return Err(format!("{error}, after {} events", seen.len())),
            None => break,
        };
        let event_type = event.event_type().unwrap_or(DEFAULT_EVENT_TYPE);
        seen.push(Seen {
            event_type: lossy(event_type).to_string(),
            data: event.data_lossy().into_owned(),
            id: lossy(event.last_event_id()).to_string(),
        });
    }
    let outcome = compare(cases, peer, &seen)?;
    let retry = cases.iter().filter_map(|case| case.retry).next_back();
    if reader.retry() != retry.map(Millis) {
        return Err(format!("retry is {:?}, not {retry:?}", reader.retry()));
    }
    Ok(outcome)
}

/// Sends the request, judges the response, and gives its body.
async fn connect(port: u16) -> Result<impl Stream<Item = hyper::Result<Bytes>>, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await;
    let stream = stream.map_err(|error| error.to_string())?;
    let handshake = http1::handshake(TokioIo::new(stream)).await;
    let (mut sender, connection) = handshake.map_err(|error| error.to_string())?;
    tokio::spawn(connection);
    let mut request = Request::get("/").header("host", "127.0.0.1");
    for (name, value) in http::REQUEST_HEADERS {
        request = request.header(name, value);
    }
    let request = request.body(Empty::<Bytes>::new());
    let request = request.map_err(|error| error.to_string())?;
    let response = sender.send_request(request).await;
    let response = response.map_err(|error| error.to_string())?;
    let content_type = response.headers().get("content-type");
    let content_type = content_type
        .map(|value| value.as_bytes())
        .unwrap_or_default();
    if response.status() != 200 || !http::is_event_stream(content_type) {
        return Err(format!("{}: {:?}", response.status(), response.headers()));
    }
    // Keeps the connection as long as its body.
    Ok(response
        .into_body()
        .into_data_stream()
        .map_ok(move |bytes| {
            let _ = &sender;
            bytes
        }))
}

fn axum_app(cases: &[Case]) -> Router {
    let cases = cases.to_vec();
    let respond = async move || {
        let events = stream::iter(cases).map(|case| Ok::<_, Infallible>(axum_event(&case)));
        Sse::new(events.chain(stream::pending()))
    };
    Router::new().route("/", get(respond))
}

fn axum_event(case: &Case) -> Event {
    let mut event = Event::default();
    if let Some(comment) = case.comment {
        // A comment with a line end panics.
        for line in comment.lines() {
            event = event.comment(line);
        }
    }
    if let Some(event_type) = case.event_type {
        event = event.event(event_type);
    }
    if let Some(id) = case.id {
        event = event.id(id);
    }
    if let Some(retry) = case.retry {
        event = event.retry(Duration::from_millis(retry));
    }
    if let Some(data) = &case.data {
        event = event.data(data);
    }
    event
}
