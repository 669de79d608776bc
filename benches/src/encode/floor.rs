use super::{Encoder, Role, Wire, Work, cases::Message};

pub(super) const ALL: &[Encoder] = &[Encoder::new("memcpy", Role::Floor, memcpy)];

/// Copies type, ID and data into a buffer and nothing in between.
fn memcpy(work: Work, wire: &mut Wire) -> Option<()> {
    let Work::Messages(messages) = work else {
        return None;
    };
    let mut buffer = Vec::with_capacity(128 << 10);
    for Message {
        event_type,
        id,
        data,
    } in messages
    {
        buffer.clear();
        for part in [event_type.as_str(), id, data] {
            buffer.extend_from_slice(part.as_bytes());
        }
        wire.take(&buffer);
    }
    Some(())
}
