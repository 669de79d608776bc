//! `sse tail` against servers that answer by hand.

mod common;

use std::{
    fs,
    io::Read,
    net::TcpStream,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
};

use common::{
    Live, Output, command, run,
    server::{Request, Server, head, pause, write, write_chunk},
};
use serde_json::{Value, json};

fn tail(arguments: &[&str]) -> Output {
    run("tail", arguments, b"")
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

/// A server that gives this stream, and then waits.
fn open(stream: &'static str) -> Server {
    Server::new(move |_, connection| {
        write(connection, head("") + stream);
        pause(60_000);
    })
}

/// A server that gives this answer, and ends the connection.
fn answer(bytes: impl Into<Vec<u8>>) -> Server {
    let bytes = bytes.into();
    Server::new(move |_, connection| {
        write(connection, &bytes);
    })
}

/// Events with the numbers from after `Last-Event-ID`, the connection cut inside each third one.
fn numbered(request: &Request, connection: &mut TcpStream) {
    let last = request.header("last-event-id").unwrap_or("0");
    let mut number: u64 = last.parse().unwrap();
    write(connection, head("") + "retry: 1\n\n");
    for _ in 0..2 {
        number += 1;
        write(connection, format!("id: {number}\ndata: {number}\n\n"));
    }
    write(connection, format!("id: {}\ndata: cut", number + 1));
}

const STREAM: &str =
    ": hello\n\nevent: add\nid: 7\ndata: {\"a\":1}\ndata: x\u{1b}[31m\n\ndata: plain\n\n";

#[test]
fn text_for_people() {
    let server = open(STREAM);
    let output = tail(&["-q", "-n", "2", "--comments", &server.url("/")]);
    let lines: Vec<_> = stdout(&output).lines().collect();
    let after_time = |line: &str| line.get(12..).unwrap().to_owned();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(after_time(lines[0]), " : hello");
    assert_eq!(after_time(lines[1]), " add #7 {\"a\":1}");
    assert_eq!(lines[2], "             x\\x1b[31m");
    assert_eq!(after_time(lines[3]), " message plain");
    assert_eq!((output.status, &*output.stderr), (Some(0), ""));

    let colored = tail(&["-q", "-n", "1", "--color", "always", &server.url("/")]);
    assert!(
        stdout(&colored).contains("\u{1b}[1m"),
        "{}",
        stdout(&colored)
    );
}

#[test]
fn json_lines() {
    let server = open(STREAM);
    let output = tail(&[
        "-q",
        "-n",
        "2",
        "-o",
        "json",
        "--comments",
        &server.url("/"),
    ]);
    let lines = stdout(&output).lines().map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        let time = line.as_object_mut().unwrap().shift_remove("time").unwrap();
        assert!(time.as_str().unwrap().ends_with('Z'));
        line
    });
    let lines: Vec<_> = lines.collect();
    let expected = [
        json!({ "comment": " hello" }),
        json!({ "event": "add", "data": "{\"a\":1}\nx\u{1b}[31m", "id": "7", "own_id": "7" }),
        json!({ "event": "message", "data": "plain", "id": "7", "own_id": null }),
    ];
    assert_eq!(lines, expected);

    // And back to a stream.
    let encoded = run("encode", &[], &output.stdout);
    let stream = String::from_utf8(encoded.stdout).unwrap();
    assert!(stream.ends_with("\n\ndata: plain\n\n"), "{stream}");
    assert_eq!(encoded.stderr, "");
}

#[test]
fn data_alone_and_raw_blocks() {
    let server = open(STREAM);
    let output = tail(&["-q", "-n", "2", "-o", "data", &server.url("/")]);
    assert_eq!(stdout(&output), "{\"a\":1}\nx\u{1b}[31m\nplain\n");
    let output = tail(&["-q", "-n", "2", "-o", "raw", &server.url("/")]);
    assert_eq!(stdout(&output), STREAM);
    let output = tail(&[
        "-q",
        "-n",
        "1",
        "-e",
        "message",
        "-o",
        "data",
        &server.url("/"),
    ]);
    assert_eq!(stdout(&output), "plain\n");

    // Raw blocks over several connections: what was cut off is not among them.
    let server = Server::new(numbered);
    let output = tail(&["-q", "-n", "4", "-o", "raw", &server.url("/")]);
    let block = |number| format!("id: {number}\ndata: {number}\n\n");
    let expected = [
        "retry: 1\n\n",
        &block(1),
        &block(2),
        "retry: 1\n\n",
        &block(3),
        &block(4),
    ];
    assert_eq!(stdout(&output), expected.concat());
}

