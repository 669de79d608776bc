use core::{error, fmt};

use super::{Frame, out};
use crate::copy::copy_prefix;

/// What takes the bytes of a [`Frame`](super::Frame::write_to) or of a
/// [`DataWriter`](super::DataWriter). Implemented for [`SliceSink`], and behind features for
/// `Vec<u8>` (`alloc`), [`bytes::BytesMut`](https://docs.rs/bytes) (`bytes`), any `std::io::Write`
/// by way of `IoSink` (`std`), and [`heapless::Vec`](https://docs.rs/heapless) (`heapless-09`).
pub trait Sink {
    /// Why bytes could not be taken.
    type Error;

    /// Takes all of `bytes`.
    ///
    /// # Errors
    /// When it cannot. Nothing more is written then, and what it has taken of the event is
    /// [rolled back](Self::rollback).
    fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), Self::Error>;

    /// A mark for [`rollback`](Self::rollback): how much the sink has taken.
    fn position(&self) -> usize;

    /// Forgets what came after `position`: an event was given up half-way. A sink that has passed
    /// it on cannot, and says `false`: its stream must be closed then, because the next frame would
    /// run into the unfinished event. (A receiver makes nothing of an event cut off by the end of
    /// the stream.)
    fn rollback(&mut self, position: usize) -> bool;

    /// Takes all of a frame, or nothing. It is not part of the API: it is there because some sinks of
    /// this crate have a faster way than one piece after the other.
    #[doc(hidden)]
    fn push_frame(&mut self, frame: &Frame<'_>) -> Result<(), Self::Error> {
        out::fill(frame, self)
    }

    /// What it has taken, where that can still be changed. It is not part of the API: it is there for
    /// a [`DataWriter`](super::DataWriter), which looks for line ends once then.
    #[doc(hidden)]
    fn taken(&mut self) -> Option<&mut [u8]> {
        None
    }
}

/// A [`Sink`] into a slice.
#[derive(Debug)]
pub struct SliceSink<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> SliceSink<'b> {
    /// An empty sink over this buffer.
    #[must_use]
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// What has been written.
    #[must_use]
    pub fn written(&self) -> &[u8] {
        self.buffer.get(..self.len).unwrap_or_default()
    }

    /// Starts over with an empty buffer.
    pub const fn clear(&mut self) {
        self.len = 0;
    }
}

impl Sink for SliceSink<'_> {
    type Error = SinkFull;

    #[inline]
    fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), SinkFull> {
        match self.buffer.get_mut(self.len..) {
            Some(free) if bytes.len() <= free.len() => {
                self.len += copy_prefix(bytes, free);
                Ok(())
            }
            _ => Err(SinkFull {
                capacity: self.buffer.len(),
            }),
        }
    }

    fn position(&self) -> usize {
        self.len
    }

    fn rollback(&mut self, position: usize) -> bool {
        self.len = position.min(self.len);
        true
    }

    fn push_frame(&mut self, frame: &Frame<'_>) -> Result<(), SinkFull> {
        let capacity = self.buffer.len();
        let free = self.buffer.get_mut(self.len..).unwrap_or_default();
        let written = frame.encode(free).map_err(|_| SinkFull { capacity })?;
        self.len += written.len();
        Ok(())
    }

    fn taken(&mut self) -> Option<&mut [u8]> {
        self.buffer.get_mut(..self.len)
    }
}

/// A [`Sink`] of fixed size has no room for the event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SinkFull {
    /// The size of the whole buffer in bytes.
    pub capacity: usize,
}

impl fmt::Display for SinkFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the buffer of {} bytes is full", self.capacity)
    }
}

impl error::Error for SinkFull {}

/// A vector by any name.
#[cfg(feature = "alloc")]
macro_rules! growing_sink {
    ($vec:ty) => {
        impl Sink for $vec {
            type Error = core::convert::Infallible;

            #[inline]
            fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
                self.extend_from_slice(bytes);
                Ok(())
            }

            fn position(&self) -> usize {
                self.len()
            }

            fn rollback(&mut self, position: usize) -> bool {
                self.truncate(position);
                true
            }

            fn push_frame(&mut self, frame: &Frame<'_>) -> Result<(), Self::Error> {
                self.reserve(frame.len_hint());
                out::write(frame, self);
                Ok(())
            }

            fn taken(&mut self) -> Option<&mut [u8]> {
                Some(self)
            }
        }
    };
}

#[cfg(feature = "alloc")]
growing_sink!(alloc::vec::Vec<u8>);
#[cfg(feature = "bytes")]
growing_sink!(bytes::BytesMut);

/// A vector of fixed capacity, and with its capacity forgotten (`VecView`).
#[cfg(feature = "heapless-09")]
impl<L, S> Sink for heapless::vec::VecInner<u8, L, S>
where
    L: heapless::LenType,
    S: heapless::vec::VecStorage<u8> + ?Sized,
{
    type Error = SinkFull;

    fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), SinkFull> {
        let capacity = self.capacity();
        self.extend_from_slice(bytes)
            .map_err(|_| SinkFull { capacity })
    }

    fn position(&self) -> usize {
        self.len()
    }

    fn rollback(&mut self, position: usize) -> bool {
        self.truncate(position);
        true
    }

    fn taken(&mut self) -> Option<&mut [u8]> {
        Some(self)
    }
}

/// A [`Sink`] into a [`std::io::Write`], best a buffered one: every line of data is a few writes.
///
/// What it has passed on cannot be taken back: after an event that was given up half-way it takes
/// nothing more, so that no other event runs into that one.
#[cfg(feature = "std")]
#[derive(Debug)]
pub struct IoSink<W> {
    io: W,
    position: usize,
    is_broken: bool,
}

#[cfg(feature = "std")]
impl<W: std::io::Write> IoSink<W> {
    /// A sink into `io`.
    pub const fn new(io: W) -> Self {
        Self {
            io,
            position: 0,
            is_broken: false,
        }
    }

    /// What it wrote to.
    pub fn into_inner(self) -> W {
        self.io
    }
}

#[cfg(feature = "std")]
impl<W: std::io::Write> Sink for IoSink<W> {
    type Error = std::io::Error;

    fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), Self::Error> {
        if self.is_broken {
            return Err(std::io::Error::other(
                "an event was given up half-way before",
            ));
        }
        self.position = self.position.wrapping_add(bytes.len());
        // How much of it was written nobody says.
        let written = self.io.write_all(bytes);
        self.is_broken = written.is_err();
        written
    }

    fn position(&self) -> usize {
        self.position
    }

    fn rollback(&mut self, position: usize) -> bool {
        self.is_broken |= self.position != position;
        !self.is_broken
    }
}
