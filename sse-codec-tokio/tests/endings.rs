//! Over real sockets: a client can tell a stream that was cut from one that is complete, whatever
//! cut it, and the summary says it.

mod common;

use std::{
    io::{self, ErrorKind},
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{frames::encoded, no_hang};
use sse_codec_tokio::{
    EventSender, Frames, Framing, Reason, ResetOnDrop, ServeOptions, Summary, channel, serve,
};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (client, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    (accepted.unwrap().0, client.unwrap())
}

/// A connection under way.
struct Connection {
    client: TcpStream,
    sender: Option<EventSender>,
    shutdown: CancellationToken,
    serving: JoinHandle<Summary>,
    heard: Arc<Mutex<Option<Summary>>>,
}

impl Connection {
    async fn new(framing: Framing) -> Self {
        let (server, client) = pair().await;
        let (sender, receiver) = channel(4);
        let shutdown = CancellationToken::new();
        let options = ServeOptions::new()
            .framing(framing)
            .shutdown(shutdown.clone())
            .farewell(encoded("bye"))
            .drain(Duration::from_secs(60));
        let heard = Arc::new(Mutex::new(None));
        let hear = Arc::clone(&heard);
        let source = receiver.on_end(move |summary, _| *hear.lock().unwrap() = Some(*summary));
        let serving = match framing {
            Framing::Chunked => tokio::spawn(serve(server, source, options)),
            _ => tokio::spawn(serve(ResetOnDrop::new(server), source, options)),
        };
        Self {
            client,
            sender: Some(sender),
            shutdown,
            serving,
            heard,
        }
    }

    /// Whether the client takes the stream for a complete one, and what the source is told.
    async fn read(mut self, framing: Framing) -> (bool, Summary) {
        let mut received = Vec::new();
        let end = no_hang(self.client.read_to_end(&mut received)).await;
        drop(self.client);
        let _ = self.serving.await;
        let is_whole = match framing {
            Framing::Chunked => received.ends_with(b"\r\n0\r\n\r\n"),
            _ => is_orderly(&end),
        };
        let summary = self.heard.lock().unwrap().take().expect("a summary");
        (is_whole, summary)
    }
}

fn is_orderly(end: &io::Result<usize>) -> bool {
    match end {
        Ok(_) => true,
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
            false
        }
    }
}

const FRAMINGS: [Framing; 2] = [Framing::Chunked, Framing::Close];

/// A producer that sends one event, and then panics or ends; the connection hears of the shutdown
/// when all of it has happened.
async fn produce(sender: EventSender, panics: bool, shutdown: Option<CancellationToken>) {
    sender.send(encoded("x")).await.unwrap();
    if let Some(shutdown) = shutdown {
        shutdown.cancel();
    }
    if panics {
        // A panic without a message among the test's output.
        std::panic::resume_unwind(Box::new(()));
    }
}

#[tokio::test]
async fn a_producer_that_panics_does_not_look_finished() {
    for framing in FRAMINGS {
        for is_draining in [false, true] {
            for panics in [false, true] {
                let mut connection = Connection::new(framing).await;
                let sender = connection.sender.take().unwrap();
                let shutdown = is_draining.then(|| connection.shutdown.clone());
                let producer = tokio::spawn(produce(sender, panics, shutdown));
                let (is_whole, summary) = connection.read(framing).await;
                assert_eq!(producer.await.is_err(), panics);
                assert_eq!(is_whole, !panics, "{framing:?} {is_draining}");
                let reason = match (panics, is_draining) {
                    (true, _) => Reason::SourceFailed,
                    (false, true) => Reason::Shutdown,
                    (false, false) => Reason::Finished,
                };
                assert_eq!((summary.reason, summary.events), (reason, 1));
            }
        }
    }
}

#[tokio::test]
async fn a_serving_task_that_is_aborted_does_not_look_finished() {
    for framing in FRAMINGS {
        for is_draining in [false, true] {
            let mut connection = Connection::new(framing).await;
            let sender = connection.sender.take().unwrap();
            // More than the kernel takes from it, so that it is in the middle of something.
            let large = encoded(&"x".repeat(16 << 20));
            sender.send(large).await.unwrap();
            connection.client.readable().await.unwrap();
            if is_draining {
                connection.shutdown.cancel();
                // It has heard of it when it takes no more.
                while sender.send(encoded("late")).await.is_ok() {}
            }
            connection.serving.abort();
            let (is_whole, summary) = connection.read(framing).await;
            assert!(!is_whole, "{framing:?} {is_draining}");
            let reason = if is_draining {
                Reason::Shutdown
            } else {
                Reason::Dropped
            };
            assert_eq!((summary.reason, summary.events), (reason, 0));
            assert!(summary.cut);
        }
    }
}
