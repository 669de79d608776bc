//! A connection from its first byte to its summary.

use std::{
    io::ErrorKind,
    sync::{Arc, Mutex},
    time::Duration,
};

use sse_codec::{Chunk, Event, Frame, Millis, Parser, TimersConfig, http::RESPONSE_HEAD_CLOSE};
use sse_codec_tokio::{
    Closed, EncodedFrame, EventSender, Framing, Reason, ServeOptions, Summary, channel, serve,
};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::{
    Input,
    transport::{Transport, Wire, tenths},
};

/// What is going to happen.
pub struct Plan {
    terms: Terms,
    transport: Transport,
    capacity: usize,
    /// What the producer does, and whether it stays until the connection is shut down.
    producer: Vec<u8>,
    stays: bool,
}

/// The options, as far as the outcome is judged by them.
struct Terms {
    head: &'static [u8],
    greeting: Option<EncodedFrame>,
    farewell: Option<EncodedFrame>,
    come_back: Option<Duration>,
    heartbeat: Option<Duration>,
    write_deadline: Duration,
    lifetime: Option<Duration>,
    drain: Duration,
    buffer_limit: usize,
    input_limit: usize,
    allow_half_close: bool,
    /// How long the transport will take nothing.
    stalls: Duration,
}

/// What has happened.
pub struct Outcome {
    terms: Terms,
    summary: Summary,
    wire: Wire,
    was_shut_down: bool,
    /// All events that were accepted, in order.
    accepted: Vec<EncodedFrame>,
    /// What a sender that stayed was told in the end.
    told: Option<(Closed, Vec<(u64, EncodedFrame)>)>,
}

impl Plan {
    pub fn new(input: &mut Input<'_>) -> Self {
        let flags = input.byte();
        let has = |bit: u8| flags & 1 << bit != 0;
        let mut amount = || usize::from(input.byte());
        let terms = Terms {
            head: if has(0) { RESPONSE_HEAD_CLOSE } else { b"" },
            greeting: has(1).then(|| Frame::comment(b"hello").into()),
            farewell: has(2)
                .then(|| EncodedFrame::event(Event::text("bye").with_type(b"bye")).unwrap()),
            come_back: has(3).then_some(Duration::from_secs(1)),
            allow_half_close: has(4),
            // None for some, lest it wake what has been forgotten.
            heartbeat: Some(amount())
                .filter(|amount| *amount < 192)
                .map(|amount| tenths(5 + amount)),
            write_deadline: tenths(1 + 2 * amount()),
            lifetime: has(5).then(|| tenths(10 * amount())),
            drain: tenths(amount()),
            buffer_limit: 2 * amount(),
            input_limit: 4 * amount(),
            stalls: Duration::ZERO,
        };
        let capacity = amount();
        let (writes, flushes, reads) = (input.sized(), input.sized(), input.sized());
        let transport = Transport::new(writes, flushes, reads, has(6));
        Self {
            terms: Terms {
                stalls: transport.stalls(),
                ..terms
            },
            transport,
            capacity,
            producer: input.take(512).to_vec(),
            stays: has(7),
        }
    }

    pub fn run(self) -> Outcome {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(self.run_paused())
    }

    async fn run_paused(self) -> Outcome {
        let Self {
            terms,
            transport,
            capacity,
            producer,
            stays,
        } = self;
        let shutdown = CancellationToken::new();
        let (wire, longest) = (transport.wire(), terms.longest(&producer));
        let (sender, receiver) = channel(capacity);
        let accepted = Arc::default();
        let producing = produce(
            sender,
            producer,
            shutdown.clone(),
            Arc::clone(&accepted),
            stays,
        );
        let producing = tokio::spawn(producing);
        let serving = serve(transport, receiver, terms.options(shutdown.clone()));
        let summary = timeout(longest, serving).await.expect("it hangs");
        let told = timeout(longest, producing)
            .await
            .expect("the producer hangs")
            .unwrap();
        let (wire, accepted) = (
            wire.lock().unwrap().clone(),
            accepted.lock().unwrap().clone(),
        );
        let was_shut_down = shutdown.is_cancelled();
        Outcome {
            terms,
            summary,
            wire,
            was_shut_down,
            accepted,
            told,
        }
    }
}

