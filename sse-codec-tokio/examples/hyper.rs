//! An event stream from a hyper server.
//!
//! ```text
//! cargo run -p sse-codec-tokio --features http-body --example hyper
//! curl -N http://127.0.0.1:3001/
//! ```

use std::{convert::Infallible, sync::Arc, time::Duration};

use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use sse_codec::{Frame, http::RESPONSE_HEADERS};
use sse_codec_tokio::{EncodedFrame, EventBody, ServeOptions, TcpOptions};
use tokio::{net::TcpListener, sync::broadcast, time::sleep};
use tokio_stream::{Stream, StreamExt, wrappers::BroadcastStream};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    // Encoded once, sent to everybody.
    let (news, _) = broadcast::channel::<EncodedFrame>(64);
    let options = Arc::new(ServeOptions::new());
    tokio::spawn(make(news.clone()));

    let listener = TcpListener::bind("127.0.0.1:3001").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A body cannot evict a client that does not read; the socket can.
        TcpOptions::new().apply(&stream)?;
        let (news, options) = (news.clone(), Arc::clone(&options));
        let respond = service_fn(move |_: Request<Incoming>| {
            let events = BroadcastStream::new(news.subscribe()).map_while(Result::ok);
            let response = event_stream(EventBody::new(events, Arc::clone(&options)));
            async { Ok::<_, Infallible>(response) }
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), respond));
    }
}

fn event_stream<S: Stream<Item = EncodedFrame>>(body: EventBody<S>) -> Response<EventBody<S>> {
    let mut response = Response::new(body);
    for (name, value) in RESPONSE_HEADERS {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    response
}

async fn make(news: broadcast::Sender<EncodedFrame>) {
    for n in 0_u64.. {
        let text = n.to_string();
        let _ = news.send(Frame::message(text.as_bytes()).into());
        sleep(Duration::from_secs(1)).await;
    }
}
