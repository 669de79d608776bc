use sse_codec::{Chunk, Parser, Ready, Storage};

/// The methods that are the same for every storage.
pub(crate) fn call<S: Storage>(
    which: usize,
    parser: &mut Parser<S>,
    chunk: &mut Chunk<'static>,
    ready: Ready<'static>,
    id: &[u8],
) {
    crate::pick! { which, 0;
        parser.step(chunk);
        parser.next_event(chunk);
        parser.next_ready(chunk);
        parser.event(ready);
        parser.last_event_id();
        parser.set_last_event_id(id);
        parser.retry();
        parser.is_inside_block();
        parser.reset();
    }
}
