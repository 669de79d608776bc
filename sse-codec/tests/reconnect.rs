//! [`Reconnect`] under simulated time: every row of its tables, the client tests of the web platform,
//! and a naive model.

use std::collections::BTreeSet;

use proptest::prelude::*;
use sse_codec::{
    Chunk, End, Inline, Millis, Next, Parser, Policy, Reconnect, ReconnectConfig, Response, Step,
    Stop, http,
};

/// No jitter, so that waits are exact.
const EXACT: ReconnectConfig = ReconnectConfig::new().with_jitter(0);
const STANDARD: ReconnectConfig = EXACT.with_policy(Policy::Standard);

const STREAM: Response<'_> = response(200);

const fn response(status: u16) -> Response<'static> {
    Response {
        status,
        content_type: b"text/event-stream",
        content_encoding: b"",
        retry_after: None,
    }
}

const fn after(millis: u64) -> Next {
    Next::After(Millis(millis))
}

/// A client with a clock and a parser, as a caller has them.
struct Client {
    reconnect: Reconnect,
    parser: Parser<Inline<64, 16>>,
    now: u64,
    may_repeat: bool,
}

impl Client {
    fn new(config: ReconnectConfig) -> Self {
        Self {
            reconnect: Reconnect::new(config, 1),
            parser: Parser::new(),
            now: 0,
            may_repeat: true,
        }
    }

    fn response(&mut self, response: Response<'_>) -> Next {
        let retry = self.parser.retry();
        self.reconnect
            .on_response(Millis(self.now), response, retry)
    }

    fn end(&mut self, end: End) -> Next {
        let retry = self.parser.retry();
        self.parser.reset();
        let now = Millis(self.now);
        self.reconnect.on_end(now, end, retry, self.may_repeat)
    }

    fn read(&mut self, stream: &str) {
        let mut chunk = Chunk::new(stream.as_bytes());
        loop {
            let id = self.parser.last_event_id().to_vec();
            let step = self.parser.step(&mut chunk).expect("what fits");
            let heard = match step {
                Some(Step::Comment(_)) => false,
                Some(_) => true,
                None => self.parser.last_event_id() != id,
            };
            let done = step.is_none();
            if heard {
                self.reconnect.on_heard(Millis(self.now));
            }
            if done {
                break;
            }
        }
    }

    /// A connection that brings this and comes to its end.
    fn visit(&mut self, stream: &str) -> Next {
        assert_eq!(self.response(STREAM), Next::Open);
        self.read(stream);
        self.end(End::Closed)
    }
}

#[test]
fn responses() {
    let stop = |status| Next::Stop(Stop::Status(status));
    for (status, tolerant, standard) in [
        (100, stop(100), stop(100)),
        (199, stop(199), stop(199)),
        (200, Next::Open, Next::Open),
        (201, Next::Open, stop(201)),
        (202, Next::Open, stop(202)),
        (
            204,
            Next::Stop(Stop::NoContent),
            Next::Stop(Stop::NoContent),
        ),
        (205, Next::Open, stop(205)),
        (210, Next::Open, stop(210)),
        (299, Next::Open, stop(299)),
        (300, stop(300), stop(300)),
        (301, Next::Follow, Next::Follow),
        (302, Next::Follow, Next::Follow),
        (303, Next::Follow, Next::Follow),
        (304, stop(304), stop(304)),
        (305, stop(305), stop(305)),
        (307, Next::Follow, Next::Follow),
        (308, Next::Follow, Next::Follow),
        (400, stop(400), stop(400)),
        (401, stop(401), stop(401)),
        (403, stop(403), stop(403)),
        (404, stop(404), stop(404)),
        (408, after(3_000), stop(408)),
        (410, stop(410), stop(410)),
        (425, after(3_000), stop(425)),
        (429, after(3_000), stop(429)),
        (500, after(3_000), stop(500)),
        (501, after(3_000), stop(501)),
        (502, after(3_000), stop(502)),
        (503, after(3_000), stop(503)),
        (504, after(3_000), stop(504)),
        (599, after(3_000), stop(599)),
        (600, stop(600), stop(600)),
        (0, stop(0), stop(0)),
        (u16::MAX, stop(u16::MAX), stop(u16::MAX)),
    ] {
        for (config, expected) in [(EXACT, tolerant), (STANDARD, standard)] {
            let next = Client::new(config).response(response(status));
            assert_eq!(next, expected, "{status} {config:?}");
        }
    }
}

