//! What a server is asked to send, and what of it a client has to see.

use serde::{Deserialize, Serialize};

/// A block, or a comment. Data is what the server's caller hands over, so it may have line ends.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Case {
    pub name: &'static str,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub event_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<&'static str>,
}

/// An event as a client shows it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Seen {
    #[serde(rename = "type")]
    pub event_type: String,
    pub data: String,
    pub id: String,
}

/// The type of the last event.
pub const END: &str = "end";

fn block(name: &'static str) -> Case {
    Case {
        name,
        ..Case::default()
    }
}

fn data(name: &'static str, data: &str) -> Case {
    Case {
        data: Some(data.to_owned()),
        ..block(name)
    }
}

pub fn cases() -> Vec<Case> {
    vec![
        data("one line", "hello"),
        data("several lines", "a\nb\n\nc"),
        data("CR LF", "a\r\nb"),
        data("CR", "a\rb"),
        data("empty data", ""),
        data("LF alone", "\n"),
        data("LF at the end", "a\n"),
        data("leading space", " a"),
        data("leading colon", ":a"),
        data(
            "data that looks like fields",
            "id: 9\nevent: fake\n\ndata: x",
        ),
        data("NUL in data", "a\0b"),
        data(
            "other line separators",
            "a\u{85}b\u{2028}c\u{2029}d\x0Be\x0Cf\x1Cg\x1Eh",
        ),
        data("byte order mark in data", "\u{FEFF}a"),
        data("beyond ASCII", "é…💡"),
        Case {
            event_type: Some("update"),
            ..data("type", "a")
        },
        Case {
            event_type: Some("größer: 💡"),
            ..data("type beyond ASCII", "a")
        },
        Case {
            event_type: Some(""),
            ..data("empty type", "a")
        },
        Case {
            event_type: Some("update"),
            ..block("type alone")
        },
        Case {
            comment: Some("a\nb"),
            ..block("comment")
        },
        Case {
            retry: Some(20),
            ..block("retry alone")
        },
        Case {
            id: Some("7"),
            ..data("id", "a")
        },
        data("inherited id", "a"),
        Case {
            comment: Some("a"),
            ..block("comment after an id")
        },
        Case {
            id: Some("8"),
            ..block("id alone")
        },
        data("id inherited from a block without data", "a"),
        Case {
            id: Some(""),
            ..data("cleared id", "a")
        },
        data("id stays cleared", "a"),
        Case {
            id: Some("a: b "),
            ..data("id with a space at its end", "a")
        },
        Case {
            retry: Some(30),
            ..data("retry with data", "a")
        },
        data("1 MiB in one line", &"0123456789abcdef".repeat(1 << 16)),
        data("1 MiB in lines", &"0123456789abcdé\n".repeat(1 << 16)),
        Case {
            event_type: Some(END),
            id: Some("é…💡"),
            ..data("id beyond ASCII", "a")
        },
    ]
}

/// What a case comes to by the standard (WHATWG HTML §9.2.6), given the last event ID before it.
pub fn standard(case: &Case, last_event_id: &mut String) -> Option<Seen> {
    if let Some(id) = case.id {
        *last_event_id = id.to_owned();
    }
    case.data.as_ref().map(|data| Seen {
        event_type: match case.event_type {
            None | Some("") => "message".to_owned(),
            Some(event_type) => event_type.to_owned(),
        },
        data: data.replace("\r\n", "\n").replace('\r', "\n"),
        id: last_event_id.clone(),
    })
}
