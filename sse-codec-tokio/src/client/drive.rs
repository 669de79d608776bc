//! What an [`EventSource`] does, turn by turn.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use http::{
    Response, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, RETRY_AFTER},
    response::Parts,
};
use http_body::Body;
use sse_codec::{
    End, Millis, Next, Stop,
    http::{last_event_id_value, retry_after},
};
use tokio::time::{Sleep, sleep};

use super::{
    Connect, EventSource, Item, Over, Refusal, Replay, Why,
    route::{Route, header},
};
use crate::{owned::OwnedStep, reader::Silence};

pub(super) enum State<C: Connect> {
    /// The next request is to be made now.
    Start,
    Connecting(Box<Attempt<C>>),
    Open {
        body: Pin<Box<C::Body>>,
        /// It has proved itself, and said so.
        is_proved: bool,
    },
    Waiting(Pin<Box<Sleep>>),
    Over,
}

/// A request that has been made.
pub(super) struct Attempt<C: Connect> {
    response: Pin<Box<C::Future>>,
    timeout: Option<Silence>,
    route: Route,
    hops: u32,
    /// It is made by the source itself, after an earlier one.
    is_repeated: bool,
    /// All redirects so far were permanent, and have left the method as it was.
    is_permanent: bool,
}

pub(super) type ItemOf<C> = Item<<C as Connect>::Error, <<C as Connect>::Body as Body>::Error>;
pub(super) type OverOf<C> = Over<<C as Connect>::Error, <C as Connect>::Body>;
type WhyOf<C> = Why<<C as Connect>::Error, <<C as Connect>::Body as Body>::Error>;

/// After so many pieces of a body other tasks get a turn, whether there was an event or not.
const READS: u8 = 32;

impl<C: Connect> EventSource<C> {
    pub(super) fn poll_item(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<ItemOf<C>, OverOf<C>>>> {
        loop {
            let item = match &mut self.state {
                State::Over => return Poll::Ready(None),
                State::Start => self.begin(false),
                State::Waiting(sleep) => {
                    ready!(sleep.as_mut().poll(cx));
                    self.begin(true)
                }
                State::Connecting(attempt) => {
                    let answer = ready!(attempt.poll(cx));
                    self.answered(answer)
                }
                State::Open { .. } => ready!(self.poll_open(cx)),
            };
            if let Some(item) = item {
                return Poll::Ready(Some(item));
            }
        }
    }

    /// Makes the first request of an attempt.
    fn begin(&mut self, is_repeated: bool) -> Option<Result<ItemOf<C>, OverOf<C>>> {
        self.intake.reset();
        if let Some(silence) = &mut self.silence {
            silence.end();
        }
        self.request(self.route.clone(), 0, is_repeated, true);
        let id = last_event_id_value(self.last_event_id());
        let unsendable = id.err().filter(|_| self.route.takes_id())?;
        Some(Ok(Item::Unsendable(unsendable)))
    }

    fn request(&mut self, route: Route, hops: u32, is_repeated: bool, is_permanent: bool) {
        let id = last_event_id_value(self.intake.parser().last_event_id());
        let request = route.request(id.ok().flatten());
        self.state = State::Connecting(Box::new(Attempt {
            response: Box::pin(self.connect.connect(request)),
            timeout: self.settings.connect_timeout.map(Silence::new),
            route,
            hops,
            is_repeated,
            is_permanent,
        }));
    }

    fn answered(
        &mut self,
        answer: Result<Response<C::Body>, WhyOf<C>>,
    ) -> Option<Result<ItemOf<C>, OverOf<C>>> {
        let (head, body) = match answer {
            Ok(response) => response.into_parts(),
            Err(why) => return Some(self.ended(End::Refused, why)),
        };
        let date = head.headers.get(DATE).map(|value| value.as_bytes());
        let response = sse_codec::Response {
            status: head.status.as_u16(),
            content_type: &header(&head, &CONTENT_TYPE),
            content_encoding: &header(&head, &CONTENT_ENCODING),
            retry_after: head
                .headers
                .get(RETRY_AFTER)
                .and_then(|value| retry_after(value.as_bytes(), date)),
        };
        let (now, retry) = (self.now(), self.retry());
        let refusal = match self.reconnect.on_response(now, response, retry) {
            Next::Open => {
                self.state = State::Open {
                    body: Box::pin(body),
                    is_proved: false,
                };
                return Some(Ok(Item::Open(head)));
            }
            Next::Follow => match self.follow(&head) {
                Ok(true) => return None,
                Ok(false) => {
                    let why = Why::Unavailable(head);
                    return Some(Err(self.over(Over::NotRepeatable(why))));
                }
                Err(refusal) => refusal,
            },
            Next::After(wait) if self.may_repeat() => {
                return Some(Ok(self.wait(wait, Why::Unavailable(head))));
            }
            Next::After(_) => Refusal::Status,
            Next::Stop(Stop::NoContent) => return Some(Err(self.over(Over::NoContent))),
            Next::Stop(Stop::Attempts) if self.may_repeat() => {
                return Some(Err(self.over(Over::GaveUp(Why::Unavailable(head)))));
            }
            Next::Stop(stop) => Refusal::new(stop),
        };
        Some(Err(self.over(Over::Refused {
            head,
            body,
            refusal,
        })))
    }

    /// Makes the request that a redirect asks for; `false` when it must not be made again there.
    fn follow(&mut self, head: &Parts) -> Result<bool, Refusal> {
        let State::Connecting(attempt) = &self.state else {
            return Err(Refusal::Status);
        };
        let hops = attempt.hops + 1;
        if hops > self.settings.redirects {
            return Err(Refusal::TooManyRedirects);
        }
        let route = attempt.route.follow(head).ok_or(Refusal::Location)?;
        let is_repeated = attempt.is_repeated;
        if is_repeated && !self.may_repeat_by(&route) {
            return Ok(false);
        }
        let permanent = [
            StatusCode::MOVED_PERMANENTLY,
            StatusCode::PERMANENT_REDIRECT,
        ];
        let is_permanent = attempt.is_permanent
            && permanent.contains(&head.status)
            && route.method() == self.route.method();
        if is_permanent && self.settings.remember {
            self.route = route.clone();
        }
        self.request(route, hops, is_repeated, is_permanent);
        Ok(true)
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<ItemOf<C>, OverOf<C>>>> {
        let State::Open { body, is_proved } = &mut self.state else {
            return Poll::Ready(None);
        };
        while let Some(step) = self.intake.next_step() {
            let item = match step {
                Ok(OwnedStep::Comment(text)) => Item::Comment(text),
                Err(overflow) => Item::TooLarge(overflow),
                Ok(step) => {
                    // The clock is as dear as the parser.
                    if !*is_proved {
                        *is_proved = true;
                        self.reconnect.on_heard(self.start.elapsed().into());
                    }
                    match step {
                        OwnedStep::Event(event) => Item::Event(event),
                        _ => continue,
                    }
                }
            };
            return Poll::Ready(Some(Ok(item)));
        }
        self.reads = self.reads.wrapping_add(1);
        if self.reads.is_multiple_of(READS) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let (end, why) = match body.as_mut().poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                // Trailers mean nothing to an event stream.
                if let Ok(bytes) = frame.into_data()
                    && !bytes.is_empty()
                {
                    if let Some(silence) = &mut self.silence {
                        silence.end();
                    }
                    self.intake.feed(bytes);
                }
                return Poll::Ready(None);
            }
            Poll::Ready(Some(Err(error))) => (End::Broken, Why::Broken(error)),
            Poll::Ready(None) => (End::Closed, Why::Closed),
            Poll::Pending => {
                let Some(silence) = &mut self.silence else {
                    return Poll::Pending;
                };
                ready!(silence.poll(cx));
                (End::Silent, Why::Silent)
            }
        };
        if self.intake.end() {
            // A `retry` line stands, though its block is cut off.
            self.reconnect.on_heard(self.now());
        }
        Poll::Ready(Some(self.ended(end, why)))
    }

