//! Sends an event stream on, from standard input to standard output, and loses nothing of it: IDs and
//! reconnection times that stand alone and comments, which keep the connections behind it alive.
//!
//! ```text
//! curl -sN http://127.0.0.1:3001/ | cargo run -p sse-codec-tokio --example relay
//! ```

use std::error::Error;

use sse_codec_tokio::{EventReader, EventWriter, ReadError};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut reader = EventReader::new(tokio::io::stdin(), 1 << 20);
    let mut writer = EventWriter::new(tokio::io::stdout());
    while let Some(step) = reader.next_step().await {
        match step {
            Ok(step) => writer.send(step.to_frame()?).await?,
            Err(ReadError::Overflow(overflow)) => eprintln!("{overflow}"),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
