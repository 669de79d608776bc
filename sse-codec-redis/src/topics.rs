use std::{sync::Arc, time::Duration};

use redis::Client;
use sse_codec::{Event, replay::Id};
use sse_codec_tokio::{Subscribe, Subscription, Topics};
use tokio::{
    task::JoinHandle,
    time::{Instant, sleep, timeout, timeout_at},
};

use crate::{
    chance::spread,
    entry::encode,
    error::Error,
    link::Link,
    lock::lock,
    node::Node,
    options::RedisOptions,
    reader::Reader,
    scripts::{Ensure, Scripts},
};

/// So long a new subscription waits to know what became of its place.
const KNOWN_SOON: Duration = Duration::from_millis(250);

/// Between two tries to publish.
const PAUSE: Duration = Duration::from_millis(50);

/// How much longer a token lives than a publisher tries.
const TOKEN_MORE: Duration = Duration::from_secs(60);

/// Topics whose logs lie in Redis, for as many processes as like to.
///
/// Publishing and subscribing have the names that they have in
/// [`Topics`] and [`Hub`](sse_codec_tokio::Hub), and what a client gets is the same
/// [`Subscription`]. A clone is another handle; with the last one, the subscriptions end.
#[derive(Clone, Debug)]
pub struct RedisTopics {
    handle: Arc<Handle>,
}

#[derive(Debug)]
struct Handle {
    node: Arc<Node>,
    reader: JoinHandle<()>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl RedisTopics {
    /// Connects to a Redis and looks whether it will do: a master, version 7.0 or later, that evicts
    /// nothing. From then on connections that are lost are made anew for ever.
    ///
    /// `redis://user:password@host:port/database`, and with the feature `tls` also `rediss://`.
    ///
    /// Call it in the tokio runtime in which the topics are to be read.
    ///
    /// # Errors
    /// [`Away`](Error::Away), [`NotMaster`](Error::NotMaster), [`TooOld`](Error::TooOld),
    /// [`Evicts`](Error::Evicts), [`Denied`](Error::Denied); [`Redis`](Error::Redis) when the URL
    /// cannot be read.
    pub async fn open(url: &str, options: RedisOptions) -> Result<Self, Error> {
        let client = Client::open(url).map_err(Error::Redis)?;
        #[cfg(feature = "tls")]
        choose_crypto();
        let link = Link::new(client, options.timeout);
        link.commands().await?;
        let (node, new) = Node::new(options, link);
        let reader = tokio::spawn(Reader::new(Arc::clone(&node), new).run());
        Ok(Self {
            handle: Arc::new(Handle { node, reader }),
        })
    }

    /// A topic whose name the program knows. Its log is made by the first to publish or to subscribe.
    ///
    /// For a name that a client has chosen there is [`find`](Self::find): else clients could fill Redis
    /// with topics.
    #[must_use]
    pub fn topic(&self, name: &str) -> RedisHub {
        RedisHub {
            handle: Arc::clone(&self.handle),
            name: name.into(),
        }
    }

    /// The topic of this name, if it has a log. Redis is asked, unless this process serves the topic
    /// already.
    ///
    /// # Errors
    /// Those of asking, [`Away`](Error::Away) above all.
    pub async fn find(&self, name: &str) -> Result<Option<RedisHub>, Error> {
        let node = &self.handle.node;
        if node.local.get(name).is_none() {
            let mut conn = node.link.commands().await?;
            let command = node.link.scripts().ensure(&node.keys, name, Ensure::Look);
            let answer = conn.ask(&command).await;
            let answer = answer.inspect_err(|error| node.link.failed(&conn, error))?;
            if Scripts::ensured(answer)?.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(self.topic(name)))
    }

    /// Publishes to the topic of this name. As [`RedisHub::publish`].
    ///
    /// # Errors
    /// As [`RedisHub::publish`].
    ///
    /// # Cancel safety
    /// As [`RedisHub::publish`].
    pub async fn publish(&self, name: &str, event: Event<'_>) -> Result<Id, Error> {
        publish(&self.handle.node, name, event).await
    }

    /// What this process has of the topics: who is connected, metrics, and the way to end all
    /// connections in good order ([`drain`](Topics::drain)). Nothing can be published to it directly.
    #[must_use]
    pub fn local(&self) -> &Topics {
        &self.handle.node.local
    }

    /// What is wrong with Redis, as far as this process knows; `None` when nothing is. Connections are
    /// made anew by themselves, and the streams of clients stay open meanwhile.
    #[must_use]
    pub fn trouble(&self) -> Option<Error> {
        lock(&self.handle.node.health).clone()
    }
}

/// A program may have chosen already. Without any choice, and with the crypto of two crates in the program,
/// rustls would panic.
#[cfg(feature = "tls")]
fn choose_crypto() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // An error says that another thread has chosen meanwhile.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}

/// One topic whose log lies in Redis.
#[derive(Clone, Debug)]
pub struct RedisHub {
    handle: Arc<Handle>,
    name: Arc<str>,
}

impl RedisHub {
    /// The topic's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Publishes an event, and says which ID it has. It tries once.
    ///
    /// # Errors
    /// See [`Error`]. The event was not published, unless the error is
    /// [`Unanswered`](Error::Unanswered) or [`NotReplicated`](Error::NotReplicated). Whoever tries again
    /// after `Unanswered` may publish it twice; [`publish_within`](Self::publish_within) does not.
    ///
    /// # Cancel safety
    /// When the future is dropped, the event may have been published or not, or may still be.
    pub async fn publish(&self, event: Event<'_>) -> Result<Id, Error> {
        publish(&self.handle.node, &self.name, event).await
    }

