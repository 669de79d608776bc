/// A number in decimal, as it stands on the wire, or none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Digits {
    /// Right-aligned.
    bytes: [u8; Self::MAX],
    start: u8,
}

impl Digits {
    /// `u64::MAX` has twenty digits.
    const MAX: usize = 20;

    pub(crate) const NONE: Self = Self {
        bytes: [b'0'; Self::MAX],
        start: Self::MAX as u8,
    };

    // A call, so that frames without a number do not carry it along. On bare metal a call would need a
    // `memcpy`.
    #[cfg_attr(not(target_os = "none"), inline(never))]
    pub(crate) const fn new(number: u64) -> Self {
        let mut digits = Self::NONE;
        digits.start -= put(number, &mut digits.bytes) as u8;
        digits
    }

    pub(crate) const fn as_bytes(&self) -> Option<&[u8]> {
        match self.bytes.split_at_checked(self.start as usize) {
            Some((_, [])) | None => None,
            Some((_, digits)) => Some(digits),
        }
    }
}

/// Writes a number in decimal at the end of `room`, as far as that reaches, and returns how many digits
/// that were.
pub(crate) const fn put(number: u64, mut room: &mut [u8]) -> usize {
    // Long division, eight bits at a time: 64-bit division is a kilobyte of a small device.
    let mut limbs = number.to_be_bytes();
    let mut count = 0;
    while let [rest_of_room @ .., digit] = room {
        let (mut limb, mut rest, mut any) = (0, 0, 0);
        while limb < limbs.len() {
            let part = rest << 8 | limbs[limb] as u32;
            // A tenth, of a number below 2560: a Cortex-M0 cannot divide at all.
            limbs[limb] = ((part * 6554) >> 16) as u8;
            rest = part - limbs[limb] as u32 * 10;
            any |= limbs[limb];
            limb += 1;
        }
        *digit = b'0' + rest as u8;
        count += 1;
        if any == 0 {
            break;
        }
        room = rest_of_room;
    }
    count
}
