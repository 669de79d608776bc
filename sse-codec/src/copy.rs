//! Copying without a panic: what does not fit is a bug, seen by the debug assertions, and copies
//! nothing.

/// Copies `bytes` to `at`.
pub(crate) fn put(into: &mut [u8], at: usize, bytes: &[u8]) {
    let room = into
        .get_mut(at..)
        .and_then(|into| into.get_mut(..bytes.len()));
    debug_assert!(room.is_some(), "{} bytes at {at}", bytes.len());
    if let Some(room) = room {
        room.copy_from_slice(bytes);
    }
}

/// Copies `bytes` to `at`, and after them what happens to follow, so that no call of `memcpy` is
/// needed for a short value.
#[inline]
pub(crate) fn put_short(into: &mut [u8], at: usize, bytes: &[u8]) {
    put(into, at, bytes);
}

/// Moves `len` bytes from `from` to `to`.
pub(crate) fn copy_within(bytes: &mut [u8], from: usize, len: usize, to: usize) {
    let fits = |at: usize| at <= bytes.len() && len <= bytes.len() - at;
    debug_assert!(fits(from) && fits(to), "{len} bytes from {from} to {to}");
    if fits(from) && fits(to) {
        bytes.copy_within(from..from + len, to);
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
        into.copy_from_slice(from);
    }
    len
}
