//! What the peers are compared with: a heap that is used once.
#![no_std]
#![no_main]

extern crate alloc;

use alloc::vec::Vec;

#[cortex_m_rt::entry]
fn main() -> ! {
    sizes::measure(&mut (), |(), input| {
        sizes::sink(&Vec::from(input));
        peers::print_heap();
    })
}
