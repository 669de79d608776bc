//! What looks at every byte: the search for line ends, and the check that text is UTF-8.

#[cfg(feature = "simd")]
mod masks;

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

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{vec, vec::Vec};

    use super::{
        LineEnds, NONE, for_each_line, for_each_line_end, is_line_end, last_line, may_be_forbidden,
        may_have_lines,
    };

    /// Bytes in which these positions are line ends.
    fn bytes(len: usize, ends: &[usize]) -> Vec<u8> {
        let mut bytes = vec![b'x'; len];
        for end in ends.iter().filter(|end| **end < len) {
            bytes[*end] = if end % 3 == 0 { b'\r' } else { b'\n' };
        }
        bytes
    }

    fn naive(bytes: &[u8], from: usize) -> usize {
        bytes[from..].iter().position(is_line_end).unwrap_or(NONE)
    }

    /// From every position, in every order of two questions, around the edges of blocks and of the
    /// chunk.
    #[test]
    fn the_first_line_end_is_that_of_a_naive_search() {
        for len in [0, 1, 63, 64, 65, 127, 129, 200] {
            for (a, b) in [
                (0, 1),
                (62, 63),
                (63, 64),
                (64, 65),
                (5, 126),
                (70, 127),
                (99, 199),
            ] {
                let bytes = bytes(len, &[a, b]);
                for first in 0..len {
                    for then in 0..len {
                        let mut ends = LineEnds::new();
                        assert_eq!(ends.first(&bytes, &bytes[first..]), naive(&bytes, first));
                        assert_eq!(ends.first(&bytes, &bytes[then..]), naive(&bytes, then));
                    }
                }
            }
        }
    }

    #[test]
    fn a_line_end_after_a_long_line() {
        for end in (400..700).chain(1000..1100) {
            let bytes = bytes(1099, &[0, end, end + 1, end + 70]);
            let mut ends = LineEnds::new();
            for from in [1, 2, 1, end, end + 1, end + 2, 0, 400] {
                if from < bytes.len() {
                    assert_eq!(
                        ends.first(&bytes, &bytes[from..]),
                        naive(&bytes, from),
                        "{end} {from}"
                    );
                }
            }
        }
    }

    /// What one question leaves behind never misleads the next, whatever both are about.
    #[test]
    fn questions_in_any_order() {
        let mut state = 1_u64;
        let mut below = |most: usize| {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 33) as usize % most
        };
        for round in 0..600 {
            let len = below([70, 300, 2_000][round % 3]) + 1;
            let apart = [3, 50, 900][below(3)];
            let ends: Vec<_> = (0..len).filter(|_| below(apart) == 0).collect();
            let bytes = bytes(len, &ends);
            let mut line_ends = LineEnds::new();
            let mut from = 0;
            for _ in 0..30 {
                let found = match below(2) {
                    0 => line_ends.first(&bytes, &bytes[from..]),
                    _ => line_ends.first_of_block(&bytes, &bytes[from..]),
                };
                let expected = naive(&bytes, from);
                assert_eq!(found, expected, "{from} of {len}, {ends:?}");
                from = match (below(4), expected) {
                    // On to the next line, as a parser does, or back, or anywhere.
                    (0 | 1, line @ ..NONE) => from + line + 1,
                    (2, _) => from.saturating_sub(below(100)),
                    _ => below(len),
                };
                if from >= len {
                    break;
                }
            }
        }
    }

    #[test]
    fn every_line_end_once() {
        for len in 0..300 {
            let bytes = bytes(len, &[0, 1, 62, 63, 64, 128, 191, 200, 255, 256, 299]);
            let mut found = Vec::new();
            for_each_line_end(&bytes, |at| {
                found.push(at);
                true
            });
            let expected: Vec<_> = (0..len).filter(|at| is_line_end(&bytes[*at])).collect();
            assert_eq!(found, expected);
        }
    }

    /// As the standard has it: CRLF, CR and LF end a line.
    fn naive_lines(text: &[u8]) -> (Vec<(usize, usize)>, usize) {
        let (mut lines, mut from) = (Vec::new(), 0);
        while let Some(len) = text[from..].iter().position(is_line_end) {
            lines.push((from, len));
            let end = &text[from + len..];
            from += len + if end.starts_with(b"\r\n") { 2 } else { 1 };
        }
        (lines, from)
    }

    fn assert_lines(text: &[u8]) {
        let (lines, from) = naive_lines(text);
        let mut found = Vec::new();
        let last = for_each_line(text, |start, len| found.push((start, len)));
        assert_eq!((&found, last), (&lines, from), "{text:?}");
        let (mut found, mut rest) = (Vec::new(), text);
        while let Some((end, start)) = last_line(rest) {
            found.push((end, start));
            rest = &rest[..end];
        }
        let ends = lines.iter().map(|(start, len)| start + len);
        let starts = lines.iter().skip(1).map(|(start, _)| *start).chain([from]);
        let expected: Vec<_> = ends.zip(starts).collect();
        found.reverse();
        assert_eq!(found, expected, "{text:?}");
    }

    /// Every text of up to seven bytes, and every one of four at the places where blocks and windows
    /// meet, among nothing and among line ends.
    #[test]
    fn lines_are_those_of_a_naive_search() {
        let texts = |len: u32| {
            (0..3_usize.pow(len)).map(move |number| {
                let byte = |at| b"x\r\n"[number / 3_usize.pow(at) % 3];
                (0..len).map(byte).collect::<Vec<_>>()
            })
        };
        for text in (0..=7).flat_map(texts) {
            assert_lines(&text);
        }
        for text in texts(4) {
            for around in [&b"x"[..], b"\n", b"\r", b"\r\n"] {
                for at in [60, 61, 62, 63, 126, 509, 510, 511, 512] {
                    for more in [0, 1, 59, 600] {
                        let fill = |len: usize| around.iter().cycle().take(len);
                        let text: Vec<u8> =
                            fill(at).chain(&text).chain(fill(more)).copied().collect();
                        assert_lines(&text);
                    }
                }
            }
        }
    }

    /// Of every length, at every place, and among bytes that are nearly one.
    #[test]
    fn no_line_end_is_overlooked() {
        for len in (0..130).chain([511, 512, 513, 600]) {
            for text in [vec![b'x'; len], vec![16; len], vec![0xFF; len]] {
                assert!(!may_be_forbidden(&text) && !may_have_lines(&text));
                for at in 0..len {
                    for end in [b'\n', b'\r'] {
                        let mut text = text.clone();
                        text[at] = end;
                        assert!(may_be_forbidden(&text), "{at} of {len}");
                        assert!(may_have_lines(&text), "{at} of {len}");
                    }
                    let mut text = text.clone();
                    text[at] = 0;
                    assert!(may_be_forbidden(&text), "NUL at {at} of {len}");
                }
            }
        }
    }
}
