//! One request head: what is read, what is refused, and by which response; whole, byte by byte and at
//! every cut.
#![cfg(feature = "http1")]

use std::{
    io::{self, ErrorKind},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::{HeaderValue, Response, Version};
use proptest::{collection::vec, prelude::*, sample::select};
use sse_codec::Frame;
use sse_codec_tokio::{
    ServeOptions,
    request::{Refusal, Request, RequestBody, allow_last_event_id},
    serve,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf, duplex},
    net::{TcpListener, TcpStream},
    runtime::Builder,
    time::Instant,
};

const MOST: usize = 16 * 1024;
const LONGEST: Duration = Duration::from_secs(10);

/// Gives its pieces one at a time; then it ends or waits for ever.
struct Pieces<'b> {
    pieces: Vec<&'b [u8]>,
    ends: bool,
}

impl<'b> Pieces<'b> {
    fn of(bytes: &'b [u8], size: usize) -> Self {
        let mut pieces: Vec<_> = bytes.chunks(size.max(1)).collect();
        pieces.reverse();
        Self {
            pieces,
            ends: false,
        }
    }
}

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Some(piece) = self.pieces.pop() else {
            return if self.ends {
                Poll::Ready(Ok(()))
            } else {
                Poll::Pending
            };
        };
        let (now, later) = piece.split_at(piece.len().min(buffer.remaining()));
        buffer.put_slice(now);
        if !later.is_empty() {
            self.pieces.push(later);
        }
        Poll::Ready(Ok(()))
    }
}

/// What became of a head, as text to compare: the request, or the status that refuses it.
fn verdict(result: &Result<Request, Refusal>) -> String {
    match result {
        Ok(request) => {
            let head = &request.head;
            let version = match head.version {
                Version::HTTP_10 => "1.0",
                _ => "1.1",
            };
            let headers: Vec<_> = head
                .headers
                .iter()
                .map(|(name, value)| format!("{name}={}", value.as_bytes().escape_ascii()))
                .collect();
            let body = match request.body {
                RequestBody::Empty => String::new(),
                RequestBody::Length(length) => format!(" +{length}"),
                RequestBody::Chunked => " +chunks".to_owned(),
            };
            let (method, uri) = (&head.method, &head.uri);
            format!("{method} {uri} {version} {}{body}", headers.join(","))
        }
        Err(Refusal::Io(error)) => format!("{:?}", error.kind()),
        Err(refusal) => refusal.to_string(),
    }
}

async fn read(bytes: &[u8], piece: usize) -> Result<Request, Refusal> {
    Request::read(&mut Pieces::of(bytes, piece), MOST, LONGEST).await
}

const HOST: &str = "Host: h\r\n";

