use bytes::Bytes;
use http::{Request, Response};
use sse_codec_tokio::client::{Connect, EventSource};

/// The client, with what it must not do by itself switched off.
pub fn client() -> reqwest::Result<reqwest::Client> {
    reqwest::Client::builder()
        // Redirects are followed by `EventSource`, which knows what may be told to whom.
        .redirect(reqwest::redirect::Policy::none())
        // A connection that has been idle in a pool may be dead. A stream needs a new one anyway.
        .pool_max_idle_per_host(0)
        .no_proxy()
        .build()
}

/// Sends one request.
pub async fn send(
    client: reqwest::Client,
    request: Request<Bytes>,
) -> reqwest::Result<Response<reqwest::Body>> {
    Ok(client.execute(request.try_into()?).await?.into())
}

pub fn source(
    client: reqwest::Client,
    request: Request<Bytes>,
) -> EventSource<impl Connect<Body = reqwest::Body, Error = reqwest::Error>> {
    EventSource::new(request, move |request| send(client.clone(), request), 1024 * 1024)
}
