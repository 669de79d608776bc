//! What the client sends after its request.

use std::{
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, ReadBuf};

use crate::{attempt::attempt, options::ServeOptions, reason::Reason};

#[derive(Debug)]
pub(crate) struct Input {
    pub(crate) is_open: bool,
    left: usize,
    pub(crate) allow_half_close: bool,
}

impl Input {
    pub(crate) const fn new(options: &ServeOptions) -> Self {
        Self {
            is_open: true,
            left: options.input_limit,
            allow_half_close: options.allow_half_close,
        }
    }

    /// Reads and drops. Ready when the connection is to end.
    pub(crate) fn poll<R: AsyncRead + Unpin>(
        &mut self,
        io: &mut R,
        cx: &mut Context<'_>,
    ) -> Poll<Reason> {
        while self.is_open {
            let mut space = [MaybeUninit::uninit(); 512];
            let mut buffer = ReadBuf::uninit(&mut space);
            let read = attempt(cx, |cx| Pin::new(&mut *io).poll_read(cx, &mut buffer));
            match ready!(read.map_err(Reason::of)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    let Some(left) = self.left.checked_sub(buffer.filled().len()) else {
                        return Poll::Ready(Reason::TooMuchInput);
                    };
                    self.left = left;
                }
                Ok(()) if self.allow_half_close => self.is_open = false,
                Ok(()) => return Poll::Ready(Reason::PeerClosed),
                Err(reason) => return Poll::Ready(reason),
            }
        }
        Poll::Pending
    }
}
