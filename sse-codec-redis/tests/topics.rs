//! Topics in a real Redis, read by one process or two.

mod common;

use std::time::Duration;

use common::{Client, LONG, Server, open, options};
use sse_codec::{Event, replay::Id};
use sse_codec_redis::{Error, RedisTopics};
use sse_codec_tokio::{HubOptions, Outcome, Start, Subscribe};

#[tokio::test]
async fn what_one_process_publishes_reaches_the_clients_of_all() {
    let server = Server::start(&[]);
    let (a, b) = (open(&server).await, open(&server).await);
    let mut here = Client::come(&a.topic("news"), "").await;
    let mut there = Client::come(&b.topic("news"), "").await;
    for client in [&mut here, &mut there] {
        assert_eq!(client.text().await, r#"replay {"outcome":"new"}"#);
    }
    let first = a
        .publish("news", Event::text("one").with_type(b"add"))
        .await
        .unwrap();
    let second = b
        .topic("news")
        .publish(Event::text("two\nlines"))
        .await
        .unwrap();
    assert_eq!((first.seq, second.seq), (1, 2));
    assert_eq!(first.epoch, second.epoch);
    for client in [&mut here, &mut there] {
        let event = client.next().await;
        assert!(event.is_type("add"));
        assert_eq!(event.last_event_id(), &*first.text());
        assert_eq!(client.text().await, "two\nlines");
        assert_eq!(client.last_id, second.to_string());
    }
    assert_eq!(server.ids("news"), [first, second]);
}

#[tokio::test]
async fn a_client_comes_back_to_another_process_and_has_lost_nothing() {
    let server = Server::start(&[]);
    let (a, b) = (open(&server).await, open(&server).await);
    let first = a.publish("news", Event::text("1")).await.unwrap();
    for number in 2..=500 {
        a.publish("news", Event::text(&number.to_string()))
            .await
            .unwrap();
    }
    // Far below what the other one reads back at first.
    let hub = b.topic("news");
    let news = hub
        .subscribe(Subscribe::after(Some(&first.text())))
        .await
        .unwrap();
    assert_eq!(news.outcome(), Outcome::Pending);
    let mut client = Client::with(news, "");
    assert!(
        client
            .text()
            .await
            .starts_with(r#"replay {"outcome":"resumed""#)
    );
    let expected: Vec<_> = (2..=500).map(|number: u32| number.to_string()).collect();
    assert_eq!(client.texts(499).await, expected);
    a.publish("news", Event::text("501")).await.unwrap();
    assert_eq!(client.text().await, "501");

    // In what it has read back, Redis need not be asked.
    let id = Id {
        epoch: first.epoch,
        seq: 490,
    };
    let news = hub
        .subscribe(Subscribe::after(Some(&id.text())))
        .await
        .unwrap();
    assert_eq!(news.outcome(), Outcome::Resumed { replayed: 11 });
    let news = open(&server)
        .await
        .topic("news")
        .subscribe(Subscribe::from(Start::Last(3)))
        .await;
    assert_eq!(news.unwrap().outcome(), Outcome::New);
}

#[tokio::test]
async fn what_redis_has_trimmed_is_a_gap_of_so_many() {
    let server = Server::start(&[]);
    let few = RedisTopics::open(&server.url(), options().events(10))
        .await
        .unwrap();
    let hub = few.topic("news");
    let first = hub.publish(Event::text("1")).await.unwrap();
    let mut client = Client::come(&hub, &first.to_string()).await;
    client.text().await;
    for number in 2..=100 {
        hub.publish(Event::text(&number.to_string())).await.unwrap();
    }
    assert_eq!(server.ids("news").len(), 10);
    // Another one, which was not there.
    let other = open(&server).await;
    let mut late = Client::come(&other.topic("news"), &first.to_string()).await;
    assert_eq!(late.text().await, r#"replay {"outcome":"gap","lost":89}"#);
    assert_eq!(late.texts(2).await, ["91", "92"]);
    // Whatever the first one has had, it was told of the rest.
    let mut seq = 1;
    while seq < 100 {
        let text = client.text().await;
        match text.strip_prefix(r#"replay {"outcome":"gap","lost":"#) {
            Some(lost) => seq += lost.trim_end_matches('}').parse::<u64>().unwrap(),
            None => {
                seq += 1;
                assert_eq!(text, seq.to_string());
            }
        }
    }
}

#[tokio::test]
async fn an_id_that_redis_does_not_know_is_unknown() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let hub = topics.topic("news");
    let id = hub.publish(Event::text("1")).await.unwrap();
    for other in [
        Id { seq: 99, ..id },
        Id {
            epoch: id.epoch + 1,
            seq: 1,
        },
        Id {
            epoch: id.epoch - 1,
            seq: 1,
        },
        Id { epoch: 1, seq: 1 },
    ] {
        let mut client = Client::come(&hub, &other.to_string()).await;
        assert_eq!(
            client.text().await,
            r#"replay {"outcome":"unknown"}"#,
            "{other}"
        );
        // What a client says ends no epoch.
        assert_eq!(client.last_id, id.to_string());
    }
    let mut client = Client::come(&hub, "nonsense").await;
    assert_eq!(client.text().await, r#"replay {"outcome":"unknown"}"#);
}

#[tokio::test]
async fn a_topic_is_not_made_by_asking_for_it() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    assert!(topics.find("nothing").await.unwrap().is_none());
    assert_eq!(server.say(&["DBSIZE"]), "0");
    topics.publish("news", Event::text("1")).await.unwrap();
    let other = open(&server).await;
    let found = other.find("news").await.unwrap().expect("a topic");
    assert_eq!(found.name(), "news");
    // By the program's own name for it, it is.
    let _news = topics
        .topic("made")
        .subscribe(Subscribe::live())
        .await
        .unwrap();
    assert!(other.find("made").await.unwrap().is_some());
}

#[tokio::test]
async fn what_cannot_be_published_is_refused_and_nothing_is_written() {
    let server = Server::start(&[]);
    let topics = RedisTopics::open(&server.url(), options().event_bytes(100))
        .await
        .unwrap();
    let hub = topics.topic("news");
    let long = "x".repeat(100);
    assert!(matches!(
        hub.publish(Event::text(&long)).await,
        Err(Error::TooLarge { limit: 100, .. })
    ));
    assert!(matches!(
        hub.publish(Event::text("x").with_id(b"1")).await,
        Err(Error::OwnId)
    ));
    assert!(matches!(
        hub.publish(Event::without_data()).await,
        Err(Error::NoData)
    ));
    assert_eq!(server.say(&["DBSIZE"]), "0");
    // Also past the log, which is Redis'.
    let _news = hub.subscribe(Subscribe::live()).await.unwrap();
    let local = topics.local().get("news").unwrap();
    assert!(local.publish(Event::text("x")).is_err());
}

#[tokio::test]
async fn topics_and_connections_are_bounded_and_one_that_nobody_uses_makes_place() {
    let server = Server::start(&[]);
    let hub = HubOptions::new().topics(2).connections(3);
    let topics = RedisTopics::open(&server.url(), options().hub(hub))
        .await
        .unwrap();
    let subscribe = |name| {
        let hub = topics.topic(name);
        async move { hub.subscribe(Subscribe::live()).await }
    };
    let one = subscribe("one").await.unwrap();
    let two = subscribe("two").await.unwrap();
    assert!(matches!(
        subscribe("three").await,
        Err(Error::TooManyTopics { limit: 2 })
    ));
    drop(one);
    let three = subscribe("three").await.unwrap();
    let again = subscribe("two").await.unwrap();
    assert!(matches!(subscribe("two").await, Err(Error::Refused(_))));
    drop((two, again, three));

    // A topic that went and comes again is read as before.
    let mut client = Client::come(&topics.topic("one"), "").await;
    client.text().await;
    topics.publish("one", Event::text("x")).await.unwrap();
    assert_eq!(client.text().await, "x");
}

#[tokio::test]
async fn an_entry_that_somebody_else_has_written_takes_its_number_and_no_more() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let hub = topics.topic("news");
    let mut client = Client::come(&hub, "").await;
    client.text().await;
    let id = hub.publish(Event::text("1")).await.unwrap();
    let foreign = format!("{}-2", id.epoch);
    server.say(&["XADD", "{sse}:stream:news", &foreign, "text", "hello"]);
    hub.publish(Event::text("3")).await.unwrap();
    assert_eq!(client.texts(2).await, ["1", "3"]);
}

#[tokio::test]
async fn one_topic_that_is_no_stream_holds_up_none_of_the_others() {
    let server = Server::start(&[]);
    server.say(&["SET", "{sse}:stream:bad", "x"]);
    let topics = open(&server).await;
    let bad = topics.topic("bad");
    let mut waits = Client::come(&bad, "").await;
    let mut client = Client::come(&topics.topic("news"), "").await;
    client.text().await;
    assert!(matches!(
        bad.publish(Event::text("x")).await,
        Err(Error::Redis(_))
    ));
    topics.publish("news", Event::text("1")).await.unwrap();
    assert_eq!(client.text().await, "1");
    assert!(matches!(topics.trouble(), Some(Error::Redis(_))));
    // When it is mended, it goes on by itself.
    server.say(&["DEL", "{sse}:stream:bad"]);
    assert_eq!(waits.text().await, r#"replay {"outcome":"new"}"#);
    bad.publish(Event::text("good")).await.unwrap();
    assert_eq!(waits.text().await, "good");
    tokio::time::timeout(LONG, async {
        while topics.trouble().is_some() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn when_the_last_handle_goes_the_streams_end() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let hub = topics.topic("news");
    let mut client = Client::come(&hub, "").await;
    client.text().await;
    drop((topics, hub));
    client.ends().await;
}
