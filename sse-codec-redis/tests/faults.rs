//! What goes wrong with Redis, and what clients are told of it. Each client checks what it is told: the
//! next event, or exactly what it has lost, and no ID twice.

mod common;

use std::{collections::HashMap, time::Duration};

use common::{Client, LONG, Proxy, Server, open, options};
use sse_codec::{Event, replay::Id};
use sse_codec_redis::{Error, RedisHub, RedisTopics};
use sse_codec_tokio::{Outcome, Subscribe};
use tokio::time::{sleep, timeout};

const NEW: &str = r#"replay {"outcome":"new"}"#;
const UNKNOWN: &str = r#"replay {"outcome":"unknown"}"#;

/// Events by number, each with its ID in the log of those that were acknowledged.
#[derive(Default)]
struct Publisher {
    count: u64,
    ids: HashMap<Id, String>,
}

impl Publisher {
    /// Until it works, which it does before long.
    async fn publish(&mut self, hub: &RedisHub) -> Id {
        self.count += 1;
        let text = self.count.to_string();
        let id = hub.publish_within(Event::text(&text), LONG).await.unwrap();
        let before = self.ids.insert(id, text);
        assert!(before.is_none(), "{id} names two events");
        id
    }
}

/// A client that goes on: all up to `UNKNOWN`, which has to come, and then this.
async fn goes_on_in_another_epoch(
    before: &str,
    client: &mut Client,
    publisher: &mut Publisher,
    hub: &RedisHub,
) {
    let before = Id::parse(before.as_bytes()).unwrap();
    let id = publisher.publish(hub).await;
    assert!(id.epoch > before.epoch);
    let text = publisher.count.to_string();
    loop {
        match client.text().await {
            said if said == UNKNOWN => {
                let now = Id::parse(client.last_id.as_bytes()).unwrap();
                assert!(now.epoch > before.epoch);
            }
            said => {
                assert_eq!(said, text);
                break;
            }
        }
    }
    assert_eq!(client.last_id, id.to_string());
}

async fn is_well(topics: &RedisTopics) {
    timeout(LONG, async {
        while topics.trouble().is_some() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
}

/// Connections that are given up for being slow would mend what is looked at.
async fn patient(server: &Server) -> RedisTopics {
    let options = options().timeout(LONG);
    RedisTopics::open(&server.url(), options).await.unwrap()
}

async fn begun(topics: &RedisTopics, publisher: &mut Publisher) -> (RedisHub, Client) {
    let hub = topics.topic("news");
    let mut client = Client::come(&hub, "").await;
    assert_eq!(client.text().await, NEW);
    for _ in 0..3 {
        publisher.publish(&hub).await;
        assert_eq!(client.text().await, publisher.count.to_string());
    }
    (hub, client)
}

async fn restart(arguments: &[&str]) {
    let mut server = Server::start(arguments);
    let topics = open(&server).await;
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    let old = client.last_id.clone();
    server.kill();
    let away = hub.publish(Event::text("x")).await;
    assert!(
        matches!(away, Err(Error::Away(_) | Error::Unanswered(_))),
        "{away:?}"
    );
    let away = hub.publish(Event::text("x")).await;
    assert!(matches!(away, Err(Error::Away(_))), "{away:?}");
    // Who comes meanwhile is not refused: the outcome is withheld.
    let news = hub.subscribe(Subscribe::after(Some(b"1-1"))).await.unwrap();
    assert_ne!(news.outcome(), Outcome::New);
    server.run();
    // Without anybody publishing.
    assert_eq!(client.text().await, UNKNOWN);
    goes_on_in_another_epoch(&old, &mut client, &mut publisher, &hub).await;
    let mut late = Client::come(&hub, &old).await;
    assert_eq!(late.text().await, UNKNOWN);
    assert_eq!(late.last_id, client.last_id);
    is_well(&topics).await;
}

#[tokio::test]
async fn a_redis_that_has_forgotten_all_begins_another_epoch() {
    restart(&[]).await;
}

#[tokio::test]
async fn one_that_has_forgotten_nothing_does_too() {
    // Nobody can know that it has not.
    restart(&["--appendonly", "yes", "--appendfsync", "always"]).await;
}

#[tokio::test]
async fn a_stream_that_was_deleted_begins_another_epoch() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    let old = client.last_id.clone();
    server.say(&["DEL", "{sse}:stream:news"]);
    goes_on_in_another_epoch(&old, &mut client, &mut publisher, &hub).await;
    assert_eq!(server.floors("news"), 1);
}

#[tokio::test]
async fn a_redis_that_was_emptied_begins_another_epoch_and_says_so_at_once() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    let old = client.last_id.clone();
    server.say(&["FLUSHALL"]);
    assert_eq!(client.text().await, UNKNOWN);
    goes_on_in_another_epoch(&old, &mut client, &mut publisher, &hub).await;
}

