//! Events to bytes, kept for clients that come back.
#![no_std]
#![no_main]

use sse_codec::replay::Ring;

type State = (Ring<256>, [u8; 64]);

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut STATE: State = (Ring::new(), [0; 64]);
    sizes::measure(STATE, |(ring, buffer), input| {
        sizes::encode(buffer, input);
        sizes::replay(ring, input);
    })
}
