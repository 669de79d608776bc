use std::{
    convert::Infallible,
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame as BodyFrame};
use sse_codec::{Frame, Timeout};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::{EncodedFrame, Reason, ServeOptions, Source, Summary, alarm::Alarm};

/// The events of a source as the body of a response, for whatever takes a [`Body`]: hyper, axum,
/// warp, tonic-web. The head is the framework's business; `sse_codec::http::RESPONSE_HEADERS` has
/// the headers.
///
/// A first frame comes at once, heartbeats while nothing else does, events that are ready together
/// in one piece. Of the [`ServeOptions`] these apply: greeting, heartbeat, lifetime, shutdown,
/// farewell and the time to come back after, and the buffer limit to what is put together at once.
///
/// # What a body cannot do
/// A body is asked for data when there is room for it. While a client does not read, nobody asks,
/// so nothing in here runs: a **write deadline has no effect**, and a client that has vanished is
/// not noticed before the server notices it. Bound that where the socket is: with
/// [`TcpOptions`](crate::TcpOptions) (`TCP_USER_TIMEOUT`) before the connection is handed to the
/// server, or by [`serve`](crate::serve()) instead of a body.
///
/// When the server drops the body early, an [`EventSender`](crate::EventSender) hears of
/// [`Reason::PeerClosed`]; "handed over" means taken by the server.
pub struct EventBody<S: Source> {
    source: Pin<Box<S>>,
    options: Arc<ServeOptions>,
    alarm: Alarm,
    shutdown: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    source_has_ended: bool,
    /// A frame that would have made the last piece too long.
    next: Option<Bytes>,
    stage: Stage,
    counts: Counts,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Greeting,
    Events,
    /// Only what was accepted before is still sent.
    Draining(Reason),
    Farewell(Reason),
    Ended(Reason),
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    events: u64,
    heartbeats: u64,
    bytes: u64,
    largest: usize,
}

impl<S: Source> EventBody<S> {
    /// A body of these events.
    pub fn new(source: S, options: impl Into<Arc<ServeOptions>>) -> Self {
        let options = options.into();
        let shutdown = options.shutdown.clone();
        Self {
            source: Box::pin(source),
            alarm: Alarm::new(options.timers),
            shutdown: shutdown.map(|token| Box::pin(token.cancelled_owned())),
            options,
            source_has_ended: false,
            next: None,
            stage: Stage::Greeting,
            counts: Counts::default(),
        }
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        loop {
            match self.stage {
                Stage::Greeting => {
                    self.stage = Stage::Events;
                    if let Some(greeting) = &self.options.greeting {
                        return Poll::Ready(Some(greeting.clone().into_bytes()));
                    }
                }
                Stage::Events => {
                    if let Some(shutdown) = &mut self.shutdown
                        && shutdown.as_mut().poll(cx).is_ready()
                    {
                        self.stop(Reason::Shutdown);
                        continue;
                    }
                    // Before the events: of a source that is always ready the lifetime ends too.
                    let timeout = self.alarm.poll(cx);
                    if timeout == Poll::Ready(Timeout::Lifetime) {
                        self.stop(Reason::Lifetime);
                        continue;
                    }
                    match self.poll_events(cx) {
                        Poll::Ready(Some(data)) => return Poll::Ready(Some(data)),
                        Poll::Ready(None) => self.stage = Stage::Ended(Reason::Finished),
                        Poll::Pending if timeout == Poll::Ready(Timeout::Heartbeat) => {
                            self.counts.heartbeats += 1;
                            return Poll::Ready(Some(Frame::HEARTBEAT.to_bytes()));
                        }
                        Poll::Pending => return Poll::Pending,
                    }
                }
                Stage::Draining(reason) => match self.poll_events(cx) {
                    Poll::Ready(Some(data)) => return Poll::Ready(Some(data)),
                    Poll::Ready(None) | Poll::Pending => self.stage = Stage::Farewell(reason),
                },
                Stage::Farewell(reason) => {
                    self.stage = Stage::Ended(reason);
                    let mut data = BytesMut::new();
                    for frame in self.options.parting() {
                        data.extend_from_slice(frame.as_bytes());
                    }
                    if !data.is_empty() {
                        return Poll::Ready(Some(data.freeze()));
                    }
                }
                Stage::Ended(_) => return Poll::Ready(None),
            }
        }
    }

    /// The events that are ready: one as it is, several in one piece.
    fn poll_events(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let Some(first) = ready!(self.poll_next(cx)) else {
            return Poll::Ready(None);
        };
        self.counts.events += 1;
        let mut joined = BytesMut::new();
        while let Poll::Ready(Some(frame)) = self.poll_next(cx) {
            let len = first.len().max(joined.len()) + frame.len();
            if len > self.options.buffer_limit {
                self.next = Some(frame);
                break;
            }
            if joined.is_empty() {
                joined.extend_from_slice(&first);
            }
            joined.extend_from_slice(&frame);
            self.counts.events += 1;
        }
        self.source.as_mut().handed_over(self.counts.events);
        Poll::Ready(Some(if joined.is_empty() {
            first
        } else {
            joined.freeze()
        }))
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        if let Some(next) = self.next.take() {
            return Poll::Ready(Some(next));
        }
        if self.source_has_ended {
            return Poll::Ready(None);
        }
        let frame = ready!(self.source.as_mut().poll_frame(cx));
        self.source_has_ended = frame.is_none();
        Poll::Ready(frame.map(EncodedFrame::into_bytes))
    }

    fn stop(&mut self, reason: Reason) {
        self.stage = if self.source.as_mut().stop() {
            Stage::Draining(reason)
        } else {
            Stage::Farewell(reason)
        };
    }
}

impl<S: Source> Body for EventBody<S> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let data = this.poll_data(cx);
        if let Poll::Ready(Some(data)) = &data {
            this.counts.bytes += data.len() as u64;
            this.counts.largest = this.counts.largest.max(data.len());
            this.alarm.wrote(data.len(), 0);
        }
        data.map(|data| data.map(|data| Ok(BodyFrame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.stage, Stage::Ended(_))
    }
}

impl<S: Source> Drop for EventBody<S> {
    fn drop(&mut self) {
        let summary = Summary {
            reason: match self.stage {
                Stage::Draining(reason) | Stage::Farewell(reason) | Stage::Ended(reason) => reason,
                Stage::Greeting | Stage::Events => Reason::PeerClosed,
            },
            events: self.counts.events,
            cut: false,
            heartbeats: self.counts.heartbeats,
            bytes: self.counts.bytes,
            high_water: self.counts.largest,
            duration: self.alarm.now().into(),
        };
        self.source.as_mut().ended(&summary);
    }
}

impl<S: Source> fmt::Debug for EventBody<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBody")
            .field("stage", &self.stage)
            .field("counts", &self.counts)
            .finish_non_exhaustive()
    }
}
