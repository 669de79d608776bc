//! The encoders that can only be reached through the body of a response.

use std::{
    convert::Infallible,
    pin::pin,
    task::{Context, Poll, Waker},
};

use futures_util::stream;

use crate::encode::{
    Wire, Work,
    cases::{Message, Payload},
};

pub(super) fn actix_web_lab(work: Work, wire: &mut Wire) -> Option<()> {
    use actix_web::body::MessageBody;
    use actix_web_lab::sse::{Data, Event, Sse};

    fn fields(event_type: &str, id: &str, data: Data) -> Event {
        let data = if event_type.is_empty() {
            data
        } else {
            data.event(event_type)
        };
        (if id.is_empty() { data } else { data.id(id) }).into()
    }
    fn poll(events: impl Iterator<Item = Event> + 'static, wire: &mut Wire) -> Option<()> {
        let mut body = pin!(Sse::from_stream(stream::iter(
            events.map(Ok::<_, Infallible>)
        )));
        while let Poll::Ready(Some(bytes)) = body.as_mut().poll_next(&mut context()) {
            wire.take(&bytes.ok()?);
        }
        Some(())
    }
    match work {
        Work::Messages(messages) => {
            let event =
                |Message {
                     event_type,
                     id,
                     data,
                 }: &_| fields(event_type, id, Data::new(data.as_str()));
            poll(messages.iter().map(event), wire)
        }
        Work::Payloads(payloads) => {
            let event = |Payload {
                             event_type,
                             id,
                             data,
                         }: &_| {
                Some(fields(event_type, id, Data::new_json(data).ok()?))
            };
            poll(payloads.iter().filter_map(event), wire)
        }
        Work::Heartbeats(count) => poll((0..count).map(|_| Event::Comment("".into())), wire),
    }
}

pub(super) fn axum(work: Work, wire: &mut Wire) -> Option<()> {
    use axum::response::{IntoResponse, Sse, sse::Event};
    use http_body::Body;

    fn fields(event_type: &str, id: &str) -> Event {
        let event = Event::default();
        let event = if event_type.is_empty() {
            event
        } else {
            event.event(event_type)
        };
        if id.is_empty() { event } else { event.id(id) }
    }
    fn poll(events: impl Iterator<Item = Event> + Send + 'static, wire: &mut Wire) -> Option<()> {
        let events = stream::iter(events.map(Ok::<_, Infallible>));
        let mut body = pin!(Sse::new(events).into_response().into_body());
        while let Poll::Ready(Some(frame)) = body.as_mut().poll_frame(&mut context()) {
            wire.take(frame.ok()?.data_ref()?);
        }
        Some(())
    }
    match work {
        Work::Messages(messages) => {
            let event = |Message {
                             event_type,
                             id,
                             data,
                         }: &_| fields(event_type, id).data(data);
            poll(messages.iter().map(event), wire)
        }
        Work::Payloads(payloads) => {
            let event = |Payload {
                             event_type,
                             id,
                             data,
                         }: &_| fields(event_type, id).json_data(data).ok();
            poll(payloads.iter().filter_map(event), wire)
        }
        Work::Heartbeats(count) => poll((0..count).map(|_| Event::DEFAULT_KEEP_ALIVE), wire),
    }
}

fn context() -> Context<'static> {
    Context::from_waker(Waker::noop())
}
