use sse_codec::{
    Event,
    replay::{Cursor, Id, IdText, Outcome, Resume, Ring, Window},
};

crate::entries! {
    fn entry_id(id: Id, other: Id, text: &[u8]) {
        Id::parse(text);
        id.text();
        id < other;
    }

    fn entry_id_text(text: &IdText) {
        text.as_bytes();
        text.iter().next();
    }

    fn entry_window(window: &mut Window, id: Id, epoch: u64, count: u64, text: &[u8]) {
        Window::new(epoch);
        Window::after(id);
        window.push();
        window.evict(count);
        window.epoch();
        window.first();
        window.next();
        window.len();
        window.is_empty();
        window.head();
        window.floor();
        window.resume(text);
        window.resume_behind(text);
    }

    fn entry_outcome(outcome: Outcome, resume: Resume, other: &Resume) {
        outcome == other.outcome;
        resume == *other;
    }

    fn entry_ring(
        ring: &mut Ring<64>,
        event: Event<'_>,
        epoch: u64,
        text: &[u8],
        cursor: &mut Cursor,
        count: usize,
    ) {
        Ring::<64>::new();
        Ring::<64>::default();
        ring.start(epoch);
        ring.append(event);
        ring.window();
        ring.resume(text);
        ring.oldest();
        ring.newest();
        ring.read(*cursor);
        ring.clone();
        cursor.advance(count);
    }
}
