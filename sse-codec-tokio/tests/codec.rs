//! `EventCodec` in a `Framed`, both ways.
#![cfg(feature = "codec")]

use futures_util::{SinkExt, StreamExt};
use sse_codec::{Event, Frame, Millis};
use sse_codec_tokio::{EncodedFrame, EventCodec};
use tokio::io::{AsyncWriteExt, duplex};
use tokio_util::codec::Framed;

#[tokio::test]
async fn frames_go_out_and_events_come_in_through_any_pipe() {
    for size in [1, 7, 64] {
        let (a, b) = duplex(size);
        let mut sender = Framed::new(a, EventCodec::new(64));
        let send = async move {
            let tick = Event::text("one\ntwo").with_type(b"tick").with_id(b"1");
            sender.send(Frame::event(tick).unwrap()).await.unwrap();
            let large = vec![b'x'; 65];
            sender.send(Frame::message(&large)).await.unwrap();
            sender
                .send(EncodedFrame::from(Frame::message(b"three")))
                .await
                .unwrap();
        };
        let receive = Framed::new(b, EventCodec::new(64)).collect::<Vec<_>>();
        let (events, ()) = tokio::join!(receive, send);
        let events: Vec<_> = events.into_iter().map(Result::unwrap).collect();
        assert_eq!(events.len(), 3);
        let first = events[0].as_ref().unwrap();
        assert_eq!(first.data(), "one\ntwo");
        assert_eq!(
            (first.event_type(), first.id()),
            (Some(&b"tick"[..]), Some(&b"1"[..]))
        );
        assert_eq!(events[1].as_ref().unwrap_err().limit, 64);
        assert_eq!(events[2].as_ref().unwrap().data(), "three");
    }
}

#[tokio::test]
async fn a_codec_knows_its_place_and_leaves_what_it_has_not_read() {
    let (mut server, client) = duplex(64);
    server
        .write_all(b"id: 2\nretry: 5\n\ndata: a\n\ndata: b\n\nHTTP/1.1")
        .await
        .unwrap();
    let mut codec = EventCodec::new(64);
    codec.set_last_event_id(b"1").unwrap();
    let mut events = Framed::new(client, codec);
    for (data, rest) in [("a", &b"data: b\n\nHTTP/1.1"[..]), ("b", b"HTTP/1.1")] {
        let event = events.next().await.unwrap().unwrap().unwrap();
        assert_eq!(
            (event.data().as_ref(), event.last_event_id()),
            (data.as_bytes(), &b"2"[..])
        );
        assert_eq!(events.read_buffer(), rest, "nothing is read ahead");
    }
    assert_eq!(events.codec().last_event_id(), b"2");
    assert_eq!(events.codec().retry(), Some(Millis(5)));
}

#[tokio::test]
async fn a_stream_that_was_cut_off_can_be_told_from_a_complete_one() {
    for (stream, is_cut) in [
        ("data: a\n\ndata: [DONE]", true),
        ("data: a\n\n: bye", false),
    ] {
        let (mut server, client) = duplex(64);
        server.write_all(stream.as_bytes()).await.unwrap();
        drop(server);
        let mut events = Framed::new(client, EventCodec::new(64));
        assert_eq!(events.next().await.unwrap().unwrap().unwrap().data(), "a");
        assert!(events.next().await.is_none());
        assert_eq!(events.codec().is_inside_block(), is_cut);
    }
}
