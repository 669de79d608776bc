//! From standard input to the hub, on a thread of its own: reading it waits.

use std::thread;

use sse_codec::Event;
use sse_codec_tokio::Hub;
use tokio::sync::oneshot;

use super::Arguments;
use crate::{
    exit::{Ending, Failure, note},
    input,
    json::Block,
    lines::{Lines, Next},
};

/// What has become of the input.
pub(super) struct Published {
    pub(super) events: u64,
    pub(super) ending: Ending,
}

type Outcome = Result<Published, Failure>;

pub(super) fn start(hub: Hub, arguments: &Arguments, done: oneshot::Sender<Outcome>) {
    let (is_json, limit) = (arguments.json, arguments.max_line);
    let event_type = arguments.event.clone();
    thread::spawn(move || {
        let publisher = Publisher {
            hub,
            is_json,
            event_type,
        };
        // Whoever waited has gone: the command ends.
        let _ = done.send(publisher.run(limit));
    });
}

struct Publisher {
    hub: Hub,
    is_json: bool,
    event_type: Option<String>,
}

impl Publisher {
    fn run(&self, limit: usize) -> Outcome {
        let what = if self.is_json { "JSON Lines" } else { "lines" };
        let mut lines = Lines::new(input::stdin(what), limit);
        let mut published = Published {
            events: 0,
            ending: Ending::Done,
        };
        for number in 1_u64.. {
            let outcome = match lines.next().map_err(|error| Failure::reading(&error))? {
                Next::End => break,
                Next::TooLong => Err(format!("longer than {limit} bytes")),
                Next::Line(line) if self.is_json => self.block(line),
                Next::Line(line) => self.publish(Event::new(line)).map(|()| true),
            };
            match outcome {
                Ok(is_event) => published.events += u64::from(is_event),
                Err(reason) => {
                    published.ending = Ending::Misused;
                    note(format_args!("line {number}: {reason}"));
                }
            }
        }
        Ok(published)
    }

    /// Whether there was an event in the line.
    fn block(&self, line: &[u8]) -> Result<bool, String> {
        let Some(block) = Block::parse(line)? else {
            return Ok(false);
        };
        let event = block.to_event();
        if !event.has_data() {
            return Ok(false);
        }
        self.publish(event).map(|()| true)
    }

    fn publish(&self, event: Event<'_>) -> Result<(), String> {
        let event = match &self.event_type {
            Some(event_type) => event.with_type(event_type.as_bytes()),
            None => event,
        };
        match self.hub.publish(event) {
            Ok(_) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}
