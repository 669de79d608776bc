//! A log that lies elsewhere: what the ring has of it comes by a feed, and the rest in pages.

use std::{
    collections::VecDeque,
    error, fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use sse_codec::replay::{Id, Outcome};

use super::{error::SubscriptionError, subscription::Subscription};
use crate::{encoded::EncodedFrame, frames::Room};

/// What a [`Backlog`] answers with.
pub type PageFuture =
    Pin<Box<dyn Future<Output = Result<Page, Box<dyn error::Error + Send + Sync>>> + Send>>;

/// The log that a hub [is fed](crate::Hub::fed) from, as far as it can be read.
pub trait Backlog: Send + Sync + 'static {
    /// Reads events after this one, the oldest first, as many as suit a page.
    ///
    /// An answer may take its time: the connection's head and heartbeats are sent meanwhile. What can be
    /// mended by another try is the implementation's to try again; an error ends the one connection, whose
    /// client comes back.
    fn page(&self, after: Id) -> PageFuture;
}

/// A part of a log.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Page {
    /// The events that follow, with their numbers, in order and without a hole among them. Where the first
    /// is not the next one, those between are lost. None at all: the event asked for is the log's last.
    Events(Vec<(u64, EncodedFrame)>),
    /// The ID is none of this log, or of an earlier epoch.
    Unknown,
}

/// A log by any type.
#[derive(Clone)]
pub(super) struct Log(pub(super) Arc<dyn Backlog>);

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

/// A subscription that reads pages.
pub(super) struct Paging {
    future: Option<PageFuture>,
    /// What was read and not handed over whole: `None` for what the filter does not let pass.
    frames: VecDeque<(u64, Option<EncodedFrame>)>,
    /// How many of them, from the front, were given.
    given: usize,
    /// The ring's last event when the log was asked.
    asked_at: Id,
    /// Whether the client has been told what became of its place.
    is_settled: bool,
    /// The ring has what follows.
    is_done: bool,
}

impl Paging {
    pub(super) fn new(is_settled: bool) -> Box<Self> {
        Box::new(Self {
            future: None,
            frames: VecDeque::new(),
            given: 0,
            asked_at: Id { epoch: 0, seq: 0 },
            is_settled,
            is_done: false,
        })
    }
}

type Put = Result<(), SubscriptionError>;

impl Subscription {
    /// Whether pages are read, or there is something of them to give.
    pub(super) fn is_paging(&self) -> bool {
        let paging = self.paging.as_ref();
        paging.is_some_and(|paging| !paging.is_done || paging.given < paging.frames.len())
    }

