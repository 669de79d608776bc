#![doc = include_str!("../README.md")]
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod chunk;
mod copy;
mod digits;
mod event;
mod field;
mod frame;
pub mod http;
mod lexer;
mod millis;
mod parser;
pub mod replay;
mod scan;
mod target;
mod time;

pub use chunk::{Chunk, DetachedChunk};
pub use event::{DEFAULT_EVENT_TYPE, Event, Lossy, lossy};
#[cfg(feature = "heapless-09")]
pub use event::{EventTooLarge, InlineEvent};
pub use field::{Field, InvalidField, InvalidLastEventId};
#[cfg(feature = "bytes")]
pub use frame::FrameBuf;
#[cfg(feature = "std")]
pub use frame::IoSink;
pub use frame::{BufferTooSmall, Cursor, DataWriter, Frame, Sink, SinkFull, SliceSink, Slices};
pub use lexer::{Lexer, Piece, Token};
pub use millis::Millis;
#[cfg(feature = "alloc")]
pub use parser::Growable;
pub use parser::{Borrowed, Bound, Detached, Inline, Overflow, Parser, Ready, Step, Storage};
pub use time::{
    End, Jitter, Next, Policy, Reconnect, ReconnectConfig, Response, Stop, Timeout, Timers,
    TimersConfig,
};

#[cfg(any(doc, doctest))]
#[doc = include_str!("../docs/microcontroller.md")]
pub mod microcontroller {}
