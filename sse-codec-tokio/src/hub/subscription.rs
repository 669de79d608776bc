use std::{
    collections::VecDeque,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use sse_codec::{
    Frame,
    replay::{Id, Outcome},
};

use super::{
    backlog::Paging,
    error::SubscriptionError,
    filter::Filter,
    given::{Given, Notice, Run},
    look::Look,
    notice::Opening,
    registry::{ConnectionId, ConnectionInfo, Presence, Verdict},
    subscribe::Behind,
    topic::Topic,
};
use crate::{
    encoded::EncodedFrame,
    frames::{Frames, Room},
    reason::{Reason, Summary},
};

/// Where a subscription is: behind this event.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) outcome: Outcome,
    pub(super) after: Id,
    /// The text of the ID, where it is not the hub's.
    pub(super) id: Option<Box<[u8]>>,
    /// The log has to be asked.
    pub(super) page: bool,
}

/// The events of a [`Hub`](crate::Hub) for one connection: what it has missed, and then what is
/// published, as one sequence. A source for [`serve`](crate::serve()) and
/// [`EventBody`](crate::EventBody).
///
/// It takes nothing of the log's memory, however slow its client is: it is a place in the log, from which
/// it copies when the transport wants more.
///
/// It ends when all handles of the hub are gone, or when it [is closed](crate::Hub::close).
#[derive(Debug)]
pub struct Subscription {
    pub(super) topic: Arc<Topic>,
    pub(super) slot: u32,
    pub(super) key: Option<Box<str>>,
    pub(super) outcome: Outcome,
    /// Behind the last event that was given.
    pub(super) cursor: Id,
    pub(super) opening: Opening,
    pub(super) opening_id: Option<Box<[u8]>>,
    pub(super) filter: Option<Box<Filter>>,
    /// The last event whose ID the client has got, where there is a filter.
    pub(super) seen: u64,
    pub(super) behind: Behind,
    pub(super) given: Given,
    /// Notices that were taken back.
    pub(super) again: VecDeque<Notice>,
    /// How many frames were handed over.
    pub(super) told: u64,
    pub(super) paging: Option<Box<Paging>>,
    pub(super) has_parted: bool,
    /// After which event the stream is to end.
    pub(super) last: Option<Id>,
    pub(super) ended: Option<Reason>,
}

impl Subscription {
    #[expect(clippy::too_many_arguments, reason = "called once")]
    pub(super) fn new(
        topic: Arc<Topic>,
        slot: u32,
        key: Option<Box<str>>,
        place: Place,
        behind: Behind,
        filter: Option<Box<Filter>>,
        opening: Opening,
        paging: Option<Box<Paging>>,
    ) -> Self {
        Self {
            topic,
            slot,
            key,
            outcome: place.outcome,
            cursor: place.after,
            opening,
            opening_id: place.id,
            filter,
            seen: place.after.seq,
            behind,
            given: Given::default(),
            again: VecDeque::new(),
            told: 0,
            paging,
            has_parted: false,
            last: None,
            ended: None,
        }
    }

    /// What became of the place that the client came back with.
    #[must_use]
    pub const fn outcome(&self) -> Outcome {
        self.outcome
    }

    pub(super) const fn settle(&mut self, outcome: Outcome) {
        self.outcome = outcome;
    }

    /// The ID after which the stream goes on from where it is now. A client that has got all that was
    /// given so far comes back to the right place with it.
    ///
    /// Where events [have IDs of their own](crate::HubOptions::own_ids) it is the hub's ID all the same.
    #[must_use]
    pub const fn place(&self) -> Id {
        self.cursor
    }

    /// The connection's number in the registry.
    #[must_use]
    pub fn id(&self) -> ConnectionId {
        let state = self.topic.lock();
        let connection = state.connections.get(self.slot as usize);
        let number = connection.and_then(|one| one.as_ref().map(|one| one.number));
        ConnectionId(number.unwrap_or(0))
    }

