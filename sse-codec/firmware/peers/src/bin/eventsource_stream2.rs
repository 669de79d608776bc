//! <https://docs.rs/eventsource-stream2>
#![no_std]
#![no_main]

use eventsource_stream2::EventStream;
use sizes::sink;

#[cortex_m_rt::entry]
fn main() -> ! {
    sizes::measure(&mut EventStream::new(peers::input()), |stream, _| {
        while let Some(event) = peers::next(stream) {
            let Ok(event) = event else { continue };
            sink(event.event.as_bytes());
            sink(event.data.as_bytes());
            sink(event.id.as_bytes());
            if let Some(retry) = event.retry {
                sink(&retry.as_secs().to_le_bytes());
            }
        }
        peers::print_heap();
    })
}
