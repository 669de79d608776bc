//! `sse serve`, with `sse tail` and clients made by hand.

mod common;

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Child, ChildStderr, Stdio},
};

use common::{Live, command, run};

/// A server whose input stays open.
struct Server {
    child: Child,
    notes: BufReader<ChildStderr>,
    url: String,
}

impl Server {
    fn new(arguments: &[&str]) -> Self {
        let mut child = command("serve")
            .args(["127.0.0.1:0"])
            .args(arguments)
            .spawn()
            .unwrap();
        let notes = BufReader::new(child.stderr.take().unwrap());
        let mut server = Self {
            child,
            notes,
            url: String::new(),
        };
        let note = server.note();
        server.url = note.strip_prefix("sse: stream: ").unwrap().to_owned();
        server
    }

    fn note(&mut self) -> String {
        let mut line = String::new();
        self.notes.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn write(&mut self, text: &str) {
        self.child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(text.as_bytes())
            .unwrap();
    }

    /// Asks by hand, and reads the answer until this is in it.
    fn ask(&self, request: &str, until: &str) -> String {
        let address = self
            .url
            .strip_prefix("http://")
            .unwrap()
            .split('/')
            .next()
            .unwrap();
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let (mut answer, mut buffer) = (Vec::new(), [0; 4096]);
        while !String::from_utf8_lossy(&answer).contains(until) {
            let len = stream.read(&mut buffer).unwrap();
            assert!(len > 0, "{:?}", String::from_utf8_lossy(&answer));
            answer.extend(&buffer[..len]);
        }
        String::from_utf8(answer).unwrap()
    }

    fn tail(&self, arguments: &[&str]) -> String {
        let all = ["-q", "-o", "data", "-e", "message", "-e", "line", &self.url];
        let output = run("tail", &[&all, arguments].concat(), b"");
        assert_eq!((output.status, &*output.stderr), (Some(0), ""));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Closes the input and waits for the end: the exit code and the rest of the notes.
    fn finish(mut self) -> (Option<i32>, String) {
        drop(self.child.stdin.take());
        let mut notes = String::new();
        self.notes.read_to_string(&mut notes).unwrap();
        (self.child.wait().unwrap().code(), notes)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn lines_are_published_and_clients_come_back_to_their_place() {
    let mut server = Server::new(&["--last", "2"]);
    server.write("one\r\ntwo\nthree\n");
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("state");
    let arguments = ["--state", state.to_str().unwrap(), "-n", "2"];
    // It may be asked before the lines were read.
    while !server
        .ask("GET /events HTTP/1.1\r\nhost: a\r\n\r\n", "replay")
        .contains("\"new\"")
    {}
    let first = server.tail(&["-n", "1"]);
    assert!(["one\n", "two\n"].contains(&&*first), "{first}");
    assert_eq!(server.tail(&["-n", "2", "--idle", "5s"]).lines().count(), 2);

    // What is missed meanwhile is there on the next visit: nothing lost, nothing twice.
    let seen = server.tail(&arguments);
    let next = match &*seen {
        "two\nthree\n" => 4,
        "one\ntwo\n" => 3,
        seen => panic!("{seen:?}"),
    };
    server.write("four\nfive\n");
    let numbers = ["one", "two", "three", "four", "five"];
    assert_eq!(
        server.tail(&arguments),
        format!("{}\n{}\n", numbers[next - 1], numbers[next])
    );
    assert!(
        fs::read_to_string(&state)
            .unwrap()
            .contains("last_event_id")
    );
}

#[test]
fn every_client_gets_every_line() {
    let mut server = Server::new(&["-e", "line", "--exit"]);
    let url = server.url.clone();
    let clients: Vec<_> = (0..5)
        .map(|_| {
            let live = Live::spawn("tail", &["-q", "-o", "data", "--reconnect", "never", &url]);
            live.assert_next("{\"outcome\":\"new\"}");
            live
        })
        .collect();
    for number in 0..1_000 {
        server.write(&format!("line {number}\n"));
    }
    // The end of the input, by `--exit`, is the end of the streams: in good order, after all of it.
    let (status, notes) = server.finish();
    assert_eq!((status, &*notes), (Some(0), ""));
    for client in clients {
        for number in 0..1_000 {
            client.assert_next(&format!("line {number}"));
        }
        assert_eq!(client.next(), None);
    }
}

#[test]
fn json_lines_with_ids_of_their_own() {
    let mut server = Server::new(&["--json", "--max-line", "100", "--exit"]);
    let url = server.url.clone();
    let client = Live::spawn("tail", &["-q", "-o", "raw", "--reconnect", "never", &url]);
    let until = |text: &str| while client.next().unwrap() != text {};
    until("data: {\"outcome\":\"new\"}");
    server.write("{\"event\":\"add\",\"id\":\"a7\",\"data\":\"x\\ny\",\"retry\":5}\n");
    server.write("{\"data\":1}\n\n{\"comment\":\"no event\"}\n");
    server.write(&format!("{{\"data\":\"{}\"}}\n", "x".repeat(100)));
    server.write("{\"data\":\"z\",\"id\":\"\"}\n{\"data\":\"end\",\"id\":\"b\"}\n");
    until("event: add");
    for line in ["id: a7", "retry: 5", "data: x", "data: y"] {
        client.assert_next(line);
    }
    until("id: b");
    let (status, notes) = server.finish();
    let notes: Vec<_> = notes.lines().collect();
    assert!(
        notes[0].starts_with("sse: line 2: invalid type"),
        "{notes:?}"
    );
    assert_eq!(
        notes[1..],
        [
            "sse: line 5: longer than 100 bytes",
            "sse: line 6: the event has an empty ID"
        ]
    );
    assert_eq!(status, Some(2));
}

#[test]
fn what_else_it_answers() {
    let mut server = Server::new(&["--page"]);
    assert!(server.note().starts_with("sse: page:   http://127.0.0.1:"));
    let ask = |request: &str, until: &str| {
        server.ask(&format!("{request} HTTP/1.1\r\nhost: a\r\n\r\n"), until)
    };
    assert!(ask("GET /", "</html>").contains("text/html; charset=utf-8"));
    assert!(ask("GET /nothing", "there is /events").starts_with("HTTP/1.1 404 "));
    assert!(ask("POST /events", "\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert!(ask("POST /", "\r\n\r\n").starts_with("HTTP/1.1 405 "));
    assert!(ask("HEAD /events", "\r\n\r\n").contains("content-type: text/event-stream"));
    let unknown = server.ask(
        "GET /events HTTP/1.1\r\nhost: a\r\nlast-event-id: x\r\n\r\n",
        "data: ",
    );
    assert!(unknown.contains("{\"outcome\":\"unknown\"}"), "{unknown}");

    let server = Server::new(&[]);
    assert!(
        server
            .ask("GET / HTTP/1.1\r\nhost: a\r\n\r\n", "there is")
            .starts_with("HTTP/1.1 404 ")
    );
}

/// Nothing that clients or proxies may stumble over, by the command's own word.
#[test]
fn check_finds_nothing_wrong_with_it() {
    let mut server = Server::new(&["--cors", "*", "--heartbeat", "1s"]);
    let mut input = server.child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || {
        for number in 0..20 {
            // The check may be over.
            let _ = writeln!(input, "{number}");
            common::server::pause(100);
        }
        input
    });
    let output = run("check", &["--time", "5s", "-o", "json", &server.url], b"");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let bad: Vec<_> = findings
        .filter(|finding| finding["level"] != "ok")
        .collect();
    assert!(bad.is_empty(), "{bad:#?}");
    assert_eq!(output.status, Some(0));
    drop(writer.join().unwrap());
}

#[test]
fn no_more_connections_than_there_may_be() {
    let server = Server::new(&["--connections", "1"]);
    let client = Live::spawn("tail", &["-q", "-o", "data", &server.url]);
    client.assert_next("{\"outcome\":\"new\"}");
    let refused = server.ask("GET /events HTTP/1.1\r\nhost: a\r\n\r\n", "\r\n\r\n");
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    assert!(
        refused.to_lowercase().contains("retry-after: "),
        "{refused}"
    );
    let Live { mut child, .. } = client;
    child.kill().unwrap();
    child.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn it_stays_until_it_is_told_to_end() {
    use rustix::process::{Pid, Signal, kill_process};
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut server = Server::new(&["--retry", "2s"]);
        server.write("a\n");
        drop(server.child.stdin.take());
        let note = server.note();
        assert_eq!(
            note,
            "sse: the input has ended after 1 event; Ctrl-C ends the command"
        );
        let client = Live::spawn("tail", &["-o", "raw", "--reconnect", "never", &server.url]);
        while client.next().unwrap() != "data: a" {}
        kill_process(Pid::from_child(&server.child), signal).unwrap();
        // In good order, with a time to come back after.
        let rest: Vec<_> = std::iter::from_fn(|| client.next()).collect();
        let retry = rest
            .iter()
            .find_map(|line| line.strip_prefix("retry: "))
            .expect("a time");
        assert!((2_000..=6_000).contains(&retry.parse().unwrap()), "{retry}");
        assert_eq!(server.finish(), (Some(status), String::new()));
        assert_eq!(client.finish().0, Some(0));
    }
}

#[test]
fn an_address_in_use_is_named() {
    let server = Server::new(&[]);
    let address = server
        .url
        .strip_prefix("http://")
        .unwrap()
        .strip_suffix("/events")
        .unwrap();
    let output = run("serve", &[address], b"");
    let start = format!("sse: cannot listen on {address}: Address already in use");
    assert!(output.stderr.starts_with(&start), "{}", output.stderr);
    assert_eq!(output.status, Some(1));
    for arguments in [
        &["here"][..],
        &["1:2:3:x"],
        &["--json", "-e", "x"],
        &["--last", "-1"],
    ] {
        assert_eq!(run("serve", arguments, b"").status, Some(2));
    }
    let closed = command("serve")
        .arg("127.0.0.1:0")
        .arg("--exit")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(closed.status.code(), Some(0));
}
