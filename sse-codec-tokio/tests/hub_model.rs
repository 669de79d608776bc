//! The hub beside a model of it: a list of all events there ever were, and what of it is evicted.
//!
//! Whatever happens, each client's bytes are those the model expects, with no hole, no repetition and
//! no half of a frame before another, and what it is told to have lost is what it has lost.

mod common;

use std::time::Duration;

use common::client::Client;
use proptest::prelude::*;
use sse_codec::{Event, Frame, Parser, replay::Outcome};
use sse_codec_tokio::{Behind, ConnectionId, Hub, HubOptions, Reason, Start, Subscribe, Topics};
use tokio::{
    task::yield_now,
    time::{Instant, sleep},
};

/// The age in seconds; a tick is one second of it.
const AGE: u64 = 256;

#[derive(Clone, Debug)]
enum Step {
    Publish(usize),
    Burst(usize),
    Subscribe(From, Behind, usize),
    /// A client reads so many bytes.
    Read(usize, usize),
    ReadAll(usize),
    /// A client's connection is cut, and it comes back with the ID that it has.
    Return(usize, usize),
    Leave(usize),
    Close(usize),
    /// So many seconds pass.
    Wait(u64),
    /// The topic is removed, or the server starts anew.
    Restart,
}

#[derive(Clone, Copy, Debug)]
enum From {
    Live,
    Oldest,
    Last(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let behind = prop_oneof![
        3 => Just(Behind::Disconnect),
        3 => Just(Behind::Skip),
        1 => Just(Behind::Wait)
    ];
    let from = prop_oneof![
        Just(From::Live),
        Just(From::Oldest),
        (0_u64..6).prop_map(From::Last)
    ];
    let pipe = prop_oneof![1_usize..40, Just(400), Just(20_000)];
    let step = prop_oneof![
        8 => prop_oneof![0_usize..30, 100_usize..300, 3_000_usize..6_000].prop_map(Step::Publish),
        3 => (2_usize..40).prop_map(Step::Burst),
        3 => (from, behind, pipe.clone()).prop_map(|(from, behind, pipe)| Step::Subscribe(from, behind, pipe)),
        8 => (0_usize..6, 1_usize..60).prop_map(|(who, bytes)| Step::Read(who, bytes)),
        4 => (0_usize..6).prop_map(Step::ReadAll),
        4 => (0_usize..6, pipe).prop_map(|(who, pipe)| Step::Return(who, pipe)),
        1 => (0_usize..6).prop_map(Step::Leave),
        1 => (0_usize..6).prop_map(Step::Close),
        2 => prop_oneof![1_u64..10, 100_u64..300].prop_map(Step::Wait),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..60)
}

/// One life of a log.
struct Log {
    epoch: u64,
    /// When its clock began.
    begun: Instant,
    /// When each was published, its data, and its frame.
    events: Vec<(u64, String, Vec<u8>)>,
    evicted: usize,
}

impl Log {
    fn now(&self) -> u64 {
        self.begun.elapsed().as_secs()
    }

    fn evict(&mut self, most: Limits) {
        let now = self.now();
        let is_too_much = |events: &[(u64, String, Vec<u8>)]| {
            let bytes: usize = events.iter().map(|(_, _, frame)| frame.len()).sum();
            events.len() > most.events
                || bytes > most.bytes
                || events.first().is_some_and(|(time, _, _)| now > time + AGE)
        };
        while is_too_much(&self.events[self.evicted..]) {
            self.evicted += 1;
        }
    }

    fn head(&self) -> u64 {
        self.events.len() as u64
    }

