use sse_codec::{
    Borrowed, Chunk, Detached, DetachedChunk, Event, Field, Inline, InlineEvent, Lexer, Millis,
    Parser, Piece, Ready, lossy,
};

use crate::parser;

type Small = Parser<Inline<64, 16>>;
/// An ID that is longer than an event may be, and the other way round.
type Lopsided = Parser<Inline<7, 64>>;
type Empty = Parser<Inline<0, 0>>;

crate::entries! {
    fn entry_chunk(chunk: &mut Chunk<'static>, bytes: &'static [u8]) {
        Chunk::new(bytes);
        chunk.position();
        chunk.rest();
        chunk.is_empty();
        chunk.clone();
    }

    fn entry_detached_chunk(
        chunk: Chunk<'static>,
        detached: DetachedChunk,
        other: &DetachedChunk,
        bytes: &'static [u8],
    ) {
        chunk.detach();
        detached.attach(bytes);
        other.position();
        other.clone();
        DetachedChunk::empty();
    }

    fn entry_lexer(lexer: &mut Lexer, chunk: &mut Chunk<'static>) {
        Lexer::new();
        Lexer::default();
        lexer.clone();
        lexer.next_token(chunk);
    }

    fn entry_token(piece: Piece<'static>, field: Field, ready: &Ready<'static>) {
        piece.bytes();
        piece.starts();
        piece.ends();
        piece.is_whole();
        field.name();
        ready.chunk_data();
    }

    fn entry_detached(ready: Ready<'static>, detached: Detached, bytes: &'static [u8]) {
        ready.detach(bytes);
        detached.attach(bytes);
    }

    fn entry_parser_new(
        small: &Small,
        event: &'static mut [u8],
        ids: &'static mut [u8],
    ) {
        Small::new();
        Small::default();
        small.clone();
        small.clone().without_ids();
        Parser::borrowed(event, ids);
    }

    fn entry_parser_inline(
        parser: &mut Small,
        chunk: &mut Chunk<'static>,
        ready: Ready<'static>,
        id: &[u8],
        call: usize,
    ) {
        parser::call(call, parser, chunk, ready, id);
    }

    fn entry_parser_inline_lopsided(
        parser: &mut Lopsided,
        chunk: &mut Chunk<'static>,
        ready: Ready<'static>,
        id: &[u8],
        call: usize,
    ) {
        parser::call(call, parser, chunk, ready, id);
    }

    fn entry_parser_inline_empty(
        parser: &mut Empty,
        chunk: &mut Chunk<'static>,
        ready: Ready<'static>,
        id: &[u8],
        call: usize,
    ) {
        parser::call(call, parser, chunk, ready, id);
    }

    fn entry_parser_borrowed(
        parser: &mut Parser<Borrowed<'static>>,
        chunk: &mut Chunk<'static>,
        ready: Ready<'static>,
        id: &[u8],
        call: usize,
    ) {
        parser::call(call, parser, chunk, ready, id);
    }

    fn entry_event(event: Event<'static>, other: &Event<'_>, bytes: &'static [u8], text: &'static str, time: Millis) {
        Event::new(bytes);
        Event::text(text);
        Event::from(bytes);
        Event::from(text);
        Event::without_data();
        event.with_type(bytes);
        event.with_id(bytes);
        event.with_retry(time);
        event.event_type();
        event.data();
        event.data_str();
        event.is_type(text);
        event.type_str();
        event.id_str();
        event.has_data();
        event.id();
        event.retry();
        event.last_event_id();
        event == *other;
        lossy(bytes) == lossy(event.data());
    }

    fn entry_inline_event(event: Event<'_>, kept: &InlineEvent<64>, none: &InlineEvent<0>, other: &InlineEvent<64>) {
        InlineEvent::<64>::new(event);
        InlineEvent::<0>::new(event);
        kept.as_event();
        none.as_event();
        kept.clone();
        kept == other;
    }

    fn entry_millis(millis: Millis, duration: core::time::Duration) {
        core::time::Duration::from(millis);
        Millis::from(duration);
    }
}
