//! The chunks that a body by HTTP/1.1 came in (RFC 9112 §7.1), read from the connection's bytes.

/// Where in the body each chunk ended, in the order they came.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Chunks {
    pub(super) ends: Vec<usize>,
    /// The last chunk, of no bytes, came.
    pub(super) is_over: bool,
}

impl Chunks {
    /// `None` when the bytes are no response in chunks.
    pub(super) fn of(raw: &[u8]) -> Option<Self> {
        let mut at = head_len(raw)?;
        let mut chunks = Self::default();
        let mut end = 0;
        while let Ok(httparse::Status::Complete((line, size))) =
            httparse::parse_chunk_size(&raw[at..])
        {
            let size = usize::try_from(size).ok()?;
            if size == 0 {
                chunks.is_over = true;
                break;
            }
            end += size;
            at = at.checked_add(line)?.checked_add(size)?.checked_add(2)?;
            if at > raw.len() {
                break;
            }
            chunks.ends.push(end);
        }
        Some(chunks)
    }

    pub(super) fn largest(&self) -> usize {
        let starts = std::iter::once(&0).chain(&self.ends);
        let sizes = self.ends.iter().zip(starts).map(|(end, start)| end - start);
        sizes.max().unwrap_or(0)
    }
}

/// The length of the head, with those of interim responses before it (RFC 9110 §15.2).
fn head_len(raw: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 128];
        let mut response = httparse::Response::new(&mut headers);
        let Ok(httparse::Status::Complete(len)) = response.parse(&raw[at..]) else {
            return None;
        };
        at += len;
        if response.code.is_some_and(|code| code >= 200) {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_of_chunks() {
        let raw = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\
            4\r\nabcd\r\n2;x=y\r\nef\r\n0\r\n\r\n";
        let chunks = Chunks::of(raw).unwrap();
        assert_eq!((&chunks.ends[..], chunks.is_over), (&[4, 6][..], true));
        assert_eq!(chunks.largest(), 4);
        // Cut anywhere: only what has ended counts.
        for len in 0..raw.len() {
            let ends = Chunks::of(&raw[..len]).map(|chunks| chunks.ends.len());
            assert!(ends.is_none_or(|ends| ends <= 2));
        }
        assert_eq!(Chunks::of(b"no response"), None);
    }
}
