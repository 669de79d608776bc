//! One row of the decode table: one corpus in chunks of one size, all contestants.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Decoder, Role};
use crate::{
    alloc,
    corpus::{Corpus, Part},
    input::Counts,
    measure::{Effort, interleave, time},
    report::four_digits,
};

/// What was measured for one corpus and one chunk size.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Cell {
    /// The corpus.
    pub corpus: String,
    /// Its length.
    pub bytes: usize,
    /// How many events it has, or heartbeats.
    pub blocks: usize,
    /// The chunk size.
    pub chunk: usize,
    /// Everybody who was measured.
    pub figures: Vec<Figure>,
}

/// What was measured of one contestant.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Figure {
    /// The contestant.
    pub name: String,
    /// Which part it plays.
    pub role: Role,
    /// Millions of bytes of the stream per second.
    #[serde(rename = "mb", serialize_with = "four_digits")]
    pub mb_per_s: f64,
    /// Nanoseconds per event; per heartbeat where there are no events.
    #[serde(rename = "ns", serialize_with = "four_digits")]
    pub ns_per_event: f64,
    /// Allocations per event.
    #[serde(rename = "allocs", serialize_with = "four_digits")]
    pub allocs_per_event: f64,
    /// Whether the rounds spread too far.
    #[serde(default, skip_serializing_if = "is_false")]
    pub noisy: bool,
    /// What was wrong with what it found: then it takes no part in the ratios.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrong: Option<String>,
}

// What serde asks for.
#[expect(clippy::trivially_copy_pass_by_ref)]
const fn is_false(value: &bool) -> bool {
    !*value
}

/// Checks everybody, then measures everybody.
#[must_use]
pub fn measure(corpus: &Corpus, chunk: usize, decoders: &[Decoder], effort: Effort) -> Cell {
    let parts: Vec<Part> = decoders
        .iter()
        .map(|decoder| part_for(corpus, chunk, decoder, effort.budget))
        .collect();
    let contestants: Vec<(&Decoder, Part)> = decoders.iter().zip(parts).collect();
    let timings = interleave(
        &contestants,
        effort.rounds,
        effort.at_least,
        |(decoder, part)| {
            std::hint::black_box((decoder.run)(corpus.input(*part, chunk)));
        },
    );
    let figures = contestants
        .iter()
        .zip(timings)
        .map(|((decoder, part), timing)| {
            let (found, allocs) = alloc::count(|| (decoder.run)(corpus.input(*part, chunk)));
            Figure {
                name: decoder.name.to_owned(),
                role: decoder.role,
                mb_per_s: part.len as f64 * 1e3 / timing.median,
                ns_per_event: timing.median / part.blocks as f64,
                allocs_per_event: allocs as f64 / part.blocks as f64,
                noisy: timing.is_noisy(),
                wrong: wrong(decoder, found, part.counts),
            }
        });
    Cell {
        corpus: corpus.kind.name().to_owned(),
        bytes: corpus.whole().len,
        blocks: corpus.whole().blocks,
        chunk,
        figures: figures.collect(),
    }
}

/// As much of the corpus as a decoder reads within the budget. Some peers are a thousand times
/// slower than others on some rows.
fn part_for(corpus: &Corpus, chunk: usize, decoder: &Decoder, budget: Duration) -> Part {
    let first = corpus.part(0);
    let taken = time(|| {
        (decoder.run)(corpus.input(first, chunk));
    });
    let fits = budget.as_secs_f64() / taken.as_secs_f64() * first.len as f64;
    corpus.part((fits as usize).min(corpus.whole().len))
}

fn wrong(decoder: &Decoder, found: Counts, right: Counts) -> Option<String> {
    let differs = decoder.role != Role::Floor && found != right;
    differs.then(|| {
        format!(
            "{} events with {} bytes of data and {} of types instead of {}, {}, {}",
            found.events, found.data, found.types, right.events, right.data, right.types
        )
    })
}

impl Cell {
    /// A contestant by name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Figure> {
        self.figures.iter().find(|figure| figure.name == name)
    }

    /// The fastest peer that found what is there.
    #[must_use]
    pub fn fastest_peer(&self) -> Option<&Figure> {
        self.figures
            .iter()
            .filter(|figure| figure.role == Role::Peer && figure.wrong.is_none())
            .max_by(|a, b| a.mb_per_s.total_cmp(&b.mb_per_s))
    }

    /// How many times as fast as the fastest peer a contestant is.
    #[must_use]
    pub fn to_peer(&self, name: &str) -> Option<f64> {
        Some(self.get(name)?.mb_per_s / self.fastest_peer()?.mb_per_s)
    }

    /// How many times as fast as a floor, or as several floors one after the other.
    #[must_use]
    pub fn to_floor(&self, name: &str, floors: &[&str]) -> Option<f64> {
        let time = floors.iter().try_fold(0.0, |sum, floor| {
            Some(sum + 1.0 / self.get(floor)?.mb_per_s)
        });
        Some(self.get(name)?.mb_per_s * time?)
    }
}
