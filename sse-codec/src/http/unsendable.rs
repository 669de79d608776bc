use core::{error, fmt};

/// What a client writes into `Last-Event-ID`: the ID as it is (WHATWG HTML §9.2.3), or `None` when
/// it is empty and there is no header.
///
/// An ID may hold what no header can carry whole: control characters (RFC 9110 §5.5), which HTTP
/// libraries refuse and servers reject, and a space or tab at either end, which belongs to HTTP and
/// is taken away. And an ID may be longer than servers take: common ones answer 400 or 431 when a
/// header line has more than 8 KiB, or the whole head. The limit here is 4,096 bytes.
///
/// An ID that cannot be sent is refused as a whole, for a cut one would be a wrong one. A client
/// leaves the header out then, tells its caller, and connects all the same.
///
/// ```
/// use sse_codec::http::{Unsendable, last_event_id_value};
///
/// assert_eq!(last_event_id_value("41…42".as_bytes()), Ok(Some("41…42".as_bytes())));
/// assert_eq!(last_event_id_value(b""), Ok(None));
/// let error = Unsendable::Byte { byte: b'\n', position: 2 };
/// assert_eq!(last_event_id_value(b"42\nhost: example"), Err(error));
/// ```
///
/// # Errors
/// [`Unsendable`], with the first byte that cannot be there or with the limit.
pub const fn last_event_id_value(id: &[u8]) -> Result<Option<&[u8]>, Unsendable> {
    if id.len() > LONGEST {
        return Err(Unsendable::TooLong { limit: LONGEST });
    }
    let mut position = 0;
    let mut rest = id;
    while let [byte, after @ ..] = rest {
        let at_an_end = position == 0 || after.is_empty();
        let sendable = match *byte {
            b' ' | b'\t' => !at_an_end,
            byte => byte >= b' ' && byte != 0x7F,
        };
        if !sendable {
            return Err(Unsendable::Byte {
                byte: *byte,
                position,
            });
        }
        position += 1;
        rest = after;
    }
    Ok(if id.is_empty() { None } else { Some(id) })
}

/// A last event ID that no header can carry whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unsendable {
    /// It contains a control character, or begins or ends with a space or tab.
    Byte {
        /// The byte.
        byte: u8,
        /// Its index in the ID.
        position: usize,
    },
    /// It is longer than servers take.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

/// Half of what nginx, Apache, Jetty and Tomcat take by default for a line or for all of them.
const LONGEST: usize = 4_096;

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte { byte, position } => write!(
                f,
                "last event ID cannot be sent in a header: byte {byte:#04x} at {position}"
            ),
            Self::TooLong { limit } => write!(
                f,
                "last event ID cannot be sent in a header: longer than {limit} bytes"
            ),
        }
    }
}

impl error::Error for Unsendable {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::last_event_id;

    #[test]
    fn what_can_be_sent_comes_back_whole() {
        // Every byte, at either end and in the middle.
        for byte in 0..=u8::MAX {
            for id in [
                &[byte][..],
                &[byte, b'x'],
                &[b'x', byte],
                &[b'x', byte, b'x'],
            ] {
                match last_event_id_value(id) {
                    Ok(value) => {
                        assert_eq!(value, Some(id));
                        assert_eq!(last_event_id(id), Ok(id));
                    }
                    Err(error) => {
                        let Unsendable::Byte {
                            byte: found,
                            position,
                        } = error
                        else {
                            panic!("{error}");
                        };
                        assert_eq!((found, id[position]), (byte, byte));
                        let lost = last_event_id(id) != Ok(id);
                        assert!(lost || byte.is_ascii_control(), "{id:?}");
                    }
                }
            }
        }
        assert_eq!(last_event_id_value(b"a b\tc"), Ok(Some(&b"a b\tc"[..])));
        assert_eq!(last_event_id_value(b""), Ok(None));
        let longest = [b'x'; LONGEST];
        assert_eq!(last_event_id_value(&longest), Ok(Some(&longest[..])));
        let error = Unsendable::TooLong { limit: LONGEST };
        assert_eq!(last_event_id_value(&[b'x'; LONGEST + 1]), Err(error));
    }
}
