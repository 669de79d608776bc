use core::time::Duration;

/// Milliseconds: a length of time, or, where an argument is called `now`, the time since any
/// start of the caller's choice.
///
/// The core has no clock. It counts in whole milliseconds because that is what `retry` is
/// written in (WHATWG HTML §9.2.6), and because [`Duration`] would bring 64-bit division into
/// firmware.
///
/// ```
/// use core::time::Duration;
/// use sse_codec::Millis;
///
/// assert_eq!(Duration::from(Millis(1_500)), Duration::from_millis(1_500));
/// assert_eq!(Millis::from(Duration::from_secs(2)), Millis(2_000));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub u64);

impl From<Millis> for Duration {
    fn from(millis: Millis) -> Self {
        Self::from_millis(millis.0)
    }
}

/// Parts of a millisecond are cut off; what exceeds `u64` becomes `u64::MAX`.
impl From<Duration> for Millis {
    fn from(duration: Duration) -> Self {
        Self(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX))
    }
}
