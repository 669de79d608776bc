use std::{
    pin::{Pin, pin},
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    task::yield_now,
    time::{Instant, Sleep, sleep_until},
};

/// How long a transport has had nothing to give while it was asked.
///
/// The time counts from the first time that the transport said so, and starts anew with every byte:
/// a consumer that is busy does not make the peer silent.
#[derive(Debug)]
pub(crate) struct Silence {
    longest: Duration,
    /// When the wait began.
    since: Option<Instant>,
    /// Left where it is while bytes come; looked at again when it fires.
    sleep: Option<Pin<Box<Sleep>>>,
    /// The time is over, and the transport has been asked again since.
    is_certain: bool,
}

impl Silence {
    pub(crate) const fn new(longest: Duration) -> Self {
        Self {
            longest,
            since: None,
            sleep: None,
            is_certain: false,
        }
    }

    /// Something has come, or the transport is another one.
    pub(crate) const fn end(&mut self) {
        self.since = None;
        self.is_certain = false;
    }

    /// To be polled when the transport had nothing. Ready when it has been silent for too long.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let since = *self.since.get_or_insert_with(Instant::now);
        let Some(due) = since.checked_add(self.longest) else {
            return Poll::Pending;
        };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(due)));
        loop {
            ready!(sleep.as_mut().poll(cx));
            if sleep.deadline() >= due {
                break;
            }
            sleep.as_mut().reset(due);
        }
        if self.is_certain {
            return Poll::Ready(());
        }
        // The transport has said that it has nothing. But when its task has been busy until now, that
        // may be what it knew before: tokio hears of sockets between two turns of a task, and some
        // transports begin to read only when they are asked. So it is asked once more, after tokio
        // has looked: that is what `yield_now` waits for.
        self.is_certain = true;
        let _ = pin!(yield_now()).poll(cx);
        Poll::Pending
    }
}
