//! `EventBody` as a framework polls it.
#![cfg(feature = "http-body")]

use std::{future::poll_fn, pin::Pin, time::Duration};

use http_body::Body;
use sse_codec::{Event, Frame, Millis, TimersConfig};
use sse_codec_tokio::{EncodedFrame, EventBody, Frames, Reason, ServeOptions, channel};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

async fn next<S: Frames<Error: std::fmt::Debug>>(body: &mut EventBody<S>) -> Option<String> {
    let frame = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await?;
    let data = frame.unwrap().into_data().unwrap();
    Some(String::from_utf8(data.to_vec()).unwrap())
}

fn message(text: &str) -> EncodedFrame {
    Frame::message(text.as_bytes()).into()
}

#[tokio::test]
async fn greeting_then_events_that_are_ready_together_then_the_end() {
    let (sender, receiver) = channel(8);
    let mut body = EventBody::new(receiver, ServeOptions::new());
    assert!(!body.is_end_stream());
    assert_eq!(next(&mut body).await.unwrap(), ":\n\n");
    sender.send(message("a")).await.unwrap();
    assert_eq!(next(&mut body).await.unwrap(), "data: a\n\n");
    for text in ["b", "c", "d"] {
        sender.send(message(text)).await.unwrap();
    }
    assert_eq!(
        next(&mut body).await.unwrap(),
        "data: b\n\ndata: c\n\ndata: d\n\n"
    );
    sender.send(message("e")).await.unwrap();
    let last = sender.clone();
    drop(sender);
    drop(last);
    assert_eq!(next(&mut body).await.unwrap(), "data: e\n\n");
    assert_eq!(next(&mut body).await, None);
    assert!(body.is_end_stream());
    assert_eq!(body.size_hint().exact(), None);
}

#[tokio::test]
async fn a_source_is_not_asked_again_after_its_end() {
    let frames = tokio_stream::iter([message("a"), message("b")]);
    let mut body = EventBody::new(frames, ServeOptions::new().greeting(None));
    assert_eq!(next(&mut body).await.unwrap(), "data: a\n\ndata: b\n\n");
    assert_eq!(next(&mut body).await, None);
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test(start_paused = true)]
async fn heartbeats_while_nothing_else_comes() {
    let (sender, receiver) = channel(8);
    let timers = TimersConfig::new().with_heartbeat(Millis(15_000), Millis(0));
    let mut body = EventBody::new(receiver, ServeOptions::new().greeting(None).timers(timers));
    let begin = Instant::now();
    assert_eq!(next(&mut body).await.unwrap(), ":\n\n");
    assert_eq!(next(&mut body).await.unwrap(), ":\n\n");
    assert_eq!(begin.elapsed(), Duration::from_secs(30));
    drop(sender);
}

#[tokio::test]
async fn shutdown_drains_and_says_farewell() {
    let (sender, receiver) = channel(8);
    let token = CancellationToken::new();
    let farewell = EncodedFrame::event(Event::text("bye").with_type(b"end")).unwrap();
    let second = Duration::from_secs(1);
    let options = ServeOptions::new()
        .greeting(None)
        .shutdown(token.clone())
        .come_back_after(second, second)
        .farewell(farewell);
    let mut body = EventBody::new(receiver, options);
    sender.send(message("accepted")).await.unwrap();
    token.cancel();
    assert_eq!(next(&mut body).await.unwrap(), "data: accepted\n\n");
    let farewell = "retry: 1000\n\nevent: end\ndata: bye\n\n";
    assert_eq!(next(&mut body).await.unwrap(), farewell);
    assert_eq!(next(&mut body).await, None);
    drop(body);
    let closed = sender.closed().await;
    assert_eq!((closed.reason, closed.handed_over), (Reason::Shutdown, 1));
}

#[tokio::test]
async fn a_body_that_is_dropped_tells_the_sender() {
    let (sender, receiver) = channel(8);
    let mut body = EventBody::new(receiver, ServeOptions::new());
    assert!(next(&mut body).await.is_some());
    drop(body);
    assert_eq!(sender.closed().await.reason, Reason::PeerClosed);
    assert!(sender.send(message("late")).await.is_err());
}

