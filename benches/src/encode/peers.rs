//! The peers, each used as its README shows, or faster where its public API allows it.
//!
//! Those that only come as the body of a response (actix-web-lab, axum) get one body for all the
//! work, polled in a bare loop. Those whose event has a `Display` (warp, poem, salvo) write into a
//! reused `String`, where their bodies call `to_string()`.

use std::{
    fmt::{Display, Write},
    sync::{LazyLock, Mutex, PoisonError},
};

use bytes::BytesMut;

use super::{
    Encoder, Role, Wire, Work,
    cases::{Message, Payload},
};

mod bodies;

pub(super) const ALL: &[Encoder] = &[
    Encoder::new("sse-stream", Role::Peer, sse_stream),
    Encoder::new("russe", Role::Peer, russe),
    Encoder::new("russe-string", Role::Peer, russe_string),
    Encoder::new("actix-web-lab", Role::Peer, bodies::actix_web_lab),
    Encoder::new("axum", Role::Peer, bodies::axum),
    Encoder::new("warp", Role::Peer, warp),
    Encoder::new("poem", Role::Peer, poem),
    Encoder::new("salvo", Role::Peer, salvo),
];

/// Has no comments outside of its keep-alive.
fn sse_stream(work: Work, wire: &mut Wire) -> Option<()> {
    use sse_stream::Sse;

    let mut encode = |event_type: &str, id: &str, data: Sse| {
        let event = if event_type.is_empty() {
            data
        } else {
            data.event(event_type)
        };
        let event = if id.is_empty() { event } else { event.id(id) };
        wire.take(&event.encode().ok()?);
        Some(())
    };
    match work {
        Work::Messages(messages) => messages.iter().try_for_each(
            |Message {
                 event_type,
                 id,
                 data,
             }| { encode(event_type, id, Sse::default().data(data.as_str())) },
        ),
        Work::Payloads(payloads) => payloads.iter().try_for_each(
            |Payload {
                 event_type,
                 id,
                 data,
             }| {
                encode(
                    event_type,
                    id,
                    Sse::default().data(serde_json::to_string(data).ok()?),
                )
            },
        ),
        Work::Heartbeats(_) => None,
    }
}

/// Its `tokio_util` encoder into a reused buffer, which is what `FramedWrite` does with it.
fn russe(work: Work, wire: &mut Wire) -> Option<()> {
    use tokio_util::codec::Encoder;

    static BUFFER: LazyLock<Mutex<BytesMut>> = LazyLock::new(Mutex::default);
    let mut buffer = BUFFER.lock().unwrap_or_else(PoisonError::into_inner);
    russe_events(work, |event| {
        buffer.clear();
        russe::Encoder::default().encode(event, &mut buffer).ok()?;
        wire.take(&buffer);
        Some(())
    })
}

/// Each event into a string of its own.
fn russe_string(work: Work, wire: &mut Wire) -> Option<()> {
    russe_events(work, |event| {
        wire.take(event.into_bytestring().ok()?.as_bytes());
        Some(())
    })
}

fn russe_events(work: Work, mut encode: impl FnMut(russe::Event) -> Option<()>) -> Option<()> {
    let mut message = |event_type: &str, id: &str, data| {
        let some = |text: &str| (!text.is_empty()).then(|| text.into());
        let (event, id) = (some(event_type), some(id));
        encode(russe::Event::Message(russe::Message {
            data,
            event,
            id,
            retry: None,
        }))
    };
    match work {
        Work::Messages(messages) => messages.iter().try_for_each(
            |Message {
                 event_type,
                 id,
                 data,
             }| { message(event_type, id, data.as_str().into()) },
        ),
        Work::Payloads(payloads) => payloads.iter().try_for_each(
            |Payload {
                 event_type,
                 id,
                 data,
             }| { message(event_type, id, serde_json::to_string(data).ok()?.into()) },
        ),
        Work::Heartbeats(count) => {
            (0..count).try_for_each(|_| encode(russe::Event::Comment("".into())))
        }
    }
}

fn warp(work: Work, wire: &mut Wire) -> Option<()> {
    use warp::sse::Event;

    let fields = |event_type: &str, id: &str, event: Event| {
        let event = if event_type.is_empty() {
            event
        } else {
            event.event(event_type)
        };
        if id.is_empty() { event } else { event.id(id) }
    };
    match work {
        Work::Messages(messages) => display(
            wire,
            messages,
            |Message {
                 event_type,
                 id,
                 data,
             }| { Some(fields(event_type, id, Event::default().data(data.as_str()))) },
        ),
        Work::Payloads(payloads) => display(
            wire,
            payloads,
            |Payload {
                 event_type,
                 id,
                 data,
             }| {
                Some(fields(
                    event_type,
                    id,
                    Event::default().json_data(data).ok()?,
                ))
            },
        ),
        Work::Heartbeats(count) => display(wire, 0..count, |_| Some(Event::default().comment(""))),
    }
}

/// Has no comments outside of its keep-alive.
fn poem(work: Work, wire: &mut Wire) -> Option<()> {
    use poem::web::sse::Event;

    let fields = |event_type: &str, id: &str, event: Event| {
        let event = if event_type.is_empty() {
            event
        } else {
            event.event_type(event_type)
        };
        if id.is_empty() { event } else { event.id(id) }
    };
    match work {
        Work::Messages(messages) => display(
            wire,
            messages,
            |Message {
                 event_type,
                 id,
                 data,
             }| { Some(fields(event_type, id, Event::message(data.as_str()))) },
        ),
        Work::Payloads(payloads) => display(
            wire,
            payloads,
            |Payload {
                 event_type,
                 id,
                 data,
             }| {
                Some(fields(
                    event_type,
                    id,
                    Event::message(serde_json::to_string(data).ok()?),
                ))
            },
        ),
        Work::Heartbeats(_) => None,
    }
}

fn salvo(work: Work, wire: &mut Wire) -> Option<()> {
    use salvo::sse::SseEvent;

    let fields = |event_type: &str, id: &str, event: SseEvent| {
        let event = if event_type.is_empty() {
            event
        } else {
            event.name(event_type)
        };
        if id.is_empty() { event } else { event.id(id) }
    };
    match work {
        Work::Messages(messages) => display(
            wire,
            messages,
            |Message {
                 event_type,
                 id,
                 data,
             }| {
                Some(fields(
                    event_type,
                    id,
                    SseEvent::default().text(data.as_str()),
                ))
            },
        ),
        Work::Payloads(payloads) => display(
            wire,
            payloads,
            |Payload {
                 event_type,
                 id,
                 data,
             }| { Some(fields(event_type, id, SseEvent::default().json(data).ok()?)) },
        ),
        Work::Heartbeats(count) => {
            display(wire, 0..count, |_| Some(SseEvent::default().comment("")))
        }
    }
}

fn display<T, E: Display>(
    wire: &mut Wire,
    work: impl IntoIterator<Item = T>,
    make: impl Fn(T) -> Option<E>,
) -> Option<()> {
    static TEXT: Mutex<String> = Mutex::new(String::new());
    let mut text = TEXT.lock().unwrap_or_else(PoisonError::into_inner);
    work.into_iter().try_for_each(|item| {
        text.clear();
        write!(text, "{}", make(item)?).ok()?;
        wire.take(text.as_bytes());
        Some(())
    })
}
