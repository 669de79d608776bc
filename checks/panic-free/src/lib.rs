//! Every function of the core, called with arguments that the compiler knows nothing of, behind
//! exported symbols that begin with `entry_`. `run.sh` links them and throws all else away: a way
//! from one of them to a panic ends in the symbol `a_panic_is_reachable`, which nobody defines.
//!
//! Each call is an arm of its own, so that what one call leaves behind proves nothing about the
//! next: a method has to be free of panics in every state its type can be in.
#![no_std]

#[cfg(not(feature = "growable"))]
mod decode;
#[cfg(not(feature = "growable"))]
mod encode;
#[cfg(feature = "growable")]
mod growable;
#[cfg(not(feature = "growable"))]
mod http;
mod parser;
#[cfg(not(feature = "growable"))]
mod reconnect;
#[cfg(not(feature = "growable"))]
mod replay;
#[cfg(not(feature = "growable"))]
mod text;

unsafe extern "C" {
    safe fn a_panic_is_reachable() -> !;
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    a_panic_is_reachable()
}

/// Exports functions that make one of the calls in them, chosen at run time.
macro_rules! entries {
    ($(fn $name:ident($($arg:ident: $type:ty),* $(,)?) { $($call:expr);* $(;)? })*) => { $(
        #[unsafe(no_mangle)]
        pub fn $name(which: usize, $($arg: $type),*) {
            $crate::pick!(which, 0; $($call;)*);
        }
    )* };
}

macro_rules! pick {
    ($which:expr, $number:expr; $call:expr; $($more:tt)*) => {
        if $which == $number {
            // Nothing of the result may be optimised away.
            core::hint::black_box(&$call);
        } else {
            $crate::pick!($which, $number + 1; $($more)*);
        }
    };
    ($which:expr, $number:expr;) => {};
}

use {entries, pick};

#[cfg(feature = "planted")]
entries! {
    fn entry_planted(bytes: &[u8], at: usize) {
        sse_codec::planted(bytes, at);
    }
}