#[test]
fn types_and_codings() {
    let wrong = Next::Stop(Stop::WrongType);
    let encoded = Next::Stop(Stop::Encoded);
    for (content_type, content_encoding, expected) in [
        ("text/event-stream", "", Next::Open),
        ("text/event-stream;charset=windows-1252", "", Next::Open),
        ("text/html, text/event-stream", "", Next::Open),
        ("text/event-stream", "identity", Next::Open),
        ("", "", wrong),
        ("text/html", "", wrong),
        ("text/event-stream, text/html", "", wrong),
        ("text/html", "gzip", wrong),
        ("text/event-stream", "gzip", encoded),
        ("text/event-stream", "br", encoded),
        ("text/event-stream", "identity, zstd", encoded),
    ] {
        for status in [200, 201] {
            let response = Response {
                status,
                content_type: content_type.as_bytes(),
                content_encoding: content_encoding.as_bytes(),
                retry_after: None,
            };
            let next = Client::new(EXACT).response(response);
            assert_eq!(next, expected, "{content_type} {content_encoding}");
        }
    }
    // A type says nothing where the status is no success.
    let bare = Response {
        status: 503,
        ..Response::default()
    };
    assert_eq!(Client::new(EXACT).response(bare), after(3_000));
}

/// `wpt-http.json`: what the web platform tests ask of a client, apart from what the browser alone
/// can show. `format-mime-*`, `format-utf-8`, `request-redirect`, `request-status-error`.
#[test]
fn web_platform_tests() {
    let answer = |status, content_type: &'static str| {
        Client::new(STANDARD).response(Response {
            status,
            content_type: content_type.as_bytes(),
            ..Response::default()
        })
    };
    for content_type in ["x bogus", "text/x-bogus"] {
        assert_eq!(answer(200, content_type), Next::Stop(Stop::WrongType));
    }
    for content_type in [
        "text/event-stream;",
        "text/event-stream;charset=windows-1252",
    ] {
        assert_eq!(answer(200, content_type), Next::Open);
    }
    for status in [301, 302, 303, 307] {
        assert_eq!(answer(status, "text/event-stream"), Next::Follow);
    }
    for status in [204, 205, 210, 299, 404, 410, 503] {
        let next = answer(status, "text/event-stream");
        assert!(matches!(next, Next::Stop(_)), "{status}: {next:?}");
    }
    assert_eq!(
        http::REQUEST_HEADERS,
        [
            ("accept", "text/event-stream"),
            ("cache-control", "no-cache")
        ]
    );

    // eventsource-reconnect: the end of a body is not the end.
    let mut client = Client::new(STANDARD);
    assert_eq!(client.visit("retry: 2\ndata: opened\n\n"), after(100));
    assert_eq!(client.visit("data: reconnected\n\n"), after(100));

    // format-field-id: the ID goes with the next request, also when nothing else comes with it.
    assert_eq!(client.visit("id: …\ndata: hello\n\n"), after(100));
    let id = client.parser.last_event_id();
    assert_eq!(http::last_event_id_value(id), Ok(Some("…".as_bytes())));
    client.visit("data: hello again\n\n");
    assert_eq!(client.parser.last_event_id(), "…".as_bytes());
    client.visit("id\n\n");
    let id = client.parser.last_event_id();
    assert_eq!(http::last_event_id_value(id), Ok(None));
}

