//! The accept loop, over real sockets.
#![cfg(feature = "http1")]

mod common;

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use common::no_hang;
use sse_codec_tokio::AcceptLoop;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Notify, mpsc},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

struct Server {
    address: SocketAddr,
    shutdown: CancellationToken,
    /// A byte to each client that has a place.
    finish: Arc<Notify>,
    trouble: mpsc::UnboundedReceiver<String>,
    task: JoinHandle<()>,
}

/// Every connection gets `+`, lives until `finish`, and panics then.
async fn start(most: usize) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (shutdown, finish) = (CancellationToken::new(), Arc::new(Notify::new()));
    let (teller, trouble) = mpsc::unbounded_channel();
    let accept_loop = AcceptLoop::new(most)
        .shutdown(shutdown.clone())
        .on_trouble(move |trouble| teller.send(trouble.to_string()).unwrap());
    let finished = Arc::clone(&finish);
    let task = tokio::spawn(accept_loop.run(listener, move |mut stream, _| {
        let finished = Arc::clone(&finished);
        async move {
            stream.write_all(b"+").await.unwrap();
            finished.notified().await;
            panic!("as a task may");
        }
    }));
    Server {
        address,
        shutdown,
        finish,
        trouble,
        task,
    }
}

async fn connect(server: &Server) -> (TcpStream, u8) {
    let mut client = TcpStream::connect(server.address).await.unwrap();
    let first = client.read_u8().await.unwrap();
    (client, first)
}

#[tokio::test]
async fn one_too_many_is_answered_and_a_place_that_is_free_again_is_used() {
    no_hang(async {
        let mut server = start(2).await;
        let clients = [connect(&server).await, connect(&server).await];
        assert!(clients.iter().all(|(_, first)| *first == b'+'));
        for _ in 0..3 {
            let (mut refused, first) = connect(&server).await;
            assert_eq!(first, b'H');
            let mut rest = String::new();
            refused.read_to_string(&mut rest).await.unwrap();
            assert!(
                rest.starts_with("TTP/1.1 503 Service Unavailable\r\n"),
                "{rest}"
            );
            assert!(rest.contains("\r\nretry-after: 5\r\n"), "{rest}");
        }
        assert_eq!(
            server.trouble.recv().await.unwrap(),
            "accept: 2 connections, more are refused"
        );
        assert!(server.trouble.try_recv().is_err(), "once, not three times");

        // Its task panics, and its place is free all the same.
        server.finish.notify_one();
        while connect(&server).await.1 != b'+' {}
    })
    .await;
}

#[tokio::test]
async fn shutdown_closes_the_listener_and_waits_for_the_tasks() {
    no_hang(async {
        let server = start(10).await;
        let _client = connect(&server).await;
        server.shutdown.cancel();
        // Refused by the kernel, while a task still runs.
        while TcpStream::connect(server.address).await.is_ok() {}
        assert!(!server.task.is_finished());
        server.finish.notify_one();
        server.task.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn sockets_have_their_options() {
    no_hang(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let with_nodelay = Arc::new(AtomicUsize::new(0));
        let (count, stop) = (Arc::clone(&with_nodelay), shutdown.clone());
        let run = AcceptLoop::new(1)
            .shutdown(shutdown)
            .run(listener, move |stream, _| {
                count.fetch_add(usize::from(stream.nodelay().unwrap()), Ordering::Relaxed);
                stop.cancel();
                async {}
            });
        let (client, ()) = tokio::join!(TcpStream::connect(address), run);
        client.unwrap();
        assert_eq!(with_nodelay.load(Ordering::Relaxed), 1);
    })
    .await;
}
