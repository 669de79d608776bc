//! One table of lives through every face of a connection: `serve`, `EventBody` and `EventWriter`,
//! with a source that can take frames back and with one that cannot. At every step of the script the
//! connection is ended in every way there is, and what the client got, what was counted and the
//! reason have to be what the script says, whatever the face.
#![cfg(feature = "http-body")]

mod common;

use std::{
    future::poll_fn,
    io::ErrorKind,
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    time::Duration,
};

use common::{
    frames::{encoded, events},
    no_hang,
    transport::{Act, Probe, Transport},
};
use http_body::Body;
use sse_codec::{Millis, TimersConfig};
use sse_codec_tokio::{
    BodyError, EncodedFrame, EventBody, EventWriter, Frames, Framing, ProducerPanicked, Reason,
    SendError, ServeOptions, Summary, channel, serve,
};
use tokio::{sync::mpsc, time::sleep};
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::sync::CancellationToken;

/// What ends the connection, after some of the events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The source has no more.
    Finished,
    Shutdown,
    Lifetime,
    /// The client goes.
    Close,
    /// The source fails.
    Source,
    /// The transport fails at the next write.
    Transport,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Face {
    ServeChannel,
    ServeStream,
    BodyChannel,
    BodyStream,
    Writer,
}

const FACES: [Face; 5] = [
    Face::ServeChannel,
    Face::ServeStream,
    Face::BodyChannel,
    Face::BodyStream,
    Face::Writer,
];

const ENDS: [End; 6] = [
    End::Finished,
    End::Shutdown,
    End::Lifetime,
    End::Close,
    End::Source,
    End::Transport,
];

const EVENTS: [&str; 4] = ["one", "two\nlines", "", "four"];

/// When the lifetime ends, if it does. The script is over long before.
const LIFETIME: u64 = 10_000;

/// What came of it.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    events: Vec<String>,
    reason: Reason,
    counted: u64,
    cut: bool,
    error: Option<&'static str>,
}

/// What has to come of it.
fn expected(face: Face, end: End, at: usize) -> Outcome {
    let mut events: Vec<_> = EVENTS[..at].iter().map(|&data| data.to_owned()).collect();
    if matches!(end, End::Shutdown | End::Lifetime) {
        events.push("bye".into());
    }
    Outcome {
        events,
        reason: match end {
            End::Finished => Reason::Finished,
            End::Shutdown => Reason::Shutdown,
            End::Lifetime => Reason::Lifetime,
            End::Close => Reason::PeerClosed,
            End::Source => Reason::SourceFailed,
            End::Transport => Reason::Io(ErrorKind::Other),
        },
        // A writer has sent the farewell itself.
        counted: at as u64
            + u64::from(face == Face::Writer && matches!(end, End::Shutdown | End::Lifetime)),
        cut: false,
        error: (end == End::Source).then_some("broken"),
    }
}

/// Whether the face can come to this end. A writer has no source, and reads nothing; the transport
/// of a body is the server's.
fn applies(face: Face, end: End) -> bool {
    let is_body = matches!(face, Face::BodyChannel | Face::BodyStream);
    match end {
        End::Close => face != Face::Writer,
        End::Source => matches!(face, Face::ServeStream | Face::BodyStream),
        End::Transport => !is_body,
        End::Finished | End::Shutdown | End::Lifetime => true,
    }
}

fn options(end: End, shutdown: &CancellationToken) -> ServeOptions {
    ServeOptions::new()
        .framing(Framing::Elsewhere)
        .greeting(None)
        .timers(timers(end))
        .farewell(encoded("bye"))
        .shutdown(shutdown.clone())
}

fn timers(end: End) -> TimersConfig {
    match end {
        End::Lifetime => TimersConfig::new().with_lifetime(Millis(LIFETIME), Millis(0)),
        _ => TimersConfig::new(),
    }
}

