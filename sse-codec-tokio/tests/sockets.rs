//! `serve` over real sockets, by order and outcome: nothing here depends on how long anything
//! takes, as long as it does not hang.

mod common;

use std::{
    io::ErrorKind,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use common::{
    FromFn, Resource,
    frames::{HEARTBEAT, body, bytes, comments, encoded, events},
    no_hang, ready, silent,
};
use socket2::SockRef;
use sse_codec::{Millis, TimersConfig, http};
use sse_codec_tokio::{
    Framing, Reason, SendError, ServeOptions, TcpOptions, TrySendError, channel, serve,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};
use tokio_util::sync::CancellationToken;

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

/// Closes with a reset.
fn reset(client: TcpStream) {
    SockRef::from(&client)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
}

async fn read_some(client: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut received = vec![0; len];
    no_hang(client.read_exact(&mut received)).await.unwrap();
    received
}

async fn read_to_end(client: &mut TcpStream) -> Vec<u8> {
    let mut received = Vec::new();
    no_hang(client.read_to_end(&mut received)).await.unwrap();
    received
}

fn bare() -> ServeOptions {
    ServeOptions::new()
        .framing(Framing::Elsewhere)
        .greeting(None)
}

fn heartbeat_every(millis: u64) -> TimersConfig {
    TimersConfig::new().with_heartbeat(Millis(millis), Millis(0))
}

#[tokio::test]
async fn an_event_pushed_before_there_is_a_connection_arrives() {
    let (sender, receiver) = channel(4);
    assert_eq!(sender.try_send(encoded("early")), Ok(1));
    assert_eq!(no_hang(sender.send(encoded("birds"))).await, Ok(2));

    let (server, mut client) = connect().await;
    tokio::spawn(serve(server, receiver, ServeOptions::new()));
    drop(sender);
    let received = read_to_end(&mut client).await;
    assert_eq!(events(body(&received)), ["early", "birds"]);
}

#[tokio::test]
async fn a_newline_arrives_as_a_newline() {
    let (server, mut client) = connect().await;
    let data = ["\n", "", "a\n", "\n\n"];
    tokio::spawn(serve(server, ready(data.map(encoded).into()), bare()));
    assert_eq!(events(&read_to_end(&mut client).await), data);
}

#[tokio::test]
async fn the_head_and_the_first_bytes_are_read_before_there_is_an_event() {
    let (sender, receiver) = channel(4);
    let (server, mut client) = connect().await;
    tokio::spawn(serve(server, receiver, ServeOptions::new()));
    let first = [http::RESPONSE_HEAD_CLOSE, HEARTBEAT].concat();
    assert_eq!(read_some(&mut client, first.len()).await, first);
    // Only the client's reading allows the event to be made.
    sender.send(encoded("made now")).await.unwrap();
    let event = bytes("made now");
    assert_eq!(read_some(&mut client, event.len()).await, event);
}

#[tokio::test]
async fn a_silent_producer_hears_of_the_end_and_its_resources_are_freed() {
    for with_reset in [false, true] {
        let resources = Arc::default();
        let (sender, receiver) = channel(4);
        let (server, mut client) = connect().await;
        let serving = tokio::spawn(serve(server, receiver, ServeOptions::new()));
        let resource = Resource::new(&resources);
        let producer = tokio::spawn(async move {
            let _resource = resource;
            sender.closed().await.reason
        });

        // The same without a channel.
        let (other_server, mut other_client) = connect().await;
        let source = silent(Resource::new(&resources));
        let other_serving = tokio::spawn(serve(other_server, source, ServeOptions::new()));

        assert_eq!(resources.load(Ordering::SeqCst), 2);
        for client in [&mut client, &mut other_client] {
            read_some(client, http::RESPONSE_HEAD_CLOSE.len()).await;
        }
        for client in [client, other_client] {
            if with_reset {
                reset(client);
            }
        }
        assert_eq!(no_hang(producer).await.unwrap(), Reason::PeerClosed);
        assert_eq!(no_hang(serving).await.unwrap().reason, Reason::PeerClosed);
        assert_eq!(
            no_hang(other_serving).await.unwrap().reason,
            Reason::PeerClosed
        );
        assert_eq!(resources.load(Ordering::SeqCst), 0);
    }
}

#[tokio::test]
async fn heartbeats_reach_the_client_and_sends_after_the_end_say_why_it_ended() {
    let (sender, receiver) = channel(4);
    let (server, mut client) = connect().await;
    tokio::spawn(serve(server, receiver, bare().timers(heartbeat_every(5))));
    let received = read_some(&mut client, 10 * HEARTBEAT.len()).await;
    assert_eq!(comments(&received), 10);
    drop(client);
    no_hang(sender.closed()).await;
    let ended = sender.send(encoded("too late")).await;
    assert_eq!(ended, Err(SendError::Ended(Reason::PeerClosed)));
    let ended = sender.try_send(encoded("too late"));
    assert_eq!(ended, Err(TrySendError::Ended(Reason::PeerClosed)));
}

#[tokio::test]
async fn everything_ends_when_it_is_cancelled() {
    let token = CancellationToken::new();
    let options = Arc::new(
        ServeOptions::new()
            .shutdown(token.clone())
            .come_back_after(Duration::from_secs(1), Duration::from_secs(3))
            .farewell(encoded("bye")),
    );
    let mut connections = Vec::new();
    for _ in 0..50 {
        let (sender, receiver) = channel(8);
        let (server, mut client) = connect().await;
        let serving = tokio::spawn(serve(server, receiver, Arc::clone(&options)));
        read_some(&mut client, http::RESPONSE_HEAD_CLOSE.len()).await;
        connections.push((sender, serving, client));
    }
    for (sender, ..) in &connections {
        sender.send(encoded("accepted")).await.unwrap();
    }
    token.cancel();
    for (sender, serving, mut client) in connections {
        let received = read_to_end(&mut client).await;
        assert_eq!(events(&received), ["accepted", "bye"]);
        assert!(received.windows(7).any(|line| line == b"retry: "));
        let closed = no_hang(sender.closed()).await;
        assert_eq!(
            (closed.reason, closed.handed_over, closed.cut),
            (Reason::Shutdown, 1, false)
        );
        drop(client);
        assert_eq!(no_hang(serving).await.unwrap().reason, Reason::Shutdown);
    }
}

#[tokio::test]
async fn a_finished_stream_is_read_to_its_end_by_a_slow_client() {
    let (server, mut client) = connect().await;
    let all: Vec<_> = (0..3_000)
        .map(|n| encoded(&format!("{n} {}", "x".repeat(300))))
        .collect();
    let serving = tokio::spawn(serve(server, ready(all), bare()));
    let mut received = Vec::new();
    loop {
        let mut part = [0; 7_000];
        match no_hang(client.read(&mut part)).await.unwrap() {
            0 => break,
            count => received.extend_from_slice(&part[..count]),
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(events(&received).len(), 3_000);
    drop(client);
    let summary = no_hang(serving).await.unwrap();
    assert_eq!((summary.reason, summary.events), (Reason::Finished, 3_000));
    assert_eq!(summary.bytes, received.len() as u64);
}

#[tokio::test]
async fn a_client_that_has_sent_more_still_reads_a_finished_stream_to_its_end() {
    for _ in 0..20 {
        let (sender, receiver) = channel(4);
        let (server, mut client) = connect().await;
        let serving = tokio::spawn(serve(server, receiver, bare()));
        sender.send(encoded("first")).await.unwrap();
        read_some(&mut client, bytes("first").len()).await;
        for _ in 0..4 {
            sender.send(encoded(&"x".repeat(100_000))).await.unwrap();
        }
        drop(sender);
        client.write_all(b"\r\n").await.unwrap();
        let received = read_to_end(&mut client).await;
        assert_eq!(events(&received).len(), 4);
        drop(client);
        assert_eq!(no_hang(serving).await.unwrap().reason, Reason::Finished);
    }
}

/// A socket closed with something unread in it would be reset, and what lies in the client's
/// buffers be lost.
#[tokio::test]
async fn a_client_that_sends_after_the_end_still_reads_all_of_it() {
    let (server, mut client) = connect().await;
    SockRef::from(&client).set_recv_buffer_size(4096).unwrap();
    let all: Vec<_> = (0..30).map(|_| encoded(&"x".repeat(1_000))).collect();
    let (sender, receiver) = channel(30);
    for frame in all {
        sender.send(frame).await.unwrap();
    }
    drop(sender);
    let serving = tokio::spawn(serve(server, receiver, bare()));
    // Its first events, and then a word, long after the server has closed its side.
    let mut received = read_some(&mut client, 2_000).await;
    for _ in 0..50 {
        client.write_all(b"?").await.unwrap();
        tokio::task::yield_now().await;
    }
    received.extend(read_to_end(&mut client).await);
    assert_eq!(events(&received).len(), 30);
    drop(client);
    assert_eq!(no_hang(serving).await.unwrap().reason, Reason::Finished);
}

#[tokio::test]
async fn a_client_that_does_not_read_takes_a_bounded_amount_and_is_evicted() {
    let (server, client) = connect().await;
    SockRef::from(&client)
        .set_recv_buffer_size(16 * 1024)
        .unwrap();
    let pulled = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&pulled);
    let event = encoded(&"x".repeat(1_000));
    let len = event.as_bytes().len();
    let source = FromFn(move |_: &mut Context<'_>| {
        counter.fetch_add(len, Ordering::SeqCst);
        Poll::Ready(Some(event.clone()))
    });
    let timers = TimersConfig::new().with_write_deadline(Millis(200));
    let options = bare().timers(timers).buffer_limit(8 * 1024);
    let summary = no_hang(serve(server, source, options)).await;
    assert_eq!(summary.reason, Reason::WriteDeadline);
    let pulled = pulled.load(Ordering::SeqCst);
    assert!(pulled < 1 << 20, "{pulled} bytes");
    assert!(summary.high_water <= 8 * 1024);
    assert!(summary.events as usize * len <= summary.bytes as usize);
    drop(client);
}

#[tokio::test]
async fn a_client_may_go_on_reading_after_a_half_close_if_it_is_allowed() {
    let (sender, receiver) = channel(4);
    let (server, mut client) = connect().await;
    let options = bare().timers(heartbeat_every(5)).allow_half_close(true);
    let serving = tokio::spawn(serve(server, receiver, options));
    client.shutdown().await.unwrap();
    read_some(&mut client, 3 * HEARTBEAT.len()).await;
    sender.send(encoded("still there")).await.unwrap();
    let mut received = Vec::new();
    while events(&received).is_empty() {
        received.push(read_some(&mut client, 1).await[0]);
    }
    // From now on a heartbeat finds out.
    reset(client);
    assert_eq!(no_hang(sender.closed()).await.reason, Reason::PeerClosed);
    assert_eq!(no_hang(serving).await.unwrap().events, 1);
}

#[tokio::test]
async fn a_client_that_sends_too_much_is_ended() {
    let (sender, receiver) = channel(4);
    let (server, mut client) = connect().await;
    tokio::spawn(serve(server, receiver, ServeOptions::new()));
    let sending = tokio::spawn(async move {
        loop {
            if let Err(error) = client.write_all(&[b'?'; 4096]).await {
                return error.kind();
            }
        }
    });
    assert_eq!(no_hang(sender.closed()).await.reason, Reason::TooMuchInput);
    let kind = no_hang(sending).await.unwrap();
    assert!(matches!(
        kind,
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
    ));
}

#[tokio::test]
async fn dropping_the_future_closes_the_connection_and_the_sender_hears_of_it() {
    let (sender, receiver) = channel(4);
    let (server, mut client) = connect().await;
    let (started, start) = oneshot::channel();
    let serving = tokio::spawn(async move {
        let serving = serve(server, receiver, ServeOptions::new());
        started.send(()).unwrap();
        serving.await
    });
    no_hang(start).await.unwrap();
    read_some(&mut client, http::RESPONSE_HEAD_CLOSE.len() + 3).await;
    serving.abort();
    assert_eq!(no_hang(sender.closed()).await.reason, Reason::Dropped);
    assert_eq!(read_to_end(&mut client).await, b"");
}

#[tokio::test]
async fn the_options_are_set_on_the_socket() {
    let (server, _client) = connect().await;
    let defaults = SockRef::from(&server);
    assert!(defaults.tcp_nodelay().unwrap());
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        assert_eq!(defaults.tcp_notsent_lowat().unwrap(), 16 * 1024);
        assert_eq!(
            defaults.tcp_user_timeout().unwrap(),
            Some(Duration::from_secs(30))
        );
        let options = TcpOptions::new()
            .nodelay(false)
            .unsent(Some(4096))
            .user_timeout(Some(Duration::from_millis(1_500)));
        options.apply(&server).unwrap();
        assert!(!defaults.tcp_nodelay().unwrap());
        assert_eq!(defaults.tcp_notsent_lowat().unwrap(), 4096);
        assert_eq!(
            defaults.tcp_user_timeout().unwrap(),
            Some(Duration::from_millis(1_500))
        );

        // `None` leaves what is set.
        TcpOptions::new()
            .unsent(None)
            .user_timeout(None)
            .apply(&server)
            .unwrap();
        assert_eq!(defaults.tcp_notsent_lowat().unwrap(), 4096);
        assert_eq!(
            defaults.tcp_user_timeout().unwrap(),
            Some(Duration::from_millis(1_500))
        );
    }
}
