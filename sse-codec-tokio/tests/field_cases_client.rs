//! What users of other clients ran into, tried on [`EventSource`] through real sockets. Most such
//! cases are in `tests/client`, on scripted connections; `docs/field-cases.md` names all of them.
#![cfg(all(feature = "client", feature = "http1"))]

mod common;
#[path = "../examples/client/hyper.rs"]
mod hyper_connector;

use std::{fmt::Display, net::SocketAddr, time::Duration};

use bytes::Bytes;
use common::no_hang;
use http::Request;
use sse_codec::{Millis, ReconnectConfig, http::Unsendable};
use sse_codec_tokio::{
    client::{Connect, EventSource, EventsError, Item, Over, Why},
    request,
};
use tokio::{
    io::AsyncWriteExt,
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
};
use tokio_stream::StreamExt;

/// Soon back.
const SOON: ReconnectConfig = ReconnectConfig::new()
    .with_base(Millis(1))
    .with_floor(Millis(1))
    .with_longest(Millis(5));

/// A stream with this body.
fn stream(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{body}")
}

/// Gives one request after the other these answers, then 204. It takes heads of up to 16 KiB, as most
/// servers do, and tells the `Last-Event-ID` of each.
async fn server(answers: Vec<String>) -> (SocketAddr, UnboundedReceiver<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (told, ids) = unbounded_channel();
    tokio::spawn(async move {
        let mut answers = answers.into_iter();
        while let Ok((mut stream, _)) = listener.accept().await {
            let reading = request::Request::read(&mut stream, 16 * 1024, Duration::from_secs(10));
            let answer = match reading.await {
                Ok(request) => {
                    let _ = told.send(request.last_event_id().to_vec());
                    let end = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
                    answers.next().unwrap_or_else(|| end.into())
                }
                Err(refusal) => {
                    let _ = refusal.answer(&mut stream).await;
                    continue;
                }
            };
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, ids)
}

fn source(
    address: SocketAddr,
) -> EventSource<impl Connect<Error: Display, Body: http_body::Body<Error: Display>> + Unpin> {
    let request = Request::get(format!("http://{address}/events"));
    let request = request.body(Bytes::new()).unwrap();
    EventSource::new(request, hyper_connector::connect, 1 << 20).with_reconnect(SOON)
}

/// F40: a server that sends an ID no server takes. A client that sends it back is refused for ever.
#[tokio::test]
async fn an_id_that_is_too_long_for_a_header_does_not_shut_the_client_out() {
    let long = format!("id: {}\ndata: a\n\n", "x".repeat(100_000));
    let answers = [long.as_str(), "data: b\n\nid: 2\ndata: c\n\n"].map(stream);
    let (address, mut ids) = server(answers.into()).await;
    let mut source = source(address);
    let (mut events, mut told) = (Vec::new(), 0);
    let over = loop {
        match no_hang(source.next()).await.unwrap() {
            Ok(Item::Event(event)) => events.push(event.data_lossy().into_owned()),
            Ok(Item::Unsendable(Unsendable::TooLong { .. })) => told += 1,
            Ok(_) => {}
            Err(over) => break over,
        }
    };
    assert!(matches!(over, Over::NoContent), "{over}");
    assert_eq!(events, ["a", "b", "c"]);
    assert_eq!(told, 1);
    for id in [&b""[..], b"", b"2"] {
        assert_eq!(ids.recv().await.unwrap(), id);
    }
}

/// F43, C03: answers that bring nothing, and a `retry` of 0, are no reason to come back at once.
#[tokio::test]
async fn a_server_that_has_nothing_is_asked_less_and_less_often() {
    let answers = ["retry: 0\n\n", "retry: 0\n\n", "", "", "", "", ""].map(stream);
    let (address, mut ids) = server(answers.into()).await;
    let config = ReconnectConfig::new()
        .with_base(Millis(2))
        .with_floor(Millis(2))
        .with_longest(Millis(1_000));
    let mut source = source(address).with_reconnect(config);
    let mut waits = Vec::new();
    loop {
        match no_hang(source.next()).await.unwrap() {
            Ok(Item::Reconnecting { after, why }) => {
                assert!(matches!(why, Why::Closed), "{why}");
                waits.push(after);
            }
            Ok(_) => {}
            Err(over) => break assert!(matches!(over, Over::NoContent), "{over}"),
        }
    }
    assert_eq!(waits.len(), 7);
    assert!(waits[0] >= Duration::from_millis(2), "{waits:?}");
    assert!(waits[6] >= 16 * Duration::from_millis(2), "{waits:?}");
    drop(source);
    let mut asked = 0;
    while let Ok(id) = ids.try_recv() {
        assert_eq!(id, b"");
        asked += 1;
    }
    assert_eq!(asked, 8);
}

/// C06: a deploy. The client comes back where it was, and the break was no error.
#[tokio::test]
async fn a_server_that_is_away_for_a_while_is_waited_for() {
    let away = "HTTP/1.1 503 Service Unavailable\r\nretry-after: 0\r\nconnection: close\r\n\r\n";
    let answers = [
        stream("id: 1\ndata: a\n\ndata: half"),
        away.into(),
        away.into(),
        stream("data: b\n\n"),
    ];
    let (address, mut ids) = server(answers.into()).await;
    let mut source = source(address);
    let mut events = Vec::new();
    loop {
        match no_hang(source.events().next()).await.unwrap() {
            Ok(event) => events.push(event.data_lossy().into_owned()),
            Err(EventsError::Over(Over::NoContent)) => break,
            Err(error) => panic!("{error}"),
        }
    }
    assert_eq!(events, ["a", "b"]);
    for id in [&b""[..], b"1", b"1", b"1", b"1"] {
        assert_eq!(ids.recv().await.unwrap(), id);
    }
}
