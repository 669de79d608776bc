use std::io;

use bytes::{Buf, BytesMut};
use sse_codec::{Chunk, Frame, Growable, Overflow, Parser};
use tokio_util::codec::{Decoder, Encoder};

use crate::{
    encoded::EncodedFrame,
    owned::{OwnedEvent, Owner},
};

/// The codec for a [`tokio_util::codec::Framed`]: for who has one already. An
/// [`EventReader`](crate::EventReader) shares memory with large events and has a read timeout, an
/// [`EventWriter`](crate::EventWriter) has a bound and heartbeats.
///
/// An oversized event is an item, not an error: an error would end the stream.
#[derive(Debug)]
pub struct EventCodec {
    parser: Parser<Growable>,
    owner: Owner,
}

impl EventCodec {
    /// A codec whose events hold up to `limit` bytes.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self {
            parser: Parser::growable(limit),
            owner: Owner::new(),
        }
    }
}

impl Decoder for EventCodec {
    type Item = Result<OwnedEvent, Overflow>;
    type Error = io::Error;

    fn decode(&mut self, src: &mut BytesMut) -> io::Result<Option<Self::Item>> {
        let mut chunk = Chunk::new(src);
        let ready = self.parser.next_ready(&mut chunk).transpose();
        let position = chunk.position();
        let item = ready.map(|ready| Ok(self.owner.own(self.parser.event(ready?), None)));
        src.advance(position);
        Ok(item)
    }

    /// What the end cuts off is nothing.
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
