//! The requests of a check: the stream itself, and beside it those that try one thing each.

use std::{cell::RefCell, pin::pin, rc::Rc, time::Duration};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Version, header};
use tokio::time::{Instant, sleep};

use super::{exchange::Exchange, stream::Event};
use crate::net::{Dialer, NetError};

/// A page of another origin.
pub(super) const ORIGIN: &str = "https://sse-check.example";
/// An ID that no server has given.
pub(super) const STRANGE_ID: &str = "sse-check-made-this-up";

/// How long one of the other requests may take.
const PATIENCE: Duration = Duration::from_secs(4);

type Answer = Result<Exchange, NetError>;

/// What came of all requests.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) stream: Exchange,
    /// `None` when the response is no stream, or the request must not be repeated: its method is not
    /// safe (RFC 9110 §9.2.1).
    pub(super) others: Option<Others>,
}

#[derive(Debug)]
pub(super) struct Others {
    pub(super) head: Answer,
    pub(super) http10: Option<Answer>,
    pub(super) compressed: Answer,
    pub(super) cross_origin: Answer,
    pub(super) preflight: Answer,
    pub(super) unknown_id: Answer,
    /// `None` when no event had an ID.
    pub(super) resumed: Option<Resumed>,
}

/// Requests with IDs that the stream has given.
#[derive(Debug)]
pub(super) struct Resumed {
    /// The events with an ID that had come by then.
    pub(super) known: Vec<Event>,
    /// With the last but one of them, if there are two.
    pub(super) earlier: Option<Answer>,
    /// With the last one.
    pub(super) last: Answer,
}

pub(super) async fn all(
    dialer: &Dialer,
    request: &Request<Bytes>,
    time: Duration,
    mut progress: impl FnMut(&Exchange),
) -> Result<Seen, NetError> {
    let deadline = Instant::now() + time;
    let known: Known = Rc::default();
    let stream = Exchange::run(dialer, request.clone(), deadline, |exchange| {
        progress(exchange);
        let mut known = known.borrow_mut();
        let from = known.len();
        known.extend(exchange.stream.places().skip(from).cloned());
        false
    });
    if request.method() != Method::GET {
        let stream = stream.await?;
        return Ok(Seen {
            stream,
            others: None,
        });
    }
    let mut stream = pin!(stream);
    let mut others = pin!(others(dialer, request, Rc::clone(&known), time));
    let (stream, others) = tokio::select! {
        // What is no stream is soon over: then there is nothing else to ask.
        stream = &mut stream => {
            let stream = stream?;
            match stream.is_stream() {
                true => (stream, Some(others.await)),
                false => (stream, None),
            }
        }
        others = &mut others => (stream.await?, Some(others)),
    };
    Ok(Seen { stream, others })
}

type Known = Rc<RefCell<Vec<Event>>>;

async fn others(dialer: &Dialer, request: &Request<Bytes>, known: Known, time: Duration) -> Others {
    let with = |name: HeaderName, value: &str| {
        let mut request = request.clone();
        if let Ok(value) = HeaderValue::from_str(value) {
            request.headers_mut().insert(name, value);
        }
        request
    };
    let mut head = request.clone();
    *head.method_mut() = Method::HEAD;
    let mut http10 = request.clone();
    *http10.version_mut() = Version::HTTP_10;
    let mut preflight = with(header::ORIGIN, ORIGIN);
    *preflight.method_mut() = Method::OPTIONS;
    for (name, value) in [
        (header::ACCESS_CONTROL_REQUEST_METHOD, "GET"),
        (header::ACCESS_CONTROL_REQUEST_HEADERS, "last-event-id"),
    ] {
        preflight
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    preflight.headers_mut().remove(header::ACCEPT);
    let compressed = with(header::ACCEPT_ENCODING, "gzip, br, zstd");
    let cross_origin = with(header::ORIGIN, ORIGIN);
    let last_event_id = HeaderName::from_static("last-event-id");
    let unknown_id = with(last_event_id.clone(), STRANGE_ID);
    let is_clear = request.uri().scheme_str() == Some("http");

    let until_head = |_: &Exchange| true;
    let until_event = |exchange: &Exchange| exchange.stream.messages().next().is_some();
    let resumed = async {
        let begin = Instant::now();
        loop {
            let (events, waited) = (known.borrow().len(), begin.elapsed());
            let is_enough = match events {
                0 => waited > time * 9 / 10,
                1..4 => waited > time / 2,
                _ => true,
            };
            if is_enough {
                break;
            }
            sleep(Duration::from_millis(50)).await;
        }
        let known = known.borrow().clone();
        let as_value = |event: &Event| {
            let id = event.id.as_deref().unwrap_or_default();
            String::from_utf8_lossy(id).into_owned()
        };
        let last = with(last_event_id.clone(), &as_value(known.last()?));
        let before = known.len().checked_sub(2).map(|at| &known[at]);
        let earlier = before.map(|event| with(last_event_id.clone(), &as_value(event)));
        // The first may be one that says what became of the place.
        let until_three = |exchange: &Exchange| exchange.stream.places().count() > 2;
        let earlier = async { Some(ask(dialer, earlier?, until_three).await) };
        let (earlier, last) = tokio::join!(earlier, ask(dialer, last, until_three));
        Some(Resumed {
            known,
            earlier,
            last,
        })
    };
    let http10 = async {
        // Only a server that speaks it in clear text is asked by nginx and its kind.
        if !is_clear {
            return None;
        }
        Some(ask(dialer, http10, until_head).await)
    };
    let (head, http10, compressed, cross_origin, preflight, unknown_id, resumed) = tokio::join!(
        ask(dialer, head, until_head),
        http10,
        ask(dialer, compressed, until_event),
        ask(dialer, cross_origin, until_head),
        ask(dialer, preflight, until_head),
        ask(dialer, unknown_id, until_head),
        resumed,
    );
    Others {
        head,
        http10,
        compressed,
        cross_origin,
        preflight,
        unknown_id,
        resumed,
    }
}

async fn ask(
    dialer: &Dialer,
    request: Request<Bytes>,
    enough: impl FnMut(&Exchange) -> bool,
) -> Answer {
    Exchange::run(dialer, request, Instant::now() + PATIENCE, enough).await
}
