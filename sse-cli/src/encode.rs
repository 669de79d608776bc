//! `sse encode`: JSON Lines to an event stream, the way back from `decode`.

use std::io::{self, BufRead, BufReader, BufWriter, Write};

use clap::Args;

use crate::{
    exit::{Ending, Failure, note},
    input,
    json::Block,
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
pub(crate) struct Arguments {}

pub(crate) fn run(_: &Arguments) -> Result<Ending, Failure> {
    let mut input = BufReader::new(input::stdin("JSON Lines"));
    let mut output = BufWriter::new(io::stdout().lock());
    let (mut line, mut frames) = (Vec::new(), Vec::new());
    let mut ending = Ending::Done;
    for number in 1_u64.. {
        if !input.buffer().contains(&b'\n') {
            // Reading on may take a while.
            output.flush()?;
        }
        line.clear();
        let len = input.read_until(b'\n', &mut line);
        if len.map_err(|error| Failure::reading(&error))? == 0 {
            break;
        }
        frames.clear();
        match Block::parse(&line).and_then(|block| block.map_or(Ok(()), |b| b.encode(&mut frames)))
        {
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
