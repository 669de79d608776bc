//! Data that is produced while it is written: as if it had been there at once, however it is cut,
//! and nothing at all when there is no room or the writer is dropped.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_codec::DataWriter;
use sse_codec_fuzz::{Input, encoding::*, pieces, producing::*};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let (room, sizes, begun) = (input.byte(), input.sized(), input.sized());
    let fields = fields(&mut input);
    let (pieces, text) = (pieces(input.0, sizes), [begun, input.0].concat());
    let (begun, event) = (with_data(fields, begun), with_data(fields, &text));
    if frame(event).is_some() {
        assert_produced(begun, &pieces, &written(event));
        assert_taken_back(begun, &pieces);
        assert_fits_or_nothing(room.into(), begun, &pieces, &written(event));
    } else {
        assert!(DataWriter::new(&mut Vec::new(), begun).is_err());
    }
});
