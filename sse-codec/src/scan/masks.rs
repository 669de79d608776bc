//! With the feature `simd`: line ends as masks of 64 bytes, one bit for each.
//!
//! A search for each line would cost more than the bytes of it. The mask of the last block is kept
//! from line to line: of events of ten bytes this makes 2.5 times as many a second. And the blocks
//! of a chunk follow one another, wherever its lines start: so the processor can look at the next
//! ones before it knows where this line ends, which makes 1.2 times as many of 240 bytes.

use core::mem;

use wide::u8x16;

use super::{LONG, NONE, is_line_end, line_end};
use crate::copy::copy_prefix;

/// The line ends of a chunk, as far as they are known. It belongs to one chunk: asked about another,
/// it answers wrongly. A place is given by how many bytes the chunk has from there on.
#[derive(Clone, Debug)]
pub(crate) struct LineEnds {
    /// From here to the block there is no line end. A fast path that gives up has not searched in
    /// vain.
    clean: usize,
    /// Where the block starts; 0 when there is none, and no line end from `clean` on.
    start: usize,
    /// The line ends in it.
    mask: u64,
}

const LEN: usize = 64;

/// In fewer bytes than this a look at each of them is faster than a mask.
const TINY: usize = 8;

impl LineEnds {
    pub(crate) const fn new() -> Self {
        Self {
            clean: 0,
            start: 0,
            mask: 0,
        }
    }

    /// How far into the rest of the chunk the first line end lies; [`NONE`] when there is none.
    #[inline]
    pub(crate) fn first(&mut self, chunk: &[u8], rest: &[u8]) -> usize {
        match self.first_in_block(rest.len()) {
            Some(len) => len,
            None => self.search(chunk, rest),
        }
    }

    /// [`first`](Self::first), faster where the rest is exactly one block.
    #[inline]
    pub(crate) fn first_of_block(&mut self, chunk: &[u8], rest: &[u8]) -> usize {
        match rest.try_into() {
            Ok(block) if !has_small_byte(block) => NONE,
            Ok(block) => {
                (self.clean, self.start, self.mask) = (LEN, LEN, line_ends(block));
                self.first(chunk, rest)
            }
            Err(_) => self.first(chunk, rest),
        }
    }

    /// [`first`](Self::first), faster where the line has no end for long.
    #[inline]
    pub(crate) fn first_of_long(&mut self, chunk: &[u8], rest: &[u8]) -> usize {
        let Some(len) = line_end(rest) else {
            return self.nothing_from(rest.len());
        };
        self.load(chunk, rest.get(len..).unwrap_or_default());
        self.clean = rest.len();
        len
    }

    /// [`first`](Self::first), where the rest starts in the block whose mask is kept and the line
    /// ends in that block too.
    #[inline]
    fn first_in_block(&self, rest: usize) -> Option<usize> {
        let ahead = match self.start.wrapping_sub(rest) {
            inside @ 0..LEN => self.mask >> inside,
            _ => 0,
        };
        (ahead != 0).then_some(ahead.trailing_zeros() as usize)
    }

    #[inline(never)]
    fn search(&mut self, chunk: &[u8], rest: &[u8]) -> usize {
        let left = rest.len();
        if left < TINY {
            return rest.iter().position(is_line_end).unwrap_or(NONE);
        }
        if self.start < left && left <= self.clean {
            return match self.mask {
                0 => NONE,
                mask => left - self.start + mask.trailing_zeros() as usize,
            };
        }
        let mut next = match self.start.wrapping_sub(left) {
            0..=LEN if self.start <= LEN => return self.nothing_from(left),
            0..=LEN => self.start - LEN,
            _ => elsewhere(left),
        };
        let Some(near) = chunk.get(chunk.len() - next..) else {
            return NONE;
        };
        let near = near.get(..LONG).unwrap_or(near);
        let (blocks, _) = near.as_chunks();
        for block in blocks {
            if has_small_byte(block)
                && let mask @ 1.. = line_ends(block)
            {
                (self.clean, self.start, self.mask) = (left, next, mask);
                return left - next + mask.trailing_zeros() as usize;
            }
            next -= LEN;
        }
        self.search_rest(chunk, left, next)
    }

