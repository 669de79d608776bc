use sse_codec::{Chunk, Event, Parser, Step};
use sse_codec_tokio::EncodedFrame;

pub const HEARTBEAT: &[u8] = b":\n\n";

/// An event that says which one it is, in about this many bytes and more than one line.
pub fn numbered(number: usize, len: usize) -> String {
    format!("{number}\n{}", "x".repeat(len))
}

pub fn encoded(data: &str) -> EncodedFrame {
    EncodedFrame::event(Event::text(data)).unwrap()
}

pub fn bytes(data: &str) -> Vec<u8> {
    encoded(data).as_bytes().to_vec()
}

/// The data of the events that a client makes of a stream.
pub fn events(stream: &[u8]) -> Vec<String> {
    let mut parser = Parser::growable(1 << 24);
    let mut chunk = Chunk::new(stream);
    let mut events = Vec::new();
    while let Some(event) = parser.next_event(&mut chunk).unwrap() {
        events.push(event.data_str().unwrap().to_owned());
    }
    events
}

/// How many comments a client makes of a stream.
pub fn comments(stream: &[u8]) -> usize {
    let mut parser = Parser::growable(1 << 24);
    let mut chunk = Chunk::new(stream);
    let mut comments = 0;
    while let Some(step) = parser.step(&mut chunk).unwrap() {
        comments += usize::from(matches!(step, Step::Comment(piece) if piece.ends()));
    }
    comments
}

/// The body behind a response head.
pub fn body(stream: &[u8]) -> &[u8] {
    let head = stream.windows(4).position(|end| end == b"\r\n\r\n");
    &stream[head.expect("a head") + 4..]
}

/// Which of `frames` a stream consists of, in order and with heartbeats between them. What is left
/// at the end must be the beginning of a frame.
pub fn dissect(mut stream: &[u8], frames: &[Vec<u8>]) -> Vec<usize> {
    let mut found = Vec::new();
    let mut next = 0;
    while !stream.is_empty() {
        if let Some(rest) = stream.strip_prefix(HEARTBEAT) {
            stream = rest;
        } else if let Some((at, rest)) = (next..frames.len())
            .find_map(|at| Some((at, stream.strip_prefix(frames[at].as_slice())?)))
        {
            found.push(at);
            next = at + 1;
            stream = rest;
        } else {
            let is_cut = HEARTBEAT.starts_with(stream)
                || frames[next..].iter().any(|frame| frame.starts_with(stream));
            let text = String::from_utf8_lossy(stream);
            assert!(is_cut, "not a frame after {found:?}: {text:?}");
            break;
        }
    }
    found
}