#[test]
fn tokens_are_joined_until_the_stream_is_done() {
    let token = |text: &str| {
        format!(
            "data: {}\n\n",
            json!({ "choices": [{ "delta": { "content": text } }] })
        )
    };
    let stream = [
        token("Hel"),
        "data: {\"choices\":[]}\n\n".into(),
        "data: not JSON\n\n".into(),
        token("lo\n"),
        token("you"),
        "data: [DONE]\n\n".into(),
    ];
    let server = Server::new(move |request, connection| {
        assert_eq!(
            (&*request.method, request.header("content-type")),
            ("POST", Some("application/json"))
        );
        assert_eq!(request.header("authorization"), Some("Bearer secret"));
        write(connection, head("") + &stream.concat());
        pause(60_000);
    });
    let directory = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        fs::write(directory.path().join(name), text).unwrap();
        format!("@{}", directory.path().join(name).display())
    };
    let key = file("key", "Authorization: Bearer secret\n\n");
    let question = file("question", "{\"stream\":true}");
    let arguments = [
        "-q",
        "-H",
        &key,
        "--until",
        "[DONE]",
        "-r",
        "/choices/0/delta/content",
    ];
    let url = server.url("/v1");
    for body in [question.as_str(), "{}", "-"] {
        let output = run(
            "tail",
            &[&arguments[..], &["-d", body, &url]].concat(),
            b"{\"stream\":true}",
        );
        assert_eq!(
            (stdout(&output), output.status),
            ("Hello\nyou\n", Some(0)),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn an_answer_to_a_post_that_was_cut_off_is_a_failure() {
    for (stream, arguments, status, stderr) in [
        ("data: a\n\n", &[][..], 0, ""),
        ("data: a\n\ndata: b\n", &[], 1, "inside an event"),
        ("data: a\n\n", &["--until", "[DONE]"], 1, "before the event"),
    ] {
        let server = answer(head("") + stream);
        let output = tail(
            &[
                &["-q", "-o", "data", "-d", "{}", &server.url("/")],
                arguments,
            ]
            .concat(),
        );
        assert_eq!(
            (stdout(&output), output.status),
            ("a\n", Some(status)),
            "{}",
            output.stderr
        );
        assert!(output.stderr.contains(stderr), "{}", output.stderr);
    }
}

#[test]
fn it_comes_back_and_says_so() {
    let server = Server::new(numbered);
    let output = tail(&["-o", "data", "-n", "5", &server.url("/")]);
    assert_eq!(stdout(&output), "1\n2\n3\n4\n5\n");
    let lines: Vec<_> = output.stderr.lines().collect();
    let connected = format!("sse: connected to {}: HTTP/1.1 200 OK", server.url("/"));
    assert_eq!(lines[0], format!("sse: connecting to {}", server.url("/")));
    assert_eq!(lines[1], connected);
    assert!(
        lines[2].starts_with("sse: the stream ended; again in "),
        "{lines:?}"
    );
    assert_eq!((lines[3], lines.len()), (&*connected, 6), "{lines:?}");

    let output = tail(&[
        "-q",
        "-o",
        "data",
        "-n",
        "2",
        "--since",
        "41",
        &server.url("/"),
    ]);
    assert_eq!(stdout(&output), "42\n43\n");
    let output = tail(&["-q", "-o", "data", "--reconnect", "never", &server.url("/")]);
    assert_eq!((stdout(&output), output.status), ("1\n2\n", Some(1)));
}

#[test]
fn how_it_ends() {
    let refused = answer("HTTP/1.1 401 Unauthorized\r\ncontent-length: 9\r\n\r\nno\x1b token");
    let page = answer("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 3\r\n\r\n<p>");
    let coded = answer(head("content-encoding: compress\r\n") + "x");
    let busy = answer("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
    let enough = answer("HTTP/1.1 204 No Content\r\n\r\n");
    let broken = answer(head("transfer-encoding: chunked\r\n") + "9\r\ndata");
    let silent = open("");
    let pinging = Server::new(|_, connection| {
        write(connection, head(""));
        while write(connection, ":\n") {
            pause(50);
        }
    });
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/", listener.local_addr().unwrap())
    };
    for (url, arguments, status, stderr) in [
        (
            refused.url("/"),
            &[][..],
            3,
            "no\\x1b token\nsse: the server answered 401 Unauthorized\n",
        ),
        (
            page.url("/"),
            &[],
            4,
            "<p>\nsse: no event stream: the server answered 200 OK with content-type text/html\n",
        ),
        (
            coded.url("/"),
            &[],
            4,
            "x\nsse: the server answered 200 OK: a content coding that nobody decodes\n",
        ),
        (
            busy.url("/"),
            &["--retry-max", "1"],
            3,
            "sse: the server answered 503 Service Unavailable\n",
        ),
        (
            enough.url("/"),
            &[],
            0,
            "sse: the server wants no more connections (204)\n",
        ),
        (
            broken.url("/"),
            &["--reconnect", "never"],
            1,
            "sse: the stream broke off: ",
        ),
        (
            free,
            &["--retry-max", "1"],
            5,
            "sse: could not connect: tcp connect error",
        ),
        (
            silent.url("/"),
            &["--idle", "300ms"],
            6,
            "sse: nothing has come for too long\n",
        ),
        (
            silent.url("/"),
            &["--event-idle", "300ms"],
            6,
            "sse: no event has come for too long\n",
        ),
        (
            pinging.url("/"),
            &["--event-idle", "300ms"],
            6,
            "sse: no event has come for too long\n",
        ),
        (
            pinging.url("/"),
            &["--idle", "10s", "--for", "300ms"],
            0,
            "",
        ),
        (
            silent.url("/"),
            &["--connect-timeout", "10s", "--for", "100ms"],
            0,
            "",
        ),
    ] {
        let output = tail(&[&["-q", &url], arguments].concat());
        assert_eq!(
            output.status,
            Some(status),
            "{arguments:?}: {}",
            output.stderr
        );
        assert!(
            output.stderr.starts_with(stderr),
            "{arguments:?}: {}",
            output.stderr
        );
        assert_eq!(
            stderr.is_empty(),
            output.stderr.is_empty(),
            "{}",
            output.stderr
        );
    }
}

#[test]
fn an_event_that_is_too_large_is_told_and_the_rest_goes_on() {
    let server = open("data: 123456\n\ndata: a\n\n");
    let output = tail(&[
        "-o",
        "data",
        "--max-event",
        "5",
        "-n",
        "1",
        &server.url("/"),
    ]);
    assert_eq!(stdout(&output), "a\n");
    assert!(
        output.stderr.contains("larger than the limit of 5 bytes"),
        "{}",
        output.stderr
    );
}

#[test]
fn the_state_is_kept_from_one_run_to_the_next() {
    let server = Server::new(numbered);
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let arguments = ["-q", "-o", "data", "--state", state.to_str().unwrap()];
    let url = server.url("/");
    for expected in ["1\n2\n3\n", "4\n5\n6\n", "7\n8\n9\n"] {
        let output = tail(&[&arguments[..], &["-n", "3", &url]].concat());
        assert_eq!(
            (stdout(&output), output.status),
            (expected, Some(0)),
            "{}",
            output.stderr
        );
    }
    let kept: Value = serde_json::from_slice(&fs::read(&state).unwrap()).unwrap();
    assert_eq!(kept, json!({ "url": url, "last_event_id": "9" }));
    let output = tail(&[&arguments[..], &[&server.url("/other")]].concat());
    assert!(
        output.stderr.contains("the state of another stream"),
        "{}",
        output.stderr
    );
    assert_eq!(output.status, Some(2));
}

/// A file system of two pages, one of which the old state takes.
#[cfg(target_os = "linux")]
#[test]
fn on_a_full_disk_the_old_state_stays() {
    let server = Server::new(numbered);
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let old = json!({ "url": server.url("/"), "last_event_id": "5" }).to_string();
    fs::write(&state, &old).unwrap();
    // No file may grow: the same error as on a full disk, for everybody's machine.
    let script = "ulimit -f 0; trap '' XFSZ; exec \"$@\"";
    let output = std::process::Command::new("sh")
        .args(["-c", script, "sh", env!("CARGO_BIN_EXE_sse")])
        .args(["tail", "-o", "data", "-n", "2", "--state"])
        .args([state.to_str().unwrap(), &server.url("/")])
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "6\n7\n");
    assert!(stderr.contains("sse: the state was not kept: "), "{stderr}");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&state).unwrap(), old);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
}

