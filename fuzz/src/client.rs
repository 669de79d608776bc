//! A whole client over scripted connections, and a model that says what it has to give, when it has
//! to ask, and for what.

use std::{
    collections::VecDeque,
    future::{Future, pending, poll_fn, ready},
    pin::{Pin, pin},
    sync::{Arc, Mutex},
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use sse_codec::{DEFAULT_EVENT_TYPE, Millis, Policy, ReconnectConfig};
use sse_codec_tokio::client::{EventSource, Item, Over, Refusal, Replay, Why};
use tokio::time::{Instant, Sleep, sleep};

use crate::{
    Input,
    oracle::{self, Decoded},
    pieces,
};

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

#[derive(Clone)]
enum Answer {
    Fails,
    Hangs,
    Status {
        code: u16,
        retry_after: Option<u64>,
    },
    Redirect(u16),
    Encoded,
    Stream {
        code: u16,
        pieces: Vec<(u64, Vec<u8>)>,
        breaks: bool,
    },
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

impl Answer {
    fn new(input: &mut Input<'_>) -> Self {
        let kind = input.byte();
        let more = kind >> 3;
        match kind & 7 {
            0 if more % 2 == 0 => Self::Fails,
            0 => Self::Hangs,
            1 => Self::Redirect([301, 302, 303, 307, 308][usize::from(more % 5)]),
            2 => Self::Status {
                code: [200, 201, 204, 304, 401, 408, 429, 503][usize::from(more % 8)],
                retry_after: (more >= 16).then(|| input.byte().into()),
            },
            3 if more == 0 => Self::Encoded,
            _ => {
                let sizes = input.byte() % 4;
                let sizes = input.take(sizes.into());
                let gap = u64::from(input.byte());
                let text = input.sized();
                let mut number = 0;
                let with_gap = |piece: &[u8]| {
                    number += 1;
                    // Between 0 and the timeout and half, never the timeout itself.
                    let gap = gap * number % 16 * 97;
                    (gap, piece.to_vec())
                };
                Self::Stream {
                    code: if more & 1 == 0 { 200 } else { 201 },
                    breaks: more & 2 != 0,
                    pieces: pieces(text, sizes).into_iter().map(with_gap).collect(),
                }
            }
        }
    }

    fn give(self) -> Answering {
        let mut response = Response::builder();
        let mut body = ScriptBody::default();
        match self {
            Self::Fails => return Box::pin(ready(Err(()))),
            Self::Hangs => return Box::pin(pending()),
            Self::Status {
                code, retry_after, ..
            } => {
                response = response.status(code).header("content-type", "text/html");
                if let Some(seconds) = retry_after {
                    response = response.header("retry-after", seconds);
                }
            }
            Self::Redirect(code) => response = response.status(code).header("location", "next"),
            Self::Encoded => {
                response = response.header("content-type", "text/event-stream");
                response = response.header("content-encoding", "br");
            }
            Self::Stream {
                code,
                pieces,
                breaks,
            } => {
                response = response.status(code);
                response = response.header("content-type", "text/event-stream");
                body.pieces = pieces.into();
                body.breaks = breaks;
            }
        }
        Box::pin(ready(Ok(response.body(body).unwrap())))
    }
}

/// After the script nothing more is wanted.
fn no_more() -> Answering {
    let response = Response::builder().status(204);
    Box::pin(ready(Ok(response.body(ScriptBody::default()).unwrap())))
}

type Answering = Pin<Box<dyn Future<Output = Result<Response<ScriptBody>, ()>>>>;

#[derive(Default)]
struct ScriptBody {
    pieces: VecDeque<(u64, Vec<u8>)>,
    breaks: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Body for ScriptBody {
    type Data = Bytes;
    type Error = ();

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
        let this = self.get_mut();
        let Some((gap, _)) = this.pieces.front() else {
            return Poll::Ready(this.breaks.then_some(Err(())));
        };
        if *gap > 0 {
            let gap = Duration::from_millis(*gap);
            let sleep = this.sleep.get_or_insert_with(|| Box::pin(sleep(gap)));
            std::task::ready!(sleep.as_mut().poll(cx));
            this.sleep = None;
        }
        let piece = this.pieces.pop_front().map(|(_, piece)| piece);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece.into()))))
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

/// The rules, one after the other, with a clock that is a number.
struct Model<'p> {
    plan: &'p Plan,
    answers: VecDeque<Answer>,
    story: Story,
    now: u64,
    id: Vec<u8>,
    retry: Option<u64>,
    failures: u32,
}

impl Plan {
    /// What the client has to do.
    pub fn expected(&self) -> Story {
        let mut model = Model {
            plan: self,
            answers: self.answers.clone().into(),
            story: Story::default(),
            now: 0,
            id: self.start_id.clone(),
            retry: None,
            failures: 0,
        };
        while model.attempt() {}
        model.story
    }
}

