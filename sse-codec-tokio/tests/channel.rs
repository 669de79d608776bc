//! The channel: what was accepted, what was handed over, what was not, and why it ended.

mod common;

use std::{future::Future, pin::pin, sync::Arc, task::Waker};

use common::{
    Wakes,
    frames::{bytes, dissect, encoded, events},
    no_hang, poll_times, run,
    transport::{Act, Transport},
};
use sse_codec::TimersConfig;
use sse_codec_tokio::{
    EventSender, Framing, Reason, SendError, ServeOptions, Summary, TrySendError, channel, serve,
};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// Only the events, and no timers.
fn bare() -> ServeOptions {
    ServeOptions::new()
        .framing(Framing::Elsewhere)
        .greeting(None)
        .timers(TimersConfig::new())
}

/// The numbers of the events that come back.
fn unsent(sender: &EventSender) -> Vec<u64> {
    sender
        .take_unsent()
        .iter()
        .map(|(number, _)| *number)
        .collect()
}

#[test]
fn sequence_numbers_begin_at_one_and_outlast_the_queue() {
    let (sender, receiver) = channel(3);
    for number in 1..=3 {
        assert_eq!(sender.try_send(encoded("early")).unwrap(), number);
    }
    let clone = sender.clone();
    let sending = async {
        for number in 4..=50 {
            let from = if number % 2 == 0 { &sender } else { &clone };
            assert_eq!(from.send(encoded("late")).await, Ok(number));
        }
        drop((sender, clone));
    };
    let (transport, probe) = Transport::new();
    let both = async { tokio::join!(serve(transport, receiver, bare()), sending).0 };
    let summary = in_runtime(both);
    assert_eq!((summary.reason, summary.events), (Reason::Finished, 50));
    assert_eq!(events(&probe.received()).len(), 50);
}

fn in_runtime<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(no_hang(future))
}

#[test]
fn a_place_is_free_again_when_the_transport_has_the_event_and_not_before() {
    in_runtime(async {
        let (sender, receiver) = channel(2);
        let (transport, probe) = Transport::new();
        let first = bytes("0").len();
        probe.script().at = [(first - 1, Act::Stall), (2 * first - 1, Act::Stall)].into();
        let mut serving = pin!(serve(transport, receiver, bare()));
        for _ in 0..2 {
            sender.send(encoded("0")).await.unwrap();
        }
        for handed_over in 0..2 {
            assert_eq!(poll_times(3, &mut serving, || {}), None);
            assert!(matches!(
                sender.try_send(encoded("1")),
                Err(TrySendError::Full(_))
            ));
            assert!(poll_times(3, sender.send(encoded("1")), || {}).is_none());
            probe.resume_one();
            assert_eq!(poll_times(3, &mut serving, || {}), None);
            assert_eq!(sender.try_send(encoded("1")), Ok(handed_over + 3));
        }
    });
}

#[test]
fn a_full_channel_gives_the_event_back() {
    let (sender, _receiver) = channel(1);
    let event = encoded("back");
    sender.try_send(event.clone()).unwrap();
    assert_eq!(
        sender.try_send(event.clone()),
        Err(TrySendError::Full(event))
    );
    // No room for none would be of no use.
    let (sender, _receiver) = channel(0);
    assert_eq!(sender.try_send(encoded("one")), Ok(1));
    let _ = channel(usize::MAX);
}

#[test]
fn a_dropped_send_has_sent_nothing_and_loses_no_place() {
    in_runtime(async {
        let (sender, receiver) = channel(1);
        sender.send(encoded("first")).await.unwrap();
        // Dropped while it waits, and dropped when there was room for it again.
        for _ in 0..10 {
            assert!(poll_times(2, sender.send(encoded("dropped")), || {}).is_none());
        }
        let mut woken = Box::pin(sender.send(encoded("dropped")));
        assert!(poll_times(1, woken.as_mut(), || {}).is_none());
        let (transport, probe) = Transport::new();
        let mut serving = pin!(serve(transport, receiver, bare()));
        assert_eq!(poll_times(2, &mut serving, || {}), None);
        drop(woken);
        assert_eq!(sender.try_send(encoded("second")), Ok(2));
        drop(sender);
        assert_eq!(serving.await.events, 2);
        assert_eq!(events(&probe.received()), ["first", "second"]);
    });
}

