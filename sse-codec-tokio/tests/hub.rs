//! The hub, its connections polled only when they are woken.

mod common;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use common::client::{Client, bare};
use sse_codec::{Event, replay::Id};
use sse_codec_tokio::{
    Behind, EncodedFrame, Hub, HubOptions, Outcome, Presence, PublishError, Reason, ServeOptions,
    Start, Subscribe, Topics,
};

/// More than a test sends.
const ROOMY: usize = 1 << 20;

fn hub() -> Hub {
    Hub::new(HubOptions::new())
}

fn publish(hub: &Hub, texts: &[&str]) -> Vec<Id> {
    let publish = |text: &&str| hub.publish(Event::text(text)).unwrap();
    texts.iter().map(publish).collect()
}

fn live(hub: &Hub) -> Client {
    Client::new(hub.subscribe(Subscribe::live()).unwrap(), ROOMY)
}

fn after(hub: &Hub, id: &str) -> Client {
    let subscribe = Subscribe::after(Some(id.as_bytes()));
    Client::new(hub.subscribe(subscribe).unwrap(), ROOMY)
}

#[test]
fn what_is_published_reaches_all_and_needs_no_runtime() {
    let hub = hub();
    let mut clients: Vec<Client> = (0..10).map(|_| live(&hub)).collect();
    publish(&hub, &["a", "b\nc"]);
    for client in &mut clients {
        assert_eq!(client.read_all().data(), ["a", "b\nc"]);
        assert_eq!(client.notices(), [r#"{"outcome":"new"}"#]);
    }
    publish(&hub, &["d"]);
    for client in &mut clients {
        assert_eq!(client.read_all().data(), ["a", "b\nc", "d"]);
    }
    drop(hub);
    for client in &mut clients {
        assert_eq!(client.read_all().summary.unwrap().reason, Reason::Finished);
    }
}

#[test]
fn who_comes_back_gets_the_rest_or_is_told() {
    let hub = Hub::new(HubOptions::new().events(3));
    let ids = publish(&hub, &["1", "2", "3", "4", "5"]);
    let cases = [
        (ids[4].to_string(), Outcome::Resumed { replayed: 0 }, 5),
        (ids[2].to_string(), Outcome::Resumed { replayed: 2 }, 3),
        // The last evicted one.
        (ids[1].to_string(), Outcome::Resumed { replayed: 3 }, 2),
        (ids[0].to_string(), Outcome::Gap { lost: 1 }, 2),
        (format!("{}-0", ids[0].epoch), Outcome::Gap { lost: 2 }, 2),
        (format!("{}-6", ids[0].epoch), Outcome::Unknown, 5),
        (format!("{}-1", ids[0].epoch - 1), Outcome::Unknown, 5),
        ("nonsense".to_owned(), Outcome::Unknown, 5),
        (String::new(), Outcome::New, 5),
    ];
    for (id, outcome, after) in cases {
        let news = hub
            .subscribe(Subscribe::after(Some(id.as_bytes())))
            .unwrap();
        assert_eq!(news.outcome(), outcome, "{id}");
        let mut client = Client::new(news, ROOMY);
        let seen = client.read_all().seen();
        // The first frame has the ID before the first event that follows.
        assert_eq!(seen[0].id, format!("{}-{after}", ids[0].epoch), "{id}");
        let rest: Vec<String> = (after + 1..=5).map(|n| n.to_string()).collect();
        assert_eq!(client.data(), rest, "{id}");
    }
}

#[test]
fn a_subscription_starts_where_it_is_told_to() {
    let hub = Hub::new(HubOptions::new().events(4));
    publish(&hub, &["1", "2", "3", "4", "5"]);
    for (start, expected) in [
        (Start::Live, &[][..]),
        (Start::Last(2), &["4", "5"]),
        (Start::Last(9), &["2", "3", "4", "5"]),
        (Start::Oldest, &["2", "3", "4", "5"]),
    ] {
        let news = hub.subscribe(Subscribe::from(start)).unwrap();
        assert_eq!(Client::new(news, ROOMY).read_all().data(), expected);
    }
}

#[test]
fn the_first_frame_is_the_callers_choice() {
    let hub = hub();
    let id = publish(&hub, &["1"])[0];
    let first = |subscribe: Subscribe<'_>| {
        let mut client = Client::new(hub.subscribe(subscribe).unwrap(), ROOMY);
        String::from_utf8(client.read_all().received.clone()).unwrap()
    };
    assert_eq!(
        first(Subscribe::live()),
        format!("event: replay\nid: {id}\ndata: {{\"outcome\":\"new\"}}\n\n")
    );
    assert_eq!(
        first(Subscribe::live().open_with_id()),
        format!("id: {id}\n\n")
    );
    assert_eq!(first(Subscribe::live().open_with_nothing()), "");
    let own = |outcome, id: &[u8]| {
        assert_eq!(outcome, Outcome::New);
        EncodedFrame::event(Event::text("hello").with_id(id)).ok()
    };
    assert_eq!(
        first(Subscribe::live().open_with(own)),
        format!("id: {id}\ndata: hello\n\n")
    );
}

#[test]
fn who_is_cut_at_any_byte_comes_back_to_the_right_place() {
    let hub = Hub::new(HubOptions::new().events(4));
    let ids = publish(&hub, &["1", "2", "3", "4", "5", "6"]);
    for (start, first) in [(ids[3].to_string(), 5), (ids[0].to_string(), 3)] {
        let mut whole = after(&hub, &start);
        let length = whole.read_all().received.len();
        for cut in 0..=length {
            let mut client = after(&hub, &start);
            client.read_all();
            client.received.truncate(cut);
            let mut had = client.data();
            let id = match client.last_id() {
                id if id.is_empty() => start.clone(),
                id => id,
            };
            let mut again = after(&hub, &id);
            had.extend(again.read_all().data());
            let expected: Vec<String> = (first..=6).map(|n: u32| n.to_string()).collect();
            assert_eq!(had, expected, "cut after {cut} bytes");
        }
    }
}

#[test]
fn a_slow_client_ends_or_skips_and_holds_up_nobody() {
    let hub = Hub::new(HubOptions::new().events(10));
    let slow = |behind| {
        let subscribe = Subscribe::live().behind(behind);
        Client::new(hub.subscribe(subscribe).unwrap(), 100)
    };
    let mut ends = slow(Behind::Disconnect);
    let mut skips = slow(Behind::Skip);
    let mut quick = live(&hub);
    for number in 1..=50 {
        publish(&hub, &[&format!("{number}, and a few words more")]);
        quick.read_all();
        ends.run();
        skips.run();
    }
    assert_eq!(quick.data().len(), 50);

    let summary = ends.read_all().summary.unwrap();
    assert_eq!(summary.reason, Reason::SourceFailed);
    assert!(!summary.cut);
    // What it has had is whole, and it can say where it was.
    let had = ends.data().len();
    let mut again = after(&hub, &ends.last_id());
    again.read_all();
    let lost = 40 - had;
    assert_eq!(
        again.notices(),
        [format!(r#"{{"outcome":"gap","lost":{lost}}}"#)]
    );
    assert_eq!(again.data().len(), 10);

    skips.read_all();
    let (had, notices) = (skips.data().len(), skips.notices());
    let lost = 50 - had;
    assert_eq!(
        notices[1..],
        [format!(r#"{{"outcome":"gap","lost":{lost}}}"#)]
    );
    publish(&hub, &["51"]);
    assert_eq!(skips.read_all().data().last().unwrap(), "51");
    assert_eq!(hub.metrics().lagged, 2);
}

#[test]
fn bounds_are_kept_as_they_are_set() {
    let hub = Hub::new(HubOptions::new().bytes(300));
    let first = publish(&hub, &["0"])[0];
    // As long as its ID is.
    let len = |text: &str| format!("id: {first}\ndata: {text}\n\n").len();
    let most = "x".repeat(300 - len(""));
    publish(&hub, &[&most]);
    assert_eq!(
        Client::new(oldest(&hub), ROOMY).read_all().data(),
        [&most[..]]
    );
    let error = hub.publish(Event::text(&(most.clone() + "x"))).unwrap_err();
    let too_large = PublishError::TooLarge {
        len: 301,
        limit: 300,
    };
    assert_eq!(error, too_large);
    // Nothing of it has happened.
    assert_eq!(Client::new(oldest(&hub), ROOMY).read_all().data(), [most]);
    let text = "y".repeat(100 - len(""));
    for _ in 0..5 {
        publish(&hub, &[&text]);
    }
    assert_eq!(Client::new(oldest(&hub), ROOMY).read_all().data().len(), 3);
}

fn oldest(hub: &Hub) -> sse_codec_tokio::Subscription {
    hub.subscribe(Subscribe::from(Start::Oldest)).unwrap()
}

#[test]
fn a_frame_larger_than_any_buffer_goes_whole_to_fast_and_slow() {
    let hub = Hub::new(HubOptions::new().bytes(1 << 20));
    let large = "x".repeat(300_000);
    let mut clients = [
        live(&hub),
        Client::new(hub.subscribe(Subscribe::live()).unwrap(), 1000),
    ];
    publish(&hub, &["before", &large, "after"]);
    for client in &mut clients {
        assert_eq!(client.read_all().data(), ["before", &large, "after"]);
    }
}

#[test]
fn what_cannot_be_published_is_said() {
    let hub = hub();
    let error = |event: Event<'_>| hub.publish(event).unwrap_err();
    assert_eq!(
        error(Event::text("x").with_type(b"a\nb")).to_string(),
        "LF at 1 in the `event` field"
    );
    assert_eq!(
        error(Event::text("x").with_id(b"mine")),
        PublishError::OwnId
    );
    assert_eq!(hub.publish(Event::text("x")).unwrap().seq, 1);
}

#[test]
fn own_ids_lie_beside_those_of_the_hub() {
    let hub = Hub::new(HubOptions::new().own_ids(true).events(3));
    let own = |text: &'static str, id: &'static str| {
        hub.publish(Event::text(text).with_id(id.as_bytes()))
            .unwrap()
    };
    own("1", "alpha");
    own("2", "tags/\u{e9} 2");
    let third = publish(&hub, &["3"])[0].to_string();
    own("4", "delta");
    for (id, outcome, rest) in [
        ("delta", Outcome::Resumed { replayed: 0 }, &[][..]),
        (&third, Outcome::Resumed { replayed: 1 }, &["4"]),
        (
            "tags/\u{e9} 2",
            Outcome::Resumed { replayed: 2 },
            &["3", "4"],
        ),
        // Just evicted: nothing is lost after it.
        ("alpha", Outcome::Resumed { replayed: 3 }, &["2", "3", "4"]),
        ("beta", Outcome::Unknown, &[]),
    ] {
        let news = hub
            .subscribe(Subscribe::after(Some(id.as_bytes())))
            .unwrap();
        assert_eq!(news.outcome(), outcome, "{id}");
        let mut client = Client::new(news, ROOMY);
        assert_eq!(client.read_all().data(), rest);
        assert_eq!(client.last_id(), "delta");
    }
    publish(&hub, &["5"]);
    let gone = hub.subscribe(Subscribe::after(Some(b"alpha"))).unwrap();
    assert_eq!(gone.outcome(), Outcome::Unknown);
    assert_eq!(
        hub.publish(Event::text("x").with_id(b"")),
        Err(PublishError::EmptyId)
    );
    // Of two with one ID, the later.
    own("6", "again");
    own("7", "again");
    assert_eq!(after(&hub, "again").read_all().data(), [""; 0]);
}

#[test]
fn a_filter_passes_types_and_tags_and_moves_the_id() {
    let hub = Hub::new(HubOptions::new().events(8));
    let typed = |subscribe: Subscribe<'_>| Client::new(hub.subscribe(subscribe).unwrap(), ROOMY);
    let mut typed_only = typed(Subscribe::live().only_types(["wanted"]));
    let mut plain = typed(Subscribe::live().only_types(["message"]));
    let mut tagged = typed(Subscribe::live().only_tags([7, 8]));
    for number in 0..100_u64 {
        let text = number.to_string();
        let event = Event::text(&text);
        let event = match number % 10 {
            0 => event.with_type(b"wanted"),
            1 => event,
            _ => event.with_type(b"unwanted"),
        };
        hub.publish_tagged(event, number % 20).unwrap();
        for client in [&mut typed_only, &mut plain, &mut tagged] {
            client.read_all();
        }
    }
    let every = |step: usize, first: u32| -> Vec<String> {
        (first..100).step_by(step).map(|n| n.to_string()).collect()
    };
    assert_eq!(typed_only.data(), every(10, 0));
    assert_eq!(plain.data(), every(10, 1));
    let both: Vec<String> = (0..100)
        .filter(|n| matches!(n % 20, 7 | 8))
        .map(|n: u32| n.to_string())
        .collect();
    assert_eq!(tagged.data(), both);
    // A client that comes back is not told of a gap where it has lost nothing: only 8 events are kept.
    for client in [typed_only, plain, tagged] {
        let id = client.last_id();
        let news = hub
            .subscribe(Subscribe::after(Some(id.as_bytes())))
            .unwrap();
        assert!(matches!(news.outcome(), Outcome::Resumed { .. }), "{id}");
    }
}

#[test]
fn the_registry_knows_its_connections_and_ends_them() {
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hear = Arc::clone(&heard);
    let hub = Hub::new(HubOptions::new().presence(move |presence| {
        let line = match presence {
            Presence::Joined { connection, .. } => format!("+{}", connection.tag.unwrap()),
            Presence::Left {
                connection, reason, ..
            } => {
                format!("-{} {reason:?}", connection.tag.unwrap())
            }
            _ => "?".to_owned(),
        };
        hear.lock().unwrap().push(line);
    }));
    let subscribe = |tag: &str| hub.subscribe(Subscribe::live().tag(tag)).unwrap();
    let (news, silent) = (subscribe("anna"), subscribe("berta"));
    assert_eq!(heard.lock().unwrap().len(), 0);
    let mut anna = Client::new(news, ROOMY);
    let mut carl = Client::new(subscribe("carl"), 10);
    publish(&hub, &["1", "2"]);
    anna.read_all();
    carl.run();
    publish(&hub, &["3"]);
    anna.read_all();

    let mut infos = hub.connections();
    infos.sort_by_key(|info| info.id);
    let lines: Vec<_> = infos
        .iter()
        .map(|info| (info.tag.as_deref().unwrap(), info.is_served, info.lag))
        .collect();
    assert_eq!(lines[0], ("anna", true, 0));
    assert_eq!(lines[1], ("berta", false, 3));
    assert!(lines[2].2 > 0);
    drop(silent);
    assert_eq!(hub.connections().len(), 2);

    assert!(hub.close(infos[0].id));
    assert_eq!(anna.read_all().summary.unwrap().reason, Reason::Finished);
    assert!(!hub.close(infos[0].id));
    assert_eq!(
        hub.close_where(|info| info.tag.as_deref() == Some("carl")),
        1
    );
    assert_eq!(carl.read_all().summary.unwrap().reason, Reason::Finished);
    assert_eq!(
        *heard.lock().unwrap(),
        ["+anna", "+carl", "-anna Finished", "-carl Finished"]
    );
    let metrics = hub.metrics();
    assert_eq!((metrics.connected, metrics.published), (3, 3));
    assert!(metrics.ended.contains(&("finished", 2)));
    assert!(metrics.ended.contains(&("dropped", 1)));
}

#[test]
fn one_too_many_is_refused_and_nobody_else_ends() {
    let hub = Hub::new(HubOptions::new().connections(2).per_key(1));
    let first = hub.subscribe(Subscribe::live().key("192.0.2.1")).unwrap();
    let same = hub
        .subscribe(Subscribe::live().key("192.0.2.1"))
        .unwrap_err();
    assert_eq!(
        same.to_string(),
        "this key has as many connections as it may have"
    );
    let second = hub.subscribe(Subscribe::live().key("192.0.2.2")).unwrap();
    let third = hub.subscribe(Subscribe::live()).unwrap_err();
    let response = String::from_utf8(third.response()).unwrap();
    let seconds = third.retry_after();
    assert!((5..=8).contains(&seconds));
    assert!(response.starts_with("HTTP/1.1 503 "));
    assert!(response.contains(&format!("\r\nretry-after: {seconds}\r\n")));
    drop(first);
    let again = hub.subscribe(Subscribe::live().key("192.0.2.1"));
    assert!(again.is_ok());
    drop(second);
    assert_eq!(hub.metrics().refused, 2);
}

#[test]
fn topics_are_made_by_publishers_and_bounded() {
    let topics = Topics::new(HubOptions::new().bytes(2000).topics(2).all_bytes(3000));
    assert!(topics.get("a").is_none());
    let id = topics.publish("a", Event::text("1")).unwrap();
    topics.publish("b", Event::text("1")).unwrap();
    let too_many = Err(PublishError::TooManyTopics { limit: 2 });
    assert_eq!(topics.publish("c", Event::text("1")), too_many);
    // One that takes more memory than there is gives up its own events first.
    let text = "x".repeat(500);
    for _ in 0..10 {
        topics.publish("a", Event::text(&text)).unwrap();
        topics.publish("b", Event::text(&text)).unwrap();
    }
    assert!(topics.metrics().ring_bytes <= 3000);
    let a = topics.get("a").unwrap();
    assert!(!Client::new(oldest(&a), ROOMY).read_all().data().is_empty());
    let mut reader = live(&a);
    drop((a, topics.remove("a")));
    assert_eq!(reader.read_all().summary.unwrap().reason, Reason::Finished);
    let again = topics.publish("a", Event::text("1")).unwrap();
    assert!(again.epoch > id.epoch);
    assert_eq!(topics.names().len(), 2);
}

#[test]
fn an_id_of_another_topic_is_unknown() {
    let topics = Topics::new(HubOptions::new());
    let publish = |name| topics.publish(name, Event::text("secret")).unwrap();
    let (mine, other) = (publish("mine"), publish("other"));
    assert_ne!(mine.epoch, other.epoch);
    let hub = topics.get("mine").unwrap();
    let first = Id { seq: 0, ..other }.to_string();
    let news = hub
        .subscribe(Subscribe::after(Some(first.as_bytes())))
        .unwrap();
    assert_eq!(news.outcome(), Outcome::Unknown);
    assert_eq!(Client::new(news, ROOMY).read_all().data(), [""; 0]);
    assert!(topics.get("nobody's").is_none());
}

#[tokio::test(start_paused = true)]
async fn age_is_kept_to_a_256th_in_an_idle_topic_too() {
    const AGE: Duration = Duration::from_secs(256);
    let topics = Topics::new(HubOptions::new().age(AGE).topics(1));
    topics.publish("a", Event::text("1")).unwrap();
    let hub = topics.get("a").unwrap();
    let count = |hub: &Hub| Client::new(oldest(hub), ROOMY).read_all().data().len();
    tokio::time::sleep(Duration::from_millis(100_500)).await;
    publish(&hub, &["2"]);
    tokio::time::sleep(AGE - Duration::from_millis(100_500)).await;
    assert_eq!(count(&hub), 2);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(count(&hub), 1);
    assert!(topics.metrics().ring_bytes > 0);
    tokio::time::sleep(Duration::from_secs(103)).await;
    // Nobody has looked.
    assert_eq!(topics.metrics().ring_bytes, 0);
    assert_eq!(count(&hub), 0);
    // Unused and empty: its place is free.
    drop(hub);
    topics.publish("b", Event::text("1")).unwrap();
    assert!(topics.get("a").is_none());
}

#[tokio::test(start_paused = true)]
async fn publishing_waits_for_who_asked_for_it_and_gives_up_in_time() {
    const TIME: Duration = Duration::from_secs(5);
    let hub = Hub::new(HubOptions::new().events(3));
    let subscribe = Subscribe::live().behind(Behind::Wait);
    let mut waited_for = Client::new(hub.subscribe(subscribe).unwrap(), 30);
    let mut other = live(&hub);
    for number in 0..3 {
        let text = number.to_string();
        hub.publish_within(Event::text(&text), TIME).await.unwrap();
    }
    waited_for.run();
    let error = hub.publish_within(Event::text("late"), TIME).await;
    assert_eq!(error, Err(PublishError::TimedOut));
    assert_eq!(other.read_all().data(), ["0", "1", "2"]);
    let publisher = hub.clone();
    let publishing = tokio::spawn(async move {
        for number in 3..100 {
            let text = number.to_string();
            publisher
                .publish_within(Event::text(&text), TIME)
                .await
                .unwrap();
        }
    });
    while !publishing.is_finished() {
        waited_for.read(17);
        tokio::task::yield_now().await;
    }
    let all: Vec<String> = (0..100).map(|number| number.to_string()).collect();
    assert_eq!(waited_for.read_all().data(), all);
    // Who leaves holds up nobody any more.
    waited_for.leave();
    for _ in 0..10 {
        hub.publish_within(Event::text("on"), TIME).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn draining_ends_all_by_the_deadline() {
    let hub = hub();
    let mut quick = live(&hub);
    let mut stalled = Client::new(hub.subscribe(Subscribe::live()).unwrap(), 10);
    let mut never_served = Some(hub.subscribe(Subscribe::live()).unwrap());
    publish(&hub, &["last"]);
    stalled.run();
    let draining = {
        let hub = hub.clone();
        let come_back = (Duration::from_secs(1), Duration::from_secs(3));
        tokio::spawn(async move { hub.drain(Duration::from_secs(10), come_back).await })
    };
    tokio::task::yield_now().await;
    assert_eq!(quick.read_all().data(), ["last"]);
    assert_eq!(quick.summary.unwrap().reason, Reason::Finished);
    let mut parser = sse_codec::Parser::growable(1 << 16);
    let mut chunk = sse_codec::Chunk::new(&quick.received);
    while parser.next_event(&mut chunk).unwrap().is_some() {}
    assert!((1000..=3000).contains(&parser.retry().unwrap().0));
    assert!(hub.subscribe(Subscribe::live()).is_err());

    tokio::time::sleep(Duration::from_millis(10_500)).await;
    drop(never_served.take());
    stalled.leave();
    assert_eq!(draining.await.unwrap(), 2);
}

/// A hub outlives the runtimes it is used in.
#[test]
fn runtimes_come_and_go_one_after_the_other_and_side_by_side() {
    static HUB: std::sync::LazyLock<Hub> = std::sync::LazyLock::new(hub);
    let runtime = || {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap()
    };
    let serve_one = || async {
        let news = HUB.subscribe(Subscribe::live()).unwrap();
        let (io, mut peer) = tokio::io::duplex(1 << 16);
        let options: ServeOptions = bare();
        let served = tokio::spawn(sse_codec_tokio::serve(io, news, options));
        let read = async move {
            let mut all = Vec::new();
            while !all.ends_with(b"data: stop\n\n") {
                tokio::io::AsyncReadExt::read_buf(&mut peer, &mut all)
                    .await
                    .unwrap();
            }
        };
        (served, read)
    };
    for _ in 0..2 {
        runtime().block_on(async {
            let (_served, read) = serve_one().await;
            let read = tokio::spawn(read);
            tokio::task::yield_now().await;
            std::thread::spawn(|| publish(&HUB, &["go", "stop"]))
                .join()
                .unwrap();
            common::no_hang(read).await.unwrap();
        });
    }
    // The pump is in the first; it goes while the second one waits.
    let (first, second) = (runtime(), runtime());
    let parked = second.block_on(async {
        let (served, read) = serve_one().await;
        (served, tokio::spawn(read))
    });
    first.block_on(async {
        let (_served, _read) = serve_one().await;
        tokio::task::yield_now().await;
    });
    second.block_on(tokio::task::yield_now());
    drop(first);
    let publisher = std::thread::spawn(|| publish(&HUB, &["go", "stop"]));
    second.block_on(common::no_hang(parked.1)).unwrap();
    publisher.join().unwrap();
}
