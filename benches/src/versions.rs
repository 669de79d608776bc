//! What the figures were measured with, for the head of a table.

use std::{fs, process::Command};

/// The versions in the lock file of these packages, in their order.
#[must_use]
pub fn locked(names: &[&str]) -> Vec<(String, String)> {
    names
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), version_of(name)?)))
        .collect()
}

/// The version of the first package of this name in the lock file.
fn version_of(name: &str) -> Option<String> {
    let (_, entry) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    Some(entry.split_once('"')?.0.to_owned())
}

/// The machine: model, number of cores, compiler.
#[must_use]
pub fn machine() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, model)| model);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!(
        "{model}, {cores} cores, {}, {}",
        std::env::consts::ARCH,
        said_by("rustc", "--version")
    )
}

/// Today.
#[must_use]
pub fn date() -> String {
    said_by("date", "+%F")
}

fn said_by(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output().ok();
    let text = output.and_then(|output| String::from_utf8(output.stdout).ok());
    text.unwrap_or_default().trim().to_owned()
}

const LOCK: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.lock"));
