//! One connection.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderValue, Method, Response, StatusCode, header};
use sse_codec_tokio::{
    EncodedFrame, Hub, ServeOptions, Start, Subscribe,
    request::{Refusal, Request, allow_last_event_id},
    serve,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::exit::{count, note};

pub(super) struct Server {
    pub(super) hub: Hub,
    /// How many events a client gets that comes for the first time.
    pub(super) last: u64,
    pub(super) has_page: bool,
    /// Who of other origins may read the stream.
    pub(super) origin: Option<HeaderValue>,
    pub(super) options: Arc<ServeOptions>,
    pub(super) is_verbose: bool,
}

const PAGE: &str = include_str!("../../../sse-codec-tokio/examples/serve/page.html");
const MOST_HEAD: usize = 16 * 1024;
const LONGEST_HEAD: Duration = Duration::from_secs(10);

impl Server {
    pub(super) async fn connection(self: Arc<Self>, stream: TcpStream, peer: SocketAddr) {
        // What goes wrong is the client's: it has gone, or does not read.
        if let Err(error) = self.answer(stream, peer).await
            && self.is_verbose
        {
            note(format_args!("{peer}: {error}"));
        }
    }

    async fn answer(&self, mut stream: TcpStream, peer: SocketAddr) -> io::Result<()> {
        let request = match Request::read(&mut stream, MOST_HEAD, LONGEST_HEAD).await {
            Ok(request) => request,
            Err(refusal) => return refusal.answer(&mut stream).await,
        };
        let is_get = matches!(request.head.method, Method::GET | Method::HEAD);
        match request.head.uri.path() {
            "/events" => match &self.origin {
                Some(origin) if request.is_preflight() => {
                    let response = allow_last_event_id(origin.clone());
                    request.respond(&mut stream, &response).await
                }
                _ => self.events(stream, peer, request).await,
            },
            "/" if self.has_page && is_get => request.respond(&mut stream, &page()).await,
            "/" if self.has_page => {
                Refusal::MethodNotAllowed("GET, HEAD")
                    .answer(&mut stream)
                    .await
            }
            _ => request.respond(&mut stream, &not_found()).await,
        }
    }

    async fn events(
        &self,
        mut stream: TcpStream,
        peer: SocketAddr,
        request: Request,
    ) -> io::Result<()> {
        match request.for_stream() {
            Ok(request) => self.stream(stream, peer, &request).await,
            Err(refusal) => refusal.answer(&mut stream).await,
        }
    }

    async fn stream(
        &self,
        mut stream: TcpStream,
        peer: SocketAddr,
        request: &Request,
    ) -> io::Result<()> {
        let terms = self.options.framed(request.framing());
        if request.head.method == Method::HEAD {
            // The head alone.
            serve(stream, tokio_stream::empty::<EncodedFrame>(), terms).await;
            return Ok(());
        }
        let start = match request.last_event_id() {
            [] => Start::Last(self.last),
            id => Start::After(id),
        };
        let subscription = match self
            .hub
            .subscribe(Subscribe::from(start).tag(peer.to_string()))
        {
            Ok(subscription) => subscription,
            Err(refused) => return stream.write_all(&refused.response()).await,
        };
        if self.is_verbose {
            note(format_args!(
                "{peer}: connected, {:?}",
                subscription.outcome()
            ));
        }
        let summary = serve(stream, subscription, terms).await;
        if self.is_verbose {
            let events = count(summary.events, "event");
            note(format_args!("{peer}: {}; {events}", summary.reason));
        }
        Ok(())
    }
}

fn page() -> Response<&'static str> {
    let mut response = Response::new(PAGE);
    let html = HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, html);
    response
}

fn not_found() -> Response<&'static str> {
    let mut response = Response::new("there is /events\n");
    *response.status_mut() = StatusCode::NOT_FOUND;
    let text = HeaderValue::from_static("text/plain");
    response.headers_mut().insert(header::CONTENT_TYPE, text);
    response
}