    fn id(&self, seq: u64) -> String {
        format!("{}-{seq}", self.epoch)
    }
}

#[derive(Clone, Copy, Debug)]
struct Limits {
    events: usize,
    bytes: usize,
}

/// A client as the model sees it.
struct Guest {
    client: Client,
    behind: Behind,
    /// Which log, and behind which of its events it was at first.
    log: usize,
    from: u64,
    outcome: Outcome,
    /// The ID it has come with.
    came_with: String,
    id: ConnectionId,
    is_closed: bool,
}

struct Model {
    limits: Limits,
    logs: Vec<Log>,
    guests: Vec<Guest>,
}

fn notice(outcome: Outcome, id: &str) -> Vec<u8> {
    let data = match outcome {
        Outcome::New => r#"{"outcome":"new"}"#.to_owned(),
        Outcome::Resumed { replayed } => {
            format!(r#"{{"outcome":"resumed","replayed":{replayed}}}"#)
        }
        Outcome::Gap { lost } => format!(r#"{{"outcome":"gap","lost":{lost}}}"#),
        Outcome::Unknown => r#"{"outcome":"unknown"}"#.to_owned(),
        Outcome::Pending => unreachable!("nothing is asked for elsewhere"),
    };
    let event = Event::text(&data)
        .with_type(b"replay")
        .with_id(id.as_bytes());
    Frame::event(event).unwrap().to_vec()
}

impl Model {
    fn log(&mut self) -> &mut Log {
        self.logs.last_mut().unwrap()
    }

    /// What a client that comes with this ID is told, and behind which event it goes on.
    fn resume(&self, id: &str) -> (Outcome, u64) {
        let log = self.logs.last().unwrap();
        if id.is_empty() {
            return (Outcome::New, log.head());
        }
        match (0..=log.head()).find(|seq| log.id(*seq) == id) {
            Some(seq) if seq >= log.evicted as u64 => {
                let replayed = log.head() - seq;
                (Outcome::Resumed { replayed }, seq)
            }
            Some(seq) => {
                let lost = log.evicted as u64 - seq;
                (Outcome::Gap { lost }, log.evicted as u64)
            }
            None => (Outcome::Unknown, log.head()),
        }
    }

    /// That a client has got what it should have, so far.
    fn check(&self, guest: &Guest, is_read_out: bool) {
        let log = &self.logs[guest.log];
        let mut rest = &guest.client.received[..];
        let mut at = guest.from;
        let mut next = notice(guest.outcome, &log.id(at));
        loop {
            let Some(behind) = rest.strip_prefix(&next[..]) else {
                // A skip says where it goes on.
                if let Some(skipped) = skip(rest, log)
                    && guest.behind == Behind::Skip
                    && skipped > at
                {
                    let lost = skipped - at;
                    next = notice(Outcome::Gap { lost }, &log.id(skipped));
                    if rest.starts_with(&next) {
                        assert!(log.evicted as u64 > at, "nothing was lost");
                        at = skipped;
                        continue;
                    }
                }
                let is_begun = next.starts_with(rest) || may_begin_notice(rest);
                assert!(
                    is_begun,
                    "after event {at}: {:?}",
                    String::from_utf8_lossy(rest)
                );
                break;
            };
            if next.starts_with(b"event: replay") {
                // The notice itself moves nothing more.
            } else {
                at += 1;
            }
            rest = behind;
            match log.events.get(at as usize) {
                Some((_, _, frame)) => next.clone_from(frame),
                None => {
                    assert!(rest.is_empty(), "more than there is");
                    return;
                }
            }
        }
        if !is_read_out {
            return;
        }
        match guest.client.summary {
            Some(summary) => match summary.reason {
                Reason::SourceFailed => {
                    assert!(guest.behind != Behind::Skip);
                    assert!(at < log.evicted as u64, "not behind at all");
                    assert!(
                        rest.is_empty() && !summary.cut,
                        "half a frame {summary:?} {:?}",
                        String::from_utf8_lossy(rest)
                    );
                }
                // Closed, with nothing in between.
                reason => assert!(
                    guest.is_closed && rest.is_empty(),
                    "{reason:?} {:?}",
                    String::from_utf8_lossy(rest)
                ),
            },
            None => assert!(at == log.head() && rest.is_empty(), "at {at} it waits"),
        }
    }
}

/// The event behind which a notice of a gap goes on.
fn skip(rest: &[u8], log: &Log) -> Option<u64> {
    let text = std::str::from_utf8(rest).ok()?;
    let text = text.strip_prefix("event: replay\nid: ")?;
    let (id, _) = text.split_once('\n')?;
    let (epoch, seq) = id.split_once('-')?;
    (epoch.parse() == Ok(log.epoch)).then(|| seq.parse().ok())?
}

fn may_begin_notice(rest: &[u8]) -> bool {
    b"event: replay\nid: ".starts_with(rest)
        || rest.starts_with(b"event: replay\nid: ") && !rest.ends_with(b"\n\n")
}

fn last_id(guest: &Guest) -> String {
    let mut parser = Parser::growable(1 << 20);
    parser
        .set_last_event_id(guest.came_with.as_bytes())
        .unwrap();
    let mut chunk = sse_codec::Chunk::new(&guest.client.received);
    while parser.next_event(&mut chunk).unwrap().is_some() {}
    String::from_utf8(parser.last_event_id().to_vec()).unwrap()
}

async fn play(limits: Limits, in_topics: bool, in_chunks: bool, steps: Vec<Step>) {
    let new_client = |news, pipe| match in_chunks {
        true => Client::chunked(news, pipe),
        false => Client::new(news, pipe),
    };
    let options = || {
        HubOptions::new()
            .events(limits.events)
            .bytes(limits.bytes)
            .age(Duration::from_secs(AGE))
    };
    let topics = Topics::new(options());
    let mut begun = Instant::now();
    let half = Duration::from_millis(500);
    let new_hub = || match in_topics {
        true => topics.create("topic").unwrap(),
        false => Hub::new(options()),
    };
    let mut hub = new_hub();
    // Every clock stands in the middle of a tick, so that it is clear which one it is.
    sleep(half).await;
    let new_log = |hub: &Hub, begun| {
        let mut client = Client::new(hub.subscribe(Subscribe::live()).unwrap(), 1000);
        // The first ID says which epoch it is.
        let id = client.read_all().last_id();
        Log {
            epoch: id.split_once('-').unwrap().0.parse().unwrap(),
            begun,
            events: Vec::new(),
            evicted: 0,
        }
    };
    let mut model = Model {
        limits,
        logs: vec![new_log(&hub, begun)],
        guests: Vec::new(),
    };
    for step in steps {
        match step {
            Step::Publish(len) => publish(&mut model, &hub, len),
            Step::Burst(count) => (0..count).for_each(|len| publish(&mut model, &hub, len)),
            Step::Subscribe(from, behind, pipe) => {
                let limits = model.limits;
                let log = model.log();
                log.evict(limits);
                let (start, from) = match from {
                    From::Live => (Start::Live, log.head()),
                    From::Oldest => (Start::Oldest, log.evicted as u64),
                    From::Last(count) => {
                        let from = log.head().saturating_sub(count);
                        (Start::Last(count), from.max(log.evicted as u64))
                    }
                };
                let subscribe = Subscribe::from(start).behind(behind);
                let news = hub.subscribe(subscribe).unwrap();
                let (outcome, id) = (news.outcome(), news.id());
                assert_eq!(outcome, Outcome::New);
                model.guests.push(Guest {
                    client: new_client(news, pipe),
                    behind,
                    log: model.logs.len() - 1,
                    from,
                    outcome,
                    came_with: String::new(),
                    id,
                    is_closed: false,
                });
            }
            Step::Read(who, bytes) => {
                if let Some(guest) = model.guests.get_mut(who) {
                    guest.client.read(bytes);
                }
            }
            Step::ReadAll(who) => {
                if let Some(guest) = model.guests.get_mut(who) {
                    guest.client.read_all();
                    model.check(&model.guests[who], true);
                }
            }
            Step::Return(who, pipe) if who < model.guests.len() => {
                let guest = model.guests.swap_remove(who);
                model.check(&guest, false);
                let came_with = last_id(&guest);
                let behind = guest.behind;
                guest.client.leave();
                let limits = model.limits;
                model.log().evict(limits);
                let (outcome, from) = model.resume(&came_with);
                let subscribe = Subscribe::after(Some(came_with.as_bytes())).behind(behind);
                let news = hub.subscribe(subscribe).unwrap();
                let id = news.id();
                assert_eq!(news.outcome(), outcome, "{came_with}");
                model.guests.push(Guest {
                    client: new_client(news, pipe),
                    behind,
                    log: model.logs.len() - 1,
                    from,
                    outcome,
                    came_with,
                    id,
                    is_closed: false,
                });
            }
            Step::Leave(who) if who < model.guests.len() => {
                let guest = model.guests.swap_remove(who);
                model.check(&guest, false);
                guest.client.leave();
            }
            Step::Return(..) | Step::Leave(_) => {}
            Step::Close(who) => {
                let log = model.logs.len() - 1;
                let guest = model.guests.get_mut(who).filter(|guest| guest.log == log);
                if let Some(guest) = guest
                    && hub.close(guest.id)
                {
                    guest.is_closed = true;
                }
            }
            Step::Wait(seconds) => {
                sleep(Duration::from_secs(seconds)).await;
                // Swept, in a log that is silent too.
                for log in &mut model.logs {
                    log.evict(limits);
                }
            }
            Step::Restart => {
                if in_topics {
                    topics.remove("topic");
                }
                let log = model.logs.len() - 1;
                for guest in model.guests.iter_mut().filter(|guest| guest.log == log) {
                    guest.is_closed = true;
                }
                sleep(half).await;
                hub = new_hub();
                if !in_topics {
                    begun = Instant::now();
                }
                sleep(half).await;
                for log in &mut model.logs {
                    log.evict(limits);
                }
                model.logs.push(new_log(&hub, begun));
            }
        }
        for _ in 0..3 {
            yield_now().await;
        }
        for guest in &mut model.guests {
            guest.client.run();
        }
        for guest in &model.guests {
            model.check(guest, false);
        }
    }
    for who in 0..model.guests.len() {
        model.guests[who].client.read_all();
        model.check(&model.guests[who], true);
    }
}

fn publish(model: &mut Model, hub: &Hub, len: usize) {
    let limits = model.limits;
    let log = model.log();
    let data = format!("{}\n{}", log.head() + 1, "x".repeat(len));
    let id = log.id(log.head() + 1);
    let frame = Frame::event(Event::text(&data).with_id(id.as_bytes()))
        .unwrap()
        .to_vec();
    let published = hub.publish(Event::text(&data));
    if frame.len() > limits.bytes {
        published.unwrap_err();
        return;
    }
    assert_eq!(published.unwrap().to_string(), id);
    log.events.push((log.now(), data, frame));
    log.evict(limits);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_stream_is_the_models(
        events in 1_usize..40,
        bytes in prop_oneof![60_usize..600, Just(10_000)],
        in_topics: bool,
        in_chunks: bool,
        steps in steps(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        // Clients are many tasks in one: no budget of one task is meant for them.
        let playing = play(Limits { events, bytes }, in_topics, in_chunks, steps);
        runtime.block_on(tokio::task::unconstrained(playing));
    }
}

/// As many as proptest is asked for.
fn cases() -> u32 {
    let asked = std::env::var("PROPTEST_CASES").ok();
    asked.and_then(|cases| cases.parse().ok()).unwrap_or(400)
}
