//! `sse check` against servers that do everything right, or one thing wrong.

mod common;

use std::{net::TcpStream, thread};

use common::{
    run,
    server::{Request, Server, head, pause, write, write_chunk},
};
use serde_json::Value;

/// What is not as it should be.
fn check(url: &str, arguments: &[&str]) -> (Option<i32>, Vec<(String, String, String)>) {
    let arguments = [&["--time", "4s", "-o", "json", url], arguments].concat();
    let output = run("check", &arguments, b"");
    assert_eq!(output.stderr, "");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    let findings = findings
        .map(|finding| {
            (
                text(&finding["level"]),
                text(&finding["about"]),
                text(&finding["text"]),
            )
        })
        .filter(|finding| finding.0 != "ok")
        .collect::<Vec<_>>();
    let is_wrong = findings.iter().any(|finding| finding.0 == "wrong");
    assert_eq!(report["ok"], !is_wrong);
    (output.status, findings)
}

/// A server that does everything right.
fn good(request: &Request, stream: &mut TcpStream) {
    let cors = "access-control-allow-origin: *\r\naccess-control-allow-headers: last-event-id\r\n";
    if request.method == "OPTIONS" {
        write(stream, format!("HTTP/1.1 204 No Content\r\n{cors}\r\n"));
        return;
    }
    let is_old = request.version == "HTTP/1.0";
    let coding = if is_old {
        ""
    } else {
        "transfer-encoding: chunked\r\n"
    };
    write(
        stream,
        head(&format!("x-accel-buffering: no\r\n{cors}{coding}")),
    );
    if request.method == "HEAD" || is_old {
        return;
    }
    write_chunk(stream, "retry: 2000\n\n");
    // An event with each number comes at its time; one that is over comes at once.
    let known = request
        .header("last-event-id")
        .and_then(|id| id.parse().ok());
    let first = known.map_or(0, |id: u64| id + 1);
    for id in first.. {
        if known.is_none() || id > 3 {
            pause(150);
        }
        if !write_chunk(stream, format!("id: {id}\ndata: {id}\n\n")) || !write_chunk(stream, ":\n")
        {
            break;
        }
    }
}

#[test]
fn everything_right() {
    let server = Server::new(good);
    let (status, findings) = check(&server.url("/"), &[]);
    assert_eq!(findings, []);
    assert_eq!(status, Some(0));
}

/// A server that does as `good` unless `other` has answered.
fn other(other: impl Fn(&Request, &mut TcpStream) -> bool + Send + Sync + 'static) -> Server {
    Server::new(move |request, stream| {
        if !other(request, stream) {
            good(request, stream);
        }
    })
}

/// A GET for the stream, without an ID, an origin or a coding.
fn is_first(request: &Request) -> bool {
    request.method == "GET"
        && request.version == "HTTP/1.1"
        && request.header("last-event-id").is_none()
        && request.header("origin").is_none()
        && request.header("accept-encoding") == Some("identity")
}

/// A server whose stream is this, in one chunk, and then silence.
fn stream(bytes: &'static [u8]) -> Server {
    let headers = "x-accel-buffering: no\r\ntransfer-encoding: chunked\r\n";
    other(move |request, stream| {
        let is_first = is_first(request);
        if is_first {
            write(stream, head(headers));
            write_chunk(stream, bytes);
            pause(5_000);
        }
        is_first
    })
}

fn answer(bytes: &'static str) -> Server {
    Server::new(move |_, stream| {
        write(stream, bytes);
    })
}

