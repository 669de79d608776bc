//! What the end of a source means to the command.

use std::{error::Error, io::Write, time::Duration};

use http_body_util::{BodyExt, Limited};
use sse_codec_tokio::client::{Over, Refusal, Why};

use super::connector::Tee;
use crate::{
    exit::{Ending, Failure, note},
    net::{NetError, chain},
};

pub(super) type WhyOf = Why<NetError, Box<dyn Error + Send + Sync>>;
pub(super) type OverOf = Over<NetError, Tee>;

/// What has been before the end.
#[derive(Clone, Copy)]
pub(super) struct Before {
    /// There was a connection.
    pub(super) was_open: bool,
    /// It has broken off inside an event.
    pub(super) is_inside_block: bool,
    /// An event was waited for that has not come.
    pub(super) is_awaited: bool,
}

/// Most of a body that explains a refusal.
const EXPLANATION: usize = 64 << 10;
const PATIENCE: Duration = Duration::from_secs(5);

pub(super) async fn over(over: OverOf, before: Before) -> Result<Ending, Failure> {
    match over {
        Over::NoContent => {
            note("the server wants no more connections (204)");
            match before.is_awaited {
                true => Ok(Ending::GaveUp),
                false => Ok(Ending::Done),
            }
        }
        Over::Refused {
            head,
            body,
            refusal,
        } => {
            let kind = head.headers.get("content-type");
            let kind = kind.map_or_else(
                || "none".into(),
                |kind| String::from_utf8_lossy(kind.as_bytes()),
            );
            let (ending, why) = match refusal {
                Refusal::Status => (
                    Ending::Refused,
                    format!("the server answered {}", head.status),
                ),
                Refusal::WrongType => (
                    Ending::NotAStream,
                    format!(
                        "no event stream: the server answered {} with content-type {kind}",
                        head.status
                    ),
                ),
                refusal => (
                    Ending::NotAStream,
                    format!("the server answered {}: {refusal}", head.status),
                ),
            };
            let mut explanation = explanation(body).await;
            if ending == Ending::NotAStream {
                // A page of some hundred lines, most likely.
                let lines = explanation
                    .lines()
                    .filter(|line| !line.trim().is_empty())
                    .take(5);
                let lines = lines.map(|line| line.chars().take(100).collect::<String>());
                explanation = lines.collect::<Vec<_>>().join("\n");
            }
            if !explanation.is_empty() {
                let mut stderr = anstream::stderr().lock();
                let _ = stderr.write_all(explanation.as_bytes());
                if !explanation.ends_with('\n') {
                    let _ = stderr.write_all(b"\n");
                }
            }
            Err(Failure::new(ending, why))
        }
        Over::GaveUp(why) => gave_up(&why, before),
        Over::NotRepeatable(Why::Closed) if before.is_inside_block => Err(Failure::new(
            Ending::GaveUp,
            "the stream ended inside an event, which is lost: the answer was cut off",
        )),
        Over::NotRepeatable(Why::Closed) if before.is_awaited => Err(Failure::new(
            Ending::GaveUp,
            "the stream ended before the event that was waited for",
        )),
        // The answer to a POST ends like this when all has gone well.
        Over::NotRepeatable(Why::Closed) => Ok(Ending::Done),
        Over::NotRepeatable(why) => gave_up(&why, before),
        over => Err(Failure::new(Ending::GaveUp, over.to_string())),
    }
}

/// No further attempt is made, for this reason.
pub(super) fn gave_up(why: &WhyOf, before: Before) -> Result<Ending, Failure> {
    let ending = match why {
        Why::Silent => Ending::Idle,
        _ if before.was_open => Ending::GaveUp,
        Why::Unavailable(_) => Ending::Refused,
        Why::Connect(_) | Why::ConnectTimeout => Ending::NeverConnected,
        _ => Ending::GaveUp,
    };
    Err(Failure::new(ending, describe(why)))
}

/// The reason with all that is behind it.
pub(super) fn describe(why: &WhyOf) -> String {
    match why {
        Why::Broken(error) => format!("the stream broke off: {}", chain(&**error)),
        why => why.to_string(),
    }
}

/// The beginning of a body, with what would steer a terminal written out.
async fn explanation(body: Tee) -> String {
    let reading = Limited::new(body, EXPLANATION).collect();
    match tokio::time::timeout(PATIENCE, reading).await {
        Ok(Ok(body)) => {
            let bytes = body.to_bytes();
            super::escape::escaped(&String::from_utf8_lossy(&bytes)).into_owned()
        }
        _ => String::new(),
    }
}
