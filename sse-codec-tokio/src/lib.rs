#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod attempt;
#[cfg(feature = "http-body")]
mod body;
mod chance;
mod channel;
#[cfg(feature = "codec")]
mod codec;
mod connection;
mod encoded;
mod frames;
mod hub;
mod options;
mod owned;
mod reader;
mod reason;
mod serve;
mod tcp;
mod writer;

#[cfg(feature = "http-body")]
pub use body::EventBody;
pub use channel::{Closed, EventReceiver, EventSender, TrySendError, channel};
#[cfg(feature = "codec")]
pub use codec::EventCodec;
pub use encoded::{EncodedFrame, Outgoing};
pub use frames::{Frames, IntoFrame, OnEnd, Room};
pub use hub::{
    Backlog, Behind, ConnectionId, ConnectionInfo, Feed, Hub, HubMetrics, HubOptions, Outcome,
    Page, PageFuture, Presence, PublishError, Refused, Start, Subscribe, Subscription,
    SubscriptionError, Topics,
};
pub use options::ServeOptions;
pub use owned::OwnedEvent;
pub use reader::{EventReader, ReadError};
pub use reason::{Reason, SendError, Summary};
pub use serve::serve;
pub use tcp::TcpOptions;
pub use writer::EventWriter;

/// The examples of the front page.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
