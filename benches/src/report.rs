//! Markdown tables, the head of a report, and JSON beside it.

use std::{env, fmt, fs, io, path::Path};

use serde::{Deserialize, Serialize, Serializer, de::DeserializeOwned};

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

/// What figures were measured with.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Head {
    /// Processor, cores, compiler.
    pub machine: String,
    /// The day.
    pub date: String,
    /// The command line, without the directory of the program.
    pub command: String,
    /// Packages and their versions in the lock file.
    pub versions: Vec<(String, String)>,
}

impl Head {
    /// Here and now.
    #[must_use]
    pub fn new(packages: &[&str]) -> Self {
        let mut command: Vec<String> = env::args().collect();
        if let Some(name) = Path::new(&command[0]).file_name() {
            command[0] = name.to_string_lossy().into_owned();
        }
        Self {
            machine: versions::machine(),
            date: versions::date(),
            command: command.join(" "),
            versions: versions::locked(packages),
        }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}, {}\n", self.machine, self.date)?;
        writeln!(f, "Command: `{}`\n", self.command)?;
        let versions = self.versions.iter();
        let versions: Vec<String> = versions
            .map(|(name, version)| format!("{name} {version}"))
            .collect();
        writeln!(f, "Lock file: {}\n", versions.join(", "))
    }
}

/// Figures and what they were measured with: what a JSON file holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report<T> {
    /// What they were measured with.
    pub head: Head,
    /// The figures.
    pub figures: T,
}

/// Writes the figures where `--json` asks for them, an object on each line.
///
/// # Errors
/// When the file cannot be written.
pub fn write_json(args: &Args, head: Head, figures: impl Serialize) -> io::Result<()> {
    let Some(path) = &args.json else {
        return Ok(());
    };
    let json = serde_json::to_string(&Report { head, figures })?;
    fs::write(path, json.replace(",{", ",\n{") + "\n")?;
    println!("\nWritten to {path}.");
    Ok(())
}

/// Reads what [`write_json`] has written.
///
/// # Errors
/// When the file cannot be read, or holds something else.
pub fn read_json<T: DeserializeOwned>(path: &Path) -> io::Result<Report<T>> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

/// Four digits, for `serde(serialize_with)`: noise is in the second or third.
///
/// # Errors
/// When the serializer has one.
pub fn four_digits<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    let rounded = format!("{value:.3e}").parse().unwrap_or(*value);
    serializer.serialize_f64(rounded)
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
