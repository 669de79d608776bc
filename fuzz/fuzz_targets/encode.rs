//! Any event and any comment: written in every way, through buffers of any size, and read back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_codec::Frame;
use sse_codec_fuzz::{Input, encoding::*};

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    let (sizes, has_data, fields) = (input.sized(), input.byte(), fields(&mut input));
    let text = input.rest();
    let event = if has_data & 1 == 0 {
        fields
    } else {
        with_data(fields, text)
    };
    if let Some(frame) = frame(event) {
        let wire = written(event);
        assert_written(&frame, &wire, sizes);
        assert_received(event, &wire);
    }
    let comment = Frame::comment(text).to_vec();
    assert_written(&Frame::comment(text), &comment, sizes);
    assert_comment_received(text, &comment);
});
