//! A stream of events to look at: a page that draws it, and `curl` beside it.
//!
//! ```text
//! cargo run --release -p sse-codec-tokio --example serve [ADDRESS:PORT]
//! ```
//!
//! | | |
//! |---|---|
//! | `GET /` | the page |
//! | `GET /events` | the stream; resumes after `Last-Event-ID`, also for pages of other origins |
//! | `GET /connections` | who is connected, and what the hub holds, as JSON |
//! | `GET /metrics` | what the hub counts, for Prometheus |
//! | `POST /say` | sends the body to everybody |
//! | `POST /drop` | cuts all streams, to see them resume |

mod body;
#[path = "../common/mod.rs"]
mod common;
mod news;

use std::{
    env,
    io::{self, Write},
    net::SocketAddr,
    process::ExitCode,
    sync::Arc,
    time::Duration,
};

use common::{Log, asked_to_end, end, listen};
use http::{HeaderValue, Method, Response, StatusCode, header};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use news::News;
use sse_codec_tokio::{
    AcceptLoop, EncodedFrame, ServeOptions,
    request::{Refusal, Request, allow_last_event_id},
    serve,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};
use tokio_util::sync::CancellationToken;

const PAGE: &str = include_str!("page.html");
const DEFAULT_ADDRESS: &str = "127.0.0.1:8080";
/// The most connections there may be. Those beyond what the system gives wait until it gives more.
const MOST_CONNECTIONS: usize = 10_000;
const MOST_HEAD: usize = 16 * 1024;
const LONGEST_HEAD: Duration = Duration::from_secs(10);

#[tokio::main]
async fn main() -> ExitCode {
    end(run().await)
}

async fn run() -> io::Result<()> {
    let listener = match env::args().nth(1) {
        Some(address) => listen(&address).await?,
        None => match listen(DEFAULT_ADDRESS).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                let _ = writeln!(io::stderr(), "{error}; taking another port");
                listen("127.0.0.1:0").await?
            }
            result => result?,
        },
    };
    let log = Log::start();
    let address = listener.local_addr()?;
    log.say(format_args!("page:    http://{address}/"));
    log.say(format_args!("stream:  curl -N http://{address}/events"));

    // Before the hub counts anything.
    let recorder = PrometheusBuilder::new().install_recorder();
    let metrics = recorder.map_err(io::Error::other)?;
    let shutdown = CancellationToken::new();
    let news = Arc::new(News::new(&shutdown));
    tokio::spawn(Arc::clone(&news).make());
    tokio::spawn({
        let (shutdown, news, log) = (shutdown.clone(), Arc::clone(&news), log.clone());
        async move {
            asked_to_end().await;
            log.say(format_args!(
                "shutting down: {} connections",
                news.clients()
            ));
            shutdown.cancel();
        }
    });
    AcceptLoop::new(MOST_CONNECTIONS)
        .shutdown(shutdown)
        .on_trouble(|trouble| log.say(format_args!("{trouble}")))
        .run(listener, |stream, peer| {
            let (news, log, metrics) = (Arc::clone(&news), log.clone(), metrics.clone());
            async move {
                // What went wrong is the client's: it has gone, or does not read.
                let _ = connection(stream, peer, &news, &metrics, &log).await;
            }
        })
        .await;
    log.flush();
    Ok(())
}

async fn connection(
    mut stream: TcpStream,
    peer: SocketAddr,
    news: &News,
    metrics: &PrometheusHandle,
    log: &Log,
) -> io::Result<()> {
    let request = Request::read(&mut stream, MOST_HEAD, LONGEST_HEAD);
    let Some(request) = news.shutdown.run_until_cancelled(request).await else {
        return Ok(());
    };
    let request = match request {
        Ok(request) => request,
        Err(refusal) => return refusal.answer(&mut stream).await,
    };
    let method = request.head.method.clone();
    let response = match request.head.uri.path() {
        "/events" if request.is_preflight() => {
            let all = allow_last_event_id(HeaderValue::from_static("*"));
            return request.respond(&mut stream, &all).await;
        }
        "/events" => match request.for_stream() {
            Ok(request) => return stream_events(stream, peer, request, news, log).await,
            Err(refusal) => return refusal.answer(&mut stream).await,
        },
        "/" if method == Method::GET || method == Method::HEAD => page(),
        "/" => {
            return Refusal::MethodNotAllowed("GET, HEAD")
                .answer(&mut stream)
                .await;
        }
        "/connections" | "/metrics" if method != Method::GET => {
            return Refusal::MethodNotAllowed("GET").answer(&mut stream).await;
        }
        "/connections" => {
            let panel = news.panel().to_string();
            let response = text("application/json", panel);
            return request.respond(&mut stream, &response).await;
        }
        "/metrics" => {
            let response = text("text/plain; version=0.0.4", metrics.render());
            return request.respond(&mut stream, &response).await;
        }
        "/say" | "/drop" if method != Method::POST => {
            return Refusal::MethodNotAllowed("POST").answer(&mut stream).await;
        }
        "/say" => match body::read(&request, &mut stream).await {
            Ok(text) => {
                news.say(&text);
                status(StatusCode::NO_CONTENT)
            }
            Err(refused) => status(refused),
        },
        "/drop" => {
            news.cut_streams();
            status(StatusCode::NO_CONTENT)
        }
        _ => {
            let mut response = status(StatusCode::NOT_FOUND);
            *response.body_mut() = "there is / and /events\n";
            response
        }
    };
    request.respond(&mut stream, &response).await
}

/// The point of it all.
async fn stream_events(
    mut stream: TcpStream,
    peer: SocketAddr,
    request: Request,
    news: &News,
    log: &Log,
) -> io::Result<()> {
    let options = ServeOptions::new()
        .retry(Duration::from_secs(1))
        .shutdown(news.shutdown.clone())
        // Pages of all origins may listen: there is no secret in it.
        .header("access-control-allow-origin", "*")
        .map_err(io::Error::other)?;
    let terms = request.terms(&Arc::new(options));
    if request.head.method == Method::HEAD {
        serve(stream, tokio_stream::empty::<EncodedFrame>(), terms).await;
        return Ok(());
    }
    let (number, events) = match news.subscribe(request.last_event_id(), peer) {
        Ok(subscribed) => subscribed,
        Err(refused) => return stream.write_all(&refused.response()).await,
    };
    // A connection may last for days, and its request takes a KiB.
    drop(request);
    let summary = serve(stream, events, terms).await;
    log.say(format_args!(
        "connection {number} from {peer}: {}; {} events, {} heartbeats, {} bytes, {:.1} s",
        summary.reason,
        summary.events,
        summary.heartbeats,
        summary.bytes,
        summary.duration.as_secs_f32(),
    ));
    Ok(())
}

fn page() -> Response<&'static str> {
    let mut response = Response::new(PAGE);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
}

fn text(content_type: &'static str, body: String) -> Response<String> {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn status(status: StatusCode) -> Response<&'static str> {
    let mut response = Response::new("");
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
