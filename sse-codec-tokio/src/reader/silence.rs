use std::{
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker, ready},
    time::Duration,
};

use tokio::{
    task::yield_now,
    time::{Instant, Sleep, sleep_until},
};

/// How long a transport, or a connector, has had nothing to give while it was asked.
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
    /// The time is over, and the transport is to be asked once more.
    look: Option<Arc<Look>>,
}

/// An answer is not old before this, however short the timeout is.
const FRESH: Duration = Duration::from_millis(20);

/// One look of tokio at its sockets.
#[derive(Debug)]
struct Look {
    begin: Instant,
    is_over: AtomicBool,
    waker: Waker,
}

impl Wake for Look {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_over.store(true, Ordering::Release);
        self.waker.wake_by_ref();
    }
}

impl Silence {
    pub(crate) const fn new(longest: Duration) -> Self {
        Self {
            longest,
            since: None,
            sleep: None,
            look: None,
        }
    }

    /// Something has come, or the transport is another one.
    pub(crate) fn end(&mut self) {
        self.since = None;
        self.look = None;
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
        // The transport has said that it has nothing. But that may be old news: some begin to read
        // only when they are asked, and of a socket tokio hears between two turns of a task. Nobody
        // may have asked for long. So it is asked once more, after tokio has looked, which is what
        // `yield_now` waits for; and again if nobody came back for the answer. A task that is polled
        // for another reason meanwhile has learnt nothing new.
        let now = Instant::now();
        if let Some(look) = &self.look
            && now.duration_since(look.begin) < self.longest.max(FRESH)
        {
            if look.is_over.load(Ordering::Acquire) {
                return Poll::Ready(());
            }
            if look.waker.will_wake(cx.waker()) {
                return Poll::Pending;
            }
        }
        let look = Arc::new(Look {
            begin: now,
            is_over: AtomicBool::new(false),
            waker: cx.waker().clone(),
        });
        self.look = Some(Arc::clone(&look));
        let _ = pin!(yield_now()).poll(&mut Context::from_waker(&look.into()));
        Poll::Pending
    }
}