#[test]
fn all_who_wait_for_the_end_hear_of_it_before_and_after() {
    in_runtime(async {
        let (sender, receiver) = channel(1);
        sender.send(encoded("x")).await.unwrap();
        assert!(!sender.is_closed());
        assert_eq!(sender.closed_now(), None);
        let mut waiting = tokio::task::JoinSet::new();
        for number in 0..50 {
            let sender = sender.clone();
            waiting.spawn(async move {
                match number % 2 {
                    0 => sender.closed().await.reason,
                    // There is no room, so these wait as well.
                    _ => match sender.send(encoded("x")).await {
                        Err(SendError::Ended(reason)) => reason,
                        other => panic!("{other:?}"),
                    },
                }
            });
        }
        tokio::task::yield_now().await;
        assert_eq!(waiting.try_join_next().map(drop), None::<()>);
        drop(receiver);
        while let Some(reason) = waiting.join_next().await {
            assert_eq!(reason.unwrap(), Reason::Dropped);
        }
        let closed = sender.closed().await;
        assert_eq!(
            (closed.reason, closed.handed_over, closed.cut),
            (Reason::Dropped, 0, false)
        );
        assert_eq!(sender.closed_now(), Some(closed));
        assert!(sender.is_closed());
        assert_eq!(unsent(&sender), [1]);
        assert_eq!(unsent(&sender), [], "nothing the second time");
        assert_eq!(
            sender.try_send(encoded("x")),
            Err(TrySendError::Ended(Reason::Dropped))
        );
    });
}

#[test]
fn a_dropped_wait_for_the_end_loses_nothing() {
    let (sender, receiver) = channel(1);
    for _ in 0..5 {
        assert_eq!(poll_times(2, sender.closed(), || {}), None);
    }
    drop(receiver);
    assert!(run(sender.closed()).is_some());
}

#[test]
fn the_stream_finishes_when_the_last_sender_is_gone() {
    in_runtime(async {
        let (sender, receiver) = channel(4);
        let clones: Vec<_> = (0..3).map(|_| sender.clone()).collect();
        let (transport, probe) = Transport::new();
        let serving = tokio::spawn(serve(transport, receiver, bare()));
        drop(sender);
        for clone in clones {
            clone.send(encoded("x")).await.unwrap();
            tokio::task::yield_now().await;
            assert!(!serving.is_finished());
        }
        let summary = serving.await.unwrap();
        assert_eq!((summary.reason, summary.events), (Reason::Finished, 3));
        assert!(
            probe.calls().ends_with('s'),
            "and the transport is shut down"
        );
    });
}

#[test]
fn what_the_sender_hears_of_is_what_the_transport_has_at_every_byte() {
    let frames: Vec<_> = ["one\nline", "two", "three"].map(bytes).into();
    let whole: usize = frames.iter().map(Vec::len).sum();
    for buffer_limit in [0, 16, 1024] {
        for cut in 0..whole {
            for dropped in [false, true] {
                let (sender, receiver) = channel(8);
                for data in ["one\nline", "two", "three"] {
                    sender.try_send(encoded(data)).unwrap();
                }
                let (transport, probe) = Transport::new();
                let fault = match dropped {
                    true => Act::Stall,
                    false => Act::Fail(std::io::ErrorKind::BrokenPipe),
                };
                probe.script().at = [(cut, fault)].into();
                let reason = in_runtime(async {
                    let serving = serve(transport, receiver, bare().buffer_limit(buffer_limit));
                    if dropped {
                        assert!(poll_times(20, serving, || {}).is_none());
                        return Reason::Dropped;
                    }
                    let Summary {
                        reason,
                        events,
                        cut,
                        ..
                    } = serving.await;
                    let closed = sender.closed_now().unwrap();
                    assert_eq!((closed.handed_over, closed.cut), (events, cut));
                    reason
                });
                let expected = if dropped {
                    Reason::Dropped
                } else {
                    Reason::PeerClosed
                };
                assert_eq!(reason, expected);

                let received = probe.received();
                let sent = dissect(&received, &frames).len() as u64;
                let closed = sender.closed_now().unwrap();
                assert_eq!(closed.reason, expected);
                assert_eq!(closed.handed_over, sent);
                let sent_bytes: usize = frames[..sent as usize].iter().map(Vec::len).sum();
                assert_eq!(
                    closed.cut,
                    received.len() > sent_bytes,
                    "dropped: {dropped} at {cut}"
                );
                assert_eq!(unsent(&sender), (sent + 1..=3).collect::<Vec<_>>());
            }
        }
    }
}

