//! [`EventSource`] over sockets, by the connectors of the example.
#![cfg(feature = "client")]

#[path = "common/chaos.rs"]
mod chaos;
#[path = "../examples/client/hyper.rs"]
mod hyper_connector;
#[path = "../examples/client/tcp.rs"]
mod tcp_connector;

use bytes::Bytes;
use http::Request;
use sse_codec::{Millis, ReconnectConfig};
use sse_codec_tokio::client::{Connect, EventSource};

/// Soon back: the servers here are meant to break.
const SOON: ReconnectConfig = ReconnectConfig::new()
    .with_base(Millis(1))
    .with_floor(Millis(1))
    .with_longest(Millis(5));

async fn loses_and_doubles_nothing<C>(last: u64, seed: u64, connect: C)
where
    C: Connect<
            Error: std::fmt::Debug + std::fmt::Display,
            Body: http_body::Body<Error: std::fmt::Debug + std::fmt::Display>,
        >,
{
    let (address, server) = chaos::serve(last, seed).await.unwrap();
    let request = Request::get(format!("http://{address}/"))
        .body(Bytes::new())
        .unwrap();
    let mut source = EventSource::with_connector(request, connect, 64 * 1024).with_reconnect(SOON);
    let seen = chaos::read(&mut source, last, seed).await;
    let deeds = server.await.unwrap();
    // It did what it is for.
    assert!(seen.breaks > 50 && seen.dropped > 50, "{seen:?}");
    assert!(
        deeds.refused > 5 && deeds.unavailable > 5 && deeds.cut > 50 && deeds.reset > 20,
        "{deeds:?}"
    );
}

#[tokio::test]
async fn hyper_loses_and_doubles_nothing() {
    loses_and_doubles_nothing(6_000, 1, hyper_connector::connect).await;
}

#[tokio::test]
async fn tcp_loses_and_doubles_nothing() {
    loses_and_doubles_nothing(6_000, 2, tcp_connector::connect).await;
}