/// `format-field-retry` and its kin.
#[test]
fn the_reconnection_time_is_what_the_server_has_set() {
    for (stream, wait) in [
        ("retry: 2000\ndata: x\n\n", 2_000),
        ("retry: 02000\n\n", 2_000),
        ("retry:2000\n\n", 2_000),
        ("retry: 2000\nretry: 1000x\n\n", 2_000),
        ("retry: 2000\n\nretry: 1000x\ndata: x\n\n", 2_000),
        ("retry: 2000\nretry:\n\n", 2_000),
        ("retry: 2000\nretry: -1\n\n", 2_000),
        ("retry: 2000\nretry: 500\n\n", 500),
        // It takes effect at its line; the end inside the block does not matter.
        ("retry: 2000\ndata: unfinished", 2_000),
        ("data: x\n\n", 3_000),
        // A floor under it, a cap over it.
        ("retry: 0\n\n", 100),
        ("retry: 99\n\n", 100),
        ("retry: 101\n\n", 101),
        ("retry: 3599999\n\n", 3_599_999),
        ("retry: 3600001\n\n", 3_600_000),
        ("retry: 4294967296\n\n", 3_600_000),
        ("retry: 18446744073709551615\n\n", 3_600_000),
        ("retry: 99999999999999999999999999\n\n", 3_600_000),
    ] {
        assert_eq!(Client::new(EXACT).visit(stream), after(wait), "{stream}");
    }
    // For ever.
    let mut client = Client::new(EXACT);
    for _ in 0..10_000 {
        assert_eq!(client.visit("retry: 0\n\n"), after(100));
    }
    let mut client = Client::new(EXACT.with_floor(Millis(0)));
    for _ in 0..10_000 {
        assert_eq!(client.visit("retry: 0\n\n"), after(0));
    }
    // It is kept over connections, also over those that fail.
    let mut client = Client::new(EXACT);
    assert_eq!(client.visit("retry: 700\n\n"), after(700));
    assert_eq!(client.visit("data: x\n\n"), after(700));
    assert_eq!(client.end(End::Refused), after(700));
    assert_eq!(client.end(End::Refused), after(1_400));
}

#[test]
fn a_connection_proves_itself_by_what_it_brings() {
    for end in [End::Closed, End::Broken, End::Silent] {
        for (stream, proved) in [
            ("data: x\n\n", true),
            ("data\n\n", true),
            ("id: 7\n\n", true),
            ("retry: 3000\n", true),
            ("", false),
            (": heartbeat\n\n", false),
            (":\n:\n\n", false),
            ("event: x\n\n", false),
            ("unknown: x\n\n", false),
            ("data: unfinished", false),
            ("id: 7\n", false),
            ("retry: no\n\n", false),
        ] {
            let mut client = Client::new(EXACT);
            for _ in 0..3 {
                client.end(End::Refused);
            }
            assert_eq!(client.reconnect.failures(), 3);
            assert_eq!(client.response(STREAM), Next::Open);
            client.read(stream);
            let (next, failures) = if proved {
                (after(3_000), 0)
            } else {
                (after(24_000), 4)
            };
            assert_eq!(client.end(end), next, "{end:?} {stream:?}");
            assert_eq!(client.reconnect.failures(), failures);
        }
    }
}

#[test]
fn a_connection_proves_itself_by_staying_open() {
    for (open, next) in [
        (0, after(6_000)),
        (59_999, after(6_000)),
        (60_000, after(3_000)),
        (u64::MAX - 5, after(3_000)),
    ] {
        let mut client = Client::new(EXACT);
        client.now = 5;
        client.end(End::Refused);
        client.response(STREAM);
        client.now += open;
        assert_eq!(client.end(End::Broken), next, "{open}");
    }
    let mut client = Client::new(EXACT.with_proof(Millis(0)));
    client.end(End::Refused);
    assert_eq!(client.visit(""), after(3_000));
}

#[test]
fn an_empty_stream_for_ever_is_asked_for_less_and_less_often() {
    let mut client = Client::new(EXACT);
    let waits = [3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000, 60_000];
    for wait in waits {
        let next = client.visit("");
        assert_eq!(next, after(wait));
        client.now += wait;
    }
}

