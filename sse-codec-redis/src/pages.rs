//! What the ring has not: pages of the log, read once for all who want the same.

use std::{
    collections::{HashMap, VecDeque},
    error,
    sync::{Arc, Mutex, Weak},
    time::{Duration, Instant},
};

use sse_codec::replay::Id;
use sse_codec_tokio::{Backlog, EncodedFrame, Page, PageFuture};
use tokio::time::{sleep, timeout};

use crate::{
    batch::Batch,
    chance::spread,
    entry::{Entry, read_all},
    error::Error,
    lock::lock,
    node::{Node, Place},
    scripts::{Ensure, Scripts},
};

/// How many events a page has. Pages begin at its multiples, so that clients with different IDs want the
/// same ones.
pub(crate) const PAGE: u64 = 64;

/// How long a page is kept.
const KEPT: Duration = Duration::from_secs(5);

/// Between two tries while Redis is away.
const PAUSE: Duration = Duration::from_millis(200);

/// After so long without the feed where it should be, Redis is asked again.
const PATIENCE: Duration = Duration::from_secs(1);

/// A topic, and which page of which epoch.
type Key = (Arc<str>, u64, u64);

/// A page as it was read.
#[derive(Clone, Debug)]
struct Read(Arc<[Entry]>);

#[derive(Debug)]
pub(crate) struct Pages {
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    asked: HashMap<Key, Arc<Batch<Result<Read, Error>>>>,
    /// Whole pages, the oldest first. What they say does not change.
    kept: VecDeque<(Instant, Key, Read)>,
    bytes: usize,
}

impl Pages {
    pub(crate) fn new(most: usize) -> Self {
        Self {
            most,
            state: Mutex::default(),
        }
    }

    fn find(&self, key: &Key) -> Option<Read> {
        let state = lock(&self.state);
        let mut kept = state.kept.iter();
        kept.find(|(_, found, _)| found == key)
            .map(|(_, _, read)| read.clone())
    }

    fn batch(&self, key: &Key) -> Arc<Batch<Result<Read, Error>>> {
        let mut state = lock(&self.state);
        // Those who hold one are about to ask.
        state
            .asked
            .retain(|_, batch| Arc::strong_count(batch) > 1 || !batch.is_idle());
        Arc::clone(state.asked.entry(key.clone()).or_default())
    }

    fn keep(&self, key: Key, read: &Read) {
        let bytes = read.bytes();
        let mut state = lock(&self.state);
        if read.is_whole(&key) && !state.kept.iter().any(|(_, kept, _)| *kept == key) {
            state.kept.push_back((Instant::now(), key, read.clone()));
            state.bytes += bytes;
        }
        state.forget(self.most);
    }

    /// Forgets what is too old.
    pub(crate) fn sweep(&self) {
        lock(&self.state).forget(self.most);
    }
}

impl State {
    fn forget(&mut self, most: usize) {
        while let Some((since, _, read)) = self.kept.front()
            && (self.bytes > most || since.elapsed() > KEPT)
        {
            self.bytes -= read.bytes();
            self.kept.pop_front();
        }
    }
}

impl Read {
    fn bytes(&self) -> usize {
        let frames = self.0.iter().map(|entry| entry.frame.as_bytes().len());
        frames.sum::<usize>() + self.0.len() * size_of::<Entry>()
    }

    /// Whether no event can come to it.
    fn is_whole(&self, key: &Key) -> bool {
        let end = Id {
            epoch: key.1,
            seq: (key.2 + 1) * PAGE,
        };
        self.0.last().is_some_and(|entry| entry.id >= end)
    }

    /// What follows this ID. `None` when nothing does yet; the epoch, if it is another one.
    fn after(&self, after: Id) -> Option<Result<Vec<(u64, EncodedFrame)>, u64>> {
        let from = self.0.partition_point(|entry| entry.id <= after);
        let first = self.0.get(from)?;
        if first.id.epoch != after.epoch {
            return Some(Err(first.id.epoch));
        }
        let events = self.0[from..].iter();
        let events = events.take_while(|entry| entry.id.epoch == after.epoch);
        Some(Ok(events
            .map(|entry| (entry.id.seq, entry.frame.clone()))
            .collect()))
    }
}

/// The log of a topic, for its hub.
#[derive(Debug)]
pub(crate) struct Log {
    node: Weak<Node>,
    place: Weak<Place>,
}

impl Log {
    pub(crate) fn new(node: &Arc<Node>, place: &Arc<Place>) -> Self {
        Self {
            node: Arc::downgrade(node),
            place: Arc::downgrade(place),
        }
    }
}

