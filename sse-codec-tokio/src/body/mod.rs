mod error;
mod ledger;
mod watch;

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame as BodyFrame};
use tokio_util::sync::WaitForCancellationFutureOwned;

pub use self::error::BodyError;
use self::{ledger::Ledger, watch::Slot};
use crate::{
    connection::session::{Next, Session},
    frames::{Burst, CHUNK, Counts, Frames, Kind},
    head::{Framing, Terms},
    options::ServeOptions,
    reason::Reason,
};

/// The events of a source as the body of a response, for whatever takes a [`Body`]: hyper, axum,
/// warp, tonic-web. The head is the framework's business; `sse_codec::http::RESPONSE_HEADERS` has
/// the headers.
///
/// Events that are ready together come in one piece, heartbeats while there are none. Of the
/// [`ServeOptions`] these apply: greeting, heartbeats, write deadline, lifetime, shutdown, farewell,
/// the times to come back after, and drain.
///
/// # What a body knows
/// A body hands out pieces of at most 4 KiB, at most 32 KiB that have not been written, and hears
/// when the server drops each one. So a client that does not read is noticed:
///
/// | | |
/// |---|---|
/// | HTTP/1.1 | Write deadline, lifetime and shutdown work as in [`serve`](crate::serve()); the body ends with an error, and the server closes the connection. |
/// | HTTP/2, the client's window is open | the same |
/// | HTTP/2, the window is used up | The server does not ask the body. After the write deadline the source is ended and dropped, and its sender told ([`Reason::WriteDeadline`]); the body gives an error when it is asked again. |
///
/// A server that copies each piece at once, as hyper does over a transport without vectored writes,
/// makes its own buffer look written; hyper's holds 400 KiB. A client that has vanished from the
/// network is noticed by [`TcpOptions`](crate::TcpOptions), which should be set in any case.
///
/// What holds the pieces and waits for the end of the body, as a test that collects it or a layer
/// that compresses it, waits for the write deadline: [`unwatched`](Self::unwatched) is for those.
///
/// When the server drops the body early, an [`EventSender`](crate::EventSender) hears of
/// [`Reason::PeerClosed`]; "handed over" means dropped by the server, as far as the body was asked
/// since.
pub struct EventBody<S: Frames> {
    slot: Arc<Slot<S>>,
    ledger: Arc<Ledger>,
    shutdown: Option<Pin<Box<WaitForCancellationFutureOwned>>>,
    /// Of an event that is larger than a piece.
    rest: Bytes,
    deadline: Option<Duration>,
    is_watched: bool,
    is_over: bool,
    /// A server that gets an error throws away what it has not written: it gets a turn first.
    has_paused: bool,
}

/// How much may be in the server's hands. It goes on asking then, because its queue is never full.
const HELD: usize = 32 * 1024;

