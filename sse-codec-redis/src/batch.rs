use std::{
    future::Future,
    mem,
    sync::{Arc, Mutex},
};

use tokio::sync::oneshot;

use crate::lock::lock;

/// One question that many ask. Who asks while an answer is under way gets the next one: an answer is
/// never older than the question.
#[derive(Debug)]
pub(crate) struct Batch<T>(Mutex<State<T>>);

#[derive(Debug)]
struct State<T> {
    waiting: Vec<oneshot::Sender<T>>,
    is_asking: bool,
}

impl<T> Default for Batch<T> {
    fn default() -> Self {
        Self(Mutex::new(State {
            waiting: Vec::new(),
            is_asking: false,
        }))
    }
}

impl<T: Clone + Send + 'static> Batch<T> {
    /// The answer; `None` when the runtime goes before there is one.
    ///
    /// # Cancel safety
    /// The question is asked all the same if others wait for its answer.
    pub(crate) async fn ask<Q, F>(self: &Arc<Self>, question: Q) -> Option<T>
    where
        Q: Fn() -> F + Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let (answer, mine) = oneshot::channel();
        let begins = {
            let mut state = lock(&self.0);
            state.waiting.push(answer);
            !mem::replace(&mut state.is_asking, true)
        };
        if begins {
            let asking = Asking {
                batch: Arc::clone(self),
                is_over: false,
            };
            tokio::spawn(answer_all(asking, question));
        }
        mine.await.ok()
    }

    /// Whether nobody waits.
    pub(crate) fn is_idle(&self) -> bool {
        !lock(&self.0).is_asking
    }
}

/// Whoever answers. When that goes with its runtime, nobody waits for it any more.
struct Asking<T> {
    batch: Arc<Batch<T>>,
    /// Another may have begun since.
    is_over: bool,
}

impl<T> Drop for Asking<T> {
    fn drop(&mut self) {
        if self.is_over {
            return;
        }
        let mut state = lock(&self.batch.0);
        state.is_asking = false;
        let waiting = mem::take(&mut state.waiting);
        drop(state);
        // Outside of the lock: it wakes them.
        drop(waiting);
    }
}

async fn answer_all<T, Q, F>(mut asking: Asking<T>, question: Q)
where
    T: Clone + Send,
    Q: Fn() -> F + Send,
    F: Future<Output = T> + Send + 'static,
{
    loop {
        let waiting = {
            let mut state = lock(&asking.batch.0);
            state.waiting.retain(|one| !one.is_closed());
            state.is_asking = !state.waiting.is_empty();
            mem::take(&mut state.waiting)
        };
        if waiting.is_empty() {
            asking.is_over = true;
            return;
        }
        let answer = question().await;
        for one in waiting {
            // An error says that it waits no more.
            let _ = one.send(answer.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test]
    async fn who_asks_meanwhile_gets_the_next_answer() {
        let batch = Arc::new(Batch::default());
        let asked = Arc::new(AtomicUsize::new(0));
        let may_answer = Arc::new(Semaphore::new(0));
        let ask = || {
            let (batch, asked) = (Arc::clone(&batch), Arc::clone(&asked));
            let may_answer = Arc::clone(&may_answer);
            tokio::spawn(async move {
                let question = move || {
                    let number = asked.fetch_add(1, Ordering::SeqCst);
                    let may_answer = Arc::clone(&may_answer);
                    async move {
                        may_answer.acquire().await.unwrap().forget();
                        number
                    }
                };
                batch.ask(question).await
            })
        };
        let first = ask();
        while asked.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
        let meanwhile: Vec<_> = (0..100).map(|_| ask()).collect();
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
        may_answer.add_permits(2);
        assert_eq!(first.await.unwrap(), Some(0));
        for one in meanwhile {
            assert_eq!(one.await.unwrap(), Some(1));
        }
        while !batch.is_idle() {
            tokio::task::yield_now().await;
        }
        may_answer.add_permits(1);
        assert_eq!(ask().await.unwrap(), Some(2));
    }
}
