//! A whole connection over a transport that stalls, cuts and fails as the input says, on a paused
//! clock: the peer gets whole events in order, and the summary says what happened.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_codec_fuzz::{Input, connection::Plan};

fuzz_target!(|bytes: &[u8]| {
    let plan = Plan::new(&mut Input(bytes));
    plan.run().check();
});
