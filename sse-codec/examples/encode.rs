//! Makes an event of each line, with a number as its ID. The command `sse encode` (of the package
//! `sse-cli`) makes them of JSON Lines, with everything an event may have.
//!
//! ```text
//! $ printf 'one\ntwo\n' | cargo run -p sse-codec --features std --example encode
//! id: 1
//! data: one
//!
//! id: 2
//! data: two
//!
//! ```

use std::{
    error::Error,
    io::{self, BufRead, Write},
};

use sse_codec::{Event, Frame};

fn main() -> Result<(), Box<dyn Error>> {
    let mut output = io::stdout().lock();
    for (number, line) in (1..).zip(io::stdin().lock().lines()) {
        let (line, id) = (line?, format!("{number}"));
        let frame = Frame::event(Event::text(&line).with_id(id.as_bytes()))?;
        output.write_all(&frame.to_vec())?;
        output.flush()?;
    }
    Ok(())
}
