//! `serve`, read by clients that wait for blocks of a fixed size where a body has no chunks: each event
//! is sent when the one before it has been seen, so one that waits for more gets nothing.

use std::{sync::Arc, time::Duration};

use sse_codec::{Event, Frame};
use sse_codec_tokio::{EncodedFrame, ServeOptions, channel, request::Request, serve};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    time::timeout,
};

use crate::{
    clients::{next_line, spawn},
    report::Report,
};

const CLIENTS: [&str; 4] = ["requests", "sseclient-py", "requests-sse", "tornado"];
const LONGEST: Duration = Duration::from_secs(20);
const EVENTS: usize = 20;

pub async fn check(report: &mut Report, python: &str) {
    for name in CLIENTS {
        let outcome = timeout(LONGEST, one(name, python)).await;
        let outcome = outcome.unwrap_or_else(|_| Err(format!("took more than {LONGEST:?}")));
        report.note(&format!("{name}, by serve"), outcome);
    }
}

async fn one(name: &str, python: &str) -> Result<String, String> {
    let text = |error: std::io::Error| error.to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(text)?;
    let url = format!("http://{}/", listener.local_addr().map_err(text)?);
    let mut client = spawn(&[python, "events.py", name], &[&url])?;
    let mut lines = BufReader::new(client.stdout.take().ok_or("no output")?).lines();
    next_line(&mut lines).await?.ok_or("ended at once")?;

    let (mut stream, _) = listener.accept().await.map_err(text)?;
    let request = Request::read(&mut stream, 16 * 1024, LONGEST).await;
    let request = request.map_err(|refusal| refusal.to_string())?;
    let (sender, events) = channel(1);
    let terms = request.terms(&Arc::new(ServeOptions::new()));
    let connection = tokio::spawn(serve(stream, events, terms));
    for number in 0..EVENTS {
        let data = number.to_string();
        sender
            .send(Frame::message(data.as_bytes()))
            .await
            .map_err(|error| error.to_string())?;
        let line = next_line(&mut lines).await?.ok_or("ended early")?;
        if !line.contains(&format!("\"data\": \"{number}\"")) {
            return Err(format!("{line} instead of {number}"));
        }
    }
    let end = EncodedFrame::event(Event::text("end").with_type(b"end"));
    let end = end.map_err(|error| error.to_string())?;
    sender.send(end).await.map_err(|error| error.to_string())?;
    drop(sender);
    let status = client.wait().await.map_err(text)?;
    let summary = connection.await.map_err(|error| error.to_string())?;
    if !status.success() {
        return Err(format!("ended with {status}; {}", summary.reason));
    }
    Ok(format!(
        "{EVENTS} events, each as it is sent ({:?})",
        request.head.version
    ))
}
