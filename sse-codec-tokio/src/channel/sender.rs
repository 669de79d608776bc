use std::{error, fmt, pin::pin, sync::Arc, thread};

use tokio::sync::TryAcquireError;

use super::shared::{Shared, wake};
use crate::{
    encoded::EncodedFrame,
    reason::{Reason, SendError},
};

/// The sending half of a [`channel`](super::channel()). Clones send to the same connection.
///
/// When the last one is dropped, the stream is complete, and the connection ends when all of it was
/// sent. When one of them was dropped by a panic it is not complete: the source fails
/// ([`Reason::SourceFailed`]) once what was accepted before has been sent, so that no client takes
/// half a stream for a whole one.
#[derive(Debug)]
pub struct EventSender {
    shared: Arc<Shared>,
}

/// How a connection ended, as its sender sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Closed {
    /// Why.
    pub reason: Reason,
    /// Events up to and including this sequence number were handed to the transport whole, and
    /// flushed. That they arrived is not said.
    pub handed_over: u64,
    /// Whether the transport got something of the next ones, whole or in part: they may have
    /// arrived or not.
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

impl EventSender {
    pub(super) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

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
    /// A browser opens a stream that has finished again, whatever its last event said (WHATWG HTML
    /// §9.2.3): answer it with [`NO_CONTENT`](sse_codec::http::NO_CONTENT) then, before the work is
    /// begun anew.
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
        self.shared.stop(Reason::Finished);
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
        state.has_panicked |= thread::panicking();
        let receiver = match state.clones.checked_sub(1) {
            Some(clones) => {
                state.clones = clones;
                None
            }
            None => {
                state.stop(Reason::Finished);
                state.receiver.take()
            }
        };
        drop(state);
        wake(receiver);
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