#[tokio::test]
async fn events_that_are_gone_within_an_epoch_end_it() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    let id = Id::parse(client.last_id.as_bytes()).unwrap();
    let old = client.last_id.clone();
    // As if the last event had never been, and nothing else had changed.
    server.say(&["XDEL", "{sse}:stream:news", &id.to_string()]);
    let before = Id {
        seq: id.seq - 1,
        ..id
    }
    .to_string();
    assert_eq!(server.say(&["XSETID", "{sse}:stream:news", &before]), "OK");
    server.say(&["CLIENT", "KILL", "TYPE", "normal"]);
    assert_eq!(client.text().await, UNKNOWN);
    goes_on_in_another_epoch(&old, &mut client, &mut publisher, &hub).await;
}

#[tokio::test]
async fn connections_that_are_killed_cost_nothing() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    for _ in 0..5 {
        server.say(&["CLIENT", "KILL", "TYPE", "normal"]);
        publisher.publish(&hub).await;
        assert_eq!(client.text().await, publisher.count.to_string());
    }
}

#[tokio::test]
async fn a_process_that_hears_nothing_keeps_its_connections() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let mut publisher = Publisher::default();
    begun(&topics, &mut publisher).await;
    let connections = || {
        let stats = server.say(&["INFO", "stats"]);
        let mut lines = stats.lines();
        let count = lines.find_map(|line| line.strip_prefix("total_connections_received:"));
        count.unwrap().trim().parse::<u64>().unwrap()
    };
    let before = connections();
    // Longer than a look at the bell takes, which is longer than an answer may.
    sleep(Duration::from_millis(2500)).await;
    // One was this question's.
    assert_eq!(connections() - before, 1);
    assert!(topics.trouble().is_none());
}

#[tokio::test]
async fn scripts_that_were_flushed_are_loaded_again() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    server.say(&["SCRIPT", "FLUSH"]);
    let mut other = Client::come(&topics.topic("other"), "").await;
    assert_eq!(other.text().await, NEW);
    publisher.publish(&hub).await;
    assert_eq!(client.text().await, publisher.count.to_string());
}

#[tokio::test]
async fn a_bell_that_has_lost_what_was_not_heard_means_all_topics() {
    let server = Server::start(&[]);
    let topics = patient(&server).await;
    let mut publisher = Publisher::default();
    let (_hub, mut client) = begun(&topics, &mut publisher).await;
    let id = Id::parse(client.last_id.as_bytes()).unwrap();
    let next = Id {
        seq: id.seq + 1,
        ..id
    }
    .to_string();
    // An event can come by the ring for the one before it: so that all have been heard.
    sleep(Duration::from_millis(300)).await;
    let script = "redis.call('XADD', KEYS[1], ARGV[1], 'd', 'data: unheard\\n\\n')
        redis.call('XADD', KEYS[2], '*', 'k', KEYS[1])
        redis.call('XADD', KEYS[2], '*', 'k', 'another')
        redis.call('XTRIM', KEYS[2], 'MAXLEN', 1)";
    server.say(&[
        "EVAL",
        script,
        "2",
        "{sse}:stream:news",
        "{sse}:bell",
        &next,
    ]);
    assert_eq!(client.text().await, "unheard");
}

