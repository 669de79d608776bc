//! Finding line ends: the one thing that looks at every byte of a stream.

#[cfg(not(feature = "simd"))]
pub(crate) use search::LineEnds;
#[cfg(feature = "simd")]
pub(crate) use simd::LineEnds;

/// The first CR or LF.
pub(crate) fn line_end(bytes: &[u8]) -> Option<usize> {
    memchr::memchr2(b'\n', b'\r', bytes)
}

/// Without the feature `simd`: one search for each line.
#[cfg(not(feature = "simd"))]
mod search {
    /// The line ends of a chunk.
    #[derive(Clone, Debug)]
    pub(crate) struct LineEnds {
        /// The answer to the last question.
        asked: usize,
        found: Option<usize>,
    }

    impl LineEnds {
        pub(crate) const fn new() -> Self {
            Self {
                asked: usize::MAX,
                found: None,
            }
        }

        /// How far from `from` on the first line end lies.
        #[inline]
        pub(crate) fn first(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
            if from != self.asked {
                self.asked = from;
                self.found = super::line_end(bytes.get(from..)?);
            }
            self.found
        }
    }
}

/// With the feature `simd`: a mask of the line ends in 64 bytes, kept from line to line.
#[cfg(feature = "simd")]
mod simd {
    use wide::u8x16;

    /// The line ends of a chunk, of which those in one block of 64 bytes are known.
    #[derive(Clone, Debug)]
    pub(crate) struct LineEnds {
        /// Where the block starts.
        start: usize,
        /// One bit for each byte of it.
        mask: u64,
        /// The last search began here and ended at the first line end of the block; the block has
        /// none when there was nothing to find.
        searched_from: usize,
    }

    /// After so many bytes without a line end a search is faster than one mask after the other.
    const LONG: usize = 512;
    const BLOCK: usize = 64;
    /// No slice is so long.
    const NOWHERE: usize = usize::MAX / 2 + 1;

    impl LineEnds {
        pub(crate) const fn new() -> Self {
            Self {
                start: NOWHERE,
                mask: 0,
                searched_from: NOWHERE,
            }
        }

        /// How far from `from` on the first line end lies.
        #[inline]
        pub(crate) fn first(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
            let ahead = match from.wrapping_sub(self.start) {
                inside @ 0..BLOCK => self.mask >> inside,
                _ => 0,
            };
            if ahead != 0 {
                Some(ahead.trailing_zeros() as usize)
            } else {
                self.search(bytes, from)
            }
        }

        #[inline(never)]
        fn search(&mut self, bytes: &[u8], from: usize) -> Option<usize> {
            if from == self.searched_from {
                return (self.mask != 0).then(|| {
                    (self.start + self.mask.trailing_zeros() as usize).wrapping_sub(from)
                });
            }
            self.searched_from = from;
            let mut at = match from.wrapping_sub(self.start) {
                0..BLOCK => self.start + BLOCK,
                _ => from,
            };
            let mut rest = bytes.get(at..).unwrap_or_default();
            while at - from < LONG {
                let Some((block, more)) = rest.split_first_chunk() else {
                    return self.last(bytes, from, at);
                };
                if let Some(mask) = mask(block) {
                    (self.start, self.mask) = (at, mask);
                    return Some(at - from + mask.trailing_zeros() as usize);
                }
                at += BLOCK;
                rest = more;
            }
            self.long(bytes, from, at)
        }

        /// Where less than a block is left. The block is moved back until it lies in the chunk.
        #[inline]
        fn last(&mut self, bytes: &[u8], from: usize, at: usize) -> Option<usize> {
            let mut copy = [0; BLOCK];
            let block = match bytes.last_chunk() {
                Some(block) => block,
                None => {
                    crate::copy::copy_prefix(bytes, &mut copy);
                    &copy
                }
            };
            self.start = bytes.len().saturating_sub(BLOCK);
            let known = at.wrapping_sub(self.start) as u32;
            self.mask = mask(block).unwrap_or(0) & (!0_u64).unbounded_shl(known);
            (self.mask != 0)
                .then(|| (self.start + self.mask.trailing_zeros() as usize).wrapping_sub(from))
        }

        /// Behind a long part of a line.
        #[inline(never)]
        fn long(&mut self, bytes: &[u8], from: usize, at: usize) -> Option<usize> {
            let found = super::line_end(bytes.get(at..)?);
            (self.start, self.mask) = match found {
                // The next line end is not known.
                Some(found) => (at + found - (BLOCK - 1), 1 << (BLOCK - 1)),
                None => (NOWHERE, 0),
            };
            Some(at - from + found?)
        }
    }

    /// The line ends of a block, one bit for each byte, if it has any.
    #[inline]
    fn mask(block: &[u8; BLOCK]) -> Option<u64> {
        let (lanes, _) = block.as_chunks::<16>();
        let [a, b, c, d] = lanes else { return None };
        let ends = |lane: &[u8; 16]| {
            let lane = u8x16::new(*lane);
            lane.simd_eq(u8x16::splat(b'\n')) | lane.simd_eq(u8x16::splat(b'\r'))
        };
        let [a, b, c, d] = [ends(a), ends(b), ends(c), ends(d)];
        // Most blocks of most streams have none, and one test is cheaper than four masks.
        if !(a | b | c | d).any() {
            return None;
        }
        let bits = |lane: u8x16| u64::from(lane.to_bitmask());
        Some(bits(a) | bits(b) << 16 | bits(c) << 32 | bits(d) << 48)
    }
}
