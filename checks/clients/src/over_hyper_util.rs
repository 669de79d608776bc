use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use sse_codec_tokio::client::{Connect, EventSource};

/// hyper's client with a pool. It follows no redirects.
pub fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new())
        // A connection that has been idle in a pool may be dead. A stream needs a new one anyway.
        .pool_max_idle_per_host(0)
        .build_http()
}

pub fn source(
    client: Client<HttpConnector, Full<Bytes>>,
    request: Request<Bytes>,
) -> EventSource<
    impl Connect<Body: http_body::Body<Error: std::error::Error>, Error: std::error::Error>,
> {
    let connect = move |request: Request<Bytes>| client.request(request.map(Full::new));
    EventSource::new(request, connect, 1024 * 1024)
}
