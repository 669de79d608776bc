//! The life of a connection, without its transport.
//!
//! ```text
//!          head, opening,       source has ended
//! Opening ───────────────▶ Events ───────────────────────────────▶ Parting ──────▶ Over
//!          greeting          │  │                                   ▲   farewell,
//!                            │  │ stop(Shutdown | Lifetime)         │   last chunk
//!                            │  └────────────────────▶ Draining ────┘
//!                            │                            │  what was accepted before
//!                            │ source has failed          │
//!                            └────────────────────────────┴───────────────────────▶ Over
//! ```
//! `over` leads from any of them to Over: the transport has failed, the peer has gone, a deadline
//! has passed.
//!
//! A face asks for what comes next when the transport has taken, and flushed, all before. It says
//! what became of that; the session tells the source.

use std::{
    ops::DerefMut,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use sse_codec::http::LAST_CHUNK;

use super::{
    clock::{Clock, Due},
    feed::{Feed, Gathered},
};
use crate::{
    encoded::EncodedFrame,
    frames::{Burst, Counts, Frames, Kind},
    head::{Framing, Terms},
    options::ServeOptions,
    reason::{Reason, Summary},
};

pub(crate) struct Session<P: DerefMut<Target: Frames>> {
    pub(crate) feed: Feed<P>,
    pub(crate) options: Arc<ServeOptions>,
    pub(crate) clock: Clock,
    framing: Framing,
    /// Until it is sent.
    head: Vec<u8>,
    /// The next event with data carries the reconnection time.
    is_retry_due: bool,
    stage: Stage,
    /// It is to end, and has not begun.
    stopping: Option<Reason>,
    /// How many events the source was told of.
    told: u64,
    pub(crate) account: Account,
    has_ended: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    Events,
    /// Only what was accepted before is still sent.
    Draining(Reason),
    Parting(Reason),
    Over(Reason),
}

/// What became of what the session gave, as its face knows it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Account {
    pub(crate) done: Counts,
    pub(crate) bytes: u64,
    pub(crate) cut: bool,
    pub(crate) high_water: usize,
}

#[derive(Debug)]
pub(crate) enum Next {
    /// What is in the burst.
    Burst,
    /// An event that is too large to be copied.
    Alone(EncodedFrame),
    /// There will be nothing more, and all before was sent.
    Nothing(Reason),
    /// The time is over.
    Cut(Reason),
}

impl<P: DerefMut<Target: Frames>> Session<P> {
    pub(crate) fn new(source: Pin<P>, terms: Terms) -> Self {
        let head = terms.head();
        let Terms {
            options, framing, ..
        } = terms;
        Self {
            feed: Feed::new(source),
            clock: Clock::new(options.timers).with_first_heartbeat(options.first_heartbeat),
            is_retry_due: options.retry.is_some(),
            options,
            framing,
            head,
            stage: Stage::Opening,
            stopping: None,
            told: 0,
            account: Account::default(),
            has_ended: false,
        }
    }

