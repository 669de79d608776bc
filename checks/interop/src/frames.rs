//! What clients make of the frames that keep a stream alive and move its state: which of them bring a
//! message that nobody sent, or lose one that somebody did. And that a chunk is seen when it is sent:
//! the next one is not sent before.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use serde::Deserialize;
use sse_codec::http::{CHUNK_END, ChunkSize, LAST_CHUNK};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::{TcpListener, TcpStream},
    process::ChildStdout,
    time::timeout,
};

use crate::{
    clients::{next_line, spawn},
    report::Report,
};

/// With a `charset`, which none of them minds; the other checks are without one.
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream;charset=utf-8\r\n\
    cache-control: no-store\r\ntransfer-encoding: chunked\r\n\r\n";
const LONGEST: Duration = Duration::from_secs(20);
/// How many clients run at a time.
const AT_A_TIME: usize = 4;

/// The frames, in the order of the columns below and in docs/interop.md.
const FRAMES: [&[u8]; 6] = [
    b":\n",
    b":\n\n",
    b":\r\n",
    b"retry: 5000\n\n",
    b"id: 7\n\n",
    b"event: ping\ndata: {}\n\n",
];

/// What is seen because of a frame, between the event before it and the second one after it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Effect {
    /// What the standard says: nothing, or the event.
    Fine,
    /// A message with empty data.
    Empty,
    /// The event after it is not seen.
    Lost,
    /// The two events after it are seen as one.
    Joined,
}

/// A client and what each frame does: before there was an ID, and after.
struct Client {
    name: &'static str,
    program: Program,
    before: [Effect; FRAMES.len()],
    after: [Effect; FRAMES.len()],
}

#[derive(Clone, Copy)]
enum Program {
    Node,
    Python,
}

const fn client(
    name: &'static str,
    program: Program,
    before: &'static [u8; FRAMES.len()],
    after: &'static [u8; FRAMES.len()],
) -> Client {
    Client {
        name,
        program,
        before: effects(before),
        after: effects(after),
    }
}

/// `.` for fine, `e` for an empty message, `l` for an event that is lost, `j` for
/// two that are one.
const fn effects(letters: &[u8; FRAMES.len()]) -> [Effect; FRAMES.len()] {
    let mut effects = [Effect::Fine; FRAMES.len()];
    let mut at = 0;
    while at < letters.len() {
        effects[at] = match letters[at] {
            b'e' => Effect::Empty,
            b'l' => Effect::Lost,
            b'j' => Effect::Joined,
            _ => Effect::Fine,
        };
        at += 1;
    }
    effects
}

use Program::{Node, Python};

const CLIENTS: [Client; 19] = [
    client("requests", Python, b"......", b"......"),
    client("sseclient-py", Python, b"......", b"......"),
    client("requests-sse", Python, b"......", b"......"),
    client("tornado", Python, b"l.l...", b"l.l..."),
    client("aiohttp-sse-client2", Python, b"......", b"......"),
    client("launchdarkly-eventsource", Python, b"......", b"......"),
    client("httpx-sse", Python, b"...e..", b".e.ee."),
    client("openai", Python, b"...e..", b".e.ee."),
    client("anthropic", Python, b"...e..", b".e.ee."),
    client("sseclient", Python, b".e.e..", b".e.ee."),
    client("@microsoft/fetch-event-source", Node, b".e.e..", b".e.ee."),
    client("fetch-event-stream", Node, b"...e..", b"...ee."),
    client("eventsource1", Node, b"..j...", b"..j..."),
    client("eventsource2", Node, b"..j...", b"..j..."),
    client("eventsource4", Node, b"......", b"......"),
    client("eventsource-client", Node, b"......", b"......"),
    client("eventsource-parser", Node, b"......", b"......"),
    client("launchdarkly-eventsource", Node, b"..j...", b"..j..."),
    client("undici", Node, b"......", b"......"),
];

pub async fn check(report: &mut Report, node: &str, python: &str) {
    let outcomes = stream::iter(&CLIENTS).map(async |client| {
        let program = match client.program {
            Node => vec![node, "--no-warnings", "events.mjs", client.name],
            Python => vec![python, "events.py", client.name],
        };
        let outcome = timeout(LONGEST, one(client, &program)).await;
        outcome.unwrap_or_else(|_| Err(format!("took more than {LONGEST:?}")))
    });
    let outcomes: Vec<_> = outcomes.buffered(AT_A_TIME).collect().await;
    for (client, outcome) in CLIENTS.iter().zip(outcomes) {
        report.note(client.name, outcome);
    }
}

