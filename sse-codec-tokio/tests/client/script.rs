//! A server that follows a script, in memory: what it answers, and what it was asked.

use std::{
    collections::VecDeque,
    future::{Future, pending, ready},
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use sse_codec::ReconnectConfig;
use sse_codec_tokio::client::{EventSource, Item, Over};
use tokio::time::{Instant, Sleep, sleep};

/// Waits that are exact.
pub(crate) const EXACT: ReconnectConfig = ReconnectConfig::new().with_jitter(0);

/// An error that can do nothing at all: no bound is on it.
pub(crate) struct Opaque(pub &'static str);

pub(crate) type TestItem = Item<Opaque, Opaque>;
pub(crate) type TestOver = Over<Opaque, ScriptBody>;

/// What happens to one request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// No response.
    Fails(&'static str),
    /// No response, ever.
    Hangs,
    Head {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<Part>,
    },
}

/// What happens in a body. After the last part it ends.
#[derive(Clone)]
pub(crate) enum Part {
    Bytes(Vec<u8>),
    Trailers,
    Nothing(Duration),
    Breaks(&'static str),
    Stays,
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

pub(crate) fn bytes(bytes: impl AsRef<[u8]>) -> Part {
    Part::Bytes(bytes.as_ref().to_vec())
}

/// An event stream of these parts.
pub(crate) fn parts(body: impl Into<Vec<Part>>) -> Answer {
    Answer::Head {
        status: 200,
        headers: vec![("content-type", "text/event-stream".to_owned())],
        body: body.into(),
    }
}

/// An event stream that comes at once and ends.
pub(crate) fn stream(text: &str) -> Answer {
    parts([bytes(text)])
}

/// An event stream that comes at once and stays open.
pub(crate) fn stays(text: &str) -> Answer {
    parts([bytes(text), Part::Stays])
}

/// A response with a text.
pub(crate) fn status(status: u16) -> Answer {
    Answer::Head {
        status,
        headers: vec![("content-type", "text/plain".to_owned())],
        body: vec![bytes("because")],
    }
}

pub(crate) fn redirect(status: u16, location: &str) -> Answer {
    Answer::Head {
        status,
        headers: vec![("location", location.to_owned())],
        body: Vec::new(),
    }
}

impl Answer {
    pub(crate) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::Head { headers, .. } = &mut self {
            headers.push((name, value.to_string()));
        }
        self
    }
}

/// The requests that came, and when.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Requests>>, Arc<AtomicUsize>);

type Requests = Vec<(Instant, Request<Bytes>)>;

impl Log {
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// How many bodies there are that have not been dropped.
    pub(crate) fn open_bodies(&self) -> usize {
        self.1.load(Ordering::Relaxed)
    }

    pub(crate) fn request(&self, index: usize) -> Request<Bytes> {
        self.0.lock().unwrap()[index].1.clone()
    }

    /// One header of each request.
    pub(crate) fn header(&self, name: &str) -> Vec<Option<String>> {
        let show = |(_, request): &(_, Request<Bytes>)| {
            let value = request.headers().get(name)?;
            Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        self.0.lock().unwrap().iter().map(show).collect()
    }

    pub(crate) fn last_event_ids(&self) -> Vec<Option<String>> {
        self.header("last-event-id")
    }

    /// The times between the requests, in ms.
    pub(crate) fn gaps(&self) -> Vec<u64> {
        let log = self.0.lock().unwrap();
        let gaps = log.windows(2).map(|two| (two[1].0 - two[0].0).as_millis());
        gaps.map(|gap| gap as u64).collect()
    }

    pub(crate) fn urls(&self) -> Vec<String> {
        let log = self.0.lock().unwrap();
        log.iter()
            .map(|(_, request)| request.uri().to_string())
            .collect()
    }

    pub(crate) fn methods(&self) -> Vec<String> {
        let log = self.0.lock().unwrap();
        log.iter()
            .map(|(_, request)| request.method().to_string())
            .collect()
    }
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<ScriptBody>, Opaque>> + Send>>;

/// A connector that answers by the script; after its end by 204.
pub(crate) fn connector(
    script: impl IntoIterator<Item = Answer>,
) -> (impl FnMut(Request<Bytes>) -> Answering + Send + Unpin, Log) {
    let mut script = script.into_iter().collect::<VecDeque<_>>();
    let log = Log::default();
    let kept = log.clone();
    let connect = move |request| {
        kept.0.lock().unwrap().push((Instant::now(), request));
        match script.pop_front().unwrap_or_else(|| status(204)) {
            Answer::Fails(why) => Box::pin(ready(Err(Opaque(why)))) as Answering,
            Answer::Hangs => Box::pin(pending()),
            Answer::Head {
                status,
                headers,
                body,
            } => {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value.as_bytes());
                }
                kept.1.fetch_add(1, Ordering::Relaxed);
                let body = ScriptBody {
                    parts: body.into(),
                    sleep: None,
                    open: kept.1.clone(),
                };
                Box::pin(ready(Ok(response.body(body).unwrap())))
            }
        }
    };
    (connect, log)
}

pub(crate) struct ScriptBody {
    parts: VecDeque<Part>,
    sleep: Option<Pin<Box<Sleep>>>,
    open: Arc<AtomicUsize>,
}

impl Drop for ScriptBody {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Body for ScriptBody {
    type Data = Bytes;
    type Error = Opaque;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Opaque>>> {
        let this = self.get_mut();
        if let Some(sleep) = &mut this.sleep {
            ready!(sleep.as_mut().poll(cx));
            this.sleep = None;
        }
        Poll::Ready(match this.parts.pop_front() {
            None => None,
            Some(Part::Bytes(bytes)) => Some(Ok(Frame::data(bytes.into()))),
            Some(Part::Trailers) => Some(Ok(Frame::trailers(http::HeaderMap::new()))),
            Some(Part::Nothing(time)) => {
                this.sleep = Some(Box::pin(sleep(time)));
                return Pin::new(this).poll_frame(cx);
            }
            Some(Part::Breaks(why)) => Some(Err(Opaque(why))),
            Some(Part::Stays) => {
                this.parts.push_front(Part::Stays);
                return Poll::Pending;
            }
        })
    }
}

pub(crate) fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

pub(crate) fn post(url: &str) -> Request<Bytes> {
    Request::post(url)
        .header("content-type", "application/json")
        .body(Bytes::from_static(b"{}"))
        .unwrap()
}

/// The items as short texts, to the end.
pub(crate) async fn read<C>(source: &mut EventSource<C>) -> Vec<String>
where
    C: sse_codec_tokio::client::Connect<Body = ScriptBody, Error = Opaque>,
{
    let mut seen = Vec::new();
    while let Some(item) = source.next().await {
        seen.push(show(item));
    }
    seen
}

pub(crate) fn show(item: Result<TestItem, TestOver>) -> String {
    use sse_codec_tokio::client::Why;
    let why = |why| match why {
        Why::Connect(Opaque(error)) => format!("no connection: {error}"),
        Why::ConnectTimeout => "connect timeout".to_owned(),
        Why::Unavailable(head) => format!("{}", head.status.as_u16()),
        Why::Closed => "closed".to_owned(),
        Why::Broken(Opaque(error)) => format!("broken: {error}"),
        Why::Silent => "silent".to_owned(),
        _ => "?".to_owned(),
    };
    match item {
        Ok(Item::Open(head)) => format!("open {}", head.status.as_u16()),
        Ok(Item::Event(event)) => event.data_lossy().into_owned(),
        Ok(Item::Comment(text)) => format!(":{}", String::from_utf8_lossy(&text)),
        Ok(Item::TooLarge(overflow)) => format!("too large: {}", overflow.limit),
        Ok(Item::Unsendable(error)) => error.to_string(),
        Ok(Item::Reconnecting { after, why: w }) => format!("{} ms: {}", after.as_millis(), why(w)),
        Ok(_) => "?".to_owned(),
        Err(Over::NoContent) => "over".to_owned(),
        Err(Over::Refused { head, refusal, .. }) => format!("{}: {refusal}", head.status.as_u16()),
        Err(Over::GaveUp(w)) => format!("gave up: {}", why(w)),
        Err(Over::NotRepeatable(w)) => format!("not again: {}", why(w)),
        Err(_) => "?".to_owned(),
    }
}
