//! One log and those who read it.

use std::{
    cell::Cell,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    task::Waker,
    time::Duration,
};

use sse_codec::{
    Event, Frame,
    replay::{Id, Window},
};
use tokio::{sync::Notify, time::timeout};

use super::{
    age::Ages,
    backlog::Log,
    epoch::new_epoch,
    error::PublishError,
    index::{Index, id_of},
    registry::Connection,
    ring::{Entry, Ring},
    set::{Set, lock},
    wake::{self, Parking},
};

#[derive(Debug)]
pub(super) struct Topic {
    number: u64,
    pub(super) name: Option<Arc<str>>,
    pub(super) set: Arc<Set>,
    state: Mutex<State>,
    /// That of a log that is published to, for it never changes.
    epoch: u64,
    /// The ID that the next event will have, most probably: it is encoded outside of the lock.
    next: AtomicU64,
    /// A reader that is waited for has moved on, or has left.
    moved: Notify,
    /// Where the events come from, if not from publishers.
    pub(super) backlog: Option<Log>,
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) ring: Ring,
    pub(super) parking: Parking,
    /// As the slots of `parking`.
    pub(super) connections: Vec<Option<Connection>>,
    /// How many of them are waited for.
    pub(super) waited_for: usize,
    /// There will be no more events.
    pub(super) is_ended: bool,
    /// Of a log that lies elsewhere: after which event some are known to be missing, up to the floor.
    pub(super) gap_after: Option<u64>,
}

