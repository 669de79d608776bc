//! Events to bytes.
#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut BUFFER: [u8; 64] = [0; 64];
    sizes::measure(BUFFER, |buffer, input| sizes::encode(buffer, input))
}
