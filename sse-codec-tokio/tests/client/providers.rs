//! Streams as model providers and MCP servers send them, and as they break; read as a service would.

use bytes::Bytes;
use http::{Method, Request, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use serde_json::Value;
use sse_codec_tokio::client::{Connect, EventSource, Item, Over, Refusal, Replay, Why};
use tokio::time::timeout;

use super::script::*;

const URL: &str = "https://api.example/v1";

/// What comes of a prompt.
#[derive(Debug, PartialEq)]
enum Outcome {
    Answer(String),
    /// The text so far, and why there is no more.
    CutOff(String, &'static str),
    /// The provider's own words.
    Failed(String),
}

async fn explained(body: ScriptBody) -> String {
    match body.collect().await {
        Ok(body) => String::from_utf8_lossy(&body.to_bytes()).into_owned(),
        Err(Opaque(error)) => error.to_owned(),
    }
}

/// Events without a type; the last one is `[DONE]`.
async fn openai_style<C>(source: &mut EventSource<C>) -> Outcome
where
    C: Connect<Body = ScriptBody, Error = Opaque>,
{
    let mut text = String::new();
    loop {
        match source.next().await {
            Some(Ok(Item::Event(event))) if event.data() == "[DONE]" => {
                return Outcome::Answer(text);
            }
            Some(Ok(Item::Event(event))) => {
                let chunk = serde_json::from_slice::<Value>(event.data()).unwrap();
                if let Some(error) = chunk["error"]["message"].as_str() {
                    return Outcome::Failed(error.to_owned());
                }
                let delta = &chunk["choices"][0]["delta"]["content"];
                text.push_str(delta.as_str().unwrap_or_default());
            }
            Some(Ok(_)) => {}
            Some(Err(Over::NotRepeatable(why))) => {
                return Outcome::CutOff(
                    text,
                    match why {
                        Why::Closed => "closed",
                        Why::Broken(_) => "broken",
                        Why::Silent => "silent",
                        _ => "no connection",
                    },
                );
            }
            Some(Err(Over::Refused { body, .. })) => {
                return Outcome::Failed(explained(body).await);
            }
            Some(Err(_)) | None => panic!("neither refused nor cut off"),
        }
    }
}

/// Typed events; the last one is `message_stop`.
async fn anthropic_style<C>(source: &mut EventSource<C>) -> Outcome
where
    C: Connect<Body = ScriptBody, Error = Opaque>,
{
    let mut text = String::new();
    loop {
        // `ping` events keep the connection alive when the model has stalled: what counts is text.
        let Ok(item) = timeout(ms(60_000), no_ping(source)).await else {
            return Outcome::CutOff(text, "stalled");
        };
        match item {
            Some(Ok(Item::Event(event))) => {
                let message = serde_json::from_slice::<Value>(event.data()).unwrap();
                match event.event_type() {
                    Some(b"content_block_delta") => {
                        text.push_str(message["delta"]["text"].as_str().unwrap());
                    }
                    Some(b"message_stop") => return Outcome::Answer(text),
                    Some(b"error") => return Outcome::Failed(message["error"]["type"].to_string()),
                    _ => {}
                }
            }
            Some(Ok(_)) => {}
            Some(Err(Over::Refused { body, .. })) => {
                return Outcome::Failed(explained(body).await);
            }
            Some(Err(Over::NotRepeatable(_))) => return Outcome::CutOff(text, "ended"),
            Some(Err(_)) | None => panic!("neither refused nor cut off"),
        }
    }
}

async fn no_ping<C>(source: &mut EventSource<C>) -> Option<Result<TestItem, TestOver>>
where
    C: Connect<Body = ScriptBody, Error = Opaque>,
{
    loop {
        match source.next().await {
            Some(Ok(Item::Event(event))) if event.event_type() == Some(b"ping") => {}
            item => return item,
        }
    }
}

fn openai(text: &str) -> String {
    format!("data: {{\"choices\":[{{\"delta\":{{\"content\":\"{text}\"}}}}]}}\n\n")
}

#[tokio::test(start_paused = true)]
async fn a_chat_completion() {
    let whole = [&openai("Hel"), &openai("lo…"), "data: [DONE]\n\n"].concat();
    let cut = whole.len() - 5;
    let error = "data: {\"error\":{\"message\":\"overloaded\"}}\n\n";
    let json = |code, text: &str| Answer::Head {
        status: code,
        headers: vec![("content-type", "application/json".to_owned())],
        body: vec![bytes(text)],
    };
    let cut_off = |text: &str, why| Outcome::CutOff(text.to_owned(), why);
    for (answer, outcome) in [
        (stream(&whole), Outcome::Answer("Hello…".to_owned())),
        // Comments before the first token, as routers send them.
        (
            stream(&format!(": OPENROUTER PROCESSING\n\n{whole}")),
            Outcome::Answer("Hello…".to_owned()),
        ),
        // Every end but `[DONE]` is one too early, and none is a reason to bill twice.
        (stream(&whole[..cut]), cut_off("Hello…", "closed")),
        (stream(&openai("Hel")), cut_off("Hel", "closed")),
        (
            parts([bytes(openai("Hel")), Part::Breaks("reset")]),
            cut_off("Hel", "broken"),
        ),
        (stays(&openai("Hel")), cut_off("Hel", "silent")),
        (Answer::Fails("refused"), cut_off("", "no connection")),
        (
            stream(&[&openai("Hel"), error].concat()),
            Outcome::Failed("overloaded".to_owned()),
        ),
        // What is no stream explains itself.
        (
            json(429, "rate limit").with("retry-after", 20),
            Outcome::Failed("rate limit".to_owned()),
        ),
        (json(401, "bad key"), Outcome::Failed("bad key".to_owned())),
        (
            json(200, "{\"choices\":[]}"),
            Outcome::Failed("{\"choices\":[]}".to_owned()),
        ),
    ] {
        let (connect, log) = connector([answer]);
        let source = EventSource::new(post(URL), connect, 1024 * 1024);
        let mut source = source.with_read_timeout(ms(30_000));
        assert_eq!(openai_style(&mut source).await, outcome);
        assert_eq!(log.len(), 1);
    }
    // Who says so has it sent again.
    let (connect, log) = connector([
        json(429, "rate limit").with("retry-after", 20),
        stream(&whole),
    ]);
    let source = EventSource::new(post(URL), connect, 1024 * 1024).with_replay(Replay::Always);
    let mut source = source.with_reconnect(EXACT);
    let answer = Outcome::Answer("Hello…".to_owned());
    assert_eq!(openai_style(&mut source).await, answer);
    assert_eq!(log.gaps(), [20_000]);
    assert_eq!(log.request(1).body(), "{}");
}

#[tokio::test(start_paused = true)]
async fn a_message_of_typed_events() {
    let event = |kind: &str, data: &str| format!("event: {kind}\ndata: {data}\n\n");
    let delta = |text: &str| {
        let data = format!("{{\"delta\":{{\"text\":\"{text}\"}}}}");
        event("content_block_delta", &data)
    };
    let begin = [
        event("message_start", "{\"message\":{}}"),
        event("ping", "{}"),
        delta("Hel"),
    ]
    .concat();
    let end = [delta("lo"), event("message_stop", "{}")].concat();
    let error = event("error", "{\"error\":{\"type\":\"overloaded_error\"}}");

    // A model that has stalled behind heartbeats.
    let mut stalled = vec![bytes(&begin)];
    for _ in 0..100 {
        stalled.extend([Part::Nothing(ms(1_000)), bytes(event("ping", "{}"))]);
    }
    let hel = || "Hel".to_owned();
    for (answer, outcome) in [
        (
            stream(&[&begin[..], &end].concat()),
            Outcome::Answer("Hello".to_owned()),
        ),
        (stream(&begin), Outcome::CutOff(hel(), "ended")),
        (parts(stalled), Outcome::CutOff(hel(), "stalled")),
        (
            stream(&[begin.clone(), error].concat()),
            Outcome::Failed("\"overloaded_error\"".to_owned()),
        ),
        (status(529), Outcome::Failed("because".to_owned())),
    ] {
        let (connect, log) = connector([answer]);
        let source = EventSource::new(post(URL), connect, 1024 * 1024);
        let mut source = source.with_read_timeout(ms(30_000));
        assert_eq!(anthropic_style(&mut source).await, outcome);
        assert_eq!(log.len(), 1);
    }
}

/// A POST is resumed by a GET: what MCP asks for.
fn resume(mut request: Request<Bytes>) -> Request<Bytes> {
    if request.headers().contains_key("last-event-id") {
        *request.method_mut() = Method::GET;
        request.body_mut().clear();
        request.headers_mut().remove(CONTENT_TYPE);
    }
    request
}

fn mcp(
    script: impl IntoIterator<Item = Answer>,
) -> (
    EventSource<impl Connect<Body = ScriptBody, Error = Opaque>>,
    Log,
) {
    let (mut send, log) = connector(script);
    let connect = move |request| send(resume(request));
    let source = EventSource::new(post(URL), connect, 1024 * 1024);
    let source = source
        .with_replay(Replay::IfResumable)
        .with_reconnect(EXACT);
    (source, log)
}

#[tokio::test(start_paused = true)]
async fn a_call_over_mcp() {
    const PRIMING: &str = "id: 1\nretry: 500\ndata: \n\n";
    const RESULT: &str = "id: 3\nevent: message\ndata: {\"id\":1,\"result\":{}}\n\n";
    // The server ends its streams when it likes; the last cut is inside the result.
    let (mut source, log) = mcp([
        stream(PRIMING),
        stream("id: 2\ndata: {\"method\":\"notifications/progress\"}\n\n"),
        Answer::Fails("deploying"),
        status(503),
        stream(&RESULT[..20]),
        stays(RESULT),
    ]);
    let result = loop {
        match source.next().await {
            Some(Ok(Item::Event(event))) if event.data().is_empty() => {}
            Some(Ok(Item::Event(event))) => {
                let message = serde_json::from_slice::<Value>(event.data()).unwrap();
                if message["id"] == 1 {
                    break message;
                }
            }
            Some(Ok(_)) => {}
            Some(Err(over)) => panic!("{}", show(Err(over))),
            None => panic!("ended"),
        }
    };
    assert_eq!(result["result"], serde_json::json!({}));
    assert_eq!(log.methods(), ["POST", "GET", "GET", "GET", "GET", "GET"]);
    let id = |id: &str| Some(id.to_owned());
    assert_eq!(
        log.last_event_ids(),
        [None, id("1"), id("2"), id("2"), id("2"), id("2")]
    );
    assert_eq!(log.gaps(), [500, 500, 500, 1_000, 2_000]);
    // Never the body twice.
    assert!((1..6).all(|index| log.request(index).body().is_empty()));
}

#[tokio::test(start_paused = true)]
async fn mcp_servers_that_do_not_resume() {
    // Without an ID there is nothing to resume.
    let (mut source, log) = mcp([stream("data: {}\n\n")]);
    assert_eq!(read(&mut source).await.last().unwrap(), "not again: closed");
    assert_eq!(log.len(), 1);
    // The session is gone; there is no GET; the answer is JSON; the request was a notification.
    for (answer, refusal) in [
        (status(404), Refusal::Status),
        (status(405), Refusal::Status),
        (status(200), Refusal::WrongType),
        (status(202), Refusal::WrongType),
    ] {
        let (mut source, log) = mcp([stream("id: 1\ndata\n\n"), answer]);
        let over = loop {
            if let Some(Err(over)) = source.next().await {
                break over;
            }
        };
        let Over::Refused { refusal: is, .. } = over else {
            panic!("not refused");
        };
        assert_eq!(is, refusal);
        assert_eq!(log.len(), 2);
    }
}