#[test]
fn failures_double_the_wait_up_to_a_cap() {
    let waits = |config, retry: &str, count| {
        let mut client = Client::new(config);
        client
            .parser
            .step(&mut Chunk::new(retry.as_bytes()))
            .unwrap();
        let ends = std::iter::repeat_with(move || match client.end(End::Refused) {
            Next::After(wait) => wait.0,
            other => panic!("{other:?}"),
        });
        ends.take(count).collect::<Vec<_>>()
    };
    assert_eq!(
        waits(EXACT, "", 7),
        [3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000]
    );
    assert_eq!(waits(EXACT, "retry: 0\n", 4), [100, 200, 400, 800]);
    assert_eq!(
        waits(EXACT, "retry: 25000\n", 4),
        [25_000, 50_000, 60_000, 60_000]
    );
    // The server's own time is longer than the cap.
    assert_eq!(waits(EXACT, "retry: 90000\n", 2), [90_000, 90_000]);
    assert_eq!(
        waits(EXACT, "retry: 18446744073709551615\n", 2),
        [3_600_000, 3_600_000]
    );
    let no_floor = EXACT.with_floor(Millis(0));
    assert_eq!(waits(no_floor, "retry: 0\n", 5), [1, 2, 4, 8, 16]);
    assert_eq!(
        waits(no_floor.with_longest(Millis(0)), "retry: 0\n", 3),
        [0, 0, 0]
    );
    let most = Millis(u64::MAX);
    let endless = EXACT.with_longest(most).with_longest_asked(most);
    let ends = waits(endless, "", 100);
    assert_eq!(ends[20], 3_000 << 20);
    assert_eq!(ends[21..], [u64::from(u32::MAX); 79]);
    assert_eq!(
        waits(endless, "retry: 18446744073709551615\n", 2),
        [u64::from(u32::MAX); 2]
    );
}

#[test]
fn no_number_of_failures_is_too_many() {
    let mut reconnect = Reconnect::new(EXACT, 0);
    for _ in 0..100_000 {
        let next = reconnect.on_end(Millis(0), End::Refused, None, true);
        assert!(matches!(next, Next::After(Millis(3_000..=60_000))));
    }
}

#[test]
fn the_wait_is_at_least_retry_after() {
    for (retry_after, wait) in [
        (None, 3_000),
        (Some(0), 3_000),
        (Some(2_999), 3_000),
        (Some(3_001), 3_001),
        (Some(120_000), 120_000),
        (Some(3_600_001), 3_600_000),
        (Some(u64::MAX), 3_600_000),
    ] {
        let refused = Response {
            retry_after: retry_after.map(Millis),
            ..response(503)
        };
        assert_eq!(Client::new(EXACT).response(refused), after(wait));
    }
    // It is a failure as any other.
    let mut client = Client::new(EXACT);
    let refused = Response {
        retry_after: Some(Millis(10_000)),
        ..response(429)
    };
    let waits = [10_000, 10_000, 12_000, 24_000];
    for wait in waits {
        assert_eq!(client.response(refused), after(wait));
    }
    assert_eq!(client.reconnect.failures(), 4);
    // A success takes no heed of it.
    let open = Response {
        retry_after: Some(Millis(10_000)),
        ..STREAM
    };
    assert_eq!(client.response(open), Next::Open);
    client.read("data: x\n\n");
    assert_eq!(client.end(End::Closed), after(3_000));
}

#[test]
fn attempts_are_limited() {
    let stop = Next::Stop(Stop::Attempts);
    for most in [0, 1] {
        let mut client = Client::new(EXACT.with_attempts(most));
        assert_eq!(client.end(End::Refused), stop);
    }
    let mut client = Client::new(EXACT.with_attempts(3));
    assert_eq!(client.end(End::Refused), after(3_000));
    assert_eq!(client.response(response(503)), after(6_000));
    assert_eq!(client.visit(""), stop);

    client.reconnect.restart();
    assert_eq!(client.reconnect.failures(), 0);
    assert_eq!(client.end(End::Refused), after(3_000));
    assert_eq!(client.end(End::Refused), after(6_000));
    // One that proves itself sets the count back, already while it is open.
    client.response(STREAM);
    client.read("data: x\n\n");
    assert_eq!(client.reconnect.failures(), 0);
    assert_eq!(client.end(End::Closed), after(3_000));
    assert_eq!(client.end(End::Refused), after(3_000));
    assert_eq!(client.end(End::Refused), after(6_000));
    assert_eq!(client.end(End::Refused), stop);
}

#[test]
fn what_must_not_be_repeated_is_not() {
    let stop = Next::Stop(Stop::NotRepeatable);
    for end in [End::Closed, End::Broken, End::Silent, End::Refused] {
        for stream in ["", "data: x\n\n"] {
            let mut client = Client::new(EXACT);
            client.may_repeat = false;
            client.response(STREAM);
            client.read(stream);
            assert_eq!(client.end(end), stop);
            // Asked again by its user it goes on.
            client.reconnect.restart();
            assert_eq!(client.response(STREAM), Next::Open);
        }
    }
}

