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
        // Long division, sixteen bits at a time: 64-bit division is a kilobyte of a small device.
        let mut limbs = [
            (number.0 >> 48) as u32,
            (number.0 >> 32) as u32 & 0xFFFF,
            (number.0 >> 16) as u32 & 0xFFFF,
            number.0 as u32 & 0xFFFF,
        ];
        while start > 0 {
            start -= 1;
            let (mut limb, mut rest, mut any) = (0, 0, 0);
            while limb < limbs.len() {
                let part = rest << 16 | limbs[limb];
                limbs[limb] = part / 10;
                rest = part % 10;
                any |= limbs[limb];
                limb += 1;
            }
            bytes[start] = b'0' + rest as u8;
            if any == 0 {
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