#[tokio::test]
async fn a_small_limit_loses_nothing_and_a_large_frame_is_not_copied() {
    let large = "x".repeat(100_000);
    let frames = || tokio_stream::iter([message("a"), message(&large), message("b")]);
    for limit in [0, 1, 9, 100] {
        let options = ServeOptions::new().greeting(None).buffer_limit(limit);
        let mut body = EventBody::new(frames(), options);
        assert_eq!(next(&mut body).await.unwrap(), "data: a\n\n");
        assert_eq!(next(&mut body).await.unwrap().len(), 100_008);
        assert_eq!(next(&mut body).await.unwrap(), "data: b\n\n");
        assert_eq!(next(&mut body).await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn the_lifetime_of_a_busy_body_ends() {
    let timers = TimersConfig::new().with_lifetime(Millis(1_000), Millis(0));
    let events = tokio_stream::iter(std::iter::repeat_with(|| message("again")));
    let mut body = EventBody::new(events, ServeOptions::new().timers(timers));
    let begin = Instant::now();
    while next(&mut body).await.is_some() {
        tokio::time::advance(Duration::from_millis(10)).await;
    }
    assert_eq!(begin.elapsed(), Duration::from_secs(1));
}

/// hyper throws away what it has not written yet when a body fails: it gets a turn before the error.
#[tokio::test]
async fn a_source_that_fails_ends_the_body_with_its_error_after_what_came_before() {
    let frames = tokio_stream::iter([Ok(message("a")), Err("broken"), Ok(message("never"))]);
    let mut body = EventBody::new(frames, ServeOptions::new().greeting(None));
    assert_eq!(next(&mut body).await.unwrap(), "data: a\n\n");
    let mut polls = 0;
    let error = poll_fn(|cx| {
        polls += 1;
        Pin::new(&mut body).poll_frame(cx)
    });
    assert_eq!(error.await.unwrap().unwrap_err(), "broken");
    assert_eq!(polls, 2);
    assert!(body.is_end_stream());
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test]
async fn a_frame_that_a_stream_has_given_is_not_lost_at_shutdown() {
    let token = CancellationToken::new();
    let frames = [b'a', b'b', b'c'].map(|byte| {
        let data = vec![byte; 10_000];
        EncodedFrame::from(Frame::message(&data))
    });
    let pulled = std::sync::atomic::AtomicUsize::new(0);
    let frames = tokio_stream::StreamExt::map(tokio_stream::iter(frames), |frame| {
        pulled.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        frame
    });
    let options = ServeOptions::new()
        .greeting(None)
        .shutdown(token.clone())
        .farewell(message("bye"));
    let mut body = EventBody::new(frames, options);
    assert!(next(&mut body).await.unwrap().starts_with("data: aaa"));
    token.cancel();
    let pulled = pulled.load(std::sync::atomic::Ordering::SeqCst);
    assert_eq!(pulled, 2, "or there is nothing to lose");
    assert!(next(&mut body).await.unwrap().starts_with("data: bbb"));
    assert_eq!(next(&mut body).await.unwrap(), "data: bye\n\n");
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test]
async fn a_body_over_a_plain_stream_says_how_it_went() {
    use std::sync::{Arc, Mutex};

    for ends in [false, true] {
        let heard = Arc::new(Mutex::new(None));
        let hear = Arc::clone(&heard);
        let frames = tokio_stream::iter([message("a"), message("b")]);
        let frames = frames.on_end(move |summary, _| *hear.lock().unwrap() = Some(*summary));
        let mut body = EventBody::new(frames, ServeOptions::new().greeting(None));
        assert_eq!(next(&mut body).await.unwrap(), "data: a\n\ndata: b\n\n");
        if ends {
            assert_eq!(next(&mut body).await, None);
        }
        assert_eq!(*heard.lock().unwrap(), None);
        drop(body);
        let summary = heard.lock().unwrap().unwrap();
        let reason = if ends {
            Reason::Finished
        } else {
            Reason::PeerClosed
        };
        assert_eq!((summary.reason, summary.events), (reason, 2));
        assert_eq!(summary.bytes, 18);
    }
}

/// Whoever ends the connection while its source is silent, in its first poll, must be heard.
#[tokio::test]
async fn a_shutdown_is_heard_from_the_first_poll() {
    for early in [false, true] {
        let token = CancellationToken::new();
        let (sender, receiver) = channel(1);
        let options = ServeOptions::new()
            .greeting(None)
            .shutdown(token.clone())
            .farewell(message("bye"));
        let mut body = EventBody::new(receiver, options);
        if early {
            token.cancel();
        }
        let first = tokio::spawn(async move { next(&mut body).await });
        tokio::task::yield_now().await;
        token.cancel();
        assert_eq!(first.await.unwrap().unwrap(), "data: bye\n\n");
        assert_eq!(sender.closed().await.reason, Reason::Shutdown);
    }
}