#[test]
fn a_reader_that_has_gone_is_an_end() {
    // While events come, and while none do.
    for stream in ["data: a\n\n".repeat(50_000), "data: a\n\n".into()] {
        let server = Server::new(move |_, connection| {
            write(connection, head("") + &stream);
            pause(60_000);
        });
        let mut child = command("tail")
            .args(["-q", "-o", "data", &server.url("/")])
            .spawn()
            .unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 2]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(
            (output.status.code(), &output.stderr[..]),
            (Some(0), &b""[..])
        );
    }
}

#[cfg(unix)]
#[test]
fn a_signal_ends_it_and_keeps_the_state() {
    use rustix::process::{Pid, Signal, kill_process};
    let server = open("id: 7\ndata: a\n\n");
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let directory = tempfile::tempdir().unwrap();
        let state = directory.path().join("state");
        let arguments = [
            "-q",
            "-o",
            "data",
            "--state",
            state.to_str().unwrap(),
            &server.url("/"),
        ];
        let live = Live::of(command("tail").stdin(Stdio::null()).args(arguments));
        live.assert_next("a");
        kill_process(Pid::from_child(&live.child), signal).unwrap();
        assert_eq!(live.finish(), (Some(status), String::new()));
        assert!(fs::read_to_string(&state).unwrap().contains("\"7\""));
    }
}

