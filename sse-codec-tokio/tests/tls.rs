//! `serve` over TLS, whose stream takes up to 64 KiB more than its peer: what was taken and not
//! flushed is no progress. The client is real too; the clock is paused.

mod common;

use std::{io::ErrorKind, sync::Arc, time::Duration};

use common::{
    frames::{encoded, events, numbered},
    no_hang, ready,
};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use sse_codec::{Millis, TimersConfig};
use sse_codec_tokio::{
    EncodedFrame, EventSender, Framing, Reason, ServeOptions, Summary, channel, serve,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, DuplexStream, duplex},
    task::JoinHandle,
    time::sleep,
};
use tokio_rustls::{
    TlsAcceptor, TlsConnector, client,
    rustls::{ClientConfig, RootCertStore, ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
    server,
};

type Server = server::TlsStream<DuplexStream>;
type Client = client::TlsStream<DuplexStream>;

/// Two ends of a connection whose pipe holds so many bytes.
async fn pair(pipe: usize) -> (Server, Client) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let provider = Arc::new(ring::default_provider());
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let server = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(cert.der().clone()).unwrap();
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let (near, far) = duplex(pipe);
    let name = "localhost".try_into().unwrap();
    let (server, client) = tokio::join!(
        TlsAcceptor::from(Arc::new(server)).accept(near),
        TlsConnector::from(Arc::new(client)).connect(name, far),
    );
    (server.unwrap(), client.unwrap())
}

/// Only the events, and a write deadline of 3 s.
fn options() -> ServeOptions {
    ServeOptions::new()
        .framing(Framing::Elsewhere)
        .greeting(None)
        .timers(TimersConfig::new().with_write_deadline(Millis(3_000)))
}

/// An event of about a kilobyte.
fn event(number: usize) -> EncodedFrame {
    encoded(&numbered(number, 1_000))
}

