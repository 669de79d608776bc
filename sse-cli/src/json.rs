//! The JSON Lines that `decode` and `tail` write, and that `encode` and `serve` read.

use std::{borrow::Cow, io};

use serde::{Deserialize, Deserializer, Serialize, de::IgnoredAny};
use sse_codec::{DEFAULT_EVENT_TYPE, Event, Frame, Millis};

/// A line that is written. The order of the keys is the order in the line.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub(crate) enum Line<'a> {
    Event {
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<String>,
        event: Cow<'a, str>,
        data: Cow<'a, str>,
        /// The last event ID, be it the block's own or inherited.
        id: Cow<'a, str>,
        /// The block's own ID.
        own_id: Option<Cow<'a, str>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        at: Option<u64>,
    },
    /// A block without data that has an ID.
    Id {
        id: Cow<'a, str>,
        own_id: Cow<'a, str>,
        at: u64,
    },
    Comment {
        #[serde(skip_serializing_if = "Option::is_none")]
        time: Option<String>,
        comment: Cow<'a, str>,
        /// It is longer than the limit.
        #[serde(skip_serializing_if = "is_false")]
        cut: bool,
    },
    Retry {
        retry: u64,
    },
    Error {
        error: String,
        at: u64,
    },
    End {
        end: End<'a>,
    },
}

/// What is left at the end of a stream.
#[derive(Debug, Serialize)]
pub(crate) struct End<'a> {
    pub(crate) last_event_id: Cow<'a, str>,
    pub(crate) retry: Option<u64>,
    pub(crate) events: u64,
    /// It breaks off inside a block, which is lost.
    pub(crate) unfinished: bool,
}

impl<'a> Line<'a> {
    /// An event of `decode`, which came at this position.
    pub(crate) fn event(event: &Event<'a>, at: u64) -> Self {
        Self::new_event(event, event.last_event_id(), None, Some(at))
    }

    /// An event of `tail`, which came at this time.
    pub(crate) fn timed_event(event: &Event<'a>, last_event_id: &'a [u8], time: String) -> Self {
        Self::new_event(event, last_event_id, Some(time), None)
    }

    fn new_event(event: &Event<'a>, id: &'a [u8], time: Option<String>, at: Option<u64>) -> Self {
        Self::Event {
            time,
            event: text(event.event_type().unwrap_or(DEFAULT_EVENT_TYPE)),
            data: text(event.data()),
            id: text(id),
            own_id: event.id().map(text),
            at,
        }
    }

    pub(crate) fn comment(comment: &'a [u8], cut: bool, time: Option<String>) -> Self {
        Self::Comment {
            time,
            comment: text(comment),
            cut,
        }
    }

    pub(crate) fn id(id: &'a [u8], at: u64) -> Self {
        Self::Id {
            id: text(id),
            own_id: text(id),
            at,
        }
    }

    pub(crate) fn write_to(&self, mut output: impl io::Write) -> io::Result<()> {
        serde_json::to_writer(&mut output, self)?;
        output.write_all(b"\n")
    }
}

/// The standard's view of the bytes: what is not UTF-8 becomes U+FFFD (WHATWG HTML §9.2.5).
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A line that is read. Every key may be absent or null.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Block {
    event: Option<String>,
    id: Option<String>,
    /// When the key is there, also with null, it says whether the block has an ID of its own, and
    /// `id` may be one that it has inherited.
    #[serde(default, deserialize_with = "present")]
    own_id: Option<Option<String>>,
    retry: Option<u64>,
    data: Option<String>,
    comment: Option<String>,
    // What `decode` and `tail` add.
    #[serde(rename = "time")]
    _time: Option<IgnoredAny>,
    #[serde(rename = "at")]
    _at: Option<IgnoredAny>,
    #[serde(rename = "end")]
    _end: Option<IgnoredAny>,
}

fn present<'de, D: Deserializer<'de>>(value: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(value).map(Some)
}

impl Block {
    /// `None` for a line of nothing but white space.
    pub(crate) fn parse(line: &[u8]) -> Result<Option<Self>, String> {
        match line.trim_ascii() {
            [] => Ok(None),
            line @ [b'{', ..] => match serde_json::from_slice(line) {
                Ok(block) => Ok(Some(block)),
                Err(error) => Err(reason(&error)),
            },
            // An array would pass for the values without their keys.
            _ => Err("not a JSON object".into()),
        }
    }

    /// Appends the frames of the line, all of them or, when there is a reason, none.
    pub(crate) fn encode(&self, frames: &mut Vec<u8>) -> Result<(), String> {
        let event = self.to_event();
        let frame = Frame::event(event).map_err(|error| error.to_string())?;
        if let Some(comment) = &self.comment {
            Frame::comment(comment.as_bytes()).append_to(frames);
        }
        if event != Event::without_data() {
            frame.append_to(frames);
        }
        Ok(())
    }

    pub(crate) fn to_event(&self) -> Event<'_> {
        let mut event = match &self.data {
            Some(data) => Event::text(data),
            None => Event::without_data(),
        };
        // `decode` names the type that an event has without one; to a client it is the same.
        let is_default = self.own_id.is_some() && self.event.as_deref() == Some("message");
        if let Some(event_type) = self.event.as_ref().filter(|_| !is_default) {
            event = event.with_type(event_type.as_bytes());
        }
        if let Some(id) = self.own_id.as_ref().unwrap_or(&self.id) {
            event = event.with_id(id.as_bytes());
        }
        if let Some(retry) = self.retry {
            event = event.with_retry(Millis(retry));
        }
        event
    }
}

/// The error without its line number, which is always 1.
fn reason(error: &serde_json::Error) -> String {
    let message = error.to_string();
    match message.rsplit_once(" at line ") {
        Some((what, _)) => format!("{what} at column {}", error.column()),
        None => message,
    }
}
