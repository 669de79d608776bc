//! `EventReader`: the same events however they arrive, bounded, and no memory kept for small ones.

use std::{io, time::Duration};

use sse_codec_tokio::{EventReader, OwnedEvent, ReadError};
use tokio::{
    io::{AsyncRead, AsyncWriteExt, duplex},
    time::Instant,
};
use tokio_stream::StreamExt;

type Seen = (Option<Vec<u8>>, Vec<u8>, Vec<u8>);

fn seen(event: &OwnedEvent) -> Seen {
    (
        event.event_type().map(<[u8]>::to_vec),
        event.data().to_vec(),
        event.last_event_id().to_vec(),
    )
}

async fn all(mut reader: EventReader<impl AsyncRead + Unpin>) -> Vec<Result<Seen, String>> {
    let mut events = Vec::new();
    while let Some(event) = reader.next().await {
        events.push(
            event
                .map(|event| seen(&event))
                .map_err(|error| error.to_string()),
        );
    }
    assert!(reader.next_event().await.is_none(), "the end is the end");
    events
}

#[tokio::test]
async fn the_same_events_however_they_arrive() {
    let stream =
        b"id: 1\ndata: a\n\nevent: e\ndata: b\ndata: c\r\n\r\nevent: e\ndata: d\r\rdata: cut";
    let whole = all(EventReader::new(&stream[..], 64)).await;
    let expected = [(None, "a"), (Some("e"), "b\nc"), (Some("e"), "d")]
        .map(|(kind, data)| Ok((kind.map(Vec::from), Vec::from(data), b"1".to_vec())));
    assert_eq!(whole, expected);

    for size in 1..20 {
        let (mut peer, io) = duplex(size);
        let write = async move { peer.write_all(stream).await.unwrap() };
        let (events, ()) = tokio::join!(all(EventReader::new(io, 64)), write);
        assert_eq!(events, expected);
    }
}

#[tokio::test]
async fn goes_on_after_an_oversized_event() {
    let stream = &b"id: 1\ndata: 123456789\n\ndata: x\n\n"[..];
    let events = all(EventReader::new(stream, 8)).await;
    let error = Err("event larger than the limit of 8 bytes".to_owned());
    assert_eq!(events, [error, Ok((None, b"x".to_vec(), Vec::new()))]);
}

#[tokio::test]
async fn an_event_is_the_one_that_was_sent() {
    let stream = &b"event: e\nid: 7\nretry: 5\ndata: \xFF\n\n"[..];
    let event = EventReader::new(stream, 64).next().await.unwrap().unwrap();
    assert_eq!(event.data_lossy(), "\u{FFFD}");
    assert_eq!(event.id(), Some(&b"7"[..]));
    let frame = sse_codec::Frame::event(event.as_event()).unwrap();
    assert_eq!(frame.to_vec(), stream);
}

#[tokio::test]
async fn a_large_event_is_shared_and_a_small_one_is_not() {
    let mut stream = b"data: small\n\ndata: ".to_vec();
    stream.extend_from_slice(&[b'x'; 4000]);
    stream.extend_from_slice(b"\n\n");
    let mut reader = EventReader::new(&stream[..], 8192);
    let small = reader.next().await.unwrap().unwrap();
    let large = reader.next().await.unwrap().unwrap();
    assert!(small.data().is_unique(), "copied");
    assert!(!large.data().is_unique(), "shared with the reader");
    drop(reader);
    assert!(large.data().is_unique(), "and with nobody else");
}

#[tokio::test]
async fn a_reconnection_goes_on_where_the_last_one_was() {
    let mut reader = EventReader::new(&b"id: 1\nretry: 9\ndata: a\n\nid: 2\ndata: cut off"[..], 64);
    assert!(reader.next().await.is_some());
    assert!(reader.next().await.is_none());
    assert_eq!(reader.last_event_id(), b"1");
    let mut reader = EventReader::with_parser(&b"data: b\n\n"[..], reader.into_parser());
    assert_eq!(reader.retry(), Some(sse_codec::Millis(9)));
    let event = reader.next().await.unwrap().unwrap();
    assert_eq!(seen(&event), (None, b"b".to_vec(), b"1".to_vec()));
}

#[tokio::test(start_paused = true)]
async fn the_read_timeout_counts_from_the_last_byte() {
    let (mut peer, io) = duplex(64);
    let mut reader = EventReader::new(io, 64).with_read_timeout(Duration::from_secs(10));
    let begin = Instant::now();
    let heartbeats = async {
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_secs(9)).await;
            peer.write_all(b":\n\n").await.unwrap();
        }
        peer
    };
    let (item, peer) = tokio::join!(reader.next(), heartbeats);
    assert!(matches!(item, Some(Err(ReadError::TimedOut))), "{item:?}");
    assert_eq!(begin.elapsed().as_secs(), 55);
    assert!(reader.next().await.is_none());
    drop(peer);
}

#[tokio::test]
async fn an_error_of_the_transport_is_the_last_item() {
    let io = tokio_test_io(vec![
        Ok(b"data: a\n\n".to_vec()),
        Err(io::ErrorKind::ConnectionReset),
    ]);
    let mut reader = EventReader::new(io, 64);
    assert_eq!(reader.next().await.unwrap().unwrap().data(), "a");
    let error = reader.next().await.unwrap().unwrap_err();
    assert!(
        matches!(error, ReadError::Transport(error) if error.kind() == io::ErrorKind::ConnectionReset)
    );
    assert!(reader.next().await.is_none());
}

/// Reads these, in order.
fn tokio_test_io(script: Vec<Result<Vec<u8>, io::ErrorKind>>) -> impl AsyncRead + Unpin {
    let stream =
        tokio_stream::iter(script).map(|item| item.map(io::Cursor::new).map_err(io::Error::from));
    tokio_util::io::StreamReader::new(stream)
}

#[tokio::test]
async fn lent_events_are_the_same() {
    let stream =
        b"id: 1\ndata: a\n\nevent: long\ndata: 123456789\n\nevent: e\ndata: b\ndata: c\r\n\r\n";
    let owned = all(EventReader::new(&stream[..], 8)).await;
    for size in 1..20 {
        let (mut peer, io) = duplex(size);
        let write = async move { peer.write_all(stream).await.unwrap() };
        let read = async {
            let mut reader = EventReader::new(io, 8);
            let mut lent = Vec::new();
            while let Some(event) = reader.lend_event().await {
                lent.push(event.map_err(|error| error.to_string()).map(|event| {
                    let event_type = event.event_type().map(<[u8]>::to_vec);
                    (
                        event_type,
                        event.data().to_vec(),
                        event.last_event_id().to_vec(),
                    )
                }));
            }
            lent
        };
        let (lent, ()) = tokio::join!(read, write);
        assert_eq!(lent, owned);
    }
}
