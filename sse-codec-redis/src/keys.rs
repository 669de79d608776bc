//! The keys of a topic. All have one hash tag, so that a script may use them together.

use crate::chance::random;

/// How many entries the bell keeps. A reader that has missed more looks at all its topics.
pub(crate) const BELL_ENTRIES: u64 = 1_000;

#[derive(Debug)]
pub(crate) struct Keys {
    tag: String,
    pub(crate) bell: String,
}

impl Keys {
    pub(crate) fn new(tag: &str) -> Self {
        Self {
            tag: tag.to_owned(),
            bell: format!("{{{tag}}}:bell"),
        }
    }

    /// The log of a topic.
    pub(crate) fn stream(&self, topic: &str) -> String {
        format!("{{{}}}:stream:{topic}", self.tag)
    }

    /// Whose log it is.
    pub(crate) fn topic<'a>(&self, stream: &'a str) -> Option<&'a str> {
        let rest = stream.strip_prefix('{')?.strip_prefix(&*self.tag)?;
        rest.strip_prefix("}:stream:")
    }

    /// Its epoch, and the history that the epoch belongs to.
    pub(crate) fn epoch(&self, topic: &str) -> String {
        format!("{{{}}}:epoch:{topic}", self.tag)
    }

    /// A publish, so that another try of it does not publish again.
    pub(crate) fn token(&self) -> String {
        let (high, low) = (random(), random());
        format!("{{{}}}:token:{high:016x}{low:016x}", self.tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_says_whose_it_is() {
        let keys = Keys::new("sse");
        assert_eq!(keys.stream("a:b"), "{sse}:stream:a:b");
        assert_eq!(keys.topic("{sse}:stream:a:b"), Some("a:b"));
        assert_eq!(keys.topic("{sse2}:stream:a:b"), None);
        assert_ne!(keys.token(), keys.token());
    }
}
