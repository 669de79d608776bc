use crate::Millis;

/// A number in decimal, as it stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Digits {
    /// Right-aligned.
    bytes: [u8; Self::MAX],
    start: u8,
}

impl Digits {
    /// `u64::MAX` has twenty digits.
    const MAX: usize = 20;

    pub(super) const fn new(number: Millis) -> Self {
        let mut bytes = [b'0'; Self::MAX];
        let mut start = Self::MAX;
        let mut rest = number.0;
        while start > 0 {
            start -= 1;
            bytes[start] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        Self {
            bytes,
            start: start as u8,
        }
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.bytes
            .get(usize::from(self.start)..)
            .unwrap_or_default()
    }

    /// Drops this many digits from the front.
    pub(super) fn advance(&mut self, count: usize) {
        self.start = usize::from(self.start).saturating_add(count).min(Self::MAX) as u8;
    }
}