/// A head, and what it comes to.
fn heads() -> Vec<(String, String)> {
    let mut heads = Vec::new();
    let mut add = |head: &str, verdict: &str| heads.push((head.to_owned(), verdict.to_owned()));

    // The four forms of a target (RFC 9112 §3.2).
    let syntax = "400 Bad Request: not the head of a request";
    let target = "400 Bad Request: a target that this method cannot have";
    for (line, verdict) in [
        ("GET / HTTP/1.1", "GET / 1.1 host=h"),
        ("GET /a?b=c&d=e HTTP/1.1", "GET /a?b=c&d=e 1.1 host=h"),
        ("GET //a//b HTTP/1.1", "GET //a//b 1.1 host=h"),
        ("GET /? HTTP/1.1", "GET /? 1.1 host=h"),
        ("GET /%00%0d%0a HTTP/1.1", "GET /%00%0d%0a 1.1 host=h"),
        ("GET /http://x/ HTTP/1.1", "GET /http://x/ 1.1 host=h"),
        ("GET http://x HTTP/1.1", "GET http://x/ 1.1 host=h"),
        (
            "GET http://x:80/a?b HTTP/1.1",
            "GET http://x:80/a?b 1.1 host=h",
        ),
        ("GET HTTPS://x/a HTTP/1.1", "GET https://x/a 1.1 host=h"),
        (
            "GET http://[::1]:80/a HTTP/1.1",
            "GET http://[::1]:80/a 1.1 host=h",
        ),
        ("CONNECT x:443 HTTP/1.1", "CONNECT x:443 1.1 host=h"),
        ("CONNECT [::1]:443 HTTP/1.1", "CONNECT [::1]:443 1.1 host=h"),
        ("OPTIONS * HTTP/1.1", "OPTIONS * 1.1 host=h"),
        ("OPTIONS / HTTP/1.1", "OPTIONS / 1.1 host=h"),
        ("M-SEARCH / HTTP/1.1", "M-SEARCH / 1.1 host=h"),
        ("get / HTTP/1.1", "get / 1.1 host=h"),
        ("GET * HTTP/1.1", target),
        ("GET a HTTP/1.1", target),
        ("GET x:443 HTTP/1.1", target),
        ("GET ?a HTTP/1.1", target),
        ("GET /a#b HTTP/1.1", target),
        ("GET ftp://x/ HTTP/1.1", target),
        ("GET http:///a HTTP/1.1", target),
        ("GET http://:80/a HTTP/1.1", target),
        ("GET http://x:a/ HTTP/1.1", target),
        ("GET http://x:65536/ HTTP/1.1", target),
        ("GET http://user@x/ HTTP/1.1", target),
        ("GET http://user:pass@x/ HTTP/1.1", target),
        ("CONNECT x HTTP/1.1", target),
        ("CONNECT / HTTP/1.1", target),
        ("CONNECT http://x:443/ HTTP/1.1", target),
        ("CONNECT user@x:443 HTTP/1.1", target),
        ("GET  / HTTP/1.1", syntax),
        ("GET / a HTTP/1.1", syntax),
        ("GET /", syntax),
        ("GET / ", syntax),
        ("GET", syntax),
        (" GET / HTTP/1.1", syntax),
        ("G(T / HTTP/1.1", syntax),
        ("GET /\x01 HTTP/1.1", syntax),
        ("\x16\x03\x01\x02", syntax),
        // Versions.
        ("GET / HTTP/1.0", "GET / 1.0 host=h"),
        ("GET / HTTP/0.9", "505 HTTP Version Not Supported"),
        ("GET / HTTP/1.2", "505 HTTP Version Not Supported"),
        ("GET / HTTP/2.0", "505 HTTP Version Not Supported"),
        ("PRI * HTTP/2.0", "505 HTTP Version Not Supported"),
        ("GET / HTTP/3.0", "505 HTTP Version Not Supported"),
        ("GET / HTTP/2", syntax),
        ("GET / HTTP/11.1", syntax),
        ("GET / http/1.1", syntax),
        ("GET / ICY/1.1", syntax),
    ] {
        add(&format!("{line}\r\n{HOST}\r\n"), verdict);
    }

    // Lines.
    for (head, verdict) in [
        (
            "\r\n\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET / 1.1 host=h",
        ),
        ("GET / HTTP/1.1\nHost: h\n\n", "GET / 1.1 host=h"),
        (
            "GET / HTTP/1.1\r\nHost: h\r\nA:\r\nB: \t c d \t\r\n\r\n",
            "GET / 1.1 host=h,a=,b=c d",
        ),
        (
            "GET / HTTP/1.1\r\nHost: h\r\nA: \u{e9}\r\n\r\n",
            "GET / 1.1 host=h,a=\\xc3\\xa9",
        ),
        (
            "GET / HTTP/1.1\r\nHost: h\r\na: 1\r\nA: 2\r\n\r\n",
            "GET / 1.1 host=h,a=1,a=2",
        ),
        ("GET / HTTP/1.1\r\n Host: h\r\n\r\n", syntax),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n", syntax),
        ("GET / HTTP/1.1\r\nHost : h\r\n\r\n", syntax),
        ("GET / HTTP/1.1\r\nHost: h\r\nA\r\n\r\n", syntax),
        ("GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n", syntax),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\0\r\n\r\n", syntax),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: b\rC: d\r\n\r\n", syntax),
        ("GET / HTTP/1.1\r\nHost: h\r\nA: \x7f\r\n\r\n", syntax),
        ("GET / HTTP/1.1\rHost: h\r\n\r\n", syntax),
        ("GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", syntax),
    ] {
        add(head, verdict);
    }

    // `Host` (§3.2).
    let none = "400 Bad Request: a Host that is none";
    for (version, hosts, verdict) in [
        ("1.1", "", "400 Bad Request: no Host"),
        ("1.0", "", "GET / 1.0 "),
        ("1.1", "Host:\r\n", "GET / 1.1 host="),
        ("1.1", "hOsT: h\r\n", "GET / 1.1 host=h"),
        ("1.1", "Host: h:8080\r\n", "GET / 1.1 host=h:8080"),
        ("1.1", "Host: h:\r\n", "GET / 1.1 host=h:"),
        ("1.1", "Host: [::1]:80\r\n", "GET / 1.1 host=[::1]:80"),
        (
            "1.1",
            "Host: h\r\nHost: h\r\n",
            "400 Bad Request: more than one Host",
        ),
        (
            "1.0",
            "Host: h\r\nHost: i\r\n",
            "400 Bad Request: more than one Host",
        ),
        ("1.1", "Host: h, i\r\n", none),
        ("1.1", "Host: a b\r\n", none),
        ("1.1", "Host: http://h\r\n", none),
        ("1.1", "Host: h/a\r\n", none),
        ("1.1", "Host: u@h\r\n", none),
        ("1.1", "Host: h:a\r\n", none),
        ("1.1", "Host: h:65536\r\n", none),
        ("1.1", "Host: :80\r\n", none),
        ("1.1", "Host: [::1\r\n", none),
        ("1.1", "Host: \u{e9}\r\n", none),
    ] {
        add(&format!("GET / HTTP/{version}\r\n{hosts}\r\n"), verdict);
    }

    // The length of the body (§6).
    let unclear = "400 Bad Request: a body of unclear length";
    for (version, headers, verdict) in [
        (
            "1.1",
            "Content-Length: 0",
            "POST / 1.1 host=h,content-length=0",
        ),
        (
            "1.1",
            "Content-Length: 00",
            "POST / 1.1 host=h,content-length=00",
        ),
        (
            "1.1",
            "Content-Length: 5",
            "POST / 1.1 host=h,content-length=5 +5",
        ),
        (
            "1.0",
            "Content-Length: 5",
            "POST / 1.0 host=h,content-length=5 +5",
        ),
        (
            "1.1",
            "Content-Length: 18446744073709551615",
            "POST / 1.1 host=h,content-length=18446744073709551615 +18446744073709551615",
        ),
        ("1.1", "Content-Length: 18446744073709551616", unclear),
        ("1.1", "Content-Length:", unclear),
        ("1.1", "Content-Length: +5", unclear),
        ("1.1", "Content-Length: -5", unclear),
        ("1.1", "Content-Length: 0x5", unclear),
        ("1.1", "Content-Length: 5 5", unclear),
        ("1.1", "Content-Length: 5, 5", unclear),
        ("1.1", "Content-Length: 5\r\nContent-Length: 5", unclear),
        (
            "1.1",
            "Content-Length: 5\r\nTransfer-Encoding: chunked",
            unclear,
        ),
        (
            "1.1",
            "Transfer-Encoding: chunked\r\nContent-Length: 5",
            unclear,
        ),
        ("1.0", "Transfer-Encoding: chunked", unclear),
        (
            "1.1",
            "Transfer-Encoding: chunked",
            "POST / 1.1 host=h,transfer-encoding=chunked +chunks",
        ),
        (
            "1.1",
            "Transfer-Encoding: , CHUNKED ,",
            "POST / 1.1 host=h,transfer-encoding=, CHUNKED , +chunks",
        ),
        ("1.1", "Transfer-Encoding:", unclear),
        ("1.1", "Transfer-Encoding: gzip", unclear),
        ("1.1", "Transfer-Encoding: identity", unclear),
        ("1.1", "Transfer-Encoding: chunked, gzip", unclear),
        ("1.1", "Transfer-Encoding: chunked, chunked", unclear),
        (
            "1.1",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            unclear,
        ),
        ("1.1", "Transfer-Encoding: xchunked", unclear),
        ("1.1", "Transfer-Encoding: chunked;a=b", unclear),
        (
            "1.1",
            "Transfer-Encoding: gzip, chunked",
            "501 Not Implemented",
        ),
        (
            "1.1",
            "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked",
            "501 Not Implemented",
        ),
    ] {
        add(
            &format!("POST / HTTP/{version}\r\n{HOST}{headers}\r\n\r\n"),
            verdict,
        );
    }
    heads
}

