use std::{ffi::OsString, num::NonZero, path::PathBuf, time::Duration};

use clap::{Args, ValueEnum};
use sse_codec_tokio::client::Replay;

use crate::net::{RequestArguments, duration};

/// Follow a stream, and come back to the same place when it ends
#[derive(Debug, Args)]
#[command(after_help = "\
Events go to stdout as they come; what happens to the connection goes to stderr. Until there has been a
connection, three failures in a row are the end; afterwards it is tried for ever, unless --retry-max
says otherwise. A POST is not sent again by itself: see --reconnect.

--state FILE keeps the last event ID, once a second and at the end: the next run goes on from there.
What is printed and not yet in the file, when the machine fails, is printed again.

Examples:
  sse tail https://example.com/events
  sse tail -o json --state news.state https://example.com/events | jq .data
  sse tail -H @key -d @question.json --until '[DONE]' -r /choices/0/delta/content \\
      https://api.example.com/v1/chat/completions")]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(super) request: RequestArguments,
    #[command(flatten)]
    pub(super) display: Display,
    #[command(flatten)]
    pub(super) end: End,
    #[command(flatten)]
    pub(super) place: Place,
    /// Say more of connections on stderr
    #[arg(short, long)]
    pub(super) verbose: bool,
    /// Say nothing of connections on stderr
    #[arg(short, long, conflicts_with = "verbose")]
    pub(super) quiet: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Display")]
pub(crate) struct Display {
    /// What to print of an event
    #[arg(short, long, value_name = "FORMAT", default_value_t, value_enum)]
    pub(super) output: Output,
    /// Print what stands at this place of the data, which is JSON: strings as they are, joined as
    /// they stream (RFC 6901)
    #[arg(
        short = 'r',
        long,
        value_name = "/JSON/POINTER",
        conflicts_with = "output"
    )]
    #[arg(value_parser = pointer)]
    pub(super) pointer: Option<String>,
    /// Only events of this type; may be repeated
    #[arg(short = 'e', long = "event", value_name = "TYPE")]
    pub(super) types: Vec<String>,
    /// Print comments too
    #[arg(long)]
    pub(super) comments: bool,
    /// The largest event, in bytes; a larger one is dropped, with a note
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    pub(super) max_event: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people: time, type, #ID and data, with control characters escaped
    #[default]
    Text,
    /// JSON Lines; "id" is the last event ID, "own_id" the block's own
    Json,
    /// The data alone, a line end after each
    Data,
    /// Whole blocks, as the server sends them
    Raw,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "End")]
pub(crate) struct End {
    /// End after so many events
    #[arg(short = 'n', long = "count", value_name = "N")]
    pub(super) count: Option<NonZero<u64>>,
    /// End after this time
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    pub(super) time: Option<Duration>,
    /// End at the event with this data, which is not printed; a stream that ends before it is a
    /// failure
    #[arg(long, value_name = "DATA")]
    pub(super) until: Option<OsString>,
    /// End, with exit code 6, when nothing has come for this time, heartbeats included
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) idle: Option<Duration>,
    /// End, with exit code 6, when no event to print has come for this time
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) event_idle: Option<Duration>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Coming back")]
pub(crate) struct Place {
    /// Start after the event with this ID
    #[arg(long, value_name = "ID", conflicts_with = "state")]
    pub(super) since: Option<OsString>,
    /// Keep the last event ID in this file, and start from it
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
    /// Which requests are sent again when a connection has ended
    #[arg(long, value_name = "WHICH", default_value_t, value_enum)]
    pub(super) reconnect: Reconnect,
    /// Take a connection for dead on which nothing has come for this time, and make another one
    #[arg(long, value_name = "TIME", value_parser = duration, conflicts_with = "idle")]
    pub(super) stale: Option<Duration>,
    /// Give up after so many failures in a row
    #[arg(long, value_name = "N")]
    pub(super) retry_max: Option<NonZero<u32>>,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Reconnect {
    /// Those whose method is safe, such as GET
    #[default]
    Safe,
    /// These, and those that carry a last event ID
    IfResumable,
    /// All, a POST too: it may be done, and billed, twice
    Always,
    /// None: the end of the first connection is the end
    Never,
}

impl From<Reconnect> for Replay {
    fn from(reconnect: Reconnect) -> Self {
        match reconnect {
            Reconnect::Safe => Self::Safe,
            Reconnect::IfResumable => Self::IfResumable,
            Reconnect::Always => Self::Always,
            Reconnect::Never => Self::Never,
        }
    }
}

fn pointer(argument: &str) -> Result<String, String> {
    match argument.is_empty() || argument.starts_with('/') {
        true => Ok(argument.to_owned()),
        false => Err("a JSON pointer begins with /, as in /choices/0/delta/content".into()),
    }
}
