#![doc = include_str!("../../docs/clients.md")]

mod connect;
mod drive;
mod events;
mod item;
mod route;

use std::{
    fmt,
    future::{Future, poll_fn},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use futures_core::Stream;
use http::{Request, Response};
use http_body::Body;
use sse_codec::{InvalidLastEventId, Millis, Parser, Reconnect, ReconnectConfig};
use tokio::time::Instant;

pub use connect::Connect;
use drive::{ItemOf, OverOf, State};
pub use events::{Events, EventsError};
pub use item::{Item, Over, Refusal, Replay, Why};
use route::Route;

use crate::{
    chance::random,
    reader::{Intake, Silence},
};

/// A client for a stream of events that goes on when a connection ends: the `EventSource` of
/// browsers (WHATWG HTML §9.2), for services.
///
/// It makes its connections through a closure: a [`Request`] goes in, and the future of a
/// [`Response`] with an [`http_body::Body`] comes out. So it works with every HTTP client, and names
/// none. With reqwest the closure is
///
/// ```text
/// move |request| {
///     let client = client.clone();
///     async move { Ok::<_, reqwest::Error>(client.execute(request.try_into()?).await?.into()) }
/// }
/// ```
///
/// and the [module](self) has such recipes for reqwest, hyper and a bare `TcpStream`, with what to
/// switch off in each.
///
/// ```
/// use bytes::Bytes;
/// use http::{Request, Response};
/// use http_body_util::Full;
/// use sse_codec_tokio::client::{EventSource, Item, Over};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let mut number = 0;
/// # let mut send = move |request: Request<Bytes>| {
/// #     number += 1;
/// #     let id = request.headers().get("last-event-id").map(|id| id.as_bytes().to_vec());
/// #     let (status, body) = match number {
/// #         1 => { assert_eq!(id, None); (200, "id: 7\ndata: a\n\ndata: unfinished") }
/// #         2 => { assert_eq!(id, Some(b"7".to_vec())); (200, "data: b\n\n") }
/// #         _ => (204, ""),
/// #     };
/// #     let response = Response::builder().status(status).header("content-type", "text/event-stream");
/// #     std::future::ready(response.body(Full::new(Bytes::from_static(body.as_bytes()))))
/// # };
/// let request = Request::get("https://example.com/events").body(Bytes::new())?;
/// let mut source = EventSource::new(request, move |request| send(request), 64 * 1024);
/// # let mut seen = Vec::new();
/// while let Some(item) = source.next().await {
///     match item {
///         Ok(Item::Event(event)) => {
///             println!("{}", event.data_lossy());
/// #           seen.push(event.data_lossy().into_owned());
///         }
///         // Nothing is lost: the next request says where this client was.
///         Ok(Item::Reconnecting { after, why }) => eprintln!("{why}; again in {after:?}"),
///         Ok(_) => {}
///         Err(Over::NoContent) => break,
///         Err(over) => return Err(over.into()),
///     }
/// }
/// # assert_eq!(seen, ["a", "b"]);
/// # Ok(())
/// # }
/// ```
///
/// # What comes back by itself
/// A connection that ended, broke, fell silent or could not be made is an [`Item::Reconnecting`], and
/// the next one follows after a wait: how long, and which statuses are worth another attempt, is
/// decided by [`Reconnect`]. The request then says `Last-Event-ID`. What ends the source is one
/// `Err`, the last item; [`restart`](Self::restart) goes on even then.
///
/// **A POST is not sent again by itself**: see [`Replay`].
///
/// # Requests
/// Each attempt is made with a copy of the request, to which `Accept`, `Cache-Control` (where they are
/// missing) and `Last-Event-ID` are added. It passes through the closure, which may change it: put in
/// a fresh token, or resume by another method.
///
/// Redirects are followed as Fetch does: after 303, and after 301 and 302 of a POST, the request is a
/// GET without a body; after 307 and 308 it stays as it is. At another origin (scheme, host or port)
/// only harmless headers are sent on, such as `Accept` and `User-Agent`: no credentials, no cookies,
/// none of the caller's own, and no `Last-Event-ID`. A closure that adds credentials has to look at
/// the request's URL before it does. A reconnection begins at the original URL again. The HTTP
/// client's own redirects have to be off for that.
///
/// # Memory
/// One event, one comment and one last event ID of up to `limit` bytes each, and one piece of the body
/// as the HTTP client gives it.
///
/// # Cancel safety
/// A `next` that is dropped has lost nothing: neither an event nor the connection.
pub struct EventSource<C: Connect> {
    connect: C,
    route: Route,
    state: State<C>,
    intake: Intake,
    reconnect: Reconnect,
    start: Instant,
    settings: Settings,
    silence: Option<Silence>,
    reads: u8,
}

#[derive(Debug)]
struct Settings {
    replay: Replay,
    redirects: u32,
    remember: bool,
    connect_timeout: Option<Duration>,
}

/// As Fetch has it.
const REDIRECTS: u32 = 20;

impl<C, F, B, E> EventSource<C>
where
    C: FnMut(Request<Bytes>) -> F,
    F: Future<Output = Result<Response<B>, E>>,
    B: Body<Data = Bytes>,
{
    /// A client that makes this request, through `connect`, when it is first asked for an item. An
    /// event may hold up to `limit` bytes, counted as [`Parser`] does.
    ///
    /// A `Last-Event-ID` in the request is taken out: see
    /// [`set_last_event_id`](Self::set_last_event_id).
    pub fn new(request: Request<Bytes>, connect: C, limit: usize) -> Self {
        Self::with_connector(request, connect, limit)
    }
}

impl<C: Connect> EventSource<C> {
    /// As [`new`](Self::new), with a [`Connect`] that may be another type than a closure.
    pub fn with_connector(request: Request<Bytes>, connect: C, limit: usize) -> Self {
        Self {
            connect,
            route: Route::new(request),
            state: State::Start,
            intake: Intake::new(Parser::growable(limit)),
            reconnect: Reconnect::new(ReconnectConfig::new(), random()),
            start: Instant::now(),
            settings: Settings {
                replay: Replay::Safe,
                redirects: REDIRECTS,
                remember: false,
                connect_timeout: None,
            },
            silence: None,
            reads: 0,
        }
    }

    /// With these decisions about when and whether to reconnect.
    #[must_use]
    pub fn with_reconnect(mut self, config: ReconnectConfig) -> Self {
        self.reconnect = Reconnect::new(config, random());
        self
    }

    /// With this rule about which requests are sent again by themselves.
    #[must_use]
    pub fn with_replay(mut self, replay: Replay) -> Self {
        self.settings.replay = replay;
        self
    }

    /// Ends a connection on which nothing has come for this long, and makes another one. Every byte
    /// counts, those of heartbeats as well, so it should be a few times the server's heartbeat
    /// interval.
    ///
    /// There is none by default. A peer that vanished without a word is only noticed by such a
    /// timeout. A model that has stalled behind a proxy that sends heartbeats is not: for that, put
    /// `tokio::time::timeout` around the wait for an *event*, and call [`restart`](Self::restart).
    #[must_use]
    pub fn with_read_timeout(mut self, longest: Duration) -> Self {
        self.silence = Some(Silence::new(longest));
        self
    }

    /// Gives up on an attempt that has no response after this long, and makes another one. A redirect
    /// begins the time anew. There is none by default: a server may take its time before it answers.
    #[must_use]
    pub fn with_connect_timeout(mut self, longest: Duration) -> Self {
        self.settings.connect_timeout = Some(longest);
        self
    }

    /// With this many redirects, one after the other, that are followed. 20 by default, as in Fetch;
    /// with 0 every redirect is [refused](Refusal::TooManyRedirects).
    #[must_use]
    pub fn with_redirects(mut self, most: u32) -> Self {
        self.settings.redirects = most;
        self
    }

    /// Remembers where permanent redirects lead, 301 and 308, so that reconnections go there at once
    /// (RFC 9110 §15.4.2 and §15.4.9). Only those that leave the method as it is. By default each
    /// reconnection begins at the original URL.
    #[must_use]
    pub fn with_permanent_redirects_remembered(mut self) -> Self {
        self.settings.remember = true;
        self
    }

    /// Starts with this last event ID, one that was stored before the service was restarted for
    /// instance. It goes with the next request.
    ///
    /// # Errors
    /// As [`Parser::set_last_event_id`]. The old one stays then.
    pub fn set_last_event_id(&mut self, id: &[u8]) -> Result<(), InvalidLastEventId> {
        self.intake.parser_mut().set_last_event_id(id)
    }

    /// The last event ID, of the events that have been given out: what to store, to go on from there
    /// after a restart of the service.
    pub fn last_event_id(&self) -> &[u8] {
        self.intake.parser().last_event_id()
    }

    /// The reconnection time that the server has set last.
    pub const fn retry(&self) -> Option<Millis> {
        self.intake.parser().retry()
    }

    /// How many attempts have failed in a row.
    pub const fn failures(&self) -> u32 {
        self.reconnect.failures()
    }

    /// Whether the last connection has ended inside an event, whose beginning is lost then. Of use
    /// where there is no next one, as after a POST: an answer that was cut off looks complete
    /// otherwise. `false` while a connection is open.
    pub const fn ended_inside_block(&self) -> bool {
        !matches!(self.state, State::Open { .. }) && self.intake.parser().is_inside_block()
    }

    /// Drops the connection and connects again, at once and with the last event ID. Also after the
    /// end: with a new token, for instance. What was received and not yet given out is dropped; the
    /// server sends it again, if its events have IDs.
    pub fn restart(&mut self) {
        self.reconnect.restart();
        self.state = State::Start;
    }

    /// Only the events: for who does not want to know of connections.
    pub const fn events(&mut self) -> Events<'_, C> {
        Events::new(self)
    }

    /// The closure that makes the connections.
    pub const fn connector(&mut self) -> &mut C {
        &mut self.connect
    }

    /// The next item; `None` after the end.
    ///
    /// # Cancel safety
    /// A dropped future has lost nothing.
    ///
    /// # Errors
    /// [`Over`], once: the source has ended.
    pub async fn next(&mut self) -> Option<Result<ItemOf<C>, OverOf<C>>> {
        poll_fn(|cx| self.poll_item(cx)).await
    }
}

impl<C: Connect + Unpin> Stream for EventSource<C> {
    type Item = Result<ItemOf<C>, OverOf<C>>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll_item(cx)
    }
}

// Derived it would want closures, futures and bodies that can be shown.
impl<C: Connect> fmt::Debug for EventSource<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Start => "Start",
            State::Connecting(_) => "Connecting",
            State::Open { .. } => "Open",
            State::Waiting(_) => "Waiting",
            State::Over => "Over",
        };
        f.debug_struct("EventSource")
            .field("route", &self.route)
            .field("state", &state)
            .field("intake", &self.intake)
            .field("reconnect", &self.reconnect)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
