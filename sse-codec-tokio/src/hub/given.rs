use std::collections::VecDeque;

use sse_codec::replay::Id;

use crate::encoded::EncodedFrame;

/// What a subscription has given to its connection and the transport has not whole, in order.
#[derive(Debug, Default)]
pub(super) struct Given(VecDeque<Run>);

#[derive(Debug)]
pub(super) enum Run {
    /// Events of the ring, one after the other.
    Events {
        first: u64,
        count: u64,
    },
    /// Events of pages.
    Pages {
        count: u64,
    },
    Notice(Notice),
}

/// A frame of the subscription's own, which moves the client's ID.
#[derive(Clone, Debug)]
pub(super) struct Notice {
    pub(super) before: Id,
    pub(super) after: Id,
    pub(super) frame: EncodedFrame,
}

impl Given {
    pub(super) fn events(&mut self, seq: u64, more: u64) {
        match self.0.back_mut() {
            Some(Run::Events { first, count }) if *first + *count == seq => *count += more,
            _ => self.0.push_back(Run::Events {
                first: seq,
                count: more,
            }),
        }
    }

    pub(super) fn page(&mut self) {
        match self.0.back_mut() {
            Some(Run::Pages { count }) => *count += 1,
            _ => self.0.push_back(Run::Pages { count: 1 }),
        }
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        self.0.push_back(Run::Notice(notice));
    }

    /// So many frames have been handed over; how many of them are of pages.
    pub(super) fn handed_over(&mut self, mut frames: u64) -> u64 {
        let mut pages = 0;
        while frames > 0
            && let Some(run) = self.0.front_mut()
        {
            let taken = match run {
                Run::Events { first, count } => {
                    let taken = frames.min(*count);
                    (*first, *count) = (*first + taken, *count - taken);
                    taken
                }
                Run::Pages { count } => {
                    let taken = frames.min(*count);
                    *count -= taken;
                    pages += taken;
                    taken
                }
                Run::Notice(_) => 1,
            };
            frames -= taken;
            if matches!(
                run,
                Run::Events { count: 0, .. } | Run::Pages { count: 0 } | Run::Notice(_)
            ) {
                self.0.pop_front();
            }
        }
        if self.0.is_empty() && self.0.capacity() > 8 {
            self.0 = VecDeque::new();
        }
        pages
    }

    /// The event before the first that is not handed over, if there is one that is not.
    pub(super) fn kept(&self) -> Option<u64> {
        self.0.iter().find_map(|run| match run {
            Run::Events { first, .. } => Some(first - 1),
            Run::Notice(notice) => Some(notice.before.seq),
            Run::Pages { .. } => None,
        })
    }

    /// Takes back one run, or so many frames of it.
    pub(super) fn take_back(&mut self, frames: u64) -> Option<Run> {
        match self.0.back_mut()? {
            Run::Events { first, count } if *count > frames => {
                *count -= frames;
                Some(Run::Events {
                    first: *first + *count,
                    count: frames,
                })
            }
            Run::Pages { count } if *count > frames => {
                *count -= frames;
                Some(Run::Pages { count: frames })
            }
            _ => self.0.pop_back(),
        }
    }
}
