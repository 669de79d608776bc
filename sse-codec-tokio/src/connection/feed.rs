//! The source of a session, and the frames it has put that there was no room for.

use std::{
    collections::VecDeque,
    ops::{Deref, DerefMut},
    pin::Pin,
    task::{Context, Poll},
};

use crate::{
    encoded::EncodedFrame,
    frames::{Burst, Frames, Room},
    reason::Reason,
};

type ErrorOf<P> = <<P as Deref>::Target as Frames>::Error;

pub(crate) struct Feed<P: DerefMut<Target: Frames>> {
    source: Pin<P>,
    state: State,
    error: Option<ErrorOf<P>>,
    pub(super) aside: VecDeque<EncodedFrame>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It may have more.
    Ready,
    /// It will wake the task.
    Waiting,
    Ended,
    Failed,
    /// It is not asked again, whatever it has.
    Stopped,
}

/// What a look at the source came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gathered {
    /// There is no room for more.
    Full,
    Waiting,
    Over(Reason),
}

impl<P: DerefMut<Target: Frames>> Feed<P> {
    pub(super) const fn new(source: Pin<P>) -> Self {
        Self {
            source,
            state: State::Ready,
            error: None,
            aside: VecDeque::new(),
        }
    }

    pub(super) fn source(&mut self) -> Pin<&mut P::Target> {
        self.source.as_mut()
    }

    pub(crate) fn can_take_back(&self) -> bool {
        self.source.can_take_back()
    }

    /// The task has been woken, perhaps by the source.
    pub(super) fn wake(&mut self) {
        if self.state == State::Waiting {
            self.state = State::Ready;
        }
    }

    /// Only what was accepted before is still asked for, if there can be such.
    pub(super) fn stop(&mut self) {
        match (self.source.as_mut().stop(), self.state) {
            (_, State::Failed) => {}
            // It may have had nothing only because it was not to stop.
            (true, State::Waiting) => self.state = State::Ready,
            (true, _) => {}
            (false, _) => self.state = State::Stopped,
        }
    }

    /// Moves frames from the source into the burst while there are some and there is room.
    pub(super) fn gather(&mut self, cx: &mut Context<'_>, burst: &mut Burst) -> Gathered {
        let room = burst.left();
        loop {
            while let Some(frame) = self.aside.front() {
                if !burst.copy(frame) {
                    return Gathered::Full;
                }
                self.aside.pop_front();
            }
            match self.state {
                State::Ready => {}
                State::Waiting => return Gathered::Waiting,
                State::Ended | State::Stopped => return Gathered::Over(Reason::Finished),
                State::Failed => return Gathered::Over(Reason::SourceFailed),
            }
            // Asked for little, a source gives a frame that has to be put aside.
            if !burst.is_empty() && burst.left() <= room / 4 {
                return Gathered::Full;
            }
            let before = burst.bytes().len();
            self.state = match self.source.as_mut().poll_frames(cx, &mut Room::new(burst)) {
                Poll::Ready(Some(Ok(()))) => State::Ready,
                Poll::Ready(Some(Err(error))) => {
                    self.error = Some(error);
                    State::Failed
                }
                Poll::Ready(None) if self.error.is_some() => State::Failed,
                Poll::Ready(None) => State::Ended,
                Poll::Pending => State::Waiting,
            };
            self.aside.append(burst.aside());
            let is_idle = burst.bytes().len() == before && self.aside.is_empty();
            if self.state == State::Ready && is_idle {
                return Gathered::Full;
            }
        }
    }

    /// The transport has taken nothing of the last `events` events of the burst.
    pub(crate) fn take_back(&mut self, events: u64) {
        if events > 0 {
            let frames = usize::try_from(events).unwrap_or(usize::MAX);
            // What was put aside was put after them.
            let frames = frames.saturating_add(self.aside.len());
            self.aside.clear();
            self.source.as_mut().take_back(frames);
            if self.state != State::Stopped {
                self.state = State::Ready;
            }
        }
    }

    /// What the source failed with, for a face that can hand it on.
    pub(crate) fn take_error(&mut self) -> Option<ErrorOf<P>> {
        self.error.take()
    }
}