    /// As [`publish`](Self::publish), but tries again while Redis is away, until the time is over. The
    /// event is published once at most, however often an answer was lost: a token of about 190 bytes in
    /// Redis stands for it until a minute after that time.
    ///
    /// Where Redis loses its memory, it loses the token too. The log begins a new epoch then, and an
    /// event may come again in it.
    ///
    /// # Errors
    /// As [`publish`](Self::publish). [`Unanswered`](Error::Unanswered) when one of the tries may have
    /// published it.
    ///
    /// # Cancel safety
    /// As [`publish`](Self::publish).
    pub async fn publish_within(&self, event: Event<'_>, time: Duration) -> Result<Id, Error> {
        publish_within(&self.handle.node, &self.name, event, time).await
    }

    /// A place in the log for one connection. As [`Hub::subscribe`](sse_codec_tokio::Hub::subscribe),
    /// with these differences:
    ///
    /// - The first subscription of a topic waits up to a quarter of a second for Redis.
    /// - What became of the client's place may be [`Pending`](sse_codec_tokio::Outcome::Pending): Redis
    ///   has to be asked, or is away. The connection begins all the same; heartbeats go out, and the
    ///   stream's first event comes when it is known. To a browser's `EventSource` a 503 would be final
    ///   (WHATWG HTML §9.2.2).
    /// - What is lost in mid-stream is said by the same event. See "What a client is told" on the front
    ///   page.
    /// - [`Start::Last`](sse_codec_tokio::Start::Last) and
    ///   [`Start::Oldest`](sse_codec_tokio::Start::Oldest) go back as far as this process does, not as
    ///   far as Redis.
    /// - Tags are a publisher's in one process, so events from Redis have none, and
    ///   [`only_tags`](Subscribe::only_tags) lets none of them pass.
    ///
    /// # Errors
    /// [`Refused`](Error::Refused) and [`TooManyTopics`](Error::TooManyTopics). Nothing has been sent
    /// yet.
    ///
    /// # Cancel safety
    /// No place is taken when the future is dropped.
    pub async fn subscribe(&self, subscribe: Subscribe<'_>) -> Result<Subscription, Error> {
        let (hub, place) = self.handle.node.serve(&self.name)?;
        let mut cursor = place.cursor.subscribe();
        // Not known soon: then it is pending.
        let _ = timeout(KNOWN_SOON, cursor.wait_for(|cursor| cursor.epoch != 0)).await;
        Ok(hub.subscribe(subscribe)?)
    }
}

async fn publish(node: &Arc<Node>, topic: &str, event: Event<'_>) -> Result<Id, Error> {
    let frame = encode(event, node.options.event_bytes)?;
    append(node, topic, &frame, None).await
}

async fn publish_within(
    node: &Arc<Node>,
    topic: &str,
    event: Event<'_>,
    time: Duration,
) -> Result<Id, Error> {
    let frame = encode(event, node.options.event_bytes)?;
    let end = Instant::now() + time;
    let token = node.keys.token();
    let life = time + TOKEN_MORE;
    let mut unanswered = None;
    loop {
        let tried = timeout_at(end, append(node, topic, &frame, Some((&token, life)))).await;
        let error = match tried {
            Ok(Ok(id)) => return Ok(id),
            Ok(Err(error)) if !error.may_pass() => return Err(unanswered.unwrap_or(error)),
            Ok(Err(error)) => error,
            Err(_) => Error::Unanswered(Error::timed_out(time)),
        };
        if matches!(error, Error::Unanswered(_)) {
            unanswered = Some(error.clone());
        }
        let pause = spread(PAUSE);
        if Instant::now() + pause >= end {
            return Err(unanswered.unwrap_or(error));
        }
        sleep(pause).await;
    }
}

async fn append(
    node: &Arc<Node>,
    topic: &str,
    frame: &[u8],
    token: Option<(&str, Duration)>,
) -> Result<Id, Error> {
    let mut conn = node.link.commands().await?;
    let (keys, events) = (&node.keys, node.options.events);
    let scripts = node.link.scripts();
    let appended = scripts
        .append(&mut conn, keys, topic, events, frame, token)
        .await;
    let (id, history) = appended.inspect_err(|error| node.link.failed(&conn, error))?;
    if let Some(confirm) = &node.confirm
        && let Some(replicas) = confirm.lacks(node, &history).await
    {
        return Err(Error::NotReplicated { id, replicas });
    }
    Ok(id)
}
