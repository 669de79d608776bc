use std::{fmt, sync::Arc};

use sse_codec::replay::{Id, Outcome};

use super::{
    backlog::Paging,
    error::Refused,
    filter::Filter,
    index::id_of,
    notice::Opening,
    registry::Connection,
    subscription::{Place, Subscription},
    topic::{State, Topic},
};
use crate::encoded::EncodedFrame;

/// How a connection is to be subscribed: where it starts, what it gets, what becomes of it when it is
/// too slow.
///
/// ```
/// use sse_codec_tokio::{Behind, Subscribe};
///
/// let header = Some(&b"1764100000000123456-17"[..]); // what came in `Last-Event-ID`
/// let subscribe = Subscribe::after(header).behind(Behind::Skip).key("192.0.2.7");
/// ```
#[derive(Clone)]
pub struct Subscribe<'a> {
    start: Start<'a>,
    behind: Behind,
    filter: Filter,
    tag: Option<Arc<str>>,
    key: Option<Box<str>>,
    opening: Opening,
}

/// Where a subscription starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Start<'a> {
    /// With what is published from now on.
    #[default]
    Live,
    /// After the event with this ID. Where the ID comes from is the handler's business: from the header
    /// `Last-Event-ID`, or from a query parameter where a page cannot set headers.
    After(&'a [u8]),
    /// With the latest so many events.
    Last(u64),
    /// With the oldest event that is kept.
    Oldest,
}

/// What becomes of a connection whose next event is not kept any more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Behind {
    /// It ends, with an error. The client comes back with its ID, and is told what it has lost.
    #[default]
    Disconnect,
    /// It goes on with what is published from now on, after a notice of what it has lost.
    Skip,
    /// [`publish_within`](crate::Hub::publish_within) waits for it. Where nobody waits, it ends. Its write
    /// deadline bounds how long it can hold publishers up.
    Wait,
}

impl<'a> Subscribe<'a> {
    /// Starts here.
    #[must_use]
    pub const fn from(start: Start<'a>) -> Self {
        Self {
            start,
            behind: Behind::Disconnect,
            filter: Filter {
                types: Vec::new(),
                tags: Vec::new(),
            },
            tag: None,
            key: None,
            opening: Opening::Notice,
        }
    }

    /// Starts with what is published from now on.
    #[must_use]
    pub const fn live() -> Self {
        Self::from(Start::Live)
    }

    /// Starts after the event with this ID; without one, or with an empty one, with what is published
    /// from now on.
    #[must_use]
    pub fn after(id: Option<&'a [u8]>) -> Self {
        Self::from(id.map_or(Start::Live, Start::After))
    }

    /// What becomes of the connection when it is too slow.
    #[must_use]
    pub const fn behind(mut self, behind: Behind) -> Self {
        self.behind = behind;
        self
    }

    /// Only events of these types; `message` are those that name none.
    ///
    /// Now and then a frame moves the client's ID past what it does not get, so that it need not be told
    /// of a gap where there is none.
    #[must_use]
    pub fn only_types<T: AsRef<[u8]>>(mut self, types: impl IntoIterator<Item = T>) -> Self {
        let types = types.into_iter().map(|name| name.as_ref().into());
        self.filter.types = types.collect();
        self
    }

    /// Only events that were [published with](crate::Hub::publish_tagged) one of these tags.
    #[must_use]
    pub fn only_tags(mut self, tags: impl IntoIterator<Item = u64>) -> Self {
        self.filter.tags = tags.into_iter().collect();
        self
    }

    /// What the connection is called in the registry.
    #[must_use]
    pub fn tag(mut self, tag: impl Into<Arc<str>>) -> Self {
        self.tag = Some(tag.into());
        self
    }