impl Terms {
    fn options(&self, shutdown: CancellationToken) -> ServeOptions {
        let mut timers = TimersConfig::new().with_write_deadline(self.write_deadline.into());
        if let Some(heartbeat) = self.heartbeat {
            timers = timers.with_heartbeat(heartbeat.into(), Millis(0));
        }
        if let Some(lifetime) = self.lifetime {
            timers = timers.with_lifetime(lifetime.into(), Millis(0));
        }
        let mut options = ServeOptions::new()
            .framing(if self.head.is_empty() {
                Framing::Elsewhere
            } else {
                Framing::Close
            })
            .greeting(self.greeting.clone())
            .farewell(self.farewell.clone())
            .timers(timers)
            .drain(self.drain)
            .buffer_limit(self.buffer_limit)
            .input_limit(self.input_limit)
            .allow_half_close(self.allow_half_close)
            .shutdown(shutdown);
        if let Some(time) = self.come_back {
            options = options.come_back_after(time, time);
        }
        options
    }

    /// A time after which all is over, whatever happens.
    fn longest(&self, producer: &[u8]) -> Duration {
        let pauses = tenths(64 * producer.len());
        self.stalls + pauses + self.drain + Duration::from_secs(1)
    }
}

/// Sends numbered events of many sizes, waits, gives up waiting for room, shuts down.
async fn produce(
    sender: EventSender,
    acts: Vec<u8>,
    shutdown: CancellationToken,
    accepted: Arc<Mutex<Vec<EncodedFrame>>>,
    stays: bool,
) -> Option<(Closed, Vec<(u64, EncodedFrame)>)> {
    for act in acts {
        let amount = usize::from(act >> 2);
        let count = accepted.lock().unwrap().len() as u64;
        let frame = numbered(count + 1, amount * amount / 4);
        let sent = match act & 3 {
            0 => sender.send(frame.clone()).await.ok(),
            1 => sender.try_send(frame.clone()).ok(),
            2 => timeout(tenths(amount / 8), sender.send(frame.clone()))
                .await
                .map_or(None, Result::ok),
            _ if amount < 62 => {
                sleep(tenths(amount)).await;
                None
            }
            _ => {
                shutdown.cancel();
                None
            }
        };
        if let Some(sequence) = sent {
            assert_eq!(sequence, count + 1);
            accepted.lock().unwrap().push(frame);
        }
    }
    if !stays {
        return None;
    }
    shutdown.cancel();
    let closed = sender.closed().await;
    let unsent = sender.take_unsent();
    assert!(sender.is_closed() && sender.take_unsent().is_empty());
    assert!(sender.send(Frame::HEARTBEAT).await.is_err());
    Some((closed, unsent))
}

fn numbered(number: u64, len: usize) -> EncodedFrame {
    let data = format!("{number}\n{}", "x".repeat(len));
    let id = number.to_string();
    EncodedFrame::event(Event::text(&data).with_id(id.as_bytes())).unwrap()
}

impl Outcome {
    pub fn check(&self) {
        let Self {
            summary,
            wire,
            accepted,
            ..
        } = self;
        assert_eq!(summary.bytes, wire.received.len() as u64);
        let (written, rest) = self.check_frames();
        let next = accepted.get(written);
        let is_begun =
            next.is_some_and(|frame| !rest.is_empty() && frame.as_bytes().starts_with(rest));
        assert_eq!(summary.cut, is_begun || written as u64 > summary.events);
        self.check_receiver();
        self.check_reason();
        self.check_memory();
        if let Some((closed, unsent)) = &self.told {
            assert_eq!(closed.reason, summary.reason);
            assert_eq!(
                (closed.handed_over, closed.cut),
                (summary.events, summary.cut)
            );
            let all = (1..).zip(accepted.iter().cloned());
            assert!(all.skip(summary.events as usize).eq(unsent.iter().cloned()));
        }
    }

