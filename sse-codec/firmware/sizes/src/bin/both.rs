//! Bytes to events and events to bytes.
#![no_std]
#![no_main]

use sse_codec::{Inline, Parser};

type State = (Parser<Inline<256, 32>>, [u8; 64]);

#[cortex_m_rt::entry]
fn main() -> ! {
    static mut STATE: State = (Parser::new(), [0; 64]);
    sizes::measure(STATE, |(parser, buffer), input| {
        sizes::decode(parser, input);
        sizes::encode(buffer, input);
    })
}
