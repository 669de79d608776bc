use core::{fmt, num::NonZeroU32};

use crate::{millis::Millis, time::saturated};

/// What a [`Reconnect`](super::Reconnect) holds to.
///
/// | | default |
/// |---|---|
/// | reconnection time while the server has set none | 3 s |
/// | wait at least | 100 ms |
/// | after failures at most | 60 s, and jitter |
/// | what a server may ask for | 1 h |
/// | jitter | up to 50 % more |
/// | proved after | 60 s |
/// | failures in a row | no limit |
/// | statuses | [`Policy::Tolerant`] |
///
/// Lengths are kept in 32 bits: more than 49.7 days is 49.7 days.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReconnectConfig {
    pub(super) base: u32,
    pub(super) floor: u32,
    pub(super) longest: u32,
    pub(super) longest_asked: u32,
    /// In 65,536ths.
    pub(super) jitter: u32,
    pub(super) proof: u32,
    pub(super) attempts: Option<NonZeroU32>,
    pub(super) policy: Policy,
}

impl ReconnectConfig {
    /// The defaults.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            base: 3_000,
            floor: 100,
            longest: 60_000,
            longest_asked: 3_600_000,
            jitter: 1 << 15,
            proof: 60_000,
            attempts: None,
            policy: Policy::Tolerant,
        }
    }

    /// With this reconnection time while the server has set none by `retry`. The standard leaves it
    /// open, "probably in the region of a few seconds" (WHATWG HTML §9.2.2).
    #[must_use]
    pub const fn with_base(mut self, base: Millis) -> Self {
        self.base = saturated(base);
        self
    }

    /// With no wait shorter than this, whatever the server asks for.
    ///
    /// With 0 a server that says `retry: 0` and ends each stream after one event is asked again as
    /// fast as connections can be made. After failures the wait still grows, from 1 ms, unless
    /// [`with_longest`](Self::with_longest) is 0 too.
    #[must_use]
    pub const fn with_floor(mut self, floor: Millis) -> Self {
        self.floor = saturated(floor);
        self
    }

    /// With waits that grow to this length when attempts fail in a row. It is also the most that
    /// jitter may add.
    #[must_use]
    pub const fn with_longest(mut self, longest: Millis) -> Self {
        self.longest = saturated(longest);
        self
    }

    /// With this limit on what a server may ask for, by `retry` or by `Retry-After`.
    #[must_use]
    pub const fn with_longest_asked(mut self, longest: Millis) -> Self {
        self.longest_asked = saturated(longest);
        self
    }

    /// With waits that are drawn evenly from the length itself to so many percent more. 0 is no
    /// jitter.
    #[must_use]
    pub const fn with_jitter(mut self, percent: u8) -> Self {
        self.jitter = (percent as u32).saturating_mul(1 << 16) / 100;
        self
    }

    /// With connections that have proved themselves when they have been open for so long, though
    /// nothing was heard.
    #[must_use]
    pub const fn with_proof(mut self, open: Millis) -> Self {
        self.proof = saturated(open);
        self
    }

    /// With an end to it: the failure that makes it `most` in a row is the last
    /// ([`Stop::Attempts`](super::Stop::Attempts)). With 1, and with 0 as well, the first failure is.
    #[must_use]
    pub const fn with_attempts(mut self, most: u32) -> Self {
        self.attempts = Some(match NonZeroU32::new(most) {
            Some(most) => most,
            None => NonZeroU32::MIN,
        });
        self
    }

    /// With this judgement of statuses.
    #[must_use]
    pub const fn with_policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }
}

impl Default for ReconnectConfig {
    fn default() -> Self {
        Self::new()
    }
}

// Derived for so many fields it would bring a panic.
impl fmt::Debug for ReconnectConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReconnectConfig")
            .field("base", &self.base)
            .field("longest", &self.longest)
            .field("attempts", &self.attempts)
            .field("policy", &self.policy)
            .finish_non_exhaustive()
    }
}

/// Which statuses a client takes for an open stream, and which for a failure that passes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Policy {
    /// For services. Any 2xx opens an event stream (a POST may well be answered by 201), and 408,
    /// 425, 429 and 5xx mean another attempt later: a deployment is not the end.
    #[default]
    Tolerant,
    /// The standard's, for browsers (WHATWG HTML §9.2.2): only 200 opens a stream, and any status
    /// that is neither 200 nor a redirect ends it for good.
    Standard,
}
