use core::arch::asm;

use cortex_m::register::msp;

/// How far below the caller is painted. A call that needs more shows as needing this.
const DEPTH: u32 = 4096;
const PAINT: u32 = 0x5AFE_57AC;

/// The bytes of stack that `call` has touched: paints the free part of the stack, calls, and sees
/// how far down the paint is gone. What a call reserves and never writes to does not count.
#[inline(never)]
pub fn stack_used(call: impl FnOnce()) -> usize {
    unsafe extern "C" {
        static _stack_end: u32;
    }
    let top = msp::read();
    let end = &raw const _stack_end;
    let bottom = top.wrapping_sub(DEPTH).max(end.addr() as u32);
    // SAFETY: between the statics and the stack pointer is nobody's memory.
    unsafe {
        asm!(
            "2:",
            "str {paint}, [{at}]",
            "adds {at}, #4",
            "cmp {at}, {top}",
            "bne 2b",
            at = inout(reg) bottom => _,
            top = in(reg) top,
            paint = in(reg) PAINT,
        );
    }
    call();
    let lowest: u32;
    // SAFETY: reads words from there up, at most to where the stack pointer was.
    unsafe {
        asm!(
            "2:",
            "ldr {word}, [{at}]",
            "cmp {word}, {paint}",
            "bne 3f",
            "adds {at}, #4",
            "cmp {at}, {top}",
            "bne 2b",
            "3:",
            at = inout(reg) bottom => lowest,
            top = in(reg) top,
            paint = in(reg) PAINT,
            word = out(reg) _,
            options(readonly),
        );
    }
    top.wrapping_sub(lowest) as usize
}
