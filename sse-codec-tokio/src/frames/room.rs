use super::burst::Burst;
use crate::encoded::EncodedFrame;

/// Where a source puts its frames: the bytes that a connection writes next.
///
/// Frames are copied, a few kilobytes at most, so that nothing of the source is held while a peer
/// does not read. Putting allocates nothing and calls nothing foreign, so a source may do it while
/// it holds a lock.
#[derive(Debug)]
pub struct Room<'b> {
    burst: &'b mut Burst,
}

impl<'b> Room<'b> {
    /// The most bytes that several frames put [together](Self::put) should have. When the peer is
    /// slow, the connection keeps what was put together as a whole.
    pub const TOGETHER: usize = super::CHUNK;

    pub(crate) const fn new(burst: &'b mut Burst) -> Self {
        Self { burst }
    }

    /// How many bytes of frames still go in.
    #[must_use]
    pub fn left(&self) -> usize {
        self.burst.left()
    }

    /// Copies whole frames that lie in one piece of memory, or two, and says whether they were
    /// taken. Only as many bytes as are [left](Self::left) are taken; what is longer is refused as
    /// a whole, and room without an end is [`put_frame`](Self::put_frame)'s.
    ///
    /// Several frames put together have to end in a blank line each, and should have no more than
    /// [`TOGETHER`](Self::TOGETHER) bytes.
    #[must_use]
    pub fn put(&mut self, bytes: [&[u8]; 2], frames: usize) -> bool {
        self.burst.put(bytes, frames)
    }

    /// Takes a frame if it can be written now: by copy when it is small, and as it is when it is
    /// large and nothing else has been put. Says whether it was taken.
    #[must_use]
    pub fn offer(&mut self, frame: &EncodedFrame) -> bool {
        self.burst.offer(frame)
    }

    /// Takes a frame in any case: by copy when it is small and there is room, and otherwise as it
    /// is, to be written alone after the others. Nothing is [left](Self::left) then.
    pub fn put_frame(&mut self, frame: EncodedFrame) {
        self.burst.put_frame(frame);
    }
}