impl Model<'_> {
    fn say(&mut self, item: impl Into<String>) {
        self.story.items.push(item.into());
    }

    fn is_sendable(&self) -> bool {
        let is_text = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 127);
        let is_space = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
        self.id.iter().all(is_text) && !is_space(self.id.first()) && !is_space(self.id.last())
    }

    /// One attempt with all its redirects; whether there is another one.
    fn attempt(&mut self) -> bool {
        let mut is_post = self.plan.is_post;
        if !self.is_sendable() {
            self.say("unsendable");
        }
        let mut hops = 0;
        loop {
            let id = Some(self.id.clone()).filter(|id| self.is_sendable() && !id.is_empty());
            let method = if is_post { "POST" } else { "GET" };
            let path = if hops == 0 { "" } else { "next" };
            let url = format!("http://a.example/{path}");
            self.story
                .requests
                .push((self.now, method.to_owned(), url, id));
            let answer = self.answers.pop_front().unwrap_or(Answer::Status {
                code: 204,
                retry_after: None,
            });
            return match answer {
                Answer::Redirect(code) if hops < REDIRECTS => {
                    hops += 1;
                    is_post &= matches!(code, 307 | 308);
                    continue;
                }
                Answer::Redirect(code) => self.refused(code, Refusal::TooManyRedirects),
                Answer::Fails => self.ended("fails", false),
                Answer::Hangs => {
                    self.now += CONNECT_TIMEOUT;
                    self.ended("connect timeout", false)
                }
                Answer::Encoded => self.refused(200, Refusal::Encoded),
                Answer::Status {
                    code, retry_after, ..
                } => self.status(code, retry_after),
                Answer::Stream { code: 201, .. } if self.plan.is_standard => {
                    self.refused(201, Refusal::Status)
                }
                Answer::Stream {
                    code,
                    pieces,
                    breaks,
                } => self.stream(code, &pieces, breaks),
            };
        }
    }

    fn refused(&mut self, code: u16, refusal: Refusal) -> bool {
        self.say(format!("refused {code} {refusal:?}"));
        false
    }

    fn status(&mut self, code: u16, retry_after: Option<u64>) -> bool {
        match code {
            204 => {
                self.say("no content");
                false
            }
            200 => self.refused(code, Refusal::WrongType),
            201 if !self.plan.is_standard => self.refused(code, Refusal::WrongType),
            408 | 429 | 503 if !self.plan.is_standard => {
                if !self.fails() {
                    self.say(format!("gave up: {code}"));
                    return false;
                }
                if !self.may_repeat() {
                    return self.refused(code, Refusal::Status);
                }
                let asked = retry_after.map_or(0, |seconds| seconds * 1_000);
                let wait = self.backoff().max(asked.min(LONGEST_ASKED));
                self.wait(wait, &code.to_string())
            }
            _ => self.refused(code, Refusal::Status),
        }
    }

    /// Counts a failure; whether there may be another attempt.
    fn fails(&mut self) -> bool {
        self.failures += 1;
        self.plan.attempts == 0 || self.failures < self.plan.attempts
    }

    fn once(&self) -> u64 {
        let asked = self.retry.map(|retry| retry.min(LONGEST_ASKED));
        asked.unwrap_or(BASE).max(FLOOR)
    }

    fn backoff(&self) -> u64 {
        let doubled = self.once() << (self.failures - 1).min(20);
        doubled.min(LONGEST).max(self.once())
    }

    fn wait(&mut self, wait: u64, why: &str) -> bool {
        self.say(format!("{wait} ms: {why}"));
        self.now += wait;
        true
    }

    fn may_repeat(&self) -> bool {
        match self.plan.replay {
            Replay::Always => true,
            Replay::Never => false,
            Replay::IfResumable if !self.id.is_empty() && self.is_sendable() => true,
            _ => !self.plan.is_post,
        }
    }

    fn ended(&mut self, why: &str, proved: bool) -> bool {
        if !self.may_repeat() {
            self.say(format!("not again: {why}"));
            return false;
        }
        if proved {
            self.failures = 0;
            return self.wait(self.once(), why);
        }
        if !self.fails() {
            self.say(format!("gave up: {why}"));
            return false;
        }
        self.wait(self.backoff(), why)
    }

    fn stream(&mut self, code: u16, pieces: &[(u64, Vec<u8>)], breaks: bool) -> bool {
        self.say(format!("open {code}"));
        let mut text = Vec::new();
        let mut age = 0;
        // Since the last byte; an empty piece is none.
        let mut quiet = 0;
        let mut why = if breaks { "broken" } else { "closed" };
        for (gap, piece) in pieces {
            if quiet + gap >= READ_TIMEOUT {
                age += READ_TIMEOUT - quiet;
                why = "silent";
                break;
            }
            age += gap;
            quiet += gap;
            if !piece.is_empty() {
                quiet = 0;
            }
            text.extend_from_slice(piece);
        }
        self.now += age;

        let Decoded {
            items,
            last_event_id,
            retry,
            unfinished_comment,
            ..
        } = oracle::decode(&text, Some(self.plan.limit), &self.id);
        let mut proved = age >= PROOF;
        for item in &items {
            match item {
                oracle::Item::Event {
                    event_type,
                    data,
                    id,
                    retry,
                    last_event_id,
                    ..
                } => {
                    proved = true;
                    let event_type = event_type.as_deref();
                    let id = id.as_deref();
                    self.say(event_text(event_type, data, id, *retry, last_event_id));
                }
                oracle::Item::WithoutData { .. } | oracle::Item::Retry { .. } => proved = true,
                oracle::Item::Comment(text) if text.len() <= self.plan.limit => {
                    self.say(format!("comment {text:?}"));
                }
                oracle::Item::Comment(_) | oracle::Item::Overflow { .. } => self.say("too large"),
            }
        }
        // A comment can be too large before it is over.
        if unfinished_comment.is_some_and(|text| text.len() > self.plan.limit) {
            self.say("too large");
        }
        if proved {
            self.failures = 0;
        }
        self.id = last_event_id;
        self.retry = retry.or(self.retry);
        self.ended(why, proved)
    }
}
