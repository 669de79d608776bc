//! Bounded model check: every stream and every value that can be made of a few tokens, up to a
//! length, against the oracle and an encoder as naive as it.
//!
//! The lengths that `cargo test` tries are those a debug build gets through in seconds. The ignored
//! tests go on to what a release build gets through in a few minutes, or, with `MODEL_MOST`, to no
//! more than so many values of each kind:
//!
//! ```sh
//! cargo test --release --package sse-codec --all-features --test model -- --ignored --nocapture
//! ```

mod common;
#[path = "model/values.rs"]
mod values;

use std::{
    env,
    fmt::Debug,
    sync::atomic::{AtomicU64, AtomicUsize, Ordering},
    thread,
};

use common::{
    drive,
    oracle::{self, Decoded, Item},
};
use sse_codec::{Chunk, Event, Inline, Parser, Step, Storage};

/// Streams to try: `before`, then up to so many tokens, then `after`, which brings to light what
/// the tokens have left in the parser.
struct Family {
    name: &'static str,
    before: &'static [u8],
    tokens: &'static [&'static [u8]],
    after: &'static [u8],
    limits: &'static [usize],
    shallow: usize,
    deep: usize,
}

const FAMILIES: &[Family] = &[
    Family {
        name: "tokens of the grammar",
        before: b"",
        tokens: &[
            b"data", b"d", b"id", b"event", b"retry", b":", b" ", b"\n", b"\r", b"1", b"\0",
            b"\xEF", b"\xBB", b"\xBF", b"\xFF",
        ],
        after: b"\ndata\n\n",
        limits: &[2],
        shallow: 2,
        deep: 5,
    },
    Family {
        name: "tokens inside a block",
        before: b"id:1\nevent:2\ndata:3",
        tokens: &[
            b"data", b"id", b"event", b"retry", b":", b" ", b"\n", b"\r", b"1", b"\0", b"\xEF",
        ],
        after: b"\ndata\n\n",
        limits: &[3, 4],
        shallow: 2,
        deep: 5,
    },
    Family {
        name: "fields and line ends",
        before: b"",
        tokens: &[
            b"data:", b"event:", b"id:", b"data", b":", b"\n", b"\r", b"1", b"\0",
        ],
        after: b"\n\ndata\n\n",
        limits: &[0, 2],
        shallow: 3,
        deep: 6,
    },
    Family {
        name: "whole lines",
        before: b"",
        tokens: &[
            b"data\n",
            b"data:1\n",
            b"data:23\n",
            b"event:1\n",
            b"event:23\n",
            b"id:1\n",
            b"id:23\n",
            b"id:\0\n",
            b"retry:1\n",
            b":c\n",
            b"x\n",
            b"\n",
        ],
        after: b"\ndata\n\n",
        limits: &[2, 5],
        shallow: 2,
        deep: 5,
    },
    Family {
        name: "whole blocks and what comes between",
        before: b"",
        tokens: &[
            b"data:1\n\n",
            b"data:2\r\n\r\n",
            b"data:3\r\r",
            b":\n\n",
            b":\n\n:\n\n:\n\n:\n\n:\n\n:\n\n:\n\n",
            b":\n",
            b"id:4\n",
            b"event:5\n",
            b"\n",
        ],
        after: b"\ndata\n\n",
        limits: &[0, 1],
        shallow: 2,
        deep: 4,
    },
    Family {
        name: "lines over the bounds of blocks of 16, 32 and 64 bytes",
        before: b"",
        tokens: &[
            b"data:",
            b"\n",
            b"\r",
            b"xxxxxxxxxx",
            b"xxxxxxxxxxxxxxxx",
            b"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        ],
        after: b"\n\n:xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n\ndata\n\n",
        limits: &[0],
        shallow: 2,
        deep: 5,
    },
    Family {
        name: "line ends and byte order marks",
        before: b"",
        tokens: &[b"\n", b"\r", b"\xEF", b"\xBB", b"\xBF", b":", b"data"],
        after: b"\r\ndata\n\n",
        limits: &[0],
        shallow: 4,
        deep: 6,
    },
    Family {
        name: "bytes of `data`",
        before: b"",
        tokens: &[b"d", b"a", b"t", b":", b"\n"],
        after: b"\n\n",
        limits: &[0, 1],
        shallow: 4,
        deep: 8,
    },
    Family {
        name: "bytes of `id`",
        before: b"id:1\n",
        tokens: &[b"i", b"d", b":", b" ", b"\0", b"\r"],
        after: b"\ndata\n\n",
        limits: &[1],
        shallow: 4,
        deep: 7,
    },
    Family {
        name: "bytes of `event`",
        before: b"data\n",
        tokens: &[b"e", b"v", b"n", b"t", b":", b"\n"],
        after: b"\n\n",
        limits: &[0, 1],
        shallow: 4,
        deep: 7,
    },
    Family {
        name: "bytes of a reconnection time",
        before: b"retry:",
        tokens: &[
            b"0",
            b"1",
            b"18446744073709551615",
            b"1844674407370955161",
            b" ",
            b"-",
            b"\r",
        ],
        after: b"\ndata\n\n",
        limits: &[0],
        shallow: 2,
        deep: 4,
    },
];

#[test]
fn streams() {
    FAMILIES
        .iter()
        .for_each(|family| family.check(family.shallow));
}

#[test]
#[ignore = "minutes in release"]
fn streams_in_depth() {
    FAMILIES
        .iter()
        .for_each(|family| family.check(affordable(family.tokens.len(), family.deep)));
}

/// The depth, or the largest below it at which there are not more than `MODEL_MOST` values.
fn affordable(tokens: usize, depth: usize) -> usize {
    let most = match env::var("MODEL_MOST") {
        Ok(most) => most.parse().expect("MODEL_MOST is a number"),
        Err(_) => usize::MAX,
    };
    let mut depths = (1..=depth).rev();
    depths
        .find(|&depth| tokens.pow(depth as u32) <= most)
        .unwrap_or(1)
}

impl Family {
    fn check(&self, depth: usize) {
        let decodings = AtomicU64::new(0);
        let streams = for_all(self.tokens, depth, |value| {
            let stream = [self.before, value, self.after].concat();
            decodings.fetch_add(self.check_stream(&stream), Ordering::Relaxed);
        });
        println!(
            "{}: {streams} streams of up to {depth} tokens, {} decodings",
            self.name,
            decodings.into_inner()
        );
    }

    /// Whole, byte by byte and at every cut, of which some are at the ends.
    fn check_stream(&self, stream: &[u8]) -> u64 {
        let mut cuttings = vec![vec![stream], stream.chunks(1).collect()];
        for cut in 0..=stream.len() {
            let (a, b) = stream.split_at(cut);
            cuttings.push(vec![a, b]);
        }
        let mut decodings = assert_all_storages::<256>(stream, &cuttings, None);
        for limit in self.limits {
            decodings += match limit {
                0 => assert_all_storages::<0>(stream, &cuttings, Some(0)),
                1 => assert_all_storages::<1>(stream, &cuttings, Some(1)),
                2 => assert_all_storages::<2>(stream, &cuttings, Some(2)),
                3 => assert_all_storages::<3>(stream, &cuttings, Some(3)),
                4 => assert_all_storages::<4>(stream, &cuttings, Some(4)),
                5 => assert_all_storages::<5>(stream, &cuttings, Some(5)),
                _ => panic!("a limit that is no constant"),
            };
        }
        if stream.windows(2).any(|name| name == b"id") {
            assert_id_limit(&cuttings);
        }
        decodings
    }
}

fn assert_all_storages<const N: usize>(
    stream: &[u8],
    cuttings: &[Vec<&[u8]>],
    limit: Option<usize>,
) -> u64 {
    let expected = oracle::decode(stream, limit, b"");
    let only_events = only_events(&expected);
    for pieces in cuttings {
        assert_decodes(&mut Parser::<Inline<N>>::new(), pieces, &expected);
        for remake in [false, true] {
            let mut parser = Parser::<Inline<N>>::new();
            assert_decodes_by_event(&mut parser, pieces, &only_events, remake);
        }
        let (mut event, mut ids) = ([0; N], [[0; N]; 2]);
        let mut parser = Parser::borrowed(&mut event, ids.as_flattened_mut());
        assert_decodes(&mut parser, pieces, &expected);
        #[cfg(feature = "alloc")]
        assert_decodes(&mut Parser::growable(N), pieces, &expected);
    }
    cuttings.len() as u64 * if cfg!(feature = "alloc") { 5 } else { 4 }
}

fn only_events(decoded: &Decoded) -> Decoded {
    Decoded {
        items: drive::without_steps(&decoded.items),
        ..decoded.clone()
    }
}

/// IDs that have less room than events, of which the oracle knows nothing: the cuts make no
/// difference, and no ID is longer than that.
fn assert_id_limit(cuttings: &[Vec<&[u8]>]) {
    let mut whole = None;
    for pieces in cuttings {
        let mut parser = Parser::<Inline<3, 1>>::new();
        let items = drive::events(&mut parser, pieces);
        assert!(parser.last_event_id().len() <= 1);
        let state = (items, parser.last_event_id().to_vec(), parser.retry());
        assert_eq!(
            *whole.get_or_insert_with(|| state.clone()),
            state,
            "{pieces:?}"
        );
    }
}

fn assert_decodes<S: Storage + Debug>(
    parser: &mut Parser<S>,
    pieces: &[&[u8]],
    expected: &Decoded,
) {
    let agrees = steps_agree(parser, pieces, expected).is_some();
    assert!(agrees, "{parser:?}: not {expected:#?}: {}", shown(pieces));
}

fn assert_decodes_by_event<S: Storage + Debug>(
    parser: &mut Parser<S>,
    pieces: &[&[u8]],
    expected: &Decoded,
    remake: bool,
) {
    let agrees = events_agree(parser, pieces, expected, remake).is_some();
    assert!(agrees, "{parser:?}: not {expected:#?}: {}", shown(pieces));
}

fn shown(pieces: &[&[u8]]) -> String {
    let pieces = pieces.iter().map(|piece| piece.escape_ascii().to_string());
    pieces.collect::<Vec<_>>().join(" | ")
}

/// As [`drive::steps`], but compares instead of collecting, which is most of the time. `None` when
/// something is different.
fn steps_agree<S: Storage>(
    parser: &mut Parser<S>,
    pieces: &[&[u8]],
    expected: &Decoded,
) -> Option<()> {
    let mut items = expected.items.iter();
    let (mut before, mut comment) = (0, 0);
    for piece in pieces {
        let mut chunk = Chunk::new(piece);
        loop {
            let step = parser.step(&mut chunk);
            let at = before + chunk.position();
            let agrees = match step {
                Ok(None) => break,
                Ok(Some(Step::Event(ready))) => is_event(items.next()?, &parser.event(ready), at),
                Ok(Some(Step::Comment(piece))) => {
                    let text = match items.as_slice().first() {
                        Some(Item::Comment(text)) => text,
                        Some(_) => return None,
                        None => expected.unfinished_comment.as_ref()?,
                    };
                    if piece.starts() {
                        comment = 0;
                    }
                    let agrees = text.get(comment..)?.starts_with(piece.bytes());
                    comment += piece.bytes().len();
                    if piece.ends() {
                        items.next()?;
                    }
                    agrees && piece.ends() <= (comment == text.len())
                }
                Ok(Some(Step::Retry(time))) => {
                    parser.retry() == Some(time)
                        && *items.next()? == Item::Retry { millis: time.0, at }
                }
                Ok(Some(Step::WithoutData(ready))) => {
                    let event = parser.event(ready);
                    !event.has_data()
                        && *items.next()?
                            == Item::WithoutData {
                                id: event.id().map(<[u8]>::to_vec),
                                retry: event.retry().map(|time| time.0),
                                at,
                            }
                }
                Ok(Some(_)) => false,
                Err(_) => *items.next()? == Item::Overflow { at },
            };
            if !agrees {
                return None;
            }
        }
        if !chunk.is_empty() {
            return None;
        }
        before += piece.len();
    }
    (items.next().is_none() && ends_alike(parser, expected)).then_some(())
}

/// By [`Parser::next_event`]; or, where the chunk is to be made anew for every call, by
/// [`Parser::next_ready`].
fn events_agree<S: Storage>(
    parser: &mut Parser<S>,
    pieces: &[&[u8]],
    expected: &Decoded,
    remake: bool,
) -> Option<()> {
    let mut items = expected.items.iter();
    let mut before = 0;
    for piece in pieces {
        let mut chunk = Chunk::new(piece);
        loop {
            if remake {
                before += chunk.position();
                chunk = Chunk::new(chunk.rest());
            }
            let event = if remake {
                let ready = parser.next_ready(&mut chunk);
                ready.map(|ready| ready.map(|ready| parser.event(ready)))
            } else {
                parser.next_event(&mut chunk)
            };
            let at = before + chunk.position();
            let agrees = match event {
                Ok(None) => break,
                Ok(Some(event)) => is_event(items.next()?, &event, at),
                Err(_) => *items.next()? == Item::Overflow { at },
            };
            if !agrees {
                return None;
            }
        }
        before += chunk.position();
        if !chunk.is_empty() {
            return None;
        }
    }
    (items.next().is_none() && ends_alike(parser, expected)).then_some(())
}

fn ends_alike<S: Storage>(parser: &Parser<S>, expected: &Decoded) -> bool {
    let retry = parser.retry().map(|time| time.0);
    parser.last_event_id() == expected.last_event_id
        && retry == expected.retry
        && parser.is_inside_block() == expected.is_inside_block
}

fn is_event(item: &Item, event: &Event<'_>, position: usize) -> bool {
    let Item::Event {
        event_type,
        data,
        id,
        retry,
        last_event_id,
        at,
    } = item
    else {
        return false;
    };
    event.has_data()
        && event.event_type() == event_type.as_deref()
        && event.data() == data
        && event.id() == id.as_deref()
        && event.retry().map(|time| time.0) == *retry
        && event.last_event_id() == last_event_id
        && position == *at
}

/// Calls `check` with everything that up to `depth` tokens make, on all cores. Returns how many.
fn for_all(tokens: &[&[u8]], depth: usize, check: impl Fn(&[u8]) + Sync) -> u64 {
    check(b"");
    let (count, next) = (AtomicU64::new(1), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                // In shares: all that begins with the same token.
                while let Some(first) = tokens.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let begun = for_all_in_turn(tokens, depth - 1, &mut |value| {
                        check(&[first, value].concat());
                    });
                    count.fetch_add(begun, Ordering::Relaxed);
                }
            });
        }
    });
    count.into_inner()
}

fn for_all_in_turn(tokens: &[&[u8]], depth: usize, check: &mut impl FnMut(&[u8])) -> u64 {
    fn longer(
        tokens: &[&[u8]],
        depth: usize,
        value: &mut Vec<u8>,
        check: &mut impl FnMut(&[u8]),
    ) -> u64 {
        check(value);
        let mut count = 1;
        if depth > 0 {
            for token in tokens {
                value.extend_from_slice(token);
                count += longer(tokens, depth - 1, value, check);
                value.truncate(value.len() - token.len());
            }
        }
        count
    }
    longer(tokens, depth, &mut Vec::new(), check)
}
