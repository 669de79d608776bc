//! `sse serve`: publishes standard input.

mod connection;
mod publish;

use std::{io, sync::Arc, time::Duration};

use clap::Args;
use connection::Server;
use http::HeaderValue;
use publish::Published;
use sse_codec::TimersConfig;
use sse_codec_tokio::{AcceptLoop, Hub, HubOptions, ServeOptions};
use tokio::{net::TcpListener, sync::oneshot};
use tokio_util::sync::CancellationToken;

use crate::{
    exit::{Ending, Failure, count, note},
    net::duration,
    signals::Signals,
};

/// Publish the lines of standard input to whoever connects
#[derive(Debug, Args)]
#[command(after_help = "\
Each line is an event, or with --json an object as `sse encode` takes it. Events are kept up to the
bounds below, and a client that comes back with its last event ID misses nothing that is kept. The
first event of each connection, of the type `replay`, says what became of its place.
The command stays when the input has ended, unless --exit is given; Ctrl-C ends it.

Examples:
  tail -f app.log | sse serve :8080
  sse tail -o json https://example.com/events | sse serve --json --page")]
pub(crate) struct Arguments {
    /// Where to listen: PORT or :PORT on this machine alone, ADDRESS:PORT (0.0.0.0:8080 is open to
    /// everybody)
    #[arg(value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    address: String,
    /// The lines are objects as `sse encode` takes them
    #[arg(long)]
    json: bool,
    /// The type of the events that lines become
    #[arg(short, long, value_name = "TYPE", conflicts_with = "json")]
    event: Option<String>,
    /// Serve a page at / that draws the stream
    #[arg(long)]
    page: bool,
    /// How many events a client gets that has not been here before
    #[arg(long, value_name = "N", default_value_t = 10)]
    last: u64,
    /// Keep so many bytes of events
    #[arg(long, value_name = "BYTES", default_value_t = 16 << 20)]
    keep_bytes: usize,
    /// Keep so many events
    #[arg(long, value_name = "N", default_value_t = 1 << 16)]
    keep_events: usize,
    /// Keep events for this time
    #[arg(long, value_name = "TIME", value_parser = duration)]
    keep_time: Option<Duration>,
    /// Serve so many connections at a time
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    connections: usize,
    /// The time after which clients that were cut off are to come back
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    retry: Duration,
    /// The time without an event after which a heartbeat is sent
    #[arg(long, value_name = "TIME", default_value = "15s", value_parser = duration)]
    heartbeat: Duration,
    /// Pages of this origin may read the stream; * is all of them
    #[arg(long, value_name = "ORIGIN")]
    cors: Option<HeaderValue>,
    /// The longest line
    #[arg(long, value_name = "BYTES", default_value_t = 1 << 20)]
    max_line: usize,
    /// End when the input has ended and all who are connected have had it
    #[arg(long)]
    exit: bool,
    /// Say who comes and goes
    #[arg(short, long)]
    verbose: bool,
}

/// How long an end in good order may take.
const DRAIN: Duration = Duration::from_secs(5);
/// How long a client may take nothing.
const WRITE_DEADLINE: Duration = Duration::from_secs(30);

pub(crate) fn run(arguments: Arguments) -> Result<Ending, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::new(Ending::GaveUp, error.to_string()))?;
    let ending = runtime.block_on(serve(arguments));
    // The thread that reads standard input may read for ever.
    runtime.shutdown_background();
    ending
}

async fn serve(arguments: Arguments) -> Result<Ending, Failure> {
    let failed = |error: io::Error| {
        let message = format!("cannot listen on {}: {error}", arguments.address);
        Failure::new(Ending::GaveUp, message)
    };
    let listener = TcpListener::bind(&arguments.address)
        .await
        .map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    let mut signals = Signals::new()
        .map_err(|error| Failure::new(Ending::GaveUp, format!("signals: {error}")))?;
    if !address.ip().is_loopback() {
        note("listening beyond this machine: whoever reaches it can read the stream");
    }
    note(format_args!("stream: http://{address}/events"));
    if arguments.page {
        note(format_args!("page:   http://{address}/"));
    }

    let mut options = HubOptions::new()
        .bytes(arguments.keep_bytes)
        .events(arguments.keep_events)
        .connections(arguments.connections)
        .own_ids(arguments.json);
    if let Some(time) = arguments.keep_time {
        options = options.age(time);
    }
    let hub = Hub::new(options);
    let exit = arguments.exit;
    let (publisher, mut published) = oneshot::channel();
    publish::start(hub.clone(), &arguments, publisher);

    let shutdown = CancellationToken::new();
    let most = arguments.connections;
    let server = Arc::new(Server {
        hub: hub.clone(),
        last: arguments.last,
        has_page: arguments.page,
        origin: arguments.cors.clone(),
        options: Arc::new(serve_options(&arguments)?),
        is_verbose: arguments.verbose,
    });
    let accepting = AcceptLoop::new(most)
        .shutdown(shutdown.clone())
        .on_trouble(|trouble| note(trouble))
        .run(listener, |stream, peer| {
            Arc::clone(&server).connection(stream, peer)
        });
    let until = async {
        let mut is_published = false;
        loop {
            tokio::select! {
                ending = signals.next() => return Ok(ending),
                result = &mut published, if !is_published => {
                    is_published = true;
                    let gone = |_| Failure::new(Ending::GaveUp, "the input is read no longer");
                    let Published { events, ending } = result.map_err(gone)??;
                    if exit {
                        return Ok(ending);
                    }
                    note(format_args!("the input has ended after {}; Ctrl-C ends the command",
                        count(events, "event")));
                }
            }
        }
    };
    let ending = async {
        let ending = until.await;
        let cut = hub
            .drain(DRAIN, (arguments.retry, arguments.retry * 3))
            .await;
        if cut > 0 {
            note(format_args!(
                "{} did not read to the end",
                count(cut, "connection")
            ));
        }
        shutdown.cancel();
        ending
    };
    let (ending, ()) = tokio::join!(ending, accepting);
    ending
}

fn serve_options(arguments: &Arguments) -> Result<ServeOptions, Failure> {
    let interval = arguments.heartbeat;
    let timers = TimersConfig::new()
        .with_heartbeat(interval.into(), (interval / 4).into())
        .with_write_deadline(WRITE_DEADLINE.into());
    let mut options = ServeOptions::new()
        .retry(arguments.retry)
        .timers(timers)
        .drain(DRAIN);
    if let Some(origin) = arguments
        .cors
        .as_ref()
        .and_then(|origin| origin.to_str().ok())
    {
        let failed = |error| Failure::new(Ending::Misused, format!("--cors: {error}"));
        options = options
            .header("access-control-allow-origin", origin)
            .map_err(failed)?;
        if origin != "*" {
            options = options.header("vary", "origin").map_err(failed)?;
        }
    }
    Ok(options)
}

/// An address as people write it.
fn address(argument: &str) -> Result<String, String> {
    let port = argument.strip_prefix(':').unwrap_or(argument);
    match port.parse::<u16>() {
        Ok(port) => Ok(format!("127.0.0.1:{port}")),
        Err(_)
            if argument
                .rsplit_once(':')
                .is_some_and(|(_, port)| port.parse::<u16>().is_ok()) =>
        {
            Ok(argument.to_owned())
        }
        Err(_) => Err("an address is PORT, :PORT or ADDRESS:PORT".into()),
    }
}
