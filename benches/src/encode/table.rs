//! The encode table: what was measured, and as text.

use serde::{Deserialize, Serialize};

use super::{
    Encoder, Role, Wire, cases,
    verdict::{Verdict, is_right, record},
};
use crate::{
    aims::{self, Ratio},
    alloc,
    measure::{Effort, Timing, interleave},
    report::{Table, four_digits},
};

const LIMITS: &str = "
What limits it, by callgrind: of the 364 instructions of the JSON event into a slice, copying takes 62
and the look for line ends 66; the rest are checks, labels and the measurement itself. A line of 40 B
takes 64: 27 for its part of the masks, 37 for a copy of 64 B, a label and two checks of room; into a
`Vec` 79, since it checks its capacity at each append. What serde_json writes comes in pieces of a few
bytes, each of which is looked at, without a string in between.
";

/// Everything.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Who is correct, before anybody is fast.
    pub verdicts: Vec<(String, Verdict)>,
    /// What was measured.
    pub cases: Vec<Case>,
}

/// What was measured of one case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Case {
    /// The name in tables and on the command line.
    pub name: String,
    /// One line about it.
    pub about: String,
    /// Everybody who can do the work at all.
    pub figures: Vec<Figure>,
}

/// What was measured of one contestant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// The contestant.
    pub name: String,
    /// Which part it plays.
    pub role: Role,
    /// Nanoseconds per event.
    #[serde(serialize_with = "four_digits")]
    pub ns_per_event: f64,
    /// Millions of bytes on the wire per second.
    #[serde(serialize_with = "four_digits")]
    pub mb_per_s: f64,
    /// Allocations per event.
    #[serde(serialize_with = "four_digits")]
    pub allocs_per_event: f64,
    /// How far the middle half of the rounds spreads, as a part of the median.
    #[serde(serialize_with = "four_digits")]
    pub spread: f64,
    /// A receiver makes of it what was meant. Otherwise it takes no part in the ratios.
    pub correct: bool,
}

/// Measures everybody who can do the work at all.
#[must_use]
pub fn measure(case: &cases::Case, encoders: &[Encoder], effort: Effort) -> Case {
    let contestants: Vec<(&Encoder, Vec<u8>)> = encoders
        .iter()
        .filter_map(|encoder| Some((encoder, record(encoder, case.work)?)))
        .collect();
    let timings = interleave(
        &contestants,
        effort.rounds,
        effort.at_least,
        |(encoder, _)| {
            (encoder.run)(case.work, &mut Wire::default());
        },
    );
    let figures = contestants
        .iter()
        .zip(timings)
        .map(|((encoder, wire), timing)| {
            let (_, allocs) = alloc::count(|| (encoder.run)(case.work, &mut Wire::default()));
            let events = case.work.len() as f64;
            Figure {
                name: encoder.name.to_owned(),
                role: encoder.role,
                ns_per_event: timing.median / events,
                mb_per_s: wire.len() as f64 * 1e3 / timing.median,
                allocs_per_event: allocs as f64 / events,
                spread: timing.spread,
                correct: is_right(case.work, wire),
            }
        });
    Case {
        name: case.name.to_owned(),
        about: case.about.to_owned(),
        figures: figures.collect(),
    }
}

impl Figures {
    /// Everything.
    #[must_use]
    pub fn all(&self) -> String {
        let cases: Vec<String> = self.cases.iter().map(Case::table).collect();
        format!(
            "{}\n{}\n{}",
            self.correct(),
            cases.join("\n"),
            self.summary()
        )
    }

    /// Who is correct.
    #[must_use]
    pub fn correct(&self) -> String {
        let mut table = Table::new(&["", "right", "wrong", "refuses by"]);
        for (name, verdict) in &self.verdicts {
            table.row([
                name.clone(),
                format!("{} of {}", verdict.of - verdict.wrong.len(), verdict.of),
                verdict.wrong.join(", "),
                verdict.refuses.clone().unwrap_or_else(|| "–".to_owned()),
            ]);
        }
        format!("## Correct?\n\n{table}")
    }

    /// Which aims are missed, and what was disturbed.
    #[must_use]
    pub fn summary(&self) -> String {
        let figures = self.cases.iter().flat_map(|case| &case.figures);
        let noisy = figures
            .filter(|figure| figure.spread > Timing::NOISY)
            .count();
        let noise = if noisy == 0 {
            String::new()
        } else {
            format!("\n**Noise**: {noisy} figures (marked ~) spread by more than 10 %.\n")
        };
        let ratios: Vec<Ratio> = self.cases.iter().flat_map(Case::ratios).collect();
        aims::missed(&ratios) + LIMITS + &noise
    }
}

impl Case {
    /// The fastest peer that is correct here.
    #[must_use]
    pub fn fastest_peer(&self) -> Option<&Figure> {
        self.figures
            .iter()
            .filter(|figure| figure.role == Role::Peer && figure.correct)
            .min_by(|a, b| a.ns_per_event.total_cmp(&b.ns_per_event))
    }

    /// Everybody against the fastest peer.
    #[must_use]
    pub fn ratios(&self) -> Vec<Ratio> {
        let peer = self.fastest_peer();
        let ratios = self.figures.iter().map(|figure| Ratio {
            row: self.name.clone(),
            what: format!(
                "{} ÷ {}",
                figure.name,
                peer.map_or("peer", |peer| &peer.name)
            ),
            times: peer.map(|peer| peer.ns_per_event / figure.ns_per_event),
            aim: aims::encode(&self.name, &figure.name),
        });
        ratios.collect()
    }

    /// Everybody's figures.
    #[must_use]
    pub fn table(&self) -> String {
        let fastest = self.fastest_peer();
        let column = format!("÷ {}", fastest.map_or("peer", |fastest| &fastest.name));
        let mut table = Table::new(&[
            "",
            "ns/event",
            "MB/s",
            "allocations/event",
            "spread",
            &column,
        ]);
        for (figure, ratio) in self.figures.iter().zip(self.ratios()) {
            let wrong = if figure.correct || figure.role == Role::Floor {
                ""
            } else {
                " wrong"
            };
            let noisy = if figure.spread > Timing::NOISY {
                " ~"
            } else {
                ""
            };
            table.row([
                format!("{}{wrong}", figure.name),
                format!("{:.1}", figure.ns_per_event),
                format!("{:.0}", figure.mb_per_s),
                format!("{:.2}", figure.allocs_per_event),
                format!("{:.0} %{noisy}", figure.spread * 100.0),
                ratio.to_string(),
            ]);
        }
        format!("## {}: {}\n\n{table}", self.name, self.about)
    }
}
