//! Encodes JSON Lines to an event stream, the way back from `decode`.
//!
//! ```text
//! $ cargo build --release -p sse-codec --features alloc --examples
//! $ target/release/examples/encode <<'END'
//! {"comment":" begins","event":"reading","id":"1","data":"21.5\n22.0"}
//! {"event":"two\nlines","data":""}
//! {"retry":3000}
//! END
//! : begins
//!
//! event: reading
//! id: 1
//! data: 21.5
//! data: 22.0
//!
//! encode: line 2: LF at 3 in the `event` field
//! retry: 3000
//!
//! ```
//!
//! Every key may be absent or null, and that is not the same as empty: without `data` nothing is
//! dispatched, with `""` an event without text is. A line that cannot be encoded gives nothing but
//! a message; the others are encoded nevertheless, and the exit status is 2 in the end.

use std::{
    io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write},
    process::ExitCode,
};

use lexopt::Arg::{Long, Short};
use serde::{Deserialize, de::IgnoredAny};
use sse_codec::{Event, Frame, Millis};

const USAGE: &str = r#"Usage: encode < json-lines > event-stream

Each line is an object with any of these keys:
  "data"     the event's data; without it nothing is dispatched
  "event"    the event's type
  "id"       the event's ID, "" to clear the last one
  "retry"    the reconnection time in milliseconds
  "comment"  a comment, written before the event

  -h, --help  show this
"#;

fn main() -> ExitCode {
    match wants_help(lexopt::Parser::from_env()) {
        Ok(false) => {}
        Ok(true) => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprint!("encode: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    }
    let mut is_clean = true;
    let report = |line, reason| {
        is_clean = false;
        eprintln!("encode: line {line}: {reason}");
    };
    match run(io::stdin().lock(), io::stdout().lock(), report) {
        // Whoever was reading has seen enough.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            eprintln!("encode: {error}");
            ExitCode::FAILURE
        }
        _ if is_clean => ExitCode::SUCCESS,
        _ => ExitCode::from(2),
    }
}

fn wants_help(mut arguments: lexopt::Parser) -> Result<bool, lexopt::Error> {
    match arguments.next()? {
        None => Ok(false),
        Some(Short('h') | Long("help")) => Ok(true),
        Some(argument) => Err(argument.unexpected()),
    }
}

/// Encodes line by line; `report` hears of those that cannot be, with their number and the reason.
fn run(
    input: impl Read,
    output: impl Write,
    mut report: impl FnMut(u64, String),
) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut output = BufWriter::new(output);
    let (mut line, mut frames) = (Vec::new(), Vec::new());
    for number in 1.. {
        if !input.buffer().contains(&b'\n') {
            // Reading on may take a while.
            output.flush()?;
        }
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        frames.clear();
        match encode(line.trim_ascii(), &mut frames) {
            Ok(()) => output.write_all(&frames)?,
            Err(reason) => report(number, reason),
        }
    }
    output.flush()
}

/// What a line may say.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    event: Option<String>,
    id: Option<String>,
    retry: Option<u64>,
    data: Option<String>,
    comment: Option<String>,
    // What `decode` adds.
    #[serde(rename = "at")]
    _at: Option<IgnoredAny>,
    #[serde(rename = "end")]
    _end: Option<IgnoredAny>,
}

/// Appends the frames of a line, all of them or, when there is a reason, none.
fn encode(line: &[u8], frames: &mut Vec<u8>) -> Result<(), String> {
    match line {
        [] => return Ok(()),
        [b'{', ..] => {}
        // An array would pass for the values without their keys.
        _ => return Err("not a JSON object".into()),
    }
    let line: Line = serde_json::from_slice(line).map_err(|error| reason(&error))?;

    let mut event = match &line.data {
        Some(data) => Event::text(data),
        None => Event::without_data(),
    };
    if let Some(event_type) = &line.event {
        event = event.with_type(event_type.as_bytes());
    }
    if let Some(id) = &line.id {
        event = event.with_id(id.as_bytes());
    }
    if let Some(retry) = line.retry {
        event = event.with_retry(Millis(retry));
    }
    let frame = Frame::event(event).map_err(|error| error.to_string())?;

    if let Some(comment) = &line.comment {
        Frame::comment(comment.as_bytes()).append_to(frames);
    }
    if event != Event::without_data() {
        frame.append_to(frames);
    }
    Ok(())
}

/// The error without its line number, which is always 1.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what} at column {}", error.column()),
        None => message,
    }
}
