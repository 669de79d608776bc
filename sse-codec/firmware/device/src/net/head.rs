//! The head of an HTTP/1.1 message, as much of it as an event stream needs.

use heapless::Vec;

/// The longest head that is read.
const ROOM: usize = 256;

/// A head as it comes in.
pub struct Head(Vec<u8, ROOM>);

impl Head {
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes of `bytes` what belongs to the head, and returns how much that is; whether the head is
    /// complete.
    pub fn read(&mut self, bytes: &[u8]) -> (usize, bool) {
        for (taken, byte) in (1..).zip(bytes) {
            self.0.push(*byte).expect("a head that fits");
            if self.0.ends_with(b"\r\n\r\n") {
                return (taken, true);
            }
        }
        (bytes.len(), false)
    }

    /// The first line.
    pub fn start_line(&self) -> &[u8] {
        self.lines().next().unwrap_or_default()
    }

    /// The value of a header, without the spaces around it.
    pub fn header(&self, name: &str) -> Option<&[u8]> {
        self.lines().skip(1).find_map(|line| {
            let (line_name, value) = line.split_at_checked(name.len())?;
            let value = value.strip_prefix(b":")?;
            line_name
                .eq_ignore_ascii_case(name.as_bytes())
                .then_some(value.trim_ascii())
        })
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> {
        self.0
            .split(|byte| *byte == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
    }
}
