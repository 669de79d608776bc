use core::fmt::Write;

use sse_codec::{
    Cursor, DataWriter, Event, Frame, Jitter, Millis, Sink, SliceSink, Slices, Timers, TimersConfig,
};

/// A sink of which nothing is known.
pub struct Unknown(u8);

unsafe extern "C" {
    safe fn some_sink(address: usize, len: usize) -> usize;
}

impl Sink for Unknown {
    type Error = usize;

    fn push_bytes(&mut self, bytes: &[u8]) -> Result<(), usize> {
        match some_sink(bytes.as_ptr().addr(), bytes.len()) {
            0 => Ok(()),
            error => Err(error),
        }
    }

    fn position(&self) -> usize {
        some_sink(usize::from(self.0), 0)
    }

    fn rollback(&mut self, position: usize) -> bool {
        some_sink(position, 0) == 0
    }
}

crate::entries! {
    fn entry_frame_new(event: Event<'static>, bytes: &'static [u8], time: Millis) {
        Frame::HEARTBEAT;
        Frame::event(event);
        Frame::message(bytes);
        Frame::comment(bytes);
        Frame::id(bytes);
        Frame::event_type(bytes);
        Frame::retry(time);
    }

    fn entry_frame(
        frame: &'static Frame<'static>,
        other: &Frame<'_>,
        buffer: &'static mut [u8],
        sink: &mut SliceSink<'static>,
        unknown: &mut Unknown,
    ) {
        frame.slices();
        frame.cursor();
        frame.encoded_len();
        frame.encode(buffer);
        frame.write_to(sink);
        frame.write_to(unknown);
        frame == other;
    }

    fn entry_slices(slices: &mut Slices<'static>, other: Slices<'static>) {
        slices.next();
        slices.size_hint();
        other.for_each(|slice| { core::hint::black_box(slice); });
    }

    fn entry_cursor(cursor: &mut Cursor<'static>, buffer: &mut [u8], count: usize) {
        cursor.is_done();
        cursor.chunk();
        cursor.advance(count);
        cursor.copy_to(buffer);
        cursor.slices().for_each(|slice| { core::hint::black_box(slice); });
        cursor.clone();
    }

    fn entry_slice_sink(sink: &mut SliceSink<'static>, buffer: &'static mut [u8], bytes: &[u8], position: usize) {
        SliceSink::new(buffer);
        sink.written();
        sink.clear();
        sink.push_bytes(bytes);
        sink.position();
        sink.rollback(position);
    }

    fn entry_heapless_sink(
        frame: &Frame<'_>,
        vec: &mut heapless::Vec<u8, 64>,
        view: &mut heapless::VecView<u8, u8>,
        bytes: &[u8],
        position: usize,
    ) {
        frame.write_to(vec);
        frame.write_to(view);
        vec.push_bytes(bytes);
        vec.rollback(position);
        view.push_bytes(bytes);
        view.rollback(position);
    }

    fn entry_data_writer_new(
        sink: &'static mut SliceSink<'static>,
        unknown: &'static mut Unknown,
        event: Event<'static>,
    ) {
        DataWriter::new(sink, event);
        DataWriter::new(unknown, event);
    }

    fn entry_data_writer(
        writer: &mut DataWriter<'static, SliceSink<'static>>,
        finished: DataWriter<'static, SliceSink<'static>>,
        bytes: &[u8],
        text: &str,
        letter: char,
    ) {
        writer.push(bytes);
        writer.write_str(text);
        writer.write_char(letter);
        finished.finish();
    }

    fn entry_data_writer_unknown(
        writer: &mut DataWriter<'static, Unknown>,
        finished: DataWriter<'static, Unknown>,
        bytes: &[u8],
        text: &str,
        letter: char,
    ) {
        writer.push(bytes);
        writer.write_str(text);
        writer.write_char(letter);
        finished.finish();
    }

    fn entry_jitter(jitter: &mut Jitter, seed: u32, shortest: Millis, longest: Millis) {
        Jitter::new(seed);
        jitter.between(shortest, longest);
        jitter.clone();
    }

    fn entry_timers_config(config: TimersConfig, other: &TimersConfig, time: Millis, jitter: Millis) {
        TimersConfig::new();
        TimersConfig::default();
        config.with_heartbeat(time, jitter);
        config.heartbeat();
        config.write_deadline();
        config.with_write_deadline(time);
        config.with_lifetime(time, jitter);
        config == *other;
    }

    fn entry_timers(
        timers: &mut Timers,
        config: TimersConfig,
        now: Millis,
        seed: u32,
        bytes: usize,
        pending: usize,
    ) {
        Timers::new(now, config, seed);
        timers.wrote(now, bytes, pending);
        timers.poll_timeout();
        timers.handle_timeout(now);
        timers.clone();
    }
}
