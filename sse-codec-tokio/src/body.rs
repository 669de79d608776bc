use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use http_body::{Body, Frame as BodyFrame};
use tokio_util::sync::WaitForCancellationFutureOwned;

use crate::{
    connection::session::{Framing, Next, Session},
    frames::{Burst, Counts, Frames, Kind},
    options::ServeOptions,
    reason::Reason,
};

/// The events of a source as the body of a response, for whatever takes a [`Body`]: hyper, axum,
/// warp, tonic-web. The head is the framework's business; `sse_codec::http::RESPONSE_HEADERS` has
/// the headers.
///
/// A first frame comes at once, heartbeats while nothing else does, events that are ready together
/// in one piece. Of the [`ServeOptions`] these apply: greeting, heartbeat, lifetime, shutdown,
/// farewell and the time to come back after, and the buffer limit to what is put together at once.
///
/// # What a body cannot do
/// A body is asked for data when there is room for it. While a client does not read, nobody asks,
/// so nothing in here runs: a **write deadline has no effect**, and a client that has vanished is
/// not noticed before the server notices it. Bound that where the socket is: with
/// [`TcpOptions`](crate::TcpOptions) (`TCP_USER_TIMEOUT`) before the connection is handed to the
/// server, or by [`serve`](crate::serve()) instead of a body.
///
/// When the server drops the body early, an [`EventSender`](crate::EventSender) hears of
/// [`Reason::PeerClosed`]; "handed over" means taken by the server.
pub struct EventBody<S: Frames> {
    session: Session<Box<S>>,
    shutdown: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    is_over: bool,
    /// A server that gets an error throws away what it has not written: it gets a turn first.
    has_paused: bool,
}

impl<S: Frames> EventBody<S> {
    /// A body of these events.
    pub fn new(source: S, options: impl Into<Arc<ServeOptions>>) -> Self {
        let options = options.into();
        let shutdown = options.shutdown.clone();
        Self {
            session: Session::new(Box::pin(source), options, Framing::Elsewhere),
            shutdown: shutdown.map(|token| Box::pin(token.cancelled_owned())),
            is_over: false,
            has_paused: false,
        }
    }

    fn poll_data(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, S::Error>>> {
        let session = &mut self.session;
        session.wake();
        if session.is_open()
            && let Some(shutdown) = &mut self.shutdown
            && shutdown.as_mut().poll(cx).is_ready()
        {
            session.stop(Reason::Shutdown);
        }
        let limit = session.options.buffer_limit;
        let mut burst = Burst::take(limit, false);
        burst.reset(limit);
        if session.can_take_back() {
            burst.reserve();
        }
        let next = session.poll_next(cx, &mut burst);
        let given = match &next {
            Poll::Ready(Next::Burst) => {
                Some((Bytes::copy_from_slice(burst.bytes()), burst.counts()))
            }
            _ => None,
        };
        burst.give_back();
        let (data, counts) = match (ready!(next), given) {
            (Next::Alone(frame), _) => {
                let mut counts = Counts::default();
                counts.add(Kind::Event, 1);
                (frame.into_bytes(), counts)
            }
            (Next::Burst, given) => given.unwrap_or_default(),
            (Next::Nothing(Reason::SourceFailed), _) if !self.has_paused => {
                self.has_paused = true;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            (Next::Nothing(reason) | Next::Cut(reason), _) => {
                session.over(reason);
                self.is_over = true;
                return Poll::Ready(session.take_error().map(Err));
            }
        };
        let mut account = session.account;
        account.done.add_all(counts);
        account.bytes += data.len() as u64;
        account.high_water = account.high_water.max(data.len());
        session.note(account);
        session.clock.wrote(data.len(), 0);
        Poll::Ready(Some(Ok(data)))
    }
}

impl<S: Frames> Body for EventBody<S> {
    type Data = Bytes;
    type Error = S::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, S::Error>>> {
        let data = self.get_mut().poll_data(cx);
        data.map(|data| data.map(|data| data.map(BodyFrame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }
}

impl<S: Frames> Drop for EventBody<S> {
    fn drop(&mut self) {
        self.session.end(Reason::PeerClosed);
    }
}

impl<S: Frames> fmt::Debug for EventBody<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBody")
            .field("session", &self.session.account)
            .finish_non_exhaustive()
    }
}
