//! `EventBody` as a framework polls it.
#![cfg(feature = "http-body")]

use std::{future::poll_fn, pin::Pin, time::Duration};

use http_body::Body;
use sse_codec::{Event, Frame, Millis, TimersConfig};
use sse_codec_tokio::{BodyError, EncodedFrame, EventBody, Frames, Reason, ServeOptions, channel};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

async fn next<S: Frames<Error: std::fmt::Debug + Send> + Send + 'static>(
    body: &mut EventBody<S>,
) -> Option<String> {
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
    let options = ServeOptions::new().greeting(EncodedFrame::HEARTBEAT);
    let mut body = EventBody::new(receiver, options);
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
    let options = ServeOptions::new()
        .first_heartbeat(Duration::from_secs(20))
        .timers(timers);
    let mut body = EventBody::new(receiver, options);
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

/// A large event comes in pieces of 4 KiB, so that a client that takes one is not taken for gone.
#[tokio::test]
async fn a_small_limit_loses_nothing_and_a_large_frame_is_not_copied() {
    let large = message(&"x".repeat(100_000));
    for limit in [0, 1, 9, 100, 16 * 1024] {
        let frames = tokio_stream::iter([message("a"), large.clone(), message("b")]);
        let options = ServeOptions::new().greeting(None).buffer_limit(limit);
        let mut body = EventBody::new(frames, options);
        assert_eq!(next(&mut body).await.unwrap(), "data: a\n\n");
        let mut got = 0;
        while got < large.as_bytes().len() {
            let piece = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
            let piece = piece.unwrap().unwrap().into_data().unwrap();
            assert_eq!(
                piece.as_ptr(),
                large.as_bytes()[got..].as_ptr(),
                "not copied"
            );
            assert!(piece.len() <= 4096);
            got += piece.len();
        }
        assert_eq!(next(&mut body).await.unwrap(), "data: b\n\n");
        assert_eq!(next(&mut body).await, None);
    }
}

/// A server that holds the pieces is given so much, and then what it drops is made up for.
#[tokio::test(start_paused = true)]
async fn no_more_than_32_kib_are_in_the_hands_of_the_server() {
    let (sender, receiver) = channel(1_000);
    for _ in 0..1_000 {
        sender.try_send(message(&"x".repeat(992))).unwrap();
    }
    let mut body = EventBody::new(receiver, ServeOptions::new());
    let mut held = std::collections::VecDeque::new();
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    while let std::task::Poll::Ready(frame) = Pin::new(&mut body).poll_frame(&mut cx) {
        held.push_back(frame.unwrap().unwrap().into_data().unwrap());
    }
    let total: usize = held.iter().map(bytes::Bytes::len).sum();
    assert!((32_000..=36 * 1024).contains(&total), "{total}");
    // Each drop is progress, and wakes the body when it is asked.
    for _ in 0..3 {
        let count = held.pop_front().unwrap().len() / 1_000;
        let before = sender.closed_now();
        assert_eq!(before, None);
        let next = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
        held.push_back(next.unwrap().unwrap().into_data().unwrap());
        assert!(count > 0);
    }
    // Nothing is dropped for the write deadline: the body ends, and says why.
    let error = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await;
    let error = error.unwrap().unwrap_err();
    assert_eq!(error, BodyError::Ended(Reason::WriteDeadline));
    assert!(body.is_end_stream());
    drop(body);
    let closed = sender.closed().await;
    assert_eq!(
        (closed.reason, closed.handed_over, closed.cut),
        (Reason::WriteDeadline, 12, true)
    );
    assert_eq!(sender.take_unsent().len(), 1_000 - 12);
}

/// What collects a body holds all of it: it can say that nothing is to be watched.
#[tokio::test]
async fn an_unwatched_body_can_be_collected() {
    use http_body_util::BodyExt;

    let frames = tokio_stream::iter(vec![message(&"x".repeat(10_000)); 20]);
    let body = EventBody::new(frames, ServeOptions::new()).unwatched();
    let collected = body.collect().await.unwrap().to_bytes();
    assert_eq!(collected.len(), 20 * 10_008);
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
    assert_eq!(
        error.await.unwrap().unwrap_err(),
        BodyError::Source("broken")
    );
    assert_eq!(polls, 2);
    assert!(body.is_end_stream());
    assert_eq!(next(&mut body).await, None);
}

#[tokio::test]
async fn a_frame_that_a_stream_has_given_is_not_lost_at_shutdown() {
    let token = CancellationToken::new();
    let frames = [b'a', b'b', b'c'].map(|byte| {
        let data = vec![byte; 3_000];
        EncodedFrame::from(Frame::message(&data))
    });
    let pulled = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counter = std::sync::Arc::clone(&pulled);
    let frames = tokio_stream::StreamExt::map(tokio_stream::iter(frames), move |frame| {
        counter.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
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
        assert_eq!(summary.reason, reason);
        // Dropped with the body, they may have been written or not.
        let counts = (summary.events, summary.bytes, summary.cut);
        assert_eq!(counts, if ends { (2, 18, false) } else { (0, 0, true) });
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