    /// From `next` on: behind many blocks, or in what is less than one.
    #[inline(never)]
    fn search_rest(&mut self, chunk: &[u8], left: usize, next: usize) -> usize {
        let behind = chunk.get(chunk.len() - next..).unwrap_or_default();
        let len = match next {
            0..LEN => {
                self.load(chunk, behind);
                self.first_in_block(next)
            }
            _ => line_end(behind).inspect(|len| {
                self.load(chunk, behind.get(*len..).unwrap_or_default());
            }),
        };
        let Some(len) = len else {
            return self.nothing_from(left);
        };
        self.clean = left;
        left - next + len
    }

    /// From there on there is no line end.
    const fn nothing_from(&mut self, left: usize) -> usize {
        (self.clean, self.start, self.mask) = (left, 0, 0);
        NONE
    }

    /// Goes to the block at the start of `rest` or, where less than a block is left, to the chunk's
    /// last.
    #[inline(never)]
    fn load(&mut self, chunk: &[u8], rest: &[u8]) {
        let block = rest.first_chunk().or_else(|| chunk.last_chunk());
        self.start = rest.len().max(LEN.min(chunk.len()));
        self.mask = block.map_or_else(|| line_ends_of_short(chunk), line_ends);
    }
}

/// Where the next block starts for a search that does not go on where the last one has ended. A
/// call, so that it is a branch: a choice between two numbers would have to wait for both.
#[cold]
#[inline(never)]
const fn elsewhere(left: usize) -> usize {
    left
}

/// Calls `f` with the position of every line end in a whole block, until it returns `false`, and
/// returns what comes after those.
#[inline]
pub(super) fn for_each_block<'b>(
    bytes: &'b [u8],
    f: &mut impl FnMut(usize) -> bool,
) -> Option<&'b [u8]> {
    let (blocks, rest) = bytes.as_chunks();
    let mut start = 0;
    for block in blocks {
        let mut ends = line_ends(block);
        while ends != 0 {
            if !f(start + ends.trailing_zeros() as usize) {
                return None;
            }
            ends &= ends - 1;
        }
        start += LEN;
    }
    Some(rest)
}

/// The most bytes whose line ends are found before the first of them is used.
const WINDOW: usize = 512;

/// Calls `f` with the start and the length of every line that has an end, and returns where the last
/// one starts, which has none.
///
/// In two stages: first where the line ends of a window are, without a branch that depends on it;
/// then the lines. A loop over each block's ends would be left where no processor can foresee it, and
/// that costs more than the line.
#[inline]
pub(crate) fn for_each_line(text: &[u8], mut f: impl FnMut(usize, usize)) -> usize {
    let mut ends = [0; WINDOW + AT_ONCE];
    let (mut from, mut before, mut after_cr) = (0, 0, 0);
    while let Some(window) = text.get(before..).filter(|window| !window.is_empty()) {
        let window = window.get(..WINDOW).unwrap_or(window);
        let (blocks, tail) = window.as_chunks();
        let (mut count, mut base) = (0, 0);
        for block in blocks {
            count += put_ends(ends_of_lines(block, &mut after_cr), base, &mut ends, count);
            base += LEN;
        }
        if !tail.is_empty() {
            // The text's last block, of which the first bytes have been looked at.
            let mut short = [0; LEN];
            let (block, before) = match text.last_chunk() {
                Some(block) => (block, LEN - tail.len()),
                None => {
                    copy_prefix(tail, &mut short);
                    (&short, 0)
                }
            };
            count += put_ends(
                ends_of_lines(block, &mut after_cr) >> before,
                base,
                &mut ends,
                count,
            );
        }
        for end in ends.get(..count).unwrap_or_default() {
            let end = before + usize::from(*end);
            f(from, end.saturating_sub(from));
            let crlf = text.get(end..).and_then(<[u8]>::first_chunk) == Some(b"\r\n");
            from = end + 1 + usize::from(crlf);
        }
        before += window.len();
    }
    from
}

