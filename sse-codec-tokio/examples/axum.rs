//! An event stream in an axum handler.
//!
//! ```text
//! cargo run -p sse-codec-tokio --features http-body --example axum
//! curl -N http://127.0.0.1:3000/events
//! ```

use std::{sync::Arc, time::Duration};

use axum::{Router, body::Body, extract::State, response::Response, routing::get};
use sse_codec::{Frame, http::RESPONSE_HEADERS};
use sse_codec_tokio::{EventBody, EventSender, SendError, ServeOptions, channel};
use tokio::{net::TcpListener, signal, time::sleep};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let shutdown = CancellationToken::new();
    let options = Arc::new(ServeOptions::new().shutdown(shutdown.clone()));
    let app = Router::new()
        .route("/events", get(events))
        .with_state(options);
    let listener = TcpListener::bind("127.0.0.1:3000").await?;
    axum::serve(listener, app)
        // Without the token every open stream would hold this up for ever.
        .with_graceful_shutdown(async move {
            let _ = signal::ctrl_c().await;
            shutdown.cancel();
        })
        .await
}

async fn events(State(options): State<Arc<ServeOptions>>) -> Response {
    let (sender, receiver) = channel(16);
    tokio::spawn(count(sender));
    let mut response = Response::new(Body::new(EventBody::new(receiver, options)));
    for (name, value) in RESPONSE_HEADERS {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

/// Ends with the connection: `send` says that it is closed.
async fn count(events: EventSender) -> Result<(), SendError> {
    for n in 0.. {
        let text = n.to_string();
        events.send(Frame::message(text.as_bytes())).await?;
        sleep(Duration::from_secs(1)).await;
    }
    Ok(())
}