    fn ended(&mut self, end: End, why: WhyOf<C>) -> Result<ItemOf<C>, OverOf<C>> {
        let (now, retry, may_repeat) = (self.now(), self.retry(), self.may_repeat());
        match self.reconnect.on_end(now, end, retry, may_repeat) {
            Next::After(wait) => Ok(self.wait(wait, why)),
            Next::Stop(Stop::NotRepeatable) => Err(self.over(Over::NotRepeatable(why))),
            // After an end it is this one.
            Next::Stop(_) | Next::Open | Next::Follow => Err(self.over(Over::GaveUp(why))),
        }
    }

    fn wait(&mut self, wait: Millis, why: WhyOf<C>) -> ItemOf<C> {
        let after = wait.into();
        self.state = State::Waiting(Box::pin(sleep(after)));
        Item::Reconnecting { after, why }
    }

    /// The end. Drops what there is of a connection.
    fn over(&mut self, over: OverOf<C>) -> OverOf<C> {
        self.state = State::Over;
        over
    }

    fn may_repeat(&self) -> bool {
        self.may_repeat_by(&self.route)
    }

    fn may_repeat_by(&self, route: &Route) -> bool {
        let is_safe = route.method().is_safe();
        match self.settings.replay {
            Replay::Safe => is_safe,
            Replay::IfResumable => {
                let id = last_event_id_value(self.last_event_id());
                is_safe || route.takes_id() && id.is_ok_and(|id| id.is_some())
            }
            Replay::Always => true,
            Replay::Never => false,
        }
    }

    fn now(&self) -> Millis {
        self.start.elapsed().into()
    }
}

impl<C: Connect> Attempt<C> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<Response<C::Body>, WhyOf<C>>> {
        if let Poll::Ready(answer) = self.response.as_mut().poll(cx) {
            return Poll::Ready(answer.map_err(Why::Connect));
        }
        let Some(timeout) = &mut self.timeout else {
            return Poll::Pending;
        };
        ready!(timeout.poll(cx));
        Poll::Ready(Err(Why::ConnectTimeout))
    }
}