#[test]
fn what_comes_back_can_be_sent_over_the_next_connection() {
    in_runtime(async {
        let (sender, receiver) = channel(8);
        for data in ["a", "b", "c", "d"] {
            sender.send(encoded(data)).await.unwrap();
        }
        let (transport, first) = Transport::new();
        let cut = 2 * bytes("a").len() + 3;
        first.script().at = [(cut, Act::Fail(std::io::ErrorKind::ConnectionReset))].into();
        serve(transport, receiver, bare()).await;

        let (again, receiver) = channel(8);
        for (_, event) in sender.take_unsent() {
            again.send(event).await.unwrap();
        }
        drop(again);
        let (transport, second) = Transport::new();
        serve(transport, receiver, bare()).await;
        let received = [events(&first.received()), events(&second.received())].concat();
        assert_eq!(received, ["a", "b", "c", "d"]);
    });
}

#[test]
fn at_shutdown_senders_hear_of_it_at_once_and_not_after_the_drain() {
    in_runtime(async {
        let (sender, receiver) = channel(1);
        let token = CancellationToken::new();
        let (transport, probe) = Transport::new();
        probe.script().at = [(3, Act::Stall)].into();
        let serving = serve(transport, receiver, bare().shutdown(token.clone()));
        let mut serving = pin!(serving);
        sender.send(encoded("accepted")).await.unwrap();
        assert_eq!(poll_times(3, &mut serving, || {}), None);
        let mut waiting = pin!(sender.send(encoded("too late")));
        assert!(poll_times(1, waiting.as_mut(), || {}).is_none());

        token.cancel();
        assert_eq!(poll_times(3, &mut serving, || {}), None);
        let shutdown = SendError::Ended(Reason::Shutdown);
        assert_eq!(poll_times(1, waiting, || {}), Some(Err(shutdown)));
        let result = sender.try_send(encoded("too late"));
        assert_eq!(result, Err(TrySendError::Ended(Reason::Shutdown)));
        assert!(!sender.is_closed(), "what was accepted is still on its way");
        probe.resume();
        assert_eq!(serving.await.reason, Reason::Shutdown);
        assert_eq!(events(&probe.received()), ["accepted"]);
        assert_eq!(sender.closed_now().unwrap().handed_over, 1);
        assert_eq!(unsent(&sender), []);
    });
}

#[test]
fn a_source_that_waits_is_woken_once_for_an_event() {
    let (sender, receiver) = channel(4);
    let (transport, probe) = Transport::new();
    let mut serving = pin!(serve(transport, receiver, bare()));
    let wakes = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&wakes));
    let mut cx = std::task::Context::from_waker(&waker);
    assert!(serving.as_mut().poll(&mut cx).is_pending());
    assert_eq!(wakes.take(), 0);
    sender.try_send(encoded("x")).unwrap();
    sender.try_send(encoded("y")).unwrap();
    assert_eq!(wakes.take(), 1);
    assert!(serving.as_mut().poll(&mut cx).is_pending());
    assert_eq!(events(&probe.received()), ["x", "y"]);
    assert_eq!(wakes.take(), 0);
    drop(sender);
    assert_eq!(wakes.take(), 1);
    assert!(serving.as_mut().poll(&mut cx).is_ready());
}

/// Many senders, a slow peer, a cut somewhere: nothing is lost and nothing is twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_many_senders_at_once_every_event_is_somewhere() {
    use tokio::io::AsyncReadExt;

    for round in 0..20 {
        let (sender, receiver) = channel(7);
        let (io, mut peer) = tokio::io::duplex(33);
        let serving = tokio::spawn(serve(io, receiver, bare().buffer_limit(50)));
        let mut sending = tokio::task::JoinSet::new();
        for _ in 0..8 {
            let sender = sender.clone();
            sending.spawn(async move {
                let mut accepted = Vec::new();
                for number in 0..40 {
                    match sender.send(encoded(&number.to_string())).await {
                        Ok(sequence) => accepted.push(sequence),
                        Err(SendError::Ended(Reason::PeerClosed)) => break,
                        Err(error) => panic!("{error}"),
                    }
                }
                accepted
            });
        }
        let mut received = vec![0; 37 * (round + 1)];
        peer.read_exact(&mut received).await.unwrap();
        drop(peer);
        let all = no_hang(sending.join_all()).await;
        let summary = serving.await.unwrap();
        assert_eq!(summary.reason, Reason::PeerClosed);
        let closed = timeout(std::time::Duration::from_secs(60), sender.closed())
            .await
            .unwrap();
        assert!(events(&received).len() as u64 <= closed.handed_over);
        let mut accepted: Vec<_> = all.concat();
        accepted.sort_unstable();
        let accounted: Vec<_> = (1..=closed.handed_over).chain(unsent(&sender)).collect();
        assert_eq!(accepted, accounted);
    }
}

