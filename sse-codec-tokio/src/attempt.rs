use std::{
    io::{self, ErrorKind},
    task::{Context, Poll, ready},
};

/// One call of the transport. An interrupted one is tried again.
pub(crate) fn attempt<T>(
    cx: &mut Context<'_>,
    mut call: impl FnMut(&mut Context<'_>) -> Poll<io::Result<T>>,
) -> Poll<io::Result<T>> {
    loop {
        return match ready!(call(cx)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // Against the contract of `AsyncRead` and `AsyncWrite`, but clear enough.
                cx.waker().wake_by_ref();
                Poll::Pending
            }
            result => Poll::Ready(result),
        };
    }
}
