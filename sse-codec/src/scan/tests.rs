extern crate std;

use std::{vec, vec::Vec};

use super::{
    LineEnds, NONE, for_each_line, for_each_line_end, is_line_end, last_line, may_be_forbidden,
    may_have_lines,
};

/// Bytes in which these positions are line ends.
fn bytes(len: usize, ends: &[usize]) -> Vec<u8> {
    let mut bytes = vec![b'x'; len];
    for end in ends.iter().filter(|end| **end < len) {
        bytes[*end] = if end % 3 == 0 { b'\r' } else { b'\n' };
    }
    bytes
}

fn naive(bytes: &[u8], from: usize) -> usize {
    bytes[from..].iter().position(is_line_end).unwrap_or(NONE)
}

/// From every position, in every order of two questions, around the edges of blocks and of the
/// chunk.
#[test]
fn the_first_line_end_is_that_of_a_naive_search() {
    for len in [0, 1, 63, 64, 65, 127, 129, 200] {
        for (a, b) in [
            (0, 1),
            (62, 63),
            (63, 64),
            (64, 65),
            (5, 126),
            (70, 127),
            (99, 199),
        ] {
            let bytes = bytes(len, &[a, b]);
            for first in 0..len {
                for then in 0..len {
                    let mut ends = LineEnds::new();
                    assert_eq!(ends.first(&bytes, &bytes[first..]), naive(&bytes, first));
                    assert_eq!(ends.first(&bytes, &bytes[then..]), naive(&bytes, then));
                }
            }
        }
    }
}

#[test]
fn a_line_end_after_a_long_line() {
    for end in (400..700).chain(1000..1100) {
        let bytes = bytes(1099, &[0, end, end + 1, end + 70]);
        let mut ends = LineEnds::new();
        for from in [1, 2, 1, end, end + 1, end + 2, 0, 400] {
            if from < bytes.len() {
                assert_eq!(
                    ends.first(&bytes, &bytes[from..]),
                    naive(&bytes, from),
                    "{end} {from}"
                );
            }
        }
    }
}

/// What one question leaves behind never misleads the next, whatever both are about.
#[test]
fn questions_in_any_order() {
    let mut state = 1_u64;
    let mut below = |most: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % most
    };
    for round in 0..600 {
        let len = below([70, 300, 2_000][round % 3]) + 1;
        let apart = [3, 50, 900][below(3)];
        let ends: Vec<_> = (0..len).filter(|_| below(apart) == 0).collect();
        let bytes = bytes(len, &ends);
        let mut line_ends = LineEnds::new();
        let mut from = 0;
        for _ in 0..30 {
            let found = match below(2) {
                0 => line_ends.first(&bytes, &bytes[from..]),
                _ => line_ends.first_of_block(&bytes, &bytes[from..]),
            };
            let expected = naive(&bytes, from);
            assert_eq!(found, expected, "{from} of {len}, {ends:?}");
            from = match (below(4), expected) {
                // On to the next line, as a parser does, or back, or anywhere.
                (0 | 1, line @ ..NONE) => from + line + 1,
                (2, _) => from.saturating_sub(below(100)),
                _ => below(len),
            };
            if from >= len {
                break;
            }
        }
    }
}

#[test]
fn every_line_end_once() {
    for len in 0..300 {
        let bytes = bytes(len, &[0, 1, 62, 63, 64, 128, 191, 200, 255, 256, 299]);
        let mut found = Vec::new();
        for_each_line_end(&bytes, |at| {
            found.push(at);
            true
        });
        let expected: Vec<_> = (0..len).filter(|at| is_line_end(&bytes[*at])).collect();
        assert_eq!(found, expected);
    }
}

/// As the standard has it: CRLF, CR and LF end a line.
fn naive_lines(text: &[u8]) -> (Vec<(usize, usize)>, usize) {
    let (mut lines, mut from) = (Vec::new(), 0);
    while let Some(len) = text[from..].iter().position(is_line_end) {
        lines.push((from, len));
        let end = &text[from + len..];
        from += len + if end.starts_with(b"\r\n") { 2 } else { 1 };
    }
    (lines, from)
}

fn assert_lines(text: &[u8]) {
    let (lines, from) = naive_lines(text);
    let mut found = Vec::new();
    let last = for_each_line(text, |start, len| found.push((start, len)));
    assert_eq!((&found, last), (&lines, from), "{text:?}");
    let (mut found, mut rest) = (Vec::new(), text);
    while let Some((end, start)) = last_line(rest) {
        found.push((end, start));
        rest = &rest[..end];
    }
    let ends = lines.iter().map(|(start, len)| start + len);
    let starts = lines.iter().skip(1).map(|(start, _)| *start).chain([from]);
    let expected: Vec<_> = ends.zip(starts).collect();
    found.reverse();
    assert_eq!(found, expected, "{text:?}");
}

/// Every text of up to seven bytes, and every one of four at the places where blocks and windows
/// meet, among nothing and among line ends.
#[test]
fn lines_are_those_of_a_naive_search() {
    let texts = |len: u32| {
        (0..3_usize.pow(len)).map(move |number| {
            let byte = |at| b"x\r\n"[number / 3_usize.pow(at) % 3];
            (0..len).map(byte).collect::<Vec<_>>()
        })
    };
    for text in (0..=7).flat_map(texts) {
        assert_lines(&text);
    }
    for text in texts(4) {
        for around in [&b"x"[..], b"\n", b"\r", b"\r\n"] {
            for at in [60, 61, 62, 63, 126, 509, 510, 511, 512] {
                for more in [0, 1, 59, 600] {
                    let fill = |len: usize| around.iter().cycle().take(len);
                    let text: Vec<u8> = fill(at).chain(&text).chain(fill(more)).copied().collect();
                    assert_lines(&text);
                }
            }
        }
    }
}

/// Of every length, at every place, and among bytes that are nearly one.
#[test]
fn no_line_end_is_overlooked() {
    for len in (0..130).chain([511, 512, 513, 600]) {
        for text in [vec![b'x'; len], vec![16; len], vec![0xFF; len]] {
            assert!(!may_be_forbidden(&text) && !may_have_lines(&text));
            for at in 0..len {
                for end in [b'\n', b'\r'] {
                    let mut text = text.clone();
                    text[at] = end;
                    assert!(may_be_forbidden(&text), "{at} of {len}");
                    assert!(may_have_lines(&text), "{at} of {len}");
                }
                let mut text = text.clone();
                text[at] = 0;
                assert!(may_be_forbidden(&text), "NUL at {at} of {len}");
            }
        }
    }
}