#[tokio::test]
async fn a_bell_that_rings_with_lower_ids_is_heard() {
    let server = Server::start(&[]);
    let topics = patient(&server).await;
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    // A clock that is set back, or another Redis' clock.
    server.say(&[
        "XADD",
        "{sse}:bell",
        "99999999999999-1",
        "k",
        "{sse}:stream:news",
    ]);
    sleep(Duration::from_millis(100)).await;
    server.say(&["DEL", "{sse}:bell"]);
    for _ in 0..3 {
        publisher.publish(&hub).await;
        assert_eq!(client.text().await, publisher.count.to_string());
    }
}

#[tokio::test]
async fn a_publish_that_was_not_answered_is_published_once() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    server.signal("STOP");
    let hub_again = hub.clone();
    let publishing =
        tokio::spawn(async move { hub_again.publish_within(Event::text("once"), LONG).await });
    let unanswered = hub.publish(Event::text("maybe")).await;
    assert!(
        matches!(unanswered, Err(Error::Unanswered(_))),
        "{unanswered:?}"
    );
    // Both have been sent, and are done when Redis goes on. One of them is tried again then.
    sleep(Duration::from_millis(800)).await;
    server.signal("CONT");
    let id = publishing.await.unwrap().unwrap();
    let mut heard = HashMap::new();
    for _ in 0..2 {
        heard.insert(client.text().await, client.last_id.clone());
    }
    assert_eq!(heard["once"], id.to_string());
    assert!(heard.contains_key("maybe"));
    publisher.publish(&hub).await;
    assert_eq!(client.text().await, publisher.count.to_string());
    assert_eq!(server.ids("news").len(), 6);
}

#[tokio::test]
async fn a_publish_that_is_waited_for_in_vain_says_whether_it_may_have_been() {
    let mut server = Server::start(&[]);
    let topics = open(&server).await;
    let hub = topics.topic("news");
    hub.publish(Event::text("1")).await.unwrap();
    server.signal("STOP");
    let late = hub
        .publish_within(Event::text("x"), Duration::from_millis(700))
        .await;
    assert!(matches!(late, Err(Error::Unanswered(_))), "{late:?}");
    server.kill();
    let _ = hub.publish(Event::text("x")).await;
    let never = hub
        .publish_within(Event::text("x"), Duration::from_millis(200))
        .await;
    assert!(matches!(never, Err(Error::Away(_))), "{never:?}");
}

/// A replica that has all of it.
async fn replica_of(server: &Server) -> Server {
    let replica = Server::start(&["--replicaof", "127.0.0.1", &server.port.to_string()]);
    replica
        .until(&["INFO", "replication"], "master_link_status:up")
        .await;
    replica
}

#[tokio::test]
async fn a_replica_with_a_hole_that_is_promoted_gives_no_id_twice() {
    let first = Server::start(&["--repl-diskless-sync-delay", "0"]);
    let second = replica_of(&first).await;
    let proxy = Proxy::to(&first).await;
    let topics = RedisTopics::open(&proxy.url(), options()).await.unwrap();
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    let id = client.last_id.clone();
    second
        .until(&["--raw", "XRANGE", "{sse}:stream:news", &id, &id], &id)
        .await;
    // The replica does not get these.
    second.say(&["REPLICAOF", "NO", "ONE"]);
    for _ in 0..3 {
        publisher.publish(&hub).await;
        assert_eq!(client.text().await, publisher.count.to_string());
    }
    let old = client.last_id.clone();
    // A demotion closes no connection. Nothing but a look finds it.
    proxy.lead_to(&second);
    first.say(&["REPLICAOF", "127.0.0.1", &second.port.to_string()]);
    assert_eq!(client.text().await, UNKNOWN);
    goes_on_in_another_epoch(&old, &mut client, &mut publisher, &hub).await;

    // And back: A, B, A.
    let old = client.last_id.clone();
    first
        .until(&["INFO", "replication"], "master_link_status:up")
        .await;
    first.say(&["REPLICAOF", "NO", "ONE"]);
    proxy.lead_to(&first);
    second.say(&["REPLICAOF", "127.0.0.1", &first.port.to_string()]);
    goes_on_in_another_epoch(&old, &mut client, &mut publisher, &hub).await;
}