    /// Whose connection it is, an address or a user: there may be a bound on
    /// [how many](crate::HubOptions::per_key) each has.
    #[must_use]
    pub fn key(mut self, key: impl Into<Box<str>>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// The stream's first frame is the ID alone, without data: a receiver dispatches nothing for it.
    /// (Some clients do, an empty message: several of those that read LLMs' streams.)
    #[must_use]
    pub fn open_with_id(mut self) -> Self {
        self.opening = Opening::Id;
        self
    }

    /// The stream's first frame is the one that this makes of the outcome and the ID before the first
    /// event; also in mid-stream, where there is something to say. Give the frame this ID.
    #[must_use]
    pub fn open_with(
        mut self,
        frame: impl Fn(Outcome, &[u8]) -> Option<EncodedFrame> + Send + Sync + 'static,
    ) -> Self {
        self.opening = Opening::Custom(Arc::new(frame));
        self
    }

    /// The stream begins with its first event, and nothing is said in mid-stream. A client that has had
    /// no event yet comes back as a new one.
    #[must_use]
    pub fn open_with_nothing(mut self) -> Self {
        self.opening = Opening::Nothing;
        self
    }
}

impl fmt::Debug for Subscribe<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscribe")
            .field("start", &self.start)
            .field("behind", &self.behind)
            .field("tag", &self.tag)
            .finish_non_exhaustive()
    }
}

impl Topic {
    pub(super) fn subscribe(
        self: &Arc<Self>,
        subscribe: Subscribe<'_>,
    ) -> Result<Subscription, Refused> {
        let key = subscribe.key;
        self.set.admit(key.as_deref())?;
        self.set.counters.connected();
        let now = self.set.tick();
        let is_waited_for = subscribe.behind == Behind::Wait;
        let number = self.set.next_number();

        let mut state = self.lock();
        state.ring.evict_old(now);
        let place = state.place(subscribe.start, self.backlog.is_some());
        let connection = Connection::new(number, subscribe.tag, place.after.seq, is_waited_for);
        let slot = state.parking.add();
        let index = slot as usize;
        if state.connections.len() <= index {
            state.connections.resize_with(index + 1, || None);
        }
        state.connections[index] = Some(connection);
        state.waited_for += usize::from(is_waited_for);
        drop(state);

        let filter = Some(subscribe.filter).filter(|filter| !filter.is_open());
        let paging = place.page.then(|| Paging::new(false));
        Ok(Subscription::new(
            Arc::clone(self),
            slot,
            key,
            place,
            subscribe.behind,
            filter.map(Box::new),
            subscribe.opening,
            paging,
        ))
    }
}

impl State {
    /// Where a subscription starts that is to start there.
    fn place(&self, start: Start<'_>, is_fed: bool) -> Place {
        let window = self.ring.window();
        let head = window.head();
        let of = |outcome, seq: u64| {
            let id = self.ring.index().map(|_| self.id_text(seq).into());
            let mut after = head;
            after.seq = seq;
            Place {
                outcome,
                after,
                id,
                page: false,
            }
        };
        if is_fed && window.epoch() == 0 && !matches!(start, Start::After([_, ..])) {
            // The feed has not begun: where the log's head is, nobody knows yet.
            return of(Outcome::Pending, 0);
        }
        match start {
            Start::Live | Start::After([]) => of(Outcome::New, head.seq),
            Start::Last(count) => {
                let seq = head.seq.saturating_sub(count).max(window.floor().seq);
                of(Outcome::New, seq)
            }
            Start::Oldest => of(Outcome::New, window.floor().seq),
            Start::After(id) if is_fed => {
                let resume = window.resume_behind(id);
                let asked = Id::parse(id);
                match (resume.outcome, asked) {
                    // The log has more than the ring, before it and behind.
                    (Outcome::Gap { .. } | Outcome::Pending, Some(asked)) => Place {
                        outcome: Outcome::Pending,
                        after: asked,
                        id: None,
                        page: true,
                    },
                    (outcome, _) => of(outcome, resume.after.seq),
                }
            }
            Start::After(id) => {
                if let Some(seq) = self.find(id) {
                    let replayed = head.seq - seq;
                    return of(Outcome::Resumed { replayed }, seq);
                }
                let resume = window.resume(id);
                of(resume.outcome, resume.after.seq)
            }
        }
    }

    /// The event that has this ID of its own, or had it and was the last that was evicted.
    fn find(&self, id: &[u8]) -> Option<u64> {
        let index = self.ring.index()?;
        if let Some(seq) = index.find(id) {
            let event = self.ring.event(seq)?;
            return (*id_of(event) == *id).then_some(seq);
        }
        (index.floor == id).then(|| self.ring.window().floor().seq)
    }
}
