//! The cases of the encode table.

use serde::Serialize;

use super::Work;
use crate::{
    Rng,
    text::{Script, token_json, words},
};

/// An event to encode. An empty type or ID is none.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// The event type.
    pub event_type: String,
    /// The ID.
    pub id: String,
    /// The data.
    pub data: String,
}

/// An event whose data is JSON of about 200 B, not yet serialized.
#[derive(Clone, Debug)]
pub struct Payload {
    /// The event type.
    pub event_type: String,
    /// The ID.
    pub id: String,
    /// The data.
    pub data: Completion,
}

/// A chunk of a chat completion.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of a JSON object")]
pub struct Completion {
    pub id: String,
    pub object: &'static str,
    pub created: u64,
    pub choices: [Choice; 1],
}

/// What a [`Completion`] holds.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the fields of a JSON object")]
pub struct Choice {
    pub index: u32,
    pub delta: String,
    pub logprobs: Option<f64>,
    pub finish_reason: Option<&'static str>,
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The name in tables and on the command line.
    pub name: &'static str,
    /// One line about it.
    pub about: &'static str,
    /// What is encoded.
    pub work: Work,
}

/// All cases, always the same. Their texts are leaked.
///
/// Each has more events than a branch predictor can learn by heart.
#[must_use]
pub fn all() -> [Case; 6] {
    let mut rng = Rng::new(0x656E_636F_6465);
    let rng = &mut rng;
    [
        Case {
            name: "json",
            about: "150–250 B of JSON, event and id",
            work: messages(1024, |number| Message {
                event_type: "content_block_delta".to_owned(),
                id: (100_000 + number).to_string(),
                data: token_json(rng, Script::Mixed, 150, 250),
            }),
        },
        Case {
            name: "lines",
            about: "4 KiB, 100 lines of 40 B",
            work: messages(32, |_| text(rng, 40, 40, &["\n"])),
        },
        Case {
            name: "lines-random",
            about: "4 KiB, 100 lines of 0–80 B, some CRLF",
            work: messages(32, |_| text(rng, 0, 80, &["\n", "\n", "\r\n"])),
        },
        Case {
            name: "json-64k",
            about: "64 KiB of JSON",
            work: messages(8, |_| Message {
                data: token_json(rng, Script::Mixed, 60 << 10, 68 << 10),
                ..Message::default()
            }),
        },
        Case {
            name: "heartbeat",
            about: "a heartbeat",
            work: Work::Heartbeats(1024),
        },
        Case {
            name: "serde",
            about: "200 B made by serde_json, event and id",
            work: payloads(rng),
        },
    ]
}

fn messages(count: usize, make: impl FnMut(usize) -> Message) -> Work {
    Work::Messages((0..count).map(make).collect::<Vec<_>>().leak())
}

fn text(rng: &mut Rng, min: usize, max: usize, ends: &[&str]) -> Message {
    let mut data = String::new();
    for line in 0..100 {
        if line > 0 {
            data.push_str(rng.pick(ends));
        }
        let len = rng.between(min, max);
        words(rng, Script::Mixed, len, &mut data);
    }
    // The JSON escapes among the words stay: they are two bytes each and no line ends.
    Message {
        data,
        ..Message::default()
    }
}

fn payloads(rng: &mut Rng) -> Work {
    let payload = |number: usize| {
        let mut delta = String::new();
        let len = rng.between(20, 100);
        words(rng, Script::Mixed, len, &mut delta);
        let data = Completion {
            id: format!("chatcmpl-{:08x}", rng.bits() as u32),
            object: "chat.completion.chunk",
            created: 1_763_600_000 + rng.between(0, 99_999) as u64,
            choices: [Choice {
                index: 0,
                delta,
                logprobs: None,
                finish_reason: None,
            }],
        };
        Payload {
            event_type: "content_block_delta".to_owned(),
            id: (100_000 + number).to_string(),
            data,
        }
    };
    Work::Payloads((0..1024).map(payload).collect::<Vec<_>>().leak())
}