    /// Whether the source is still asked for what is new.
    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.stage, Stage::Opening | Stage::Events)
    }

    pub(crate) fn is_chunked(&self) -> bool {
        self.framing == Framing::Chunked
    }

    /// The task has been woken, perhaps by the source.
    pub(crate) fn wake(&mut self) {
        self.clock.turn();
        self.feed.wake();
    }

    /// Begins the end in good order.
    pub(crate) fn stop(&mut self, reason: Reason) {
        match self.stage {
            // The head and the greeting go out all the same.
            Stage::Opening => self.stopping = Some(reason),
            Stage::Events => {
                self.clock.drain_for(self.options.drain);
                self.feed.stop();
                self.stage = Stage::Draining(reason);
            }
            Stage::Draining(_) | Stage::Parting(_) | Stage::Over(_) => {}
        }
    }

    /// The connection is no more, or all has been sent. The first reason stays, but a stream is
    /// finished only when all of it was handed over.
    pub(crate) fn over(&mut self, reason: Reason) -> Reason {
        let reason = match self.stage {
            Stage::Parting(Reason::Finished) | Stage::Over(Reason::Finished)
                if self.account.cut =>
            {
                reason
            }
            Stage::Draining(reason) | Stage::Parting(reason) | Stage::Over(reason) => reason,
            Stage::Opening | Stage::Events => reason,
        };
        self.stage = Stage::Over(reason);
        reason
    }

    /// What comes next, in the `burst` or alone. All before was sent.
    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>, burst: &mut Burst) -> Poll<Next> {
        if self.is_retry_due {
            burst.carry_retry(self.options.retry);
        }
        loop {
            match self.stage {
                Stage::Opening => self.open(burst),
                Stage::Events => {
                    // Before the events: of a source that is always ready the lifetime ends too.
                    let due = self.clock.poll(cx);
                    if due == Poll::Ready(Due::WriteDeadline) {
                        return Poll::Ready(Next::Cut(Reason::WriteDeadline));
                    }
                    if self.clock.lifetime_is_over {
                        self.stop(Reason::Lifetime);
                        continue;
                    }
                    let gathered = self.feed.gather(cx, burst);
                    if let Some(next) = self.gathered(burst) {
                        return Poll::Ready(next);
                    }
                    match gathered {
                        Gathered::Over(reason) => self.finish(reason),
                        Gathered::Waiting if due == Poll::Ready(Due::Heartbeat) => {
                            self.beat(burst);
                            return Poll::Ready(Next::Burst);
                        }
                        Gathered::Waiting => return Poll::Pending,
                        Gathered::Full => return self.wait_a_turn(cx),
                    }
                }
                Stage::Draining(reason) => {
                    if let Poll::Ready(Due::WriteDeadline | Due::Drain) = self.clock.poll(cx) {
                        return Poll::Ready(Next::Cut(reason));
                    }
                    let gathered = self.feed.gather(cx, burst);
                    if let Some(next) = self.gathered(burst) {
                        return Poll::Ready(next);
                    }
                    match gathered {
                        Gathered::Over(Reason::SourceFailed) => self.finish(Reason::SourceFailed),
                        Gathered::Full => return self.wait_a_turn(cx),
                        // A source that is waiting has nothing that was accepted before.
                        Gathered::Over(_) | Gathered::Waiting => self.finish(reason),
                    }
                }
                Stage::Parting(reason) => {
                    self.stage = Stage::Over(reason);
                    self.part(burst, reason);
                    if !burst.is_empty() {
                        return Poll::Ready(Next::Burst);
                    }
                }
                Stage::Over(reason) => return Poll::Ready(Next::Nothing(reason)),
            }
        }
    }

    /// The transport has taken nothing for a while: waits for the end of the deadline, or of the time
    /// for an orderly end.
    #[cfg(feature = "http-body")]
    pub(crate) fn poll_stuck(&mut self, cx: &mut Context<'_>) -> Poll<Reason> {
        loop {
            let due = self.clock.poll(cx);
            if self.clock.lifetime_is_over && self.is_open() {
                self.stop(Reason::Lifetime);
                // Another time is waited for now.
                continue;
            }
            match std::task::ready!(due) {
                Due::WriteDeadline | Due::Drain => {
                    return Poll::Ready(self.over(Reason::WriteDeadline));
                }
                Due::Heartbeat => {}
            }
        }
    }

    /// What goes before the events.
    fn open(&mut self, burst: &mut Burst) {
        burst.push_raw(&std::mem::take(&mut self.head));
        if self.framing == Framing::HeadOnly {
            self.finish(Reason::Finished);
            return;
        }
        let opening = self.feed.source().opening();
        for frame in [opening.as_ref(), self.options.greeting.as_ref()]
            .into_iter()
            .flatten()
        {
            self.clock.skip_first_heartbeat();
            burst.put_retry(frame);
            burst.push(frame, Kind::Other);
        }
        self.stage = Stage::Events;
        if let Some(reason) = self.stopping.take() {
            self.stop(reason);
        }
    }

    fn beat(&mut self, burst: &mut Burst) {
        let heartbeat = match &self.options.heartbeat {
            Some(frame) => Some(frame.clone()),
            None => self.feed.source().heartbeat(),
        };
        let heartbeat = heartbeat.unwrap_or(EncodedFrame::HEARTBEAT);
        burst.put_retry(&heartbeat);
        self.is_retry_due = burst.carries_retry();
        burst.push(&heartbeat, Kind::Heartbeat);
        burst.close();
    }

    /// There is nothing more of the source.
    fn finish(&mut self, reason: Reason) {
        self.stage = if reason == Reason::SourceFailed {
            // Not an end that a client may take for one: nothing says goodbye.
            Stage::Over(reason)
        } else {
            self.clock.drain_for(self.options.drain);
            Stage::Parting(reason)
        };
    }

    /// What goes behind the events.
    fn part(&self, burst: &mut Burst, reason: Reason) {
        if matches!(reason, Reason::Lifetime | Reason::Shutdown) {
            for frame in self.options.parting() {
                burst.push(&frame, Kind::Other);
            }
        }
        if self.is_chunked() {
            burst.push_raw(LAST_CHUNK);
        }
        burst.close();
    }

    /// What there is to send now.
    fn gathered(&mut self, burst: &mut Burst) -> Option<Next> {
        if burst.is_empty() {
            let frame = self.feed.aside.front()?;
            burst.put_retry(frame);
            self.is_retry_due = burst.carries_retry();
            if burst.is_empty() {
                self.clock.skip_first_heartbeat();
                return self.feed.aside.pop_front().map(Next::Alone);
            }
        }
        if burst.counts().events > 0 {
            self.clock.skip_first_heartbeat();
        }
        self.is_retry_due = burst.carries_retry();
        burst.close();
        Some(Next::Burst)
    }

    /// The source says that it has put something, and has not: it gets another turn.
    fn wait_a_turn(&self, cx: &Context<'_>) -> Poll<Next> {
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// Tells the source how far its events have got.
    pub(crate) fn note(&mut self, account: Account) {
        self.account = account;
        if self.told < account.done.events {
            self.told = account.done.events;
            self.feed.source().handed_over(self.told);
        }
    }

    /// Tells the source how it ended.
    pub(crate) fn end(&mut self, otherwise: Reason) -> Summary {
        let reason = self.over(otherwise);
        self.clock.turn();
        let summary = Summary {
            reason,
            events: self.account.done.events,
            cut: self.account.cut,
            heartbeats: self.account.done.heartbeats,
            bytes: self.account.bytes,
            high_water: self.account.high_water,
            duration: self.clock.now().into(),
        };
        if !std::mem::replace(&mut self.has_ended, true) {
            let error = self.feed.take_error();
            self.feed.source().ended(&summary, error);
        }
        summary
    }
}

impl<P: DerefMut<Target: Frames>> Drop for Session<P> {
    fn drop(&mut self) {
        // A face that has another name for it has ended the session before.
        self.end(Reason::Dropped);
    }
}

/// The source is pinned where it is, and nothing else is.
impl<P: DerefMut<Target: Frames>> Unpin for Session<P> {}
