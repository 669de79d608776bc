//! Server-Sent Events over tokio.
#![forbid(unsafe_code)]

mod alarm;
mod channel;
mod encoded;
mod options;
mod outbox;
mod reason;
mod serve;
mod source;
mod tcp;
mod writer;

pub use channel::{Closed, EventReceiver, EventSender, TrySendError, channel};
pub use encoded::{EncodedFrame, Outgoing};
pub use options::ServeOptions;
pub use reason::{Reason, SendError, Summary};
pub use serve::serve;
pub use source::Source;
pub use tcp::TcpOptions;
pub use writer::EventWriter;
