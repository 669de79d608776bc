mod receiver;
mod sender;
mod shared;

use std::sync::Arc;

use self::shared::Shared;
pub use self::{
    receiver::{EventReceiver, ProducerPanicked},
    sender::{Closed, EventSender, TrySendError},
};

/// A bounded queue of events for one connection, which need not exist yet.
///
/// The sender works from the start: what it sends waits for the connection. Room for `capacity`
/// events is all there is; an event takes its place until the transport has all of it, so that the
/// events on their way count too.
///
/// ```
/// use sse_codec::{Event, Frame};
/// use sse_codec_tokio::{ServeOptions, channel, serve};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (sender, receiver) = channel(16);
/// assert_eq!(sender.send(Frame::event(Event::text("early"))?).await?, 1);
///
/// // Later, a connection comes.
/// # let (io, mut peer) = tokio::io::duplex(4096);
/// let connection = tokio::spawn(serve(io, receiver, ServeOptions::new()));
/// drop(sender);
/// # tokio::io::AsyncReadExt::read_to_end(&mut peer, &mut Vec::new()).await?;
/// # drop(peer);
/// assert_eq!(connection.await?.events, 1);
/// # Ok(())
/// # }
/// ```
#[must_use]
pub fn channel(capacity: usize) -> (EventSender, EventReceiver) {
    let shared = Arc::new(Shared::new(capacity));
    let sender = EventSender::new(Arc::clone(&shared));
    (sender, EventReceiver::new(shared))
}
