//! Who encodes what correctly.

use std::panic;

use serde::{Deserialize, Serialize};

use super::{Encoder, Wire, Work, cases::Message};
use crate::oracle::{self, Event};

/// What came of the hard cases.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Verdict {
    /// The cases that went wrong.
    pub wrong: Vec<String>,
    /// How many cases there were.
    pub of: usize,
    /// How it refuses what cannot be encoded, if it does.
    pub refuses: Option<String>,
}

/// Values that encoders get wrong.
const HARD: [(&str, [&str; 3]); 18] = [
    ("empty data", ["", "", ""]),
    ("a lone LF", ["", "", "\n"]),
    ("a last LF", ["", "", "a\n"]),
    ("an empty line", ["", "", "a\n\nb"]),
    ("a first space", ["", "", " a"]),
    ("spaces on each line", ["", "", " a\n  b"]),
    ("CR", ["", "", "a\rb"]),
    ("CRLF", ["", "", "a\r\nb"]),
    ("LF and CR", ["", "", "a\n\rb"]),
    ("a last CR", ["", "", "a\r"]),
    ("CR and a field", ["", "", "a\rid: 7"]),
    (
        "other line ends of Unicode",
        ["", "", "a\u{85}b\u{2028}c\u{B}d"],
    ),
    ("a colon", ["a:b", ": c", ":d"]),
    ("a space in the type", [" a", " b", "c"]),
    ("LF in the type", ["a\ndata: x", "", "b"]),
    ("CR in the type", ["a\rdata: x", "", "b"]),
    ("LF in the ID", ["", "a\n\ndata: x", "b"]),
    ("CR in the ID", ["", "a\rdata: x", "b"]),
];

/// Tries the hard cases.
#[must_use]
pub fn hard_cases(encoder: &Encoder) -> Verdict {
    let mut verdict = Verdict {
        of: HARD.len(),
        ..Verdict::default()
    };
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    for (name, [event_type, id, data]) in HARD {
        let [event_type, id, data] = [event_type, id, data].map(str::to_owned);
        let message = Message {
            event_type,
            id,
            data,
        };
        let possible = !(message.event_type.clone() + &message.id).contains(['\r', '\n']);
        let messages: &'static [Message] = vec![message].leak();
        let outcome = panic::catch_unwind(|| record(encoder, Work::Messages(messages)));
        verdict.refuses = match outcome {
            Err(_) => Some("panic".to_owned()),
            Ok(None) => Some("error".to_owned()),
            Ok(Some(_)) => verdict.refuses,
        };
        let right = match outcome.ok().flatten() {
            Some(wire) => possible && is_right(Work::Messages(messages), &wire),
            None => !possible,
        };
        if !right {
            verdict.wrong.push(name.to_owned());
        }
    }
    panic::set_hook(hook);
    verdict
}

/// What an encoder writes, or `None` when it refuses.
#[must_use]
pub fn record(encoder: &Encoder, work: Work) -> Option<Vec<u8>> {
    let mut wire = Wire::recording();
    (encoder.run)(work, &mut wire)?;
    Some(wire.recorded().to_vec())
}

/// Whether a receiver makes of it exactly what was meant.
#[must_use]
pub fn is_right(work: Work, wire: &[u8]) -> bool {
    let expected: Vec<Event> = match work {
        Work::Heartbeats(count) => {
            let reading = oracle::read(wire);
            return reading.complete && reading.events.is_empty() && reading.blocks == count;
        }
        Work::Messages(messages) => messages
            .iter()
            .map(
                |Message {
                     event_type,
                     id,
                     data,
                 }| event(event_type, id, data),
            )
            .collect(),
        Work::Payloads(payloads) => payloads
            .iter()
            .map(|payload| {
                let data = serde_json::to_string(&payload.data).unwrap_or_default();
                event(&payload.event_type, &payload.id, &data)
            })
            .collect(),
    };
    let reading = oracle::read(wire);
    reading.complete && reading.events == expected
}

fn event(event_type: &str, id: &str, data: &str) -> Event {
    let data = data.replace("\r\n", "\n").replace('\r', "\n");
    Event {
        event_type: event_type.into(),
        data: data.into(),
        id: id.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{hard_cases, is_right, record};
    use crate::encode::{Role, all, cases};

    #[test]
    fn ours_is_right_everywhere() {
        for encoder in all().iter().filter(|encoder| encoder.role == Role::Ours) {
            assert_eq!(hard_cases(encoder).wrong, [""; 0], "{}", encoder.name);
            for case in cases::all() {
                if let Some(wire) = record(encoder, case.work) {
                    assert!(is_right(case.work, &wire), "{} {}", encoder.name, case.name);
                }
            }
        }
    }
}
