//! What bare metal does otherwise: all of it, and why.
//!
//! A device counts bytes of flash, everything else counts time. So where a few hundred bytes make
//! the codec faster, a device goes without them; what comes out is the same, and the tests run both
//! ways. An attribute cannot read a constant: `inline` is what may spell `target_os = "none"` on its
//! own, with its reason beside it.

/// Less code rather than more speed. `memchr` has no vector instructions to use there and is 200
/// bytes; the second way of writing a frame, in one go, is 600.
pub(crate) const SMALL: bool = cfg!(target_os = "none");

/// Whether the parser has its fast paths, which double its size. `--cfg sse_codec_slow_path` is for
/// tests of the slow path alone.
#[allow(unexpected_cfgs, reason = "given by RUSTFLAGS")]
pub(crate) const FAST_PATHS: bool = !SMALL && !cfg!(sse_codec_slow_path);