#[test]
fn restart_goes_on_after_the_end() {
    let mut client = Client::new(EXACT);
    client.visit("id: 7\ndata: x\n\n");
    client.end(End::Refused);
    client.end(End::Refused);
    let denied = Next::Stop(Stop::Status(401));
    assert_eq!(client.response(response(401)), denied);
    client.reconnect.restart();
    assert_eq!(client.reconnect.failures(), 0);
    assert_eq!(client.response(STREAM), Next::Open);
    assert_eq!(client.parser.last_event_id(), b"7");
    // While a connection is open: what it brought does not count for the next one.
    client.read("data: x\n\n");
    client.reconnect.restart();
    client.response(STREAM);
    assert_eq!(client.end(End::Closed), after(3_000));
    assert_eq!(client.reconnect.failures(), 1);
}

#[test]
fn a_redirect_is_no_failure() {
    let mut client = Client::new(EXACT);
    for _ in 0..20 {
        assert_eq!(client.response(response(307)), Next::Follow);
    }
    assert_eq!(client.reconnect.failures(), 0);
    assert_eq!(client.end(End::Refused), after(3_000));
}

#[test]
fn what_is_heard_without_a_connection_proves_nothing() {
    let mut client = Client::new(EXACT);
    client.end(End::Refused);
    client.reconnect.on_heard(Millis(0));
    assert_eq!(client.end(End::Refused), after(6_000));
}

#[test]
fn a_clock_that_goes_back_counts_as_no_time_passed() {
    let wrap = u64::from(u32::MAX);
    for (seen_before, next) in [(wrap, after(3_000)), (wrap - 1, after(6_000))] {
        let mut reconnect = Reconnect::new(EXACT.with_proof(Millis(40_020)), 0);
        reconnect.on_end(Millis(wrap - 50_000), End::Refused, None, true);
        reconnect.on_response(Millis(wrap - 40_000), STREAM, None);
        // What a caller tells between shows the time as well: here a redirect it makes nothing of.
        reconnect.on_response(Millis(seen_before), response(307), None);
        reconnect.on_response(Millis(0), response(307), None);
        assert_eq!(reconnect.on_end(Millis(20), End::Broken, None, true), next);
    }
}

#[test]
fn jitter_only_adds() {
    let waits = |config, retry, seed: u32, count: usize| {
        let mut reconnect = Reconnect::new(config, seed);
        (0..count)
            .map(|_| {
                reconnect.restart();
                match reconnect.on_end(Millis(0), End::Refused, retry, true) {
                    Next::After(wait) => wait.0,
                    other => panic!("{other:?}"),
                }
            })
            .collect::<Vec<_>>()
    };
    let config = ReconnectConfig::new().with_floor(Millis(0));
    for (config, retry, most) in [
        (config, 4, 6),
        (config, 1, 1),
        // After a failure no time at all is not doubled.
        (config, 0, 1),
        (config.with_jitter(0), 500, 500),
        (config.with_jitter(100), 10, 20),
        (config.with_jitter(255), 10, 35),
        // No more is added than the longest wait.
        (config.with_longest(Millis(3)), 100, 103),
        (config.with_longest(Millis(0)), 100, 100),
    ] {
        let drawn = waits(config, Some(Millis(retry)), 7, 1_000);
        let drawn = drawn.into_iter().collect::<BTreeSet<_>>();
        assert!(drawn.iter().copied().eq(retry.max(1)..=most), "{drawn:?}");
    }
    // On what the server asks for too.
    let mut reconnect = Reconnect::new(config, 0);
    let refused = Response {
        retry_after: Some(Millis(100_000)),
        ..response(503)
    };
    let drawn = (0..1_000).map(|_| match reconnect.on_response(Millis(0), refused, None) {
        Next::After(wait) => wait.0,
        other => panic!("{other:?}"),
    });
    let drawn = drawn.collect::<BTreeSet<_>>();
    assert!(drawn.first() >= Some(&100_000) && drawn.last() <= Some(&150_000));
    assert!(drawn.len() > 900);

    // Clients that lost their server together come back evenly spread, whatever their seeds.
    for step in [1, 64, 1 << 16] {
        let firsts = (0..60_000_u32)
            .map(|n| waits(ReconnectConfig::new(), None, n.wrapping_mul(step), 1)[0]);
        let mut classes = [0; 10];
        for wait in firsts {
            classes[((wait - 3_000) as usize * 10 / 1_501).min(9)] += 1;
        }
        assert!(
            classes.iter().all(|count| (5_100..=6_900).contains(count)),
            "{classes:?}"
        );
    }
    // And a client's own waits are not all alike.
    let mut own = waits(ReconnectConfig::new(), None, 0, 100);
    own.dedup();
    assert!(own.len() > 90);
}

