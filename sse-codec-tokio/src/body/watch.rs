//! Where the session of a body lies while the server does not poll it, and what ends it there.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tokio::{
    runtime::Handle,
    time::{Instant, sleep},
};

use crate::{connection::session::Session, frames::Frames, reason::Reason};

/// A session that is taken out while it is polled, so that nothing runs under the lock.
pub(super) struct Slot<S: Frames>(Mutex<State<S>>);

struct State<S: Frames> {
    session: Option<Box<Session<Box<S>>>>,
    /// The server was given something, and has not come back for more.
    was_ready: bool,
    polled: Instant,
    is_watched: bool,
    ended: Option<Reason>,
}

impl<S: Frames> Slot<S> {
    pub(super) fn new(session: Session<Box<S>>) -> Self {
        Self(Mutex::new(State {
            session: Some(Box::new(session)),
            was_ready: false,
            polled: Instant::now(),
            is_watched: false,
            ended: None,
        }))
    }

    /// # Errors
    /// Why it was ended meanwhile.
    pub(super) fn take(&self) -> Result<Box<Session<Box<S>>>, Reason> {
        let mut state = self.lock();
        let ended = state.ended.unwrap_or(Reason::Dropped);
        state.session.take().ok_or(ended)
    }

    fn lock(&self) -> MutexGuard<'_, State<S>> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S> Slot<S>
where
    S: Frames<Error: Send> + Send + 'static,
{
    /// Puts the session back after it was polled. If the server was given something, and does not
    /// come back for the write deadline, the session ends.
    pub(super) fn put(
        self: &Arc<Self>,
        session: Box<Session<Box<S>>>,
        was_ready: bool,
        deadline: Option<Duration>,
    ) {
        let polled = session.clock.instant();
        let mut state = self.lock();
        state.session = Some(session);
        state.was_ready = was_ready;
        state.polled = polled;
        let (Some(deadline), false, true) = (deadline, state.is_watched, was_ready) else {
            return;
        };
        state.is_watched = true;
        drop(state);
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(watch(Arc::downgrade(self), deadline));
        }
    }
}

/// HTTP/2 does not ask for more while the client's window is used up: nothing in the body runs then,
/// and nobody would notice that the client is gone.
async fn watch<S: Frames>(slot: Weak<Slot<S>>, deadline: Duration) {
    let mut wait = deadline;
    loop {
        sleep(wait).await;
        let Some(slot) = slot.upgrade() else { return };
        let mut state = slot.lock();
        if !state.was_ready {
            // It is asked, and has its own deadline.
            state.is_watched = false;
            return;
        }
        let left = deadline.saturating_sub(state.polled.elapsed());
        if !left.is_zero() {
            wait = left;
            continue;
        }
        let Some(mut session) = state.session.take() else {
            wait = deadline;
            continue;
        };
        state.ended = Some(Reason::WriteDeadline);
        drop(state);
        session.end(Reason::WriteDeadline);
        return;
    }
}
