//! Prints the events of a stream as they arrive. The command `sse decode` (of the package
//! `sse-cli`) makes JSON Lines of it.
//!
//! ```text
//! $ curl -sN http://127.0.0.1:8080/events | cargo run -p sse-codec --features std --example decode
//! reading 1: 21.5
//! ```

use std::io::{self, Read, Write};

use sse_codec::{Chunk, DEFAULT_EVENT_TYPE, Parser, lossy};

fn main() -> io::Result<()> {
    let mut parser = Parser::growable(1 << 20);
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    let mut buffer = vec![0; 1 << 16];
    loop {
        let len = input.read(&mut buffer)?;
        if len == 0 {
            return Ok(());
        }
        let mut chunk = Chunk::new(&buffer[..len]);
        loop {
            match parser.next_event(&mut chunk) {
                Ok(Some(event)) => {
                    let event_type = lossy(event.event_type().unwrap_or(DEFAULT_EVENT_TYPE));
                    let (id, data) = (lossy(event.last_event_id()), lossy(event.data()));
                    writeln!(output, "{event_type} {id}: {data}")?;
                }
                Ok(None) => break,
                // The parser goes on with the block after it.
                Err(too_large) => eprintln!("{too_large}"),
            }
        }
        output.flush()?;
    }
}
