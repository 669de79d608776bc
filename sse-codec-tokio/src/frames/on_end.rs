use std::{
    fmt,
    pin::Pin,
    task::{Context, Poll},
};

use pin_project_lite::pin_project;

use super::{Frames, Room};
use crate::{encoded::EncodedFrame, reason::Summary};

pin_project! {
    /// A source that says how its connection ended; made by [`Frames::on_end`].
    #[must_use = "a source does nothing unless it is served"]
    pub struct OnEnd<S, F> {
        #[pin]
        source: S,
        hear: Option<F>,
    }
}

impl<S, F> OnEnd<S, F> {
    pub(super) const fn new(source: S, hear: F) -> Self {
        let hear = Some(hear);
        Self { source, hear }
    }
}

impl<S, F> Frames for OnEnd<S, F>
where
    S: Frames,
    F: FnOnce(&Summary, Option<S::Error>),
{
    type Error = S::Error;

    fn poll_frames(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        room: &mut Room<'_>,
    ) -> Poll<Option<Result<(), Self::Error>>> {
        self.project().source.poll_frames(cx, room)
    }

    fn can_take_back(&self) -> bool {
        self.source.can_take_back()
    }

    fn take_back(self: Pin<&mut Self>, frames: usize) {
        self.project().source.take_back(frames);
    }

    fn opening(self: Pin<&mut Self>) -> Option<EncodedFrame> {
        self.project().source.opening()
    }

    fn heartbeat(self: Pin<&mut Self>) -> Option<EncodedFrame> {
        self.project().source.heartbeat()
    }

    fn handed_over(self: Pin<&mut Self>, events: u64) {
        self.project().source.handed_over(events);
    }

    fn stop(self: Pin<&mut Self>) -> bool {
        self.project().source.stop()
    }

    fn ended(self: Pin<&mut Self>, summary: &Summary, error: Option<S::Error>) {
        let this = self.project();
        this.source.ended(summary, None);
        if let Some(hear) = this.hear.take() {
            hear(summary, error);
        }
    }
}

impl<S: fmt::Debug, F> fmt::Debug for OnEnd<S, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OnEnd")
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