/// The rules in absolute time and in wide numbers.
struct Model {
    base: u128,
    floor: u128,
    longest: u128,
    longest_asked: u128,
    percent: u128,
    proof: u128,
    attempts: Option<u32>,
    standard: bool,
    clock: u64,
    passed: u128,
    /// When the connection opened; whether something was heard.
    open: Option<(u128, bool)>,
    failures: u128,
}

/// What is right: a decision, or a wait between two bounds.
#[derive(Debug)]
enum Right {
    Is(Next),
    Between(u128, u128),
}

impl Right {
    fn admits(&self, next: Next) -> bool {
        match (self, next) {
            (Self::Is(right), next) => *right == next,
            (Self::Between(least, most), Next::After(wait)) => {
                (*least..=*most).contains(&u128::from(wait.0))
            }
            (Self::Between(..), _) => false,
        }
    }
}

impl Model {
    fn advance(&mut self, now: u64) {
        self.passed += u128::from(now.saturating_sub(self.clock));
        self.clock = now;
    }

    fn asked(&self, time: u64) -> u128 {
        u128::from(time).min(self.longest_asked)
    }

    fn once(&self, retry: Option<u64>) -> u128 {
        retry
            .map_or(self.base, |retry| self.asked(retry))
            .max(self.floor)
    }

    fn wait(&self, least: u128) -> Right {
        // Parts of a millisecond may go either way.
        let jitter = (least * self.percent / 100).min(self.longest);
        Right::Between(least, least + jitter)
    }

    fn failed(&mut self, retry: Option<u64>, retry_after: Option<u64>) -> Right {
        self.open = None;
        self.failures += 1;
        if self
            .attempts
            .is_some_and(|most| self.failures >= u128::from(most.max(1)))
        {
            return Right::Is(Next::Stop(Stop::Attempts));
        }
        let once = self.once(retry);
        let mut grown = once.max(1);
        for _ in 1..self.failures.min(60) {
            grown *= 2;
        }
        let wait = grown.min(self.longest).max(once);
        let wait = wait.max(retry_after.map_or(0, |time| self.asked(time)));
        self.wait(wait)
    }

    fn response(
        &mut self,
        (status, is_stream, is_encoded): (u16, bool, bool),
        retry_after: Option<u64>,
        retry: Option<u64>,
    ) -> Right {
        let opens = status == 200 || !self.standard && status / 100 == 2;
        let passes = [408, 425, 429].contains(&status) || status / 100 == 5;
        Right::Is(if status == 204 {
            self.open = None;
            Next::Stop(Stop::NoContent)
        } else if opens && is_stream && !is_encoded {
            self.open = Some((self.passed, false));
            Next::Open
        } else if opens {
            self.open = None;
            Next::Stop(if is_stream {
                Stop::Encoded
            } else {
                Stop::WrongType
            })
        } else if [301, 302, 303, 307, 308].contains(&status) {
            Next::Follow
        } else if passes && !self.standard {
            return self.failed(retry, retry_after);
        } else {
            self.open = None;
            Next::Stop(Stop::Status(status))
        })
    }

    fn end(&mut self, end: End, retry: Option<u64>, may_repeat: bool) -> Right {
        let open = self.open.take();
        if !may_repeat {
            return Right::Is(Next::Stop(Stop::NotRepeatable));
        }
        match open {
            Some((since, heard))
                if end != End::Refused && (heard || self.passed - since >= self.proof) =>
            {
                self.failures = 0;
                self.wait(self.once(retry))
            }
            _ => self.failed(retry, None),
        }
    }
}

