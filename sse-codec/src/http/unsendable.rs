use core::{error, fmt};

/// What a client writes into `Last-Event-ID`: the ID as it is (WHATWG HTML §9.2.3), or `None` when
/// it is empty and there is no header.
///
/// An ID may hold what no header can carry whole: control characters (RFC 9110 §5.5), which HTTP
/// libraries refuse and servers reject, and a space or tab at either end, which belongs to HTTP and
/// is taken away. Such an ID is refused here, for a cut one would be a wrong one. A client leaves
/// the header out then, tells its caller, and connects all the same.
///
/// ```
/// use sse_codec::http::last_event_id_value;
///
/// assert_eq!(last_event_id_value("41…42".as_bytes()), Ok(Some("41…42".as_bytes())));
/// assert_eq!(last_event_id_value(b""), Ok(None));
/// let error = last_event_id_value(b"42\nhost: example").unwrap_err();
/// assert_eq!((error.byte, error.position), (b'\n', 2));
/// ```
///
/// # Errors
/// [`Unsendable`] with the first byte that cannot be there.
pub const fn last_event_id_value(id: &[u8]) -> Result<Option<&[u8]>, Unsendable> {
    let mut position = 0;
    let mut rest = id;
    while let [byte, after @ ..] = rest {
        let at_an_end = position == 0 || after.is_empty();
        let sendable = match *byte {
            b' ' | b'\t' => !at_an_end,
            byte => byte >= b' ' && byte != 0x7F,
        };
        if !sendable {
            return Err(Unsendable {
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
pub struct Unsendable {
    /// The byte that cannot be sent: a control character, or a space or tab at an end.
    pub byte: u8,
    /// Its index in the ID.
    pub position: usize,
}

impl fmt::Display for Unsendable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { byte, position } = self;
        write!(
            f,
            "last event ID cannot be sent in a header: byte {byte:#04x} at {position}"
        )
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
                        assert_eq!((error.byte, id[error.position]), (byte, byte));
                        let lost = last_event_id(id) != Ok(id);
                        assert!(lost || byte.is_ascii_control(), "{id:?}");
                    }
                }
            }
        }
        assert_eq!(last_event_id_value(b"a b\tc"), Ok(Some(&b"a b\tc"[..])));
        assert_eq!(last_event_id_value(b""), Ok(None));
    }
}
