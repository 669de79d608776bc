//! MCP over streamable HTTP against the Python SDK's server: each call is a POST, answered by a stream
//! that begins with an ID and no data; a stream that the server closes is resumed by a GET with that ID.

use std::{error::Error, process::Stdio, time::Duration};

use bytes::Bytes;
use http::{Method, Request, header::CONTENT_TYPE};
use reqwest_0_13::{self as reqwest, Body};
use serde_json::{Value, json};
use sse_codec::{Millis, ReconnectConfig};
use sse_codec_tokio::client::{Connect, EventSource, Item, Replay};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::over_reqwest_0_13;

const PROTOCOL: &str = "2025-11-25";

/// How often the tool closes its stream.
const TIMES: u64 = 5;

pub async fn resumes(python: &str) -> Result<(), Box<dyn Error>> {
    let mut server = Command::new(python)
        .arg(concat!(env!("CARGO_MANIFEST_DIR"), "/peers/mcp_server.py"))
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let result = timeout(Duration::from_secs(60), talk(&mut server)).await;
    server.kill().await?;
    result?
}

async fn talk(server: &mut Child) -> Result<(), Box<dyn Error>> {
    let stdout = server.stdout.take().ok_or("no output")?;
    let port = BufReader::new(stdout).lines().next_line().await?;
    let url = format!("http://127.0.0.1:{}/mcp", port.ok_or("no port")?);

    let parameters = json!({
        "protocolVersion": PROTOCOL,
        "capabilities": {},
        "clientInfo": { "name": "sse-codec", "version": "0" },
    });
    let mut call = request(&url, None, 0, "initialize", &parameters)?;
    call.result().await?;
    let session = call.session.take().ok_or("no session")?;

    let parameters = json!({
        "name": "count",
        "arguments": { "times": TIMES },
        "_meta": { "progressToken": "p" },
    });
    let mut call = request(&url, Some(&session), 1, "tools/call", &parameters)?;
    let result = call.result().await?;
    let text = &result["content"][0]["text"];
    if *text != format!("counted to {TIMES}") || call.progress != (1..=TIMES).collect::<Vec<_>>() {
        return Err(format!("{result} after {:?}", call.progress).into());
    }
    if call.resumptions < TIMES {
        return Err(format!("only {} resumptions", call.resumptions).into());
    }
    println!(
        "MCP (Python SDK): a result after {} resumptions by GET, progress {:?}",
        call.resumptions, call.progress
    );
    Ok(())
}

/// A request and what comes of it.
struct Call<C: Connect> {
    source: EventSource<C>,
    number: u64,
    session: Option<String>,
    progress: Vec<u64>,
    resumptions: u64,
}

fn request(
    url: &str,
    session: Option<&str>,
    number: u64,
    method: &str,
    parameters: &Value,
) -> Result<Call<impl Connect<Body = Body, Error = reqwest::Error>>, Box<dyn Error>> {
    let body = json!({ "jsonrpc": "2.0", "id": number, "method": method, "params": parameters });
    let mut request = Request::post(url)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .header("mcp-protocol-version", PROTOCOL);
    if let Some(session) = session {
        request = request.header("mcp-session-id", session);
    }
    let client = over_reqwest_0_13::client()?;
    let connect = move |request| over_reqwest_0_13::send(client.clone(), resume(request));
    let source = EventSource::new(request.body(body.to_string().into())?, connect, 1024 * 1024)
        // The server goes on with a request that it is asked for by an ID.
        .with_replay(Replay::IfResumable)
        .with_reconnect(ReconnectConfig::new().with_floor(Millis(10)));
    Ok(Call {
        source,
        number,
        session: None,
        progress: Vec::new(),
        resumptions: 0,
    })
}

/// A POST is resumed by a GET.
fn resume(mut request: Request<Bytes>) -> Request<Bytes> {
    if request.headers().contains_key("last-event-id") {
        *request.method_mut() = Method::GET;
        *request.body_mut() = Bytes::new();
        request.headers_mut().remove(CONTENT_TYPE);
    }
    request
}

impl<C: Connect<Body = Body, Error = reqwest::Error>> Call<C> {
    /// Waits for the result, over as many connections as it takes.
    async fn result(&mut self) -> Result<Value, Box<dyn Error>> {
        while let Some(item) = self.source.next().await {
            match item? {
                Item::Open(head) => {
                    let session = head.headers.get("mcp-session-id");
                    self.session = session.and_then(|value| Some(value.to_str().ok()?.to_owned()));
                }
                // The first event of each stream: an ID, and no message.
                Item::Event(event) if event.data().is_empty() => {}
                Item::Event(event) => {
                    let message = serde_json::from_slice::<Value>(event.data())?;
                    if message["id"] == self.number {
                        return Ok(message["result"].clone());
                    }
                    self.progress.extend(message["params"]["progress"].as_u64());
                }
                Item::Reconnecting { .. } => self.resumptions += 1,
                _ => {}
            }
        }
        Err("no result".into())
    }
}
