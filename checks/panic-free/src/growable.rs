//! The storage on the heap, and what else makes vectors. The allocator is somebody else's.

use core::alloc::{GlobalAlloc, Layout};

use sse_codec::{Chunk, DataWriter, Event, Frame, Growable, Parser, Ready, Sink};

use crate::parser;

struct Heap;

unsafe extern "C" {
    fn some_alloc(size: usize, align: usize) -> *mut u8;
    fn some_dealloc(block: *mut u8);
}

// SAFETY: never run, only linked.
unsafe impl GlobalAlloc for Heap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { some_alloc(layout.size(), layout.align()) }
    }

    unsafe fn dealloc(&self, block: *mut u8, _layout: Layout) {
        unsafe { some_dealloc(block) }
    }
}

#[global_allocator]
static HEAP: Heap = Heap;

extern crate alloc;
use alloc::vec::Vec;

crate::entries! {
    fn entry_parser_growable_new(parser: &Parser<Growable>, limit: usize) {
        Parser::growable(limit);
        parser.clone();
    }

    fn entry_parser_growable(
        parser: &mut Parser<Growable>,
        chunk: &mut Chunk<'static>,
        ready: Ready<'static>,
        id: &[u8],
        call: usize,
    ) {
        parser::call(call, parser, chunk, ready, id);
    }

    fn entry_frame_vec(frame: &Frame<'_>, vec: &mut Vec<u8>) {
        frame.to_vec();
        frame.append_to(vec);
    }

    fn entry_vec_sink(vec: &mut Vec<u8>, bytes: &[u8], position: usize) {
        vec.push_bytes(bytes);
        Sink::position(vec);
        vec.rollback(position);
    }

    fn entry_vec_data_writer(
        writer: &mut DataWriter<'static, Vec<u8>>,
        finished: DataWriter<'static, Vec<u8>>,
        vec: &'static mut Vec<u8>,
        event: Event<'static>,
        bytes: &[u8],
    ) {
        DataWriter::new(vec, event);
        writer.push(bytes);
        finished.finish();
    }
}
