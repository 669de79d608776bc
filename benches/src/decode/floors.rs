//! What the machine can do with the same bytes in the same chunks.

use std::hint::black_box;

use wide::u8x16;

use super::{Decoder, Role};
use crate::input::{Counts, Input};

/// One copy.
pub const MEMCPY: Decoder = Decoder::new("memcpy", Role::Floor, memcpy);
/// Every CR and LF found by `memchr2_iter`: the floor the aims are stated in.
pub const MEMCHR2: Decoder = Decoder::new("memchr2", Role::Floor, memchr2);
/// Every CR and LF found by masks of 64 bytes: the harder floor.
pub const MASK: Decoder = Decoder::new("mask", Role::Floor, mask);

pub(super) const ALL: &[Decoder] = &[MEMCPY, MEMCHR2, MASK];

fn memcpy(input: Input) -> Counts {
    let mut copy = Vec::with_capacity(input.chunks().map(<[u8]>::len).max().unwrap_or(0));
    for chunk in input.chunks() {
        copy.clear();
        copy.extend_from_slice(chunk);
        black_box(&copy);
    }
    Counts::default()
}

fn memchr2(input: Input) -> Counts {
    let mut found = Found::default();
    for chunk in input.chunks() {
        memchr::memchr2_iter(b'\n', b'\r', chunk).for_each(|at| found.add(at));
    }
    found.counts()
}

fn mask(input: Input) -> Counts {
    let mut found = Found::default();
    for chunk in input.chunks() {
        let (blocks, tail) = chunk.as_chunks::<64>();
        let mut start = 0;
        for block in blocks {
            found.add_mask(start, line_ends(block));
            start += 64;
        }
        if !tail.is_empty() {
            let mut block = [0; 64];
            block[..tail.len()].copy_from_slice(tail);
            found.add_mask(start, line_ends(&block));
        }
    }
    found.counts()
}

/// The places of CR and LF in a block, one bit each.
#[inline]
fn line_ends(block: &[u8; 64]) -> u64 {
    let (lanes, _) = block.as_chunks::<16>();
    lanes.iter().rev().fold(0, |mask, lane| {
        let lane = u8x16::new(*lane);
        let ends = lane.simd_eq(u8x16::splat(b'\n')) | lane.simd_eq(u8x16::splat(b'\r'));
        mask << 16 | u64::from(ends.to_bitmask())
    })
}

/// Where line ends were, so that none may be left out: their number and the sum of their places.
#[derive(Default)]
struct Found {
    lines: usize,
    places: usize,
}

impl Found {
    #[inline]
    const fn add(&mut self, at: usize) {
        self.lines += 1;
        self.places = self.places.wrapping_add(at);
    }

    #[inline]
    const fn add_mask(&mut self, start: usize, mut mask: u64) {
        while mask != 0 {
            self.add(start + mask.trailing_zeros() as usize);
            mask &= mask - 1;
        }
    }

    fn counts(self) -> Counts {
        Counts {
            events: self.lines,
            data: black_box(self.places),
            types: 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{MASK, MEMCHR2};
    use crate::corpus::{Corpus, Kind};

    #[test]
    fn both_scans_find_the_same_line_ends() {
        for kind in Kind::ALL {
            let corpus = Corpus::new(kind, 1 << 18);
            for chunk in [1, 63, 64, 1400, 1 << 16] {
                let input = corpus.input(corpus.whole(), chunk);
                assert_eq!((MASK.run)(input), (MEMCHR2.run)(input), "{kind:?} {chunk}");
            }
        }
    }
}
