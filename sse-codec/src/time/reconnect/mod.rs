mod config;
mod decision;

pub use config::{Policy, ReconnectConfig};
pub use decision::{End, Next, Response, Stop};

use core::fmt;

use super::{jitter::Jitter, saturated};
use crate::{
    http::{is_event_stream, is_identity},
    millis::Millis,
};

/// Decides for a client whether to connect again, and when (WHATWG HTML §9.2.2 and §9.2.3).
///
/// It is told what a response said ([`on_response`](Self::on_response)), that something of the
/// stream came ([`on_heard`](Self::on_heard)) and how a connection ended
/// ([`on_end`](Self::on_end)), and answers with what to do [`Next`]. It opens no connection and has
/// no clock. Nor does it keep the last event ID or the server's reconnection time: the
/// [`Parser`](crate::Parser) remembers both over [`reset`](crate::Parser::reset).
///
/// ```
/// use sse_codec::{
///     Chunk, End, Inline, Millis, Next, Parser, Reconnect, ReconnectConfig, Response, Step, Stop,
/// };
/// # let clock = core::cell::Cell::new(0);
/// # let now = || Millis(clock.get());
/// # let sleep = |millis: Millis| clock.set(clock.get() + millis.0);
/// # let mut answers = [(503, ""), (200, "retry: 500\nid: 7\n\n"), (200, "data: x\n\n"), (204, "")]
/// #     .into_iter();
/// # let mut waits = Vec::new();
/// # let mut request = |_last_event_id: &[u8]| answers.next();
///
/// let mut reconnect = Reconnect::new(ReconnectConfig::new(), 4711);
/// let mut parser = Parser::<Inline<256>>::new();
/// let why = loop {
///     let next = match request(parser.last_event_id()) {
///         None => reconnect.on_end(now(), End::Refused, parser.retry(), true),
///         Some((status, body)) => {
///             let response = Response {
///                 status,
///                 content_type: b"text/event-stream",
///                 ..Response::default()
///             };
///             match reconnect.on_response(now(), response, parser.retry()) {
///                 Next::Open => {
///                     let mut chunk = Chunk::new(body.as_bytes());
///                     while let Some(step) = parser.step(&mut chunk).unwrap() {
///                         if !matches!(step, Step::Comment(_)) {
///                             reconnect.on_heard(now());
///                         }
///                     }
///                     parser.reset();
///                     reconnect.on_end(now(), End::Closed, parser.retry(), true)
///                 }
///                 other => other,
///             }
///         }
///     };
///     match next {
///         Next::After(wait) => {
/// #           waits.push(wait.0);
///             sleep(wait);
///         }
///         Next::Stop(why) => break why,
///         Next::Open | Next::Follow => unreachable!("dealt with above, and no redirects here"),
///     }
/// };
/// assert_eq!(why, Stop::NoContent);
/// # assert!((3_000..=4_500).contains(&waits[0]));
/// # assert!((500..=750).contains(&waits[1]) && (500..=750).contains(&waits[2]), "{waits:?}");
/// ```
///
/// # What is decided
///
/// | what happened | what comes next |
/// |---|---|
/// | 200 and an event stream | [`Open`](Next::Open) |
/// | 200 and another type | [`WrongType`](Stop::WrongType) |
/// | 204 | [`NoContent`](Stop::NoContent) |
/// | another 2xx and an event stream | `Open`; [`Status`](Stop::Status) under [`Policy::Standard`] |
/// | a content coding other than `identity` | [`Encoded`](Stop::Encoded) |
/// | 301, 302, 303, 307, 308 | [`Follow`](Next::Follow) |
/// | 408, 425, 429, 5xx | a failure; `Status` under `Policy::Standard` |
/// | any other status | `Status` |
/// | the end of a connection that had proved itself | [`After`](Next::After) the reconnection time |
/// | the end of one that had not, or none was made | a failure |
/// | an end, and the request must not be repeated | [`NotRepeatable`](Stop::NotRepeatable) |
///
/// A connection *proves itself* by an event, an ID or a `retry` line, or by having been open for
/// [60 s](ReconnectConfig::with_proof). A status of 200 alone proves nothing: a server that answers
/// with an empty stream each time would be asked for ever at full speed.
///
/// # How long the wait is
///
/// It begins with the reconnection time: what the server has set by `retry`, or
/// [3 s](ReconnectConfig::with_base). A server may ask for
/// [an hour](ReconnectConfig::with_longest_asked) at most, and however little it asks for, the wait
/// is at least [100 ms](ReconnectConfig::with_floor). With each failure in a row after the first it
/// doubles, up to [60 s](ReconnectConfig::with_longest), or stays the reconnection time where that
/// is longer. After a response it is at least `Retry-After`. Then
/// [jitter](ReconnectConfig::with_jitter) is added, never taken away: the clients a server has lost
/// together do not come back together.
///
/// # Time
///
/// A `now` earlier than the last one counts as no time passed.
#[derive(Clone)]
pub struct Reconnect {
    config: ReconnectConfig,
    now: Millis,
    connection: Connection,
    /// In a row.
    failures: u32,
    jitter: Jitter,
}

const _: () = assert!(size_of::<Reconnect>() <= 64);

/// What is known of the connection.
#[derive(Clone, Copy, Debug)]
enum Connection {
    /// There is none.
    None,
    /// It has been open for so many milliseconds, and nothing has been heard.
    Open(u32),
    /// It has proved itself.
    Proved,
}