impl<S> EventBody<S>
where
    S: Frames<Error: Send> + Send + 'static,
{
    /// A body of these events.
    ///
    /// # Panics
    /// Outside a tokio runtime with its timer enabled.
    pub fn new(source: S, options: impl Into<Arc<ServeOptions>>) -> Self {
        let options = options.into();
        let shutdown = options.shutdown.clone();
        let deadline = options.timers.write_deadline().map(Duration::from);
        let session = Session::new(Box::pin(source), Terms::new(options, Framing::Elsewhere));
        Self {
            slot: Arc::new(Slot::new(session)),
            ledger: Arc::default(),
            shutdown: shutdown.map(|token| Box::pin(token.cancelled_owned())),
            rest: Bytes::new(),
            deadline,
            is_watched: true,
            is_over: false,
            has_paused: false,
        }
    }

    /// Counts what is handed out as written. The write deadline has no effect then, and a client
    /// that does not read holds up the end of the connection.
    #[must_use]
    pub const fn unwatched(mut self) -> Self {
        self.is_watched = false;
        self.deadline = None;
        self
    }

    fn poll_data(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError<S::Error>>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let mut session = match self.slot.take() {
            Ok(session) => session,
            Err(reason) => {
                self.is_over = true;
                return Poll::Ready(Some(Err(BodyError::Ended(reason))));
            }
        };
        let data = loop {
            let data = self.poll_session(cx, &mut session);
            // What is written meanwhile wakes nobody who was not there yet.
            if data.is_ready() || !self.ledger.wait(cx.waker()) {
                break data;
            }
        };
        if let Poll::Ready(None | Some(Err(_))) = data {
            self.is_over = true;
        }
        let was_ready = data.is_ready() && !self.is_over;
        self.slot.put(session, was_ready, self.deadline);
        data
    }

    fn poll_session(
        &mut self,
        cx: &mut Context<'_>,
        session: &mut Session<Box<S>>,
    ) -> Poll<Option<Result<Bytes, BodyError<S::Error>>>> {
        session.wake();
        self.note(session);
        if session.is_open()
            && let Some(shutdown) = &mut self.shutdown
            && shutdown.as_mut().poll(cx).is_ready()
        {
            session.stop(Reason::Shutdown);
        }
        if self.ledger.held() >= HELD {
            return session
                .poll_stuck(cx)
                .map(|reason| Some(Err(BodyError::Ended(reason))));
        }
        if self.rest.is_empty() {
            let mut burst = Burst::take(session.options.buffer_limit.min(CHUNK), false);
            burst.reset(session.options.buffer_limit.min(CHUNK));
            burst.reserve();
            let next = session.poll_next(cx, &mut burst);
            let piece = (!burst.is_empty())
                .then(|| (Bytes::copy_from_slice(burst.bytes()), burst.counts()));
            burst.give_back();
            match (ready!(next), piece) {
                (Next::Burst, piece) => {
                    let (bytes, counts) = piece.unwrap_or_default();
                    return Poll::Ready(Some(Ok(self.hand_out(session, bytes, counts))));
                }
                (Next::Alone(frame), _) => self.rest = frame.into_bytes(),
                (Next::Nothing(_), _) if self.ledger.held() > 0 => {
                    let stuck = session.poll_stuck(cx);
                    return stuck.map(|reason| Some(Err(BodyError::Ended(reason))));
                }
                (Next::Nothing(Reason::SourceFailed), _) if !self.has_paused => {
                    self.has_paused = true;
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                (Next::Nothing(reason), _) => {
                    // The last of it may have been written since this turn began.
                    self.note(session);
                    session.over(reason);
                    let error = session.feed.take_error().map(BodyError::Source);
                    return Poll::Ready(error.map(Err));
                }
                (Next::Cut(reason), _) => {
                    let reason = session.over(reason);
                    return Poll::Ready(Some(Err(BodyError::Ended(reason))));
                }
            }
        }
        let bytes = self.rest.split_to(self.rest.len().min(CHUNK));
        let mut counts = Counts::default();
        if self.rest.is_empty() {
            counts.add(Kind::Event, 1);
            self.rest = Bytes::new();
        }
        Poll::Ready(Some(Ok(self.hand_out(session, bytes, counts))))
    }

    fn hand_out(&self, session: &mut Session<Box<S>>, bytes: Bytes, counts: Counts) -> Bytes {
        let len = bytes.len();
        let mut account = session.account;
        let data = if self.is_watched {
            account.cut |= counts.events > 0 || !self.rest.is_empty();
            self.ledger.hand_out(bytes, counts)
        } else {
            account.bytes += len as u64;
            account.done.add_all(counts);
            bytes
        };
        let held = self.ledger.held();
        account.high_water = account.high_water.max(held.max(len));
        session.note(account);
        session
            .clock
            .wrote(if self.is_watched { 0 } else { len }, held);
        data
    }

    /// Tells the session what was written since.
    fn note(&self, session: &mut Session<Box<S>>) {
        let progress = self.ledger.progress();
        if progress.bytes == 0 {
            return;
        }
        let held = self.ledger.held();
        let mut account = session.account;
        account.bytes += progress.bytes as u64;
        account.done.add_all(progress.counts);
        account.cut = self.ledger.holds_events() || !self.rest.is_empty();
        session.note(account);
        session.clock.wrote(progress.bytes, held);
    }
}

impl<S> Body for EventBody<S>
where
    S: Frames<Error: Send> + Send + 'static,
{
    type Data = Bytes;
    type Error = BodyError<S::Error>;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<BodyFrame<Bytes>, Self::Error>>> {
        let data = self.get_mut().poll_data(cx);
        data.map(|data| data.map(|data| data.map(BodyFrame::data)))
    }

    fn is_end_stream(&self) -> bool {
        self.is_over
    }
}

impl<S: Frames> Drop for EventBody<S> {
    fn drop(&mut self) {
        // What the server drops along with the body it has not written.
        if let Ok(mut session) = self.slot.take() {
            session.end(Reason::PeerClosed);
        }
    }
}

impl<S: Frames> fmt::Debug for EventBody<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventBody")
            .field("held", &self.ledger.held())
            .field("is_over", &self.is_over)
            .finish_non_exhaustive()
    }
}
