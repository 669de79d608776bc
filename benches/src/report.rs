//! Markdown tables, the head of a report, and JSON beside it.

use std::{fmt, fs, io};

use serde::Serialize;

use crate::{args::Args, versions};

/// A Markdown table whose columns are padded, so that it can be read in a terminal too.
#[derive(Clone, Debug)]
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table with these headings.
    #[must_use]
    pub fn new(head: &[&str]) -> Self {
        Self {
            rows: vec![head.iter().map(|cell| (*cell).to_owned()).collect()],
        }
    }

    /// Appends a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = self.rows[0].len();
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        for (number, row) in self.rows.iter().enumerate() {
            for (cell, width) in row.iter().zip(&widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")?;
            if number == 0 {
                widths
                    .iter()
                    .try_for_each(|width| write!(f, "|{:-<1$}", "", width + 2))?;
                writeln!(f, "|")?;
            }
        }
        Ok(())
    }
}

/// Prints what the figures were measured with: machine, command, versions.
pub fn print_head(packages: &[&'static str]) {
    println!("{}", versions::machine());
    println!(
        "Command: `{}`",
        std::env::args().collect::<Vec<_>>().join(" ")
    );
    let versions: Vec<String> = versions::locked(packages)
        .into_iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    println!("Lock file: {}\n", versions.join(", "));
}

/// Writes the figures where `--json` asks for them.
///
/// # Errors
/// When the file cannot be written.
pub fn write_json(args: &Args, figures: &impl Serialize) -> io::Result<()> {
    let Some(path) = &args.json else {
        return Ok(());
    };
    let report = serde_json::json!({
        "machine": versions::machine(),
        "command": std::env::args().collect::<Vec<_>>(),
        "figures": figures,
    });
    fs::write(path, serde_json::to_string_pretty(&report)?)?;
    println!("\nWritten to {path}.");
    Ok(())
}

/// A ratio, with a mark when it misses its aim: `1.31 ✗1.40`, or `1.45 ✓`.
#[must_use]
pub fn ratio(value: Option<f64>, aim: Option<f64>) -> String {
    match (value, aim) {
        (None, _) => "–".to_owned(),
        (Some(value), None) => format!("{value:.2}"),
        (Some(value), Some(aim)) if value >= aim => format!("{value:.2} ✓"),
        (Some(value), Some(aim)) => format!("{value:.2} ✗{aim:.2}"),
    }
}

/// How many bytes a chunk has, as people say it: `64 KiB`, `1400 B`.
#[must_use]
pub fn size(bytes: usize) -> String {
    match bytes {
        _ if bytes >= 1 << 20 && bytes.is_multiple_of(1 << 20) => format!("{} MiB", bytes >> 20),
        _ if bytes >= 1 << 10 && bytes.is_multiple_of(1 << 10) => format!("{} KiB", bytes >> 10),
        _ => format!("{bytes} B"),
    }
}
