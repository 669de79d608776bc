//! What is right and what is wrong with what was seen. Each rule is a function.

mod others;
mod response;
mod stream;

use std::fmt::Display;

use serde::Serialize;

use super::probes::Seen;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    /// As it should be.
    Ok,
    /// Good to know.
    Note,
    /// Some clients, or some proxies, will have trouble.
    Warning,
    /// Clients lose events or do not connect at all.
    Wrong,
}

#[derive(Debug, Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// What it is about, in a word.
    pub(super) about: &'static str,
    pub(super) text: String,
}

/// Collects findings.
#[derive(Debug, Default)]
pub(super) struct Findings(Vec<Finding>);

impl Findings {
    pub(super) fn of(seen: &Seen) -> Vec<Finding> {
        let mut findings = Self::default();
        response::judge(&seen.stream, &mut findings);
        if seen.stream.is_stream() {
            stream::judge(&seen.stream, &mut findings);
            if let Some(others) = &seen.others {
                others::judge(&seen.stream, others, &mut findings);
            } else {
                findings.note(
                    "resume",
                    "not tried, nor anything else that takes another request: only a GET is repeated",
                );
            }
        }
        findings.0
    }

    fn add(&mut self, level: Level, about: &'static str, text: impl Display) {
        let text = text.to_string();
        self.0.push(Finding { level, about, text });
    }

    fn ok(&mut self, about: &'static str, text: impl Display) {
        self.add(Level::Ok, about, text);
    }

    fn note(&mut self, about: &'static str, text: impl Display) {
        self.add(Level::Note, about, text);
    }

    fn warn(&mut self, about: &'static str, text: impl Display) {
        self.add(Level::Warning, about, text);
    }

    fn wrong(&mut self, about: &'static str, text: impl Display) {
        self.add(Level::Wrong, about, text);
    }
}

/// A length of time as people read it.
pub(super) fn time(time: std::time::Duration) -> String {
    match time.as_millis() {
        millis @ 0..1_000 => format!("{millis} ms"),
        millis => format!("{:.1} s", millis as f64 / 1000.0),
    }
}
