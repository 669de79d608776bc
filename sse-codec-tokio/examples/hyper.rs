//! An event stream from a hyper server.
//!
//! ```text
//! cargo run -p sse-codec-tokio --example hyper
//! curl -N http://127.0.0.1:3001/
//! ```

mod common;

use std::{convert::Infallible, env, io, pin::pin, process::ExitCode, sync::Arc, time::Duration};

use common::{Log, asked_to_end, end, listen};
use hyper::{Request, Response, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use sse_codec::{Frame, http::RESPONSE_HEADERS};
use sse_codec_tokio::{AcceptLoop, EncodedFrame, EventBody, ServeOptions};
use tokio::{net::TcpStream, sync::broadcast, time::sleep};
use tokio_stream::{Stream, StreamExt, wrappers::BroadcastStream};
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> ExitCode {
    end(run().await)
}

async fn run() -> io::Result<()> {
    let address = env::args().nth(1);
    let listener = listen(address.as_deref().unwrap_or("127.0.0.1:3001")).await?;
    let log = Log::start();
    log.say(format_args!("http://{}/", listener.local_addr()?));

    // Encoded once, sent to everybody.
    let (news, _) = broadcast::channel(64);
    tokio::spawn(make(news.clone()));
    let shutdown = CancellationToken::new();
    let options = Arc::new(ServeOptions::new().shutdown(shutdown.clone()));
    let accept_loop = AcceptLoop::new(10_000)
        .shutdown(shutdown.clone())
        // The sockets have their options from it: a client that does not read holds nothing up.
        .on_trouble(|trouble| log.say(format_args!("{trouble}")));
    let all = accept_loop.run(listener, |stream, _| {
        connection(stream, news.clone(), Arc::clone(&options), shutdown.clone())
    });
    tokio::join!(all, async {
        asked_to_end().await;
        shutdown.cancel();
    });
    log.flush();
    Ok(())
}

async fn connection(
    stream: TcpStream,
    news: broadcast::Sender<EncodedFrame>,
    options: Arc<ServeOptions>,
    shutdown: CancellationToken,
) -> hyper::Result<()> {
    let respond = service_fn(move |_: Request<Incoming>| {
        let events = BroadcastStream::new(news.subscribe()).map_while(Result::ok);
        let response = event_stream(EventBody::new(events, Arc::clone(&options)));
        async { Ok::<_, Infallible>(response) }
    });
    let connection = http1::Builder::new()
        // Without it, a client may take for ever to send its request.
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), respond);
    let mut connection = pin!(connection);
    match shutdown.run_until_cancelled(connection.as_mut()).await {
        Some(ended) => ended,
        None => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
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