    /// Puts a frame of the subscription's own. `false` when there is none by choice.
    pub(super) fn say(
        &mut self,
        outcome: Outcome,
        after: Id,
        id: Option<Box<[u8]>>,
        room: &mut Room<'_>,
    ) -> bool {
        let before = std::mem::replace(&mut self.cursor, after);
        self.seen = after.seq;
        let text = after.text();
        let frame = self.opening.frame(outcome, id.as_deref().unwrap_or(&text));
        let Some(frame) = frame else {
            return false;
        };
        self.put_notice(
            Notice {
                before,
                after,
                frame,
            },
            room,
        );
        true
    }

    fn put_notice(&mut self, notice: Notice, room: &mut Room<'_>) {
        self.cursor = notice.after;
        room.put_frame(notice.frame.clone());
        self.given.notice(notice);
    }

    /// Whether it is the turn of a notice that was taken back.
    pub(super) fn has_to_say_again(&self) -> bool {
        let notice = self.again.front();
        notice.is_some_and(|notice| notice.before == self.cursor)
    }

    /// Puts a notice that was taken back, where it belongs.
    pub(super) fn say_again(&mut self, room: &mut Room<'_>) -> bool {
        while let Some(notice) = self.again.pop_front() {
            if notice.before == self.cursor {
                self.put_notice(notice, room);
                return true;
            }
            if (notice.before.epoch, notice.before.seq) > (self.cursor.epoch, self.cursor.seq) {
                // Its turn comes.
                self.again.push_front(notice);
                return false;
            }
        }
        false
    }

    /// Parks the task for a verdict only, while something else is waited for.
    pub(super) fn park(&self, waker: &Waker) {
        let cloned = waker.clone();
        let mut state = self.topic.lock();
        let old = state.parking.park(self.slot, cloned);
        drop(state);
        drop(old);
    }

    /// Whether the connection is to end now.
    pub(super) fn is_closed(&self) -> bool {
        let state = self.topic.lock();
        let connection = state.connections.get(self.slot as usize);
        let verdict = connection.and_then(|one| one.as_ref().and_then(|one| one.verdict));
        matches!(verdict, Some(Verdict::Close | Verdict::Cut))
    }

    /// What a place is called, by an ID that the client can come back with.
    fn text_of(&self, seq: u64) -> Vec<u8> {
        self.topic.lock().id_text(seq)
    }

    fn tell(&self, make: impl FnOnce(ConnectionInfo) -> Presence) {
        let Some(hear) = &self.topic.set.options.presence else {
            return;
        };
        let state = self.topic.lock();
        let head = state.ring.window().head().seq;
        let connection = state.connections.get(self.slot as usize);
        let info = connection.and_then(|one| one.as_ref().map(|one| one.info(head)));
        drop(state);
        if let Some(info) = info {
            hear(make(info));
        }
    }
}

impl Frames for Subscription {
    type Error = SubscriptionError;

    fn poll_frames(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), SubscriptionError>>> {
        let me = &mut *self;
        loop {
            if me.say_again(room) {
                return Poll::Ready(Some(Ok(())));
            }
            if me.is_paging()
                && let Some(put) = std::task::ready!(me.poll_page(cx, room))
            {
                return Poll::Ready(put);
            }
            match me.look(cx.waker(), room) {
                Look::Put => return Poll::Ready(Some(Ok(()))),
                Look::Large(frame) => {
                    room.put_frame(frame);
                    return Poll::Ready(Some(Ok(())));
                }
                Look::Say(outcome, after, id) => {
                    if me.say(outcome, after, id, room) {
                        return Poll::Ready(Some(Ok(())));
                    }
                }
                Look::Page => me.page_from_here(),
                Look::Again => {}
                Look::Part(retry) => {
                    me.has_parted = true;
                    room.put_frame(Frame::retry(retry.into()).into());
                    let cursor = me.cursor;
                    me.given.notice(Notice {
                        before: cursor,
                        after: cursor,
                        frame: Frame::retry(retry.into()).into(),
                    });
                    return Poll::Ready(Some(Ok(())));
                }
                Look::Over => return Poll::Ready(None),
                Look::Failed(error) => return Poll::Ready(Some(Err(error))),
                Look::Waits => return Poll::Pending,
            }
        }
    }

