//! `sse tail`: follows a stream.

mod arguments;
mod connector;
mod end;
mod escape;
mod follow;
mod raw;
mod state;
mod status;
mod text;

use std::io::{self, IsTerminal};

pub(crate) use arguments::Arguments;
use connector::Connector;
use follow::Follower;
use sse_codec::ReconnectConfig;
use sse_codec_tokio::EventSource;
use state::StateFile;
use status::Status;
use text::Printer;

use crate::exit::{Ending, Failure};

pub(crate) fn run(arguments: &Arguments) -> Result<Ending, Failure> {
    let misused = |message: String| Failure::new(Ending::Misused, message);
    let dialer = arguments.request.dialer()?;
    let request = arguments.request.request()?;
    let url = request.uri().to_string();
    let state = arguments.place.state.as_deref();
    let state = state.map(|path| StateFile::open(path, url.clone()));
    let state = state.transpose().map_err(misused)?;

    let connector = Connector::new(dialer, &arguments.display);
    let raw = connector.raw();
    let mut config = ReconnectConfig::new();
    if let Some(most) = arguments.place.retry_max {
        config = config.with_attempts(most.get());
    }
    let limit = arguments.display.max_event;
    let mut source = EventSource::with_connector(request, connector, limit)
        .with_reconnect(config)
        .with_replay(arguments.place.reconnect.into())
        .with_connect_timeout(arguments.request.connect_timeout);
    if let Some(silence) = arguments.end.idle.or(arguments.place.stale) {
        source = source.with_read_timeout(silence);
    }
    let kept = state.as_ref().and_then(StateFile::kept);
    let since = arguments
        .place
        .since
        .as_ref()
        .map(|id| id.as_encoded_bytes());
    if let Some(id) = kept.or(since) {
        let set = source.set_last_event_id(id);
        set.map_err(|error| misused(format!("the ID to start after: {error}")))?;
    }

    let is_terminal = io::stdout().is_terminal();
    let choice = anstream::AutoStream::choice(&io::stdout());
    let has_color = choice != anstream::ColorChoice::Never;
    let follower = Follower {
        source,
        raw,
        printer: Printer::new(&arguments.display, is_terminal, has_color),
        status: Status::new(
            arguments.quiet,
            arguments.verbose,
            arguments.display.pointer.is_none(),
        ),
        state,
        url,
        arguments,
    };
    // One thread beside this one, which a write to stdout may hold up.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure::new(Ending::GaveUp, error.to_string()))?;
    runtime.block_on(follower.run())
}
