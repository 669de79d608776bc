//! An event stream in an axum handler.
//!
//! ```text
//! cargo run -p sse-codec-tokio --example axum [ADDRESS:PORT [MILLISECONDS]]
//! curl -N http://127.0.0.1:3000/events
//! ```

mod common;

use std::{env, io, process::ExitCode, sync::Arc, time::Duration};

use axum::{
    Router, body::Body, extract::State, response::Response, routing::get, serve::ListenerExt,
};
use common::{Log, asked_to_end, end, listen};
use sse_codec::{Frame, http::RESPONSE_HEADERS};
use sse_codec_tokio::{EventBody, EventSender, SendError, ServeOptions, TcpOptions, channel};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> ExitCode {
    end(run().await)
}

async fn run() -> io::Result<()> {
    let address = env::args().nth(1);
    let listener = listen(address.as_deref().unwrap_or("127.0.0.1:3000")).await?;
    // Between two events; with 0, they come as fast as a client takes them.
    let pause = env::args().nth(2).and_then(|millis| millis.parse().ok());
    let pause = Duration::from_millis(pause.unwrap_or(1000));
    let log = Log::start();
    log.say(format_args!("http://{}/events", listener.local_addr()?));

    let shutdown = CancellationToken::new();
    let options = Arc::new(ServeOptions::new().shutdown(shutdown.clone()));
    let app = Router::new()
        .route("/events", get(events))
        .with_state((options, pause));
    // Without these, a client that does not read would hold up the shutdown for many minutes.
    let listener = listener.tap_io(|stream| {
        // It fails for a socket whose client has gone.
        let _ = TcpOptions::new().apply(stream);
    });
    axum::serve(listener, app)
        // Without the token every open stream would hold it up for ever.
        .with_graceful_shutdown(async move {
            asked_to_end().await;
            shutdown.cancel();
        })
        .await
}

async fn events(State((options, pause)): State<(Arc<ServeOptions>, Duration)>) -> Response {
    let (sender, receiver) = channel(16);
    tokio::spawn(count(sender, pause));
    let mut response = Response::new(Body::new(EventBody::new(receiver, options)));
    for (name, value) in RESPONSE_HEADERS {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// Ends with the connection: `send` says that it is closed.
async fn count(events: EventSender, pause: Duration) -> Result<(), SendError> {
    for n in 0.. {
        let text = n.to_string();
        events.send(Frame::message(text.as_bytes())).await?;
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
    Ok(())
}
