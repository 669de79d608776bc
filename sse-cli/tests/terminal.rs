//! The command's face on a terminal: a pseudo one, of 80 columns.
#![cfg(unix)]

mod common;

use std::{
    io::{Read, Write},
    process::Child,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use common::server::{Server, head, pause, write};
use pty_process::{
    Size,
    blocking::{Command, Pty, open},
};

struct Terminal {
    pty: Pty,
    child: Child,
    output: mpsc::Receiver<Vec<u8>>,
    /// All that was shown so far.
    shown: String,
}

impl Terminal {
    fn run(arguments: &[&str]) -> Self {
        let (pty, pts) = open().unwrap();
        pty.resize(Size::new(24, 80)).unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_sse"))
            .args(arguments)
            .env("TERM", "xterm-256color")
            .env("LANG", "C.UTF-8")
            .env_remove("NO_COLOR");
        let child = child.spawn(pts).unwrap();
        // The terminal reads for as long as somebody has it open.
        let mut reader = std::fs::File::from(rustix::io::dup(&pty).unwrap());
        let (sender, output) = mpsc::channel();
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(len @ 1..) = reader.read(&mut buffer) {
                let _ = sender.send(buffer[..len].to_vec());
            }
        });
        let shown = String::new();
        Self {
            pty,
            child,
            output,
            shown,
        }
    }

    /// Waits until all of these have been shown.
    #[track_caller]
    fn await_all(&mut self, texts: &[&str]) {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !texts.iter().all(|text| self.shown.contains(text)) {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.shown += &String::from_utf8_lossy(&bytes),
                Err(_) => panic!("{texts:?} not shown: {:?}", self.shown),
            }
        }
    }

    fn finish(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap().code();
        drop(self.pty);
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_secs(1)) {
            self.shown += &String::from_utf8_lossy(&bytes);
        }
        (status, self.shown)
    }
}

const CTRL_C: &[u8] = b"\x03";
const CTRL_D: &[u8] = b"\x04";

#[test]
fn tail_on_a_terminal() {
    let server = Server::new(|_, connection| {
        write(
            connection,
            head("") + "event: add\nid: 7\ndata: a\x1b]0;title\x07b\n\n",
        );
        pause(60_000);
    });
    let mut terminal = Terminal::run(&["tail", &server.url("/")]);
    // The event in color, and below it one line that says how things stand.
    let state = format!(
        "connected to {}: HTTP/1.1 200 OK  1 event  ",
        server.url("/")
    );
    terminal.await_all(&[
        "\x1b[1m\x1b[36madd\x1b[0m",
        "#7",
        "a\\x1b]0;title\\x07b",
        &state,
        "/s  #7",
    ]);
    assert!(!terminal.shown.contains("sse: "), "{:?}", terminal.shown);
    assert!(
        !terminal.shown.contains("\x1b]0;title"),
        "{:?}",
        terminal.shown
    );
    terminal.pty.write_all(CTRL_C).unwrap();
    let (status, shown) = terminal.finish();
    assert_eq!(status, Some(130));
    // The line is gone at the end.
    assert!(
        shown.ends_with("\r\x1b[2K") || shown.contains("\x1b[2K"),
        "{shown:?}"
    );
}

#[test]
fn tokens_are_not_erased_by_a_line_below_them() {
    let server = Server::new(|_, connection| {
        write(connection, head(""));
        for token in ["Hel", "lo ", "you"] {
            write(connection, format!("data: [\"{token}\"]\n\n"));
            pause(300);
        }
        write(connection, "data: [DONE]\n\n");
        pause(60_000);
    });
    let terminal = Terminal::run(&["tail", "-r", "/0", "--until", "[DONE]", &server.url("/")]);
    let (status, shown) = terminal.finish();
    assert_eq!(status, Some(0));
    assert!(shown.ends_with("200 OK\r\nHello you\r\n"), "{shown:?}");
}

#[test]
fn without_color() {
    let server = Server::new(|_, connection| {
        write(connection, head("") + "data: a\n\n");
        pause(60_000);
    });
    let terminal = Terminal::run(&[
        "tail",
        "-q",
        "--color",
        "never",
        "-n",
        "1",
        &server.url("/"),
    ]);
    let (status, shown) = terminal.finish();
    assert_eq!(status, Some(0));
    assert!(shown.trim_end().ends_with(" message a"), "{shown:?}");
    assert!(!shown.contains('\x1b'), "{shown:?}");
}

#[test]
fn check_on_a_terminal_shows_that_it_looks() {
    let server = Server::new(|request, connection| {
        write(connection, head(""));
        if request.method == "GET" {
            write(connection, "data: a\n\n");
            pause(60_000);
        }
    });
    let mut terminal = Terminal::run(&["check", "--time", "2s", &server.url("/")]);
    terminal.await_all(&["of 2 s: 200 OK, 1 event, 0 comments"]);
    terminal.await_all(&["\x1b[32mok   \x1b[0m status"]);
    let (status, shown) = terminal.finish();
    assert_eq!(status, Some(0), "{shown}");
}

#[test]
fn filters_say_that_they_wait() {
    for (subcommand, what) in [("decode", "an event stream"), ("encode", "JSON Lines")] {
        let mut terminal = Terminal::run(&[subcommand]);
        let note =
            format!("sse: reading {what} from the terminal; Ctrl-D at the start of a line ends it");
        terminal.await_all(&[&note]);
        terminal.pty.write_all(CTRL_D).unwrap();
        assert_eq!(terminal.finish().0, Some(0));
    }
}
