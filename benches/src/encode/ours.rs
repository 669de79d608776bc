//! `sse-codec` in its ways: into a reused slice, a reused `Vec`, as borrowed slices, through a
//! cursor in pieces of 256 B, and with the data produced while encoding.

use std::sync::{Mutex, PoisonError};

use super::{
    Encoder, Role, Wire, Work,
    cases::{Message, Payload},
};

pub(super) const ALL: &[Encoder] = &[
    Encoder::new("ours-slice", Role::Ours, with_features::slice),
    Encoder::new("ours-vec", Role::Ours, with_features::vec),
    Encoder::new("ours-slices", Role::Ours, with_features::slices),
    Encoder::new("ours-cursor", Role::Ours, with_features::cursor),
    Encoder::new("plain-slice", Role::Ours, without_features::slice),
];

/// The same code against either build of the codec.
macro_rules! encoders {
    ($codec:ident) => {
        use $codec::{Event, Frame, InvalidField};

        use super::{Message, Wire, Work, with_buffer};

        fn frame(message: &Message) -> Result<Frame<'_>, InvalidField> {
            Frame::event(fields(
                &message.event_type,
                &message.id,
                Event::text(&message.data),
            ))
        }

        fn fields<'a>(event_type: &'a str, id: &'a str, mut event: Event<'a>) -> Event<'a> {
            if !event_type.is_empty() {
                event = event.with_type(event_type.as_bytes());
            }
            if !id.is_empty() {
                event = event.with_id(id.as_bytes());
            }
            event
        }

        /// Every frame of the work, one after the other.
        fn each(work: Work, mut to: impl FnMut(&Frame<'_>)) -> Option<()> {
            match work {
                Work::Messages(messages) => {
                    for message in messages {
                        to(&frame(message).ok()?);
                    }
                }
                Work::Heartbeats(count) => (0..count).for_each(|_| to(&Frame::HEARTBEAT)),
                Work::Payloads(_) => return None,
            }
            Some(())
        }

        pub(super) fn slice(work: Work, wire: &mut Wire) -> Option<()> {
            with_buffer(|buffer| match work {
                Work::Payloads(payloads) => produced_into(payloads, buffer, wire),
                _ => each(work, |frame| {
                    wire.take(frame.encode(buffer).unwrap_or_default())
                }),
            })
        }
    };
}

mod with_features {
    use std::sync::{Mutex, PoisonError};

    use sse_codec::{DataWriter, Sink, SliceSink};

    use super::Payload;

    encoders!(sse_codec);

    pub(super) fn vec(work: Work, wire: &mut Wire) -> Option<()> {
        static BUFFER: Mutex<Vec<u8>> = Mutex::new(Vec::new());
        let mut buffer = BUFFER.lock().unwrap_or_else(PoisonError::into_inner);
        buffer.clear();
        if let Work::Payloads(payloads) = work {
            return produced(payloads, &mut *buffer, |buffer| {
                wire.take(buffer);
                buffer.clear();
            });
        }
        each(work, |frame| {
            buffer.clear();
            frame.append_to(&mut buffer);
            wire.take(&buffer);
        })
    }

    pub(super) fn slices(work: Work, wire: &mut Wire) -> Option<()> {
        each(work, |frame| {
            frame.slices().for_each(|slice| wire.take(slice));
        })
    }

    pub(super) fn cursor(work: Work, wire: &mut Wire) -> Option<()> {
        let mut buffer = [0; 256];
        each(work, |frame| {
            let mut cursor = frame.cursor();
            while !cursor.is_done() {
                let len = cursor.copy_to(&mut buffer);
                wire.take(&buffer[..len]);
            }
        })
    }

    fn produced_into(payloads: &[Payload], buffer: &mut [u8], wire: &mut Wire) -> Option<()> {
        produced(payloads, &mut SliceSink::new(buffer), |sink| {
            wire.take(sink.written());
            sink.clear();
        })
    }

    fn produced<S: Sink>(
        payloads: &[Payload],
        sink: &mut S,
        mut done: impl FnMut(&mut S),
    ) -> Option<()> {
        for payload in payloads {
            let event = fields(&payload.event_type, &payload.id, Event::without_data());
            let mut writer = DataWriter::new(sink, event).ok()?;
            serde_json::to_writer(&mut writer, &payload.data).ok()?;
            writer.finish().ok()?;
            done(sink);
        }
        Some(())
    }
}

mod without_features {
    use super::Payload;

    encoders!(sse_codec_plain);

    /// `serde_json` writes into `std::io::Write` only.
    fn produced_into(_: &[Payload], _: &mut [u8], _: &mut Wire) -> Option<()> {
        None
    }
}

/// Lends a buffer that no run has to clear first, with room for the largest frame.
fn with_buffer<T>(f: impl FnOnce(&mut [u8]) -> T) -> T {
    static BUFFER: Mutex<[u8; 128 << 10]> = Mutex::new([0; 128 << 10]);
    f(&mut *BUFFER.lock().unwrap_or_else(PoisonError::into_inner))
}