    /// Gives what pages have. `Ready(None)` when the ring has what follows.
    pub(super) fn poll_page(
        &mut self,
        cx: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Option<Put>>> {
        let Some(mut paging) = self.paging.take() else {
            return Poll::Ready(None);
        };
        let polled = self.poll_paging(&mut paging, cx, room);
        if !paging.is_done || !paging.frames.is_empty() {
            self.paging = Some(paging);
        }
        polled
    }

    /// Goes on with pages from the place where it is.
    pub(super) fn page_from_here(&mut self) {
        let paging = self.paging.get_or_insert_with(|| Paging::new(true));
        paging.is_done = false;
    }

    fn poll_paging(
        &mut self,
        paging: &mut Paging,
        cx: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Option<Put>>> {
        loop {
            if self.is_closed() {
                return Poll::Ready(Some(None));
            }
            if self.give_page(paging, room) || self.say_again(room) {
                return Poll::Ready(Some(Some(Ok(()))));
            }
            if paging.is_done {
                return Poll::Ready(None);
            }
            if let Some(head) = self.reaches_ring() {
                paging.is_done = true;
                paging.future = None;
                if std::mem::replace(&mut paging.is_settled, true) {
                    continue;
                }
                let replayed = head - self.cursor.seq;
                let outcome = Outcome::Resumed { replayed };
                self.settle(outcome);
                if self.say(outcome, self.cursor, None, room) {
                    return Poll::Ready(Some(Some(Ok(()))));
                }
                continue;
            }
            let Some(log) = &self.topic.backlog else {
                paging.is_done = true;
                continue;
            };
            let head = self.topic.lock().ring.window().head();
            let future = paging.future.get_or_insert_with(|| {
                paging.asked_at = head;
                log.0.page(self.cursor)
            });
            let polled = future.as_mut().poll(cx);
            if polled.is_pending() {
                // To be closed, and not only to be answered.
                self.park(cx.waker());
                if self.is_closed() {
                    continue;
                }
                return Poll::Pending;
            }
            paging.future = None;
            match polled {
                Poll::Ready(Ok(Page::Events(events))) => {
                    if self.take_page(paging, events, room) {
                        return Poll::Ready(Some(Some(Ok(()))));
                    }
                }
                Poll::Ready(Ok(Page::Unknown)) => {
                    paging.is_done = true;
                    paging.is_settled = true;
                    self.settle(Outcome::Unknown);
                    let head = self.topic.lock().ring.window().head();
                    if self.say(Outcome::Unknown, head, None, room) {
                        return Poll::Ready(Some(Some(Ok(()))));
                    }
                }
                Poll::Ready(Err(error)) => {
                    let error = SubscriptionError::Backlog(error);
                    return Poll::Ready(Some(Some(Err(error))));
                }
                Poll::Pending => {}
            }
        }
    }

    /// Takes what was read. Whether something has been said.
    fn take_page(
        &mut self,
        paging: &mut Paging,
        events: Vec<(u64, EncodedFrame)>,
        room: &mut Room<'_>,
    ) -> bool {
        let next = self.cursor.seq + 1;
        let floor = self.topic.lock().ring.window().floor();
        let is_below = floor.epoch == self.cursor.epoch && floor.seq > self.cursor.seq;
        let first = match events.first() {
            Some((first, _)) => *first,
            // Less than the ring knew of when it was asked: the log has been trimmed.
            None if is_below && paging.asked_at >= floor => floor.seq + 1,
            // The ring has moved on meanwhile: the log has more by now.
            None if is_below => return false,
            // The event asked for is the log's last: the feed brings what comes.
            None => next,
        };
        paging.is_done |= events.is_empty();
        let was_settled = std::mem::replace(&mut paging.is_settled, true);
        let lost = first.saturating_sub(next);
        let filter = self.filter.as_deref();
        let passing = events.into_iter().map(|(seq, frame)| {
            let passes = filter.is_none_or(|filter| filter.passes([frame.as_bytes(), &[]], 0));
            (seq, passes.then_some(frame))
        });
        paging.frames.extend(passing);
        if was_settled && lost == 0 {
            return false;
        }
        let head = self.topic.lock().ring.window().head().seq;
        let last = paging
            .frames
            .back()
            .map_or(self.cursor.seq, |(last, _)| *last);
        let outcome = match lost {
            0 => Outcome::Resumed {
                replayed: head.max(last) - self.cursor.seq,
            },
            lost => Outcome::Gap { lost },
        };
        if !was_settled {
            self.settle(outcome);
        }
        let mut after = self.cursor;
        after.seq += lost;
        self.say(outcome, after, None, room)
    }

    /// Puts of what was read as much as goes in. Whether that was anything.
    fn give_page(&mut self, paging: &mut Paging, room: &mut Room<'_>) -> bool {
        let mut has_put = false;
        while let Some((seq, frame)) = paging.frames.get(paging.given) {
            if self.has_to_say_again() {
                // What was said here before was taken back.
                return has_put;
            }
            if let Some(frame) = frame {
                if !room.offer(frame) {
                    // After what is in the room already.
                    return true;
                }
                self.given.page();
                has_put = true;
            }
            self.cursor.seq = *seq;
            paging.given += 1;
        }
        has_put
    }

    /// The ring's last event, if the ring goes on from where this is.
    fn reaches_ring(&self) -> Option<u64> {
        let window = *self.topic.lock().ring.window();
        let (floor, head) = (window.floor(), window.head());
        (floor.epoch == self.cursor.epoch && (floor.seq..=head.seq).contains(&self.cursor.seq))
            .then_some(head.seq)
    }

    pub(super) fn take_back_pages(&mut self, mut frames: u64) {
        let Some(paging) = &mut self.paging else {
            return;
        };
        while frames > 0
            && let Some(given) = paging.given.checked_sub(1)
            && let Some((seq, frame)) = paging.frames.get(given)
        {
            paging.given = given;
            self.cursor.seq = seq - 1;
            frames -= u64::from(frame.is_some());
        }
    }

    /// Forgets what was handed over.
    pub(super) fn forget_pages(&mut self, mut frames: u64) {
        let Some(paging) = &mut self.paging else {
            return;
        };
        while frames > 0
            && paging.given > 0
            && let Some((_, frame)) = paging.frames.pop_front()
        {
            paging.given -= 1;
            frames -= u64::from(frame.is_some());
        }
        if paging.is_done && paging.frames.iter().all(|(_, frame)| frame.is_none()) {
            self.paging = None;
        }
    }
}

impl fmt::Debug for Paging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Paging")
            .field("frames", &self.frames.len())
            .finish_non_exhaustive()
    }
}
