//! Requests that are too long, too odd, or meant to be something else than they look.

use std::{io, net::SocketAddr, time::Duration};

use sse_codec::{Chunk, Parser};
use tokio::time::{Instant, timeout};

use crate::peer::{End, Peer, ask, status};

const SOON: Duration = Duration::from_secs(3);

/// Heads without an end, as fast as they are taken.
pub async fn endless_heads(server: SocketAddr) -> Result<String, String> {
    let mut notes = Vec::new();
    for (name, start, more) in [
        ("request line", &b"GET /"[..], &b"a"[..]),
        (
            "header line",
            b"GET /events HTTP/1.1\r\nhost: demo\r\nx: ",
            b"a",
        ),
        (
            "header lines",
            b"GET /events HTTP/1.1\r\nhost: demo\r\n",
            b"accept: */*\r\n",
        ),
        ("empty lines", b"", b"\r\n"),
        ("line feeds", b"", b"\n"),
        ("no HTTP at all", b"\x16\x03\x01\x02\x00\x01\x00", b"\xFF"),
    ] {
        let mut peer = Peer::connect(server).await.map_err(text)?;
        let more = more.repeat(1024);
        let begin = Instant::now();
        let sent = timeout(SOON, async {
            let mut sent = start.len();
            if peer.send(start).await.is_err() {
                return sent;
            }
            while peer.send(&more).await.is_ok() {
                sent += more.len();
            }
            sent
        });
        let sent = sent.await.map_err(|_| format!("{name}: goes on"))?;
        let (answer, end) = peer.receive(4096, SOON).await;
        let status = status(&answer);
        if end == End::Open || !matches!(status, 0 | 400 | 414 | 431) {
            return Err(format!("{name}: {status}, {end:?}"));
        }
        notes.push(format!(
            "{name} {sent} B {status} {} ms",
            begin.elapsed().as_millis()
        ));
    }
    Ok(notes.join(", "))
}

/// Requests and the status each has to be answered with.
pub async fn odd_requests(server: SocketAddr) -> Result<String, String> {
    let long = |length: usize| {
        format!(
            "GET / HTTP/1.1\r\nhost: demo\r\nx: {}\r\n\r\n",
            "a".repeat(length - 35)
        )
    };
    let many = |count: usize| {
        format!(
            "GET / HTTP/1.1\r\nhost: demo\r\n{}\r\n",
            "x: a\r\n".repeat(count)
        )
    };
    let say = |length: &str| {
        format!("POST /say HTTP/1.1\r\nhost: demo\r\ncontent-length: {length}\r\n\r\nabc")
    };
    let requests = [
        ("head of 16 KiB", long(16 * 1024), 200),
        ("head of 16 KiB and a byte", long(16 * 1024 + 1), 431),
        ("head of 1 MiB", long(1 << 20), 431),
        ("64 headers", many(63), 200),
        ("65 headers", many(64), 431),
        ("HTTP/1.0", "GET / HTTP/1.0\r\n\r\n".to_owned(), 200),
        (
            "HTTP/2 preface",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
            505,
        ),
        ("bare CR", "GET / HTTP/1.1\rx: a\r\n\r\n".to_owned(), 400),
        (
            "NUL in a header",
            "GET / HTTP/1.1\r\nhost: demo\r\nx: a\0\r\n\r\n".to_owned(),
            400,
        ),
        (
            "no such path",
            "GET /../../etc/passwd HTTP/1.1\r\nhost: demo\r\n\r\n".to_owned(),
            404,
        ),
        (
            "events by POST",
            "POST /events HTTP/1.1\r\nhost: demo\r\n\r\n".to_owned(),
            405,
        ),
        (
            "accepts no stream",
            "GET /events HTTP/1.1\r\nhost: demo\r\naccept: text/html\r\n\r\n".to_owned(),
            406,
        ),
        ("body of 4096 bytes", say("4096") + &"a".repeat(4093), 204),
        ("body of 4097 bytes", say("4097") + &"a".repeat(4094), 413),
        (
            "body of 1 MiB",
            say("1048576") + &"a".repeat((1 << 20) - 3),
            413,
        ),
        ("length of 2^64", say("18446744073709551616"), 400),
        ("negative length", say("-1"), 400),
        ("two lengths", say("3\r\ncontent-length: 3"), 400),
        (
            "length and chunks",
            say("0\r\ntransfer-encoding: chunked"),
            400,
        ),
        (
            "chunks",
            "POST /say HTTP/1.1\r\nhost: demo\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"
                .to_owned(),
            411,
        ),
        ("no host", "GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        (
            "two hosts",
            "GET / HTTP/1.1\r\nhost: a\r\nhost: b\r\n\r\n".to_owned(),
            400,
        ),
        (
            "HEAD accepts no stream",
            "HEAD /events HTTP/1.1\r\nhost: demo\r\naccept: text/html\r\n\r\n".to_owned(),
            406,
        ),
        (
            "a body with GET",
            "GET /events HTTP/1.1\r\nhost: demo\r\ncontent-length: 1\r\n\r\na".to_owned(),
            400,
        ),
        (
            "a method of no HTTP",
            "BREW /events HTTP/1.1\r\nhost: demo\r\n\r\n".to_owned(),
            501,
        ),
    ];
    for (name, request, expected) in &requests {
        let answer = ask(server, request.as_bytes(), SOON).await;
        let (answer, end) = answer.map_err(text)?;
        let found = status(&answer);
        if found != *expected || end == End::Open {
            return Err(format!("{name}: {found} instead of {expected}, {end:?}"));
        }
    }
    Ok(format!("{} requests", requests.len()))
}

