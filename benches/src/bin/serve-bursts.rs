//! What `serve` costs for each event, without a kernel: for counting instructions (callgrind), or
//! as nanoseconds.
//!
//! ```text
//! serve-bursts BURST EVENTS [LENGTH]
//! ```
//! Events of `LENGTH` bytes of data go through a channel, `BURST` at a time, to a transport that
//! takes everything.

use std::{
    future::Future,
    io,
    pin::{Pin, pin},
    task::{Context, Poll, Waker},
    time::Instant,
};

use sse_codec::{Frame, TimersConfig};
use sse_codec_tokio::{EncodedFrame, ServeOptions, channel, serve};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

struct Nowhere;

impl AsyncRead for Nowhere {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        _: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

impl AsyncWrite for Nowhere {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(slices.iter().map(|slice| slice.len()).sum()))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let mut number = |default| args.next().map_or(Ok(default), |arg| arg.parse());
    let (burst, events, len) = (number(16)?, number(1_000_000)?, number(80)?);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()?;
    let _context = runtime.enter();
    let frame = EncodedFrame::from(Frame::message(&vec![b'x'; len]));
    let (sender, receiver) = channel(burst);
    let options = ServeOptions::new()
        .timers(TimersConfig::new().with_write_deadline(sse_codec::Millis(30_000)));
    let mut serving = pin!(serve(Nowhere, receiver, options));
    let cx = &mut Context::from_waker(Waker::noop());
    let begin = Instant::now();
    for _ in 0..events / burst {
        for _ in 0..burst {
            sender.try_send(frame.clone())?;
        }
        if serving.as_mut().poll(cx).is_ready() {
            return Err("it ended".into());
        }
    }
    let nanos = begin.elapsed().as_nanos() as f64 / events as f64;
    println!("{burst} at a time, {len} bytes: {nanos:.0} ns an event");
    Ok(())
}
