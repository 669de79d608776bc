//! The real `serve` example, as a process that is watched from outside.

use std::{
    io,
    net::SocketAddr,
    path::Path,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
    time::{Instant, sleep, timeout},
};

use crate::process::{Process, ended_by};

pub struct Demo {
    pub address: SocketAddr,
    pub process: Process,
    child: Child,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Demo {
    /// Starts it on a port of its own, with room for so many files if the system's setting is not
    /// wanted.
    pub async fn start(program: &Path, files: Option<u32>) -> io::Result<Self> {
        let mut command = match files {
            None => Command::new(program),
            Some(files) => {
                let mut shell = Command::new("sh");
                let script = format!("ulimit -n {files}; exec \"$0\" \"$@\"");
                shell.args(["-c", &script]).arg(program);
                shell
            }
        };
        let mut child = command
            .arg("127.0.0.1:0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        tokio::spawn(collect(child.stdout.take(), Arc::clone(&lines)));
        tokio::spawn(collect(child.stderr.take(), Arc::clone(&lines)));
        let process = Process::new(child.id().ok_or(io::ErrorKind::NotFound)?);
        let mut demo = Self {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            process,
            child,
            lines,
        };
        let said = demo.wait_for(Duration::from_secs(10), |line| line.starts_with("page:"));
        let said = said.await.ok_or(io::ErrorKind::TimedOut)?;
        let address = said.split(['/', ' ']).find_map(|word| word.parse().ok());
        demo.address = address.ok_or(io::ErrorKind::InvalidData)?;
        Ok(demo)
    }

    /// What it has printed so far.
    pub fn lines(&self) -> Vec<String> {
        self.lines
            .lock()
            .map(|lines| lines.clone())
            .unwrap_or_default()
    }

    /// The first line of this kind, as soon as there is one.
    pub async fn wait_for(
        &self,
        longest: Duration,
        is_wanted: impl Fn(&str) -> bool,
    ) -> Option<String> {
        let end = Instant::now() + longest;
        loop {
            if let Some(line) = self.lines().into_iter().find(|line| is_wanted(line)) {
                return Some(line);
            }
            if Instant::now() > end {
                return None;
            }
            sleep(Duration::from_millis(20)).await;
        }
    }

    /// Why the streams of these peers ended, as it has printed, with the number of each; and how
    /// many it has said nothing of when the time is up.
    pub async fn reasons(&self, peers: &[SocketAddr], longest: Duration) -> Reasons {
        let end = Instant::now() + longest;
        loop {
            let lines = self.lines();
            let reasons = Reasons::of(&lines, peers);
            if reasons.silent == 0 || Instant::now() > end {
                return reasons;
            }
            sleep(Duration::from_millis(50)).await;
        }
    }

    /// Asks it to end as a terminal does, and says how long it took and with what status.
    pub async fn interrupt(mut self) -> Result<(Duration, Vec<String>), String> {
        let begin = Instant::now();
        self.process
            .interrupt()
            .map_err(|error| error.to_string())?;
        let status = timeout(Duration::from_secs(15), self.child.wait()).await;
        let status = status.map_err(|_| "does not end".to_owned())?;
        let status = status.map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("ended with {status}"));
        }
        Ok((begin.elapsed(), self.lines()))
    }
}

async fn collect(output: Option<impl AsyncRead + Unpin>, lines: Arc<Mutex<Vec<String>>>) {
    let Some(output) = output else { return };
    let mut output = BufReader::new(output).lines();
    while let Ok(Some(line)) = output.next_line().await {
        if let Ok(mut lines) = lines.lock() {
            lines.push(line);
        }
    }
}

#[derive(Debug, Default)]
pub struct Reasons {
    /// Reason, how many, and the most bytes one of them was sent.
    pub counts: Vec<(String, usize, u64)>,
    /// Of whom it has said nothing.
    pub silent: usize,
}

impl Reasons {
    fn of(lines: &[String], peers: &[SocketAddr]) -> Self {
        let mut reasons = Self::default();
        let ended: std::collections::HashMap<_, _> =
            lines.iter().filter_map(|line| ended_by(line)).collect();
        for peer in peers {
            let Some((reason, bytes)) = ended.get(peer) else {
                reasons.silent += 1;
                continue;
            };
            match reasons
                .counts
                .iter_mut()
                .find(|(known, ..)| known == reason)
            {
                Some((_, count, most)) => {
                    *count += 1;
                    *most = (*most).max(*bytes);
                }
                None => reasons.counts.push(((*reason).to_owned(), 1, *bytes)),
            }
        }
        reasons
    }

    /// That all of them ended for this reason.
    pub fn all(&self, reason: &str) -> Result<usize, String> {
        match self.counts.as_slice() {
            [(only, count, _)] if only == reason && self.silent == 0 => Ok(*count),
            _ => Err(format!("{self:?} instead of {reason:?}")),
        }
    }
}
