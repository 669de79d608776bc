//! A whole client over connections that fail, hang, redirect, refuse, fall silent and break as the
//! input says, on a paused clock: its items and requests are a model's, to the millisecond.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_codec_fuzz::{Input, client::Plan};

fuzz_target!(|bytes: &[u8]| {
    let plan = Plan::new(&mut Input(bytes));
    assert_eq!(plan.run(), plan.expected());
});
