//! What the core shows as text: `Display` and `Debug`, by way of `core::fmt`.

use core::fmt::{Debug, Display, Write};

use sse_codec::{
    Borrowed, BufferTooSmall, Chunk, Cursor, DataWriter, Detached, DetachedChunk, End, Event,
    EventTooLarge, Frame, Inline, InlineEvent, InvalidField, InvalidLastEventId, Jitter, Lexer,
    Lossy, Millis, Next, Overflow, Parser, Policy, Ready, Reconnect, ReconnectConfig, Response,
    SinkFull, SliceSink, Slices, Step, Stop, Timeout, Timers, TimersConfig, Token,
    http::{ChunkSize, Unsendable},
    replay::{AppendError, Evicted, Id, IdText, Outcome, Resume, Ring, Window},
};

/// Somebody's output.
pub struct Out(usize);

unsafe extern "C" {
    safe fn some_out(id: usize, address: usize, len: usize) -> bool;
}

impl Write for Out {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        if some_out(self.0, text.as_ptr().addr(), text.len()) {
            Ok(())
        } else {
            Err(core::fmt::Error)
        }
    }
}

fn display(out: &mut Out, value: &impl Display) -> core::fmt::Result {
    write!(out, "{value}")
}

fn debug(out: &mut Out, value: &impl Debug) -> core::fmt::Result {
    write!(out, "{value:?}")
}

crate::entries! {
    fn entry_display_lossy(out: &mut Out, value: &Lossy<'_>) { display(out, value) }
    fn entry_display_overflow(out: &mut Out, value: &Overflow) { display(out, value) }
    fn entry_display_invalid_field(out: &mut Out, value: &InvalidField) { display(out, value) }
    fn entry_display_invalid_id(out: &mut Out, value: &InvalidLastEventId) { display(out, value) }
    fn entry_display_buffer_too_small(out: &mut Out, value: &BufferTooSmall) { display(out, value) }
    fn entry_display_sink_full(out: &mut Out, value: &SinkFull) { display(out, value) }
    fn entry_display_stop(out: &mut Out, value: &Stop) { display(out, value) }
    fn entry_display_unsendable(out: &mut Out, value: &Unsendable) { display(out, value) }

    fn entry_display_id(out: &mut Out, value: &Id) { display(out, value) }
    fn entry_display_append_error(out: &mut Out, value: &AppendError) { display(out, value) }
    fn entry_display_evicted(out: &mut Out, value: &Evicted) { display(out, value) }

    fn entry_debug_id(out: &mut Out, value: &Id) { debug(out, value) }
    fn entry_debug_id_text(out: &mut Out, value: &IdText) { debug(out, value) }
    fn entry_debug_window(out: &mut Out, value: &Window) { debug(out, value) }
    fn entry_debug_resume(out: &mut Out, value: &Resume) { debug(out, value) }
    fn entry_debug_outcome(out: &mut Out, value: &Outcome) { debug(out, value) }
    fn entry_debug_ring(out: &mut Out, value: &Ring<64>) { debug(out, value) }
    fn entry_debug_append_error(out: &mut Out, value: &AppendError) { debug(out, value) }

    fn entry_display_event_too_large(out: &mut Out, value: &EventTooLarge) { display(out, value) }

    fn entry_debug_inline_event(out: &mut Out, value: &InlineEvent<64>) { debug(out, value) }
    fn entry_debug_jitter(out: &mut Out, value: &Jitter) { debug(out, value) }
    fn entry_debug_chunk(out: &mut Out, value: &Chunk<'_>) { debug(out, value) }
    fn entry_debug_detached_chunk(out: &mut Out, value: &DetachedChunk) { debug(out, value) }
    fn entry_debug_lexer(out: &mut Out, value: &Lexer) { debug(out, value) }
    fn entry_debug_token(out: &mut Out, value: &Token<'_>) { debug(out, value) }
    fn entry_debug_step(out: &mut Out, value: &Step<'_>) { debug(out, value) }
    fn entry_debug_ready(out: &mut Out, value: &Ready<'_>) { debug(out, value) }
    fn entry_debug_detached(out: &mut Out, value: &Detached) { debug(out, value) }
    fn entry_debug_inline(out: &mut Out, value: &Parser<Inline<64, 16>>) { debug(out, value) }
    fn entry_debug_borrowed(out: &mut Out, value: &Parser<Borrowed<'_>>) { debug(out, value) }
    fn entry_debug_event(out: &mut Out, value: &Event<'_>) { debug(out, value) }
    fn entry_debug_lossy(out: &mut Out, value: &Lossy<'_>) { debug(out, value) }
    fn entry_debug_millis(out: &mut Out, value: &Millis) { debug(out, value) }
    fn entry_debug_overflow(out: &mut Out, value: &Overflow) { debug(out, value) }
    fn entry_debug_invalid_field(out: &mut Out, value: &InvalidField) { debug(out, value) }
    fn entry_debug_invalid_id(out: &mut Out, value: &InvalidLastEventId) { debug(out, value) }
    fn entry_debug_frame(out: &mut Out, value: &Frame<'_>) { debug(out, value) }
    fn entry_debug_slices(out: &mut Out, value: &Slices<'_>) { debug(out, value) }
    fn entry_debug_cursor(out: &mut Out, value: &Cursor<'_>) { debug(out, value) }
    fn entry_debug_sink(out: &mut Out, value: &SliceSink<'_>) { debug(out, value) }
    fn entry_debug_writer(out: &mut Out, value: &DataWriter<'_, SliceSink<'_>>) { debug(out, value) }
    fn entry_debug_timers(out: &mut Out, value: &Timers) { debug(out, value) }
    fn entry_debug_config(out: &mut Out, value: &TimersConfig) { debug(out, value) }
    fn entry_debug_timeout(out: &mut Out, value: &Timeout) { debug(out, value) }
    fn entry_debug_chunk_size(out: &mut Out, value: &ChunkSize) { debug(out, value) }
    fn entry_debug_unsendable(out: &mut Out, value: &Unsendable) { debug(out, value) }
    fn entry_debug_reconnect(out: &mut Out, value: &Reconnect) { debug(out, value) }
    fn entry_debug_reconnect_config(out: &mut Out, value: &ReconnectConfig) { debug(out, value) }
    fn entry_debug_response(out: &mut Out, value: &Response<'_>) { debug(out, value) }
    fn entry_debug_end(out: &mut Out, value: &End) { debug(out, value) }
    fn entry_debug_next(out: &mut Out, value: &Next) { debug(out, value) }
    fn entry_debug_policy(out: &mut Out, value: &Policy) { debug(out, value) }
}