/// HEAD, and a client of HTTP/1.0.
pub async fn old_and_brief(server: SocketAddr) -> Result<String, String> {
    let (head, end) = ask(server, b"HEAD /events HTTP/1.1\r\nhost: demo\r\n\r\n", SOON)
        .await
        .map_err(text)?;
    if status(&head) != 200 || !head.ends_with(b"\r\n\r\n") || end != End::Closed {
        return Err(format!("HEAD: {}, {end:?}", head.escape_ascii()));
    }
    let mut old = Peer::connect(server).await.map_err(text)?;
    let request = b"GET /events HTTP/1.0\r\nconnection: keep-alive\r\n\r\n";
    old.send(request).await.map_err(text)?;
    let (stream, end) = old.receive(usize::MAX, Duration::from_secs(1)).await;
    let body = body(&stream);
    let mut parser = Parser::growable(64 * 1024);
    let mut chunk = Chunk::new(body);
    let mut events = 0;
    while let Ok(Some(_)) = parser.next_event(&mut chunk) {
        events += 1;
    }
    if status(&stream) != 200 || end != End::Open || events < 2 {
        return Err(format!(
            "HTTP/1.0: {events} events, {end:?}, {}",
            stream.escape_ascii()
        ));
    }
    Ok(format!("HEAD has no body, HTTP/1.0 {events} events"))
}

/// IDs meant for logs, headers, JSON and HTML. What the server took the ID for comes back in its
/// welcome; `None` is a refusal.
pub async fn injected_ids(server: SocketAddr) -> Result<String, String> {
    let long = "a".repeat(8 * 1024);
    let ids: [(&[u8], Option<&str>); 20] = [
        (b"1", Some("1")),
        (b"", Some("")),
        (b" \t1\t ", Some("1")),
        (b"-1", Some("-1")),
        (b"18446744073709551616", Some("18446744073709551616")),
        (b"1e3", Some("1e3")),
        (b"1: event: evil", Some("1: event: evil")),
        (b"%0d%0adata: evil", Some("%0d%0adata: evil")),
        (b"\\n\\ndata: evil", Some("\\n\\ndata: evil")),
        (b"\",\"evil\":\"", Some("\",\"evil\":\"")),
        (
            b"</script><script>evil()</script>",
            Some("</script><script>evil()</script>"),
        ),
        ("\u{2028}\u{85}".as_bytes(), Some("\u{2028}\u{85}")),
        (b"\xC0\xAF\xFF", Some("\u{FFFD}\u{FFFD}\u{FFFD}")),
        (b"a\tb", Some("a\tb")),
        (long.as_bytes(), Some(&long)),
        // To a parser of HTTP that is as lenient as the standard allows, LF ends the line.
        (b"1\ndata: evil", Some("1")),
        (b"1\rdata: evil", None),
        (b"1\0", None),
        (b"\x1B[2J", None),
        (b"1\x7F", None),
    ];
    for (id, expected) in ids {
        let name = id.escape_ascii();
        let mut peer = Peer::connect(server).await.map_err(text)?;
        let request = [
            b"GET /events HTTP/1.1\r\nhost: demo\r\nlast-event-id: ",
            id,
            b"\r\n\r\n",
        ]
        .concat();
        peer.send(&request).await.map_err(text)?;
        let (answer, _) = peer.receive(600 + 2 * id.len(), SOON).await;
        let Some(expected) = expected else {
            if status(&answer) != 400 {
                return Err(format!("{name}: {}", status(&answer)));
            }
            continue;
        };
        let mut parser = Parser::growable(1 << 20);
        let welcome = parser.next_event(&mut Chunk::new(body(&answer)));
        let Ok(Some(welcome)) = welcome else {
            return Err(format!("{name}: no welcome, {}", answer.escape_ascii()));
        };
        let json: serde_json::Value = serde_json::from_slice(welcome.data()).map_err(text)?;
        let fields = json.as_object().map_or(0, serde_json::Map::len);
        if json["resumed_from"] != expected || fields != 5 || welcome.event_type().is_some() {
            return Err(format!("{name}: {json}"));
        }
    }
    Ok(format!("{} of them", ids.len()))
}

fn body(response: &[u8]) -> &[u8] {
    let head = response.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    head.map_or(b"", |head| &response[head + 4..])
}

pub fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// So that one place says what a text may hold that is printed to a terminal.
pub fn is_harmless(line: &str) -> bool {
    !line.chars().any(char::is_control)
}

/// Sends what a visitor says.
pub async fn say(server: SocketAddr, what: &[u8]) -> io::Result<u16> {
    let length = what.len();
    let head = format!("POST /say HTTP/1.1\r\nhost: demo\r\ncontent-length: {length}\r\n\r\n");
    let (answer, _) = ask(server, &[head.as_bytes(), what].concat(), SOON).await?;
    Ok(status(&answer))
}
