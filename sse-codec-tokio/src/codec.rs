use std::io;

use bytes::{Buf, BytesMut};
use sse_codec::{Chunk, Frame, InvalidLastEventId, Millis, Overflow, Parser};
use tokio_util::codec::{Decoder, Encoder};

use crate::{encoded::EncodedFrame, owned::OwnedEvent, reader::Assembler};

/// The codec for a program that has a [`tokio_util::codec::Framed`] already. Without one, an
/// [`EventReader`](crate::EventReader) shares memory with large events, shows comments and has a read
/// timeout; an [`EventWriter`](crate::EventWriter) has a bound and heartbeats.
///
/// An event that is larger than the limit is an item, not an error: an error would end the stream.
///
/// What the end of the stream cuts off gives no event (WHATWG HTML §9.2.6).
/// [`is_inside_block`](Self::is_inside_block) says, at the end, whether there was something.
#[derive(Debug)]
pub struct EventCodec {
    assembler: Assembler,
}

impl EventCodec {
    /// A codec whose events hold up to `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            assembler: Assembler::new(Parser::growable(limit)),
        }
    }

    /// The last event ID: what to reconnect with.
    #[must_use]
    pub fn last_event_id(&self) -> &[u8] {
        self.assembler.parser().last_event_id()
    }

    /// The reconnection time that the server has set last.
    #[must_use]
    pub const fn retry(&self) -> Option<Millis> {
        self.assembler.parser().retry()
    }

    /// Starts with this last event ID.
    ///
    /// # Errors
    /// As [`Parser::set_last_event_id`].
    pub fn set_last_event_id(&mut self, id: &[u8]) -> Result<(), InvalidLastEventId> {
        self.assembler.parser_mut().set_last_event_id(id)
    }

    /// Whether a block has begun and has not ended. At the end of the stream it means that the last
    /// event was cut off.
    #[must_use]
    pub const fn is_inside_block(&self) -> bool {
        self.assembler.parser().is_inside_block()
    }
}

impl Decoder for EventCodec {
    type Item = Result<OwnedEvent, Overflow>;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Self::Item>> {
        let mut chunk = Chunk::new(src);
        let event = self.assembler.next_event(&mut chunk, None);
        let position = chunk.position();
        src.advance(position);
        Ok(event)
    }

    /// What the end cuts off gives no event, and no error either.
    fn decode_eof(&mut self, src: &mut BytesMut) -> io::Result<Option<Self::Item>> {
        self.decode(src)
    }
}

impl Encoder<Frame<'_>> for EventCodec {
    type Error = io::Error;

    fn encode(&mut self, frame: Frame<'_>, dst: &mut BytesMut) -> io::Result<()> {
        frame
            .slices()
            .for_each(|slice| dst.extend_from_slice(slice));
        Ok(())
    }
}

impl Encoder<EncodedFrame> for EventCodec {
    type Error = io::Error;

    fn encode(&mut self, frame: EncodedFrame, dst: &mut BytesMut) -> io::Result<()> {
        dst.extend_from_slice(frame.as_bytes());
        Ok(())
    }
}
