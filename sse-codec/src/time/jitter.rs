use super::saturated;
use crate::millis::Millis;

/// Draws lengths of time, so that what began together does not happen together: heartbeats,
/// reconnections.
///
/// The seed decides what comes. It needs neither secrecy nor quality, only to differ from one
/// connection or device to the next: a counter or a serial number will do.
///
/// ```
/// use sse_codec::{Jitter, Millis};
///
/// let mut jitter = Jitter::new(4711);
/// let wait = jitter.between(Millis(1_000), Millis(5_000));
/// assert!((Millis(1_000)..=Millis(5_000)).contains(&wait));
/// ```
// A Weyl sequence through the `lowbias32` mixer: unlike xorshift, its first number is already well
// spread for seeds that follow one another, and no seed is a bad one.
#[derive(Clone, Debug)]
pub struct Jitter(u32);

impl Jitter {
    /// Begins where the seed says.
    #[must_use]
    pub const fn new(seed: u32) -> Self {
        Self(seed)
    }

    /// A length from `shortest` to `longest`, both included, each as likely as any other; `shortest`
    /// where `longest` is not longer. Of a range of more than 49.7 days (32 bits of milliseconds)
    /// the first 49.7 days are drawn from.
    #[must_use]
    pub const fn between(&mut self, shortest: Millis, longest: Millis) -> Millis {
        let range = saturated(Millis(longest.0.saturating_sub(shortest.0)));
        Millis(shortest.0.saturating_add(self.up_to(range) as u64))
    }

    /// A number from 0 to `most`.
    pub(super) const fn up_to(&mut self, most: u32) -> u32 {
        // The high half of a product: even, and without a division.
        ((self.next() as u64 * (most as u64 + 1)) >> 32) as u32
    }

    const fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9E37_79B9);
        let mut x = self.0;
        x = (x ^ (x >> 16)).wrapping_mul(0x7FEB_352D);
        x = (x ^ (x >> 15)).wrapping_mul(0x846C_A68B);
        x ^ (x >> 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every length of the range, no other, and each about as often.
    #[test]
    fn a_draw_is_even() {
        for seed in [0, 1, 4711, u32::MAX] {
            let mut seen = [0; 5];
            let mut jitter = Jitter::new(seed);
            for _ in 0..50_000 {
                let drawn = jitter.between(Millis(7), Millis(11));
                seen[usize::try_from(drawn.0 - 7).unwrap()] += 1;
            }
            for count in seen {
                assert!((9_500..=10_500).contains(&count), "{seed}: {seen:?}");
            }
        }
    }

    #[test]
    fn a_range_of_nothing_is_its_start() {
        let mut jitter = Jitter::new(1);
        for (shortest, longest) in [(5, 5), (5, 4), (u64::MAX, 0), (u64::MAX, u64::MAX)] {
            let drawn = jitter.between(Millis(shortest), Millis(longest));
            assert_eq!(drawn, Millis(shortest));
        }
    }

    #[test]
    fn the_longest_ranges() {
        let mut jitter = Jitter::new(1);
        let half = u64::from(u32::MAX / 2);
        let (mut low, mut high) = (false, false);
        for _ in 0..100 {
            let Millis(drawn) = jitter.between(Millis(3), Millis(u64::MAX));
            assert!((3..=3 + u64::from(u32::MAX)).contains(&drawn));
            low |= drawn < half;
            high |= drawn > half;
            let Millis(drawn) = jitter.between(Millis(u64::MAX - 1), Millis(u64::MAX));
            assert!(drawn >= u64::MAX - 1);
        }
        assert!(low && high);
    }

    /// Seeds that follow one another, as those of a connection counter, are spread by their first
    /// number already.
    #[test]
    fn the_first_draw_of_many() {
        let mut seen = [0; 10];
        for seed in 0..10_000 {
            let Millis(drawn) = Jitter::new(seed).between(Millis(0), Millis(9));
            seen[usize::try_from(drawn).unwrap()] += 1;
        }
        for count in seen {
            assert!((850..=1_150).contains(&count), "{seen:?}");
        }
    }
}
