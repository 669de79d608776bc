use std::{
    pin::Pin,
    task::{Context, Poll},
};

use futures_core::Stream;

use crate::{EncodedFrame, Summary};

/// Where [`serve`](crate::serve()) takes the events of a connection from.
///
/// Every [`Stream`] of frames is one. An [`EventReceiver`](crate::EventReceiver) is one that tells
/// its sender what became of each event.
///
/// A source is asked for a frame only when there is room for it, and is dropped when the connection
/// ends, so whatever it holds is freed then.
pub trait Source {
    /// The next frame; `None` when there will be no more.
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<EncodedFrame>>;

    /// The first `events` frames of this source have been handed to the transport whole.
    fn handed_over(self: Pin<&mut Self>, events: u64) {
        let _ = events;
    }

    /// The connection is to end. Whether there are frames that were accepted before and should
    /// still be sent: `poll_frame` is called for them until it has none ready.
    #[must_use]
    fn stop(self: Pin<&mut Self>) -> bool {
        false
    }

    /// The connection has ended.
    fn ended(self: Pin<&mut Self>, summary: &Summary) {
        let _ = summary;
    }
}

impl<S> Source for S
where
    S: Stream,
    S::Item: Into<EncodedFrame>,
{
    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<EncodedFrame>> {
        self.poll_next(cx).map(|frame| frame.map(Into::into))
    }
}