#[test]
fn one_thing_wrong() {
    let chunked = "transfer-encoding: chunked\r\n";
    let cases: Vec<(Server, &str, &str, &str)> = vec![
        (
            answer("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n"),
            "wrong",
            "status",
            "404",
        ),
        (
            answer("HTTP/1.1 204 No Content\r\n\r\n"),
            "wrong",
            "status",
            "204",
        ),
        (
            answer("HTTP/1.1 302 Found\r\nlocation: /a\r\n\r\n"),
            "wrong",
            "status",
            "to /a",
        ),
        (
            answer("HTTP/1.1 200 OK\r\n\r\n"),
            "wrong",
            "type",
            "no content-type",
        ),
        (
            answer("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\n\r\n<p>"),
            "wrong",
            "type",
            "text/html",
        ),
        (
            answer("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream;charset=latin1\r\n\r\n"),
            "wrong",
            "type",
            "always UTF-8",
        ),
        (
            answer("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: a\n\n"),
            "warning",
            "framing",
            "ends with the connection",
        ),
        (
            answer(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 9\r\n\r\ndata: a\n\n",
            ),
            "wrong",
            "framing",
            "content-length 9",
        ),
        (
            answer(
                "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: max-age=60\r\n\r\n",
            ),
            "warning",
            "caching",
            "max-age=60",
        ),
        (
            stream(b"{\"error\":1}\n\n"),
            "wrong",
            "lines",
            "\"{\\\"error\\\":1}\"",
        ),
        (stream(b"id: a\0\ndata: a\n\n"), "wrong", "ids", "NUL"),
        (stream(b"retry: 5s\n\n"), "wrong", "retry", "digits"),
        (
            stream(b"retry: 99999999999\n\n"),
            "wrong",
            "retry",
            "an hour",
        ),
        (stream(b"retry: 0\n\n"), "warning", "retry", "fast"),
        (stream(b"data: \xFF\n\n"), "wrong", "encoding", "UTF-8"),
        (
            stream(b"data: a\r\n\r\ndata: b\n\n"),
            "warning",
            "line ends",
            "mixed",
        ),
        (stream(b"data: a\r\r"), "warning", "line ends", "CR alone"),
        (
            stream(b"id: 1\ndata: a\n\n:\n\n"),
            "warning",
            "heartbeat",
            "fetch-event-source",
        ),
        (
            stream(b"id: 1\ndata: a\n\nid: 1\ndata: b\n\n"),
            "warning",
            "ids",
            "same ID",
        ),
        (
            other(move |request, stream| {
                let is_first = is_first(request);
                if is_first {
                    write(stream, head(chunked));
                    write_chunk(stream, "data: a\n\n");
                }
                is_first
            }),
            "wrong",
            "end",
            "broke off",
        ),
        (
            other(move |request, stream| {
                let is_first = is_first(request);
                if is_first {
                    write(stream, head(chunked));
                    write_chunk(stream, "data: a\n");
                    write(stream, "0\r\n\r\n");
                }
                is_first
            }),
            "wrong",
            "end",
            "inside an event",
        ),
        (
            other(move |request, stream| {
                let is_first = is_first(request);
                if is_first {
                    pause(700);
                    write(stream, head(chunked) + "9\r\ndata: a\n\n\r\n");
                    pause(5_000);
                }
                is_first
            }),
            "wrong",
            "head",
            "waits for them",
        ),
        (
            other(move |request, stream| {
                let is_first = is_first(request);
                if is_first {
                    write(stream, head(chunked));
                    write_chunk(stream, "data: a\n\n");
                    while {
                        pause(600);
                        write_chunk(stream, "data: b\n\ndata: c\n\n")
                    } {}
                }
                is_first
            }),
            "warning",
            "buffering",
            "2 in 18 bytes",
        ),
        (
            other(|request, stream| {
                let resumes = request
                    .header("last-event-id")
                    .is_some_and(|id| id != "sse-check-made-this-up");
                if resumes {
                    write(stream, head("") + "id: 0\ndata: 0\n\nid: 1\ndata: 1\n\n");
                }
                resumes
            }),
            "wrong",
            "resume",
            "which the client has had",
        ),
        (
            other(|request, stream| {
                let resumes = request
                    .header("last-event-id")
                    .is_some_and(|id| id != "sse-check-made-this-up");
                if resumes {
                    write(stream, head("") + "id: 70\ndata: 0\n\nid: 71\ndata: 1\n\n");
                }
                resumes
            }),
            "warning",
            "resume",
            "the ID is not heeded",
        ),
        (
            other(|request, stream| {
                let is_strange = request.header("last-event-id") == Some("sse-check-made-this-up");
                if is_strange {
                    write(stream, "HTTP/1.1 400 Bad Request\r\n\r\n");
                }
                is_strange
            }),
            "wrong",
            "unknown id",
            "400",
        ),
        (
            other(move |request, stream| {
                let is_old = request.version == "HTTP/1.0";
                if is_old {
                    write(stream, head(chunked) + "0\r\n\r\n");
                }
                is_old
            }),
            "wrong",
            "HTTP/1.0",
            "chunks",
        ),
        (
            other(|request, stream| {
                let is_head = request.method == "HEAD";
                if is_head {
                    write(stream, "HTTP/1.1 405 Method Not Allowed\r\n\r\n");
                }
                is_head
            }),
            "note",
            "HEAD",
            "405",
        ),
        (
            other(|request, stream| {
                let is_offered = request.header("accept-encoding") != Some("identity");
                if is_offered {
                    write(stream, head("content-encoding: gzip\r\n") + "\x1f");
                    pause(5_000);
                }
                is_offered
            }),
            "wrong",
            "compression",
            "flushed",
        ),
        (
            other(|request, stream| {
                let is_crossing = request.header("origin").is_some();
                if is_crossing {
                    let cors = "access-control-allow-origin: *\r\naccess-control-allow-credentials: true\r\n";
                    write(stream, head(cors));
                }
                is_crossing
            }),
            "wrong",
            "CORS",
            "credentials",
        ),
    ];
    let run = |(server, level, about, text): &(Server, &str, &str, &str)| {
        let (status, findings) = check(&server.url("/"), &[]);
        let is_there = findings
            .iter()
            .any(|finding| finding.0 == *level && finding.1 == *about && finding.2.contains(text));
        assert!(
            is_there,
            "no {level} about {about} with {text:?}: {findings:#?}"
        );
        let is_wrong = findings.iter().any(|finding| finding.0 == "wrong");
        assert_eq!(status, Some(i32::from(is_wrong)), "{findings:#?}");
    };
    thread::scope(|scope| {
        let threads: Vec<_> = cases.iter().map(|case| scope.spawn(|| run(case))).collect();
        for thread in threads {
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_post_is_made_once() {
    let server = Server::new(|request, stream| {
        assert_eq!((request.number, &*request.method), (0, "POST"));
        assert_eq!(request.header("content-type"), Some("application/json"));
        write(stream, head("transfer-encoding: chunked\r\n"));
        write_chunk(stream, "data: a\n\n");
        write(stream, "0\r\n\r\n");
    });
    let (status, findings) = check(&server.url("/"), &["-d", r#"{"stream":true}"#]);
    let is_there = findings
        .iter()
        .any(|finding| finding.2.contains("only a GET is repeated"));
    assert!(is_there, "{findings:#?}");
    assert_eq!(status, Some(0));
}

#[test]
fn nobody_there() {
    // A port that was free a moment ago.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let output = run("check", &[&url], b"");
    assert!(
        output.stderr.starts_with("sse: tcp connect error"),
        "{}",
        output.stderr
    );
    assert_eq!((output.status, output.stdout.len()), (Some(5), 0));
}

#[test]
fn wrong_use() {
    for arguments in [
        &[][..],
        &["ftp://127.0.0.1/"],
        &["http://"],
        &["http://user:password@127.0.0.1/"],
        &["127.0.0.1", "-H", "secret"],
        &["127.0.0.1", "-H", "a b: secret"],
        &["127.0.0.1", "-H", "a: secret\u{7}"],
        &["127.0.0.1", "-H", "@/nowhere"],
        &["127.0.0.1", "-d", "@/nowhere"],
        &["127.0.0.1", "--cacert", "/nowhere"],
        &["127.0.0.1", "--cacert", "/dev/null"],
        &["127.0.0.1", "--time", "soon"],
        &["127.0.0.1", "--time=-1s"],
    ] {
        let output = run("check", arguments, b"");
        assert_eq!(output.status, Some(2), "{arguments:?}: {}", output.stderr);
        assert!(!output.stderr.contains("secret"), "{}", output.stderr);
    }
}
