//! <https://docs.rs/sse-parse>
#![no_std]
#![no_main]

use sizes::sink;
use sse_parse::SseParser;

#[cortex_m_rt::entry]
fn main() -> ! {
    sizes::measure(&mut SseParser::new().max_buffer(256), |parser, input| {
        for bytes in input.chunks(sizes::CHUNK) {
            parser.feed(bytes);
            while let Some(event) = parser.next_event() {
                sink(event.event.as_bytes());
                sink(event.data.as_bytes());
            }
        }
        sink(parser.last_event_id().as_bytes());
        if let Some(retry) = parser.retry() {
            sink(&retry.as_secs().to_le_bytes());
        }
        peers::print_heap();
    })
}
