//! Where a peer does something else than the standard says. Each is the peer's; a difference that
//! is not here, and one that is here and has gone, fails the check. docs/interop.md lists them.

use crate::cases::{Case, Seen, standard};

pub struct Difference {
    pub peer: &'static str,
    pub case: &'static str,
    pub instead: Instead,
}

pub enum Instead {
    /// An event with empty data where there should be none.
    EmptyEvent,
    /// No event.
    Nothing,
    /// Other data.
    Data(&'static str),
}

const fn difference(peer: &'static str, case: &'static str, instead: Instead) -> Difference {
    Difference {
        peer,
        case,
        instead,
    }
}

pub const DIFFERENCES: &[Difference] = &[
    // Its decoder yields an event at every blank line once a type, a reconnection time or, from the
    // first ID on, an ID has been seen, be there data or not: also for every heartbeat.
    difference("httpx-sse", "type alone", Instead::EmptyEvent),
    difference("httpx-sse", "retry alone", Instead::EmptyEvent),
    difference("httpx-sse", "comment after an id", Instead::EmptyEvent),
    difference("httpx-sse", "id alone", Instead::EmptyEvent),
    // `Event::data` takes CR and LF for a line end each.
    difference("axum", "CR LF", Instead::Data("a\n\nb")),
    // `Event::data("")` writes no line.
    difference("axum", "empty data", Instead::Nothing),
    // It writes a `data` line for every message.
    difference("h3", "type alone", Instead::EmptyEvent),
    difference("h3", "retry alone", Instead::EmptyEvent),
    difference("h3", "id alone", Instead::EmptyEvent),
];

/// What is to be seen through this peer.
pub fn expected(cases: &[Case], peer: &str) -> Vec<(&'static str, Seen)> {
    let mut last_event_id = String::new();
    let mut expected = Vec::new();
    for case in cases {
        let seen = standard(case, &mut last_event_id);
        let difference = differences(peer).find(|difference| difference.case == case.name);
        let seen = match difference.map(|difference| &difference.instead) {
            None => seen,
            Some(Instead::Nothing) => None,
            Some(Instead::EmptyEvent) => Some(Seen {
                event_type: case.event_type.unwrap_or("message").to_owned(),
                data: String::new(),
                id: last_event_id.clone(),
            }),
            Some(Instead::Data(data)) => seen.map(|seen| Seen {
                data: (*data).to_owned(),
                ..seen
            }),
        };
        expected.extend(seen.map(|seen| (case.name, seen)));
    }
    expected
}

pub fn differences(peer: &str) -> impl Iterator<Item = &'static Difference> {
    DIFFERENCES
        .iter()
        .filter(move |difference| difference.peer == peer)
}

/// Whether what was seen is what was expected; if not, the first that is not.
pub fn compare(cases: &[Case], peer: &str, seen: &[Seen]) -> Result<String, String> {
    let expected = expected(cases, peer);
    for (index, (case, expected)) in expected.iter().enumerate() {
        match seen.get(index) {
            Some(seen) if seen == expected => {}
            Some(seen) => {
                return Err(format!(
                    "{case}: {} instead of {}",
                    show(seen),
                    show(expected)
                ));
            }
            None => return Err(format!("{case}: is missing, after {index} events")),
        }
    }
    if let Some(extra) = seen.get(expected.len()) {
        return Err(format!("one too many: {}", show(extra)));
    }
    let count = differences(peer).count();
    Ok(format!(
        "{} events, {count} known differences",
        expected.len()
    ))
}

fn show(
    Seen {
        event_type,
        data,
        id,
    }: &Seen,
) -> String {
    let start: String = data.chars().take(40).collect();
    let dots = if start.len() < data.len() { "…" } else { "" };
    format!("[type {event_type:?}, data {start:?}{dots}, id {id:?}]")
}
