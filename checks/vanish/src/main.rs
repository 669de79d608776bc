//! How soon a server notices a peer that vanishes without FIN or RST.
//!
//! Server and clients share a network namespace. All streams are opened, every client gets
//! something, `lo` goes down, and each server says when it noticed and why. To be started by
//! `run.sh`, which makes the namespace.

mod stream;

use std::{
    env, fs,
    io::{self, Error},
    process::{Command, ExitCode},
    time::Duration,
};

use sse_codec_tokio::Reason;
use stream::{Ended, Kind, Stream};
use tokio::time::{Instant, sleep, sleep_until};

/// The interval of the heartbeats.
const HEARTBEAT: Duration = Duration::from_secs(1);
/// `TCP_USER_TIMEOUT`.
const USER_TIMEOUT: Duration = Duration::from_secs(2);
const WRITE_DEADLINE: Duration = Duration::from_secs(4);
/// For a machine that is busy, and for the kernel, which looks at the time when it sends again.
const SLACK: Duration = Duration::from_secs(1);
/// How long somebody who is not expected to notice is given to do so.
const LONG: Duration = Duration::from_secs(8);

struct Case {
    name: &'static str,
    kind: Kind,
    user_timeout: bool,
    write_deadline: bool,
    expected: Expected,
}

enum Expected {
    /// The kernel's error, between these times.
    Error(Duration, Duration),
    /// The write deadline, between these times.
    WriteDeadline(Duration, Duration),
    /// The connection is dropped by hyper, which does not say why, between these times.
    Dropped(Duration, Duration),
    Nothing,
}

const CASES: [Case; 6] = [
    Case {
        name: "events, TCP_USER_TIMEOUT",
        kind: Kind::Events,
        user_timeout: true,
        write_deadline: false,
        expected: Expected::Error(half(USER_TIMEOUT), plus(USER_TIMEOUT, HEARTBEAT)),
    },
    Case {
        name: "heartbeats only, TCP_USER_TIMEOUT",
        kind: Kind::Silence,
        user_timeout: true,
        write_deadline: true,
        expected: Expected::Error(half(USER_TIMEOUT), plus(USER_TIMEOUT, HEARTBEAT)),
    },
    Case {
        name: "events in an `EventBody`, TCP_USER_TIMEOUT",
        kind: Kind::Body,
        user_timeout: true,
        write_deadline: true,
        expected: Expected::Dropped(half(USER_TIMEOUT), plus(USER_TIMEOUT, HEARTBEAT)),
    },
    Case {
        name: "events, write deadline",
        kind: Kind::Events,
        user_timeout: false,
        write_deadline: true,
        expected: Expected::WriteDeadline(WRITE_DEADLINE, plus(WRITE_DEADLINE, HEARTBEAT)),
    },
    // That the peer has vanished indeed, and that what is measured above is what was set.
    Case {
        name: "events, neither",
        kind: Kind::Events,
        user_timeout: false,
        write_deadline: false,
        expected: Expected::Nothing,
    },
    // The kernel takes so few bytes for a long time.
    Case {
        name: "heartbeats only, write deadline",
        kind: Kind::Silence,
        user_timeout: false,
        write_deadline: true,
        expected: Expected::Nothing,
    },
];

fn main() -> ExitCode {
    match run() {
        Ok((passed, failed)) => {
            println!("{passed} passed, {failed} failed");
            ExitCode::from(u8::from(failed > 0))
        }
        Err(error) => {
            eprintln!("vanish: {error}");
            println!("0 passed, {} failed", CASES.len());
            ExitCode::FAILURE
        }
    }
}

#[tokio::main(worker_threads = 2)]
async fn run() -> io::Result<(usize, usize)> {
    check_namespace()?;
    set_lo("up")?;
    let mut streams = Vec::new();
    for case in &CASES {
        streams.push(Stream::open(case).await?);
    }
    // Mid-stream, and the idle ones between two heartbeats.
    sleep(HEARTBEAT * 5 / 2).await;
    for (case, stream) in CASES.iter().zip(&streams) {
        if !stream.is_alive() {
            return Err(Error::other(format!("{}: nothing has come", case.name)));
        }
    }

    set_lo("down")?;
    let vanished = Instant::now();
    let mut passed = 0;
    for (case, stream) in CASES.iter().zip(&mut streams) {
        let ended = tokio::select! {
            ended = stream.ended() => Some(ended?),
            () = sleep_until(vanished + LONG) => None,
        };
        let found = ended.map(|Ended { at, reason }| (at.duration_since(vanished), reason));
        let verdict = if case.expected.is(found) {
            passed += 1;
            "ok"
        } else {
            "FAILED"
        };
        let found = found.map_or("not noticed".to_owned(), |(after, reason)| {
            format!("after {:.2} s: {reason}", after.as_secs_f32())
        });
        println!(
            "{:<44} {found:<44} {} {verdict}",
            case.name,
            case.expected.text()
        );
    }
    Ok((passed, CASES.len() - passed))
}

impl Expected {
    fn is(&self, found: Option<(Duration, Reason)>) -> bool {
        let within = |after, from, to| from <= after && after <= plus(to, SLACK);
        match (self, found) {
            (Self::Error(from, to), Some((after, Reason::Io(_))))
            | (Self::WriteDeadline(from, to), Some((after, Reason::WriteDeadline)))
            | (Self::Dropped(from, to), Some((after, Reason::PeerClosed))) => {
                within(after, *from, *to)
            }
            (Self::Nothing, None) => true,
            _ => false,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Error(from, to) | Self::WriteDeadline(from, to) | Self::Dropped(from, to) => {
                let (from, to) = (from.as_secs_f32(), to.as_secs_f32());
                format!("({from:.0} to {to:.0} s + {:.0})", SLACK.as_secs_f32())
            }
            Self::Nothing => format!("(not within {:.0} s)", LONG.as_secs_f32()),
        }
    }
}

/// Taking `lo` down is for a namespace of our own only.
fn check_namespace() -> io::Result<()> {
    let outer = env::var_os("OUTER_NETWORK")
        .ok_or_else(|| Error::other("not started by run.sh: OUTER_NETWORK is not set"))?;
    if fs::read_link("/proc/self/ns/net")?.as_os_str() == outer {
        return Err(Error::other("this is the network of the machine"));
    }
    Ok(())
}

fn set_lo(state: &str) -> io::Result<()> {
    let status = Command::new("ip")
        .args(["link", "set", "lo", state])
        .status()?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::other(format!("ip link set lo {state}: {status}")))
    }
}

const fn plus(one: Duration, other: Duration) -> Duration {
    one.saturating_add(other)
}

/// The user timeout runs from the last byte that was acknowledged, which may lie a little before.
const fn half(whole: Duration) -> Duration {
    Duration::from_millis(whole.as_millis() as u64 / 2)
}
