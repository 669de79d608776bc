use std::{pin::pin, sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{metrics::HubMetrics, registry::Verdict, set::Shared, topic::Topic};
use crate::chance::random;

/// How long what was cut has to be gone: its task has to run once.
const AFTER_CUT: Duration = Duration::from_secs(1);

impl Shared {
    pub(super) fn metrics(&self) -> HubMetrics {
        self.counters
            .snapshot(self.guests(), self.topic_count(), self.budget.used())
    }

    /// Ends all connections by the deadline; how many had to be cut.
    pub(super) async fn drain(&self, deadline: Duration, come_back: (Duration, Duration)) -> usize {
        let (shortest, longest) = come_back;
        let spread = longest.saturating_sub(shortest);
        let deadline = Instant::now() + deadline;
        self.refuse_all();
        for topic in self.all() {
            topic.judge(|_| {
                let after = shortest + spread.mul_f64(f64::from(random()) / f64::from(u32::MAX));
                Some(Verdict::Drain(after))
            });
        }
        if timeout_at(deadline, self.all_left()).await.is_ok() {
            return 0;
        }
        let mut cut = 0;
        for topic in self.all() {
            cut += topic.judge(|_| Some(Verdict::Cut));
        }
        let _ = timeout_at(deadline + AFTER_CUT, self.all_left()).await;
        cut
    }

    async fn all_left(&self) {
        loop {
            let mut left = pin!(self.left.notified());
            left.as_mut().enable();
            if self.guests() == 0 {
                return;
            }
            left.await;
        }
    }
}

impl Topic {
    /// Ends those with these numbers.
    pub(super) fn close(self: &Arc<Self>, mut closes: impl FnMut(u64) -> bool) -> usize {
        self.judge(|number| closes(number).then_some(Verdict::Close))
    }

    fn judge(self: &Arc<Self>, mut verdict: impl FnMut(u64) -> Option<Verdict>) -> usize {
        let (count, wakers) = self.lock().judge(|one| verdict(one.number));
        for waker in wakers {
            waker.wake();
        }
        count
    }

    /// Whether nobody is connected, and nothing is kept that is not elsewhere.
    pub(super) fn is_unused(&self) -> bool {
        let now = self.set.tick();
        let mut state = self.lock();
        state.ring.evict_old(now);
        let is_elsewhere = self.backlog.is_some();
        state.parking.is_vacant() && (is_elsewhere || state.ring.window().is_empty())
    }
}
