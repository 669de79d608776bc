//! A hub whose log lies elsewhere: a fake log that delays, fails, is trimmed and begins anew.

mod common;

use std::{
    collections::{BTreeMap, VecDeque},
    error::Error,
    future::poll_fn,
    sync::{Arc, Mutex},
    task::{Poll, Waker},
};

use common::client::Client;
use proptest::prelude::*;
use sse_codec::{Event, replay::Id};
use sse_codec_tokio::{
    Backlog, EncodedFrame, Feed, Hub, HubOptions, Outcome, Page, PageFuture, PublishError, Reason,
    Start, Subscribe, SubscriptionError, Topics,
};

const ROOMY: usize = 1 << 20;

/// The log as it is elsewhere.
#[derive(Default)]
struct Remote {
    epoch: u64,
    events: BTreeMap<u64, String>,
    last: u64,
    /// Nobody gets an answer.
    is_away: bool,
    fails: bool,
    waiting: VecDeque<Waker>,
    pages: usize,
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Remote>>);

/// Short, so that there are many.
const PAGE: usize = 3;

impl Backlog for Log {
    fn page(&self, after: Id) -> PageFuture {
        let log = Arc::clone(&self.0);
        Box::pin(poll_fn(move |cx| {
            let mut log = log.lock().unwrap();
            if log.is_away {
                log.waiting.push_back(cx.waker().clone());
                return Poll::Pending;
            }
            log.pages += 1;
            if log.fails {
                return Poll::Ready(Err(Box::<dyn Error + Send + Sync>::from("no such host")));
            }
            if after.epoch != log.epoch || after.seq > log.last {
                return Poll::Ready(Ok(Page::Unknown));
            }
            let events = log.events.range(after.seq + 1..).take(PAGE);
            let events = events.map(|(seq, text)| (*seq, frame(log.epoch, *seq, text)));
            Poll::Ready(Ok(Page::Events(events.collect())))
        }))
    }
}

fn frame(epoch: u64, seq: u64, text: &str) -> EncodedFrame {
    let id = Id { epoch, seq }.text();
    EncodedFrame::event(Event::text(text).with_id(&id)).unwrap()
}

impl Log {
    fn begin(&self, epoch: u64) {
        let mut log = self.0.lock().unwrap();
        (log.epoch, log.last) = (epoch, 0);
        log.events.clear();
    }

    fn add(&self) {
        let mut log = self.0.lock().unwrap();
        log.last += 1;
        let (epoch, last) = (log.epoch, log.last);
        log.events.insert(last, format!("{epoch}/{last}"));
    }

    fn trim(&self, first: u64) {
        self.0.lock().unwrap().events.retain(|seq, _| *seq >= first);
    }

    fn away(&self, is_away: bool) {
        let mut log = self.0.lock().unwrap();
        log.is_away = is_away;
        let waiting = std::mem::take(&mut log.waiting);
        drop(log);
        for waker in waiting {
            waker.wake();
        }
    }

    /// What the reading loop does: all that the feed has not.
    fn feed(&self, feed: &Feed, most: usize) {
        let log = self.0.lock().unwrap();
        let cursor = feed.cursor();
        if cursor.epoch != log.epoch {
            feed.begin(Id {
                epoch: log.epoch,
                seq: 0,
            });
        }
        let cursor = feed.cursor();
        let new = log.events.range(cursor.seq + 1..).take(most);
        for (seq, text) in new {
            let id = Id {
                epoch: log.epoch,
                seq: *seq,
            };
            let _ = feed.append(id, &frame(log.epoch, *seq, text));
        }
    }
}

fn fed(events: usize) -> (Hub, Feed, Log) {
    let log = Log::default();
    log.begin(7);
    let (hub, feed) = Hub::fed(HubOptions::new().events(events), log.clone());
    (hub, feed, log)
}

fn after(hub: &Hub, id: &str) -> Client {
    Client::new(
        hub.subscribe(Subscribe::after(Some(id.as_bytes())))
            .unwrap(),
        ROOMY,
    )
}

