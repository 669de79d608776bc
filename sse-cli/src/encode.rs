//! `sse encode`: JSON Lines to an event stream, the way back from `decode`.

use std::io::{self, BufWriter, Write};

use clap::Args;

use crate::{
    exit::{Ending, Failure, note},
    input,
    json::Block,
    lines::{Lines, Next},
};

/// Encode JSON Lines to an event stream
#[derive(Debug, Args)]
#[command(
    override_usage = "sse encode < JSON-LINES > EVENT-STREAM",
    after_help = r#"Each line is an object with any of these keys:
  "data"     the event's data; without it nothing is dispatched
  "event"    the event's type
  "id"       the event's ID, "" to clear the last one
  "own_id"   what `sse decode` adds: the block's own ID, or null when "id" is inherited
  "retry"    the reconnection time in milliseconds
  "comment"  a comment, written before the event

A key may be absent or null, which is not the same as empty. A line that cannot be encoded gives
nothing but a message; the others are encoded nevertheless, and the exit code is 2 in the end.

Example:
  echo '{"event":"reading","id":"1","data":"21.5"}' | sse encode"#
)]
pub(crate) struct Arguments {
    /// The longest line; a longer one cannot be encoded
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20)]
    limit: usize,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ending, Failure> {
    let mut lines = Lines::new(input::stdin("JSON Lines"), arguments.limit);
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    let mut frames = Vec::new();
    let mut ending = Ending::Done;
    for number in 1_u64.. {
        if !lines.is_ready() {
            // Reading on may take a while.
            output.flush()?;
        }
        frames.clear();
        let encoded = match lines.next().map_err(|error| Failure::reading(&error))? {
            Next::End => break,
            Next::TooLong => Err(format!("longer than {} bytes", arguments.limit)),
            Next::Line(line) => encode(line, &mut frames),
        };
        match encoded {
            Ok(()) => output.write_all(&frames)?,
            Err(reason) => {
                ending = Ending::Misused;
                note(format_args!("line {number}: {reason}"));
            }
        }
    }
    output.flush()?;
    Ok(ending)
}

fn encode(line: &[u8], frames: &mut Vec<u8>) -> Result<(), String> {
    match Block::parse(line)? {
        Some(block) => block.encode(frames),
        None => Ok(()),
    }
}
