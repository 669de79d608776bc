//! A stream of events to look at: a page that draws it, and `curl` beside it.
//!
//! ```text
//! cargo run --release -p sse-codec-tokio --example serve [ADDRESS:PORT]
//! ```
//!
//! | | |
//! |---|---|
//! | `GET /` | the page |
//! | `GET /events` | the stream; resumes after `Last-Event-ID` |
//! | `POST /say` | sends the body to everybody |
//! | `POST /drop` | cuts all streams, to see them resume |

mod news;
mod request;

use std::{env, error::Error, io, net::SocketAddr, sync::Arc, time::Duration};

use news::News;
use request::Request;
use sse_codec::{Frame, Millis, http};
use sse_codec_tokio::{ServeOptions, TcpOptions, serve};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    signal,
    time::timeout,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

const PAGE: &str = include_str!("page.html");
const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = match env::args().nth(1) {
        Some(address) => TcpListener::bind(address).await?,
        None => match TcpListener::bind(DEFAULT_ADDRESS).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                TcpListener::bind("127.0.0.1:0").await?
            }
            result => result?,
        },
    };
    let address = listener.local_addr()?;
    println!("page:    http://{address}/");
    println!("stream:  curl -N http://{address}/events");

    let shutdown = CancellationToken::new();
    let connections = TaskTracker::new();
    let news = Arc::new(News::new(&shutdown));
    connections.spawn(Arc::clone(&news).make());
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer, Arc::clone(&news)));
                }
                Err(error) => {
                    // Out of descriptors, most likely; connections that end will free some.
                    eprintln!("accept: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            _ = signal::ctrl_c() => break,
        }
    }
    println!("shutting down: {} connections", news.clients());
    shutdown.cancel();
    connections.close();
    connections.wait().await;
    Ok(())
}

async fn connection(mut stream: TcpStream, peer: SocketAddr, news: Arc<News>) {
    if let Err(error) = TcpOptions::new().apply(&stream) {
        eprintln!("{peer}: {error}");
    }
    let request = tokio::select! {
        request = timeout(Duration::from_secs(10), Request::read(&mut stream)) => request,
        () = news.shutdown.cancelled() => return,
    };
    let request = match request {
        Ok(Ok(Some(request))) => request,
        Ok(Ok(None)) | Err(_) => return,
        Ok(Err(refusal)) => {
            respond(stream, refusal.status(), "text/plain", b"").await;
            return;
        }
    };
    match (request.method.as_str(), request.path()) {
        ("GET", "/events") if http::accepts_event_stream(&request.accept) => {
            stream_events(stream, peer, &request, &news).await;
        }
        ("HEAD", "/events") => send(stream, http::RESPONSE_HEAD_CLOSE).await,
        ("GET", "/events") => send(stream, http::NOT_ACCEPTABLE).await,
        ("GET", "/") => {
            respond(
                stream,
                "200 OK",
                "text/html; charset=utf-8",
                PAGE.as_bytes(),
            )
            .await;
        }
        ("POST", "/say") => {
            news.say(&request.body);
            respond(stream, "204 No Content", "text/plain", b"").await;
        }
        ("POST", "/drop") => {
            news.cut_streams();
            respond(stream, "204 No Content", "text/plain", b"").await;
        }
        _ => {
            respond(
                stream,
                "404 Not Found",
                "text/plain",
                b"there is / and /events\n",
            )
            .await;
        }
    }
}

/// The point of it all.
async fn stream_events(stream: TcpStream, peer: SocketAddr, request: &Request, news: &News) {
    let resume = request.last_event_id.as_deref().unwrap_or_default();
    let (number, events) = news.subscribe(resume);
    let options = ServeOptions::new()
        .greeting(Some(Frame::retry(Millis(1_000)).into()))
        .shutdown(news.generation());
    let summary = serve(stream, events, options).await;
    news.unsubscribe();
    println!(
        "connection {number} from {peer}: {}; {} events, {} heartbeats, {} bytes, {:.1} s",
        summary.reason,
        summary.events,
        summary.heartbeats,
        summary.bytes,
        summary.duration.as_secs_f32(),
    );
}

async fn respond(stream: TcpStream, status: &str, content_type: &str, body: &[u8]) {
    let length = body.len();
    let mut response = format!(
        "HTTP/1.1 {status}\r\n\
         content-type: {content_type}\r\n\
         content-length: {length}\r\n\
         cache-control: no-store\r\n\
         connection: close\r\n\r\n"
    )
    .into_bytes();
    response.extend_from_slice(body);
    send(stream, &response).await;
}

async fn send(mut stream: TcpStream, response: &[u8]) {
    let sent = async {
        stream.write_all(response).await?;
        stream.shutdown().await
    };
    // A client that does not take it has only itself to blame.
    let _ = timeout(Duration::from_secs(10), sent).await;
}
