//! Parsers against the oracle.

use std::fmt::Debug;

use sse_codec::{Inline, Parser, Storage};

use crate::{
    drive::{events, steps, without_steps},
    oracle::{self, Decoded},
};

/// The parser makes of these pieces what the oracle makes of the stream, and does so again after a
/// reset, when it has an ID and a reconnection time from before.
pub fn assert_decodes<S: Storage + Debug>(
    mut parser: Parser<S>,
    pieces: &[&[u8]],
    limit: Option<usize>,
) {
    let stream = pieces.concat();
    let first = oracle::decode(&stream, limit, b"");
    assert_eq!(steps(&mut parser, pieces), first.items);
    assert_state(&parser, &first, None);

    let second = oracle::decode(&stream, limit, &first.last_event_id);
    parser.reset();
    assert_eq!(events(&mut parser, pieces), without_steps(&second.items));
    assert_state(&parser, &second, first.retry);
}

fn assert_state<S: Storage>(parser: &Parser<S>, expected: &Decoded, before: Option<u64>) {
    assert_eq!(parser.last_event_id(), expected.last_event_id);
    assert_eq!(parser.is_inside_block(), expected.is_inside_block);
    let retry = expected.retry.or(before);
    assert_eq!(parser.retry().map(|time| time.0), retry);
}

/// With a limit of up to 40 bytes, in each kind of storage.
pub fn assert_decodes_in_each_storage(limit: u8, pieces: &[&[u8]]) {
    match limit % 41 {
        limit @ (0 | 20..) => in_each::<0>(limit.into(), pieces),
        1 => in_each::<1>(1, pieces),
        2 => in_each::<2>(2, pieces),
        3 => in_each::<3>(3, pieces),
        limit @ 4..8 => in_each::<5>(limit.into(), pieces),
        limit @ 8..20 => in_each::<13>(limit.into(), pieces),
    }
}

/// `Inline` with a limit of `N`, the others with `limit`.
fn in_each<const N: usize>(limit: usize, pieces: &[&[u8]]) {
    assert_decodes(Parser::<Inline<N>>::new(), pieces, Some(N));
    assert_decodes(Parser::growable(limit), pieces, Some(limit));
    let (mut event, mut ids) = (vec![0; limit], vec![0; 2 * limit]);
    let parser = Parser::borrowed(&mut event, &mut ids);
    assert_decodes(parser, pieces, Some(limit));
}

/// IDs may have less room than events, of which the oracle knows nothing: the cuts must make no
/// difference all the same, and no ID is ever longer.
pub fn assert_id_limit(limit: u8, id_limit: u8, pieces: &[&[u8]]) {
    let (limit, id_limit) = (usize::from(limit % 41), usize::from(id_limit % 16));
    let run = |pieces: &[&[u8]]| {
        let (mut event, mut ids) = (vec![0; limit], vec![0; 2 * id_limit]);
        let mut parser = Parser::borrowed(&mut event, &mut ids);
        // `steps` is for parsers with one limit.
        let items = events(&mut parser, pieces);
        (items, parser.last_event_id().to_vec(), parser.retry())
    };
    let whole = run(&[&pieces.concat()]);
    assert!(whole.1.len() <= id_limit);
    assert_eq!(run(pieces), whole);
}
