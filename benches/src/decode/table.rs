//! The decode table as text.

use std::fmt::Write as _;

use super::cell::{Cell, Figure};
use crate::{
    aims::{self, Ratio},
    corpus::Kind,
    report::{Table, size},
};

const RATIOS: &str = "\
How many times as fast, with ✓ or ✗ and the aim where there is one. memchr2: `memchr2_iter` over
CR/LF in the same chunks; for (c) in chunks that do not hold the line, one memcpy and one such scan.
peer: the fastest peer that finds what is there. str: with `data_str()` on every event, which is
what the peers give. plain: the crate without any feature (memchr's own feature `std` stays on, the
peers ask for it).";

/// Everything.
#[must_use]
pub fn all(cells: &[Cell]) -> String {
    let mut text = String::new();
    for cells in cells.chunk_by(|a, b| a.corpus == b.corpus) {
        text += &corpus(cells);
        text.push('\n');
    }
    text + &summary(cells)
}

/// Everybody's figures for one corpus.
#[must_use]
pub fn corpus(cells: &[Cell]) -> String {
    let Some(first) = cells.first() else {
        return String::new();
    };
    let chunks: Vec<String> = cells.iter().map(|cell| size(cell.chunk)).collect();
    let head = [""].into_iter().chain(chunks.iter().map(String::as_str));
    let mut table = Table::new(&head.collect::<Vec<_>>());
    for Figure { name, .. } in &first.figures {
        let figures = cells
            .iter()
            .map(|cell| cell.get(name).map_or_else(String::new, figure));
        table.row([name.clone()].into_iter().chain(figures));
    }
    format!(
        "## {}: {}\n\n{} bytes, {} blocks of {:.1} B. MB/s · ns/event · allocations/event\n\n{table}",
        first.corpus,
        first.kind().map_or("", Kind::about),
        first.bytes,
        first.blocks,
        first.bytes as f64 / first.blocks as f64,
    )
}

fn figure(figure: &Figure) -> String {
    let Figure {
        mb_per_s,
        ns_per_event,
        allocs_per_event,
        ..
    } = figure;
    let noisy = if figure.noisy { " ~" } else { "" };
    let wrong = if figure.wrong.is_some() { " wrong" } else { "" };
    format!("{mb_per_s:.0} · {ns_per_event:.1} · {allocs_per_event:.2}{noisy}{wrong}")
}

/// Ours against the floors and the fastest peer; which aims are missed; what was wrong or noisy.
#[must_use]
pub fn summary(cells: &[Cell]) -> String {
    format!(
        "## Ratios\n\n{}\n{RATIOS}\n\n{}{}{}",
        ratios(cells),
        aims::missed(&cells.iter().flat_map(Cell::ratios).collect::<Vec<_>>()),
        limits(cells).unwrap_or_default(),
        problems(cells),
    )
}

fn ratios(cells: &[Cell]) -> Table {
    let mut table = Table::new(&[
        "corpus",
        "chunk",
        "MB/s",
        "ns/event",
        "allocs",
        "÷ memchr2",
        "÷ peer",
        "str ÷ peer",
        "plain ÷ peer",
        "fastest peer",
        "÷ mask",
        "÷ memcpy",
        "plain str ÷ peer",
    ]);
    for cell in cells {
        let Some(ours) = cell.get("ours") else {
            continue;
        };
        let figures = [
            cell.corpus.clone(),
            size(cell.chunk),
            format!("{:.0}", ours.mb_per_s),
            format!("{:.1}", ours.ns_per_event),
            format!("{:.2}", ours.allocs_per_event),
        ];
        let aimed = cell.ratios().map(|ratio| ratio.to_string());
        let peer = cell.fastest_peer().map_or("", |peer| &peer.name);
        let others = [
            peer.to_owned(),
            times(cell.to_floor("ours", &["mask"])),
            times(cell.to_floor("ours", &["memcpy"])),
            times(cell.to_peer("plain-str")),
        ];
        table.row(figures.into_iter().chain(aimed).chain(others));
    }
    table
}

