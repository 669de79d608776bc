//! What users of other servers and clients ran into and reported, tried on these, through real
//! sockets where the report was about one. Where each case comes from is in `docs/field-cases.md`;
//! the IDs are those of its table.

mod common;

use std::{io, time::Duration};

use common::{
    frames::{body, encoded, events},
    no_hang,
};
use socket2::SockRef;
use sse_codec_tokio::{
    EventReader, ReadError, Reason, ServeOptions, TcpOptions, TrySendError, channel, serve,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    net::{TcpListener, TcpStream},
    time::{Instant, timeout},
};
use tokio_stream::StreamExt;

/// The server's and the client's end of a connection.
async fn connect() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    let (server, _) = listener.accept().await.unwrap();
    TcpOptions::new().apply(&server).unwrap();
    (server, client)
}

async fn read_to_end(client: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    no_hang(client.read_to_end(&mut received)).await.unwrap();
    received
}

/// F50: a client that went with a reset took the event from all who came after it in the loop.
#[tokio::test]
async fn a_client_that_resets_disturbs_no_other() {
    let (mut senders, mut clients) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let (server, client) = connect().await;
        let (sender, receiver) = channel(4);
        tokio::spawn(serve(server, receiver, ServeOptions::new()));
        senders.push(sender);
        clients.push(client);
    }
    let gone = clients.remove(1);
    SockRef::from(&gone)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(gone);
    assert_eq!(
        no_hang(senders[1].closed()).await.reason,
        Reason::PeerClosed
    );

    for text in ["one", "two"] {
        for (number, sender) in senders.iter().enumerate() {
            let refused = sender.try_send(encoded(text)).err();
            let gone = TrySendError::Ended(Reason::PeerClosed);
            assert_eq!(refused, (number == 1).then_some(gone));
        }
    }
    drop(senders);
    for mut client in clients {
        let received = read_to_end(&mut client).await;
        assert_eq!(events(body(&received)), ["one", "two"]);
    }
}

/// F51: a client that does not read must neither hold up the publisher nor take memory for it.
#[tokio::test]
async fn a_client_that_does_not_read_holds_up_nobody() {
    const EVENTS: usize = 2_000;
    let text = "x".repeat(1_000);
    let (server, asleep) = connect().await;
    let (slow, receiver) = channel(8);
    tokio::spawn(serve(server, receiver, ServeOptions::new()));
    let (server, mut awake) = connect().await;
    let (quick, receiver) = channel(8);
    tokio::spawn(serve(server, receiver, ServeOptions::new()));

    let reading = tokio::spawn(async move { read_to_end(&mut awake).await });
    let mut refused = 0;
    for _ in 0..EVENTS {
        match slow.try_send(encoded(&text)) {
            Ok(_) => {}
            Err(TrySendError::Full(_)) => refused += 1,
            Err(error) => panic!("{error}"),
        }
        no_hang(quick.send(encoded(&text))).await.unwrap();
    }
    drop(quick);
    let received = no_hang(reading).await.unwrap();
    assert_eq!(events(body(&received)).len(), EVENTS);
    assert!(
        refused > EVENTS / 2,
        "{refused} refused: the rest is in the kernel"
    );
    drop((slow, asleep));
}

/// F52: a request with a body, which the server has read; its end is not the client's.
#[tokio::test]
async fn a_request_whose_body_was_read_is_answered_like_any_other() {
    let (mut server, mut client) = connect().await;
    let request = b"POST /mcp HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\n{}";
    client.write_all(request).await.unwrap();
    server
        .read_exact(&mut vec![0; request.len()])
        .await
        .unwrap();
    let (sender, receiver) = channel(4);
    let serving = tokio::spawn(serve(server, receiver, ServeOptions::new()));
    for text in ["a", "b"] {
        no_hang(sender.send(encoded(text))).await.unwrap();
    }
    drop(sender);
    let received = read_to_end(&mut client).await;
    assert_eq!(events(body(&received)), ["a", "b"]);
    drop(client);
    assert_eq!(no_hang(serving).await.unwrap().reason, Reason::Finished);
}

