//! The peers, each used as its README shows, or faster where its public API allows it.
//!
//! Streams are polled in a bare loop, without an executor. Chunks are `'static`, so that peers on
//! `bytes::Bytes` pay for no reference count.

use std::{
    convert::Infallible,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
};

use bytes::Bytes;
use futures_core::Stream;
use futures_io::{AsyncBufRead, AsyncRead};
use futures_util::stream;

use super::{Decoder, Role};
use crate::input::{Counts, Input};

mod launchdarkly;

pub(super) const ALL: &[Decoder] = &[
    Decoder::new("sse-core", Role::Peer, sse_core),
    Decoder::new("sse-stream", Role::Peer, sse_stream),
    Decoder::new("sseer", Role::Peer, sseer),
    Decoder::new("eventsource-stream", Role::Peer, eventsource_stream),
    Decoder::new("eventsource-client", Role::Peer, launchdarkly::decode),
    Decoder::new("async-sse", Role::Peer, async_sse),
    Decoder::new("sse-parse", Role::Peer, sse_parse),
    Decoder::new("stream-rs", Role::Peer, stream_rs),
    Decoder::new("eventsrc", Role::Peer, eventsrc),
];

/// Its low-level decoder, straight on the slice: a little faster than on `Bytes`.
fn sse_core(input: Input) -> Counts {
    let mut counts = Counts::default();
    let mut decoder = sse_core::SseDecoder::new();
    for mut chunk in input.chunks() {
        while let Some(event) = decoder.next(&mut chunk) {
            if let Ok(sse_core::SseEvent::Message(event)) = event {
                counts.add(event.event.as_bytes(), event.data.as_bytes());
            }
        }
    }
    counts
}

/// `SseByteStream`, which its README prefers for byte streams. It gives out raw blocks: those
/// without data are no events.
fn sse_stream(input: Input) -> Counts {
    let mut counts = Counts::default();
    let chunks = stream::iter(input.chunks().map(Ok::<_, Infallible>));
    drive(sse_stream::SseByteStream::new(chunks), |event| {
        if let Ok(sse_stream::Sse {
            event,
            data: Some(data),
            ..
        }) = event
        {
            counts.add(
                event.as_deref().unwrap_or("message").as_bytes(),
                data.as_bytes(),
            );
        }
    });
    counts
}

fn sseer(input: Input) -> Counts {
    let mut counts = Counts::default();
    drive(
        sseer::event_stream::EventStream::new(bytes(input)),
        |event| {
            if let Ok(event) = event {
                counts.add(event.event.as_bytes(), event.data.as_bytes());
            }
        },
    );
    counts
}

fn eventsource_stream(input: Input) -> Counts {
    let mut counts = Counts::default();
    let chunks = stream::iter(input.chunks().map(Ok::<_, Infallible>));
    drive(eventsource_stream::EventStream::new(chunks), |event| {
        if let Ok(event) = event {
            counts.add(event.event.as_bytes(), event.data.as_bytes());
        }
    });
    counts
}

fn async_sse(input: Input) -> Counts {
    let mut counts = Counts::default();
    let reader = Reader {
        current: b"",
        chunks: input.chunks(),
    };
    drive(async_sse::decode(reader), |event| {
        if let Ok(async_sse::Event::Message(message)) = event {
            counts.add(message.name().as_bytes(), message.data());
        }
    });
    counts
}

fn sse_parse(input: Input) -> Counts {
    let mut counts = Counts::default();
    let mut parser = sse_parse::SseParser::new();
    for chunk in input.chunks() {
        parser.feed(chunk);
        while let Some(event) = parser.next_event() {
            counts.add(event.event.as_bytes(), event.data.as_bytes());
        }
    }
    counts
}

fn stream_rs(input: Input) -> Counts {
    let mut counts = Counts::default();
    let mut parser = stream_rs::sse::SseParser::new();
    let mut events = Vec::new();
    for chunk in input.chunks() {
        parser.feed(chunk, &mut events);
        for event in events.drain(..) {
            let name = event.event.as_deref().unwrap_or("message");
            counts.add(name.as_bytes(), event.data.as_bytes());
        }
    }
    counts
}

fn eventsrc(input: Input) -> Counts {
    let mut counts = Counts::default();
    drive(eventsrc::EventStream::new(bytes(input)), |event| {
        if let Ok(event) = event {
            counts.add(event.event().as_bytes(), event.data().as_bytes());
        }
    });
    counts
}

/// The chunks as a stream of `Bytes`.
fn bytes(input: Input) -> impl Stream<Item = Result<Bytes, Infallible>> {
    stream::iter(input.chunks().map(|chunk| Ok(Bytes::from_static(chunk))))
}

/// Polls a stream that is always ready to its end.
fn drive<S: Stream>(stream: S, mut each: impl FnMut(S::Item)) {
    let mut stream = pin!(stream);
    let mut context = Context::from_waker(Waker::noop());
    while let Poll::Ready(Some(item)) = stream.as_mut().poll_next(&mut context) {
        each(item);
    }
}

/// The chunks as a buffered reader whose buffer is the chunk.
struct Reader {
    current: &'static [u8],
    chunks: std::slice::Chunks<'static, u8>,
}

impl AsyncBufRead for Reader {
    fn poll_fill_buf(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<io::Result<&'static [u8]>> {
        if self.current.is_empty() {
            self.current = self.chunks.next().unwrap_or_default();
        }
        Poll::Ready(Ok(self.current))
    }

    fn consume(mut self: Pin<&mut Self>, count: usize) {
        self.current = &self.current[count..];
    }
}

impl AsyncRead for Reader {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let Poll::Ready(Ok(available)) = self.as_mut().poll_fill_buf(context) else {
            return Poll::Pending;
        };
        let count = available.len().min(buf.len());
        buf[..count].copy_from_slice(&available[..count]);
        self.consume(count);
        Poll::Ready(Ok(count))
    }
}