/// Reads at most so much each second, until the end.
async fn read_slowly(client: &mut (impl AsyncRead + Unpin), a_second: usize) -> Vec<u8> {
    let mut received = Vec::new();
    let mut space = vec![0; 16 * 1024];
    loop {
        let mut left = a_second;
        while left > 0 {
            let most = left.min(space.len());
            match client.read(&mut space[..most]).await {
                Ok(0) | Err(_) => return received,
                Ok(count) => {
                    received.extend_from_slice(&space[..count]);
                    left -= count;
                }
            }
        }
        sleep(Duration::from_secs(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_ended_in_time_at_one_event_a_second() {
    let (server, _client) = pair(8 * 1024).await;
    let (sender, receiver) = channel(16);
    let serving = tokio::spawn(serve(server, receiver, options()));
    let mut accepted = 0;
    while sender.try_send(event(accepted)).is_ok() {
        accepted += 1;
        sleep(Duration::from_secs(1)).await;
    }
    let summary = serving.await.unwrap();
    assert_eq!(summary.reason, Reason::WriteDeadline);
    // The pipe takes seven or eight of them.
    let seconds = summary.duration.as_secs();
    assert!((7 + 3..=8 + 3).contains(&seconds), "{seconds} s");
    check_account(&sender, &summary, accepted);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_never_reads_is_ended_in_time_in_a_burst() {
    for pipe in [64, 8 * 1024, 100 * 1024] {
        let (server, _client) = pair(pipe.max(4 * 1024)).await;
        let (sender, receiver) = channel(300);
        for number in 0..300 {
            sender.try_send(event(number)).unwrap();
        }
        let summary = no_hang(serve(server, receiver, options())).await;
        assert_eq!(summary.reason, Reason::WriteDeadline);
        assert_eq!(summary.duration.as_secs(), 3);
        check_account(&sender, &summary, 300);
    }
}

/// What is not known to have left is given back: all events from the first that was not flushed.
fn check_account(sender: &EventSender, summary: &Summary, accepted: usize) {
    let closed = sender.closed_now().unwrap();
    assert_eq!(closed.handed_over, summary.events);
    let unsent = sender.take_unsent();
    assert_eq!(unsent.len() as u64, accepted as u64 - summary.events);
    for (sequence, frame) in unsent {
        assert_eq!(frame, event(sequence as usize - 1));
    }
}

fn serve_burst(server: Server, source: &str, count: usize) -> JoinHandle<Summary> {
    let all: Vec<_> = (0..count).map(event).collect();
    if source == "stream" {
        return tokio::spawn(serve(server, ready(all), options()));
    }
    let (sender, receiver) = channel(count);
    for frame in all {
        sender.try_send(frame).unwrap();
    }
    tokio::spawn(serve(server, receiver, options()))
}

#[tokio::test(start_paused = true)]
async fn a_client_that_reads_slowly_gets_everything() {
    for source in ["channel", "stream"] {
        for (pipe, a_second) in [(4, 8), (64, 8), (1, 10), (256, 20)] {
            let (server, mut client) = pair(pipe * 1024).await;
            let serving = serve_burst(server, source, 300);
            let received = no_hang_for(600, read_slowly(&mut client, a_second * 1024)).await;
            assert_eq!(events(&received).len(), 300, "{pipe} KiB, {a_second} KiB/s");
            drop(client);
            let summary = serving.await.unwrap();
            assert_eq!((summary.reason, summary.events), (Reason::Finished, 300));
        }
    }
}

async fn no_hang_for<F: Future>(seconds: u64, future: F) -> F::Output {
    let longest = Duration::from_secs(seconds);
    let result = tokio::time::timeout(longest, future).await;
    result.expect("hangs")
}

/// What was flushed has left: the client gets at least as many events as were counted, and no byte
/// that is not of them or of the ones that come back.
#[tokio::test(start_paused = true)]
async fn the_account_is_exact_wherever_the_client_stops() {
    for most in [1, 1_000, 5_000, 17_000, 40_000, 100_000, 200_000] {
        let (server, mut client) = pair(6 * 1024).await;
        let (sender, receiver) = channel(300);
        for number in 0..300 {
            sender.try_send(event(number)).unwrap();
        }
        let serving = tokio::spawn(serve(server, receiver, options()));
        let mut received = vec![0; most];
        client.read_exact(&mut received).await.unwrap();
        let summary = serving.await.unwrap();
        assert_eq!(summary.reason, Reason::WriteDeadline);
        check_account(&sender, &summary, 300);
        // What lies in the pipe.
        let _ = client.read_to_end(&mut received).await;
        let events = events(&received);
        assert!(summary.events <= events.len() as u64);
        assert!(events.len() as u64 <= summary.events + 17, "16 KiB at most");
        assert!(summary.cut);
        for (number, data) in events.iter().enumerate() {
            assert_eq!(*data, numbered(number, 1_000));
        }
    }
}

/// An orderly end says so (`close_notify`); a source that fails must not look like one.
#[tokio::test(start_paused = true)]
async fn a_client_can_tell_a_failed_source_from_a_finished_one() {
    for fails in [false, true] {
        let (server, mut client) = pair(64 * 1024).await;
        let mut items = vec![Ok(event(0)), Ok(event(1))];
        if fails {
            items.push(Err("broken"));
        }
        let serving = tokio::spawn(serve(server, tokio_stream::iter(items), options()));
        let mut received = Vec::new();
        let end = client.read_to_end(&mut received).await;
        assert_eq!(events(&received).len(), 2);
        assert_eq!(
            end.map_err(|error| error.kind()).err(),
            fails.then_some(ErrorKind::UnexpectedEof)
        );
        drop(client);
        let summary = serving.await.unwrap();
        let reason = if fails {
            Reason::SourceFailed
        } else {
            Reason::Finished
        };
        assert_eq!((summary.reason, summary.events), (reason, 2));
    }
}

/// Browsers and phones go without `close_notify` (F78 of docs/field-cases.md).
#[tokio::test(start_paused = true)]
async fn a_client_that_goes_without_a_farewell_of_tls_has_gone() {
    let (server, mut client) = pair(64 * 1024).await;
    let (sender, receiver) = channel(1);
    let serving = tokio::spawn(serve(server, receiver, options()));
    sender.send(event(0)).await.unwrap();
    client.read_u8().await.unwrap();
    drop(client);
    assert_eq!(serving.await.unwrap().reason, Reason::PeerClosed);
    assert_eq!(sender.closed().await.reason, Reason::PeerClosed);
}