/// The script's hand on the source.
enum Tap {
    Channel(sse_codec_tokio::EventSender),
    Stream(mpsc::UnboundedSender<Result<EncodedFrame, &'static str>>),
}

impl Tap {
    async fn give(&self, data: &str) {
        match self {
            Self::Channel(sender) => drop(sender.send(encoded(data)).await.unwrap()),
            Self::Stream(sender) => sender.send(Ok(encoded(data))).unwrap(),
        }
    }

    fn fail(&self) {
        if let Self::Stream(sender) = self {
            sender.send(Err("broken")).unwrap();
        }
    }
}

type Heard = Arc<Mutex<Option<Told>>>;

/// What is said at the end.
#[derive(Clone, Copy, Debug)]
struct Told {
    reason: Reason,
    events: u64,
    cut: bool,
    bytes: u64,
    error: Option<&'static str>,
}

impl Told {
    fn new(summary: &Summary, error: Option<&'static str>) -> Self {
        Self {
            reason: summary.reason,
            events: summary.events,
            cut: summary.cut,
            bytes: summary.bytes,
            error,
        }
    }
}

/// Runs the script to `at` events, brings the end about, and waits until all is over.
async fn live(face: Face, end: End, at: usize) -> Outcome {
    let (shutdown, closing) = (CancellationToken::new(), CancellationToken::new());
    let (transport, probe) = Transport::vectored();
    let heard = Heard::default();
    let (tap, task) = match face {
        Face::ServeChannel | Face::BodyChannel => {
            let (sender, receiver) = channel(2);
            let hear = Arc::clone(&heard);
            let source = receiver.on_end(move |summary, _| {
                assert!(
                    hear.lock()
                        .unwrap()
                        .replace(Told::new(summary, None))
                        .is_none()
                );
            });
            let connection = connect(face, source, transport, end, &shutdown, &closing, &probe);
            (Some(Tap::Channel(sender)), connection)
        }
        Face::ServeStream | Face::BodyStream => {
            let (sender, receiver) = mpsc::unbounded_channel();
            let hear = Arc::clone(&heard);
            let source = UnboundedReceiverStream::new(receiver).on_end(move |summary, error| {
                assert!(
                    hear.lock()
                        .unwrap()
                        .replace(Told::new(summary, error))
                        .is_none()
                );
            });
            let connection = connect(face, source, transport, end, &shutdown, &closing, &probe);
            (Some(Tap::Stream(sender)), connection)
        }
        Face::Writer => {
            let (sender, receiver) = mpsc::unbounded_channel();
            let hear = Arc::clone(&heard);
            let writing = write(receiver, transport, end, shutdown.clone(), hear);
            (Some(Tap::Stream(sender)), tokio::spawn(writing))
        }
    };
    let mut tap = tap;
    for data in &EVENTS[..at] {
        tap.as_ref().unwrap().give(data).await;
        sleep(Duration::from_millis(10)).await;
    }
    match end {
        End::Finished => tap = None,
        End::Shutdown => shutdown.cancel(),
        End::Lifetime => {}
        End::Close => match face {
            Face::BodyChannel | Face::BodyStream => closing.cancel(),
            _ => {
                probe.script().reads = [Act::Do(0)].into();
                probe.resume();
            }
        },
        End::Source => tap.as_ref().unwrap().fail(),
        End::Transport => {
            probe.script().writes = [Act::Fail(ErrorKind::Other)].into();
            tap.as_ref().unwrap().give("lost").await;
        }
    }
    let error = no_hang(task).await.unwrap();
    drop(tap);
    let told = heard.lock().unwrap().take().expect("a summary");
    let received = probe.received();
    assert_eq!(told.bytes, received.len() as u64, "{face:?} {end:?} {at}");
    Outcome {
        events: events(&received),
        reason: told.reason,
        counted: told.events,
        cut: told.cut,
        error: error.or(told.error),
    }
}

/// Serves the source; returns the error that came out of the face itself.
fn connect<S>(
    face: Face,
    source: S,
    transport: Transport,
    end: End,
    shutdown: &CancellationToken,
    closing: &CancellationToken,
    probe: &Probe,
) -> tokio::task::JoinHandle<Option<&'static str>>
where
    S: Frames<Error: MaybeText + std::fmt::Debug + Send> + Send + 'static,
{
    let options = options(end, shutdown);
    if matches!(face, Face::ServeChannel | Face::ServeStream) {
        return tokio::spawn(async move {
            serve(transport, source, options).await;
            None
        });
    }
    let (probe, closing) = (probe.clone(), closing.clone());
    tokio::spawn(async move {
        let mut body = EventBody::new(source, options);
        let mut closed = pin!(closing.cancelled());
        loop {
            let frame = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx));
            let frame = tokio::select! {
                () = closed.as_mut() => return None,
                frame = frame => frame,
            };
            match frame {
                None => return None,
                Some(Err(BodyError::Source(error))) => return error.text(),
                Some(Err(error)) => panic!("{error:?}"),
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap();
                    probe.script().received.extend_from_slice(&data);
                }
            }
        }
    })
}

