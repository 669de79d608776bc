//! What the public types are without saying so: a private field could take it from them unnoticed.
//!
//! These are assertions for the compiler; there is nothing to run but a list of them.

use std::{
    fmt::{Debug, Display},
    panic::{RefUnwindSafe, UnwindSafe},
};

use sse_codec::{
    Borrowed, Bound, BufferTooSmall, Chunk, Cursor, DataWriter, DetachedChunk, End, Event, Field,
    Frame, Inline, InvalidField, InvalidLastEventId, Lexer, Lossy, Millis, Next, Overflow, Parser,
    Piece, Policy, Ready, Reconnect, ReconnectConfig, Response, SinkFull, SliceSink, Slices, Step,
    Stop, Timeout, Timers, TimersConfig, Token,
    http::{ChunkSize, Unsendable},
    replay,
};

/// May go to another thread, be shared, be moved while a future holds it, and be shown.
const fn assert_free<T: Send + Sync + Unpin + Debug>() {}

/// May also be looked at after a panic: nothing in it is mutable through a shared reference.
const fn assert_plain<T: Send + Sync + Unpin + Debug + UnwindSafe + RefUnwindSafe>() {}

/// As a number is.
const fn assert_value<T: Copy + Eq + Send + Sync + Unpin + Debug + UnwindSafe + RefUnwindSafe>() {}

const fn assert_error<E>()
where
    E: core::error::Error + Display + Copy + Eq + Send + Sync + Unpin + UnwindSafe + 'static,
{
}

#[test]
fn auto_traits() {
    assert_plain::<Chunk<'_>>();
    assert_plain::<DetachedChunk>();
    assert_plain::<Lexer>();
    assert_value::<Token<'_>>();
    assert_value::<Field>();
    assert_value::<Piece<'_>>();

    assert_plain::<Parser<Inline<8>>>();
    assert_plain::<Inline<8>>();
    #[cfg(feature = "alloc")]
    {
        assert_plain::<Parser<sse_codec::Growable>>();
        assert_plain::<sse_codec::Growable>();
    }
    assert_plain::<Step<'_>>();
    assert_plain::<Ready<'_>>();
    assert_value::<Bound>();
    assert_value::<Event<'_>>();
    assert_value::<Lossy<'_>>();
    assert_value::<Millis>();

    assert_value::<replay::Id>();
    assert_plain::<replay::IdText>();
    assert_value::<replay::Window>();
    assert_value::<replay::Resume>();
    assert_value::<replay::Outcome>();
    assert_plain::<replay::Ring<8>>();
    assert_value::<replay::Cursor>();
    assert_error::<replay::AppendError>();
    assert_error::<replay::Evicted>();

    assert_value::<Frame<'_>>();
    assert_plain::<Cursor<'_>>();
    assert_plain::<Slices<'_>>();
    #[cfg(feature = "bytes")]
    assert_plain::<sse_codec::FrameBuf<'_>>();
    #[cfg(feature = "std")]
    assert_plain::<sse_codec::IoSink<Vec<u8>>>();

    assert_plain::<Timers>();
    assert_value::<TimersConfig>();
    assert_value::<Timeout>();
    assert_plain::<Reconnect>();
    assert_value::<ReconnectConfig>();
    assert_value::<Response<'_>>();
    assert_value::<End>();
    assert_value::<Next>();
    assert_value::<Stop>();
    assert_value::<Policy>();
    assert_value::<ChunkSize>();

    // These write through a `&mut`, so a panic may leave half of something behind it.
    assert_free::<Borrowed<'_>>();
    assert_free::<Parser<Borrowed<'_>>>();
    assert_free::<SliceSink<'_>>();
    assert_free::<DataWriter<'_, SliceSink<'_>>>();
}

#[test]
fn errors() {
    assert_error::<Overflow>();
    assert_error::<InvalidLastEventId>();
    assert_error::<InvalidField>();
    assert_error::<BufferTooSmall>();
    assert_error::<SinkFull>();
    assert_error::<Unsendable>();
}

/// What is generic is as free as what it is made of.
#[cfg(feature = "std")]
#[test]
fn sinks() {
    const fn through<W: std::io::Write + Send + Sync + Unpin + Debug>() {
        assert_free::<sse_codec::IoSink<W>>();
        assert_free::<DataWriter<'_, sse_codec::IoSink<W>>>();
    }
    through::<Vec<u8>>();
}

/// What is found borrows the bytes alone, neither the parser nor the chunk they were read from.
#[test]
fn what_is_found_lives_as_long_as_the_bytes() {
    fn rest(bytes: &[u8]) -> &[u8] {
        Chunk::new(bytes).rest()
    }
    fn token(bytes: &[u8]) -> Option<Token<'_>> {
        Lexer::new().next_token(&mut Chunk::new(bytes))
    }
    fn data(bytes: &[u8]) -> Option<&[u8]> {
        let mut parser = Parser::<Inline<8>>::new();
        let ready = parser.next_ready(&mut Chunk::new(bytes));
        ready.unwrap()?.chunk_data()
    }
    let bytes = b"data:1\n\n".to_vec();
    assert_eq!(rest(&bytes), bytes);
    assert!(token(&bytes).is_some());
    assert_eq!(data(&bytes), Some(&b"1"[..]));
}
