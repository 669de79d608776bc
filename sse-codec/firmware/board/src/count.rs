use core::arch::asm;

use cortex_m::peripheral::{SYST, syst::SystClkSource};

/// Counts instructions the way QEMU does. Under `-icount` each takes the same time, so a timer that
/// was calibrated with a loop of known length counts them.
///
/// That is not time on silicon: no wait states, no pipeline, and a load costs what an addition does.
pub struct Counter {
    /// What [`CALIBRATION`] instructions take.
    ticks: u32,
    /// What counting nothing gives.
    overhead: u32,
}

const CALIBRATION: u32 = 1 << 20;
const MASK: u32 = 0x00FF_FFFF;

impl Counter {
    /// Sets the timer going and calibrates it.
    #[must_use]
    pub fn new(mut timer: SYST) -> Self {
        timer.set_clock_source(SystClkSource::Core);
        timer.set_reload(MASK);
        timer.clear_current();
        timer.enable_counter();
        let mut counter = Self {
            ticks: CALIBRATION,
            overhead: 0,
        };
        counter.ticks = counter.count(|| {
            // SAFETY: counts a register down.
            unsafe {
                asm!("2:", "subs {n}, #1", "bne 2b", n = inout(reg) CALIBRATION / 2 => _,
                     options(nomem, nostack));
            }
        });
        counter.overhead = counter.count(|| {});
        counter
    }

    /// The instructions that `call` takes, up to eight million or so, give or take two.
    pub fn count(&self, call: impl FnOnce()) -> u32 {
        let start = SYST::get_current();
        call();
        let ticks = start.wrapping_sub(SYST::get_current()) & MASK;
        self.instructions(ticks).saturating_sub(self.overhead)
    }

    fn instructions(&self, ticks: u32) -> u32 {
        let instructions = u64::from(ticks) * u64::from(CALIBRATION) / u64::from(self.ticks);
        u32::try_from(instructions).unwrap_or(u32::MAX)
    }
}

/// Milliseconds of a core that does eight instructions in a microsecond. To be asked a few times a
/// second at least, because the timer has 24 bits.
pub struct Clock<'c> {
    counter: &'c Counter,
    seen: u32,
    /// The instructions of the current millisecond.
    part: u32,
    millis: u64,
}

const PER_MILLISECOND: u32 = 8_000;

impl<'c> Clock<'c> {
    /// A clock that starts at 0.
    #[must_use]
    pub fn new(counter: &'c Counter) -> Self {
        Self {
            counter,
            seen: SYST::get_current(),
            part: 0,
            millis: 0,
        }
    }

    /// The milliseconds since the start.
    pub fn now(&mut self) -> u64 {
        let current = SYST::get_current();
        let ticks = self.seen.wrapping_sub(current) & MASK;
        self.seen = current;
        self.part += self.counter.instructions(ticks);
        self.millis += u64::from(self.part / PER_MILLISECOND);
        self.part %= PER_MILLISECOND;
        self.millis
    }
}
