use std::{
    collections::VecDeque,
    convert::Infallible,
    error, fmt,
    pin::{Pin, pin},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use tokio::sync::{Notify, Semaphore};

use crate::{
    encoded::EncodedFrame,
    frames::{Frames, Room},
    reason::{Reason, SendError, Summary},
};

/// A bounded queue of events for one connection, which need not exist yet.
///
/// The sender works from the start: what it sends waits for the connection. Room for `capacity`
/// events is all there is; an event takes its place until the transport has all of it, so that the
/// events on their way count too.
///
/// ```
/// use sse_codec::{Event, Frame};
/// use sse_codec_tokio::{ServeOptions, channel, serve};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (sender, receiver) = channel(16);
/// assert_eq!(sender.send(Frame::event(Event::text("early"))?).await?, 1);
///
/// // Later, a connection comes.
/// # let (io, mut peer) = tokio::io::duplex(4096);
/// let connection = tokio::spawn(serve(io, receiver, ServeOptions::new()));
/// drop(sender);
/// # tokio::io::AsyncReadExt::read_to_end(&mut peer, &mut Vec::new()).await?;
/// # drop(peer);
/// assert_eq!(connection.await?.events, 1);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn channel(capacity: usize) -> (EventSender, EventReceiver) {
    let shared = Arc::new(Shared {
        room: Semaphore::new(capacity.clamp(1, Semaphore::MAX_PERMITS)),
        closing: Notify::new(),
        state: Mutex::new(State::default()),
    });
    let sender = EventSender {
        shared: Arc::clone(&shared),
    };
    (sender, EventReceiver { shared })
}

/// The sending half of a [`channel`]. Clones send to the same connection.
#[derive(Debug)]
pub struct EventSender {
    shared: Arc<Shared>,
}

/// The half of a [`channel`] that is a connection's source of [`Frames`].
///
/// Dropped unserved, it closes the channel ([`Reason::Dropped`]).
#[derive(Debug)]
pub struct EventReceiver {
    shared: Arc<Shared>,
}

/// How a connection ended, as its sender sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// Why.
    pub reason: Reason,
    /// Events up to and including this sequence number were handed to the transport whole. That
    /// they arrived is not said.
    pub handed_over: u64,
    /// Whether the transport got the beginning of the next one. The peer makes nothing of it.
    pub cut: bool,
}

/// An event was not taken by [`EventSender::try_send`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TrySendError {
    /// There is no room now. Here is the event.
    Full(EncodedFrame),
    /// The connection has ended.
    Ended(Reason),
}

#[derive(Debug)]
struct Shared {
    /// A permit for every event that can still be taken.
    room: Semaphore,
    closing: Notify,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was accepted and not yet handed to the transport whole, in order.
    queue: VecDeque<EncodedFrame>,
    /// How many of them, from the front, the connection has taken.
    taken: usize,
    handed_over: u64,
    cut: bool,
    /// How many senders there are beside the first.
    clones: usize,
    /// Nothing more is accepted: the senders are gone, or the connection is about to end.
    stopped: Option<Reason>,
    /// The connection is no more.
    closed: Option<Reason>,
    receiver: Option<Waker>,
}

impl EventSender {
    /// Sends an event, waiting for room. Returns its sequence number; the first is 1.
    ///
    /// # Cancel safety
    /// A dropped future has sent nothing.
    ///
    /// # Errors
    /// [`SendError::Ended`] with the reason when the connection has ended.
    pub async fn send(&self, frame: impl Into<EncodedFrame>) -> Result<u64, SendError> {
        let frame = frame.into();
        match self.shared.room.acquire().await {
            Ok(permit) => {
                permit.forget();
                Ok(self.accept(frame)?)
            }
            Err(_) => Err(SendError::Ended(self.reason())),
        }
    }

    /// Sends an event if there is room. Returns its sequence number.
    ///
    /// # Errors
    /// [`TrySendError::Full`] gives the event back when there is no room,
    /// [`TrySendError::Ended`] says why the connection has ended.
    pub fn try_send(&self, frame: impl Into<EncodedFrame>) -> Result<u64, TrySendError> {
        use tokio::sync::TryAcquireError;

        let frame = frame.into();
        match self.shared.room.try_acquire() {
            Ok(permit) => {
                permit.forget();
                self.accept(frame).map_err(TrySendError::Ended)
            }
            Err(TryAcquireError::NoPermits) => Err(TrySendError::Full(frame)),
            Err(TryAcquireError::Closed) => Err(TrySendError::Ended(self.reason())),
        }
    }

    /// Waits until the connection has ended, be the sender silent or not.
    ///
    /// # Cancel safety
    /// Nothing is lost; call again.
    pub async fn closed(&self) -> Closed {
        loop {
            let mut closing = pin!(self.shared.closing.notified());
            closing.as_mut().enable();
            if let Some(closed) = self.closed_now() {
                return closed;
            }
            closing.await;
        }
    }

    /// How the connection ended, if it has.
    #[must_use]
    pub fn closed_now(&self) -> Option<Closed> {
        let state = self.shared.lock();
        state.closed.map(|reason| Closed {
            reason,
            handed_over: state.handed_over,
            cut: state.cut,
        })
    }