    /// The wire has the head, the greeting, whole events in order with heartbeats between them, and
    /// perhaps a farewell. What is left is the beginning of one of those. Returns how many events
    /// were written, and what is left; those count that were flushed.
    fn check_frames(&self) -> (usize, &[u8]) {
        let Terms {
            head,
            greeting,
            farewell,
            come_back,
            ..
        } = &self.terms;
        let received = &self.wire.received[..];
        let mut rest = received;
        let retry = come_back.map(|time| EncodedFrame::from(Frame::retry(time.into())));
        fn take(rest: &mut &[u8], frame: &[u8]) -> bool {
            match rest.strip_prefix(frame) {
                Some(behind) => {
                    *rest = behind;
                    true
                }
                None => false,
            }
        }
        let mut began = take(&mut rest, head);
        if let Some(greeting) = greeting {
            began = began && take(&mut rest, greeting.as_bytes());
        }
        let (mut events, mut heartbeats) = (0, 0);
        let mut done = (0, 0, rest);
        while began {
            if take(&mut rest, b":\n\n") {
                heartbeats += 1;
            } else if self
                .accepted
                .get(events)
                .is_some_and(|frame| take(&mut rest, frame.as_bytes()))
            {
                events += 1;
            } else {
                break;
            }
            if received.len() - rest.len() <= self.wire.flushed {
                done = (events, heartbeats, rest);
            }
        }
        let mut parted = false;
        for frame in [&retry, farewell].into_iter().flatten() {
            parted |= began && take(&mut rest, frame.as_bytes());
        }
        let Summary { reason, .. } = self.summary;
        assert!(!parted || matches!(reason, Reason::Lifetime | Reason::Shutdown));
        assert_eq!(self.summary.events, done.0 as u64);
        assert_eq!(self.summary.heartbeats, done.1);
        assert!(heartbeats == 0 || self.terms.heartbeat.is_some());

        let next = self.accepted.get(events);
        let frames = [greeting, &retry, farewell]
            .into_iter()
            .flatten()
            .chain(next);
        let mut beginnings = frames.map(EncodedFrame::as_bytes).chain([*head, b":\n\n"]);
        assert!(
            rest.is_empty() || beginnings.any(|frame| frame.starts_with(rest)),
            "{rest:?}"
        );
        (events, rest)
    }

    /// A client makes of it the events that were sent, in order, and nothing else.
    fn check_receiver(&self) {
        let body = self
            .wire
            .received
            .get(self.terms.head.len()..)
            .unwrap_or_default();
        let mut parser = Parser::growable(1 << 16);
        let mut chunk = Chunk::new(body);
        let mut count = 0;
        while let Some(event) = parser.next_event(&mut chunk).unwrap() {
            if event.event_type() == Some(b"bye") {
                assert!(chunk.is_empty());
                break;
            }
            count += 1;
            assert_eq!(event.id(), Some(count.to_string().as_bytes()));
        }
        assert!(count >= self.summary.events);
    }

    fn check_reason(&self) {
        let Self {
            terms,
            summary,
            wire,
            ..
        } = self;
        let failed = |kind| wire.failures.contains(&kind);
        match summary.reason {
            Reason::Finished => {
                assert!(self.told.is_none());
                assert_eq!(summary.events, self.accepted.len() as u64);
            }
            Reason::PeerClosed => assert!(
                wire.ended && !terms.allow_half_close
                    || failed(ErrorKind::BrokenPipe)
                    || failed(ErrorKind::ConnectionReset)
                    || failed(ErrorKind::ConnectionAborted)
                    || failed(ErrorKind::NotConnected)
            ),
            Reason::WriteDeadline => assert!(terms.stalls >= terms.write_deadline),
            Reason::Lifetime => assert!(summary.duration >= terms.lifetime.unwrap()),
            Reason::Shutdown => assert!(self.was_shut_down),
            Reason::TooMuchInput => assert!(wire.input > terms.input_limit),
            Reason::Io(ErrorKind::WriteZero) => {}
            Reason::Io(kind) => assert!(failed(kind)),
            reason => panic!("{reason:?}"),
        }
    }

    /// Beside the buffer there are at most one large frame and the few small ones that are added.
    fn check_memory(&self) {
        let Terms {
            head,
            greeting,
            farewell,
            buffer_limit,
            ..
        } = &self.terms;
        let len = |frame: &EncodedFrame| frame.as_bytes().len();
        let largest = self.accepted.iter().map(len).max().unwrap_or_default();
        let begin = head.len() + greeting.as_ref().map_or(0, len);
        let added = b":\n\n".len() + farewell.as_ref().map_or(0, len) + 20;
        assert!(self.summary.high_water <= (*buffer_limit).max(largest).max(begin) + added);
    }
}
