use std::{fmt, sync::Arc};

use sse_codec::{Event, Frame, replay::Outcome};

use crate::encoded::EncodedFrame;

/// The type of the event that says what became of a client's place.
const EVENT_TYPE: &[u8] = b"replay";

/// A function of the caller's.
type Make = dyn Fn(Outcome, &[u8]) -> Option<EncodedFrame> + Send + Sync;

/// How a stream says what became of the client's place, at its beginning and in the middle.
#[derive(Clone, Default)]
pub(super) enum Opening {
    /// By an event.
    #[default]
    Notice,
    /// By the ID alone.
    Id,
    Custom(Arc<Make>),
    Nothing,
}

impl Opening {
    pub(super) const fn says(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// The frame that says this, and moves the client's ID. Call it outside of all locks.
    pub(super) fn frame(&self, outcome: Outcome, id: &[u8]) -> Option<EncodedFrame> {
        match self {
            Self::Notice => {
                let data = data(outcome);
                let event = Event::text(&data).with_type(EVENT_TYPE).with_id(id);
                EncodedFrame::event(event).ok()
            }
            Self::Id => Frame::id(id).ok().map(EncodedFrame::from),
            Self::Custom(make) => make(outcome, id),
            Self::Nothing => None,
        }
    }
}

fn data(outcome: Outcome) -> String {
    match outcome {
        Outcome::New => r#"{"outcome":"new"}"#.to_owned(),
        Outcome::Resumed { replayed } => {
            format!(r#"{{"outcome":"resumed","replayed":{replayed}}}"#)
        }
        Outcome::Gap { lost } => format!(r#"{{"outcome":"gap","lost":{lost}}}"#),
        Outcome::Unknown => r#"{"outcome":"unknown"}"#.to_owned(),
        Outcome::Pending => r#"{"outcome":"pending"}"#.to_owned(),
    }
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Notice => "Notice",
            Self::Id => "Id",
            Self::Custom(_) => "Custom",
            Self::Nothing => "Nothing",
        })
    }
}