/// Where lines end in a block: of a CRLF the CR, be that the last byte of the block before.
#[inline]
fn ends_of_lines(block: &[u8; LEN], after_cr: &mut u64) -> u64 {
    let [lf, cr] = [b'\n', b'\r'].map(|end| {
        let [a, b, c, d] = lanes(block).map(|lane| lane.simd_eq(u8x16::splat(end)).to_bitmask());
        u64::from(a) | u64::from(b) << 16 | u64::from(c) << 32 | u64::from(d) << 48
    });
    let rest_of_crlf = cr << 1 | mem::replace(after_cr, cr >> 63);
    cr | lf & !rest_of_crlf
}

/// So many ends of a block are written down whether or not there are so many.
const AT_ONCE: usize = 4;

/// Writes the places of these bits to `ends`, from `at` on, and returns how many there are.
#[inline]
fn put_ends<const N: usize>(mut bits: u64, base: usize, ends: &mut [u16; N], at: usize) -> usize {
    let count = bits.count_ones() as usize;
    let mut next = || {
        let place = base + bits.trailing_zeros() as usize;
        bits &= bits.wrapping_sub(1);
        place as u16
    };
    let Some((first, rest)) = ends
        .get_mut(at..)
        .and_then(<[u16]>::split_first_chunk_mut::<AT_ONCE>)
    else {
        return 0;
    };
    first.fill_with(&mut next);
    if count > AT_ONCE {
        rest.iter_mut()
            .take(count - AT_ONCE)
            .for_each(|end| *end = next());
    }
    count
}

/// Whether a block has a byte that is no larger than CR, the larger one of the two. Most blocks of
/// most streams have none, and this one test is cheaper than a mask.
#[inline]
fn has_small_byte(block: &[u8; LEN]) -> bool {
    let least = lanes(block).into_iter().reduce(|a, b| a.min(b));
    // There is no unsigned comparison.
    least.is_some_and(|least| least.simd_eq(least.min(u8x16::splat(b'\r'))).any())
}

#[inline]
fn line_ends(block: &[u8; LEN]) -> u64 {
    let [a, b, c, d] = lanes(block).map(lane_ends);
    a | b << 16 | c << 32 | d << 48
}

/// The same of less than a block, from the front and from the back: what lies in the middle is looked
/// at twice. A copy to a block of its own would take longer.
fn line_ends_of_short(bytes: &[u8]) -> u64 {
    let both = |front: u64, back: u64, len: usize| front | back << (bytes.len() - len);
    if let (Some(front), Some(back)) = (bytes.first_chunk::<32>(), bytes.last_chunk::<32>()) {
        let [front, back] = [front, back].map(|half| {
            let (lanes, _) = half.as_chunks();
            let ends = lanes.iter().rev().map(|lane| lane_ends(u8x16::new(*lane)));
            ends.fold(0, |mask, ends| mask << 16 | ends)
        });
        both(front, back, 32)
    } else if let (Some(front), Some(back)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let [front, back] = [front, back].map(|lane| lane_ends(u8x16::new(*lane)));
        both(front, back, 16)
    } else if let (Some(front), Some(back)) = (bytes.first_chunk::<8>(), bytes.last_chunk::<8>()) {
        let mut lane = [0; 16];
        for (into, from) in lane.iter_mut().zip(front.iter().chain(back)) {
            *into = *from;
        }
        let ends = lane_ends(u8x16::new(lane));
        both(ends & 0xFF, ends >> 8, 8)
    } else {
        let ends = bytes.iter().rev().map(|byte| u64::from(is_line_end(byte)));
        ends.fold(0, |mask, end| mask << 1 | end)
    }
}

#[inline]
fn lane_ends(lane: u8x16) -> u64 {
    let ends = lane.simd_eq(u8x16::splat(b'\n')) | lane.simd_eq(u8x16::splat(b'\r'));
    u64::from(ends.to_bitmask())
}

#[inline]
fn lanes(block: &[u8; LEN]) -> [u8x16; 4] {
    let (lanes, _) = block.as_chunks();
    core::array::from_fn(|at| lanes.get(at).map_or(u8x16::ZERO, |lane| u8x16::new(*lane)))
}
