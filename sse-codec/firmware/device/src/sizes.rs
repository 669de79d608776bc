//! The RAM of each state, beside what the caller gives it to store in.

use cortex_m_semihosting::hprintln;
use sse_codec::{
    Chunk, Cursor, Event, Frame, Inline, Lexer, Parser, Reconnect, Timers, replay::Ring,
};

/// The promise: a state takes less than this.
const LIMIT: usize = 64;

macro_rules! table {
    ($($name:literal $type:ty,)*) => {
        /// What lives from one chunk to the next, then what lives as long as a call.
        const TABLE: &[(&str, usize)] = &[$(($name, size_of::<$type>())),*];
    };
}

table! {
    "Lexer" Lexer,
    "Parser, storage not counted" Parser<Inline<0, 0>>,
    "Timers" Timers,
    "Reconnect" Reconnect,
    "Ring, its bytes not counted" Ring<0>,
    "Cursor" Cursor<'static>,
    "Frame" Frame<'static>,
    "Event" Event<'static>,
    "Chunk" Chunk<'static>,
}

pub fn print() {
    for (name, size) in TABLE {
        let remark = if *size < LIMIT { "" } else { "  not under 64" };
        hprintln!("{:3} bytes  {}{}", size, name, remark);
    }
    assert_eq!(
        size_of::<Parser<Inline<256, 32>>>(),
        size_of::<Parser<Inline<0, 0>>>() + 256 + 64
    );
}