    /// Whether the connection has ended.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().closed.is_some()
    }

    /// Ends the channel, waits until the connection has sent what was accepted before, and says how
    /// it went. Other senders of the channel are ended too.
    ///
    /// [`Reason::Finished`] says that all of it was handed to the transport; with any other reason
    /// [`take_unsent`](Self::take_unsent) of a clone has what was not.
    ///
    /// ```
    /// use sse_codec::Frame;
    /// use sse_codec_tokio::{Reason, ServeOptions, channel, serve};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let (sender, receiver) = channel(16);
    /// # let (io, mut peer) = tokio::io::duplex(4096);
    /// tokio::spawn(serve(io, receiver, ServeOptions::new()));
    /// # let reading = async { tokio::io::AsyncReadExt::read_to_end(&mut peer, &mut Vec::new()).await };
    /// # let sending = async {
    /// sender.send(Frame::message(b"last words")).await?;
    /// let closed = sender.finish().await;
    /// assert_eq!((closed.reason, closed.handed_over), (Reason::Finished, 1));
    /// # Ok::<(), sse_codec_tokio::SendError>(())
    /// # };
    /// # tokio::try_join!(async { sending.await.map_err(Box::<dyn std::error::Error>::from) }, async { Ok(reading.await?) })?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    /// The channel is ended by the first poll, whether the future is dropped then or not.
    pub async fn finish(self) -> Closed {
        let mut state = self.shared.lock();
        state.stopped.get_or_insert(Reason::Finished);
        let receiver = state.receiver.take();
        drop(state);
        wake(receiver);
        // Who waits for room has nothing to wait for.
        self.shared.room.close();
        self.closed().await
    }

    /// Takes back what was accepted and not handed to the transport whole, in order, with the
    /// sequence numbers. Nothing before the connection has ended, and nothing the second time.
    #[must_use = "events taken back and dropped are lost"]
    pub fn take_unsent(&self) -> Vec<(u64, EncodedFrame)> {
        let mut state = self.shared.lock();
        if state.closed.is_none() {
            return Vec::new();
        }
        let first = state.handed_over + 1;
        (first..).zip(std::mem::take(&mut state.queue)).collect()
    }

    fn accept(&self, frame: EncodedFrame) -> Result<u64, Reason> {
        let mut state = self.shared.lock();
        if let Some(reason) = state.closed.or(state.stopped) {
            return Err(reason);
        }
        state.queue.push_back(frame);
        let sequence = state.handed_over + state.queue.len() as u64;
        let receiver = state.receiver.take();
        drop(state);
        wake(receiver);
        Ok(sequence)
    }

    fn reason(&self) -> Reason {
        let state = self.shared.lock();
        state.closed.or(state.stopped).unwrap_or(Reason::Dropped)
    }
}

impl Clone for EventSender {
    fn clone(&self) -> Self {
        self.shared.lock().clones += 1;
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl Drop for EventSender {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        let receiver = match state.clones.checked_sub(1) {
            Some(clones) => {
                state.clones = clones;
                None
            }
            None => {
                state.stopped.get_or_insert(Reason::Finished);
                state.receiver.take()
            }
        };
        drop(state);
        wake(receiver);
    }
}

impl Frames for EventReceiver {
    type Error = Infallible;

    fn poll_frames(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), Infallible>>> {
        // Cloned before, and the old one dropped after, the lock: both may be foreign code.
        let mut waker = None;
        let replaced;
        loop {
            let mut state = self.shared.lock();
            let before = state.taken;
            while let Some(frame) = state.queue.get(state.taken)
                && room.offer(frame)
            {
                state.taken += 1;
            }
            if state.taken > before || state.taken < state.queue.len() {
                return Poll::Ready(Some(Ok(())));
            }
            if state.stopped.is_some() {
                return Poll::Ready(None);
            }
            let receiver = state.receiver.as_ref();
            if receiver.is_some_and(|old| old.will_wake(cx.waker())) {
                return Poll::Pending;
            }
            match waker.take() {
                Some(waker) => {
                    replaced = state.receiver.replace(waker);
                    break;
                }
                None => {
                    drop(state);
                    waker = Some(cx.waker().clone());
                }
            }
        }
        drop(replaced);
        Poll::Pending
    }

    fn can_take_back(&self) -> bool {
        true
    }

    fn take_back(self: Pin<&mut Self>, frames: usize) {
        let mut state = self.shared.lock();
        state.taken = state.taken.saturating_sub(frames);
    }

    fn handed_over(self: Pin<&mut Self>, events: u64) {
        self.shared.note_handed_over(events);
    }

    fn stop(self: Pin<&mut Self>) -> bool {
        self.shared.lock().stopped.get_or_insert(Reason::Shutdown);
        // Who waits for room has nothing to wait for.
        self.shared.room.close();
        true
    }

    fn ended(self: Pin<&mut Self>, summary: &Summary, _: Option<Infallible>) {
        self.shared.note_handed_over(summary.events);
        self.shared.close(summary.reason, summary.cut);
    }
}

impl Drop for EventReceiver {
    fn drop(&mut self) {
        self.shared.close(Reason::Dropped, false);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_handed_over(&self, events: u64) {
        let mut state = self.lock();
        let new = events.saturating_sub(state.handed_over);
        let count = usize::try_from(new).map_or(state.taken, |new| new.min(state.taken));
        state.queue.drain(..count);
        if state.queue.is_empty() {
            // After a burst; an idle connection holds next to no memory.
            state.queue.shrink_to(4);
        }
        state.taken -= count;
        state.handed_over += count as u64;
        drop(state);
        self.room.add_permits(count);
    }

    fn close(&self, reason: Reason, cut: bool) {
        let mut state = self.lock();
        if state.closed.is_none() {
            state.closed = Some(reason);
            state.cut = cut;
            let receiver = state.receiver.take();
            drop(state);
            // A waker may own what locks the state when it is dropped.
            drop(receiver);
            self.room.close();
            self.closing.notify_waiters();
        }
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl fmt::Display for TrySendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(_) => f.write_str("there is no room for the event now"),
            Self::Ended(reason) => write!(f, "the event stream has ended: {reason}"),
        }
    }
}

impl error::Error for TrySendError {}
