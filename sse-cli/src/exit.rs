//! How the command ends.

use std::{fmt::Display, io, process::ExitCode};

/// The exit codes, as `--help` and the manual show them.
pub(crate) const CODES: &str = "\
Exit codes:
  0    ended as asked, or whoever was reading has seen enough
  1    gave up: an error of the system, too many failures, or something found wrong
  2    wrong use, or input that cannot be encoded
  3    the server refused; its answer is on stderr
  4    the answer is no event stream
  5    no connection could be made
  6    nothing came for too long
  130  interrupted by Ctrl-C; 143 by SIGTERM";

/// How a subcommand has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Done = 0,
    GaveUp = 1,
    Misused = 2,
    Refused = 3,
    NotAStream = 4,
    NeverConnected = 5,
    Idle = 6,
    Interrupted = 130,
    /// By SIGTERM, as shells number it.
    Terminated = 143,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        Self::from(ending as u8)
    }
}

/// An error that ends the command: what the command was doing, and what the system says to it.
#[derive(Debug)]
pub(crate) struct Failure {
    ending: Ending,
    message: String,
}

impl Failure {
    pub(crate) fn new(ending: Ending, message: impl Into<String>) -> Self {
        Self {
            ending,
            message: message.into(),
        }
    }

    /// What went wrong with standard input.
    pub(crate) fn reading(error: &io::Error) -> Self {
        Self::new(Ending::GaveUp, format!("cannot read the input: {error}"))
    }
}

/// What went wrong with standard output, where a reader that has gone is no error.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::new(Ending::Done, ""),
            _ => Self::new(Ending::GaveUp, format!("cannot write the output: {error}")),
        }
    }
}

/// Says it.
impl From<Failure> for Ending {
    fn from(failure: Failure) -> Self {
        if !failure.message.is_empty() {
            note(failure.message);
        }
        failure.ending
    }
}

/// A line on stderr. A stderr that is closed or full is no reason to end.
pub(crate) fn note(message: impl Display) {
    use io::Write as _;
    let _ = writeln!(anstream::stderr(), "sse: {message}");
}

/// `1 event`, `2 events`.
pub(crate) fn count(count: impl TryInto<u64>, what: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    match count {
        1 => format!("1 {what}"),
        _ => format!("{count} {what}s"),
    }
}
