use sse_codec::http::{
    Answer, ChunkSize, accepts_event_stream, is_event_stream, last_event_id, quality,
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
    }

    fn entry_chunk_size(size: &'static ChunkSize, len: usize) {
        ChunkSize::new(len);
        size.as_bytes();
    }

    fn entry_answer(status: u16, content_type: &[u8]) {
        Answer::new(status, content_type);
    }
}
