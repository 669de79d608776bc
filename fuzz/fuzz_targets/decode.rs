//! The parser against the oracle, cut where the input says, around an event that makes the storage
//! grow and shrink.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_codec::{Inline, Parser};
use sse_codec_fuzz::{Input, decoding::assert_decodes, pieces};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let (large, sizes) = (input.byte(), input.sized());
    let stream = input.rest();
    assert_decodes(Parser::<Inline<4096>>::new(), &pieces(stream, sizes), None);
    if large > 0 {
        let value = vec![b'x'; 16 * usize::from(large)];
        let stream = [stream, b"\n\ndata:", &value, b"\n\n", stream].concat();
        assert_decodes(Parser::growable(1 << 16), &pieces(&stream, sizes), None);
    }
});