/// S12: the viewer of a live value who cannot keep up wants the newest one, not all of them.
#[tokio::test]
async fn a_slow_viewer_of_a_value_sees_the_newest() {
    let (value, receiver) = tokio::sync::watch::channel(encoded("0"));
    let (io, mut peer) = duplex(64);
    let source = tokio_stream::wrappers::WatchStream::new(receiver);
    let serving = tokio::spawn(serve(io, source, ServeOptions::new().buffer_limit(64)));
    for number in 1..=10_000 {
        value.send_replace(encoded(&number.to_string()));
        if number % 1_000 == 0 {
            tokio::task::yield_now().await;
        }
    }
    drop(value);
    let mut received = Vec::new();
    no_hang(peer.read_to_end(&mut received)).await.unwrap();
    drop(peer);
    let seen = events(body(&received));
    assert_eq!(seen.last().map(String::as_str), Some("10000"));
    assert!(seen.len() < 1_000, "{} of 10,000", seen.len());
    assert_eq!(no_hang(serving).await.unwrap().reason, Reason::Finished);
}

// Reading.

/// F53, C11: what came whole before the transport broke is given out before the error.
#[tokio::test]
async fn events_before_a_broken_end_are_not_lost() {
    let (mut server, client) = connect().await;
    let stream = b"data: a\n\ndata: {\"type\":\"response.completed\"}\n\ndata: half";
    server.write_all(stream).await.unwrap();
    let mut reader = EventReader::new(client, 1024);
    for data in ["a", "{\"type\":\"response.completed\"}"] {
        let event = no_hang(reader.next_event()).await.unwrap().unwrap();
        assert_eq!(event.data(), data);
    }
    SockRef::from(&server)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(server);
    let error = no_hang(reader.next_event()).await.unwrap().unwrap_err();
    assert!(
        matches!(&error, ReadError::Transport(error) if error.kind() == io::ErrorKind::ConnectionReset),
        "{error}"
    );
    assert!(reader.next_event().await.is_none());
}

