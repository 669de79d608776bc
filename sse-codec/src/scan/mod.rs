//! What looks at every byte: the search for line ends, and the check that text is UTF-8.

#[cfg(feature = "simd")]
mod masks;
#[cfg(test)]
mod tests;

use core::str::{self, Utf8Error};

use crate::target::SMALL;

#[cfg(feature = "simd")]
pub(crate) use masks::{LineEnds, for_each_line};

/// The length of a line that does not end in the chunk. No slice is so long, so a chunk cannot be
/// split there.
pub(crate) const NONE: usize = usize::MAX;

/// After so many bytes without a line end one search of `memchr` is faster than masks.
pub(crate) const LONG: usize = 512;

/// The first CR or LF.
pub(crate) fn line_end(bytes: &[u8]) -> Option<usize> {
    if SMALL {
        bytes.iter().position(is_line_end)
    } else {
        memchr::memchr2(b'\n', b'\r', bytes)
    }
}

pub(crate) const fn is_line_end(byte: &u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// What comes after the line end that `rest` starts with: CRLF, CR or LF (WHATWG HTML §9.2.5).
pub(crate) const fn after_line_end(rest: &[u8]) -> &[u8] {
    match rest {
        [b'\r', b'\n', rest @ ..] | [_, rest @ ..] | rest => rest,
    }
}

/// Whether this is the LF of a CRLF, whose CR has ended the line already.
#[cfg(not(feature = "simd"))]
fn is_rest_of_crlf(text: &[u8], at: usize) -> bool {
    let crlf = at.checked_sub(1).and_then(|before| text.get(before..=at));
    crlf == Some(b"\r\n")
}

/// Whether there may be a line end or a NUL: whether some byte is below 16, as hardly one of a text
/// is. Not by `memchr`: it is no `const fn`, and a call of it takes longer than a look at a short
/// value.
#[inline]
pub(crate) const fn may_be_forbidden(bytes: &[u8]) -> bool {
    /// Whether any of the eight is below 16: then, and only then, the subtraction borrows into a
    /// highest bit that was not set.
    const fn any_below_16(eight: u64) -> bool {
        const EACH: u64 = 0x0101_0101_0101_0101;
        eight.wrapping_sub(EACH << 4) & !eight & (EACH << 7) != 0
    }
    if SMALL {
        return true;
    }
    let mut rest = bytes;
    if let Some(last) = bytes.last_chunk() {
        while let Some((eight, tail)) = rest.split_first_chunk() {
            if any_below_16(u64::from_ne_bytes(*eight)) {
                return true;
            }
            rest = tail;
        }
        return any_below_16(u64::from_ne_bytes(*last));
    }
    if let (Some(a), Some(b)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let (a, b) = (u32::from_ne_bytes(*a) as u64, u32::from_ne_bytes(*b) as u64);
        return any_below_16(a << 32 | b);
    }
    while let [byte, tail @ ..] = rest {
        if *byte < 16 {
            return true;
        }
        rest = tail;
    }
    false
}

/// Whether there may be a line end in a text, most of which have none.
pub(crate) fn may_have_lines(text: &[u8]) -> bool {
    // A long text is worth the call of `memchr`, which has longer vectors and stops at the first.
    if text.len() > 512 {
        return line_end(text).is_some();
    }
    let Some(mut lowest) = text.last_chunk::<32>().copied() else {
        return may_be_forbidden(text);
    };
    // The lowest byte of each lane: this becomes one vector instruction for many bytes.
    let (blocks, _) = text.as_chunks::<32>();
    for block in blocks {
        for (lowest, byte) in lowest.iter_mut().zip(block) {
            *lowest = (*lowest).min(*byte);
        }
    }
    lowest.iter().fold(false, |any, byte| any | (*byte < 16))
}

/// Calls `f` with the position of every CR and LF, until it returns `false`.
#[inline]
pub(crate) fn for_each_line_end(bytes: &[u8], mut f: impl FnMut(usize) -> bool) {
    #[cfg(feature = "simd")]
    let Some(rest) = masks::for_each_block(bytes, &mut f) else {
        return;
    };
    #[cfg(not(feature = "simd"))]
    let rest = bytes;
    let before = bytes.len() - rest.len();
    if SMALL {
        let ends = rest.iter().enumerate();
        ends.filter(|(_, byte)| is_line_end(byte))
            .all(|(at, _)| f(before + at));
    } else {
        memchr::memchr2_iter(b'\n', b'\r', rest).all(|at| f(before + at));
    }
}

/// Calls `f` with the start and the length of every line that has an end, and returns where the last
/// one starts, which has none.
#[inline]
#[cfg(not(feature = "simd"))]
pub(crate) fn for_each_line(text: &[u8], mut f: impl FnMut(usize, usize)) -> usize {
    let mut from = 0;
    for_each_line_end(text, |end| {
        let start = core::mem::replace(&mut from, end + 1);
        // The CR of a CRLF has ended its line already.
        if start < end || !is_rest_of_crlf(text, end) {
            f(start, end - start);
        }
        true
    });
    from
}

/// Where the line before the last one ends, and where the last one starts. `None` when there is only
/// one line.
pub(crate) fn last_line(text: &[u8]) -> Option<(usize, usize)> {
    let at = memchr::memrchr2(b'\n', b'\r', text)?;
    let end = text.get(..=at).map_or(at, |text| match text {
        [.., b'\r', b'\n'] => at - 1,
        _ => at,
    });
    Some((end, at + 1))
}

/// Whether it is UTF-8.
#[inline]
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Utf8Error> {
    // For shorter ones the standard library is as fast.
    #[cfg(feature = "simd")]
    if bytes.len() >= 64
        && let Ok(text) = simdutf8::basic::from_utf8(bytes)
    {
        return Ok(text);
    }
    str::from_utf8(bytes)
}

/// The line ends of a chunk, as far as they are known. It belongs to one chunk: asked about another,
/// it answers wrongly.
#[cfg(not(feature = "simd"))]
#[derive(Clone, Debug)]
pub(crate) struct LineEnds {
    /// With how much left of the chunk the last search began, and how far from there it found a line
    /// end. It is kept, so that a fast path that gives up has not searched in vain.
    searched: usize,
    found: usize,
}

#[cfg(not(feature = "simd"))]
impl LineEnds {
    pub(crate) const fn new() -> Self {
        Self {
            searched: 0,
            found: NONE,
        }
    }

    /// How far into the rest of the chunk the first line end lies; [`NONE`] when there is none.
    #[inline]
    pub(crate) fn first(&mut self, _chunk: &[u8], rest: &[u8]) -> usize {
        // Without fast paths nothing is asked twice.
        if SMALL || rest.len() != self.searched {
            self.searched = rest.len();
            self.found = line_end(rest).unwrap_or(NONE);
        }
        self.found
    }

    /// [`first`](Self::first): without the feature `simd` that is fast for a long line.
    #[inline]
    pub(crate) fn first_of_long(&mut self, chunk: &[u8], rest: &[u8]) -> usize {
        self.first(chunk, rest)
    }

    /// [`first`](Self::first): without the feature `simd` there are no blocks, and nothing is faster
    /// for one.
    #[inline]
    pub(crate) fn first_of_block(&mut self, chunk: &[u8], rest: &[u8]) -> usize {
        self.first(chunk, rest)
    }
}
