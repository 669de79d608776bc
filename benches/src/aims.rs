//! The aims of the project, as ratios within one run.

use std::fmt;

use crate::{corpus::Kind, report::Table};

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
        // Nothing but to be no slower than anybody.
        1 => {
            return Some(Aim {
                floor: None,
                peer: 1.0,
                text: None,
            });
        }
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

/// How many times as fast something is, and should be.
#[derive(Clone, Debug)]
pub struct Ratio {
    /// The row of the table.
    pub row: String,
    /// What of ours is compared with what.
    pub what: String,
    /// How many times as fast it is, where both were measured.
    pub times: Option<f64>,
    /// How many times as fast it should be, where there is an aim.
    pub aim: Option<f64>,
}

impl Ratio {
    /// What is reached and what should be, where both are known.
    #[must_use]
    pub fn aimed(&self) -> Option<(f64, f64)> {
        self.times.zip(self.aim)
    }
}

/// With the aim and whether that is reached: `1.31 ✗1.40`, `1.45 ✓1.40`.
impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.times, self.aim) {
            (None, _) => f.write_str("–"),
            (Some(times), None) => write!(f, "{times:.2}"),
            (Some(times), Some(aim)) => {
                write!(
                    f,
                    "{times:.2} {}{aim:.2}",
                    if times < aim { '✗' } else { '✓' }
                )
            }
        }
    }
}

/// How many aims are reached, and how many there are.
#[must_use]
fn reached(ratios: &[Ratio]) -> (usize, usize) {
    let aimed: Vec<(f64, f64)> = ratios.iter().filter_map(Ratio::aimed).collect();
    let reached = aimed.iter().filter(|(times, aim)| times >= aim).count();
    (reached, aimed.len())
}

/// Which aims are missed and by how much.
#[must_use]
pub fn missed(ratios: &[Ratio]) -> String {
    let mut table = Table::new(&["missed", "", "aim", "reached", "short by"]);
    for ratio in ratios {
        if let Some((times, aim)) = ratio.aimed()
            && times < aim
        {
            table.row([
                ratio.row.clone(),
                ratio.what.clone(),
                format!("{aim:.2}"),
                format!("{times:.2}"),
                format!("{:.0} %", (1.0 - times / aim) * 100.0),
            ]);
        }
    }
    let (reached, all) = reached(ratios);
    format!("## Aims\n\n{reached} of {all} are reached.\n\n{table}")
}
