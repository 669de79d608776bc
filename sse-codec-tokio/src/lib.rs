#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod alarm;
mod attempt;
#[cfg(feature = "http-body")]
mod body;
mod channel;
#[cfg(feature = "client")]
mod client;
#[cfg(feature = "codec")]
mod codec;
mod encoded;
mod options;
mod outbox;
mod owned;
mod reader;
mod reason;
mod serve;
mod source;
mod tcp;
mod writer;

#[cfg(feature = "http-body")]
pub use body::EventBody;
pub use channel::{Closed, EventReceiver, EventSender, TrySendError, channel};
#[cfg(feature = "client")]
pub use client::{Connect, EventSource, Events, EventsError, Item, Over, Refusal, Replay, Why};
#[cfg(feature = "codec")]
pub use codec::EventCodec;
pub use encoded::{EncodedFrame, Outgoing};
pub use options::ServeOptions;
pub use owned::{OwnedEvent, OwnedStep};
#[cfg(feature = "http-body")]
pub use reader::FromBody;
pub use reader::{EventReader, FromStream, Input, ReadError, Steps};
pub use reason::{Reason, SendError, Summary};
pub use serve::serve;
pub use source::Source;
pub use tcp::TcpOptions;
pub use writer::EventWriter;

/// The examples of the front page.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

#[cfg(all(feature = "client", any(doc, doctest)))]
#[doc = include_str!("../docs/clients.md")]
pub mod clients {}
