//! What an `EventReader` reads from, what it shares with it, and what it gives back.

mod common;

use std::{
    collections::VecDeque,
    convert::Infallible,
    error::Error,
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use common::run;
use sse_codec::{Millis, Parser};
use sse_codec_tokio::{EventReader, FromStream, ReadError};
use tokio::io::AsyncReadExt;
use tokio_stream::{Stream, StreamExt};

/// Of an HTTP client that is neither `std` nor `Into<Box<dyn Error>>`.
#[derive(Debug, PartialEq)]
struct Broken(u32);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken {}", self.0)
    }
}

impl Error for Broken {}

fn chunks<E>(chunks: &[&'static [u8]]) -> impl Stream<Item = Result<Bytes, E>> + Unpin + use<E> {
    let chunks: Vec<_> = chunks.iter().copied().map(Bytes::from_static).collect();
    tokio_stream::iter(chunks.into_iter().map(Ok))
}

#[tokio::test]
async fn a_stream_of_bytes_and_its_own_error() {
    let stream = chunks(&[b"id: 1\nda", b"", b"ta: a\n", b"\ndata: b"])
        .chain(tokio_stream::once(Err(Broken(7))));
    let mut events = EventReader::from_stream(stream, 64);
    assert_eq!(events.next_event().await.unwrap().unwrap().data(), "a");
    let error = events.next_event().await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "broken 7");
    assert!(error.source().unwrap().is::<Broken>());
    assert!(matches!(error, ReadError::Transport(Broken(7))));
    assert!(events.next_event().await.is_none(), "once");
    assert!(events.ended_inside_block());
    assert_eq!(events.last_event_id(), b"1");
}

/// The reader can go to another task, whatever the error is.
#[tokio::test]
async fn a_reader_can_be_spawned() {
    let stream = Box::pin(chunks::<Broken>(&[b"data: a\n\n"]));
    let mut events = EventReader::from_stream(stream, 64);
    let task = tokio::spawn(async move { events.next_event().await.unwrap().unwrap() });
    assert_eq!(task.await.unwrap().data(), "a");
}

#[tokio::test]
async fn a_large_event_shares_the_chunk_it_came_in_and_a_small_one_does_not() {
    let mut large = b"data: ".to_vec();
    large.extend_from_slice(&[b'x'; 20_000]);
    large.extend_from_slice(b"\n\ndata: small\n\n");
    let chunk = Bytes::from(large);
    let inside = chunk.as_ptr_range();
    let stream = tokio_stream::iter([Ok::<_, Infallible>(chunk.clone())]);
    let mut events = EventReader::from_stream(stream, 64 << 10);
    let large = events.next_event().await.unwrap().unwrap();
    assert!(inside.contains(&large.data().as_ptr()));
    let small = events.next_event().await.unwrap().unwrap();
    assert!(!inside.contains(&small.data().as_ptr()));
    assert!(events.next_event().await.is_none());
    drop((chunk, small));
    assert!(
        large.data().is_unique(),
        "the reader keeps nothing that is used up"
    );
}

/// 3,000 bytes of a chunk of 64 KiB are not worth keeping it.
#[tokio::test]
async fn an_event_keeps_at_most_four_times_its_size() {
    let mut chunk = b"data: ".to_vec();
    chunk.extend_from_slice(&[b'x'; 3_000]);
    chunk.extend_from_slice(b"\n\n");
    chunk.resize(64 << 10, b'\n');
    let stream = tokio_stream::iter([Ok::<_, Infallible>(Bytes::from(chunk))]);
    let mut events = EventReader::from_stream(stream, 64 << 10);
    let event = events.next_event().await.unwrap().unwrap();
    assert!(event.data().is_unique());
}

/// Chunks without bytes do not end the stream, and do not keep other tasks from their turn.
#[test]
fn empty_chunks_for_ever() {
    let stream = tokio_stream::iter(std::iter::repeat_with(|| Ok::<_, Infallible>(Bytes::new())));
    let mut events = EventReader::from_stream(stream, 64);
    let polled = common::poll_times(100, events.next_event(), || {});
    assert!(polled.is_none(), "{polled:?}");
}

#[tokio::test]
async fn the_transport_comes_back_with_what_was_read_and_not_used() {
    let stream = b"data: a\n\ndata: b\n\nHTTP/1.1 200 OK\r\n".as_slice();
    let behind = b"and so on".as_slice();
    let mut events = EventReader::new(stream.chain(behind), 64);
    assert_eq!(events.next_event().await.unwrap().unwrap().data(), "a");
    assert_eq!(events.next_event().await.unwrap().unwrap().data(), "b");
    assert_eq!(events.get_ref().get_ref().0, b"");
    let (transport, unused) = events.into_inner();
    assert_eq!(unused, "HTTP/1.1 200 OK\r\n");
    assert_eq!(transport.get_ref().1, &behind);

    let events = EventReader::from_stream(chunks::<Infallible>(&[b"data: a\n\n"]), 64);
    let (FromStream(mut stream), unused) = events.into_inner();
    assert!(unused.is_empty());
    assert_eq!(stream.next().await.unwrap().unwrap(), "data: a\n\n");
}

