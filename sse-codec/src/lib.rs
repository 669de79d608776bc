//! A sans-IO codec for Server-Sent Events.
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod chunk;
mod event;
mod lexer;
mod millis;
mod parser;

pub use chunk::Chunk;
pub use event::{DEFAULT_EVENT_TYPE, Event, Lossy, lossy};
pub use lexer::{Field, Lexer, Piece, Token};
pub use millis::Millis;
#[cfg(feature = "alloc")]
pub use parser::Growable;
pub use parser::{
    Borrowed, Bound, Inline, InvalidLastEventId, Overflow, Parser, Ready, Step, Storage,
};