/// What limits it, in the figures for LLM tokens.
fn limits(cells: &[Cell]) -> Option<String> {
    let find = |chunk| {
        let mut cells = cells.iter();
        cells.find(|cell| cell.corpus == Kind::Tokens.name() && cell.chunk == chunk)
    };
    let (large, small) = (find(64 << 10)?, find(64)?);
    let (ours, mask) = (large.get("ours")?, large.get("mask")?);
    let cuts = small.bytes as f64 / small.blocks as f64 / small.chunk as f64;
    let cut = (small.get("ours")?.ns_per_event - ours.ns_per_event) / cuts;
    Some(format!(
        "
What limits it, in (a): of the {:.0} ns that an event takes in 64 KiB, finding the line ends takes
{:.0} (mask). The rest are decisions for each event, one of which is mispredicted, since lengths are
random: callgrind's `--branch-sim` shows it. (b), (d) and (h) are the same decisions for fewer bytes:
of the 362 instructions of an event in (b), callgrind gives 115 to finding line ends and 247 to what
they mean, 65 of these in the loop of the caller, who reads type and data; of the 90 in (d), 14 and
76. In (e) a line takes 84: 30 for its part of the masks, 54 for its name, its room and a copy of
64 B. In 64 B an event of (a) is cut {cuts:.1} times, and each cut adds {cut:.0} ns: what came is copied, and
the state put away and taken up again. The aims are from throw-away decoders, each of them fast on
some of the rows.
",
        ours.ns_per_event, mask.ns_per_event,
    ))
}

fn times(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.2}"))
}

/// Who found something else than is there, and what was disturbed.
fn problems(cells: &[Cell]) -> String {
    let mut text = String::new();
    let (mut all, mut noisy) = (0, 0);
    for cell in cells {
        for figure in &cell.figures {
            all += 1;
            noisy += usize::from(figure.noisy);
            if let Some(wrong) = &figure.wrong {
                let (name, corpus, chunk) = (&figure.name, &cell.corpus, size(cell.chunk));
                let _ = writeln!(text, "- {name} on {corpus} in {chunk}: {wrong}");
            }
        }
    }
    if !text.is_empty() {
        text = format!("\n## Wrong\n\n{text}");
    }
    if noisy > 0 {
        let _ = writeln!(
            text,
            "\n**Noise**: in {noisy} of {all} figures (marked ~) the middle half of the rounds \
             spreads by more than 10 %. Close what else runs, or give more --rounds.",
        );
    }
    text
}

impl Cell {
    /// The corpus.
    #[must_use]
    pub fn kind(&self) -> Option<Kind> {
        let mut kinds = Kind::ALL.into_iter();
        kinds.find(|kind| kind.name() == self.corpus)
    }

    /// The ratios that there can be an aim for.
    #[must_use]
    pub fn ratios(&self) -> [Ratio; 4] {
        let aim = self.kind().and_then(|kind| aims::decode(kind, self.chunk));
        let copied = self.corpus == "c" && matches!(self.chunk, 16_384..1_048_576);
        let floor: &[&str] = if copied {
            &["memcpy", "memchr2"]
        } else {
            &["memchr2"]
        };
        let peer = self.fastest_peer().map_or("peer", |peer| &peer.name);
        let ratio = |what: &str, to: &str, times, aim| Ratio {
            row: format!("{} in {}", self.corpus, size(self.chunk)),
            what: format!("{what} ÷ {to}"),
            times,
            aim,
        };
        [
            ratio(
                "ours",
                &floor.join(" + "),
                self.to_floor("ours", floor),
                aim.and_then(|aim| aim.floor),
            ),
            ratio("ours", peer, self.to_peer("ours"), aim.map(|aim| aim.peer)),
            ratio(
                "ours-str",
                peer,
                self.to_peer("ours-str"),
                aim.and_then(|aim| aim.text),
            ),
            // Without the feature: no slower than the fastest peer at 1400 B and above.
            ratio(
                "plain",
                peer,
                self.to_peer("plain"),
                (self.chunk >= 1400).then_some(1.0),
            ),
        ]
    }
}