/// A waker may own the task that owns the sender: it is neither cloned nor dropped under the
/// channel's lock.
#[test]
fn a_waker_that_owns_a_sender_is_dropped_without_the_lock() {
    use std::{
        pin::Pin,
        sync::Mutex,
        task::{Context, Wake},
    };

    /// The simplest executor there is: the waker is the task.
    struct Task {
        _future: Mutex<Pin<Box<dyn Future<Output = ()> + Send>>>,
    }

    impl Wake for Task {
        fn wake(self: Arc<Self>) {}
    }

    let (done, is_done) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let (sender, receiver) = channel(4);
        let clone = sender.clone();
        let task = Task {
            _future: Mutex::new(Box::pin(async move {
                let _held = clone;
                std::future::pending::<()>().await;
            })),
        };
        let io = tokio::io::join(tokio::io::empty(), tokio::io::sink());
        let options = bare().allow_half_close(true);
        let mut serving = pin!(serve(io, receiver, options));
        {
            let waker = Waker::from(Arc::new(task));
            assert!(
                serving
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_pending()
            );
        }
        // Only the channel has the waker now, and it gets another one.
        let mut cx = Context::from_waker(Waker::noop());
        assert!(serving.as_mut().poll(&mut cx).is_pending());
        sender.try_send(encoded("x")).unwrap();
        done.send(()).unwrap();
    });
    let waited = is_done.recv_timeout(std::time::Duration::from_secs(60));
    assert!(waited.is_ok(), "deadlock");
}

#[test]
fn finish_sends_what_was_accepted_and_says_how_it_went() {
    in_runtime(async {
        let (sender, receiver) = channel(4);
        let (other, waiting) = (sender.clone(), sender.clone());
        for data in ["a", "b", "c", "d"] {
            sender.try_send(encoded(data)).unwrap();
        }
        let mut waiting = pin!(waiting.send(encoded("no room")));
        assert!(poll_times(1, &mut waiting, || {}).is_none());
        // Ended by the first poll, whatever becomes of the future.
        assert!(poll_times(1, other.clone().finish(), || {}).is_none());
        let ended = Err(SendError::Ended(Reason::Finished));
        assert_eq!(poll_times(1, &mut waiting, || {}), Some(ended));
        assert!(sender.try_send(encoded("late")).is_err());

        let (transport, probe) = Transport::new();
        let (closed, summary) = tokio::join!(sender.finish(), serve(transport, receiver, bare()));
        assert_eq!(
            (closed.reason, closed.handed_over, closed.cut),
            (Reason::Finished, 4, false)
        );
        assert_eq!(summary.reason, Reason::Finished);
        assert_eq!(events(&probe.received()), ["a", "b", "c", "d"]);
        assert!(other.take_unsent().is_empty());
    });
}

#[test]
fn finish_says_what_was_not_sent() {
    in_runtime(async {
        let (sender, receiver) = channel(4);
        for data in ["a", "b", "c"] {
            sender.try_send(encoded(data)).unwrap();
        }
        let kept = sender.clone();
        let (transport, probe) = Transport::new();
        let broken = Act::Fail(std::io::ErrorKind::BrokenPipe);
        probe.script().at = [(bytes("a").len() + 2, broken)].into();
        let (closed, _) = tokio::join!(sender.finish(), serve(transport, receiver, bare()));
        assert_eq!(
            (closed.reason, closed.handed_over, closed.cut),
            (Reason::PeerClosed, 1, true)
        );
        assert_eq!(unsent(&kept), [2, 3]);
    });
}
