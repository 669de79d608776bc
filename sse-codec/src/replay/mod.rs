//! Replay: what a client that comes back has missed, and how to give it that.
//!
//! A client that lost its connection sends the last event ID it has seen, in the header
//! `Last-Event-ID` (WHATWG HTML §9.2.6, "reestablish the connection"). What the ID means is the
//! server's to decide, and this module decides it: events are numbered, a bounded log holds the latest
//! of them, and an ID says which log and which event.
//!
//! ```text
//!   evicted        held           to come
//!  1  2  3  4 │ 5  6  7  8  9 │ 10 …
//!               ▲               ▲
//!               first           next
//! ```
//!
//! - [`Id`]: `epoch-seq`, two numbers in decimal. One epoch is one life of one log.
//! - [`Window`]: which events a log holds, and what an ID means to it: [`Outcome`].
//! - [`Ring`]: the log for a device, in `N` bytes of RAM, without a heap.
//!
//! ```
//! use sse_codec::replay::{Outcome, Window};
//!
//! let mut log = Window::new(17);
//! for _ in 0..9 {
//!     log.push();
//! }
//! log.evict(4);
//!
//! assert_eq!(log.resume(b"17-6").outcome, Outcome::Resumed { replayed: 3 });
//! assert_eq!(log.resume(b"17-2").outcome, Outcome::Gap { lost: 2 });
//! // Of another log, or of an earlier life of this one; the client has to start afresh.
//! assert_eq!(log.resume(b"16-6").outcome, Outcome::Unknown);
//! assert_eq!(log.resume(b"").outcome, Outcome::New);
//! ```

mod id;
mod ring;
mod window;

pub use id::{Id, IdText};
pub use ring::{AppendError, Cursor, Evicted, Ring};
pub use window::{Outcome, Resume, Window};
