//! <https://docs.rs/stream-rs>
#![no_std]
#![no_main]

extern crate alloc;

use sizes::sink;
use stream_rs::sse::SseParser;

#[cortex_m_rt::entry]
fn main() -> ! {
    sizes::measure(&mut SseParser::new(), |parser, input| {
        let mut events = alloc::vec::Vec::new();
        for bytes in input.chunks(sizes::CHUNK) {
            parser.feed(bytes, &mut events);
            for event in events.drain(..) {
                sink(event.event.unwrap_or_default().as_bytes());
                sink(event.data.as_bytes());
            }
        }
        sink(parser.last_id().unwrap_or_default().as_bytes());
        if let Some(retry) = parser.reconnection_time() {
            sink(&retry.to_le_bytes());
        }
        peers::print_heap();
    })
}
