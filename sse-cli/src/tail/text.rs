//! What is printed of an event.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use jiff::ZonedDateTime;
use sse_codec::DEFAULT_EVENT_TYPE;
use sse_codec_tokio::OwnedEvent;

use super::{
    arguments::{Display, Output},
    escape::escaped,
};
use crate::json::{Line, text};

/// Turns events to what is printed.
pub(super) struct Printer {
    format: Format,
    types: Vec<String>,
    comments: bool,
    /// Stdout is a terminal, which bytes of a server's must not steer.
    is_terminal: bool,
    has_color: bool,
    /// The output ends inside a line.
    is_inside_line: bool,
}

enum Format {
    Text,
    Json,
    Data,
    Raw,
    Pointer(String),
}

const TIME: Style = Style::new().dimmed();
const TYPE: Style = AnsiColor::Cyan.on_default().bold();
const ID: Style = AnsiColor::Yellow.on_default();

impl Printer {
    pub(super) fn new(display: &Display, is_terminal: bool, has_color: bool) -> Self {
        Self {
            format: match (&display.pointer, display.output) {
                (Some(pointer), _) => Format::Pointer(pointer.clone()),
                (None, Output::Text) => Format::Text,
                (None, Output::Json) => Format::Json,
                (None, Output::Data) => Format::Data,
                (None, Output::Raw) => Format::Raw,
            },
            types: display.types.clone(),
            comments: display.comments,
            is_terminal,
            has_color,
            is_inside_line: false,
        }
    }

    /// Whether events of this type are asked for.
    pub(super) fn wants(&self, event: &OwnedEvent) -> bool {
        let event_type = event.event_type().unwrap_or(DEFAULT_EVENT_TYPE);
        self.types.is_empty() || self.types.iter().any(|name| name.as_bytes() == event_type)
    }

    pub(super) fn event(
        &mut self,
        event: &OwnedEvent,
        raw: Vec<u8>,
        out: &mut Vec<u8>,
    ) -> io::Result<()> {
        match &self.format {
            Format::Text => self.text(event, out),
            Format::Json => {
                let line = Line::timed_event(&event.as_event(), event.last_event_id(), now_utc());
                line.write_to(out)
            }
            Format::Data => {
                self.bytes(event.data(), out)?;
                out.write_all(b"\n")
            }
            Format::Raw => self.bytes(&raw, out),
            Format::Pointer(pointer) => {
                let found = pick(event.data(), pointer);
                self.is_inside_line = match found.as_bytes() {
                    [] => self.is_inside_line,
                    [.., last] => *last != b'\n',
                };
                self.bytes(found.as_bytes(), out)
            }
        }
    }

    pub(super) fn comment(&self, comment: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        if !self.comments {
            return Ok(());
        }
        match &self.format {
            Format::Text => {
                let (time, style) = (time(), self.style(TIME));
                let comment = escaped(&text(comment)).replace('\t', "\\t");
                writeln!(out, "{style}{time} :{comment}{style:#}")
            }
            Format::Json => Line::comment(comment, false, Some(now_utc())).write_to(out),
            Format::Data | Format::Raw | Format::Pointer(_) => Ok(()),
        }
    }

    /// What comes at the end.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        if std::mem::take(&mut self.is_inside_line) {
            out.push(b'\n');
        }
    }

    fn text(&self, event: &OwnedEvent, out: &mut Vec<u8>) -> io::Result<()> {
        let time = time();
        let event_type = text(event.event_type().unwrap_or(DEFAULT_EVENT_TYPE));
        let event_type = one_line(&event_type);
        let (time_style, type_style, id_style) =
            (self.style(TIME), self.style(TYPE), self.style(ID));
        write!(
            out,
            "{time_style}{time}{time_style:#} {type_style}{event_type}{type_style:#}"
        )?;
        if let Some(id) = event.id() {
            write!(out, " {id_style}#{}{id_style:#}", one_line(&text(id)))?;
        }
        // The lines of data after the first stand below its time.
        let data = escaped(&text(event.data())).replace('\n', &format!("\n{:13}", ""));
        writeln!(out, " {data}")
    }

    /// Bytes of the server's, as they are, unless they go to a terminal.
    fn bytes(&self, bytes: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        match self.is_terminal {
            true => out.write_all(escaped(&text(bytes)).as_bytes()),
            false => out.write_all(bytes),
        }
    }

    const fn style(&self, style: Style) -> Style {
        if self.has_color { style } else { Style::new() }
    }
}

fn one_line(text: &str) -> String {
    escaped(text).replace('\n', "\\n").replace('\t', "\\t")
}

fn time() -> impl std::fmt::Display {
    ZonedDateTime::now().strftime("%H:%M:%S%.3f").to_string()
}

fn now_utc() -> String {
    jiff::Timestamp::now()
        .strftime("%Y-%m-%dT%H:%M:%S%.3fZ")
        .to_string()
}

/// What stands at a place of a JSON text; nothing when there is none.
fn pick(data: &[u8], pointer: &str) -> String {
    let Ok(value) = serde_json::from_slice::<serde_json::Value>(data) else {
        return String::new();
    };
    match value.pointer(pointer) {
        None | Some(serde_json::Value::Null) => String::new(),
        Some(serde_json::Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
    }
}
