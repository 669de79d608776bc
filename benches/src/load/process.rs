//! A server in a process of its own.

use std::{
    env,
    io::{self, BufRead, BufReader, Error, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use super::{PATIENCE, server::Kind};

/// The process; ends when this is dropped.
#[derive(Debug)]
pub struct Server {
    kind: Kind,
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

/// What a server holds.
#[derive(Clone, Copy, Debug, serde::Serialize)]
pub struct Memory {
    /// Resident bytes of the process.
    pub resident: u64,
    /// Live bytes of its heap.
    pub heap: u64,
}

impl Server {
    /// Starts this program as a server.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(kind: Kind, heartbeat: Duration) -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args(["server", kind.name(), &heartbeat.as_millis().to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipe = || Error::other("no pipe");
        let mut server = Self {
            kind,
            commands: Some(child.stdin.take().ok_or_else(pipe)?),
            answers: BufReader::new(child.stdout.take().ok_or_else(pipe)?),
            child,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
        };
        let port = server.answer()?.parse().map_err(Error::other)?;
        server.address.set_port(port);
        Ok(server)
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// What it holds now.
    ///
    /// # Errors
    /// When it has ended.
    pub fn memory(&mut self) -> io::Result<Memory> {
        let answer = self.ask("memory")?;
        let (resident, heap) = answer
            .split_once(' ')
            .ok_or_else(|| Error::other(answer.clone()))?;
        Ok(Memory {
            resident: resident.parse::<u64>().map_err(Error::other)? * 1024,
            heap: heap.parse().map_err(Error::other)?,
        })
    }

    /// The processor time it has used, its kernel's part included.
    ///
    /// # Errors
    /// When it has ended.
    pub fn processor(&mut self) -> io::Result<Duration> {
        let answer = self.ask("processor")?;
        Ok(Duration::from_nanos(answer.parse().map_err(Error::other)?))
    }

    /// Waits until it has so many connections.
    ///
    /// # Errors
    /// When it has ended, or does not come to have them.
    pub fn wait_connections(&mut self, count: usize) -> io::Result<()> {
        let start = Instant::now();
        loop {
            let answer = self.ask("connections")?;
            if answer == count.to_string() {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                return Err(Error::other(format!("{answer} connections, not {count}")));
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Has it send so many events to everybody, and says how long the publisher took.
    ///
    /// # Errors
    /// When it has ended.
    pub fn publish(&mut self, count: usize) -> io::Result<Duration> {
        let answer = self.ask(&format!("publish {count}"))?;
        Ok(Duration::from_nanos(answer.parse().map_err(Error::other)?))
    }

    /// The ID before the first event of its hub.
    ///
    /// # Errors
    /// When it has ended.
    pub fn place(&mut self) -> io::Result<String> {
        self.ask("place")
    }

    fn ask(&mut self, command: &str) -> io::Result<String> {
        let mut commands = self.commands.as_ref().ok_or(io::ErrorKind::BrokenPipe)?;
        writeln!(commands, "{command}")?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(Error::other(format!(
                "the server {} ended",
                self.kind.name()
            )));
        }
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It ends with its input.
        self.commands = None;
        let _ = self.child.wait();
    }
}
