//! The aims of the project, as ratios within one run.

use crate::corpus::Kind;

/// What a row of the decode table aims at: so many times as fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aim {
    /// As `memchr2_iter` over the same chunks; for long lines that do not lie whole in a chunk, as
    /// one copy and one such scan together.
    pub floor: Option<f64>,
    /// As the fastest peer of the row.
    pub peer: f64,
    /// As the fastest peer, with `data_str()` called on every event.
    pub text: Option<f64>,
}

/// The aim of a row, where there is one.
#[must_use]
pub fn decode(kind: Kind, chunk: usize) -> Option<Aim> {
    // By chunk size: 16 KiB and more, 1400 B, 64 B.
    let column = match chunk {
        16_384.. => 0,
        1_400 => 1,
        64 => 2,
        _ => return None,
    };
    let (floor, peer) = match kind {
        Kind::Tokens => ([1.4, 1.1, 0.8], [5.5, 4.2, 2.8]),
        Kind::TokensAscii => ([1.3, 1.0, 0.75], [3.7, 2.8, 2.3]),
        Kind::Typed => ([1.35, 1.05, 0.6], [5.8, 4.2, 2.0]),
        Kind::Tiny | Kind::TinyConstant => ([3.5, 3.5, 1.0], [9.0, 9.0, 4.0]),
        Kind::Lines => ([1.6, 1.4, 0.5], [4.0, 3.5, 1.4]),
        Kind::Heartbeats => ([20.0, 20.0, 9.0], [5.0, 3.7, 2.5]),
        Kind::Crlf => ([1.8, 1.3, 0.75], [5.5, 4.0, 2.3]),
        Kind::Ids => ([1.15, 0.9, 0.6], [5.0, 3.9, 2.4]),
        Kind::Long => return Some(long(chunk)),
    };
    let text = match kind {
        Kind::Tokens => Some([1.9, 1.5, 1.2]),
        Kind::TokensAscii => Some([1.4, 1.5, 1.2]),
        _ => None,
    };
    Some(Aim {
        floor: Some(floor[column]),
        peer: peer[column],
        text: text.map(|aims| aims[column]),
    })
}

const fn long(chunk: usize) -> Aim {
    let (floor, peer) = match chunk {
        1_048_576.. => (None, 2.0),
        16_384.. => (Some(1.0 / 1.15), 1.4),
        1_400 => (None, 1.5),
        _ => (None, 1.2),
    };
    Aim {
        floor,
        peer,
        text: None,
    }
}

/// How many times as fast as the fastest correct peer a way of encoding should be.
#[must_use]
pub fn encode(case: &str, way: &str) -> Option<f64> {
    match (case, way) {
        ("json", "ours-slice") => Some(3.8),
        ("json", "ours-vec") => Some(3.3),
        ("json", "ours-slices") => Some(4.0),
        ("lines", "ours-slice" | "ours-vec" | "ours-slices") => Some(3.3),
        ("lines-random", "ours-slice" | "ours-vec" | "ours-slices") => Some(3.0),
        ("json-64k", "ours-slice" | "ours-vec") => Some(1.5),
        _ => None,
    }
}
