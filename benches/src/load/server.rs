//! The servers, as a process that is told what to do.

use std::{
    fs,
    io::{self, BufRead, Error, Write},
    process,
    str::FromStr,
    sync::Arc,
    thread,
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use tokio::{net::TcpListener, runtime};

use super::handler::{News, listen};

/// How long a server lives at most, whatever becomes of who started it.
const LONGEST_LIFE: Duration = Duration::from_secs(900);
pub(super) const WORKERS: usize = 2;

/// What serves the connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A bare tokio task a connection: everything the shared source has, in one vectored write.
    /// No heartbeat, no deadline, and nobody watches the reading half.
    Floor,
    /// `serve` with a shared source.
    Serve,
    /// `serve` with a `channel(16)` for each connection.
    ServeChannel,
    /// `EventBody` with a shared source, in axum.
    Body,
    /// axum's `Sse` with a shared source.
    AxumSse,
    /// axum, with a body of the bytes of a shared source, encoded once. No heartbeat.
    AxumBytes,
    /// The syscall floor: one `write` of the same chunk a socket, on as many threads as the servers
    /// have. Nothing is awaited, nobody watches.
    Syscall,
    /// `serve` with a subscription of a `Hub`.
    Hub,
    /// `EventBody` with a subscription of a `Hub`, in axum.
    HubBody,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Syscall,
        Self::Floor,
        Self::Serve,
        Self::ServeChannel,
        Self::Body,
        Self::AxumSse,
        Self::AxumBytes,
        Self::Hub,
        Self::HubBody,
    ];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Floor => "floor",
            Self::Serve => "serve",
            Self::ServeChannel => "serve-channel",
            Self::Body => "body",
            Self::AxumSse => "axum-sse",
            Self::AxumBytes => "axum-bytes",
            Self::Syscall => "syscall",
            Self::Hub => "hub",
            Self::HubBody => "hub-body",
        }
    }

    /// What it is called in a table.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Floor => "bare tokio, vectored (floor)",
            Self::Serve => "`serve`, shared source",
            Self::ServeChannel => "`serve`, own `channel(16)`",
            Self::Body => "`EventBody` in axum, shared source",
            Self::AxumSse => "axum `Sse`, shared source",
            Self::AxumBytes => "axum, body of shared bytes",
            Self::Syscall => "one `write` a socket (floor)",
            Self::Hub => "`serve`, `Hub`",
            Self::HubBody => "`EventBody` in axum, `Hub`",
        }
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let named = Self::ALL.into_iter().find(|kind| kind.name() == name);
        named.ok_or_else(|| format!("there is no server {name}"))
    }
}

/// A server of this kind until standard input ends. Prints its port, then answers commands:
///
/// | command | answer |
/// |---|---|
/// | `memory` | resident KiB, live bytes of the heap |
/// | `connections` | how many are open |
/// | `processor` | nanoseconds of processor time |
/// | `publish N` | nanoseconds that N calls took, each with one event for the sources |
/// | `place` | the ID before the first event of the hub |
///
/// # Errors
/// When there is no port to listen on, or standard output is closed.
pub fn run(kind: Kind, heartbeat: Duration) -> io::Result<()> {
    thread::spawn(|| {
        thread::sleep(LONGEST_LIFE);
        process::exit(1);
    });
    let runtime = runtime::Builder::new_multi_thread()
        .worker_threads(WORKERS)
        .enable_all()
        .build()?;
    let news = Arc::new(News::new(heartbeat));
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    println!("{}", listener.local_addr()?.port());
    runtime.spawn(listen(kind, listener, Arc::clone(&news)));
    for line in io::stdin().lock().lines() {
        let line = line?;
        let answer = match line.split_once(' ') {
            None if line == "memory" => format!("{} {}", resident()?, heap()),
            None if line == "connections" => news.connections().to_string(),
            None if line == "place" => news.place(),
            None if line == "processor" => processor_time()?.as_nanos().to_string(),
            Some(("publish", count)) => {
                let count = count.parse().map_err(Error::other)?;
                // By a task of the runtime, as a server does it.
                let news = Arc::clone(&news);
                let publishing = runtime.spawn(async move { news.publish(kind, count).await });
                let taken = runtime.block_on(publishing)?;
                taken.as_nanos().to_string()
            }
            _ => format!("unknown command {line}"),
        };
        println!("{answer}");
        io::stdout().flush()?;
    }
    process::exit(0)
}

/// What the process holds, in KiB.
///
/// # Errors
/// When the system does not say.
pub fn resident() -> io::Result<u64> {
    // Unlike `statm`, exact.
    let usage = fs::read_to_string("/proc/self/smaps_rollup")?;
    usage
        .lines()
        .find_map(|line| {
            line.strip_prefix("Rss:")?
                .strip_suffix("kB")?
                .trim()
                .parse()
                .ok()
        })
        .ok_or_else(|| Error::other("no Rss in smaps_rollup"))
}

/// Live bytes of the heap, the allocator's own included.
fn heap() -> usize {
    // SAFETY: it takes nothing and reads the allocator's counters under their locks.
    let info = unsafe { libc::mallinfo2() };
    info.uordblks + info.hblkhd
}

fn processor_time() -> io::Result<Duration> {
    Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).map_err(Error::other)
}
