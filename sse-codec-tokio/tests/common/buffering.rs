use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A transport with a buffer of its own, as TLS has: what it takes it has not passed on yet.
#[derive(Debug)]
pub struct Buffering<T> {
    inner: T,
    buffer: Vec<u8>,
    capacity: usize,
    marks: Marks,
}

/// How much a [`Buffering`] transport was given, and how much of that a flush has passed on.
#[derive(Clone, Debug, Default)]
pub struct Marks(Arc<[AtomicUsize; 2]>);

impl Marks {
    pub fn given(&self) -> usize {
        self.0[0].load(Ordering::SeqCst)
    }

    pub fn flushed(&self) -> usize {
        self.0[1].load(Ordering::SeqCst)
    }
}

impl<T> Buffering<T> {
    pub fn new(inner: T, capacity: usize) -> (Self, Marks) {
        let marks = Marks::default();
        let io = Self {
            inner,
            buffer: Vec::new(),
            capacity,
            marks: marks.clone(),
        };
        (io, marks)
    }
}

impl<T: AsyncWrite + Unpin> Buffering<T> {
    fn poll_pass_on(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.buffer.is_empty() {
            let count = ready!(Pin::new(&mut self.inner).poll_write(cx, &self.buffer))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.buffer.drain(..count);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Buffering<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.buffer.len() == self.capacity {
            ready!(self.poll_pass_on(cx))?;
        }
        let count = bytes.len().min(self.capacity - self.buffer.len());
        self.buffer.extend_from_slice(&bytes[..count]);
        self.marks.0[0].fetch_add(count, Ordering::SeqCst);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pass_on(cx))?;
        ready!(Pin::new(&mut self.inner).poll_flush(cx))?;
        let [given, flushed] = &*self.marks.0;
        flushed.store(given.load(Ordering::SeqCst), Ordering::SeqCst);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_pass_on(cx))?;
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Buffering<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}
