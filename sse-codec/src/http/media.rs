use core::iter;

use super::{CONTENT_TYPE, trim};

/// Whether the `Accept` of a request admits an event stream: its [`quality`] is not 0.
///
/// ```
/// use sse_codec::http::accepts_event_stream;
///
/// assert!(accepts_event_stream(Some("application/json, text/event-stream")));
/// assert!(accepts_event_stream(None::<&str>));
/// assert!(!accepts_event_stream(Some("text/event-stream;q=0, */*")));
/// ```
#[must_use]
pub fn accepts_event_stream(values: impl IntoIterator<Item: AsRef<[u8]>>) -> bool {
    quality(values, CONTENT_TYPE) > 0
}

/// How welcome a media type is to a client, in thousandths: 1000 is most, 0 is not acceptable
/// (RFC 9110 §12.4.2).
///
/// `values` are the values of all `Accept` lines, which make one list together (§5.3): the result
/// of `HeaderMap::get_all`, or an `Option` when there is at most one line. Without any, or when they
/// name nothing, everything is acceptable (§12.4.1). The most specific range decides (§12.5.1):
/// `text/event-stream` before `text/*` before `*/*`; of two equal ones the more welcoming.
///
/// A range with parameters is for a type that has the same (§12.5.1). `media_type` is taken to have
/// none but `charset=utf-8`: `text/event-stream;charset=utf-8` applies, and before the one without;
/// a range with any other parameter does not apply.
///
/// Where the grammar leaves off: `*` is `*/*` and `.2` is `0.2` (older Java clients send both);
/// digits after the third are cut off; a range whose `q` is no number at all is passed over.
///
/// ```
/// use sse_codec::http::{CONTENT_TYPE, quality};
///
/// // A browser that opens a page would rather have HTML.
/// let accept = ["text/html,application/xml;q=0.9,*/*;q=0.8"];
/// assert_eq!(quality(accept, "text/html"), 1000);
/// assert_eq!(quality(accept, CONTENT_TYPE), 800);
/// ```
#[must_use]
pub fn quality(values: impl IntoIterator<Item: AsRef<[u8]>>, media_type: &str) -> u16 {
    let mut best = None;
    let mut is_empty = true;
    for value in values {
        for range in split_unquoted(value.as_ref(), b',').filter(|range| !range.is_empty()) {
            is_empty = false;
            best = best.max(weigh(range, media_type.as_bytes()));
        }
    }
    match best {
        Some((_, weight)) => weight,
        None if is_empty => 1000,
        None => 0,
    }
}

/// Whether a `Content-Type` is that of an event stream. Its parameters are ignored, a `charset`
/// too: the body is UTF-8 in any case (WHATWG HTML §9.2.2 and §9.2.5).
///
/// Of several types the last counts (Fetch §2.2.5, *extract a MIME type*), where what is no type at
/// all is passed over, and `*/*` too. Several header lines are one value, with commas between
/// (RFC 9110 §5.3).
///
/// ```
/// use sse_codec::http::is_event_stream;
///
/// assert!(is_event_stream(b"text/event-stream; charset=utf-8"));
/// assert!(is_event_stream(b"text/html, text/event-stream"));
/// assert!(!is_event_stream(b"text/html"));
/// ```
#[must_use]
pub fn is_event_stream(content_type: &[u8]) -> bool {
    split_unquoted(content_type, b',')
        .filter_map(essence)
        .last()
        .is_some_and(|essence| essence.eq_ignore_ascii_case(CONTENT_TYPE.as_bytes()))
}

/// Whether a `Content-Encoding` leaves the body as it is: it is empty, or names nothing but
/// `identity`.
pub(crate) fn is_identity(content_encoding: &[u8]) -> bool {
    split_unquoted(content_encoding, b',')
        .all(|coding| coding.is_empty() || coding.eq_ignore_ascii_case(b"identity"))
}

/// A media type without its parameters (MIME Sniffing §4.4). `None` when it is none, or `*/*`.
fn essence(value: &[u8]) -> Option<&[u8]> {
    let essence = split_unquoted(value, b';').next()?;
    let mut halves = essence.splitn(2, |byte| *byte == b'/');
    let is_type = is_token(halves.next()?) && is_token(halves.next()?);
    (is_type && essence != b"*/*").then_some(essence)
}

/// Whether this is a `token` (RFC 9110 §5.6.2).
fn is_token(value: &[u8]) -> bool {
    let is_tchar = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    !value.is_empty() && value.iter().all(is_tchar)
}

