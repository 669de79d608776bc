//! What users of other servers ran into with clients that come back, tried on the hub through real
//! sockets. Where each case comes from is in `docs/field-cases.md`; the IDs are those of its table.

mod common;

use std::{thread, time::Duration};

use common::no_hang;
use sse_codec::Event;
use sse_codec_tokio::{
    EventReader, Framing, Hub, HubOptions, OwnedEvent, ServeOptions, Subscribe, TcpOptions, serve,
};
use tokio::net::{TcpListener, TcpStream};

/// A client that comes with this ID, and its place.
struct Client {
    reader: EventReader<TcpStream>,
    id: String,
}

impl Client {
    async fn open(hub: &Hub, id: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let (server, _) = listener.accept().await.unwrap();
        TcpOptions::new().apply(&server).unwrap();
        let news = hub
            .subscribe(Subscribe::after(Some(id.as_bytes())))
            .unwrap();
        let options = ServeOptions::new()
            .framing(Framing::Elsewhere)
            .buffer_limit(1024);
        tokio::spawn(serve(server, news, options));
        Self {
            reader: EventReader::new(client, 4096),
            id: id.to_owned(),
        }
    }

    /// The next message; what the hub says of itself is not one.
    async fn next(&mut self) -> String {
        loop {
            let event: OwnedEvent = no_hang(self.reader.next_event()).await.unwrap().unwrap();
            self.id = event.id_str().unwrap().unwrap_or_default().to_owned();
            if event.is_type("message") {
                return event.data_str().unwrap().to_owned();
            }
        }
    }
}

/// F48: a backlog of many times the buffer, for one who reads no faster than it can.
#[tokio::test]
async fn a_backlog_larger_than_the_buffer_comes_whole() {
    let hub = Hub::new(HubOptions::new().events(2_000).bytes(4 << 20));
    let first = hub.publish(Event::text("0")).unwrap();
    for number in 1..1_500 {
        let text = format!("{number:01000}");
        hub.publish(Event::text(&text)).unwrap();
    }
    let mut client = Client::open(&hub, &first.to_string()).await;
    for number in 1..1_500 {
        if number % 300 == 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(client.next().await, format!("{number:01000}"));
    }
}

/// F44: an ID that is of another server's, or nobody's, ends nothing and is replaced by a good one.
#[tokio::test]
async fn an_id_of_another_server_shuts_nobody_out() {
    let hub = Hub::new(HubOptions::new().events(8));
    hub.publish(Event::text("before")).unwrap();
    for id in ["99999", "1-1", "../../etc", "\u{e9}\u{1f980}", "{}"] {
        let mut client = Client::open(&hub, id).await;
        hub.publish(Event::text("a")).unwrap();
        assert_eq!(client.next().await, "a", "{id}");
        hub.publish(Event::text("b")).unwrap();
        let mut client = Client::open(&hub, &client.id).await;
        assert_eq!(client.next().await, "b", "{id}");
    }
}

/// F47: who comes back again and again while much is published gets everything once.
#[tokio::test]
async fn between_what_was_and_what_comes_nothing_is_lost_or_doubled() {
    const EVENTS: u32 = 2_000;
    let hub = Hub::new(HubOptions::new().events(EVENTS as usize + 1).bytes(4 << 20));
    let start = hub.publish(Event::text("start")).unwrap().to_string();
    let publishing = thread::spawn({
        let hub = hub.clone();
        move || {
            for number in 0..EVENTS {
                hub.publish(Event::text(&number.to_string())).unwrap();
                if number % 16 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        }
    });
    let mut client = Client::open(&hub, &start).await;
    for number in 0..EVENTS {
        assert_eq!(client.next().await, number.to_string());
        if number % 7 == 0 {
            client = Client::open(&hub, &client.id).await;
        }
    }
    publishing.join().unwrap();
}
