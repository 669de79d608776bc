//! [`EventSource`] over the HTTP clients that services use: nothing is lost and nothing doubled, and
//! what the documentation says of each client is so.

#[path = "../../../sse-codec-tokio/tests/common/chaos.rs"]
mod chaos;
mod facts;
mod mcp;
mod over_hyper_util;

mod over_reqwest_0_12 {
    use reqwest_0_12 as reqwest;
    include!("over_reqwest.rs");
}

mod over_reqwest_0_13 {
    use reqwest_0_13 as reqwest;
    include!("over_reqwest.rs");
}

use std::{env, fmt, io};

use bytes::Bytes;
use http::Request;
use http_body::Body;
use sse_codec::{Millis, ReconnectConfig};
use sse_codec_tokio::client::{Connect, EventSource};

/// Soon back: the servers here are meant to break.
const SOON: ReconnectConfig = ReconnectConfig::new()
    .with_base(Millis(1))
    .with_floor(Millis(1))
    .with_longest(Millis(5));

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1);
    let python = arguments.next().ok_or("which Python?")?;
    let events = arguments
        .next()
        .map_or(Ok(40_000), |events| events.parse())?;
    facts::documented()?;
    mcp::resumes(&python).await?;

    let (request, server) = chaos(events, 1).await?;
    let source = over_reqwest_0_12::source(over_reqwest_0_12::client()?, request);
    nothing_lost("reqwest 0.12", events, source, server).await?;
    let (request, server) = chaos(events, 2).await?;
    let source = over_reqwest_0_13::source(over_reqwest_0_13::client()?, request);
    nothing_lost("reqwest 0.13", events, source, server).await?;
    let (request, server) = chaos(events, 3).await?;
    let source = over_hyper_util::source(over_hyper_util::client(), request);
    nothing_lost("hyper-util", events, source, server).await?;

    facts::client_wide_timeout().await?;
    facts::dead_pooled_connection().await
}

type Server = tokio::task::JoinHandle<chaos::Deeds>;

async fn chaos(events: u64, seed: u64) -> io::Result<(Request<Bytes>, Server)> {
    let (address, server) = chaos::serve(events, seed).await?;
    Ok((get(&format!("http://{address}/"))?, server))
}

fn get(url: &str) -> io::Result<Request<Bytes>> {
    Request::get(url)
        .body(Bytes::new())
        .map_err(io::Error::other)
}

async fn nothing_lost<C>(
    name: &str,
    events: u64,
    source: EventSource<C>,
    server: Server,
) -> io::Result<()>
where
    C: Connect<Error: fmt::Debug + fmt::Display, Body: Body<Error: fmt::Debug + fmt::Display>>,
{
    let mut source = source.with_reconnect(SOON);
    let seen = chaos::read(&mut source, events, events).await;
    let deeds = server.await.map_err(io::Error::other)?;
    println!("{name}: 0 lost, 0 doubled: {seen:?} {deeds:?}");
    Ok(())
}