/// The verdict, and that nothing after the head is lost.
async fn check(head: &str, expected: &str, after: &[u8], piece: usize) {
    let bytes = [head.as_bytes(), after].concat();
    let mut io = Pieces::of(&bytes, piece);
    let result = Request::read(&mut io, MOST, LONGEST).await;
    let name = format!("{} in pieces of {piece}", head.escape_debug());
    assert_eq!(verdict(&result), expected, "{name}");
    if let Ok(request) = result {
        let unread: Vec<u8> = io
            .pieces
            .iter()
            .rev()
            .flat_map(|piece| piece.iter())
            .copied()
            .collect();
        assert_eq!([&request.rest[..], &unread].concat(), after, "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn heads_whole_and_in_pieces() {
    for (head, expected) in heads() {
        for after in [&b""[..], b"body", b"\r\n", b"GET / HTTP/1.1\r\n\r\n"] {
            for piece in [1, 2, 3, 7, 64, usize::MAX] {
                check(&head, &expected, after, piece).await;
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn heads_at_every_cut() {
    for (head, expected) in heads() {
        for cut in 1..head.len() {
            let (first, second) = head.as_bytes().split_at(cut);
            let mut io = Pieces {
                pieces: vec![second, first],
                ends: false,
            };
            let result = Request::read(&mut io, MOST, LONGEST).await;
            assert_eq!(
                verdict(&result),
                expected,
                "{} cut at {cut}",
                head.escape_debug()
            );
        }
    }
}

proptest! {
    /// The verdict about any bytes is the same for every way of cutting them, also about those that
    /// stop before a head is complete.
    #[test]
    fn verdicts_do_not_depend_on_cuts(
        parts in vec(select(&PARTS[..]), 0..12),
        noise in vec(any::<u8>(), 0..4),
        piece in 1..9_usize,
        ends: bool,
    ) {
        let bytes = [parts.concat(), noise].concat();
        let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        let outcome = |piece| {
            let mut pieces = Pieces { ends, ..Pieces::of(&bytes, piece) };
            verdict(&runtime.block_on(Request::read(&mut pieces, MOST, LONGEST)))
        };
        prop_assert_eq!(outcome(usize::MAX), outcome(piece));
    }
}

/// What requests are made of, and what breaks them.
const PARTS: [&[u8]; 24] = [
    b"GET",
    b"OPTIONS",
    b"CONNECT",
    b" ",
    b"/",
    b"*",
    b"http://h/",
    b"h:1",
    b" HTTP/1.1",
    b" HTTP/1.0",
    b" HTTP/2.0",
    b"\r\n",
    b"\n",
    b"\r",
    b"Host: h\r\n",
    b"Host: ",
    b"a:b\r\n",
    b":",
    b"\r\n\r\n",
    b"Content-Length: 1\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"GET / HTTP/1.1\r\nHost: h\r\n",
    b"\0",
    b"\xFF",
];

/// What is no HTTP is refused at once, without waiting for a line end that never comes.
#[tokio::test(start_paused = true)]
async fn what_is_no_http_is_not_waited_for() {
    for bytes in [
        &b"\x16\x03\x01\x02\0\x01\0"[..],
        b"SSH-2.0-x(",
        b"\0",
        b"{\"a\":1}",
        b"\xFF\xFE",
    ] {
        let begin = Instant::now();
        let result = read(bytes, usize::MAX).await;
        assert_eq!(
            verdict(&result),
            "400 Bad Request: not the head of a request"
        );
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}

#[tokio::test(start_paused = true)]
async fn a_head_has_a_size() {
    let fill = |len: usize| {
        let head = format!("GET / HTTP/1.1\r\n{HOST}a: ");
        format!("{head}{}\r\n\r\n", "b".repeat(len - head.len() - 4))
    };
    let line = |len: usize| {
        let (start, end) = ("GET /", format!(" HTTP/1.1\r\n{HOST}\r\n"));
        format!("{start}{}{end}", "a".repeat(len - start.len() - end.len()))
    };
    for piece in [1, 1000, usize::MAX] {
        let outcome = async |bytes: &str| verdict(&read(bytes.as_bytes(), piece).await);
        assert!(
            outcome(&fill(MOST))
                .await
                .starts_with("GET / 1.1 host=h,a=bbb")
        );
        assert_eq!(
            outcome(&fill(MOST + 1)).await,
            "431 Request Header Fields Too Large"
        );
        assert!(outcome(&line(MOST)).await.starts_with("GET /aaa"));
        assert_eq!(
            outcome(&line(MOST + 1)).await,
            "431 Request Header Fields Too Large"
        );
        assert_eq!(outcome(&line(MOST + 100)).await, "414 URI Too Long");
        let empty_lines = "\r\n".repeat(MOST / 2);
        assert_eq!(
            outcome(&empty_lines).await,
            "431 Request Header Fields Too Large"
        );
        let headers = |count: usize| {
            format!(
                "GET / HTTP/1.1\r\n{HOST}{}\r\n",
                "a: b\r\n".repeat(count - 1)
            )
        };
        assert!(outcome(&headers(64)).await.starts_with("GET / 1.1"));
        assert_eq!(
            outcome(&headers(65)).await,
            "431 Request Header Fields Too Large"
        );
    }
    // A target that `Uri` could not hold, within a limit that has room for it.
    let long = line(100_000);
    let result = Request::read(&mut long.as_bytes(), 200_000, LONGEST).await;
    assert_eq!(verdict(&result), "414 URI Too Long");
}

/// No more is taken from the transport than a head may have.
#[tokio::test(start_paused = true)]
async fn no_more_is_read_than_may_be() {
    let head = format!("GET / HTTP/1.1\r\n{HOST}\r\n");
    let bytes = [head.as_bytes(), &[b'x'; 1000]].concat();
    let mut io = &bytes[..];
    let request = Request::read(&mut io, head.len() + 10, LONGEST)
        .await
        .unwrap();
    assert_eq!(request.rest, "x".repeat(10));
    assert_eq!(io.len(), 990);
}

/// The whole head has one time, and a byte now and then wins none.
#[tokio::test(start_paused = true)]
async fn a_head_has_a_time() {
    let (mut client, mut server) = duplex(64);
    let begin = Instant::now();
    let slow = async {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            client.write_all(b"G").await.unwrap();
        }
    };
    let result = tokio::select! {
        result = Request::read(&mut server, MOST, LONGEST) => result,
        () = slow => unreachable!(),
    };
    assert_eq!(verdict(&result), "408 Request Timeout");
    assert_eq!(begin.elapsed(), LONGEST);
    // Who says nothing is told nothing.
    let (_client, mut server) = duplex(64);
    let result = Request::read(&mut server, MOST, LONGEST).await;
    assert_eq!(verdict(&result), "TimedOut");
    let answered = result.unwrap_err().answer(&mut server).await;
    assert_eq!(answered.unwrap_err().kind(), ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_client_that_goes_leaves_an_error() {
    for head in [&b""[..], b"GET", b"GET / HTTP/1.1\r\nHost: h\r\n"] {
        let result = Request::read(&mut &*head, MOST, LONGEST).await;
        assert_eq!(verdict(&result), "UnexpectedEof");
    }
}

/// Which requests get a stream; HEAD is judged exactly as GET.
#[tokio::test]
async fn requests_for_a_stream() {
    let outcome = async |method: &str, headers: &str| {
        let head = format!("{method} /events HTTP/1.1\r\n{HOST}{headers}\r\n");
        let request = read(head.as_bytes(), usize::MAX).await.unwrap();
        match request.for_stream() {
            Ok(_) => 200,
            Err(refusal) => refusal.response().unwrap().status().as_u16(),
        }
    };
    for method in ["GET", "HEAD"] {
        for (headers, status) in [
            ("", 200),
            ("Accept: */*\r\n", 200),
            ("Accept: text/event-stream\r\n", 200),
            ("Accept: text/html\r\nAccept: text/*;q=0.1\r\n", 200),
            ("Accept: text/html\r\n", 406),
            ("Accept: text/event-stream;q=0, */*\r\n", 406),
            ("Content-Length: 0\r\n", 200),
            ("Content-Length: 1\r\n", 400),
            ("Transfer-Encoding: chunked\r\n", 400),
        ] {
            assert_eq!(outcome(method, headers).await, status, "{method} {headers}");
        }
    }
    for method in ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE"] {
        assert_eq!(outcome(method, "").await, 405, "{method}");
    }
    for method in ["get", "PROPFIND", "M-SEARCH"] {
        assert_eq!(outcome(method, "").await, 501, "{method}");
    }
}

/// `Expect: 100-continue`: the body comes when it is asked for, or after a while.
#[tokio::test]
async fn a_body_that_is_waited_for_is_asked_for() {
    for (version, expect, after, asked) in [
        ("1.1", "100-continue", "", "HTTP/1.1 100 Continue\r\n\r\n"),
        ("1.1", "100-Continue", "", "HTTP/1.1 100 Continue\r\n\r\n"),
        // It has come already; or the client knows nothing of it; or it expects something else.
        ("1.1", "100-continue", "a", ""),
        ("1.0", "100-continue", "", ""),
        ("1.1", "200-ok", "", ""),
    ] {
        let head = format!(
            "POST / HTTP/{version}\r\n{HOST}Content-Length: 2\r\nExpect: {expect}\r\n\r\n{after}"
        );
        let request = read(head.as_bytes(), usize::MAX).await.unwrap();
        let mut sent = Vec::new();
        request.ask_for_body(&mut sent).await.unwrap();
        assert_eq!(sent, asked.as_bytes(), "{head}");
    }
}

/// Java's client offers HTTP/2 with each request: the answer may be HTTP/1.1 (RFC 9110 §7.8).
#[tokio::test]
async fn an_offer_of_another_protocol_is_passed_over() {
    let head = "GET /events HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\n\
        Upgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABk\r\n\r\n";
    assert!(
        read(head.as_bytes(), usize::MAX)
            .await
            .unwrap()
            .for_stream()
            .is_ok()
    );
}

#[tokio::test]
async fn where_a_client_was() {
    for (header, id) in [
        ("", &b""[..]),
        ("Last-Event-ID: 7\r\n", b"7"),
        ("last-event-id:\t a b\t \r\n", b"a b"),
        ("Last-Event-ID: \u{e9}\r\n", "é".as_bytes()),
    ] {
        let head = format!("GET / HTTP/1.1\r\n{HOST}{header}\r\n");
        let request = read(head.as_bytes(), usize::MAX).await.unwrap();
        assert_eq!(request.last_event_id(), id);
    }
}

/// What a client receives, up to the end, when it reads on.
async fn answered(answer: impl AsyncFnOnce(&mut tokio::io::DuplexStream)) -> String {
    let (mut client, mut server) = duplex(1 << 16);
    let (mut received, ()) = tokio::join!(
        async {
            let mut received = String::new();
            client.read_to_string(&mut received).await.unwrap();
            drop(client);
            received
        },
        answer(&mut server)
    );
    // The only line that is not the same each time.
    if let Some(start) = received.find("date: ") {
        let date = received[start + 6..]
            .split("\r\n")
            .next()
            .unwrap()
            .to_owned();
        httpdate(&date);
        received = received.replacen(&format!("date: {date}\r\n"), "date\r\n", 1);
    }
    received
}

/// `Wed, 25 Nov 2026 20:00:00 GMT`
fn httpdate(date: &str) {
    assert_eq!(date.len(), 29, "{date}");
    assert!(
        date.ends_with(" GMT") && date.as_bytes()[3] == b',',
        "{date}"
    );
}

#[tokio::test]
async fn refusals_are_whole_responses() {
    let after = Duration::from_millis(1500);
    for (refusal, status, more) in [
        (Refusal::BadRequest("a reason"), "400 Bad Request", ""),
        (
            Refusal::MethodNotAllowed("GET, HEAD"),
            "405 Method Not Allowed",
            "allow: GET, HEAD\r\n",
        ),
        (Refusal::NotAcceptable, "406 Not Acceptable", ""),
        (Refusal::Timeout, "408 Request Timeout", ""),
        (Refusal::TargetTooLong, "414 URI Too Long", ""),
        (
            Refusal::HeadTooLarge,
            "431 Request Header Fields Too Large",
            "",
        ),
        (Refusal::NotImplemented, "501 Not Implemented", ""),
        (
            Refusal::Unavailable(after),
            "503 Service Unavailable",
            "retry-after: 2\r\n",
        ),
        (
            Refusal::VersionNotSupported,
            "505 HTTP Version Not Supported",
            "",
        ),
    ] {
        let response = answered(async |io| refusal.answer(io).await.unwrap()).await;
        assert_eq!(
            response,
            format!(
                "HTTP/1.1 {status}\r\ndate\r\n{more}content-length: 0\r\nconnection: close\r\n\r\n"
            )
        );
    }
}

#[tokio::test]
async fn responses_have_their_framing() {
    let respond = async |method: &str, response: &Response<&str>| {
        let head = format!("{method} / HTTP/1.1\r\n{HOST}\r\n");
        let request = read(head.as_bytes(), usize::MAX).await.unwrap();
        answered(async |io| request.respond(io, response).await.unwrap()).await
    };
    let mut page = Response::new("a page");
    for (name, value) in [
        ("content-type", "text/plain"),
        ("content-length", "7"),
        ("connection", "keep-alive"),
        ("transfer-encoding", "chunked"),
    ] {
        page.headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    let head = "HTTP/1.1 200 OK\r\ndate\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\
        connection: close\r\n\r\n";
    assert_eq!(respond("GET", &page).await, format!("{head}a page"));
    assert_eq!(respond("HEAD", &page).await, head);
    for status in [204, 304] {
        let mut response = Response::new("no content");
        *response.status_mut() = status.try_into().unwrap();
        let text = respond("GET", &response).await;
        assert!(
            !text.contains("content-length") && text.ends_with("\r\n\r\n"),
            "{text}"
        );
    }
}

/// What a stream's head says follows from its request, and it has the time.
#[tokio::test]
async fn the_head_of_a_stream_follows_from_its_request() {
    let options = Arc::new(ServeOptions::new());
    let dated = Arc::new(ServeOptions::new().header("Date", "today").unwrap());
    for (method, version, framing, body) in [
        (
            "GET",
            "1.1",
            "transfer-encoding: chunked\r\n",
            "9\r\ndata: a\n\n\r\n0\r\n\r\n",
        ),
        ("GET", "1.0", "", "data: a\n\n"),
        ("HEAD", "1.1", "", ""),
        ("HEAD", "1.0", "", ""),
    ] {
        let head = format!("{method} / HTTP/{version}\r\n{HOST}\r\n");
        let request = read(head.as_bytes(), usize::MAX).await.unwrap();
        let events = || tokio_stream::iter([Frame::message(b"a")]);
        let stream = async |terms| {
            answered(async |io| {
                serve(io, events(), terms).await;
            })
            .await
        };
        let head = |date: &str| {
            format!(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
                 cache-control: no-store, no-transform\r\nx-accel-buffering: no\r\n\
                 {date}\r\n{framing}connection: close\r\n\r\n{body}"
            )
        };
        assert_eq!(stream(request.terms(&options)).await, head("date"));
        assert_eq!(stream(request.terms(&dated)).await, head("Date: today"));
    }
}

#[tokio::test]
async fn preflights() {
    let preflight = "Origin: https://a.example\r\nAccess-Control-Request-Method: GET\r\n\
        Access-Control-Request-Headers: last-event-id\r\n";
    for (method, headers, is_preflight) in [
        ("OPTIONS", preflight, true),
        ("GET", preflight, false),
        ("OPTIONS", "Origin: https://a.example\r\n", false),
        ("OPTIONS", "Access-Control-Request-Method: GET\r\n", false),
    ] {
        let head = format!("{method} /events HTTP/1.1\r\n{HOST}{headers}\r\n");
        let request = read(head.as_bytes(), usize::MAX).await.unwrap();
        assert_eq!(request.is_preflight(), is_preflight);
        if !is_preflight {
            continue;
        }
        for (origin, vary) in [("https://a.example", "vary: origin\r\n"), ("*", "")] {
            let response = allow_last_event_id(HeaderValue::from_static(origin));
            assert_eq!(
                answered(async |io| request.respond(io, &response).await.unwrap()).await,
                format!(
                    "HTTP/1.1 204 No Content\r\ndate\r\n{vary}\
                     access-control-allow-origin: {origin}\r\n\
                     access-control-allow-headers: last-event-id\r\n\
                     access-control-max-age: 86400\r\nconnection: close\r\n\r\n"
                )
            );
        }
    }
}

/// A client that sends a body, refused before it is read: it sees the response, not a reset.
#[tokio::test]
async fn an_unread_body_costs_no_response() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let request = Request::read(&mut stream, MOST, LONGEST).await.unwrap();
        assert_eq!(request.body, RequestBody::Length(500_000));
        let refusal = request.for_stream().unwrap_err();
        refusal.answer(&mut stream).await
    });
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = format!("POST / HTTP/1.1\r\n{HOST}Content-Length: 500000\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    client.write_all(&[b'x'; 500_000]).await.unwrap();
    let mut response = String::new();
    client.read_to_string(&mut response).await.unwrap();
    assert!(response.starts_with("HTTP/1.1 405 "), "{response}");
    drop(client);
    server.await.unwrap().unwrap();
}

/// A client that never reads its answer holds nobody up for long.
#[tokio::test(start_paused = true)]
async fn an_answer_has_a_time() {
    let (_client, mut server) = duplex(16);
    let begin = Instant::now();
    let error = Refusal::NotAcceptable
        .answer(&mut server)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
    assert_eq!(begin.elapsed(), Duration::from_secs(10));
}
