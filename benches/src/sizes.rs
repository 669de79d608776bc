//! How many bytes the states of the codec take.

use sse_codec::{
    Borrowed, Chunk, Cursor, Frame, Inline, Lexer, Parser, Reconnect, Timers, replay::Ring,
};

/// What has it, and how many bytes it is on this machine.
#[must_use]
pub const fn sizes() -> [(&'static str, usize); 9] {
    [
        ("`Lexer`", size_of::<Lexer>()),
        // Two arrays without elements.
        (
            "`Parser` beside its storage",
            size_of::<Parser<Inline<0, 0>>>(),
        ),
        ("`Parser<Borrowed>`", size_of::<Parser<Borrowed<'_>>>()),
        ("`Chunk`", size_of::<Chunk<'_>>()),
        ("`Frame`", size_of::<Frame<'_>>()),
        ("`Cursor`", size_of::<Cursor<'_>>()),
        ("`Timers`", size_of::<Timers>()),
        ("`Reconnect`", size_of::<Reconnect>()),
        ("`replay::Ring` beside its bytes", size_of::<Ring<0>>()),
    ]
}
