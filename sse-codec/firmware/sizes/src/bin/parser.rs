//! Bytes to events.
#![no_std]
#![no_main]

use sse_codec::{Inline, Parser};

type State = Parser<Inline<256, 32>>;

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut PARSER: State = State::new();
    sizes::measure(PARSER, sizes::decode)
}
