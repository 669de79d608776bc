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
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

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

/// A name and a password in the URL, the caller's or a redirect's, are no part of `Host` (RFC 9110
/// §4.2.4 and §7.2). And what was meant for TLS is not sent without.
async fn says_no_more_than_it_should<C: Connect>(mut connect: C) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let request = |scheme| {
        let request = Request::get(format!("{scheme}://user:password@{address}/"));
        request.body(Bytes::new()).unwrap()
    };
    let serve = async {
        let (mut peer, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            assert_ne!(peer.read_buf(&mut head).await.unwrap(), 0);
        }
        let response = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";
        peer.write_all(response).await.unwrap();
        String::from_utf8(head).unwrap()
    };
    let (response, head) = tokio::join!(connect.connect(request("http")), serve);
    assert!(response.is_ok());
    assert!(head.contains(&format!("\r\nhost: {address}\r\n")), "{head}");
    tokio::select! {
        biased;
        response = connect.connect(request("https")) => assert!(response.is_err()),
        accepted = listener.accept() => panic!("{accepted:?}"),
    }
}

#[tokio::test]
async fn hyper_says_no_more_than_it_should() {
    says_no_more_than_it_should(hyper_connector::connect).await;
}

#[tokio::test]
async fn tcp_says_no_more_than_it_should() {
    says_no_more_than_it_should(tcp_connector::connect).await;
}

#[tokio::test]
async fn tcp_loses_and_doubles_nothing() {
    loses_and_doubles_nothing(6_000, 2, tcp_connector::connect).await;
}
