#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

#[cfg(feature = "http1")]
mod accept;
mod attempt;
#[cfg(feature = "http-body")]
mod body;
mod chance;
mod channel;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "codec")]
mod codec;
mod connection;
mod encoded;
mod frames;
mod head;
mod hub;
mod options;
mod owned;
mod reader;
mod reason;
#[cfg(feature = "http1")]
pub mod request;
mod serve;
mod tcp;
mod writer;

#[cfg(feature = "http1")]
pub use accept::{AcceptLoop, AcceptTrouble};
#[cfg(feature = "http-body")]
pub use body::{BodyError, EventBody};
pub use channel::{Closed, EventReceiver, EventSender, ProducerPanicked, TrySendError, channel};
#[cfg(feature = "client")]
pub use client::EventSource;
#[cfg(feature = "codec")]
pub use codec::EventCodec;
pub use encoded::{EncodedFrame, Outgoing, WriteError};
pub use frames::{Frames, IntoFrame, OnEnd, Room};
pub use head::{Framing, InvalidHeader, Terms};
pub use hub::{
    Backlog, Behind, ConnectionId, ConnectionInfo, Feed, Hub, HubMetrics, HubOptions, Outcome,
    Page, PageFuture, Presence, PublishError, Refused, Start, Subscribe, Subscription,
    SubscriptionError, Topics,
};
pub use options::ServeOptions;
pub use owned::{OwnedEvent, OwnedStep};
#[cfg(feature = "http-body")]
pub use reader::FromBody;
pub use reader::{EventReader, FromStream, Input, ReadError, Steps};
pub use reason::{Reason, SendError, Summary};
pub use serve::serve;
pub use tcp::{ResetOnDrop, TcpOptions};
pub use writer::EventWriter;

/// The examples of the front page.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;

/// The examples of the page about other people's clients.
#[cfg(all(doctest, feature = "http1"))]
#[doc = include_str!("../../docs/interop.md")]
struct Interop;