fn numbers(epoch: u64, from: u64, to: u64) -> Vec<String> {
    (from..=to).map(|seq| format!("{epoch}/{seq}")).collect()
}

#[test]
fn what_is_fed_reaches_all_and_nobody_else_publishes() {
    let (hub, feed, log) = fed(100);
    let news = hub.subscribe(Subscribe::live()).unwrap();
    // Where the log is, nobody knows yet.
    assert_eq!(news.outcome(), Outcome::Pending);
    let mut client = Client::new(news, ROOMY);
    assert_eq!(client.read_all().received, b"");
    log.add();
    log.feed(&feed, 10);
    assert_eq!(client.read_all().data(), ["7/1"]);
    assert_eq!(client.notices(), [r#"{"outcome":"new"}"#]);
    assert_eq!(hub.publish(Event::text("x")), Err(PublishError::Fed));
    drop(feed);
    assert_eq!(client.read_all().summary.unwrap().reason, Reason::Finished);
}

#[test]
fn below_the_ring_pages_are_read_until_there_is_no_seam() {
    let (hub, feed, log) = fed(4);
    for _ in 0..20 {
        log.add();
        log.feed(&feed, 10);
    }
    let news = hub.subscribe(Subscribe::after(Some(b"7-2"))).unwrap();
    assert_eq!(news.outcome(), Outcome::Pending);
    let mut client = Client::new(news, ROOMY);
    log.add();
    log.feed(&feed, 10);
    assert_eq!(client.read_all().data(), numbers(7, 3, 21));
    assert_eq!(client.notices(), [r#"{"outcome":"resumed","replayed":18}"#]);
    // In the ring, the log is not asked.
    let pages = log.0.lock().unwrap().pages;
    assert_eq!(after(&hub, "7-19").read_all().data(), numbers(7, 20, 21));
    assert_eq!(log.0.lock().unwrap().pages, pages);

    log.trim(9);
    let mut client = after(&hub, "7-2");
    assert_eq!(client.read_all().data(), numbers(7, 9, 21));
    assert_eq!(client.notices(), [r#"{"outcome":"gap","lost":6}"#]);
    assert_eq!(client.seen()[0].id, "7-8");
}

#[test]
fn an_id_ahead_of_the_ring_is_asked_for_and_waited_for() {
    let (hub, feed, log) = fed(4);
    log.add();
    log.feed(&feed, 10);
    // Another node's clients have had these.
    log.add();
    log.add();
    let mut client = after(&hub, "7-3");
    assert_eq!(
        client.read_all().notices(),
        [r#"{"outcome":"resumed","replayed":0}"#]
    );
    let mut behind = after(&hub, "7-2");
    assert_eq!(behind.read_all().data(), ["7/3"]);
    log.add();
    log.feed(&feed, 10);
    assert_eq!(client.read_all().data(), ["7/4"]);
    assert_eq!(behind.read_all().data(), ["7/3", "7/4"]);
    for id in ["7-9", "8-1", "6-1", "x"] {
        let mut client = after(&hub, id);
        assert_eq!(
            client.read_all().notices(),
            [r#"{"outcome":"unknown"}"#],
            "{id}"
        );
        assert_eq!(client.last_id(), "7-4");
    }
}

#[test]
fn while_the_log_is_away_the_stream_is_open_and_says_nothing() {
    let (hub, feed, log) = fed(2);
    for _ in 0..5 {
        log.add();
    }
    log.feed(&feed, 10);
    log.away(true);
    let mut clients = [after(&hub, "7-1"), after(&hub, "7-8"), after(&hub, "7-1")];
    for client in &mut clients {
        assert_eq!(client.read_all().received, b"");
        assert!(client.summary.is_none());
    }
    // One of them is closed while it waits.
    let last = hub.connections().iter().map(|info| info.id).max().unwrap();
    hub.close(last);
    assert_eq!(
        clients[2].read_all().summary.unwrap().reason,
        Reason::Finished
    );
    // Another has what it waits for by the feed.
    for _ in 0..3 {
        log.add();
    }
    log.feed(&feed, 10);
    assert_eq!(
        clients[1].read_all().notices(),
        [r#"{"outcome":"resumed","replayed":0}"#]
    );
    log.away(false);
    assert_eq!(clients[0].read_all().data(), numbers(7, 2, 8));
}

#[test]
fn a_log_that_cannot_be_read_ends_one_connection() {
    let (hub, feed, log) = fed(2);
    for _ in 0..5 {
        log.add();
    }
    log.feed(&feed, 10);
    log.0.lock().unwrap().fails = true;
    let error = Arc::new(Mutex::new(None));
    let heard = Arc::clone(&error);
    let news = hub.subscribe(Subscribe::after(Some(b"7-1"))).unwrap();
    let news = sse_codec_tokio::Frames::on_end(news, move |_, error| {
        *heard.lock().unwrap() = error;
    });
    let mut client = Client::new(news, ROOMY);
    assert_eq!(
        client.read_all().summary.unwrap().reason,
        Reason::SourceFailed
    );
    let error = error.lock().unwrap().take();
    assert!(
        matches!(error, Some(SubscriptionError::Backlog(error)) if error.to_string() == "no such host")
    );
    let mut live = after(&hub, "7-5");
    assert!(live.read_all().summary.is_none());
}

#[test]
fn a_gap_and_a_new_epoch_in_mid_stream_are_said_and_the_stream_goes_on() {
    let (hub, feed, log) = fed(10);
    log.add();
    log.feed(&feed, 10);
    let mut client = after(&hub, "7-1");
    client.read_all();
    // The reading loop was away, and the log was trimmed meanwhile.
    for _ in 0..20 {
        log.add();
    }
    log.trim(18);
    log.feed(&feed, 100);
    assert_eq!(client.read_all().data(), numbers(7, 18, 21));
    assert_eq!(client.notices()[1..], [r#"{"outcome":"gap","lost":16}"#]);
    assert_eq!(log.0.lock().unwrap().pages, 0, "it was known");

    log.begin(8);
    log.add();
    log.feed(&feed, 100);
    client.read_all();
    assert_eq!(client.notices()[2..], [r#"{"outcome":"unknown"}"#]);
    assert_eq!(client.data()[4..], ["8/1"]);
    assert_eq!(client.last_id(), "8-1");
}

#[test]
fn what_the_ring_cannot_hold_is_read_from_the_log() {
    let log = Log::default();
    log.begin(7);
    let (hub, feed) = Hub::fed(HubOptions::new().bytes(100), log.clone());
    log.add();
    log.feed(&feed, 10);
    let mut client = after(&hub, "7-1");
    client.read_all();
    let large = "x".repeat(1000);
    {
        let mut log = log.0.lock().unwrap();
        log.last += 1;
        let last = log.last;
        log.events.insert(last, large.clone());
    }
    log.feed(&feed, 10);
    log.add();
    log.feed(&feed, 10);
    assert_eq!(client.read_all().data(), [&large, "7/3"]);
}

#[test]
fn topics_can_be_fed_and_go_when_their_place_is_needed_though_they_are_not_empty() {
    let log = Log::default();
    log.begin(7);
    let topics = Topics::new(HubOptions::new().topics(2).connections(2));
    let (one, feed) = topics.fed("one", log.clone()).unwrap();
    log.add();
    log.feed(&feed, 10);
    assert_eq!(one.publish(Event::text("x")), Err(PublishError::Fed));
    let mut client = after(&one, "7-0");
    assert_eq!(client.read_all().data(), ["7/1"]);
    drop(one);
    let one = || topics.get("one").expect("in use");
    assert!(one().is_connected());
    assert!(!topics.remove_unused("one"));
    // The bound on connections is that of all topics.
    let two = topics.create("two").unwrap();
    let live = |hub: &Hub| hub.subscribe(Subscribe::live());
    let _second = live(&two).unwrap();
    assert!(live(&one()).is_err());
    let full = topics.fed("three", log.clone()).unwrap_err();
    assert_eq!(full, PublishError::TooManyTopics { limit: 2 });

    client.leave();
    assert!(!one().is_connected());
    assert!(!feed.is_over());
    let (_three, _feed) = topics.fed("three", log.clone()).unwrap();
    assert!(feed.is_over() && topics.get("one").is_none());
    // Another one under a name takes the place of the first.
    let (_three, _feed) = topics.fed("three", log.clone()).unwrap();
    assert!(_feed.cursor().epoch == 0);
}

#[derive(Clone, Debug)]
enum Step {
    Add(u64),
    Feed(usize),
    Trim(u64),
    Begin,
    Away(bool),
    Come(u64),
    Return(usize),
    Read(usize, usize),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (1_u64..8).prop_map(Step::Add),
        4 => (1_usize..20).prop_map(Step::Feed),
        1 => (1_u64..30).prop_map(Step::Trim),
        1 => Just(Step::Begin),
        1 => any::<bool>().prop_map(Step::Away),
        2 => (0_u64..30).prop_map(Step::Come),
        3 => (0_usize..5).prop_map(Step::Return),
        6 => (0_usize..5, 1_usize..60).prop_map(|(who, bytes)| Step::Read(who, bytes)),
    ];
    prop::collection::vec(step, 1..60)
}

/// A client over all its connections: what it has had, in order, is each event once, or it was told.
fn judge(client: &Client, came_with: &str) {
    let mut at: Option<Id> = Id::parse(came_with.as_bytes());
    for seen in client.seen() {
        let id = Id::parse(seen.id.as_bytes()).expect("an ID of the log");
        if seen.event_type == "replay" {
            if let Some(lost) = seen.data.strip_prefix(r#"{"outcome":"gap","lost":"#) {
                let lost: u64 = lost.trim_end_matches('}').parse().unwrap();
                let at = at.expect("a place");
                assert_eq!((id.epoch, id.seq), (at.epoch, at.seq + lost));
            } else if seen.data.contains("resumed") {
                assert_eq!(at, Some(id));
            }
        } else {
            let at = at.expect("a first frame");
            let all: Vec<_> = client
                .seen()
                .iter()
                .map(|seen| format!("{} {}", seen.id, seen.data))
                .collect();
            assert_eq!((id.epoch, id.seq), (at.epoch, at.seq + 1), "{all:?}");
            assert_eq!(seen.data, format!("{}/{}", id.epoch, id.seq));
        }
        at = Some(id);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_client_loses_anything_untold(ring in 1_usize..12, steps in steps()) {
        let (hub, feed, log) = fed(ring);
        let mut epoch = 7;
        let mut clients: Vec<(String, Client)> = Vec::new();
        let come = |id: String, bytes| {
            let start = if id.is_empty() { Start::Live } else { Start::After(id.as_bytes()) };
            let client = Client::new(hub.subscribe(Subscribe::from(start)).unwrap(), bytes);
            (id, client)
        };
        for step in steps {
            match step {
                Step::Add(count) => (0..count).for_each(|_| log.add()),
                Step::Feed(most) => log.feed(&feed, most),
                Step::Trim(first) => log.trim(first),
                Step::Begin => {
                    epoch += 1;
                    log.begin(epoch);
                }
                Step::Away(is_away) => log.away(is_away),
                Step::Come(seq) => {
                    let id = if seq == 0 { String::new() } else { format!("{epoch}-{seq}") };
                    clients.push(come(id, 20 + seq as usize * 40));
                }
                Step::Return(who) if who < clients.len() => {
                    let (came_with, client) = clients.swap_remove(who);
                    judge(&client, &came_with);
                    let id = match client.last_id() {
                        id if id.is_empty() => came_with,
                        id => id,
                    };
                    client.leave();
                    clients.push(come(id, 200));
                }
                Step::Return(_) => {}
                Step::Read(who, bytes) => {
                    if let Some((_, client)) = clients.get_mut(who) {
                        client.run();
                        client.read(bytes);
                    }
                }
            }
        }
        log.away(false);
        log.add();
        log.feed(&feed, 1000);
        let head = log.0.lock().unwrap().last;
        for (came_with, client) in &mut clients {
            client.read_all();
            judge(client, came_with);
            prop_assert_eq!(client.last_id(), format!("{epoch}-{head}"));
        }
    }
}
