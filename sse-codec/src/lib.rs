#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod chunk;
mod copy;
mod event;
mod frame;
pub mod http;
mod lexer;
mod millis;
mod parser;
mod scan;
mod time;

pub use chunk::{Chunk, DetachedChunk};
pub use event::{DEFAULT_EVENT_TYPE, Event, Lossy, lossy};
#[cfg(feature = "bytes")]
pub use frame::FrameBuf;
#[cfg(feature = "std")]
pub use frame::IoSink;
pub use frame::{
    BufferTooSmall, Cursor, DataWriter, Frame, InvalidField, Sink, SinkFull, SliceSink, Slices,
};
pub use lexer::{Field, Lexer, Piece, Token};
pub use millis::Millis;
#[cfg(feature = "alloc")]
pub use parser::Growable;
pub use parser::{
    Borrowed, Bound, Detached, Inline, InvalidLastEventId, Overflow, Parser, Ready, Step, Storage,
};
pub use time::{Timeout, Timers, TimersConfig};

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/microcontroller.md")]
pub mod microcontroller {}
