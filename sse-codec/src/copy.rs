//! Copying without a panic: what does not fit is a bug, seen by the debug assertions, and copies
//! nothing.

use crate::target::SMALL;

/// Copies `bytes` to `at`.
#[cfg_attr(target_os = "none", inline(never))]
pub(crate) fn put(into: &mut [u8], at: usize, bytes: &[u8]) {
    let room = into
        .get_mut(at..)
        .and_then(|into| into.get_mut(..bytes.len()));
    debug_assert!(room.is_some(), "{} bytes at {at}", bytes.len());
    if let Some(room) = room {
        copy(room, bytes);
    }
}

/// Copies the first `len` bytes of `from` to `at`; where both have room, always the same number of
/// bytes: that is a few instructions, where a call of `memcpy` takes dozens.
#[inline]
pub(crate) fn put_short(into: &mut [u8], at: usize, from: &[u8], len: usize) {
    if !SMALL
        && len <= 64
        && let Some(from) = from.first_chunk::<64>()
        && let Some(into) = into.get_mut(at..).and_then(|into| into.first_chunk_mut())
    {
        *into = *from;
    } else {
        put_long(into, at, from.get(..len).unwrap_or_default());
    }
}

/// [`put`], as a function of its own: otherwise the compiler makes one call of `memcpy` of both ways,
/// for the short ones too.
#[inline(never)]
fn put_long(into: &mut [u8], at: usize, bytes: &[u8]) {
    put(into, at, bytes);
}

/// Copies all of `from` over all of `into`, which is as long, up to 64 bytes: the ends of both, which
/// meet or overlap in the middle. A call of `memcpy` takes longer for so few.
#[inline]
pub(crate) fn copy_few(into: &mut [u8], from: &[u8]) {
    #[inline]
    fn ends<const N: usize>(into: &mut [u8], from: &[u8]) -> Option<()> {
        let (first, last) = (from.first_chunk::<N>()?, from.last_chunk()?);
        *into.first_chunk_mut()? = *first;
        *into.last_chunk_mut::<N>()? = *last;
        Some(())
    }
    debug_assert!(into.len() == from.len() && from.len() <= 64);
    let copied = ends::<32>(into, from)
        .or_else(|| ends::<16>(into, from))
        .or_else(|| ends::<8>(into, from))
        .or_else(|| ends::<4>(into, from))
        .or_else(|| ends::<2>(into, from));
    if copied.is_none() {
        copy(into, from);
    }
}

/// Moves `len` bytes from `from` to `to`, which is not before it.
///
/// Backwards, since `to` lies behind `from`. The library's own way has a panic where it is not inlined,
/// and brings 1.5 KB of code for every alignment to a device that moves a word in its life.
pub(crate) fn copy_within(bytes: &mut [u8], from: usize, len: usize, to: usize) {
    const BLOCK: usize = 32;

    let fits = |at: usize| at <= bytes.len() && len <= bytes.len() - at;
    debug_assert!(fits(from) && fits(to), "{len} bytes from {from} to {to}");
    if !(fits(from) && fits(to)) {
        return;
    }
    let mut left = len;
    while !SMALL && left >= BLOCK {
        left -= BLOCK;
        let block = bytes
            .get(from + left..)
            .and_then(<[u8]>::first_chunk::<BLOCK>);
        if let Some(block) = block.copied()
            && let Some(into) = bytes.get_mut(to + left..)
            && let Some(into) = into.first_chunk_mut()
        {
            *into = block;
        }
    }
    for at in (0..left).rev() {
        if let Some(byte) = bytes.get(from + at).copied()
            && let Some(into) = bytes.get_mut(to + at)
        {
            *into = byte;
        }
    }
}

/// `len` bytes at `at`.
pub(crate) fn part(bytes: &[u8], at: usize, len: usize) -> &[u8] {
    bytes
        .get(at..)
        .and_then(|bytes| bytes.get(..len))
        .unwrap_or_default()
}

/// Copies as much of `from` as fits and returns how much that was.
pub(crate) fn copy_prefix(from: &[u8], into: &mut [u8]) -> usize {
    let len = from.len().min(into.len());
    if let (Some(into), Some(from)) = (into.get_mut(..len), from.get(..len)) {
        copy(into, from);
    }
    len
}

/// Copies as many bytes as both have. `copy_from_slice` would bring a panic, for slices of different
/// lengths, wherever it is not inlined. This becomes a call of `memcpy` as well.
#[inline]
fn copy(into: &mut [u8], from: &[u8]) {
    for (into, from) in into.iter_mut().zip(from) {
        *into = *from;
    }
}