/// F54: a reader in a `select!` with a timer, which is dropped at every tick.
#[tokio::test(start_paused = true)]
async fn a_reader_that_is_dropped_again_and_again_loses_nothing() {
    let (mut peer, io) = duplex(1024);
    let writing = tokio::spawn(async move {
        for number in 0..100 {
            for piece in format!("id: {number}\ndata: event\ndata: {number}\n\n")
                .as_bytes()
                .chunks(5)
            {
                peer.write_all(piece).await.unwrap();
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
    });
    let mut reader = EventReader::new(io, 1024);
    let mut tick = tokio::time::interval(Duration::from_millis(2));
    let (mut seen, mut ticks) = (Vec::new(), 0);
    loop {
        tokio::select! {
            biased;
            _ = tick.tick() => ticks += 1,
            event = reader.next_event() => match event {
                Some(event) => seen.push(event.unwrap().data_str().unwrap().to_owned()),
                None => break,
            },
        }
    }
    writing.await.unwrap();
    let expected: Vec<_> = (0..100).map(|number| format!("event\n{number}")).collect();
    assert_eq!(seen, expected);
    assert!(ticks > 500, "{ticks}");
}

/// F55: a server that answers and then says nothing more, ever.
#[tokio::test(start_paused = true)]
async fn a_server_that_stalls_is_given_up_after_the_read_timeout() {
    let (mut peer, io) = duplex(1024);
    peer.write_all(b"data: a\n\ndata: hal").await.unwrap();
    let mut reader = EventReader::new(io, 1024).with_read_timeout(Duration::from_secs(30));
    assert_eq!(reader.next_event().await.unwrap().unwrap().data(), "a");
    let begin = Instant::now();
    let error = reader.next_event().await.unwrap().unwrap_err();
    assert!(matches!(error, ReadError::TimedOut), "{error}");
    assert_eq!(begin.elapsed().as_secs(), 30);
    drop(peer);
}

/// F56, C08, P10: heartbeats keep a connection alive for hours. A caller who wants events and not
/// only bytes sets a second time, and loses nothing by it.
#[tokio::test(start_paused = true)]
async fn heartbeats_are_life_and_no_events() {
    let (mut peer, io) = duplex(1024);
    let beating = tokio::spawn(async move {
        for _ in 0..1_000 {
            peer.write_all(b": ping\n").await.unwrap();
            tokio::time::sleep(Duration::from_secs(15)).await;
        }
        peer.write_all(b"data: at last\n\n").await.unwrap();
    });
    let mut reader = EventReader::new(io, 1024).with_read_timeout(Duration::from_secs(20));
    let waited = timeout(Duration::from_secs(60), reader.next_event()).await;
    assert!(waited.is_err(), "no event in a minute");
    let event = reader.next().await.unwrap().unwrap();
    assert_eq!(event.data(), "at last");
    beating.await.unwrap();
}

/// F18, F20: a generated image in one line, from a socket.
#[tokio::test]
async fn an_image_in_one_line_arrives_and_one_beyond_the_limit_is_one_error() {
    const IMAGE: usize = 4 << 20;
    for (limit, arrives) in [(IMAGE, true), (IMAGE - 1, false)] {
        let (mut server, client) = connect().await;
        let writing = tokio::spawn(async move {
            server.write_all(b"data: ").await?;
            server.write_all(&vec![b'A'; IMAGE]).await?;
            server.write_all(b"\n\ndata: [DONE]\n\n").await
        });
        let mut reader = EventReader::new(client, limit);
        let image = no_hang(reader.next_event()).await.unwrap();
        match image {
            Ok(event) => assert!(arrives && event.data().len() == IMAGE),
            Err(error) => assert!(
                !arrives && matches!(error, ReadError::Overflow(_)),
                "{error}"
            ),
        }
        let done = no_hang(reader.next_event()).await.unwrap().unwrap();
        assert_eq!(done.data(), "[DONE]");
        writing.await.unwrap().unwrap();
    }
}

// Behind a framework's server.

#[cfg(feature = "http-body")]
mod body {
    use std::sync::Arc;

    use axum::{Router, body::Body, response::Response, routing::get};
    use sse_codec::http::RESPONSE_HEADERS;
    use sse_codec_tokio::{EventBody, EventSender};
    use tokio::sync::mpsc;

    use super::*;

    /// A server whose streams are fed by who takes the senders.
    async fn server() -> (std::net::SocketAddr, mpsc::UnboundedReceiver<EventSender>) {
        let (new, senders) = mpsc::unbounded_channel();
        let options = Arc::new(ServeOptions::new());
        let stream = move || {
            let (sender, receiver) = channel(4);
            new.send(sender).unwrap();
            let body = Body::new(EventBody::new(receiver, Arc::clone(&options)));
            let mut response = Response::new(body);
            for (name, value) in RESPONSE_HEADERS {
                response.headers_mut().insert(name, value.parse().unwrap());
            }
            std::future::ready(response)
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app = Router::new().route("/events", get(stream));
        tokio::spawn(async { axum::serve(listener, app).await.unwrap() });
        (address, senders)
    }

    async fn request(address: std::net::SocketAddr, method: &str) -> (TcpStream, String) {
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = format!("{method} /events HTTP/1.1\r\nhost: x\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(no_hang(client.read_u8()).await.unwrap());
        }
        (client, String::from_utf8(head).unwrap())
    }

    /// S06: a monitor that asks with HEAD held a producer for ever.
    #[tokio::test]
    async fn a_request_for_the_head_holds_no_producer() {
        let (address, mut senders) = server().await;
        let mut clients = Vec::new();
        for _ in 0..20 {
            let (client, head) = request(address, "HEAD").await;
            assert!(
                head.contains("content-type: text/event-stream\r\n"),
                "{head}"
            );
            clients.push(client);
        }
        for _ in 0..20 {
            let sender = senders.recv().await.unwrap();
            assert_eq!(no_hang(sender.closed()).await.reason, Reason::PeerClosed);
        }
    }

    /// F57: the page was closed, and nobody told the producer, which has nothing to send.
    #[tokio::test]
    async fn a_silent_producer_hears_that_the_page_was_closed() {
        let (address, mut senders) = server().await;
        for _ in 0..20 {
            let (client, _) = request(address, "GET").await;
            drop(client);
            let sender = senders.recv().await.unwrap();
            assert_eq!(no_hang(sender.closed()).await.reason, Reason::PeerClosed);
        }
    }
}
