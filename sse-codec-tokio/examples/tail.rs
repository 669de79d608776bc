//! Shows what comes in an event stream, from standard input: events, heartbeats, everything.
//!
//! ```text
//! curl -sN http://127.0.0.1:3001/ | cargo run -p sse-codec-tokio --example tail
//! ```
//!
//! It ends with an error when nothing comes for a minute, and says so when the stream was cut off.

use std::{process, time::Duration};

use sse_codec::lossy;
use sse_codec_tokio::{EventReader, OwnedStep, ReadError};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    if let Err(error) = tail().await {
        eprintln!("{error}");
        // Not by a return: the runtime would wait for the thread that reads standard input.
        process::exit(1);
    }
}

async fn tail() -> Result<(), ReadError> {
    let mut reader =
        EventReader::new(tokio::io::stdin(), 1 << 20).with_read_timeout(Duration::from_secs(60));
    while let Some(step) = reader.next_step().await {
        match step {
            Ok(OwnedStep::Event(event)) => {
                let event_type = event.event_type().unwrap_or(b"message");
                println!("{}: {}", lossy(event_type), event.data_lossy());
            }
            Ok(OwnedStep::Comment(text)) => println!("comment: {}", lossy(&text)),
            Ok(OwnedStep::Retry(time)) => println!("reconnection time: {} ms", time.0),
            Ok(OwnedStep::Id(id)) => println!("last event ID: {}", lossy(&id)),
            Ok(_) => {}
            // One event too large is no reason to stop.
            Err(ReadError::Overflow(overflow)) => eprintln!("{overflow}"),
            Err(error) => return Err(error),
        }
    }
    if reader.ended_inside_block() {
        eprintln!("the stream was cut off inside a block");
    }
    Ok(())
}
