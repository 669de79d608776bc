use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::{
    connection::{
        clock::Due,
        input::Input,
        session::{Account, Next, Session},
        wire::Wire,
    },
    frames::{Burst, Frames},
    head::Terms,
    reason::{Reason, Summary},
};

/// Sends the events of `source` over a connection whose request has been read, until one of them
/// ends, and says how it went.
///
/// - The head and a first frame are sent at once, before there is an event.
/// - Events that are ready together are written together.
/// - The reading half is watched, so a peer that closes is noticed while there is nothing to send.
/// - A peer that does not read holds up its own source and nothing else: no more than
///   [`buffer_limit`](crate::ServeOptions::buffer_limit) bytes wait here, and the write deadline ends it.
/// - At [shutdown](crate::ServeOptions::shutdown) and at the end of its lifetime the connection is ended
///   in good order within a bounded time. The future goes on until the client has closed too, or
///   that time is over; the source hears of the end before.
/// - A source that fails ends the connection at once ([`Reason::SourceFailed`]): what it gave
///   before was sent, and there is neither a farewell nor a shutdown of the transport, so that TLS
///   has no `close_notify`.
///
/// # Transports with a buffer of their own
/// A transport that takes more than its peer, as TLS does, has progress only when a flush is done.
/// Between two flushes at most 64 KiB are written, and at most 16 KiB to a transport whose flush
/// has had to wait. A client that takes 16 KiB in each write deadline is therefore slow and not
/// gone.
///
/// # Panics
/// Outside a tokio runtime with its timer enabled.
///
/// # Cancel safety
/// Dropping the future closes the connection where it stands; the peer makes nothing of half an
/// event. An [`EventSender`](crate::EventSender) is told so ([`Reason::Dropped`]).
pub async fn serve<IO, S>(io: IO, source: S, terms: impl Into<Terms>) -> Summary
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Frames,
{
    let terms = terms.into();
    let options = Arc::clone(&terms.options);
    let source = pin!(source);
    let mut shutdown = pin!(options.shutdown.as_ref().map(|token| token.cancelled()));
    let mut connection = Connection {
        session: Session::new(source, terms),
        wire: Wire::new(io, options.buffer_limit),
        input: Input::new(&options),
        phase: Phase::Open,
    };
    poll_fn(|cx| connection.poll(cx, shutdown.as_mut().as_pin_mut())).await
}

/// How many times around before other tasks get a turn.
const ROUNDS: usize = 32;

struct Connection<'s, IO, S: Frames> {
    session: Session<&'s mut S>,
    wire: Wire<IO>,
    input: Input,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Open,
    /// All that there was has been sent.
    Closing,
    /// Our end is closed.
    Lingering(Summary),
}

impl<IO, S> Connection<'_, IO, S>
where
    IO: AsyncRead + AsyncWrite + Unpin,
    S: Frames,
{
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        shutdown: Option<Pin<&mut impl Future>>,
    ) -> Poll<Summary> {
        self.session.wake();
        if self.phase == Phase::Open {
            if self.session.is_open() {
                if let Some(shutdown) = shutdown
                    && shutdown.poll(cx).is_ready()
                {
                    self.session.stop(Reason::Shutdown);
                } else if let Poll::Ready(reason) = self.input.poll(&mut self.wire.io, cx) {
                    return Poll::Ready(self.end(reason));
                }
            }
            match ready!(self.poll_send(cx)) {
                Ok(Reason::SourceFailed) => return Poll::Ready(self.end(Reason::SourceFailed)),
                Ok(_) => self.phase = Phase::Closing,
                Err(reason) => return Poll::Ready(self.end(reason)),
            }
        }
        if self.phase == Phase::Closing {
            let Self { session, wire, .. } = self;
            let closed = ready!(wire.poll_shutdown(cx, &mut session.clock));
            let summary = self.end(Reason::Finished);
            if closed.is_err() {
                return Poll::Ready(summary);
            }
            self.phase = Phase::Lingering(summary);
        }
        match self.phase {
            Phase::Lingering(summary) => self.poll_linger(cx).map(|()| summary),
            Phase::Open | Phase::Closing => Poll::Pending,
        }
    }

    /// Sends what there is. Ready when all of it was sent.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<Reason, Reason>> {
        let limit = self.session.options.buffer_limit;
        let mut burst = Burst::take(limit, self.session.is_chunked());
        let sent = self.poll_send_by(cx, &mut burst, limit);
        burst.give_back();
        self.note();
        sent
    }

    fn poll_send_by(
        &mut self,
        cx: &mut Context<'_>,
        burst: &mut Burst,
        limit: usize,
    ) -> Poll<Result<Reason, Reason>> {
        for _ in 0..ROUNDS {
            let sent = self.wire.poll_flush(cx, &mut self.session.clock)?;
            self.note();
            if self.session.clock.lifetime_is_over && self.session.is_open() {
                self.session.stop(Reason::Lifetime);
                if sent.is_pending() {
                    // Another time is waited for now.
                    continue;
                }
            }
            // Nothing is taken from a source before the transport wants it.
            ready!(sent);
            let can_take_back = self.session.feed.can_take_back();
            if can_take_back {
                burst.reset(self.wire.left());
                burst.reserve();
            } else {
                burst.reset(self.wire.left().min(limit));
            }
            match ready!(self.session.poll_next(cx, burst)) {
                Next::Burst => {
                    let behind = self.wire.send(cx, burst, can_take_back)?;
                    self.session.feed.take_back(behind);
                }
                Next::Alone(frame) => {
                    let is_chunked = self.session.is_chunked();
                    self.wire.send_alone(frame.into_bytes(), is_chunked);
                }
                Next::Nothing(reason) => return Poll::Ready(Ok(reason)),
                Next::Cut(reason) => return Poll::Ready(Err(reason)),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    /// After our end was closed: reads on until the client closes too. A socket that is dropped with
    /// something unread in it is reset, and what the client has not read yet is lost with it (RFC
    /// 9112 §9.6).
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.input.allow_half_close = false;
        if !self.input.is_open || self.input.poll(&mut self.wire.io, cx).is_ready() {
            return Poll::Ready(());
        }
        loop {
            if ready!(self.session.clock.poll(cx)) == Due::Drain {
                return Poll::Ready(());
            }
        }
    }

    fn note(&mut self) {
        let output = &self.wire.output;
        self.session.note(Account {
            done: output.done(),
            bytes: output.bytes(),
            cut: output.is_mid_event(),
            high_water: output.high_water(),
        });
    }

    fn end(&mut self, reason: Reason) -> Summary {
        self.note();
        self.session.end(reason)
    }
}