#[derive(Clone, Debug)]
enum Do {
    Ahead(u64),
    Back(u64),
    Response((u16, bool, bool), Option<u64>, Option<u64>),
    Heard,
    End(End, Option<u64>, bool),
    Restart,
}

fn millis() -> impl Strategy<Value = u64> {
    prop_oneof![
        4 => 0..5_000_u64,
        1 => Just(0),
        1 => 0..=10 * u64::from(u32::MAX),
        1 => any::<u64>(),
    ]
}

fn step() -> impl Strategy<Value = Do> {
    let maybe = || prop::option::of(millis());
    let status = prop_oneof![
        6 => Just(200_u16),
        1 => 200..210_u16,
        1 => 300..310_u16,
        1 => 400..430_u16,
        2 => 500..600_u16,
        1 => any::<u16>(),
    ];
    let kind = (status, prop::bool::weighted(0.9), prop::bool::weighted(0.1));
    let end = prop_oneof![
        Just(End::Closed),
        Just(End::Broken),
        Just(End::Silent),
        Just(End::Refused)
    ];
    prop_oneof![
        4 => millis().prop_map(Do::Ahead),
        1 => millis().prop_map(Do::Back),
        6 => (kind, maybe(), maybe()).prop_map(|(kind, after, retry)| Do::Response(kind, after, retry)),
        3 => Just(Do::Heard),
        6 => (end, maybe(), prop::bool::weighted(0.9))
            .prop_map(|(end, retry, may_repeat)| Do::End(end, retry, may_repeat)),
        1 => Just(Do::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn agrees_with_the_model(
        start in prop_oneof![Just(0), any::<u64>()],
        seed: u32,
        (base, floor, longest) in (millis(), millis(), millis()),
        (longest_asked, proof) in (millis(), millis()),
        percent: u8,
        attempts in prop::option::of(0..6_u32),
        standard in prop::bool::weighted(0.2),
        steps in prop::collection::vec(step(), 0..60),
    ) {
        let mut config = ReconnectConfig::new()
            .with_base(Millis(base))
            .with_floor(Millis(floor))
            .with_longest(Millis(longest))
            .with_longest_asked(Millis(longest_asked))
            .with_proof(Millis(proof))
            .with_jitter(percent);
        if let Some(attempts) = attempts {
            config = config.with_attempts(attempts);
        }
        if standard {
            config = config.with_policy(Policy::Standard);
        }
        let kept = |millis: u64| u128::from(millis.min(u64::from(u32::MAX)));
        let mut model = Model {
            base: kept(base),
            floor: kept(floor),
            longest: kept(longest),
            longest_asked: kept(longest_asked),
            percent: u128::from(percent),
            proof: kept(proof),
            attempts,
            standard,
            clock: 0,
            passed: 0,
            open: None,
            failures: 0,
        };
        let mut reconnect = Reconnect::new(config, seed);
        let mut now = start;
        for step in steps {
            let (right, next) = match step {
                Do::Ahead(by) => { now = now.saturating_add(by); continue }
                Do::Back(by) => { now = now.saturating_sub(by); continue }
                Do::Response((status, is_stream, is_encoded), retry_after, retry) => {
                    model.advance(now);
                    let response = Response {
                        status,
                        content_type: if is_stream { b"text/event-stream" } else { b"text/html" },
                        content_encoding: if is_encoded { b"gzip" } else { b"" },
                        retry_after: retry_after.map(Millis),
                    };
                    let next = reconnect.on_response(Millis(now), response, retry.map(Millis));
                    (model.response((status, is_stream, is_encoded), retry_after, retry), next)
                }
                Do::Heard => {
                    model.advance(now);
                    if let Some((_, heard)) = &mut model.open {
                        *heard = true;
                        model.failures = 0;
                    }
                    reconnect.on_heard(Millis(now));
                    continue
                }
                Do::End(end, retry, may_repeat) => {
                    model.advance(now);
                    let next = reconnect.on_end(Millis(now), end, retry.map(Millis), may_repeat);
                    (model.end(end, retry, may_repeat), next)
                }
                Do::Restart => {
                    (model.open, model.failures) = (None, 0);
                    reconnect.restart();
                    continue
                }
            };
            prop_assert!(right.admits(next), "{right:?} {next:?}");
            prop_assert_eq!(u128::from(reconnect.failures()), model.failures);
        }
    }
}
