//! Decodes an event stream to JSON Lines: a line for each thing in it, as soon as it has arrived.
//!
//! ```text
//! $ cargo build --release -p sse-codec --features alloc --examples
//! $ curl -sN http://127.0.0.1:8080/events | target/release/examples/decode
//! {"retry":3000}
//! {"event":"reading","data":"21.5","id":"1","at":45}
//! {"comment":" still here"}
//! {"error":"event larger than the limit of 1048576 bytes","at":1048642}
//! {"end":{"last_event_id":"1","retry":3000}}
//! ```
//!
//! `at` is the number of bytes of the stream that had to arrive for the line to be certain; `id` is
//! the last event ID, be it the event's own or inherited. Bytes that are not UTF-8 become U+FFFD.

use std::{
    io::{self, BufWriter, ErrorKind, Read, StdoutLock, Write},
    num::NonZero,
    process::ExitCode,
};

use lexopt::{
    Arg::{Long, Short},
    ValueExt,
};
use serde_json::{Value, json};
use sse_codec::{Chunk, DEFAULT_EVENT_TYPE, Growable, Parser, Piece, Step, lossy};

const USAGE: &str = "\
Usage: decode [OPTIONS] < event-stream > json-lines

  --last-event-id ID  the ID that earlier streams have left
  --limit BYTES       the most that an event may hold; comments are cut there [default: 1048576]
  --chunk N           cut the input after every N bytes
  --cuts A,B,...      cut the input at these positions
  -h, --help          show this

How the input is cut makes no difference to the output.
";

fn main() -> ExitCode {
    let (mut decoder, cuts) = match arguments(lexopt::Parser::from_env()) {
        Ok(Some(arguments)) => arguments,
        Ok(None) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprint!("decode: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    match decoder.run(io::stdin().lock(), &cuts) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("decode: {error}");
            ExitCode::FAILURE
        }
        // Or whoever was reading has seen enough.
        _ => ExitCode::SUCCESS,
    }
}

/// `None` when help is asked for.
fn arguments(mut arguments: lexopt::Parser) -> Result<Option<(Decoder, Cuts)>, lexopt::Error> {
    let (mut limit, mut last_event_id) = (1 << 20, Vec::new());
    let mut cuts = Cuts {
        every: NonZero::<u64>::MAX,
        at: Vec::new(),
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("chunk") => cuts.every = arguments.value()?.parse()?,
            Long("cuts") => {
                let list = |list: &str| list.split(',').map(str::parse).collect::<Result<_, _>>();
                cuts.at = arguments.value()?.parse_with(list)?;
                cuts.at.sort_unstable();
            }
            Long("last-event-id") => last_event_id = arguments.value()?.into_encoded_bytes(),
            Long("limit") => limit = arguments.value()?.parse()?,
            Short('h') | Long("help") => return Ok(None),
            _ => return Err(argument.unexpected()),
        }
    }
    let mut decoder = Decoder {
        parser: Parser::growable(limit),
        position: 0,
        comment: Vec::new(),
        is_cut: false,
        output: BufWriter::new(io::stdout().lock()),
    };
    match decoder.parser.set_last_event_id(&last_event_id) {
        Ok(()) => Ok(Some((decoder, cuts))),
        Err(error) => Err(format!("invalid value for --last-event-id: {error}").into()),
    }
}

/// Where to cut the stream, beyond where reading it does.
struct Cuts {
    every: NonZero<u64>,
    /// In order.
    at: Vec<u64>,
}

impl Cuts {
    /// The first cut after this position.
    fn after(&self, position: u64) -> u64 {
        let regular = (position / self.every + 1).saturating_mul(self.every.get());
        let next = self.at.partition_point(|cut| *cut <= position);
        self.at.get(next).map_or(regular, |cut| regular.min(*cut))
    }
}

struct Decoder {
    parser: Parser<Growable>,
    /// How much of the stream the parser has seen.
    position: u64,
    /// The comment that is being read, and whether it is longer than the limit.
    comment: Vec<u8>,
    is_cut: bool,
    output: BufWriter<StdoutLock<'static>>,
}

impl Decoder {
    fn run(&mut self, mut input: impl Read, cuts: &Cuts) -> io::Result<()> {
        let mut buffer = vec![0; 1 << 16];
        loop {
            let mut rest = match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => &buffer[..len],
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            while !rest.is_empty() {
                let len = (cuts.after(self.position) - self.position).min(rest.len() as u64);
                let (bytes, tail) = rest.split_at(len as usize);
                self.decode(bytes)?;
                rest = tail;
            }
            self.output.flush()?;
        }
        let retry = self.parser.retry().map(|time| time.0);
        let end = json!({ "last_event_id": text(self.parser.last_event_id()), "retry": retry });
        self.write_line(&json!({ "end": end }))?;
        self.output.flush()
    }

    fn decode(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut chunk = Chunk::new(bytes);
        loop {
            let step = self.parser.step(&mut chunk);
            let at = self.position + chunk.position() as u64;
            let line = match step {
                Ok(None) => break,
                Ok(Some(Step::Event(ready))) => {
                    let event = self.parser.event(ready);
                    json!({
                        "event": text(event.event_type().unwrap_or(DEFAULT_EVENT_TYPE)),
                        "data": text(event.data()),
                        "id": text(event.last_event_id()),
                        "at": at,
                    })
                }
                Ok(Some(Step::Comment(piece))) => match self.comment(piece) {
                    Some(line) => line,
                    None => continue,
                },
                Ok(Some(Step::Retry(time))) => json!({ "retry": time.0 }),
                Ok(Some(_)) => continue,
                Err(error) => json!({ "error": error.to_string(), "at": at }),
            };
            self.write_line(&line)?;
        }
        self.position += bytes.len() as u64;
        Ok(())
    }

    /// Reads on in a comment.
    fn comment(&mut self, piece: Piece<'_>) -> Option<Value> {
        if piece.starts() {
            self.comment.clear();
            self.is_cut = false;
        }
        self.comment.extend(piece.bytes());
        self.is_cut |= self.comment.len() > self.parser.limit();
        self.comment.truncate(self.parser.limit());
        piece.ends().then(|| match self.is_cut {
            false => json!({ "comment": text(&self.comment) }),
            true => json!({ "comment": text(&self.comment), "cut": true }),
        })
    }

    fn write_line(&mut self, line: &Value) -> io::Result<()> {
        serde_json::to_writer(&mut self.output, line)?;
        self.output.write_all(b"\n")
    }
}

fn text(bytes: &[u8]) -> String {
    lossy(bytes).to_string()
}
