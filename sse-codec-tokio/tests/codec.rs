//! `EventCodec` in a `Framed`, both ways.
#![cfg(feature = "codec")]

use futures_util::{SinkExt, StreamExt};
use sse_codec::{Event, Frame};
use sse_codec_tokio::{EncodedFrame, EventCodec};
use tokio::io::duplex;
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
