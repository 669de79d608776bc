//! A whole client over scripted connections, and a model that says what it has to give, when it has
//! to ask, and for what.

mod model;
mod script;

use std::{
    collections::VecDeque,
    future::{Future, poll_fn},
    pin::pin,
    sync::{Arc, Mutex},
    task::Poll,
    time::Duration,
};

use bytes::Bytes;
use http::Request;
use sse_codec::{DEFAULT_EVENT_TYPE, Millis, Policy, ReconnectConfig};
use sse_codec_tokio::client::{EventSource, Item, Over, Replay, Why};
use tokio::time::Instant;

use crate::Input;
use script::{Answer, ScriptBody, no_more};

const BASE: u64 = 100;
const FLOOR: u64 = 10;
const LONGEST: u64 = 1_000;
const LONGEST_ASKED: u64 = 5_000;
const PROOF: u64 = 4_000;
const READ_TIMEOUT: u64 = 1_000;
const CONNECT_TIMEOUT: u64 = 700;
const REDIRECTS: u32 = 2;
/// More makes a run slow and says nothing new.
const ANSWERS: usize = 12;

/// What is going to happen.
#[derive(Clone)]
pub struct Plan {
    is_post: bool,
    replay: Replay,
    is_standard: bool,
    /// 0: no limit.
    attempts: u32,
    limit: usize,
    start_id: Vec<u8>,
    /// How often a `next` is dropped after its first poll.
    drops: u8,
    answers: Vec<Answer>,
}

/// What a client did: its items, and its requests with their times.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Story {
    items: Vec<String>,
    requests: Vec<(u64, String, String, Option<Vec<u8>>)>,
}

impl Plan {
    pub fn new(input: &mut Input<'_>) -> Self {
        let flags = input.byte();
        let replay = [
            Replay::Safe,
            Replay::IfResumable,
            Replay::Always,
            Replay::Never,
        ];
        let mut plan = Self {
            is_post: flags & 1 != 0,
            is_standard: flags & 2 != 0,
            replay: replay[usize::from(flags >> 2 & 3)],
            attempts: u32::from(flags >> 4 & 3),
            drops: flags >> 6,
            limit: usize::from(input.byte()),
            start_id: Vec::new(),
            answers: Vec::new(),
        };
        let id = input.byte() % 8;
        let id = input.take(id.into());
        if !id.iter().any(|byte| b"\0\r\n".contains(byte)) && id.len() <= plan.limit {
            plan.start_id = id.to_vec();
        }
        while !input.0.is_empty() && plan.answers.len() < ANSWERS {
            plan.answers.push(Answer::new(input));
        }
        plan
    }

    /// What the client does.
    pub fn run(&self) -> Story {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(self.play())
    }

    async fn play(&self) -> Story {
        let start = Instant::now();
        let story = Arc::new(Mutex::new(Story::default()));
        let log = story.clone();
        let mut answers = VecDeque::from(self.answers.clone());
        let connect = move |request: Request<Bytes>| {
            let id = request.headers().get("last-event-id");
            log.lock().unwrap().requests.push((
                start.elapsed().as_millis() as u64,
                request.method().to_string(),
                request.uri().to_string(),
                id.map(|id| id.as_bytes().to_vec()),
            ));
            answers.pop_front().map_or_else(no_more, Answer::give)
        };
        let mut config = ReconnectConfig::new()
            .with_base(Millis(BASE))
            .with_floor(Millis(FLOOR))
            .with_longest(Millis(LONGEST))
            .with_longest_asked(Millis(LONGEST_ASKED))
            .with_proof(Millis(PROOF))
            .with_jitter(0);
        if self.attempts > 0 {
            config = config.with_attempts(self.attempts);
        }
        if self.is_standard {
            config = config.with_policy(Policy::Standard);
        }
        let method = if self.is_post { "POST" } else { "GET" };
        let request = Request::builder().method(method).uri("http://a.example/");
        let mut source = EventSource::new(request.body(Bytes::new()).unwrap(), connect, self.limit)
            .with_reconnect(config)
            .with_replay(self.replay)
            .with_redirects(REDIRECTS)
            .with_read_timeout(Duration::from_millis(READ_TIMEOUT))
            .with_connect_timeout(Duration::from_millis(CONNECT_TIMEOUT));
        source.set_last_event_id(&self.start_id).unwrap();
        let mut items = Vec::new();
        'items: loop {
            for _ in 0..self.drops {
                let mut next = pin!(source.next());
                let polled = poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await;
                match polled {
                    Poll::Ready(None) => break 'items,
                    Poll::Ready(Some(item)) => items.push(show(item)),
                    Poll::Pending => {}
                }
            }
            match source.next().await {
                Some(item) => items.push(show(item)),
                None => break,
            }
        }
        assert!(items.len() < 10_000);
        drop(source);
        let requests = std::mem::take(&mut story.lock().unwrap().requests);
        Story { items, requests }
    }
}

fn show(item: Result<Item<(), ()>, Over<(), ScriptBody>>) -> String {
    match item {
        Ok(Item::Open(head)) => format!("open {}", head.status.as_u16()),
        Ok(Item::Event(event)) => event_text(
            event.event_type(),
            event.data(),
            event.id(),
            event.retry().map(|retry| retry.0),
            event.last_event_id(),
        ),
        Ok(Item::Comment(text)) => format!("comment {:?}", &text[..]),
        Ok(Item::TooLarge(_)) => "too large".to_owned(),
        Ok(Item::Unsendable(_)) => "unsendable".to_owned(),
        Ok(Item::Reconnecting { after, why }) => {
            format!("{} ms: {}", after.as_millis(), why_text(&why))
        }
        Err(Over::NoContent) => "no content".to_owned(),
        Err(Over::Refused { head, refusal, .. }) => {
            format!("refused {} {refusal:?}", head.status.as_u16())
        }
        Err(Over::GaveUp(why)) => format!("gave up: {}", why_text(&why)),
        Err(Over::NotRepeatable(why)) => format!("not again: {}", why_text(&why)),
        other => panic!("unknown: {}", other.is_ok()),
    }
}

fn why_text(why: &Why<(), ()>) -> String {
    match why {
        Why::Connect(()) => "fails".to_owned(),
        Why::ConnectTimeout => "connect timeout".to_owned(),
        Why::Unavailable(head) => head.status.as_u16().to_string(),
        Why::Closed => "closed".to_owned(),
        Why::Broken(()) => "broken".to_owned(),
        Why::Silent => "silent".to_owned(),
        _ => panic!("unknown"),
    }
}

fn event_text(
    event_type: Option<&[u8]>,
    data: &[u8],
    id: Option<&[u8]>,
    retry: Option<u64>,
    last_event_id: &[u8],
) -> String {
    let event_type = event_type.unwrap_or(DEFAULT_EVENT_TYPE);
    format!("event {event_type:?} {data:?} {id:?} {retry:?} {last_event_id:?}")
}