#[tokio::test]
async fn a_reconnection_keeps_the_place() {
    let first = &b"id: 1\nretry: 9\ndata: a\n\nid: 2\ndata: cut off"[..];
    let mut events = EventReader::new(first, 64);
    assert!(events.next_event().await.unwrap().is_ok());
    assert!(events.next_event().await.is_none());
    assert!(events.ended_inside_block());

    let old = events.reconnect(
        b"\xEF\xBB\xBFdata: b\n\ndata: longer than the limit, which stays the same as before",
    );
    assert!(old.is_empty());
    assert!(!events.ended_inside_block());
    assert_eq!(
        (events.last_event_id(), events.retry()),
        (&b"1"[..], Some(Millis(9)))
    );
    let event = events.next_event().await.unwrap().unwrap();
    assert_eq!(
        (event.data().as_ref(), event.last_event_id()),
        (&b"b"[..], &b"1"[..])
    );

    // In the middle of a stream: what was read is of the old connection.
    let mut events = EventReader::new(&b"data: a\n\ndata: old\n\ndata: cut"[..], 64);
    assert!(events.next_step().await.unwrap().is_ok());
    events.reconnect(b"data: new\n\n");
    assert_eq!(events.next_event().await.unwrap().unwrap().data(), "new");
}

#[tokio::test]
async fn a_parser_goes_from_reader_to_reader_of_any_kind() {
    let mut parser = Parser::growable(64);
    parser.set_last_event_id(b"41").unwrap();
    let mut events = EventReader::with_parser(&b"id: 42\n\ndata: cut"[..], parser);
    assert!(events.next_event().await.is_none());
    let next = FromStream(chunks::<Infallible>(&[b"data: a\n\n"]));
    let mut events = EventReader::with_parser(next, events.into_parser());
    let event = events.next_event().await.unwrap().unwrap();
    assert_eq!(
        (event.data().as_ref(), event.last_event_id()),
        (&b"a"[..], &b"42"[..])
    );
}

/// A dropped future has lost nothing, wherever it was.
#[test]
fn a_dropped_future_has_lost_nothing() {
    struct Slow(VecDeque<&'static [u8]>, bool);

    impl Stream for Slow {
        type Item = Result<Bytes, Infallible>;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
            self.1 = !self.1;
            if self.1 {
                return Poll::Pending;
            }
            Poll::Ready(
                self.0
                    .pop_front()
                    .map(|bytes| Ok(Bytes::from_static(bytes))),
            )
        }
    }

    let pieces = b":c\nid: 1\nretry: 2\n\ndata: a\ndata: b\n\n".chunks(3);
    let mut reader = EventReader::from_stream(Slow(pieces.collect(), false), 64);
    let mut found = Vec::new();
    for _ in 0..100 {
        if let Some(Some(step)) = common::poll_times(1, reader.next_step(), || {}) {
            found.push(format!("{:?}", step.unwrap().to_frame().unwrap()));
        }
    }
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn lending_goes_on_after_an_error() {
    let stream = chunks::<Infallible>(&[b"data: 12345\n\ndata: a\n\nda", b"ta: b\n\n"]);
    let mut reader = EventReader::from_stream(stream, 4);
    run(async {
        assert!(reader.lend_event().await.unwrap().is_err());
        assert_eq!(reader.lend_event().await.unwrap().unwrap().data(), b"a");
        assert_eq!(reader.lend_event().await.unwrap().unwrap().data(), b"b");
        assert!(reader.lend_event().await.is_none());
    })
    .unwrap();
}

#[cfg(feature = "http-body")]
mod body {
    use super::*;
    use http_body::{Body, Frame};

    /// A body of these frames.
    struct Frames(VecDeque<Result<Frame<Bytes>, Broken>>);

    impl Body for Frames {
        type Data = Bytes;
        type Error = Broken;

        fn poll_frame(
            mut self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, Broken>>> {
            Poll::Ready(self.0.pop_front())
        }
    }

    fn data(bytes: &'static [u8]) -> Result<Frame<Bytes>, Broken> {
        Ok(Frame::data(Bytes::from_static(bytes)))
    }

    #[tokio::test]
    async fn a_body_with_trailers() {
        let trailers = Ok(Frame::trailers(http::HeaderMap::new()));
        let frames = [data(b"data: a\n"), data(b"\ndata: cut"), trailers];
        let mut events = EventReader::from_body(Frames(frames.into()), 64);
        assert_eq!(events.next().await.unwrap().unwrap().data(), "a");
        assert!(events.next().await.is_none());
        assert!(events.ended_inside_block());
    }

    #[tokio::test]
    async fn a_body_that_fails() {
        let mut events = EventReader::from_body(Frames([Err(Broken(1))].into()), 64);
        let error = events.next_event().await.unwrap().unwrap_err();
        assert!(matches!(error, ReadError::Transport(Broken(1))));
        assert!(events.next_event().await.is_none());
    }
}