    fn can_take_back(&self) -> bool {
        true
    }

    fn take_back(mut self: Pin<&mut Self>, frames: usize) {
        let mut left = frames as u64;
        while left > 0
            && let Some(run) = self.given.take_back(left)
        {
            match run {
                Run::Events { first, count } => {
                    self.cursor.seq = first - 1;
                    left -= count;
                }
                Run::Pages { count } => {
                    self.take_back_pages(count);
                    left -= count;
                }
                Run::Notice(notice) => {
                    self.cursor = notice.before;
                    left -= 1;
                    if self.has_parted {
                        // The farewell: there may be more to send before it now.
                        self.has_parted = false;
                    } else {
                        self.again.push_front(notice);
                    }
                }
            }
        }
        self.seen = self.seen.min(self.cursor.seq);
    }

    fn opening(self: Pin<&mut Self>) -> Option<EncodedFrame> {
        let mut state = self.topic.lock();
        if let Some(Some(connection)) = state.connections.get_mut(self.slot as usize) {
            connection.is_served = true;
        }
        drop(state);
        let topic = self.topic.name.clone();
        self.tell(|connection| Presence::Joined { topic, connection });
        if self.outcome == Outcome::Pending {
            return None;
        }
        let text = self.cursor.text();
        let id = self.opening_id.as_deref().unwrap_or(&text);
        self.opening.frame(self.outcome, id)
    }

    fn heartbeat(mut self: Pin<&mut Self>) -> Option<EncodedFrame> {
        let is_behind = self.filter.is_some() && self.seen < self.cursor.seq;
        if !is_behind || !self.opening.says() {
            // The stream has IDs: a blank line would give several clients an empty message.
            return Some(EncodedFrame::HEARTBEAT_LINE);
        }
        self.seen = self.cursor.seq;
        let id = self.text_of(self.seen);
        self.opening.frame(Outcome::Resumed { replayed: 0 }, &id)
    }

    fn handed_over(mut self: Pin<&mut Self>, events: u64) {
        let new = events.saturating_sub(self.told);
        self.told = events;
        let pages = self.given.handed_over(new);
        self.forget_pages(pages);
        self.topic.set.counters.delivered(new);
        if self.behind == Behind::Wait {
            let kept = self.given.kept().unwrap_or(self.cursor.seq);
            let mut state = self.topic.lock();
            if let Some(Some(connection)) = state.connections.get_mut(self.slot as usize) {
                connection.kept = kept;
            }
            drop(state);
            self.topic.note_moved();
        }
    }

    fn stop(mut self: Pin<&mut Self>) -> bool {
        // What has been published by now is still sent, and what comes meanwhile is not.
        let head = self.topic.lock().ring.window().head();
        self.last = Some(head);
        !self.is_paging()
    }

    fn ended(mut self: Pin<&mut Self>, summary: &Summary, _: Option<SubscriptionError>) {
        self.ended = Some(summary.reason);
        self.topic.set.counters.ended(summary.reason, Some(summary));
        let (topic, reason) = (self.topic.name.clone(), summary.reason);
        self.tell(|connection| Presence::Left {
            topic,
            connection,
            reason,
        });
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if self.ended.is_none() {
            self.topic.set.counters.ended(Reason::Dropped, None);
        }
        let is_waited_for = self.behind == Behind::Wait;
        let mut state = self.topic.lock();
        let waker = state.parking.remove(self.slot);
        state.connections[self.slot as usize] = None;
        state.waited_for -= usize::from(is_waited_for);
        if state.parking.is_vacant() {
            state.connections = Vec::new();
        }
        drop(state);
        drop(waker);
        if is_waited_for {
            self.topic.note_moved();
        }
        self.topic.set.dismiss(self.key.as_deref());
    }
}
