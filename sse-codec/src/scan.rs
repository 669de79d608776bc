//! What looks at every byte: the search for line ends, and the check that text is UTF-8.

use core::str::{self, Utf8Error};

/// On bare metal, where `memchr` has no vector instructions to use and is 200 bytes of flash.
pub(crate) const SMALL: bool = cfg!(target_os = "none");

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

/// Whether there may be a line end or a NUL: some byte is below 16, as hardly one of a text is.
/// `memchr` is no `const fn`, and calling it takes longer than a look at a short value.
#[inline]
pub(crate) const fn may_have_line_end(bytes: &[u8]) -> bool {
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

/// The same of a text, most of which have none.
pub(crate) fn text_may_have_line_end(text: &[u8]) -> bool {
    // Above that `memchr`, which has longer vectors and can stop, makes up for its call.
    if text.len() > 512 {
        return line_end(text).is_some();
    }
    let Some(mut lowest) = text.last_chunk::<32>().copied() else {
        return may_have_line_end(text);
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

/// Calls `f` with the position of every CR and LF.
#[inline]
pub(crate) fn for_each_line_end(bytes: &[u8], mut f: impl FnMut(usize)) {
    #[cfg(feature = "simd")]
    let rest = simd::for_each_block(bytes, &mut f);
    #[cfg(not(feature = "simd"))]
    let rest = bytes;
    let before = bytes.len() - rest.len();
    if SMALL {
        let ends = rest
            .iter()
            .enumerate()
            .filter(|(_, byte)| is_line_end(byte));
        ends.for_each(|(at, _)| f(before + at));
    } else {
        memchr::memchr2_iter(b'\n', b'\r', rest).for_each(|at| f(before + at));
    }
}

/// Whether it is UTF-8.
#[inline]
pub(crate) fn utf8(bytes: &[u8]) -> Result<&str, Utf8Error> {
    // Below that the standard library is as fast.
    #[cfg(feature = "simd")]
    if bytes.len() >= 64
        && let Ok(text) = simdutf8::basic::from_utf8(bytes)
    {
        return Ok(text);
    }
    str::from_utf8(bytes)
}

/// The line ends of a chunk, as far as they are known. Belongs to one chunk and is asked about
/// that one only.
#[derive(Clone, Debug)]
pub(crate) struct LineEnds {
    #[cfg(feature = "simd")]
    block: simd::Block,
    /// The last search began here, and found a line end so far from there. A fast path that gives
    /// up has not searched in vain.
    searched: usize,
    found: Option<usize>,
}

impl LineEnds {
    pub(crate) const fn new() -> Self {
        Self {
            #[cfg(feature = "simd")]
            block: simd::Block::UNKNOWN,
            searched: usize::MAX,
            found: None,
        }
    }

    /// How far from `from` on the first line end lies.
    #[inline]
    pub(crate) fn first(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        #[cfg(feature = "simd")]
        if let Some(known) = self.block.first(from) {
            return Some(known);
        }
        self.search(bytes, from)
    }

    /// The same, for lines of which most are neither much shorter than a block nor longer: whether
    /// the kept mask has the answer would be anybody's guess, so it is not asked.
    #[inline]
    pub(crate) fn first_anew(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        #[cfg(feature = "simd")]
        if let Some(found) = self.block.anew(bytes, from) {
            return Some(found);
        }
        self.first(bytes, from)
    }

    #[cfg_attr(feature = "simd", inline(never))]
    fn search(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
        if from != self.searched {
            self.searched = from;
            #[cfg(feature = "simd")]
            {
                self.found = self.block.search(bytes, from);
            }
            #[cfg(not(feature = "simd"))]
            {
                self.found = line_end(bytes.get(from..)?);
            }
        }
        self.found
    }
}

/// With the feature `simd`: a mask of the line ends in 64 bytes, kept from line to line. A search
/// for each line would cost more than the bytes of it: of events of ten bytes this makes 2.5 times
/// as many a second.
#[cfg(feature = "simd")]
mod simd {
    use wide::u8x16;

    #[derive(Clone, Debug)]
    pub(super) struct Block {
        /// Where it starts.
        start: usize,
        /// One bit for each byte.
        mask: u64,
    }

    const LEN: usize = 64;

    /// After so many bytes without a line end one search of `memchr` is faster than more masks.
    const LONG: usize = 512;

    impl Block {
        /// No slice is so long.
        pub(super) const UNKNOWN: Self = Self {
            start: usize::MAX / 2 + 1,
            mask: 0,
        };

        /// How far from `from` on the first line end lies, if it is in this block.
        #[inline]
        pub(super) fn first(&self, from: usize) -> Option<usize> {
            let ahead = match from.wrapping_sub(self.start) {
                inside @ 0..LEN => self.mask >> inside,
                _ => 0,
            };
            (ahead != 0).then_some(ahead.trailing_zeros() as usize)
        }

        /// Goes on to the block that begins here, and looks for the first line end there.
        #[inline]
        pub(super) fn anew(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
            let mask = bits(ends(bytes.get(from..)?.first_chunk()?)?);
            *self = Self { start: from, mask };
            (mask != 0).then_some(mask.trailing_zeros() as usize)
        }

        /// Goes on to the block that has the first line end, which is not in this one.
        #[inline]
        pub(super) fn search(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
            let known = match from.wrapping_sub(self.start) {
                inside @ 0..LEN => LEN - inside,
                _ => 0,
            };
            let mut rest = bytes.get(from + known..)?;
            let long = rest.len().saturating_sub(LONG);
            while let Some((block, more)) = rest.split_first_chunk() {
                if let Some(mask) = mask(block) {
                    let start = bytes.len() - rest.len();
                    *self = Self { start, mask };
                    return Some(start - from + mask.trailing_zeros() as usize);
                }
                rest = more;
                if rest.len() < long {
                    *self = Self::UNKNOWN;
                    return Some(bytes.len() - rest.len() - from + super::line_end(rest)?);
                }
            }
            if rest.is_empty() {
                None
            } else {
                self.last(bytes, from)
            }
        }

        /// The last block of a chunk is moved back until it lies in the chunk.
        #[inline(never)]
        fn last(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
            let mut short = [0; LEN];
            let block = match bytes.last_chunk() {
                Some(block) => block,
                None => {
                    crate::copy::copy_prefix(bytes, &mut short);
                    &short
                }
            };
            self.start = bytes.len().saturating_sub(LEN);
            self.mask = mask(block).unwrap_or(0);
            match self.start.checked_sub(from) {
                Some(before) if self.mask != 0 => {
                    Some(before + self.mask.trailing_zeros() as usize)
                }
                Some(_) => None,
                None => self.first(from),
            }
        }
    }

    /// Calls `f` with the position of every line end in a whole block, and returns what comes after
    /// those.
    #[inline]
    pub(super) fn for_each_block<'b>(bytes: &'b [u8], f: &mut impl FnMut(usize)) -> &'b [u8] {
        let mut rest = bytes;
        while let Some((block, more)) = rest.split_first_chunk() {
            let start = bytes.len() - rest.len();
            let mut ends = ends(block).map_or(0, bits);
            while ends != 0 {
                f(start + ends.trailing_zeros() as usize);
                ends &= ends - 1;
            }
            rest = more;
        }
        rest
    }

    /// The line ends of a block, if it has any. Most blocks of most streams have none, and one test
    /// is cheaper than four masks.
    #[inline]
    fn mask(block: &[u8; LEN]) -> Option<u64> {
        let lanes = ends(block)?;
        let [a, b, c, d] = lanes;
        (a | b | c | d).any().then(|| bits(lanes))
    }

    #[inline]
    fn ends(block: &[u8; LEN]) -> Option<[u8x16; 4]> {
        let (lanes, _) = block.as_chunks::<16>();
        let [a, b, c, d] = lanes else { return None };
        let ends = |lane: &[u8; 16]| {
            let lane = u8x16::new(*lane);
            lane.simd_eq(u8x16::splat(b'\n')) | lane.simd_eq(u8x16::splat(b'\r'))
        };
        Some([ends(a), ends(b), ends(c), ends(d)])
    }

    #[inline]
    fn bits([a, b, c, d]: [u8x16; 4]) -> u64 {
        let bits = |lane: u8x16| u64::from(lane.to_bitmask());
        bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::{vec, vec::Vec};

    use super::{
        LineEnds, for_each_line_end, is_line_end, may_have_line_end, text_may_have_line_end,
    };

    /// Bytes in which these positions are line ends.
    fn bytes(len: usize, ends: &[usize]) -> Vec<u8> {
        let mut bytes = vec![b'x'; len];
        for end in ends.iter().filter(|end| **end < len) {
            bytes[*end] = if end % 3 == 0 { b'\r' } else { b'\n' };
        }
        bytes
    }

    fn naive(bytes: &[u8], from: usize) -> Option<usize> {
        bytes[from..].iter().position(is_line_end)
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
                        assert_eq!(ends.first(&bytes, first), naive(&bytes, first));
                        assert_eq!(ends.first(&bytes, then), naive(&bytes, then));
                        assert_eq!(ends.first_anew(&bytes, first), naive(&bytes, first));
                        assert_eq!(ends.first(&bytes, then), naive(&bytes, then));
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
                        ends.first(&bytes, from),
                        naive(&bytes, from),
                        "{end} {from}"
                    );
                }
            }
        }
    }

    #[test]
    fn every_line_end_once() {
        for len in 0..300 {
            let bytes = bytes(len, &[0, 1, 62, 63, 64, 128, 191, 200, 255, 256, 299]);
            let mut found = Vec::new();
            for_each_line_end(&bytes, |at| found.push(at));
            let expected: Vec<_> = (0..len).filter(|at| is_line_end(&bytes[*at])).collect();
            assert_eq!(found, expected);
        }
    }

    /// Of every length, at every place, and among bytes that are nearly one.
    #[test]
    fn no_line_end_is_overlooked() {
        for len in (0..130).chain([511, 512, 513, 600]) {
            for text in [vec![b'x'; len], vec![16; len], vec![0xFF; len]] {
                assert!(!may_have_line_end(&text) && !text_may_have_line_end(&text));
                for at in 0..len {
                    for end in [b'\n', b'\r'] {
                        let mut text = text.clone();
                        text[at] = end;
                        assert!(may_have_line_end(&text), "{at} of {len}");
                        assert!(text_may_have_line_end(&text), "{at} of {len}");
                    }
                    let mut text = text.clone();
                    text[at] = 0;
                    assert!(may_have_line_end(&text), "NUL at {at} of {len}");
                }
            }
        }
    }
}
