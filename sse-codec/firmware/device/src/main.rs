//! What the core promises to firmware, checked where it counts: on a Cortex-M3 and a Cortex-M0 with
//! 16 KiB of RAM and no heap. Ends with status 0 when all of it holds.
#![no_std]
#![no_main]

mod by_hand;
mod counts;
mod net;
mod round_trips;
mod sizes;
mod tasks;
mod vectors;

/// The table that the host's tests use.
#[path = "../../../tests/vectors/wpt.rs"]
#[allow(clippy::doc_markdown, reason = "not this package's file")]
mod wpt;

use core::panic::PanicInfo;

use board::Counter;
use cortex_m_semihosting::hprintln;

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut MEMORY: net::Memory = net::Memory::new();
    let Some(peripherals) = cortex_m::Peripherals::take() else {
        board::fail();
    };
    let counter = Counter::new(peripherals.SYST);
    sizes::print();
    vectors::check();
    round_trips::check();
    tasks::check();
    net::check(MEMORY, &counter);
    counts::print(&counter);
    hprintln!("all checks passed");
    board::succeed()
}

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    hprintln!("{}", info);
    board::fail()
}
