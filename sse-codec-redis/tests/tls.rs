//! `rediss://`. Run by checks/redis/tls.sh, which makes the certificates.
#![cfg(feature = "tls")]

mod common;

use common::{Client, Server, options};
use sse_codec::Event;
use sse_codec_redis::{Error, RedisTopics};

#[tokio::test]
#[ignore = "needs certificates; see checks/redis/tls.sh"]
async fn a_redis_that_speaks_tls_is_read_and_one_without_a_good_certificate_is_not() {
    let dir = std::env::var("REDIS_TLS_DIR").expect("by checks/redis/tls.sh");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let [ca, certificate, key] =
        ["ca.pem", "server.pem", "server.key"].map(|name| format!("{dir}/{name}"));
    let _server = Server::start(&[
        "--tls-port",
        &port.to_string(),
        "--tls-auth-clients",
        "no",
        "--tls-ca-cert-file",
        &ca,
        "--tls-cert-file",
        &certificate,
        "--tls-key-file",
        &key,
        "--requirepass",
        "secret",
    ]);
    let url = format!("rediss://:secret@localhost:{port}/");
    let topics = RedisTopics::open(&url, options()).await.unwrap();
    let hub = topics.topic("news");
    let mut client = Client::come(&hub, "").await;
    client.text().await;
    hub.publish(Event::text("secret")).await.unwrap();
    assert_eq!(client.text().await, "secret");

    // The certificate does not have this name, and the plain port is no TLS.
    let other = url.replace("localhost", "127.0.0.2");
    let refused = RedisTopics::open(&other, options()).await;
    assert!(matches!(refused, Err(Error::Away(_))), "{refused:?}");
    let wrong = url.replace("secret", "wrong");
    let refused = RedisTopics::open(&wrong, options()).await;
    assert!(matches!(refused, Err(Error::Denied(_))), "{refused:?}");
}
