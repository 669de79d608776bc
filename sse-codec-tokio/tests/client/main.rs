//! [`EventSource`] over scripted connections, with paused time.
#![cfg(feature = "client")]

mod providers;
mod redirects;
mod restarts;
mod script;
mod wpt;

use std::{collections::BTreeSet, pin::pin, task::Poll};

use http_body_util::BodyExt;
use script::*;
use sse_codec::{Policy, ReconnectConfig};
use sse_codec_tokio::client::{EventSource, EventsError, Item, Over, Refusal, Replay, Why};
use tokio::time::{Instant, timeout};
use tokio_stream::StreamExt;

const URL: &str = "http://example.com/events";

#[tokio::test(start_paused = true)]
async fn goes_on_where_it_was() {
    let (connect, log) = connector([
        stream("retry: 2000\nid: 1\ndata: a\n\nid: 2\ndata: b\n\nid: 3\ndata: half"),
        parts([bytes("data: c\n\n"), Part::Breaks("reset")]),
        Answer::Fails("refused"),
        stream("\u{FEFF}id\ndata: d\n\n"),
    ]);
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    let seen = read(&mut source).await;
    assert_eq!(
        seen,
        [
            "open 200",
            "a",
            "b",
            "2000 ms: closed",
            "open 200",
            "c",
            "2000 ms: broken: reset",
            "2000 ms: no connection: refused",
            "open 200",
            "d",
            "2000 ms: closed",
            "over"
        ]
    );
    let two = || Some("2".to_owned());
    assert_eq!(log.last_event_ids(), [None, two(), two(), two(), None]);
    assert_eq!(log.gaps(), [2_000; 4]);
    // The end is the end.
    assert!(source.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn requests_carry_what_they_should() {
    let (connect, log) = connector([stream("id: …\ndata: a\n\n")]);
    let mut request = get("http://example.com/events?x=1");
    let headers = request.headers_mut();
    headers.insert("authorization", "Bearer x".parse().unwrap());
    headers.insert("cache-control", "no-store".parse().unwrap());
    headers.insert("last-event-id", "stale".parse().unwrap());
    let mut source = EventSource::new(request, connect, 1024);
    read(&mut source).await;
    assert_eq!(log.urls(), ["http://example.com/events?x=1"; 2]);
    assert_eq!(log.methods(), ["GET"; 2]);
    let every = |value: &str| vec![Some(value.to_owned()); 2];
    assert_eq!(log.header("accept"), every("text/event-stream"));
    assert_eq!(log.header("authorization"), every("Bearer x"));
    assert_eq!(log.header("cache-control"), every("no-store"));
    assert_eq!(log.last_event_ids(), [None, Some("…".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn statuses() {
    let tolerant = EXACT;
    let standard = EXACT.with_policy(Policy::Standard);
    for (config, code, seen) in [
        (tolerant, 204, "over"),
        (tolerant, 401, "401: no success"),
        (tolerant, 404, "404: no success"),
        (tolerant, 304, "304: no success"),
        (tolerant, 200, "200: no event stream"),
        (tolerant, 503, "3000 ms: 503"),
        (tolerant, 429, "3000 ms: 429"),
        (standard, 503, "503: no success"),
        (standard, 204, "over"),
    ] {
        let (connect, _) = connector([status(code)]);
        let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(config);
        assert_eq!(show(source.next().await.unwrap()), seen);
    }
    let created = || match stream("data: made\n\n") {
        Answer::Head { headers, body, .. } => Answer::Head {
            status: 201,
            headers,
            body,
        },
        other => other,
    };
    for (config, seen) in [(tolerant, "open 201"), (standard, "201: no success")] {
        let (connect, _) = connector([created()]);
        let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(config);
        assert_eq!(show(source.next().await.unwrap()), seen);
    }
}

#[tokio::test(start_paused = true)]
async fn types_and_codings() {
    let kind = |content_type: &[&str], coding: &str| {
        let mut answer = Answer::Head {
            status: 200,
            headers: Vec::new(),
            body: vec![Part::Stays],
        };
        for value in content_type {
            answer = answer.with("content-type", value);
        }
        match coding {
            "" => answer,
            coding => answer.with("content-encoding", coding),
        }
    };
    for (answer, seen) in [
        (kind(&["text/event-stream"], ""), "open 200"),
        (kind(&["text/html", "text/event-stream"], ""), "open 200"),
        (
            kind(&["text/event-stream", "text/html"], ""),
            "200: no event stream",
        ),
        (kind(&[], ""), "200: no event stream"),
        (kind(&["text/event-stream"], "identity"), "open 200"),
        (
            kind(&["text/event-stream"], "gzip"),
            "200: a content coding that nobody decodes",
        ),
    ] {
        let (connect, _) = connector([answer]);
        let mut source = EventSource::new(get(URL), connect, 1024);
        assert_eq!(show(source.next().await.unwrap()), seen);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_can_be_read() {
    let (connect, _) = connector([status(403).with("x-request-id", "9")]);
    let mut source = EventSource::new(get(URL), connect, 1024);
    let Some(Err(Over::Refused {
        head,
        body,
        refusal,
    })) = source.next().await
    else {
        panic!("not refused");
    };
    assert_eq!((head.status.as_u16(), refusal), (403, Refusal::Status));
    assert_eq!(head.headers["x-request-id"], "9");
    let Ok(body) = body.collect().await else {
        panic!("a whole body");
    };
    assert_eq!(body.to_bytes(), "because");
    assert!(source.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn waits_as_long_as_the_server_asks() {
    let date = "Sun, 06 Nov 1994 08:49:37 GMT";
    let (connect, log) = connector([
        status(503).with("retry-after", 30),
        status(429)
            .with("retry-after", "Sun, 06 Nov 1994 08:50:00 GMT")
            .with("date", date),
        status(503).with("retry-after", "nonsense"),
        status(503).with("retry-after", u64::MAX),
        stream("retry: 18446744073709551615\n\n"),
        stream("retry: 0\n\n"),
    ]);
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    read(&mut source).await;
    assert_eq!(
        log.gaps(),
        [30_000, 23_000, 12_000, 3_600_000, 3_600_000, 100]
    );
}

/// Ten empty streams in a row, as from a server whose handler ends at once.
#[tokio::test(start_paused = true)]
async fn an_empty_stream_is_asked_for_less_and_less_often() {
    let (connect, log) = connector(vec![stream(""); 10]);
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    read(&mut source).await;
    let gaps = log.gaps();
    assert_eq!(gaps[..5], [3_000, 6_000, 12_000, 24_000, 48_000]);
    assert_eq!(gaps[5..], [60_000; 5]);

    let (connect, log) = connector(vec![stream(": ping\n\n"); 4]);
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    read(&mut source).await;
    assert_eq!(log.gaps(), [3_000, 6_000, 12_000, 24_000]);

    // Refused after `retry: 0`.
    let mut script = vec![stream("retry: 0\n\n")];
    script.extend(vec![Answer::Fails("refused"); 4]);
    let (connect, log) = connector(script);
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    read(&mut source).await;
    assert_eq!(log.gaps(), [100, 100, 200, 400, 800]);
}

/// An ID alone and a `retry` line alone are signs of life too, the last one even where the stream is
/// cut right after it.
#[tokio::test(start_paused = true)]
async fn what_proves_a_connection() {
    for (text, gaps) in [
        ("id: 1\n\n", [3_000; 3]),
        ("retry: 3000\n", [3_000; 3]),
        ("retry: 3000\ndata: x", [3_000; 3]),
        ("data: x\n\n", [3_000; 3]),
        ("data: x\n", [3_000, 6_000, 12_000]),
    ] {
        let (connect, log) = connector(vec![stream(text); 3]);
        let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
        read(&mut source).await;
        assert_eq!(log.gaps(), gaps, "{text}");
    }
    let (connect, log) = connector(vec![parts([Part::Nothing(ms(60_000))]); 3]);
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    read(&mut source).await;
    assert_eq!(log.gaps(), [63_000; 3]);
}

#[tokio::test(start_paused = true)]
async fn gives_up_after_so_many_attempts() {
    let script = [
        stream("data: a\n\n"),
        Answer::Fails("x"),
        stream(""),
        status(503),
    ];
    let (connect, _) = connector(script);
    let config = EXACT.with_attempts(3);
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(config);
    let seen = read(&mut source).await;
    assert_eq!(seen[seen.len() - 2..], ["6000 ms: closed", "gave up: 503"]);
    assert_eq!(source.failures(), 3);
    source.restart();
    assert_eq!(read(&mut source).await, ["over"]);
}

#[tokio::test(start_paused = true)]
async fn a_request_is_repeated_only_when_it_may_be() {
    let with_id = || stream("id: 1\ndata: a\n\n");
    let ends = |replay, request, first| async move {
        let (connect, log) = connector([first, stream("data: b\n\n")]);
        let mut source = EventSource::new(request, connect, 1024).with_replay(replay);
        let seen = read(&mut source).await;
        (log.len(), seen.last().unwrap().clone())
    };
    let not_again = |text: &str| (1, format!("not again: {text}"));
    for replay in [Replay::Safe, Replay::Never] {
        assert_eq!(
            ends(replay, post(URL), with_id()).await,
            not_again("closed")
        );
        let fails = Answer::Fails("x");
        assert_eq!(
            ends(replay, post(URL), fails).await,
            not_again("no connection: x")
        );
        // The answer itself is of more use than that it must not be asked for again.
        let refused = (1, "503: no success".to_owned());
        assert_eq!(ends(replay, post(URL), status(503)).await, refused);
    }
    assert_eq!(
        ends(Replay::IfResumable, post(URL), stream("data: a\n\n")).await,
        not_again("closed")
    );
    let all = (3, "over".to_owned());
    assert_eq!(ends(Replay::IfResumable, post(URL), with_id()).await, all);
    assert_eq!(
        ends(Replay::IfResumable, get(URL), stream("data: a\n\n")).await,
        all
    );
    assert_eq!(
        ends(Replay::Always, post(URL), stream("data: a\n\n")).await,
        all
    );
    assert_eq!(ends(Replay::Always, post(URL), status(503)).await, all);
    assert_eq!(
        ends(Replay::Safe, get(URL), stream("data: a\n\n")).await,
        all
    );
    assert_eq!(
        ends(Replay::Never, get(URL), with_id()).await,
        not_again("closed")
    );
}

/// Another origin is not told the ID. So what goes there is not resumed but done a second time.
#[tokio::test(start_paused = true)]
async fn a_post_is_not_resumed_without_the_id() {
    let elsewhere = |code| redirect(code, "http://other.example/");
    let with_id = || stream("id: 1\ndata: a\n\n");
    let not_again = "not again: 307";
    for (script, remember, requests, last) in [
        // By the way that the first one took, and by another.
        (
            vec![elsewhere(307), with_id(), elsewhere(307), with_id()],
            false,
            3,
            not_again,
        ),
        (
            vec![with_id(), elsewhere(307), with_id()],
            false,
            2,
            not_again,
        ),
        // Where the way is remembered.
        (
            vec![elsewhere(308), with_id(), with_id()],
            true,
            2,
            "not again: closed",
        ),
        // A GET may go anywhere.
        (vec![with_id(), elsewhere(303), with_id()], false, 4, "over"),
    ] {
        let (connect, log) = connector(script);
        let source = EventSource::new(post(URL), connect, 1024).with_replay(Replay::IfResumable);
        let mut source = match remember {
            true => source.with_permanent_redirects_remembered(),
            false => source,
        };
        let seen = read(&mut source).await;
        assert_eq!(
            (log.len(), seen.last().unwrap().as_str()),
            (requests, last),
            "{seen:?}"
        );
    }
    // Who asks for it goes anywhere.
    let (connect, log) = connector([with_id(), elsewhere(307), with_id()]);
    let source = EventSource::new(post(URL), connect, 1024);
    let mut source = source.with_replay(Replay::IfResumable);
    for _ in 0..3 {
        source.next().await;
    }
    source.restart();
    assert_eq!(show(source.next().await.unwrap()), "open 200");
    assert_eq!(log.methods(), ["POST"; 3]);
}

/// The answer to a request that is not repeated is there to be read, however many attempts may fail.
#[tokio::test(start_paused = true)]
async fn the_last_attempt_hides_no_answer_to_a_post() {
    let (connect, _) = connector([status(503)]);
    let source = EventSource::new(post(URL), connect, 1024);
    let mut source = source.with_reconnect(EXACT.with_attempts(1));
    let Some(Err(Over::Refused { body, .. })) = source.next().await else {
        panic!("not refused");
    };
    let Ok(body) = body.collect().await else {
        panic!("a whole body");
    };
    assert_eq!(body.to_bytes(), "because");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_post_is_whole() {
    let (connect, log) = connector([stream("id: 1\n\n")]);
    let source = EventSource::new(post(URL), connect, 1024);
    read(&mut source.with_replay(Replay::Always)).await;
    for index in 0..2 {
        let request = log.request(index);
        assert_eq!(request.body(), "{}");
        assert_eq!(request.headers()["content-type"], "application/json");
    }
}

/// MCP: a POST is resumed by a GET, which the connector makes of it. A fresh token each time.
#[tokio::test(start_paused = true)]
async fn the_connector_may_change_the_request() {
    let (mut send, log) = connector([stream("id: 1\ndata\n\n"), stream("id: 2\ndata: result\n\n")]);
    let mut token = 0;
    let connect = move |mut request: http::Request<bytes::Bytes>| {
        token += 1;
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
        if request.headers().contains_key("last-event-id") {
            *request.method_mut() = http::Method::GET;
            request.body_mut().clear();
        }
        send(request)
    };
    let source = EventSource::new(post(URL), connect, 1024).with_replay(Replay::IfResumable);
    let mut source = source.with_reconnect(EXACT);
    let seen = read(&mut source).await;
    assert_eq!(
        seen[..5],
        ["open 200", "", "3000 ms: closed", "open 200", "result"]
    );
    assert_eq!(log.methods(), ["POST", "GET", "GET"]);
    let token = |number| Some(format!("Bearer {number}"));
    assert_eq!(log.header("authorization"), [token(1), token(2), token(3)]);
}

#[tokio::test(start_paused = true)]
async fn silence_ends_a_connection() {
    let (connect, log) = connector([
        // Each byte begins the time anew, those of a heartbeat and of half a line too.
        parts([
            bytes("id: 1\ndata: a\n\n"),
            Part::Nothing(ms(900)),
            bytes(":"),
            Part::Nothing(ms(900)),
            bytes("\n"),
            Part::Nothing(ms(900)),
            Part::Trailers,
            Part::Nothing(ms(50)),
            bytes(""),
            Part::Nothing(ms(49)),
            bytes("data: b\n\n"),
            Part::Stays,
        ]),
        parts([Part::Stays]),
    ]);
    let source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    let mut source = source.with_read_timeout(ms(1_000));
    let seen = read(&mut source).await;
    assert_eq!(
        seen,
        [
            "open 200",
            "a",
            ":",
            "b",
            "3000 ms: silent",
            "open 200",
            "3000 ms: silent",
            "over"
        ]
    );
    assert_eq!(log.gaps(), [900 * 3 + 99 + 1_000 + 3_000, 1_000 + 3_000]);
}

/// Trailers and empty pieces are no bytes.
#[tokio::test(start_paused = true)]
async fn nothing_is_silence_too() {
    for nothing in [Part::Trailers, bytes("")] {
        let (connect, log) = connector([parts([
            Part::Nothing(ms(600)),
            nothing,
            Part::Nothing(ms(600)),
            bytes("data: a\n\n"),
        ])]);
        let source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
        let mut source = source.with_read_timeout(ms(1_000));
        assert_eq!(read(&mut source).await[1], "3000 ms: silent");
        assert_eq!(log.gaps(), [4_000]);
    }
}

/// What came while nobody read is not silence.
#[tokio::test(start_paused = true)]
async fn a_busy_reader_loses_nothing_to_the_timeout() {
    let (connect, _) = connector([parts([
        bytes("data: a\n\n"),
        Part::Nothing(ms(10)),
        bytes("data: b\n\n"),
        Part::Stays,
    ])]);
    let source = EventSource::new(get(URL), connect, 1024);
    let mut source = source.with_read_timeout(ms(1_000));
    source.next().await;
    assert_eq!(show(source.next().await.unwrap()), "a");
    tokio::time::sleep(ms(60_000)).await;
    assert_eq!(show(source.next().await.unwrap()), "b");
}

#[tokio::test(start_paused = true)]
async fn a_connector_that_hangs_is_given_up() {
    let (connect, log) = connector([Answer::Hangs, redirect(307, "/a"), Answer::Hangs]);
    let source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    let mut source = source.with_connect_timeout(ms(500));
    let seen = read(&mut source).await;
    assert_eq!(
        seen,
        [
            "3000 ms: connect timeout",
            "6000 ms: connect timeout",
            "over"
        ]
    );
    assert_eq!(log.gaps(), [3_500, 0, 6_500]);
    // Not while a stream is open.
    let (connect, _) = connector([parts([Part::Nothing(ms(9_000)), bytes("data: a\n\n")])]);
    let source = EventSource::new(get(URL), connect, 1024);
    let mut source = source.with_connect_timeout(ms(500));
    source.next().await;
    assert_eq!(show(source.next().await.unwrap()), "a");
}

/// Nor is an answer late that came while nobody asked, though it takes one more turn to be read.
#[tokio::test(start_paused = true)]
async fn a_busy_reader_loses_no_answer_to_the_connect_timeout() {
    let (mut send, log) = connector([stream("data: a\n\n")]);
    let connect = move |request| {
        let answer = send(request);
        async {
            tokio::time::sleep(ms(10)).await;
            tokio::task::yield_now().await;
            answer.await
        }
    };
    let source = EventSource::new(post(URL), Box::new(connect), 1024);
    let mut source = source.with_connect_timeout(ms(1_000));
    assert!(timeout(ms(1), source.next()).await.is_err());
    tokio::time::sleep(ms(60_000)).await;
    assert_eq!(show(source.next().await.unwrap()), "open 200");
    assert_eq!(log.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_timeout_on_events_is_one_around_them() {
    // A model that has stalled, behind a proxy that sends heartbeats.
    let mut body = vec![bytes("id: 1\ndata: a\n\n")];
    for _ in 0..100 {
        body.extend([Part::Nothing(ms(100)), bytes(": ping\n\n")]);
    }
    let (connect, log) = connector([parts(body), stays("data: b\n\n")]);
    let source = EventSource::new(get(URL), connect, 1024);
    let mut source = source.with_read_timeout(ms(1_000));
    let mut seen = Vec::new();
    while seen.len() < 2 {
        match timeout(ms(2_000), source.events().next()).await {
            Ok(Some(Ok(event))) => seen.push(event.data_lossy().into_owned()),
            Ok(_) => panic!("neither an error nor an end"),
            Err(_) => source.restart(),
        }
    }
    assert_eq!(seen, ["a", "b"]);
    assert_eq!(log.gaps(), [2_000]);
    assert_eq!(log.last_event_ids(), [None, Some("1".to_owned())]);
}

#[tokio::test(start_paused = true)]
async fn restarts_at_once_from_anywhere() {
    let (connect, log) = connector([
        stays("id: 1\ndata: a\n\ndata: b\n\n"), // from an open connection
        Answer::Hangs,                          // while connecting
        Answer::Fails("x"),                     // while waiting
        status(401),                            // after the end
        stays("data: c\n\n"),
    ]);
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    source.next().await;
    assert_eq!(show(source.next().await.unwrap()), "a");
    source.restart();
    assert!(timeout(ms(100), source.next()).await.is_err());
    source.restart();
    assert_eq!(
        show(source.next().await.unwrap()),
        "3000 ms: no connection: x"
    );
    assert_eq!(source.failures(), 1);
    source.restart();
    assert_eq!(source.failures(), 0);
    assert_eq!(show(source.next().await.unwrap()), "401: no success");
    assert!(source.next().await.is_none());
    source.restart();
    assert_eq!(show(source.next().await.unwrap()), "open 200");
    assert_eq!(show(source.next().await.unwrap()), "c");
    let one = || Some("1".to_owned());
    assert_eq!(log.last_event_ids(), [None, one(), one(), one(), one()]);
    assert_eq!(log.gaps(), [0, 100, 0, 0]);
}

#[tokio::test(start_paused = true)]
async fn starts_from_a_stored_id() {
    let (connect, log) = connector([stream("data: a\n\n"), stream("id\n\n")]);
    let mut source = EventSource::new(get(URL), connect, 1024);
    source.set_last_event_id(b"41").unwrap();
    assert!(source.set_last_event_id(b"4\n1").is_err());
    assert!(source.set_last_event_id(&[b'x'; 1025]).is_err());
    source.next().await;
    let Some(Ok(Item::Event(event))) = source.next().await else {
        panic!("no event");
    };
    assert_eq!((event.id(), event.last_event_id()), (None, &b"41"[..]));
    read(&mut source).await;
    let stored = || Some("41".to_owned());
    assert_eq!(log.last_event_ids(), [stored(), stored(), None]);
}

/// An ID that no header can carry is told before each request that goes without it, and the events
/// keep it.
#[tokio::test(start_paused = true)]
async fn an_unsendable_id_is_told() {
    let long = "x".repeat(5_000);
    let of_bytes = "last event ID cannot be sent in a header: byte 0x01 at 1";
    let too_long = "last event ID cannot be sent in a header: longer than 4096 bytes";
    for (id, told) in [("a\u{1}", of_bytes), (long.as_str(), too_long)] {
        let first = stream(&format!("id: {id}\ndata: a\n\n"));
        let (connect, log) = connector([first, stream("data: b\n\n"), stream("id: 2\n\n")]);
        let mut source = EventSource::new(get(URL), connect, 8_000).with_reconnect(EXACT);
        assert_eq!(
            read(&mut source).await,
            [
                "open 200",
                "a",
                "3000 ms: closed",
                told,
                "open 200",
                "b",
                "3000 ms: closed",
                told,
                "open 200",
                "3000 ms: closed",
                "over"
            ]
        );
        assert_eq!(
            log.last_event_ids(),
            [None, None, None, Some("2".to_owned())]
        );
    }
    // Such a request is not resumable.
    let (connect, _) = connector([stream("id: \u{7F}\ndata: a\n\n")]);
    let source = EventSource::new(post(URL), connect, 1024).with_replay(Replay::IfResumable);
    let mut source = source.with_reconnect(EXACT);
    assert_eq!(read(&mut source).await.last().unwrap(), "not again: closed");
}

#[tokio::test(start_paused = true)]
async fn what_is_too_large_is_told_and_passed_over() {
    let large = "x".repeat(100);
    let text = format!("id: 1\ndata: {large}\n\n:{large}\n: ok\ndata: a\n\n");
    let (connect, log) = connector([stream(&text)]);
    let mut source = EventSource::new(get(URL), connect, 50);
    let seen = read(&mut source).await;
    assert_eq!(
        seen[..5],
        ["open 200", "too large: 50", "too large: 50", ": ok", "a"]
    );
    assert_eq!(log.last_event_ids(), [None, None]);

    let (connect, _) = connector([stream(&text)]);
    let mut source = EventSource::new(get(URL), connect, 50);
    let mut events = source.events();
    let mut seen = Vec::new();
    while let Some(event) = events.next().await {
        seen.push(match event {
            Ok(event) => event.data_lossy().into_owned(),
            Err(EventsError::TooLarge(overflow)) => overflow.to_string(),
            Err(EventsError::Over(over)) => show(Err(over)),
            Err(_) => "?".to_owned(),
        });
    }
    assert_eq!(seen[2..], ["a", "over"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_cut_off_can_be_told() {
    for (text, is_cut) in [
        ("data: a\n\n", false),
        ("data: a\n\n: comment\n", false),
        ("data: a\n\ndata: b\n", true),
        ("data: a\n\nda", true),
    ] {
        let (connect, _) = connector([stream(text)]);
        let mut source = EventSource::new(post(URL), connect, 1024);
        assert_eq!(read(&mut source).await.last().unwrap(), "not again: closed");
        assert_eq!(source.ended_inside_block(), is_cut, "{text}");
    }
    // What is still to come is not cut off.
    let (connect, _) = connector([stays("data: a\n\ndata: b\n")]);
    let mut source = EventSource::new(post(URL), connect, 1024);
    source.next().await;
    source.next().await;
    assert!(timeout(ms(100), source.next()).await.is_err());
    assert!(!source.ended_inside_block());
}

/// Futures of `next` that are dropped whenever they wait lose nothing and change nothing.
#[tokio::test(start_paused = true)]
async fn next_can_be_dropped_at_any_time() {
    let script = || {
        let mut script = Vec::new();
        for number in 0..20_u64 {
            let text = format!("id: {number}\ndata: {number}\n\n: {number}\nda");
            let mut body = Vec::new();
            for piece in text.as_bytes().chunks(3) {
                body.extend([bytes(piece), Part::Nothing(ms(number % 3))]);
            }
            script.push(parts(body));
            script.push(Answer::Fails("x"));
        }
        script
    };
    let (connect, whole_log) = connector(script());
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    let whole = read(&mut source).await;

    let (connect, log) = connector(script());
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(EXACT);
    let mut seen = Vec::new();
    let mut dropped = 0;
    loop {
        // One poll, and away with it; then time passes.
        let polled = {
            let mut next = pin!(source.next());
            std::future::poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await
        };
        match polled {
            Poll::Ready(None) => break,
            Poll::Ready(Some(item)) => seen.push(show(item)),
            Poll::Pending => {
                dropped += 1;
                tokio::time::sleep(ms(1)).await;
            }
        }
    }
    assert_eq!(seen, whole);
    assert_eq!(log.last_event_ids(), whole_log.last_event_ids());
    assert!(dropped > 100);
}

/// Every cut of a stream into two pieces, and single bytes, give the same items.
#[tokio::test(start_paused = true)]
async fn cuts_change_nothing() {
    let text = "\u{FEFF}: c\r\nid: 1\r\ndata: a…\r\ndata: b\r\n\r\nretry: 5000\r\n\r\n\
        data: 0123456789012345678901234567890123456789\n\nid: 2\n\nevent: x\ndata:y\n\n";
    let whole = {
        let (connect, _) = connector([stream(text)]);
        let mut source = EventSource::new(get(URL), connect, 30).with_reconnect(EXACT);
        read(&mut source).await
    };
    assert_eq!(
        whole,
        [
            "open 200",
            ": c",
            "a…\nb",
            "too large: 30",
            "y",
            "5000 ms: closed",
            "over"
        ]
    );
    let text = text.as_bytes();
    let mut cuts = (0..=text.len())
        .map(|at| vec![bytes(&text[..at]), bytes(&text[at..])])
        .collect::<Vec<_>>();
    cuts.push(text.chunks(1).map(bytes).collect());
    for body in cuts {
        let (connect, log) = connector([parts(body)]);
        let mut source = EventSource::new(get(URL), connect, 30).with_reconnect(EXACT);
        assert_eq!(read(&mut source).await, whole);
        assert_eq!(log.last_event_ids(), [None, Some("2".to_owned())]);
    }
}

/// A body that always has more does not keep the task from others.
#[tokio::test]
async fn other_tasks_get_a_turn() {
    let (connect, _) = connector([parts(vec![bytes("data: x\n"); 1_000])]);
    let mut source = EventSource::new(get(URL), connect, 1 << 20);
    assert_eq!(show(source.next().await.unwrap()), "open 200");
    let mut next = pin!(source.next());
    let mut turns = 0;
    std::future::poll_fn(|cx| {
        turns += 1;
        next.as_mut().poll(cx).map(drop)
    })
    .await;
    assert!(turns > 25, "{turns}");
}

/// In a task of its own, with errors that can do nothing.
#[tokio::test(start_paused = true)]
async fn can_be_spawned() {
    let (connect, _) = connector([stream("data: a\n\n")]);
    let mut source = EventSource::new(get(URL), connect, 1024);
    let task = tokio::spawn(async move {
        let mut seen = Vec::new();
        while let Some(item) = StreamExt::next(&mut source).await {
            seen.push(show(item));
        }
        seen
    });
    assert_eq!(task.await.unwrap().last().unwrap(), "over");
}

/// Clients that lose their server together do not come back together.
#[tokio::test(start_paused = true)]
async fn clients_come_back_at_different_times() {
    let mut waits = BTreeSet::new();
    for _ in 0..50 {
        let (connect, _) = connector([stream("data: a\n\n")]);
        let mut source = EventSource::new(get(URL), connect, 1024);
        while let Some(item) = source.next().await {
            if let Ok(Item::Reconnecting { after, why }) = item {
                assert!(matches!(why, Why::Closed));
                assert!((ms(3_000)..=ms(4_500)).contains(&after));
                waits.insert(after);
            }
        }
    }
    assert!(waits.len() > 25, "{waits:?}");
}

/// The wait is over when it is over, also for who was away.
#[tokio::test(start_paused = true)]
async fn nobody_waits_twice() {
    let (connect, log) = connector([Answer::Fails("x")]);
    let config: ReconnectConfig = EXACT;
    let mut source = EventSource::new(get(URL), connect, 1024).with_reconnect(config);
    source.next().await;
    tokio::time::sleep(ms(10_000)).await;
    let before = Instant::now();
    assert_eq!(read(&mut source).await, ["over"]);
    assert_eq!(before.elapsed(), ms(0));
    assert_eq!(log.gaps(), [10_000]);
}