trait MaybeText {
    fn text(self) -> Option<&'static str>;
}

impl MaybeText for &'static str {
    fn text(self) -> Option<&'static str> {
        Some(self)
    }
}

impl MaybeText for ProducerPanicked {
    fn text(self) -> Option<&'static str> {
        Some("panicked")
    }
}

/// The loop a user of `EventWriter` writes.
async fn write(
    mut events: mpsc::UnboundedReceiver<Result<EncodedFrame, &'static str>>,
    transport: Transport,
    end: End,
    shutdown: CancellationToken,
    heard: Heard,
) -> Option<&'static str> {
    let mut writer = EventWriter::with_options(transport, 1024, timers(end));
    let reason = loop {
        tokio::select! {
            event = events.recv() => match event {
                Some(Ok(event)) => if let Err(error) = writer.send(event).await {
                    let SendError::Ended(reason) = error else { panic!("{error}") };
                    break reason;
                },
                _ => break Reason::Finished,
            },
            reason = writer.keep_alive() => break reason,
            () = shutdown.cancelled() => break Reason::Shutdown,
        }
    };
    if matches!(reason, Reason::Lifetime | Reason::Shutdown) {
        writer.send(encoded("bye")).await.unwrap();
    }
    let ended = writer.shutdown().await;
    assert_eq!(ended.is_ok(), !matches!(reason, Reason::Io(_)));
    *heard.lock().unwrap() = Some(Told {
        reason,
        events: writer.events(),
        cut: false,
        bytes: writer.into_inner().probe().received().len() as u64,
        error: None,
    });
    None
}

#[tokio::test(start_paused = true)]
async fn every_life_is_the_same_whatever_carries_it() {
    for end in ENDS {
        for at in 0..=EVENTS.len() {
            for face in FACES.into_iter().filter(|&face| applies(face, end)) {
                let outcome = live(face, end, at).await;
                let expected = expected(face, end, at);
                assert_eq!(outcome, expected, "{face:?} {end:?} after {at} events");
            }
        }
    }
}

/// What was accepted before the shutdown, and has not been sent, still is; a frame that a stream has
/// given already is sent, and no more are asked for.
#[tokio::test(start_paused = true)]
async fn what_waits_when_the_end_comes_is_sent_by_every_face() {
    for end in [End::Shutdown, End::Finished] {
        for face in [Face::ServeChannel, Face::BodyChannel] {
            let (shutdown, closing) = (CancellationToken::new(), CancellationToken::new());
            let (transport, probe) = Transport::vectored();
            let (sender, receiver) = channel(8);
            for data in EVENTS {
                sender.try_send(encoded(data)).unwrap();
            }
            let kept = sender.clone();
            if end == End::Shutdown {
                shutdown.cancel();
            } else {
                tokio::spawn(sender.finish());
            }
            let task = connect(face, receiver, transport, end, &shutdown, &closing, &probe);
            no_hang(task).await.unwrap();
            let mut expected = EVENTS.map(String::from).to_vec();
            if end == End::Shutdown {
                expected.push("bye".into());
            }
            assert_eq!(events(&probe.received()), expected, "{face:?}");
            assert_eq!(kept.closed_now().unwrap().handed_over, 4);
        }
    }
}
