//! A subscription's look at its topic: what is there for it, under the lock.

use std::{sync::Arc, task::Waker, time::Duration};

use bytes::Bytes;
use sse_codec::replay::{Id, Outcome};

use super::{
    error::SubscriptionError, filter::Filter, registry::Verdict, subscribe::Behind,
    subscription::Subscription, topic::State,
};
use crate::{encoded::EncodedFrame, frames::Room};

/// So many events are looked at by a filter before others get the lock.
const LOOKED_AT: usize = 256;

/// What a look at the topic came to.
pub(super) enum Look {
    Put,
    Large(EncodedFrame),
    Say(Outcome, Id, Option<Box<[u8]>>),
    Page,
    Again,
    Part(Duration),
    Over,
    Failed(SubscriptionError),
    Waits,
}

impl Subscription {
    /// Puts what can be put, or parks the task.
    pub(super) fn look(&mut self, waker: &Waker, room: &mut Room<'_>) -> Look {
        let topic = Arc::clone(&self.topic);
        let mut cloned = None;
        loop {
            let mut guard = topic.lock();
            let state = &mut *guard;
            if let Some(look) = self.look_at(state, room) {
                return look;
            }
            if state.parking.is_parked(self.slot, waker) {
                return Look::Waits;
            }
            if let Some(cloned) = cloned.take() {
                let old = state.parking.park(self.slot, cloned);
                drop(guard);
                drop(old);
                topic.set.start_pump();
                return Look::Waits;
            }
            drop(guard);
            // Foreign code; not under the lock.
            cloned = Some(waker.clone());
        }
    }

    /// `None` when there is nothing to do but to wait.
    fn look_at(&mut self, state: &mut State, room: &mut Room<'_>) -> Option<Look> {
        let window = *state.ring.window();
        let (floor, mut head) = (window.floor(), window.head());
        if let Some(last) = self.last {
            if self.cursor >= last {
                return Some(Look::Over);
            }
            head = head.min(last);
        }
        let connection = state.connections.get_mut(self.slot as usize)?.as_mut()?;
        connection.sent = self.told;
        connection.after = self.cursor.seq;
        let verdict = connection.verdict;
        match verdict {
            Some(Verdict::Close) => return Some(Look::Over),
            Some(Verdict::Cut) => return Some(Look::Failed(SubscriptionError::Drained)),
            Some(Verdict::Drain(_)) | None => {}
        }
        if floor.epoch == 0 && self.topic.backlog.is_some() {
            // The feed has not begun.
            return state.is_ended.then_some(Look::Over);
        }
        if self.cursor.epoch == 0 {
            // The feed has begun since, and nothing is lost.
            self.outcome = Outcome::New;
            return Some(Look::Say(Outcome::New, floor, None));
        }
        if self.cursor.epoch != floor.epoch {
            return Some(Look::Say(Outcome::Unknown, floor, None));
        }
        if self.cursor.seq < floor.seq {
            return Some(self.fallen_behind(state, floor, head));
        }
        if self.cursor.seq < head.seq {
            let look = match self.filter.take() {
                None => self.copy(state, room, head.seq),
                Some(filter) => {
                    let look = self.copy_filtered(&filter, state, room, head.seq);
                    self.filter = Some(filter);
                    look
                }
            };
            if let Some(connection) = state.connections.get_mut(self.slot as usize)
                && let Some(connection) = connection
            {
                connection.after = self.cursor.seq;
            }
            return Some(look);
        }
        match verdict {
            Some(Verdict::Drain(retry)) if !self.has_parted => Some(Look::Part(retry)),
            Some(Verdict::Drain(_)) => Some(Look::Over),
            _ if state.is_ended => Some(Look::Over),
            _ => None,
        }
    }

    fn fallen_behind(&self, state: &State, floor: Id, head: Id) -> Look {
        if self.topic.backlog.is_some() {
            // That these are missing is known; all else may be in the log.
            return match state.gap_after {
                Some(gap_after) if self.cursor.seq >= gap_after => {
                    let lost = floor.seq - self.cursor.seq;
                    Look::Say(Outcome::Gap { lost }, floor, None)
                }
                _ => Look::Page,
            };
        }
        self.topic.set.counters.lagged();
        match self.behind {
            Behind::Skip => {
                let lost = head.seq - self.cursor.seq;
                let id = state.ring.index().map(|_| state.id_text(head.seq).into());
                Look::Say(Outcome::Gap { lost }, head, id)
            }
            Behind::Disconnect | Behind::Wait => Look::Failed(SubscriptionError::Behind),
        }
    }

    /// Whole events, as many as there is room for.
    fn copy(&mut self, state: &State, room: &mut Room<'_>, head: u64) -> Look {
        let mut has_put = false;
        while self.cursor.seq < head {
            let most = room.left().min(Room::TOGETHER);
            let (bytes, count) = state.ring.after(self.cursor.seq, most);
            if count == 0 {
                // Larger than what is put together.
                return match self.put_one(state, room, has_put) {
                    Some(look) => look,
                    None => continue,
                };
            }
            if !room.put(bytes, count) {
                break;
            }
            self.given.events(self.cursor.seq + 1, count as u64);
            self.cursor.seq += count as u64;
            has_put = true;
        }
        Look::Put
    }

    /// The next event alone. `None` when it has been put and there may be room for more.
    fn put_one(&mut self, state: &State, room: &mut Room<'_>, has_put: bool) -> Option<Look> {
        let seq = self.cursor.seq + 1;
        let event = state.ring.event(seq)?;
        if room.put(event, 1) {
            self.given.events(seq, 1);
            self.cursor.seq = seq;
            return None;
        }
        if has_put {
            return Some(Look::Put);
        }
        // Larger than all the room there is. It is copied whole, so that it need not be kept here until
        // the last of it has been sent.
        let frame = EncodedFrame::whole(Bytes::from(event.concat()));
        self.given.events(seq, 1);
        self.cursor.seq = seq;
        Some(Look::Large(frame))
    }

    fn copy_filtered(
        &mut self,
        filter: &Filter,
        state: &State,
        room: &mut Room<'_>,
        head: u64,
    ) -> Look {
        let mut has_put = false;
        for _ in 0..LOOKED_AT {
            if self.cursor.seq == head {
                break;
            }
            let seq = self.cursor.seq + 1;
            let passes = match state.ring.event(seq) {
                Some(event) => filter.passes(event, state.ring.tag(seq)),
                None => false,
            };
            if !passes {
                self.cursor.seq = seq;
                continue;
            }
            match self.put_one(state, room, has_put) {
                Some(look) => return look,
                None => {
                    self.seen = seq;
                    has_put = true;
                }
            }
        }
        // The client's ID may not fall so far behind that what it has no use for looks like a gap.
        let passed_over = self.cursor.seq - self.seen;
        if has_put {
            Look::Put
        } else if passed_over > state.ring.window().len() / 4 && self.opening.says() {
            let id = state
                .ring
                .index()
                .map(|_| state.id_text(self.cursor.seq).into());
            Look::Say(Outcome::Resumed { replayed: 0 }, self.cursor, id)
        } else {
            Look::Again
        }
    }
}