/// It is held up in a write that no signal interrupts.
#[cfg(unix)]
#[test]
fn a_reader_that_reads_nothing_does_not_keep_it_alive() {
    use rustix::process::{Pid, Signal, kill_process};
    let stream = "data: a\n\n".repeat(100_000);
    let server = Server::new(move |_, connection| {
        write(connection, head("") + &stream);
        pause(60_000);
    });
    let mut child = command("tail")
        .args(["-q", "-o", "data", &server.url("/")])
        .spawn()
        .unwrap();
    // It has begun to write, and will fill the pipe.
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_exact(&mut [0; 2]).unwrap();
    pause(500);
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(143));
    drop(stdout);
}

/// A long line that ends nowhere, for longer than it may be.
#[test]
fn memory_is_bounded() {
    let server = Server::new(|_, connection| {
        write(connection, head(""));
        for field in ["data: ", ": ", "id: ", "event: "] {
            write(connection, field);
            for _ in 0..20 {
                write(connection, vec![b'x'; 1 << 20]);
            }
            write(connection, "\n\n");
        }
        write(connection, "data: a\n\n");
        pause(60_000);
    });
    for output in ["text", "json", "raw"] {
        let live = Live::spawn(
            "tail",
            &["-q", "-o", output, "--max-event", "1000", &server.url("/")],
        );
        while !live
            .next()
            .unwrap()
            .contains(if output == "json" { "\"a\"" } else { "a" })
        {}
        #[cfg(target_os = "linux")]
        {
            let peak = common::peak_memory(&live.child);
            assert!(peak < 48 << 20, "{output}: {peak} bytes");
        }
        let Live { mut child, .. } = live;
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[test]
fn chunks_and_redirects() {
    let server = Server::new(|request, connection| match &*request.target {
        "/" => {
            write(
                connection,
                "HTTP/1.1 302 Found\r\nlocation: /there?x\r\ncontent-length: 0\r\n\r\n",
            );
        }
        target => {
            write(connection, head("transfer-encoding: chunked\r\n"));
            write_chunk(connection, format!("data: {target}\n"));
            write_chunk(connection, "\n");
            pause(60_000);
        }
    });
    let output = tail(&["-q", "-o", "data", "-n", "1", &server.url("/#part")]);
    assert_eq!(stdout(&output), "/there?x\n");
    // Without a scheme, and with what a URL cannot hold as it is.
    let url = format!("{}/a b", server.address);
    let output = tail(&["-q", "-o", "data", "-n", "1", &url]);
    assert_eq!(stdout(&output), "/a%20b\n");
}

#[test]
fn headers_and_methods_are_sent_as_given() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let server = Server::new(move |request, connection| {
        log.lock().unwrap().push(request.clone());
        write(connection, head("") + "data: a\n\n");
        pause(60_000);
    });
    let url = server.url("/");
    tail(&[
        "-q",
        "-n1",
        "-X",
        "PUT",
        "-d",
        "plain",
        "-H",
        "X-A: 1",
        "-H",
        "X-a:2",
        "-H",
        "user-agent: me",
        &url,
    ]);
    tail(&["-q", "-n1", "--since", "é 7", &url]);
    let seen = seen.lock().unwrap();
    assert_eq!(
        (&*seen[0].method, seen[0].header("content-type")),
        ("PUT", None)
    );
    assert_eq!(seen[0].header("user-agent"), Some("me"));
    let given: Vec<_> = seen[0]
        .headers
        .iter()
        .filter(|header| header.0 == "x-a")
        .collect();
    assert_eq!(given.len(), 2);
    assert_eq!(
        (&*seen[1].method, seen[1].header("accept")),
        ("GET", Some("text/event-stream"))
    );
    assert_eq!(seen[1].header("last-event-id"), Some("é 7"));
    let agent = seen[1].header("user-agent").unwrap();
    assert!(agent.starts_with("sse/"), "{agent}");
}

#[test]
fn wrong_use() {
    for arguments in [
        &["--since", "1", "--state", "x"][..],
        &["-n", "0"],
        &["-r", "choices"],
        &["-r", "/a", "-o", "json"],
        &["--idle", "1s", "--stale", "1s"],
        &["--reconnect", "sometimes"],
        &["--state", "/dev/null"],
        &["--state", "/"],
        &["--since", "a\nb"],
        &["-q", "-v"],
    ] {
        let output = tail(&[&["http://127.0.0.1:9/"], arguments].concat());
        assert_eq!(output.status, Some(2), "{arguments:?}: {}", output.stderr);
    }
    assert!(!Path::new("x").exists());
}