impl Reconnect {
    /// For a client that is about to make its first connection.
    ///
    /// The seed decides what the jitter comes to: clients with different seeds come back at
    /// different times. It needs no secrecy and no quality: a serial number or a counter will do.
    #[must_use]
    pub const fn new(config: ReconnectConfig, seed: u32) -> Self {
        Self {
            config,
            now: Millis(0),
            connection: Connection::None,
            failures: 0,
            jitter: Jitter::new(seed),
        }
    }

    /// Judges the head of a response. `retry` is the reconnection time the server has set last,
    /// [`Parser::retry`](crate::Parser::retry).
    ///
    /// Redirects are not counted here. Whoever follows them sets a limit (Fetch: 20), and does not
    /// come back here with a redirect beyond it.
    ///
    /// When the answer is [`Next::After`], the server has refused the request. A caller whose
    /// request must not be repeated stops there.
    pub fn on_response(
        &mut self,
        now: Millis,
        response: Response<'_>,
        retry: Option<Millis>,
    ) -> Next {
        self.advance(now);
        let tolerant = matches!(self.config.policy, Policy::Tolerant);
        match response.status {
            204 => self.stop(Stop::NoContent),
            200..=299 if response.status == 200 || tolerant => {
                if !is_event_stream(response.content_type) {
                    self.stop(Stop::WrongType)
                } else if !is_identity(response.content_encoding) {
                    self.stop(Stop::Encoded)
                } else {
                    self.connection = Connection::Open(0);
                    Next::Open
                }
            }
            301 | 302 | 303 | 307 | 308 => Next::Follow,
            408 | 425 | 429 | 500..=599 if tolerant => self.failed(retry, response.retry_after),
            status => self.stop(Stop::Status(status)),
        }
    }

    /// Notes that the stream has brought an event, an ID or a `retry` line. The connection has
    /// proved itself, and the failures before it no longer count.
    ///
    /// A comment is none of these: proxies send heartbeats for servers that are gone. It does no
    /// harm to call this when no connection is open.
    pub fn on_heard(&mut self, now: Millis) {
        self.advance(now);
        if !matches!(self.connection, Connection::None) {
            self.connection = Connection::Proved;
            self.failures = 0;
        }
    }

    /// Decides after a connection has ended, or could not be made. `retry` is the reconnection time
    /// the server has set last, [`Parser::retry`](crate::Parser::retry).
    ///
    /// `may_repeat` says whether the request may be sent again by itself. A GET may; a method that
    /// is not safe (RFC 9110 §9.2.2) may have done its work already, and sent again does it twice.
    pub fn on_end(
        &mut self,
        now: Millis,
        end: End,
        retry: Option<Millis>,
        may_repeat: bool,
    ) -> Next {
        self.advance(now);
        let proved = match self.connection {
            Connection::Proved => true,
            Connection::Open(age) => age >= self.config.proof,
            Connection::None => false,
        };
        if !may_repeat {
            return self.stop(Stop::NotRepeatable);
        }
        if !proved || end == End::Refused {
            return self.failed(retry, None);
        }
        self.connection = Connection::None;
        self.failures = 0;
        let wait = self.reconnection_time(retry);
        self.after(wait)
    }

    /// Begins anew, as if nothing had failed yet: after a [`Stop`] whose reason is gone (there is a
    /// new token, for instance), or to connect at once where the network has come back. What
    /// follows is an attempt without a wait.
    pub const fn restart(&mut self) {
        self.connection = Connection::None;
        self.failures = 0;
    }

    /// How many attempts have failed in a row.
    #[must_use]
    pub const fn failures(&self) -> u32 {
        self.failures
    }

    const fn stop(&mut self, stop: Stop) -> Next {
        self.connection = Connection::None;
        Next::Stop(stop)
    }

    fn failed(&mut self, retry: Option<Millis>, retry_after: Option<Millis>) -> Next {
        let before = self.failures;
        self.failures = before.saturating_add(1);
        self.connection = Connection::None;
        if let Some(most) = self.config.attempts
            && self.failures >= most.get()
        {
            return Next::Stop(Stop::Attempts);
        }
        let once = self.reconnection_time(retry);
        // Where there is no floor, no time at all is not doubled either.
        let grown = doubled(once.max(1), before);
        let wait = grown.min(self.config.longest).max(once);
        let asked = retry_after.map_or(0, |asked| self.asked(asked));
        self.after(wait.max(asked))
    }

    /// How long to wait when nothing has failed.
    fn reconnection_time(&self, retry: Option<Millis>) -> u32 {
        retry
            .map_or(self.config.base, |retry| self.asked(retry))
            .max(self.config.floor)
    }

    /// What of a time that a server asks for is granted.
    fn asked(&self, time: Millis) -> u32 {
        saturated(time).min(self.config.longest_asked)
    }

    fn after(&mut self, wait: u32) -> Next {
        let most = share(wait, self.config.jitter).min(self.config.longest);
        let more = self.jitter.up_to(most);
        Next::After(Millis(u64::from(wait).saturating_add(u64::from(more))))
    }

    fn advance(&mut self, now: Millis) {
        let passed = saturated(Millis(now.0.saturating_sub(self.now.0)));
        self.now = now;
        if let Connection::Open(age) = &mut self.connection {
            *age = age.saturating_add(passed);
        }
    }
}

/// `time` · 2ⁿ, as far as 32 bits go.
const fn doubled(time: u32, n: u32) -> u32 {
    if n <= time.leading_zeros() {
        time << n
    } else {
        u32::MAX
    }
}

/// So many 65,536ths of a time.
const fn share(time: u32, parts: u32) -> u32 {
    let share = (time as u64).saturating_mul(parts as u64) >> 16;
    saturated(Millis(share))
}

// Derived for so many fields it would bring a panic.
impl fmt::Debug for Reconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reconnect")
            .field("failures", &self.failures)
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}
