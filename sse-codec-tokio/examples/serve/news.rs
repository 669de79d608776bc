//! What there is to tell, and what was told last.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde_json::json;
use sse_codec::{Event, lossy};
use sse_codec_tokio::EncodedFrame;
use tokio::{sync::broadcast, time::sleep};
use tokio_stream::{Stream, StreamExt, wrappers::BroadcastStream};
use tokio_util::sync::CancellationToken;

/// How many events can be sent again to a client that comes back.
const REPLAY: usize = 1024;

pub(crate) struct News {
    pub(crate) shutdown: CancellationToken,
    state: Mutex<State>,
    sender: broadcast::Sender<EncodedFrame>,
    connections: AtomicU64,
    clients: AtomicUsize,
}

struct State {
    /// The ID of the last event.
    last: u64,
    recent: VecDeque<(u64, EncodedFrame)>,
    /// Cancelled to cut the streams of today; those that come after get a new one.
    generation: CancellationToken,
}

impl News {
    pub(crate) fn new(shutdown: &CancellationToken) -> Self {
        Self {
            shutdown: shutdown.clone(),
            state: Mutex::new(State {
                last: 0,
                recent: VecDeque::new(),
                generation: shutdown.child_token(),
            }),
            sender: broadcast::channel(256).0,
            connections: AtomicU64::new(0),
            clients: AtomicUsize::new(0),
        }
    }

    /// Makes events, now more, now fewer of them, until shutdown.
    pub(crate) async fn make(self: Arc<Self>) {
        let mut n: u64 = 0;
        let mut told = 0;
        while !self.shutdown.is_cancelled() {
            n += 1;
            let phase = n as f64 / 40.0;
            let rate = 12.0 + 6.0 * phase.sin() + 3.0 * (phase * 3.7).sin();
            let sent = SystemTime::now().duration_since(UNIX_EPOCH);
            let sent = sent.unwrap_or_default().as_secs_f64() * 1e3;
            let data = json!({ "n": n, "sent": sent, "load": (rate * 10.0).round() / 10.0 });
            self.publish(b"tick", data.to_string().as_bytes());
            // Not at every coming and going: a crowd would drown the others in it.
            let clients = self.clients();
            if clients != told {
                told = clients;
                self.publish_clients(clients);
            }
            tokio::select! {
                () = sleep(Duration::from_secs_f64(1.0 / rate)) => {}
                () = self.shutdown.cancelled() => {}
            }
        }
    }

    /// What a visitor says, whatever bytes it is: it arrives as text of as many lines.
    pub(crate) fn say(&self, text: &[u8]) {
        self.publish(b"chat", lossy(text).to_string().as_bytes());
    }

    /// A connection's number, and its events: a welcome, what it has missed since `resume`, and
    /// what comes. One that falls too far behind ends, and comes back with the ID it has.
    pub(crate) fn subscribe(
        &self,
        resume: &[u8],
    ) -> (u64, impl Stream<Item = EncodedFrame> + Unpin + use<>) {
        let number = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let clients = self.clients.fetch_add(1, Ordering::Relaxed) + 1;

        let welcome = json!({
            "connection": number,
            "resumed_from": lossy(resume).to_string(),
            "clients": clients,
        });
        let welcome = welcome.to_string();
        // Under the lock, so that no event falls between what was and what comes.
        let state = self.lock();
        let future = BroadcastStream::new(self.sender.subscribe()).map_while(Result::ok);
        let after: Option<u64> = std::str::from_utf8(resume)
            .ok()
            .and_then(|id| id.parse().ok());
        let missed: Vec<_> = match after {
            Some(after) => {
                let missed = state.recent.iter().filter(|(id, _)| *id > after);
                missed.map(|(_, frame)| frame.clone()).collect()
            }
            None => Vec::new(),
        };
        drop(state);
        let first = EncodedFrame::event(Event::text(&welcome)).into_iter();
        let past = tokio_stream::iter(first.chain(missed));
        (number, past.chain(future))
    }

    pub(crate) fn unsubscribe(&self) {
        self.clients.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn clients(&self) -> usize {
        self.clients.load(Ordering::Relaxed)
    }

    /// Ends the streams that are open now.
    pub(crate) fn cut_streams(&self) {
        let next = self.shutdown.child_token();
        let old = std::mem::replace(&mut self.lock().generation, next);
        old.cancel();
    }

    /// What ends the streams that begin now.
    pub(crate) fn generation(&self) -> CancellationToken {
        self.lock().generation.clone()
    }

    fn publish(&self, event_type: &[u8], data: &[u8]) {
        let mut state = self.lock();
        state.last += 1;
        let id = state.last.to_string();
        let event = Event::new(data)
            .with_type(event_type)
            .with_id(id.as_bytes());
        let Ok(frame) = EncodedFrame::event(event) else {
            return;
        };
        if state.recent.len() == REPLAY {
            state.recent.pop_front();
        }
        let last = state.last;
        state.recent.push_back((last, frame.clone()));
        // An error says only that nobody is listening.
        let _ = self.sender.send(frame);
    }

    fn publish_clients(&self, clients: usize) {
        let clients = clients.to_string();
        if let Ok(frame) = EncodedFrame::event(Event::text(&clients).with_type(b"clients")) {
            let _ = self.sender.send(frame);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
