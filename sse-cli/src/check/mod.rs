//! `sse check`: what a server does right and wrong.

mod chunks;
mod exchange;
mod findings;
mod probes;
mod progress;
mod report;
mod stream;
mod tap;

use std::{io::Write, time::Duration};

use clap::{Args, ValueEnum};
use findings::Findings;
use http::{HeaderValue, header};
use progress::Progress;

use crate::{
    exit::{Ending, Failure},
    net::{RequestArguments, duration},
};

/// Look at a server for a while, and say what it does right and wrong
#[derive(Debug, Args)]
#[command(after_help = "\
Looks at the head and the first byte, the framing, buffering by what stands before the server, content
type and charset, caching headers, compression, heartbeats and which clients misread them, IDs,
resuming with IDs of the stream and with a made-up one, the reconnection time, CORS, HEAD and
HTTP/1.0. Beside the stream itself up to eight requests are made, unless the method is not GET.
The exit code is 1 when something is wrong; a warning is not.

Examples:
  sse check https://example.com/events
  sse check -o json --time 5s localhost:8080/events | jq '.findings[] | select(.level == \"wrong\")'")]
pub(crate) struct Arguments {
    #[command(flatten)]
    request: RequestArguments,
    /// How long to look
    #[arg(long, value_name = "TIME", default_value = "20s", value_parser = duration)]
    time: Duration,
    /// How to say it
    #[arg(short, long, value_name = "FORMAT", default_value_t, value_enum)]
    output: Output,
    /// Show no progress
    #[arg(short, long)]
    quiet: bool,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Output {
    /// For people, and for bug reports
    #[default]
    Text,
    /// For programs
    Json,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Ending, Failure> {
    let dialer = arguments.request.dialer()?;
    let mut request = arguments.request.request()?;
    let headers = request.headers_mut();
    for (name, value) in sse_codec::http::REQUEST_HEADERS {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    // What is not asked for is not compressed: that is tried by itself.
    headers
        .entry(header::ACCEPT_ENCODING)
        .or_insert(HeaderValue::from_static("identity"));

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::new(Ending::GaveUp, error.to_string()))?;
    let progress = Progress::new(arguments.time, arguments.quiet);
    let all = probes::all(&dialer, &request, arguments.time, |seen| {
        progress.show(seen);
    });
    let seen = runtime.block_on(all);
    progress.clear();
    let seen = seen.map_err(|error| Failure::new(Ending::NeverConnected, error.to_string()))?;

    let findings = Findings::of(&seen);
    let mut out = anstream::stdout().lock();
    match arguments.output {
        Output::Text => report::text(&arguments.request.uri, &seen, &findings, &mut out)?,
        Output::Json => report::json(&arguments.request.uri, &seen, &findings, &mut out)?,
    }
    out.flush()?;
    Ok(match report::is_ok(&findings) {
        true => Ending::Done,
        false => Ending::GaveUp,
    })
}
