//! `sse-codec`, twice: with the features a host turns on, and without any.

use super::{Decoder, Role};
use crate::input::{Counts, Input};

pub(super) const ALL: &[Decoder] = &[
    Decoder::new("ours", Role::Ours, with_features::inline),
    Decoder::new("ours-growable", Role::Ours, with_features::growable),
    Decoder::new("ours-str", Role::OursText, with_features::text),
    Decoder::new("plain", Role::Ours, without_features::inline),
    Decoder::new("plain-str", Role::OursText, without_features::text),
];

/// A parser that allocates: for the proof that it is linear up to events of any size.
pub type ParseOnce = fn(Input, usize) -> Counts;

impl Decoder {
    /// `ours` on growable storage of any limit.
    pub const GROWABLE: ParseOnce = with_features::growable_to;
}

/// Reads a stream to its end.
macro_rules! run {
    ($parser:expr, $input:expr, $event:ident => $data:expr) => {{
        let mut counts = Counts::default();
        for bytes in $input.chunks() {
            let mut chunk = Chunk::new(bytes);
            loop {
                match $parser.next_event(&mut chunk) {
                    Ok(Some($event)) => {
                        counts.add($event.event_type().unwrap_or(b"message"), $data);
                    }
                    Ok(None) => break,
                    Err(_) => {}
                }
            }
        }
        counts
    }};
}

/// The same code against either build of the codec.
macro_rules! decoders {
    ($codec:ident) => {
        use std::sync::{Mutex, PoisonError};

        use $codec::{Chunk, Inline, Parser};

        use super::{Counts, Input};

        /// Room for the longest event of the corpora.
        type Fixed = Parser<Inline<{ 96 << 10 }, 64>>;

        /// One parser for all runs: to clear 96 KiB would be a part of a short run.
        static PARSER: Mutex<Fixed> = Mutex::new(Fixed::new());

        pub(super) fn inline(input: Input) -> Counts {
            let mut parser = PARSER.lock().unwrap_or_else(PoisonError::into_inner);
            parser.reset();
            run!(parser, input, event => event.data())
        }

        pub(super) fn text(input: Input) -> Counts {
            let mut parser = PARSER.lock().unwrap_or_else(PoisonError::into_inner);
            parser.reset();
            run!(parser, input, event => event.data_str().unwrap_or_default().as_bytes())
        }
    };
}

mod with_features {
    decoders!(sse_codec);

    pub(super) fn growable(input: Input) -> Counts {
        growable_to(input, 512 << 10)
    }

    pub(super) fn growable_to(input: Input, limit: usize) -> Counts {
        let mut parser = Parser::growable(limit);
        run!(parser, input, event => event.data())
    }
}

mod without_features {
    decoders!(sse_codec_plain);
}