#[tokio::test]
async fn another_history_is_found_though_no_connection_ends() {
    let server = Server::start(&["--repl-diskless-sync-delay", "0"]);
    let topics = patient(&server).await;
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    let old = client.last_id.clone();
    // The first replica ever gives Redis another replication ID.
    let _replica = replica_of(&server).await;
    assert_eq!(client.text().await, UNKNOWN);
    goes_on_in_another_epoch(&old, &mut client, &mut publisher, &hub).await;
}

#[tokio::test]
async fn two_masters_that_are_joined_again_give_no_id_twice() {
    let first = Server::start(&["--repl-diskless-sync-delay", "0"]);
    let second = replica_of(&first).await;
    let proxies = [Proxy::to(&first).await, Proxy::to(&first).await];
    let open = |proxy: &Proxy| {
        let url = proxy.url();
        async move { RedisTopics::open(&url, options()).await.unwrap() }
    };
    let (a, b) = (open(&proxies[0]).await, open(&proxies[1]).await);
    let mut publisher = Publisher::default();
    let (on_a, mut at_a) = begun(&a, &mut publisher).await;
    let (on_b, mut at_b) = begun(&b, &mut publisher).await;
    at_a.texts(3).await;
    second
        .until(
            &["--raw", "XRANGE", "{sse}:stream:news", &at_a.last_id, "+"],
            &at_a.last_id,
        )
        .await;
    second.say(&["REPLICAOF", "NO", "ONE"]);
    proxies[1].lead_to(&second);
    proxies[1].cut();
    for _ in 0..3 {
        publisher.publish(&on_a).await;
        assert_eq!(at_a.text().await, publisher.count.to_string());
    }
    let old = at_b.last_id.clone();
    goes_on_in_another_epoch(&old, &mut at_b, &mut publisher, &on_b).await;
    // Who was on the one comes to the other.
    let mut roams = Client::come(&on_b, &at_a.last_id).await;
    assert_eq!(roams.text().await, UNKNOWN);
    first.say(&["REPLICAOF", "127.0.0.1", &second.port.to_string()]);
    proxies[0].lead_to(&second);
    assert_eq!(at_a.text().await, UNKNOWN);
    publisher.publish(&on_a).await;
    let text = publisher.count.to_string();
    for client in [&mut at_a, &mut at_b, &mut roams] {
        while client.text().await != text {}
    }
}

#[tokio::test]
async fn many_processes_make_one_change() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let mut all = Vec::new();
    for _ in 0..20 {
        let topics = open(&server).await;
        let mut client = Client::come(&topics.topic("news"), "").await;
        assert_eq!(client.text().await, NEW);
        all.push((topics, client));
    }
    server.kill();
    server.run();
    for (_, client) in &mut all {
        assert_eq!(client.text().await, UNKNOWN);
    }
    assert_eq!(server.floors("news"), 2);
}

#[tokio::test]
async fn epochs_rise_above_any_that_was_and_lose_no_digit() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    // Beyond the clock, and such that the next double is lower.
    let high = "9007199254740992100";
    server.say(&["HSET", "{sse}:epoch:news", "e", high, "h", "another"]);
    let first = topics.publish("news", Event::text("1")).await.unwrap();
    assert!(first.epoch > high.parse::<u64>().unwrap());
    assert!(first.epoch < high.parse::<u64>().unwrap() + 2_000_000);
    let second = topics.publish("news", Event::text("2")).await.unwrap();
    assert_eq!((second.epoch, second.seq), (first.epoch, 2));
    // Somebody has used them all up.
    server.say(&[
        "HSET",
        "{sse}:epoch:end",
        "e",
        "18446744073709551615",
        "h",
        "another",
    ]);
    let end = topics.publish("end", Event::text("1")).await;
    assert!(matches!(end, Err(Error::NoEpoch)), "{end:?}");
}

