use sse_codec::http::{
    ChunkSize, accepts_event_stream, is_event_stream, last_event_id, last_event_id_value, quality,
    retry_after,
};

crate::entries! {
    fn entry_accept(lines: &[&[u8]], line: Option<&str>, media_type: &str, bytes: &[u8]) {
        accepts_event_stream(lines);
        accepts_event_stream(line);
        quality(lines, media_type);
        is_event_stream(bytes);
    }

    fn entry_last_event_id(bytes: &'static [u8]) {
        last_event_id(bytes);
        last_event_id_value(bytes);
    }

    fn entry_chunk_size(size: &'static ChunkSize, len: usize) {
        ChunkSize::new(len);
        size.as_bytes();
    }

    fn entry_retry_after(value: &[u8], date: Option<&[u8]>) {
        retry_after(value, date);
    }
}
