//! Which Redis will do, and what its user has to be allowed.

mod common;

use common::{Client, Server, open, options};
use sse_codec::Event;
use sse_codec_redis::{Error, RedisOptions, RedisTopics};

async fn refused(url: &str) -> Error {
    RedisTopics::open(url, RedisOptions::new())
        .await
        .unwrap_err()
}

#[tokio::test]
async fn a_redis_that_will_not_do_is_refused_at_the_start() {
    assert!(matches!(
        refused("http://127.0.0.1/").await,
        Error::Redis(_)
    ));
    assert!(matches!(
        refused("redis://127.0.0.1:1/").await,
        Error::Away(_)
    ));

    let evicts = Server::start(&["--maxmemory-policy", "allkeys-lru"]);
    let error = refused(&evicts.url()).await;
    assert!(matches!(error, Error::Evicts { policy } if policy == "allkeys-lru"));

    let replica = Server::start(&["--replicaof", "127.0.0.1", &evicts.port.to_string()]);
    // A policy is a server's own.
    assert!(matches!(refused(&replica.url()).await, Error::NotMaster));
}

#[tokio::test]
async fn when_redis_has_no_memory_left_nothing_is_lost_untold() {
    let server = Server::start(&[]);
    let topics = open(&server).await;
    let hub = topics.topic("news");
    let mut client = Client::come(&hub, "").await;
    client.text().await;
    hub.publish(Event::text("1")).await.unwrap();
    server.say(&["CONFIG", "SET", "maxmemory", "1"]);
    assert!(matches!(
        hub.publish(Event::text("x")).await,
        Err(Error::NoMemory)
    ));
    server.say(&["CONFIG", "SET", "maxmemory", "0"]);
    hub.publish(Event::text("2")).await.unwrap();
    assert_eq!(client.texts(2).await, ["1", "2"]);
}

/// As the front page has it.
const RULES: &str = include_str!("../README.md");

#[tokio::test]
async fn a_user_needs_what_the_front_page_says_and_no_more() {
    let rules = RULES
        .lines()
        .find_map(|line| line.strip_prefix("ACL SETUSER sse on >password "));
    let rules: Vec<_> = rules
        .expect("a line of the front page")
        .split(' ')
        .collect();
    let server = Server::start(&[]);
    let set = |rules: &[&str]| {
        let mut words = vec!["ACL", "SETUSER", "sse", "reset", "on", ">password"];
        words.extend(rules);
        assert_eq!(server.say(&words), "OK");
    };
    let url = format!("redis://sse:password@127.0.0.1:{}/", server.port);
    set(&rules);
    works(&server, &url).await.unwrap();
    for without in rules.iter().filter(|rule| rule.starts_with('+')) {
        let rest: Vec<_> = rules
            .iter()
            .copied()
            .filter(|rule| rule != without)
            .collect();
        set(&rest);
        assert!(works(&server, &url).await.is_err(), "without {without}");
    }
    set(&rules);
    let wrong = url.replace("password", "wrong");
    assert!(matches!(refused(&wrong).await, Error::Denied(_)));
}

/// All that a process does.
async fn works(server: &Server, url: &str) -> Result<(), Error> {
    let options = options().replicas(0, common::LONG);
    let topics = RedisTopics::open(url, options).await?;
    // A topic whose stream was deleted, and one whose epoch is ahead of the clock.
    server.say(&["FLUSHALL"]);
    topics.publish("deleted", Event::text("1")).await?;
    server.say(&["DEL", "{sse}:stream:deleted"]);
    topics.publish("deleted", Event::text("1")).await?;
    server.say(&[
        "HSET",
        "{sse}:epoch:ahead",
        "e",
        "9000000000000000000",
        "h",
        "another",
    ]);
    topics.publish("ahead", Event::text("1")).await?;
    let hub = topics.topic("news");
    let first = hub.publish_within(Event::text("1"), common::LONG).await?;
    let again = hub.publish(Event::text("2")).await?;
    for _ in 0..200 {
        hub.publish(Event::text("3")).await?;
    }
    assert_eq!(again.seq, first.seq + 1);
    let mut client = Client::come(&hub, &first.to_string()).await;
    let said = tokio::time::timeout(std::time::Duration::from_secs(3), client.texts(20)).await;
    match (said, topics.trouble()) {
        (_, Some(error)) => Err(error),
        (Ok(_), None) => Ok(()),
        (Err(_), None) => Err(Error::NotMaster),
    }
}
