//! What the images have in common, so that the difference between two of them is what they do.
#![no_std]

use core::{hint::black_box, panic::PanicInfo};

use sse_codec::{
    Chunk, Cursor, Event, Frame, Inline, Lexer, Millis, Parser, Storage, Timers, replay::Ring,
};

/// What stays between two calls, beside the caller's storage.
const _: () = {
    assert!(size_of::<Parser<Inline<0, 0>>>() < 64);
    assert!(size_of::<Cursor<'_>>() < 64);
    assert!(size_of::<Timers>() < 64);
    assert!(size_of::<Lexer>() < 4);
    assert!(size_of::<Ring<256>>() <= 256 + 40);
};

/// Prints how much RAM the state takes and how much stack the work on it, and ends.
pub fn measure<S>(state: &mut S, work: impl FnOnce(&mut S, &'static [u8])) -> ! {
    let state = black_box(state);
    let input = black_box(INPUT);
    let stack = board::stack_used(|| work(state, input));
    board::print_number("ram", size_of::<S>());
    board::print_number("stack", stack);
    board::succeed()
}

/// Where results go: for all the optimizer knows, somebody reads them.
#[inline(never)]
pub fn sink(bytes: &[u8]) {
    black_box(bytes);
}

/// All that a client does with a parser.
#[inline(never)]
pub fn decode<S: Storage>(parser: &mut Parser<S>, input: &[u8]) {
    for bytes in input.chunks(CHUNK) {
        let mut chunk = Chunk::new(bytes);
        loop {
            match parser.next_event(&mut chunk) {
                Ok(Some(event)) => {
                    sink(event.event_type().unwrap_or_default());
                    sink(event.data());
                }
                Ok(None) => break,
                Err(_) => sink(b"too large"),
            }
        }
    }
    sink(parser.last_event_id());
    if let Some(Millis(retry)) = parser.retry() {
        sink(&retry.to_le_bytes());
    }
}

/// All that a server does with a frame.
#[inline(never)]
pub fn encode(buffer: &mut [u8], input: &[u8]) {
    let (event_type, rest) = input.split_at_checked(4).unwrap_or_default();
    let (id, data) = rest.split_at_checked(4).unwrap_or_default();
    let event = Event::new(data).with_type(event_type).with_id(id);
    if let Ok(frame) = Frame::event(event.with_retry(Millis(data.len() as u64))) {
        write(&frame, buffer);
    }
    write(&Frame::HEARTBEAT, buffer);
}

#[inline(never)]
fn write(frame: &Frame<'_>, buffer: &mut [u8]) {
    let mut cursor = frame.cursor();
    while !cursor.is_done() {
        let len = cursor.copy_to(buffer);
        sink(buffer.get(..len).unwrap_or_default());
    }
}

/// All that a server does with a ring.
#[inline(never)]
pub fn replay<const N: usize>(ring: &mut Ring<N>, input: &[u8]) {
    ring.start(input.len() as u64);
    for data in input.chunks(CHUNK) {
        if ring.append(Event::new(data)).is_err() {
            sink(b"too large");
        }
    }
    let (resume, mut cursor) = ring.resume(input);
    sink(&resume.after.text());
    while let Ok([bytes @ [_, ..], _]) = ring.read(cursor) {
        sink(bytes);
        cursor.advance(bytes.len());
    }
}

/// What a network stack hands over at a time.
pub const CHUNK: usize = 48;

/// Values of all fields, lines of all ends, events in one chunk and in several.
pub const INPUT: &[u8] = b"\xEF\xBB\xBFevent: reading\nid: 4711\ndata: {\"t\":21.5}\n\n\
    : heartbeat\n\nretry: 3000\rdata: one\r\ndata: two\r\n\r\nid\nevent\ndata\n\n";

/// Not linked where nothing can panic; `./measure` looks.
#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    board::fail()
}
