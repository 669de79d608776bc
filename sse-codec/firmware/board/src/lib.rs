//! What the images need of the machine they run on: a way to say something and to end, a count of
//! instructions that is also a clock, and a look at the stack.
#![no_std]

mod count;
mod stack;

pub use count::{Clock, Counter};
pub use stack::stack_used;

use cortex_m_semihosting::{debug, hio};

pub use hio::HostStream;

/// The standard output of QEMU.
#[must_use]
pub fn stdout() -> HostStream {
    match hio::hstdout() {
        Ok(stream) => stream,
        Err(()) => fail(),
    }
}

/// Prints a name and a number, with no help from `core::fmt` and without a division: an image that
/// is measured must not have either in it already.
pub fn print_number(name: &str, number: usize) {
    let mut line = [b' '; 12];
    let [_, digits @ .., end] = &mut line;
    *end = b'\n';
    let mut rest = number;
    for (digit, unit) in digits.iter_mut().zip(&POWERS_OF_TEN) {
        *digit = b'0';
        while rest >= *unit {
            rest -= unit;
            *digit += 1;
        }
    }
    let mut stdout = stdout();
    for text in [name.as_bytes(), &line] {
        if stdout.write_all(text).is_err() {
            fail();
        }
    }
}

/// Ends the emulation with status 0.
pub fn succeed() -> ! {
    debug::exit(debug::EXIT_SUCCESS);
    halt()
}

/// Ends the emulation with status 1.
pub fn fail() -> ! {
    debug::exit(debug::EXIT_FAILURE);
    halt()
}

fn halt() -> ! {
    loop {
        cortex_m::asm::wfi();
    }
}

static POWERS_OF_TEN: [usize; 10] = [
    1_000_000_000,
    100_000_000,
    10_000_000,
    1_000_000,
    100_000,
    10_000,
    1_000,
    100,
    10,
    1,
];
