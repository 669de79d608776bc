mod sync;
#[path = "../../../../sse-codec-tokio/src/hub/wake.rs"]
mod wake;

use std::{
    future::poll_fn,
    task::{Context, Poll, Waker},
};

use loom::{future::block_on, thread};

use sync::{Arc, Mutex};
use wake::{Parking, Pump};

pub(crate) const SCENARIOS: [(&str, fn()); 8] = [
    ("publish-twice", publish_twice),
    ("two-publishers", two_publishers),
    ("cancelled", cancelled),
    ("no-pump", no_pump),
    ("pump-goes", pump_goes),
    ("handover", handover),
    ("two-topics", two_topics),
    ("closed", closed),
];

/// A topic reduced to its number of events.
struct Topic(Mutex<(u64, Parking)>);

#[derive(Clone)]
struct Hub {
    topics: [Arc<Topic>; 2],
    pump: Arc<Pump<Arc<Topic>>>,
}

impl wake::Topic for Arc<Topic> {
    fn take_wakers(&self, into: &mut Vec<Waker>) {
        self.0.lock().unwrap().1.take_all(into);
    }
}

impl Hub {
    fn new() -> Self {
        let topic = || Arc::new(Topic(Mutex::new((0, Parking::default()))));
        Self {
            topics: [topic(), topic()],
            pump: Arc::new(Pump::new()),
        }
    }

    fn publish(&self, topic: usize) {
        let topic = &self.topics[topic];
        let mut state = topic.0.lock().unwrap();
        state.0 += 1;
        let rings = state.1.note();
        drop(state);
        if rings {
            self.pump.ring(Arc::clone(topic));
        }
    }

    fn subscribe(&self, topic: usize) -> u32 {
        self.topics[topic].0.lock().unwrap().1.add()
    }

    fn cancel(&self, topic: usize, slot: u32) {
        let waker = self.topics[topic].0.lock().unwrap().1.remove(slot);
        drop(waker);
    }

    /// Waits for more than `had` events.
    fn poll(&self, topic: usize, slot: u32, had: u64, cx: &mut Context<'_>) -> Poll<u64> {
        let mut waker = None;
        loop {
            let mut state = self.topics[topic].0.lock().unwrap();
            if state.0 > had {
                return Poll::Ready(state.0);
            }
            if state.1.is_parked(slot, cx.waker()) {
                return Poll::Pending;
            }
            if let Some(waker) = waker.take() {
                let old = state.1.park(slot, waker);
                drop(state);
                drop(old);
                return Poll::Pending;
            }
            drop(state);
            waker = Some(cx.waker().clone());
        }
    }

    fn read_until(&self, topic: usize, slot: u32, wanted: u64) {
        let mut had = 0;
        while had < wanted {
            had = block_on(poll_fn(|cx| self.poll(topic, slot, had, cx)));
        }
    }

    /// Waits once, without being patient.
    fn glance(&self, slot: u32) {
        let _ = self.poll(0, slot, u64::MAX, &mut Context::from_waker(Waker::noop()));
    }

    /// Ends one task's waiting, as closing its connection does.
    fn close(&self, slot: u32) {
        let mut state = self.topics[0].0.lock().unwrap();
        state.0 += 1;
        let waker = state.1.take_one(slot);
        drop(state);
        wake::wake(waker);
    }

    /// The pump on a thread of its own, until it is over.
    fn pump(&self) -> thread::JoinHandle<()> {
        assert!(self.pump.start());
        let hub = self.clone();
        thread::spawn(move || hub.run_pump())
    }

    fn run_pump(&self) {
        let mut wakers = Vec::new();
        block_on(poll_fn(|cx| self.pump.poll_around(cx, &mut wakers)));
        self.pump.stop();
    }
}

fn publish_twice() {
    let hub = Hub::new();
    let slot = hub.subscribe(0);
    let pump = hub.pump();
    let publisher = hub.clone();
    let publisher = thread::spawn(move || {
        publisher.publish(0);
        publisher.publish(0);
    });
    hub.read_until(0, slot, 2);
    publisher.join().unwrap();
    hub.pump.finish();
    pump.join().unwrap();
}

