//! What the peers' images have in common beside `sizes`: they all need a heap.
#![no_std]

use core::{
    alloc::{GlobalAlloc, Layout},
    cell::UnsafeCell,
    hint::black_box,
    pin::Pin,
    ptr,
    slice::Chunks,
    task::{Context, Poll, Waker},
};

use futures_core::Stream;

/// Far more than the stream of `sizes` can make anyone take, all in all.
const ROOM: usize = 8192;

/// Gives out memory and never the same twice: the smallest heap there is, so that the code of a
/// real one is not laid at a peer's door.
struct Heap(UnsafeCell<State>);

struct State {
    memory: [u64; ROOM / 8],
    given: usize,
    in_use: usize,
    most_in_use: usize,
}

#[global_allocator]
static HEAP: Heap = Heap(UnsafeCell::new(State {
    memory: [0; ROOM / 8],
    given: 0,
    in_use: 0,
    most_in_use: 0,
}));

// SAFETY: there is one thread, and no interrupt that would use it.
unsafe impl Sync for Heap {}

// SAFETY: no two blocks overlap, and all are aligned to eight bytes.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: there is one thread.
        let state = unsafe { &mut *self.0.get() };
        let block = state
            .memory
            .as_mut_ptr()
            .cast::<u8>()
            .wrapping_add(state.given);
        state.given = state.given.wrapping_add(layout.size()).next_multiple_of(8);
        if state.given > ROOM || layout.align() > 8 {
            return ptr::null_mut();
        }
        state.in_use += layout.size();
        state.most_in_use = state.most_in_use.max(state.in_use);
        block
    }

    unsafe fn dealloc(&self, _: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { (*self.0.get()).in_use -= layout.size() };
    }
}

/// Prints how many bytes were in use at a time, at most.
pub fn print_heap() {
    // SAFETY: as above.
    board::print_number("heap", unsafe { (*HEAP.0.get()).most_in_use });
}

/// The input of a decoder that wants a `Stream`.
pub struct Input(Chunks<'static, u8>);

/// What `sizes` measures with.
#[must_use]
pub fn input() -> Input {
    Input(black_box(sizes::INPUT).chunks(sizes::CHUNK))
}

impl Stream for Input {
    type Item = Result<&'static [u8], ()>;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Poll::Ready(self.0.next().map(Ok))
    }
}

/// What comes next of a stream that never waits.
pub fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(stream).poll_next(&mut context) {
        Poll::Ready(item) => item,
        Poll::Pending => None,
    }
}