#[tokio::test]
async fn a_process_that_is_behind_says_nothing_that_is_not_so() {
    let server = Server::start(&[]);
    let proxy = Proxy::to(&server).await;
    let ahead = open(&server).await;
    let behind = RedisTopics::open(&proxy.url(), options().timeout(Duration::from_secs(4))).await;
    let behind = behind.unwrap();
    let mut publisher = Publisher::default();
    let (_, mut client) = begun(&behind, &mut publisher).await;
    let hub = ahead.topic("news");
    proxy.late(Duration::from_millis(400));
    for round in 0..3 {
        let mut id = publisher.publish(&hub).await;
        if round == 1 {
            id = publisher.publish(&hub).await;
            assert_eq!(client.text().await, (publisher.count - 1).to_string());
        }
        let mut comes = Client::come(&behind.topic("news"), &id.to_string()).await;
        assert_eq!(
            comes.text().await,
            r#"replay {"outcome":"resumed","replayed":0}"#
        );
        assert_eq!(client.text().await, publisher.count.to_string());
        publisher.publish(&hub).await;
        for client in [&mut comes, &mut client] {
            assert_eq!(client.text().await, publisher.count.to_string());
        }
    }
}

#[tokio::test]
async fn clients_that_want_the_same_read_it_once() {
    let server = Server::start(&[]);
    let writer = open(&server).await;
    let mut publisher = Publisher::default();
    let hub = writer.topic("news");
    let first = publisher.publish(&hub).await;
    for _ in 0..1500 {
        publisher.publish(&hub).await;
    }
    let topics = open(&server).await;
    let hub = topics.topic("news");
    let _here = hub.subscribe(Subscribe::live()).await.unwrap();
    let before = server.calls("xrange") + server.calls("evalsha");
    let mut clients = Vec::new();
    for number in 0..300 {
        let id = Id {
            seq: 1 + number % 100,
            ..first
        };
        clients.push(Client::come(&hub, &id.to_string()).await);
    }
    for (number, client) in (0..).zip(&mut clients) {
        let from = 2 + number % 100;
        assert!(client.text().await.contains("resumed"));
        for number in from..=1501 {
            assert_eq!(client.text().await, number.to_string());
        }
    }
    // 22 pages lie below what was read back, and there is time for some of them to be read twice.
    let asked = server.calls("xrange") + server.calls("evalsha") - before;
    assert!(asked <= 200, "{asked} questions for 300 clients");
}

#[tokio::test]
async fn what_replicas_have_not_confirmed_is_published_and_said() {
    let server = Server::start(&["--repl-diskless-sync-delay", "0"]);
    let replica = replica_of(&server).await;
    let sure = options().replicas(1, Duration::from_millis(300));
    let topics = RedisTopics::open(&server.url(), sure).await.unwrap();
    let mut publisher = Publisher::default();
    let (hub, mut client) = begun(&topics, &mut publisher).await;
    replica.signal("STOP");
    let lost = hub.publish(Event::text("seen")).await;
    let Err(Error::NotReplicated { id, replicas: 0 }) = lost else {
        panic!("{lost:?}");
    };
    assert_eq!(client.text().await, "seen");
    assert_eq!(client.last_id, id.to_string());
    // Other topics' users do not wait for it.
    replica.signal("CONT");
    publisher.publish(&hub).await;
    assert_eq!(client.text().await, publisher.count.to_string());
}

#[tokio::test]
async fn while_redis_is_away_clients_wait_with_open_streams() {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let topics = open(&server).await;
    let hub = topics.topic("news");
    server.kill();
    let news = timeout(LONG, hub.subscribe(Subscribe::live()))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(news.outcome(), Outcome::Pending);
    let mut client = Client::with(news, "");
    assert!(client.is_silent(Duration::from_millis(300)).await);
    timeout(LONG, async {
        while topics.trouble().is_none() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .unwrap();
    assert!(matches!(topics.find("other").await, Err(Error::Away(_))));
    server.run();
    assert_eq!(client.text().await, NEW);
    hub.publish(Event::text("1")).await.unwrap();
    assert_eq!(client.text().await, "1");
}