fn two_publishers() {
    let hub = Hub::new();
    let slot = hub.subscribe(0);
    let pump = hub.pump();
    let other = hub.clone();
    let other = thread::spawn(move || other.publish(0));
    hub.publish(0);
    hub.read_until(0, slot, 2);
    other.join().unwrap();
    hub.pump.finish();
    pump.join().unwrap();
}

/// One task waits and is cancelled; another takes its slot and waits.
fn cancelled() {
    let hub = Hub::new();
    let keeper = hub.subscribe(0);
    let slot = hub.subscribe(0);
    hub.glance(slot);
    let pump = hub.pump();
    let publisher = hub.clone();
    let publisher = thread::spawn(move || publisher.publish(0));
    hub.cancel(0, slot);
    let again = hub.subscribe(0);
    assert_eq!(slot, again);
    // An idle topic's list does not grow: checked where a task is parked.
    hub.glance(again);
    hub.read_until(0, again, 1);
    hub.cancel(0, again);
    hub.cancel(0, keeper);
    publisher.join().unwrap();
    hub.pump.finish();
    pump.join().unwrap();
}

/// A hub needs no runtime.
fn no_pump() {
    let hub = Hub::new();
    let slot = hub.subscribe(0);
    let publisher = hub.clone();
    let publisher = thread::spawn(move || {
        publisher.publish(0);
        publisher.publish(0);
    });
    hub.read_until(0, slot, 2);
    publisher.join().unwrap();
}

/// The pump's runtime goes at any moment between two polls.
fn pump_goes() {
    let hub = Hub::new();
    let slot = hub.subscribe(0);
    assert!(hub.pump.start());
    let publisher = hub.clone();
    let publisher = thread::spawn(move || {
        publisher.publish(0);
        publisher.publish(0);
    });
    let pump = Arc::clone(&hub.pump);
    let pump = thread::spawn(move || {
        let cx = &mut Context::from_waker(Waker::noop());
        assert!(pump.poll_around(cx, &mut Vec::new()).is_pending());
        pump.stop();
    });
    hub.read_until(0, slot, 2);
    publisher.join().unwrap();
    pump.join().unwrap();
}

/// The pump's runtime goes, and another one takes over.
fn handover() {
    let hub = Hub::new();
    let slot = hub.subscribe(0);
    assert!(hub.pump.start());
    let publisher = hub.clone();
    let publisher = thread::spawn(move || publisher.publish(0));
    let successor = hub.clone();
    let successor = thread::spawn(move || {
        successor.pump.stop();
        assert!(successor.pump.is_wanted());
        // Not if all is over by now.
        if successor.pump.start() {
            successor.run_pump();
        }
    });
    hub.read_until(0, slot, 1);
    publisher.join().unwrap();
    hub.pump.finish();
    successor.join().unwrap();
}

/// One pump for both.
fn two_topics() {
    let hub = Hub::new();
    let slots = [hub.subscribe(0), hub.subscribe(1)];
    let pump = hub.pump();
    let publisher = hub.clone();
    let publisher = thread::spawn(move || {
        publisher.publish(0);
        publisher.publish(1);
    });
    hub.read_until(0, slots[0], 1);
    hub.read_until(1, slots[1], 1);
    publisher.join().unwrap();
    hub.pump.finish();
    pump.join().unwrap();
}

/// A connection is closed while an event is published; the other one goes on.
fn closed() {
    let hub = Hub::new();
    let slots = [hub.subscribe(0), hub.subscribe(0)];
    let closer = hub.clone();
    let closer = thread::spawn(move || closer.close(slots[0]));
    let publisher = hub.clone();
    let publisher = thread::spawn(move || {
        publisher.glance(slots[1]);
        publisher.publish(0);
    });
    hub.read_until(0, slots[0], 2);
    closer.join().unwrap();
    publisher.join().unwrap();
}