impl Backlog for Log {
    fn page(&self, after: Id) -> PageFuture {
        let (node, place) = (self.node.clone(), self.place.clone());
        Box::pin(async move {
            let (Some(node), Some(place)) = (node.upgrade(), place.upgrade()) else {
                return Err(Box::<dyn error::Error + Send + Sync>::from(
                    "the topic is gone",
                ));
            };
            page(&node, &place, after)
                .await
                .ok_or_else(|| "the runtime is gone".into())
        })
    }
}

async fn page(node: &Arc<Node>, place: &Arc<Place>, after: Id) -> Option<Page> {
    loop {
        // Where this process is must be known first: there a client goes on whose ID is not.
        fed(place, |cursor| cursor.epoch != 0).await;
        let mut present = None;
        for is_second in [false, true] {
            let read = read(node, &place.topic, after, is_second).await?;
            match read.after(after) {
                Some(Ok(events)) => return Some(Page::Events(events)),
                // An ID of another epoch: nothing else can follow it.
                Some(Err(epoch)) if epoch > after.epoch => {
                    return unknown(place, epoch).await;
                }
                Some(Err(_)) | None => {}
            }
            if is_second {
                break;
            }
            let last = ensure(node, place).await?;
            if last.epoch != after.epoch || last.seq < after.seq {
                return unknown(place, last.epoch).await;
            }
            present = Some(last);
            if last == after {
                break;
            }
        }
        // The ID is of this log and nothing follows it, or what followed is trimmed: the ring says
        // what comes, as soon as it is there.
        let epoch = present?.epoch;
        let is_there = |cursor: &Id| cursor.epoch == epoch && cursor.seq >= after.seq;
        if fed(place, is_there).await {
            return Some(Page::Events(Vec::new()));
        }
    }
}

/// The client goes on in this epoch, once the ring is there.
async fn unknown(place: &Place, epoch: u64) -> Option<Page> {
    // Without it for long, it goes on where the ring is, and hears of the epoch later.
    fed(place, |cursor| cursor.epoch == epoch).await;
    Some(Page::Unknown)
}

/// Whether the ring is there, before long.
async fn fed(place: &Place, is_there: impl FnMut(&Id) -> bool) -> bool {
    let mut cursor = place.cursor.subscribe();
    let fed = timeout(PATIENCE, cursor.wait_for(is_there)).await;
    matches!(fed, Ok(Ok(_)))
}

/// The page in which what follows `after` lies.
async fn read(node: &Arc<Node>, topic: &Arc<str>, after: Id, is_fresh: bool) -> Option<Read> {
    let key = (Arc::clone(topic), after.epoch, after.seq / PAGE);
    if !is_fresh && let Some(read) = node.pages.find(&key) {
        return Some(read);
    }
    let batch = node.pages.batch(&key);
    loop {
        let (node, key) = (Arc::clone(node), key.clone());
        let pause = spread(PAUSE);
        let question = move || {
            let (node, key) = (Arc::clone(&node), key.clone());
            async move { ask_page(&node, &key).await }
        };
        match batch.ask(question).await? {
            Ok(read) => return Some(read),
            // Redis is away. Heartbeats go out meanwhile.
            Err(_) => sleep(pause).await,
        }
    }
}

async fn ask_page(node: &Node, key: &Key) -> Result<Read, Error> {
    let (topic, epoch, number) = key;
    let first = Id {
        epoch: *epoch,
        seq: number * PAGE + 1,
    };
    let mut command = redis::cmd("XRANGE");
    command
        .arg(node.keys.stream(topic))
        .arg(first.to_string())
        .arg("+");
    command.arg("COUNT").arg(PAGE);
    let mut conn = node.link.commands().await?;
    let answer = conn
        .ask(&command)
        .await
        .inspect_err(|error| node.link.failed(&conn, error))?;
    let read = Read(read_all(answer)?.into());
    node.pages.keep(key.clone(), &read);
    Ok(read)
}

/// The last ID of the log, asked for now.
async fn ensure(node: &Arc<Node>, place: &Arc<Place>) -> Option<Id> {
    loop {
        let (node, topic) = (Arc::clone(node), Arc::clone(&place.topic));
        let question = move || {
            let (node, topic) = (Arc::clone(&node), Arc::clone(&topic));
            async move { ask_place(&node, &topic).await }
        };
        match place.ensure.ask(question).await? {
            Ok(last) => return Some(last),
            Err(_) => sleep(spread(PAUSE)).await,
        }
    }
}

async fn ask_place(node: &Node, topic: &str) -> Result<Id, Error> {
    let mut conn = node.link.commands().await?;
    let command = node.link.scripts().ensure(&node.keys, topic, Ensure::Make);
    let answer = conn
        .ask(&command)
        .await
        .inspect_err(|error| node.link.failed(&conn, error))?;
    Scripts::ensured(answer)?.ok_or_else(|| Error::answer("a log was expected"))
}
