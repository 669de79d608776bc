//! <https://docs.rs/sse-core>
#![no_std]
#![no_main]

use core::num::NonZeroUsize;

use sizes::sink;
use sse_core::{SseDecoder, SseEvent};

#[cortex_m_rt::entry]
fn main() -> ! {
    let limit = NonZeroUsize::new(256).unwrap_or(NonZeroUsize::MIN);
    sizes::measure(&mut SseDecoder::with_limit(limit), |decoder, input| {
        for mut bytes in input.chunks(sizes::CHUNK) {
            while let Some(event) = decoder.next(&mut bytes) {
                match event {
                    Ok(SseEvent::Message(event)) => {
                        sink(event.event.as_bytes());
                        sink(event.data.as_bytes());
                    }
                    Ok(SseEvent::Retry(retry)) => sink(&retry.to_le_bytes()),
                    Err(_) => sink(b"too large"),
                }
            }
        }
        sink(
            decoder
                .last_event_id()
                .map(|id| id.as_bytes())
                .unwrap_or_default(),
        );
        peers::print_heap();
    })
}
