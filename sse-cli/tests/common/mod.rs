//! Running the command.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

pub mod server;

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdout, Command, Stdio},
    sync::mpsc,
    thread,
    time::Duration,
};

pub fn command(subcommand: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sse"));
    command
        .arg(subcommand)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

pub struct Output {
    pub stdout: Vec<u8>,
    pub stderr: String,
    pub status: Option<i32>,
}

/// Writes all of the input, then reads all of the output.
pub fn run(subcommand: &str, arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(subcommand).args(arguments).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    thread::scope(|scope| {
        // One that reads its arguments only may be gone before its input is.
        scope.spawn(move || stdin.write_all(input));
        let output = child.wait_with_output().unwrap();
        Output {
            stdout: output.stdout,
            stderr: String::from_utf8(output.stderr).unwrap(),
            status: output.status.code(),
        }
    })
}

/// The lines of a program's output as they come.
pub struct Live {
    pub child: Child,
    lines: mpsc::Receiver<String>,
}

impl Live {
    pub fn spawn(subcommand: &str, arguments: &[&str]) -> Self {
        Self::of(command(subcommand).args(arguments))
    }

    pub fn of(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let stdout: BufReader<ChildStdout> = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in stdout.lines() {
                let _ = sender.send(line.unwrap());
            }
        });
        Self { child, lines }
    }

    pub fn write(&mut self, bytes: &[u8]) {
        self.child.stdin.as_mut().unwrap().write_all(bytes).unwrap();
    }

    /// The next line; no line in a minute is none.
    pub fn next(&self) -> Option<String> {
        self.lines.recv_timeout(Duration::from_secs(60)).ok()
    }

    #[track_caller]
    pub fn assert_next(&self, line: &str) {
        assert_eq!(self.next().as_deref(), Some(line));
    }

    /// Closes the input and waits for the end: the exit code and what stderr had.
    pub fn finish(mut self) -> (Option<i32>, String) {
        drop(self.child.stdin.take());
        let mut stderr = String::new();
        let mut errors = self.child.stderr.take().unwrap();
        errors.read_to_string(&mut stderr).unwrap();
        (self.child.wait().unwrap().code(), stderr)
    }
}

/// The most memory it has had so far, in bytes.
#[cfg(target_os = "linux")]
pub fn peak_memory(child: &Child) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kilobytes = line.split_ascii_whitespace().nth(1).unwrap();
    kilobytes.parse::<usize>().unwrap() * 1024
}
