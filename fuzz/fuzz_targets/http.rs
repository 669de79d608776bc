//! Headers as a peer may send them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sse_codec_fuzz::headers::*;

fuzz_target!(|bytes: &[u8]| {
    // Every line is the value of a header line.
    let values = bytes.split(|byte| *byte == b'\n').collect::<Vec<_>>();
    assert_accept(&values);
    assert_content_type(values[0]);
    assert_last_event_id(bytes);
    assert_last_event_id(values[0]);
    assert_last_event_id_value(bytes);
    assert_last_event_id_value(values[0]);
    assert_retry_after(values[0], values[values.len() - 1]);
    assert_chunk_size(bytes);
});