thread_local! {
    /// Where frames are encoded, before they are copied under the lock.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What of it is kept for the next frame.
const SPARE_MOST: usize = 64 * 1024;

impl Topic {
    pub(super) fn new(set: &Arc<Set>, name: Option<Arc<str>>, fed: Option<(Id, Log)>) -> Arc<Self> {
        let options = &set.options;
        let (window, backlog) = match fed {
            Some((after, log)) => (Window::after(after), Some(log)),
            None => (Window::new(new_epoch()), None),
        };
        let ring = Ring::new(
            window,
            options.limits,
            options.age.map(|_| Ages::default()),
            options.own_ids.then(Index::default),
            Arc::clone(&set.budget),
        );
        let topic = Arc::new(Self {
            number: set.next_number(),
            name,
            set: Arc::clone(set),
            state: Mutex::new(State {
                ring,
                parking: Parking::default(),
                connections: Vec::new(),
                waited_for: 0,
                is_ended: false,
                gap_after: None,
            }),
            epoch: window.epoch(),
            next: AtomicU64::new(window.next()),
            moved: Notify::new(),
            backlog,
        });
        set.enter(topic.number, Arc::downgrade(&topic));
        topic
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    pub(super) fn publish(
        self: &Arc<Self>,
        event: Event<'_>,
        tag: u64,
    ) -> Result<Id, PublishError> {
        match self.append(event, tag, false)? {
            Some(id) => Ok(id),
            None => Err(PublishError::TimedOut),
        }
    }

    pub(super) async fn publish_within(
        self: &Arc<Self>,
        event: Event<'_>,
        tag: u64,
        time: Duration,
    ) -> Result<Id, PublishError> {
        let waiting = async {
            loop {
                let moved = self.moved.notified();
                let mut moved = std::pin::pin!(moved);
                moved.as_mut().enable();
                if let Some(id) = self.append(event, tag, true)? {
                    return Ok(id);
                }
                moved.await;
            }
        };
        timeout(time, waiting)
            .await
            .unwrap_or(Err(PublishError::TimedOut))
    }

    /// `None` when it is to be `patient`, and a reader that is waited for has not read yet what would
    /// be evicted.
    fn append(
        self: &Arc<Self>,
        event: Event<'_>,
        tag: u64,
        patient: bool,
    ) -> Result<Option<Id>, PublishError> {
        if self.backlog.is_some() {
            return Err(PublishError::Fed);
        }
        let own_id = self.own_id(&event)?;
        let tick = self.set.tick();
        let mut scratch = SPARE.try_with(Cell::take).unwrap_or_default();
        let mut id = Id {
            epoch: self.epoch,
            seq: self.next.load(Ordering::Relaxed),
        };
        let encoded = encode(event, id, own_id.is_some(), &mut scratch);
        let appended = encoded.map_err(PublishError::from).and_then(|()| {
            let mut state = self.lock();
            let expected = state.ring.window().next();
            if id.seq != expected && own_id.is_none() {
                id.seq = expected;
                encode(event, id, false, &mut scratch)?;
            }
            let limit = self.set.options.limits.bytes;
            if scratch.len() > limit {
                let len = scratch.len();
                return Err(PublishError::TooLarge { len, limit });
            }
            if patient && state.would_pass_over(scratch.len()) {
                return Ok(None);
            }
            let entry = Entry {
                frame: &scratch,
                tag,
                tick,
                own_id,
            };
            let id = state.ring.append(entry).ok_or(PublishError::NoMemory)?;
            self.next.store(id.seq + 1, Ordering::Relaxed);
            let rings = state.parking.note();
            drop(state);
            if rings {
                self.set.pump.ring(Arc::clone(self));
            }
            Ok(Some(id))
        });
        if scratch.capacity() <= SPARE_MOST {
            scratch.clear();
            let _ = SPARE.try_with(|spare| spare.set(scratch));
        }
        if let Ok(Some(_)) = appended {
            self.set.counters.published();
        }
        appended
    }

    /// The hash of the event's own ID, where it may have one and has.
    fn own_id(&self, event: &Event<'_>) -> Result<Option<u64>, PublishError> {
        match event.id() {
            None => Ok(None),
            Some(_) if !self.set.options.own_ids => Err(PublishError::OwnId),
            Some([]) => Err(PublishError::EmptyId),
            Some(id) => Ok(self.lock().ring.index().map(|index| index.hash(id))),
        }
    }

    /// Appends an entry of a log that lies elsewhere.
    pub(super) fn append_fed(self: &Arc<Self>, frame: &[u8], tag: u64) -> Result<(), PublishError> {
        let tick = self.set.tick();
        let limit = self.set.options.limits.bytes;
        if frame.len() > limit {
            let len = frame.len();
            return Err(PublishError::TooLarge { len, limit });
        }
        let mut state = self.lock();
        let entry = Entry {
            frame,
            tag,
            tick,
            own_id: None,
        };
        state.ring.append(entry).ok_or(PublishError::NoMemory)?;
        let rings = state.parking.note();
        drop(state);
        if rings {
            self.set.pump.ring(Arc::clone(self));
        }
        self.set.counters.published();
        Ok(())
    }

    /// Changes something that all who wait have to look at.
    pub(super) fn change<T>(self: &Arc<Self>, change: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.lock();
        let changed = change(&mut state);
        let rings = state.parking.note();
        drop(state);
        if rings {
            self.set.pump.ring(Arc::clone(self));
        }
        changed
    }

    /// Takes out what is too old. At which tick something more will be.
    pub(super) fn sweep(&self, now: u64) -> Option<u64> {
        let mut state = self.lock();
        state.ring.evict_old(now);
        state.ring.due()
    }

    /// Tells publishers who wait that a reader has moved on.
    pub(super) fn note_moved(&self) {
        self.moved.notify_waiters();
    }
}

impl State {
    /// Whether an event of this length would push out one that a reader who is waited for has not had.
    fn would_pass_over(&self, len: usize) -> bool {
        if self.waited_for == 0 {
            return false;
        }
        let evicted = self.ring.evicted_by(len);
        let mut connections = self.connections.iter().flatten();
        connections.any(|one| one.is_waited_for && one.kept < evicted)
    }

    /// The text of the ID that a client has after event `seq`.
    pub(super) fn id_text(&self, seq: u64) -> Vec<u8> {
        let window = self.ring.window();
        if let Some(index) = self.ring.index() {
            if let Some(event) = self.ring.event(seq) {
                return id_of(event).into_owned();
            }
            if seq == window.floor().seq && !index.floor.is_empty() {
                return index.floor.clone();
            }
        }
        let epoch = window.epoch();
        Id { epoch, seq }.text().to_vec()
    }
}

impl wake::Topic for Arc<Topic> {
    fn take_wakers(&self, into: &mut Vec<Waker>) {
        self.lock().parking.take_all(into);
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        self.set.leave(self.number);
    }
}

/// Writes the frame of an event, with this ID unless it has its own.
fn encode(
    event: Event<'_>,
    id: Id,
    has_own: bool,
    into: &mut Vec<u8>,
) -> Result<(), sse_codec::InvalidField> {
    into.clear();
    let text = id.text();
    let event = if has_own { event } else { event.with_id(&text) };
    Frame::event(event)?.append_to(into);
    Ok(())
}
