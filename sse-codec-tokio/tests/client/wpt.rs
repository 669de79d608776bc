//! The client tests of the web platform (directory `eventsource`), as far as they are not about
//! browsers: under the standard's policy.

use sse_codec::{Policy, ReconnectConfig};
use sse_codec_tokio::client::{Connect, EventSource, Item};

use super::script::*;

#[allow(dead_code, unreachable_pub, reason = "other tests look at more of it")]
#[path = "../../../sse-codec/tests/vectors/wpt.rs"]
mod vectors;

const STANDARD: ReconnectConfig = EXACT.with_policy(Policy::Standard);
const URL: &str = "http://example.com/events";

fn standard(
    script: impl IntoIterator<Item = Answer>,
) -> (
    EventSource<impl Connect<Body = ScriptBody, Error = Opaque>>,
    Log,
) {
    let (connect, log) = connector(script);
    let source = EventSource::new(get(URL), connect, 64 * 1024);
    (source.with_reconnect(STANDARD), log)
}

/// `format-*`, `event-data` and the others: the streams, their IDs in the next request, and their
/// reconnection times in its delay.
#[tokio::test(start_paused = true)]
async fn streams() {
    for vector in vectors::WPT {
        let (mut source, log) = standard([parts([bytes(vector.input)])]);
        let (mut events, mut comments) = (Vec::new(), Vec::new());
        while let Some(item) = source.next().await {
            match item {
                Ok(Item::Event(event)) => events.push(event),
                Ok(Item::Comment(text)) => comments.push(text),
                Ok(Item::Open(_) | Item::Reconnecting { .. } | Item::Unsendable(_)) => {}
                other => assert_eq!(show(other), "over", "{}", vector.name),
            }
        }
        assert_eq!(events.len(), vector.events.len(), "{}", vector.name);
        for (event, expected) in events.iter().zip(vector.events) {
            let event_type = event.event_type().unwrap_or(b"message");
            assert_eq!(event_type, expected.event_type, "{}", vector.name);
            assert_eq!(event.data(), expected.data, "{}", vector.name);
            assert_eq!(
                event.last_event_id(),
                expected.last_event_id,
                "{}",
                vector.name
            );
        }
        assert_eq!(comments, vector.comments, "{}", vector.name);
        let id = Some(vector.last_event_id).filter(|id| !id.is_empty());
        let sent = log.request(1).headers().get("last-event-id").cloned();
        assert_eq!(sent.as_ref().map(|id| id.as_bytes()), id, "{}", vector.name);
        let wait = vector.retry.unwrap_or(3_000).max(100);
        assert_eq!(log.gaps(), [wait], "{}", vector.name);
    }
}

/// `format-mime-*`, `request-status-error`: "fail: error event, readyState CLOSED, no message, no
/// reconnect".
#[tokio::test(start_paused = true)]
async fn what_fails() {
    let of_type = |content_type: &str| Answer::Head {
        status: 200,
        headers: vec![("content-type", content_type.to_owned())],
        body: vec![bytes("data: a\n\n")],
    };
    let mut answers = vec![of_type("x bogus"), of_type("text/x-bogus")];
    for code in [204, 205, 210, 299, 404, 410, 503] {
        answers.push(status(code).with("content-type", "text/event-stream"));
    }
    for answer in answers {
        let (mut source, log) = standard([answer]);
        let seen = read(&mut source).await;
        assert_eq!((seen.len(), log.len()), (1, 1), "{seen:?}");
    }
    for content_type in [
        "text/event-stream;",
        "text/event-stream;charset=windows-1252",
    ] {
        let (mut source, _) = standard([of_type(content_type)]);
        assert_eq!(read(&mut source).await[..2], ["open 200", "a"]);
    }
}

/// `request-redirect`, `request-accept`, `request-cache-control`: "on every connection".
#[tokio::test(start_paused = true)]
async fn requests() {
    for code in [301, 302, 303, 307] {
        let (mut source, log) = standard([redirect(code, "/other"), stream("data: a\n\n")]);
        assert_eq!(read(&mut source).await[..2], ["open 200", "a"]);
        for (name, value) in [
            ("accept", "text/event-stream"),
            ("cache-control", "no-cache"),
        ] {
            assert_eq!(log.header(name), vec![Some(value.to_owned()); 3]);
        }
    }
}

/// `eventsource-reconnect`: the end of a body, then a new request; later events come on it.
#[tokio::test(start_paused = true)]
async fn reconnect() {
    let (mut source, log) = standard([
        stream("retry: 200\ndata: opened\n\n"),
        stream("data: reconnected\n\n"),
    ]);
    let seen = read(&mut source).await;
    assert_eq!(
        seen[..5],
        [
            "open 200",
            "opened",
            "200 ms: closed",
            "open 200",
            "reconnected"
        ]
    );
    assert_eq!(log.gaps(), [200, 200]);
}

/// `eventsource-close`: who closes it hears nothing more, and the connection goes.
#[tokio::test(start_paused = true)]
async fn close() {
    let (mut source, log) = standard([stays("data: a\n\ndata: b\n\n"), stays("")]);
    source.next().await;
    source.next().await;
    assert_eq!(log.open_bodies(), 1);
    drop(source);
    assert_eq!(log.open_bodies(), 0);
    assert_eq!(log.len(), 1);
}
