//! Reads an event stream with hyper, and shows its events.
//!
//! ```text
//! cargo run -p sse-codec-tokio --example hyper
//! cargo run -p sse-codec-tokio --example get
//! ```
//!
//! With reqwest it is `EventReader::from_stream(response.bytes_stream(), limit)`.

use std::{env, error::Error, time::Duration};

use hyper::{Request, StatusCode, client::conn::http1};
use hyper_util::rt::TokioIo;
use sse_codec::http::{REQUEST_HEADERS, is_event_stream};
use sse_codec_tokio::EventReader;
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let address = env::args().nth(1);
    let address = address.as_deref().unwrap_or("127.0.0.1:3001");
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);

    let mut request = Request::get("/").header("host", address);
    for (name, value) in REQUEST_HEADERS {
        request = request.header(name, value);
    }
    let response = sender.send_request(request.body(String::new())?).await?;
    let content_type = response.headers().get("content-type");
    let content_type = content_type.map(|value| value.as_bytes());
    if response.status() != StatusCode::OK || !content_type.is_some_and(is_event_stream) {
        return Err(format!("{}, {:?}", response.status(), response.headers()).into());
    }

    let mut events = EventReader::from_body(response.into_body(), 1 << 20)
        .with_read_timeout(Duration::from_secs(60));
    while let Some(event) = events.next_event().await {
        println!("{}", event?.data_lossy());
    }
    Ok(())
}
