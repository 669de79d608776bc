//! Follows a stream of events, whatever happens to the connection:
//!
//! ```text
//! cargo run --example client -- http://127.0.0.1:8000/news [LAST-EVENT-ID]
//! ```
//!
//! Events go to standard output, what happens to the connection to standard error. The connectors
//! beside this file, `hyper.rs` and `tcp.rs`, are meant to be copied from; those for reqwest and
//! hyper-util's pooled client are in `checks/clients` of the repository.

mod hyper;

use std::{env, time::Duration};

use bytes::Bytes;
use http::Request;
use sse_codec_tokio::client::{EventSource, Item, Over};

/// The largest event.
const LIMIT: usize = 1024 * 1024;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1);
    let url = arguments.next().ok_or("which URL?")?;
    let request = Request::get(url).body(Bytes::new())?;
    let mut source = EventSource::new(request, hyper::connect, LIMIT)
        // Servers send a heartbeat "every 15 seconds or so".
        .with_read_timeout(Duration::from_secs(45))
        .with_connect_timeout(Duration::from_secs(10));
    if let Some(id) = arguments.next() {
        source.set_last_event_id(id.as_bytes())?;
    }
    while let Some(item) = source.next().await {
        match item {
            Ok(Item::Open(head)) => eprintln!("open: {}", head.status),
            Ok(Item::Event(event)) => println!("{}", event.data_lossy()),
            Ok(Item::TooLarge(overflow)) => eprintln!("lost: {overflow}"),
            Ok(Item::Unsendable(error)) => eprintln!("{error}"),
            Ok(Item::Reconnecting { after, why }) => eprintln!("{why}; again in {after:?}"),
            Ok(_) => {}
            Err(Over::NoContent) => break,
            Err(over) => return Err(over.into()),
        }
    }
    Ok(())
}
