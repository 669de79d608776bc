//! What happens between the server and the client.

use core::fmt::Write;

use heapless::String;
use sse_codec::Millis;

pub const PORT: u16 = 80;

/// How many times the device has started.
pub const EPOCH: u64 = 12;

/// How many readings there are to tell. After the last one, the server wants no more connections.
pub const READINGS: u32 = 8;

/// The reading in the middle of which the first connection breaks.
pub const CUT: u32 = 3;

/// How many bytes of readings the first connection gets until then.
pub const CUT_AFTER: usize = 200;

/// How long the server lets a connection live: less than the pause, so that it ends in there.
pub const LIFETIME: Millis = Millis(300);

/// How long the client is told to wait before it comes back.
pub const RETRY: Millis = Millis(25);

/// How long after this reading the next one follows: once so long that there must be heartbeats.
pub const fn pause_after(reading: u32) -> u64 {
    if reading == 5 { 400 } else { 10 }
}

/// What a reading says.
pub fn data(reading: u32) -> String<64> {
    let mut data = String::new();
    let (degrees, tenth) = (18 + reading / 4, reading % 10);
    write!(
        data,
        "channel 1: {degrees}.{tenth} °C\nchannel 2: {degrees}.0 °C"
    )
    .expect("room");
    data
}
