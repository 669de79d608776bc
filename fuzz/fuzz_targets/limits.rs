//! Limits smaller than the events: the same overflow at the same byte for each storage and cut.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_codec_fuzz::{
    Input,
    decoding::{assert_decodes_in_each_storage, assert_id_limit},
    pieces,
};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let (limit, id_limit, sizes) = (input.byte(), input.byte(), input.sized());
    let pieces = pieces(input.rest(), sizes);
    assert_decodes_in_each_storage(limit, &pieces);
    assert_id_limit(limit, id_limit, &pieces);
});
