//! What gives a connection its frames.

mod burst;
mod on_end;
mod room;
mod stream;

use std::{
    pin::Pin,
    task::{Context, Poll},
};

pub(crate) use burst::{Burst, CHUNK, Counts, Kind, lengths};
pub use on_end::OnEnd;
pub use room::Room;
pub use stream::IntoFrame;

use crate::{encoded::EncodedFrame, reason::Summary};

/// Where a connection takes its frames from: the source of [`serve`](crate::serve()) and
/// [`EventBody`](crate::EventBody).
///
/// A [`Stream`](futures_core::Stream) of [`EncodedFrame`], of [`Frame`](sse_codec::Frame), or of a
/// `Result` with one of them, is a source as it is; an `Err` ends the connection
/// ([`Reason::SourceFailed`](crate::Reason::SourceFailed)). An
/// [`EventReceiver`](crate::EventReceiver) is a source that tells its sender what became of each
/// event.
///
/// A stream of events has to say first how they are encoded, because that can fail:
///
/// ```
/// use sse_codec::Event;
/// use sse_codec_tokio::{EncodedFrame, Frames};
/// use tokio_stream::{StreamExt, iter};
///
/// fn source<F: Frames>(_: F) {}
///
/// source(iter([Event::text("1"), Event::text("2")]).map(EncodedFrame::event));
/// ```
/// ```compile_fail
/// # use sse_codec::Event;
/// # use sse_codec_tokio::Frames;
/// # fn source<F: Frames>(_: F) {}
/// source(tokio_stream::iter([Event::text("1"), Event::text("2")])); // not frames yet
/// ```
///
/// # Writing a source
/// Only [`poll_frames`](Self::poll_frames) has to be written. A source is asked when the transport
/// has taken everything before, and is dropped when the connection ends, so that whatever it holds
/// is freed then.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a source of frames",
    label = "gives no frames",
    note = "a `Stream` of `EncodedFrame`, `Frame`, or a `Result` with one of them, is a source",
    note = "a stream of `Event`s becomes one by `.map(EncodedFrame::event)`"
)]
pub trait Frames {
    /// What the source can fail with.
    type Error;

    /// Puts the frames that are ready into the room, as many as go in, or one that is larger than
    /// the room; `None` when there will be no more.
    ///
    /// `Ready(Some(Ok(())))` says that frames were put. With `Pending` none were, and the task is
    /// woken when there are some. After an `Err` or `None` the source is not asked again, unless
    /// frames were [taken back](Self::take_back).
    fn poll_frames(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), Self::Error>>>;

    /// Whether the source can [take back](Self::take_back) frames it has put.
    ///
    /// A source that can is asked for up to 64 KiB at a time, because what the transport does not
    /// take need not be kept. One that cannot is asked for no more than the connection may
    /// [keep](crate::ServeOptions::buffer_limit).
    fn can_take_back(&self) -> bool {
        false
    }

    /// The last `frames` of the frames put go back: the transport has taken nothing of them. They
    /// are the next ones that [`poll_frames`](Self::poll_frames) puts.
    ///
    /// Called only where the source [can](Self::can_take_back).
    fn take_back(self: Pin<&mut Self>, frames: usize) {
        let _ = frames;
    }

    /// The frame that goes before all others, where the source has one. It belongs to this
    /// connection and is not counted as an event.
    #[must_use]
    fn opening(self: Pin<&mut Self>) -> Option<EncodedFrame> {
        None
    }

    /// The heartbeat that suits this stream, where the source knows better than the connection's
    /// default.
    #[must_use]
    fn heartbeat(self: Pin<&mut Self>) -> Option<EncodedFrame> {
        None
    }

    /// The first `events` frames of this source have been handed to the transport whole, and the
    /// transport was flushed.
    fn handed_over(self: Pin<&mut Self>, events: u64) {
        let _ = events;
    }

    /// The connection is to end in good order. Whether there are frames that were accepted before
    /// and should still be sent: [`poll_frames`](Self::poll_frames) is called for them until it has
    /// none ready.
    #[must_use]
    fn stop(self: Pin<&mut Self>) -> bool {
        false
    }

    /// The connection has ended; the last call. The error is the one this source has failed with,
    /// unless somebody else got it: [`EventBody`](crate::EventBody) gives it to the server.
    fn ended(self: Pin<&mut Self>, summary: &Summary, error: Option<Self::Error>) {
        let _ = (summary, error);
    }

    /// Calls `hear` with the [`Summary`] when the connection has ended, and with the error if this
    /// source has failed. For a plain stream it is the way to hear how an
    /// [`EventBody`](crate::EventBody) ended.
    ///
    /// ```
    /// use sse_codec::Frame;
    /// use sse_codec_tokio::{EventBody, Frames, ServeOptions};
    ///
    /// let frames = tokio_stream::iter([Frame::message(b"1"), Frame::message(b"2")]);
    /// let frames = frames.on_end(|summary, _| println!("{} events sent", summary.events));
    /// # let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    /// # let _context = runtime.enter();
    /// let body = EventBody::new(frames, ServeOptions::new());
    /// ```
    fn on_end<F>(self, hear: F) -> OnEnd<Self, F>
    where
        Self: Sized,
        F: FnOnce(&Summary, Option<Self::Error>),
    {
        OnEnd::new(self, hear)
    }
}
