//! What all others are compared with.
#![no_std]
#![no_main]

#[cortex_m_rt::entry]
fn main() -> ! {
    sizes::measure(&mut (), |(), input| sizes::sink(input))
}