#[derive(Debug, Deserialize)]
struct Seen {
    #[serde(rename = "type")]
    event_type: String,
    data: String,
}

async fn one(client: &Client, program: &[&str]) -> Result<String, String> {
    let text = |error: std::io::Error| error.to_string();
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(text)?;
    let url = format!("http://{}/", listener.local_addr().map_err(text)?);
    let mut process = spawn(program, &[&url])?;
    let mut lines = BufReader::new(process.stdout.take().ok_or("no output")?).lines();
    let versions = next_line(&mut lines).await?.ok_or("ended at once")?;
    let mut stream = accept(&listener).await.map_err(text)?;
    stream.write_all(HEAD).await.map_err(text)?;

    let mut number = 0;
    let mut found = [[Effect::Fine; FRAMES.len()]; 2];
    let nothing: &[u8] = b"";
    for (pass, first) in found.iter_mut().zip([nothing, b"id: 1\n"]) {
        effect(&mut stream, &mut lines, first, &mut number).await?;
        for (frame, effect_of) in FRAMES.iter().zip(pass) {
            // The second pass has seen an ID, the first one must not.
            if !(frame.starts_with(b"id") && first.is_empty()) {
                *effect_of = effect(&mut stream, &mut lines, frame, &mut number).await?;
            }
        }
    }
    send(&mut stream, b"event: end\ndata: end\n\n")
        .await
        .map_err(text)?;
    let _ = stream.write_all(LAST_CHUNK).await;
    let status = process.wait().await.map_err(text)?;
    if !status.success() {
        return Err(format!("ended with {status}"));
    }
    let expected = [client.before, client.after];
    if found != expected {
        return Err(format!("{found:?} instead of {expected:?}"));
    }
    Ok(format!(
        "each event as it is sent; {} ({versions})",
        show(&found)
    ))
}

fn show(found: &[[Effect; FRAMES.len()]; 2]) -> String {
    let odd = |effects: &[Effect; FRAMES.len()]| -> String {
        let odd = FRAMES
            .iter()
            .zip(effects)
            .filter(|(_, effect)| **effect != Effect::Fine);
        odd.map(|(frame, effect)| format!(" {:?} by {}", effect, frame.escape_ascii()))
            .collect()
    };
    format!("before an ID:{}; after:{}", odd(&found[0]), odd(&found[1]))
}

/// Sends a frame and an event in one chunk, as they come when a server has both, and another event in
/// a chunk of its own; waits until the client has shown the
/// second. A client that waits for more than it was sent is one that never gets it.
async fn effect(
    stream: &mut TcpStream,
    lines: &mut Lines<BufReader<ChildStdout>>,
    frame: &[u8],
    number: &mut u32,
) -> Result<Effect, String> {
    let (first, second) = (*number + 1, *number + 2);
    *number = second;
    let text = |error: std::io::Error| error.to_string();
    let event = [frame, format!("data: {first}\n\n").as_bytes()].concat();
    send(stream, &event).await.map_err(text)?;
    send(stream, format!("data: {second}\n\n").as_bytes())
        .await
        .map_err(text)?;
    let (mut effect, mut has_first) = (Effect::Fine, false);
    loop {
        let line = next_line(lines).await?.ok_or("ended early")?;
        let seen: Seen = serde_json::from_str(&line).map_err(|error| format!("{error}: {line}"))?;
        match seen.data.as_str() {
            "" => effect = Effect::Empty,
            "{}" if seen.event_type == "ping" => {}
            data if data == first.to_string() => has_first = true,
            data if data == second.to_string() => break,
            data if data == format!("{first}\n{second}") => return Ok(Effect::Joined),
            _ => return Err(format!("{seen:?} after {}", frame.escape_ascii())),
        }
    }
    // What a splitter by hand loses with an ID is not the matter here.
    Ok(if has_first || frame.starts_with(b"id: 1") {
        effect
    } else {
        Effect::Lost
    })
}

/// The connection with the request: Node opens a second one and says nothing on it.
async fn accept(listener: &TcpListener) -> std::io::Result<TcpStream> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            match stream.read_u8().await {
                Ok(byte) => head.push(byte),
                Err(_) => break,
            }
        }
        if head.ends_with(b"\r\n\r\n") {
            return Ok(stream);
        }
    }
}

/// Sends a chunk of its own.
async fn send(stream: &mut TcpStream, bytes: &[u8]) -> std::io::Result<()> {
    let size = ChunkSize::new(bytes.len());
    let size = size.as_ref().map_or(&b""[..], ChunkSize::as_bytes);
    stream.write_all(&[size, bytes, CHUNK_END].concat()).await
}
