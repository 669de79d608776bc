//! What the system knows of a process, and what the example prints of a connection.

use std::{fs, io, net::SocketAddr, process::Command};

#[derive(Clone, Copy, Debug)]
pub struct Process(u32);

impl Process {
    pub const fn new(id: u32) -> Self {
        Self(id)
    }

    pub fn this() -> Self {
        Self(std::process::id())
    }

    /// Memory in use, in KiB.
    pub fn memory(self) -> io::Result<u64> {
        self.status("VmRSS:")
    }

    /// The most memory that was in use since the last `forget_peak`, in KiB.
    pub fn peak(self) -> io::Result<u64> {
        self.status("VmHWM:")
    }

    pub fn forget_peak(self) -> io::Result<()> {
        fs::write(format!("/proc/{}/clear_refs", self.0), "5")
    }

    pub fn open_files(self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.0))?.count())
    }

    /// Time on a processor, in ms, counted in steps of 10.
    pub fn busy(self) -> io::Result<u64> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0))?;
        // The name of the program, which may contain anything, ends at the last parenthesis.
        let fields = stat
            .rsplit(')')
            .next()
            .unwrap_or_default()
            .split_whitespace();
        let times: Vec<u64> = fields
            .skip(11)
            .take(2)
            .filter_map(|time| time.parse().ok())
            .collect();
        Ok(times.iter().sum::<u64>() * 10)
    }

    pub fn interrupt(self) -> io::Result<()> {
        let status = Command::new("kill")
            .args(["-INT", &self.0.to_string()])
            .status()?;
        if status.success() {
            Ok(())
        } else {
            Err(io::Error::other("kill has failed"))
        }
    }

    fn status(self, name: &str) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::ErrorKind::InvalidData.into())
    }
}

/// `connection 7 from 127.0.0.1:5000: the reason; 3 events, 0 heartbeats, 17 bytes, 0.1 s`:
/// the address, the reason and the number of bytes.
pub fn ended_by(line: &str) -> Option<(SocketAddr, (&str, u64))> {
    let rest = line.strip_prefix("connection ")?;
    let (_, rest) = rest.split_once(" from ")?;
    let (address, rest) = rest.split_once(": ")?;
    let (reason, counts) = rest.split_once("; ")?;
    let bytes = counts
        .split(", ")
        .find_map(|count| count.strip_suffix(" bytes"))?;
    Some((address.parse().ok()?, (reason, bytes.parse().ok()?)))
}