/// How closely a media range names the type, and whether with its `charset`; the weight. `None`
/// when it does not apply.
fn weigh(range: &[u8], media_type: &[u8]) -> Option<((Closeness, bool), u16)> {
    let mut parts = split_unquoted(range, b';');
    let closeness = match parts.next()? {
        b"*/*" | b"*" => Closeness::Any,
        [kind @ .., b'/', b'*'] if is_kind_of(kind, media_type) => Closeness::Kind,
        exact if exact.eq_ignore_ascii_case(media_type) => Closeness::Exact,
        _ => return None,
    };
    let mut with_charset = false;
    let mut weight = 1000;
    for parameter in parts.filter(|parameter| !parameter.is_empty()) {
        if let [b'q' | b'Q', b'=', value @ ..] = parameter {
            weight = thousandths(value)?;
        } else if parameter.eq_ignore_ascii_case(b"charset=utf-8")
            || parameter.eq_ignore_ascii_case(b"charset=\"utf-8\"")
        {
            with_charset = true;
        } else {
            return None;
        }
    }
    Some(((closeness, with_charset), weight))
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Closeness {
    Any,
    Kind,
    Exact,
}

/// Whether this is what stands before the slash in the media type.
fn is_kind_of(kind: &[u8], media_type: &[u8]) -> bool {
    let mut halves = media_type.split(|byte| *byte == b'/');
    halves
        .next()
        .is_some_and(|half| half.eq_ignore_ascii_case(kind))
}

/// A `qvalue` (RFC 9110 §12.4.2).
fn thousandths(value: &[u8]) -> Option<u16> {
    let (whole, rest) = match value {
        [b'0', rest @ ..] => (0, rest),
        [b'1', rest @ ..] => (1000, rest),
        [b'.', b'0'..=b'9', ..] => (0, value),
        _ => return None,
    };
    let decimals = match rest {
        [] => rest,
        [b'.', decimals @ ..] => decimals,
        _ => return None,
    };
    let mut sum: u16 = whole;
    let units = [100, 10, 1].into_iter().chain(iter::repeat(0));
    for (byte, unit) in decimals.iter().zip(units) {
        let digit = char::from(*byte).to_digit(10)? as u16;
        sum = sum.saturating_add(digit.saturating_mul(unit));
    }
    Some(sum.min(1000))
}

/// The parts between separators that do not stand in a quoted string (RFC 9110 §5.6.4), without
/// the spaces around them.
fn split_unquoted(value: &[u8], separator: u8) -> impl Iterator<Item = &[u8]> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = value.split(move |byte| {
        if escaped {
            escaped = false;
        } else {
            escaped = quoted && *byte == b'\\';
            quoted ^= *byte == b'"';
        }
        !quoted && *byte == separator
    });
    parts.map(trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `Accept` values, and how welcome an event stream is.
    const ACCEPT: [(&str, u16); 64] = [
        // Nothing said.
        ("", 1000),
        (" , ,\t", 1000),
        // One range.
        ("text/event-stream", 1000),
        ("TEXT/Event-Stream", 1000),
        ("\ttext/event-stream ", 1000),
        ("text/*", 1000),
        ("Text/*", 1000),
        ("*/*", 1000),
        ("*", 1000),
        ("text/html", 0),
        ("text/event-streams", 0),
        ("text/event-strea", 0),
        ("tex/*", 0),
        ("application/*", 0),
        ("text", 0),
        ("text/", 0),
        ("/*", 0),
        ("*/event-stream", 0),
        ("text / event-stream", 0),
        // Weights.
        ("text/event-stream;q=0", 0),
        ("text/event-stream;q=0.", 0),
        ("text/event-stream;q=0.000", 0),
        ("text/event-stream;q=0.001", 1),
        ("text/event-stream;q=0.5", 500),
        ("text/event-stream;q=0.25", 250),
        ("text/event-stream \t; \tQ=0.875", 875),
        ("text/event-stream;q=1", 1000),
        ("text/event-stream;q=1.000", 1000),
        // Weights the grammar does not have.
        ("text/event-stream;q=1.5", 1000),
        ("text/event-stream;q=.2", 200),
        ("text/event-stream;q=0.12345", 123),
        ("text/event-stream;q=0.0009", 0),
        ("text/event-stream;q=", 0),
        ("text/event-stream;q=.", 0),
        ("text/event-stream;q=2", 0),
        ("text/event-stream;q=00.5", 0),
        ("text/event-stream;q=-1", 0),
        ("text/event-stream;q=0,5", 0),
        ("text/event-stream;q=0.5x", 0),
        ("text/event-stream;q=\"0.5\"", 0),
        ("text/event-stream;q=high, */*;q=0.1", 100),
        // The most specific range decides, wherever it stands.
        ("text/event-stream;q=0, */*", 0),
        ("*/*, text/event-stream;q=0", 0),
        ("text/*;q=0, */*", 0),
        ("*/*;q=0, text/*;q=0.2", 200),
        ("text/*;q=0.3, text/event-stream;q=0.2, */*;q=0.4", 200),
        (
            "text/event-stream;q=0.2, text/event-stream;q=0.4, text/event-stream;q=0.3",
            400,
        ),
        // Parameters.
        ("text/event-stream;", 1000),
        ("text/event-stream;;q=0.5;", 500),
        ("text/event-stream;charset=utf-8;q=0.5", 500),
        ("text/event-stream;q=0.5;Charset=\"UTF-8\"", 500),
        (
            "text/event-stream;q=0.5, text/event-stream;charset=utf-8;q=0.4",
            400,
        ),
        ("text/*;charset=utf-8;q=0.1, text/event-stream;q=0.2", 200),
        ("text/event-stream;charset=latin1, */*;q=0.1", 100),
        ("text/event-stream;v=1", 0),
        // Quoted strings.
        ("text/html;a=\", text/event-stream\"", 0),
        ("text/html;a=\",\", text/event-stream", 1000),
        ("text/event-stream;a=\";q=0\"", 0),
        ("text/html;a=\"\\\", text/event-stream", 0),
        ("text/html;a=\"\\\",\\\\\", text/event-stream", 1000),
        ("text/html;a=\\\", text/event-stream\"", 0),
        ("text/html;a=\", text/event-stream", 0),
        // Seen in the wild: Chrome opening a page, `HttpURLConnection` before JDK 19.
        (
            "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,\
             image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7",
            800,
        ),
        ("text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2", 200),
    ];

    #[test]
    fn accept() {
        for (value, expected) in ACCEPT {
            assert_eq!(quality([value], CONTENT_TYPE), expected, "{value}");
            assert_eq!(accepts_event_stream([value]), expected > 0, "{value}");
        }
    }

    /// RFC 9110, table 5.
    #[test]
    fn accept_in_the_standard() {
        let accept = ["text/*;q=0.3, text/plain;q=0.7, text/plain;format=flowed, \
                       text/plain;format=fixed;q=0.4, */*;q=0.5"];
        assert_eq!(quality(accept, "text/plain"), 700);
        assert_eq!(quality(accept, "text/html"), 300);
        assert_eq!(quality(accept, "image/jpeg"), 500);
    }

    #[test]
    fn accept_in_several_lines() {
        let none: [&str; 0] = [];
        assert_eq!(quality(none, CONTENT_TYPE), 1000);
        assert_eq!(quality(["", ""], CONTENT_TYPE), 1000);
        assert_eq!(quality(["", "text/html"], CONTENT_TYPE), 0);
        assert_eq!(quality(["*/*", "text/event-stream;q=0"], CONTENT_TYPE), 0);
        assert_eq!(quality(["text/html", "text/*;q=0.5"], CONTENT_TYPE), 500);
        // A quoted string ends with its line at the latest.
        assert_eq!(
            quality(["text/html;a=\"", "text/event-stream"], CONTENT_TYPE),
            1000
        );
    }

    #[test]
    fn content_types() {
        for (value, expected) in [
            ("text/event-stream", true),
            (" Text/Event-Stream\t;charset=windows-1252", true),
            ("text/event-stream;", true),
            ("text/event-stream;a=\"", true),
            ("", false),
            (";text/event-stream", false),
            ("text/event-streams", false),
            ("text/event-stream charset=utf-8", false),
            ("text/event-stream, text/html", false),
            ("text/html, text/event-stream", true),
            ("text/html;a=\", text/event-stream", false),
            ("text/html;a=\"\\\",\", text/event-stream;b", true),
            ("text/event-stream, */*", true),
            ("text/event-stream, bogus", true),
            ("text/event-stream,", true),
            (",text/event-stream", true),
            ("text/event-stream, /x", true),
            ("text/event-stream, x/", true),
            ("text/event-stream, x/y/z", true),
            ("text/event-stream, x/y z", true),
            ("text/event-stream, x/y", false),
            ("text/event-stream, */x", false),
            ("x bogus", false),
            ("text/x-bogus", false),
        ] {
            assert_eq!(is_event_stream(value.as_bytes()), expected, "{value}");
        }
    }

    #[test]
    fn content_codings() {
        for (value, expected) in [
            ("", true),
            (" , ", true),
            ("identity", true),
            (" Identity, identity ", true),
            ("gzip", false),
            ("identity, br", false),
            ("identity;q=1", false),
        ] {
            assert_eq!(is_identity(value.as_bytes()), expected, "{value}");
        }
    }
}
