//! A slow and obvious decoder of a whole event stream: the second reading of the standard that the
//! parser is compared with.
//!
//! Written from the text of WHATWG HTML §9.2.5 "Parsing an event stream" and §9.2.6 "Interpreting
//! an event stream", whose sentences are quoted where they are carried out, and shares no code with
//! the library. Where it goes beyond the standard:
//!
//! * It works on bytes and decodes nothing. Every character the grammar names is ASCII, and no byte
//!   of a multi-byte or ill-formed UTF-8 sequence is, so the lines and fields are the same.
//! * It tells which of an event's fields are those of its own block, keeps comments and blocks
//!   without data, and says at which byte each thing is certain.
//! * It takes a limit on what one event may hold. See [`Decoder::count`].

/// What happens in a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// An event is dispatched.
    Event {
        /// The type the block gives, if that is not empty.
        event_type: Option<Vec<u8>>,
        /// The data.
        data: Vec<u8>,
        /// The valid ID the block gives.
        id: Option<Vec<u8>>,
        /// The last valid reconnection time the block gives.
        retry: Option<u64>,
        /// The last event ID as of this event.
        last_event_id: Vec<u8>,
        /// How many bytes must have been read for it to be certain.
        at: usize,
    },
    /// A block without data is over that has an ID or a reconnection time.
    WithoutData {
        /// The valid ID the block gives.
        id: Option<Vec<u8>>,
        /// The last valid reconnection time the block gives.
        retry: Option<u64>,
        /// How many bytes must have been read for it to be certain.
        at: usize,
    },
    /// A comment line is over. All its text after the colon.
    Comment(Vec<u8>),
    /// The reconnection time is set.
    Retry {
        /// In milliseconds; the largest number when it does not fit.
        millis: u64,
        /// How many bytes must have been read for it to be certain.
        at: usize,
    },
    /// The block is larger than the limit and is dropped.
    Overflow {
        /// How many bytes must have been read for it to be certain.
        at: usize,
    },
}

/// A stream, decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// What happens in it, in order.
    pub items: Vec<Item>,
    /// The last event ID at its end.
    pub last_event_id: Vec<u8>,
    /// The reconnection time at its end, if it set one.
    pub retry: Option<u64>,
    /// Whether the stream ends inside a block: a line of a field has begun, or may have, and no blank
    /// line has come since.
    pub is_inside_block: bool,
    /// The text so far of the comment line it breaks off in. Not among the items.
    pub unfinished_comment: Option<Vec<u8>>,
}

/// Decodes a whole stream. `limit` is how many bytes an event may hold, `last_event_id` what
/// earlier streams left.
pub fn decode(input: &[u8], limit: Option<usize>, last_event_id: &[u8]) -> Decoded {
    // "When a stream is parsed, a data buffer, an event type buffer, and a last event ID buffer
    // must be associated with it. They must be initialized to the empty string."
    // (Browsers start the last event ID buffer with the last event ID string on a reconnection, or
    // the first blank line would clear it.)
    let mut decoder = Decoder {
        limit,
        items: Vec::new(),
        data_buffer: Vec::new(),
        event_type_buffer: Vec::new(),
        last_event_id_buffer: last_event_id.to_vec(),
        last_event_id_string: last_event_id.to_vec(),
        reconnection_time: None,
        block_has_id: false,
        block_retry: None,
        skipping: false,
    };
    let mut unfinished_comment = None;
    let mut is_inside_block = false;

    // "Lines must be processed, in the order they are received, as follows:"
    for line in lines(input) {
        is_inside_block = if line.is_ended && line.text.is_empty() {
            false
        } else {
            is_inside_block || decoder.skipping || line.may_be_a_field()
        };
        if decoder.skipping {
            // The rest of an oversized block, its blank line included, has no effect.
            decoder.skipping = !(line.is_ended && line.text.is_empty());
        } else if let Some(at) = decoder.overflow_in(&line) {
            decoder.drop_block(at);
        } else if line.is_ended {
            decoder.process_line(&line);
        } else {
            // "Once the end of the file is reached, any pending data must be discarded. (If the
            // file ends in the middle of an event, before the final empty line, the incomplete
            // event is not dispatched.)"
            unfinished_comment = line.text.strip_prefix(b":").map(<[u8]>::to_vec);
        }
    }

    Decoded {
        items: decoder.items,
        last_event_id: decoder.last_event_id_string,
        retry: decoder.reconnection_time,
        is_inside_block,
        unfinished_comment,
    }
}

/// A line of the stream, without its end.
struct Line<'a> {
    /// Where in the stream it starts.
    start: usize,
    text: &'a [u8],
    /// `false` for what the stream breaks off in.
    is_ended: bool,
}

impl Line<'_> {
    /// Whether its name is that of a field or, where the line has not ended, the beginning of one.
    fn may_be_a_field(&self) -> bool {
        const NAMES: [&[u8]; 4] = [b"event", b"data", b"id", b"retry"];
        match split_at_colon(self.text) {
            Some((name, _)) => NAMES.contains(&name),
            None if self.is_ended => NAMES.contains(&self.text),
            None => !self.text.is_empty() && NAMES.iter().any(|name| name.starts_with(self.text)),
        }
    }

    /// How many bytes of the stream must have been read for the line to be over: up to and
    /// including its LF or CR. "A single CR not followed by an LF" ends a line and so does a CR
    /// followed by one: at the CR it is certain either way.
    fn end(&self) -> usize {
        assert!(self.is_ended);
        self.start + self.text.len() + 1
    }
}

fn lines(input: &[u8]) -> Vec<Line<'_>> {
    // "Streams must be decoded using the UTF-8 decode algorithm. Note: The UTF-8 decode algorithm
    // strips one leading UTF-8 Byte Order Mark (BOM), if any."
    let mut start = if input.starts_with(b"\xEF\xBB\xBF") {
        3
    } else {
        0
    };

    // "The stream must then be parsed by reading everything line by line, with a U+000D CARRIAGE
    // RETURN U+000A LINE FEED (CRLF) character pair, a single U+000A LINE FEED (LF) character not
    // preceded by a U+000D CARRIAGE RETURN (CR) character, and a single U+000D CARRIAGE RETURN (CR)
    // character not followed by a U+000A LINE FEED (LF) character being the ways in which a line
    // can end."
    let mut lines = Vec::new();
    while start < input.len() {
        let rest = &input[start..];
        let Some(length) = rest.iter().position(|byte| b"\r\n".contains(byte)) else {
            lines.push(Line {
                start,
                text: rest,
                is_ended: false,
            });
            break;
        };
        lines.push(Line {
            start,
            text: &rest[..length],
            is_ended: true,
        });
        start += length;
        start += if rest[length..].starts_with(b"\r\n") {
            2
        } else {
            1
        };
    }
    lines
}

struct Decoder {
    limit: Option<usize>,
    items: Vec<Item>,

    // What the standard names.
    data_buffer: Vec<u8>,
    event_type_buffer: Vec<u8>,
    last_event_id_buffer: Vec<u8>,
    last_event_id_string: Vec<u8>,
    reconnection_time: Option<u64>,

    /// The last event ID buffer was set in this block.
    block_has_id: bool,
    /// The reconnection time was set in this block, to this.
    block_retry: Option<u64>,
    /// In the rest of a block that was too large.
    skipping: bool,
}

impl Decoder {
    fn process_line(&mut self, line: &Line<'_>) {
        if line.text.is_empty() {
            // "If the line is empty (a blank line): Dispatch the event, as defined below."
            self.dispatch(line.end());
        } else if let Some(comment) = line.text.strip_prefix(b":") {
            // "If the line starts with a U+003A COLON character (:): Ignore the line."
            self.items.push(Item::Comment(comment.to_vec()));
        } else if let Some((field, value)) = split_at_colon(line.text) {
            // "If the line contains a U+003A COLON character (:): […] Process the field using the
            // steps described below, using field as the field name and value as the field value."
            self.process_field(field, value, line.end());
        } else {
            // "Otherwise, the string is not empty but does not contain a U+003A COLON character
            // (:): Process the field using the steps described below, using the whole line as the
            // field name, and the empty string as the field value."
            self.process_field(line.text, b"", line.end());
        }
    }

    /// "The steps to process the field given a field name and a field value depend on the field
    /// name, as given in the following list. Field names must be compared literally, with no case
    /// folding performed."
    fn process_field(&mut self, field: &[u8], value: &[u8], at: usize) {
        match field {
            // "Set the event type buffer to the field value."
            b"event" => self.event_type_buffer = value.to_vec(),
            // "Append the field value to the data buffer, then append a single U+000A LINE FEED
            // (LF) character to the data buffer."
            b"data" => {
                self.data_buffer.extend(value);
                self.data_buffer.push(b'\n');
            }
            // "If the field value does not contain U+0000 NULL, then set the last event ID buffer
            // to the field value. Otherwise, ignore the field."
            b"id" if !value.contains(&0) => {
                self.last_event_id_buffer = value.to_vec();
                self.block_has_id = true;
            }
            // "If the field value consists of only ASCII digits, then interpret the field value as
            // an integer in base ten, and set the event stream's reconnection time to that integer.
            // Otherwise, ignore the field."
            // (No digits at all are no integer.)
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let millis = value.iter().fold(0_u64, |number, digit| {
                    number
                        .saturating_mul(10)
                        .saturating_add(u64::from(digit - b'0'))
                });
                self.reconnection_time = Some(millis);
                self.block_retry = Some(millis);
                self.items.push(Item::Retry { millis, at });
            }
            // "Otherwise: The field is ignored."
            _ => {}
        }
    }

    fn dispatch(&mut self, at: usize) {
        // "1. Set the last event ID string of the event source to the value of the last event ID
        // buffer. The buffer does not get reset, so the last event ID string of the event source
        // remains set to this value until the next time it is set by the server."
        self.last_event_id_string = self.last_event_id_buffer.clone();

        // "2. If the data buffer is an empty string, set the data buffer and the event type buffer
        // to the empty string and return."
        if self.data_buffer.is_empty() {
            if self.block_has_id || self.block_retry.is_some() {
                self.items.push(Item::WithoutData {
                    id: self.block_has_id.then(|| self.last_event_id_buffer.clone()),
                    retry: self.block_retry,
                    at,
                });
            }
            self.clear_block();
            return;
        }

        // "3. If the data buffer's last character is a U+000A LINE FEED (LF) character, then remove
        // the last character from the data buffer."
        if self.data_buffer.last() == Some(&b'\n') {
            self.data_buffer.pop();
        }

        // "5. Initialize event's type attribute to "message", its data attribute to data, […] and
        // its lastEventId attribute to the last event ID string of the event source."
        // "6. If the event type buffer has a value other than the empty string, change the type of
        // the newly created event to equal the value of the event type buffer."
        let event = Item::Event {
            event_type: (!self.event_type_buffer.is_empty())
                .then(|| self.event_type_buffer.clone()),
            data: self.data_buffer.clone(),
            id: self.block_has_id.then(|| self.last_event_id_buffer.clone()),
            retry: self.block_retry,
            last_event_id: self.last_event_id_string.clone(),
            at,
        };

        // "7. Set the data buffer and the event type buffer to the empty string."
        self.clear_block();

        // "8. Queue a task which […] dispatches the newly created event at the EventSource object."
        self.items.push(event);
    }

    fn clear_block(&mut self) {
        self.data_buffer.clear();
        self.event_type_buffer.clear();
        self.block_has_id = false;
        self.block_retry = None;
    }

    /// After how many bytes of the stream the count first exceeds the limit, if within this line.
    fn overflow_in(&self, line: &Line<'_>) -> Option<usize> {
        let limit = self.limit?;
        let length = line.text.len();
        for read in 1..=length {
            if self.count(&line.text[..read], false) > limit {
                return Some(line.start + read);
            }
        }
        (line.is_ended && self.count(line.text, true) > limit).then(|| line.end())
    }

    /// How many bytes the event holds when this much of a line has been read, `is_ended` with its
    /// end: the data, lines joined by LF, and the type and the ID this block gives.
    ///
    /// A value being read counts in place of the earlier one of its field, from the byte that
    /// completes the field's name. So does the LF that joins a line of data to the one before.
    /// An ID found void at the line end gives way to the earlier one again.
    fn count(&self, line: &[u8], is_ended: bool) -> usize {
        let mut data = self.data_buffer.len().saturating_sub(1); // The last LF joins nothing yet.
        let mut event_type = self.event_type_buffer.len();
        let mut id = if self.block_has_id {
            self.last_event_id_buffer.len()
        } else {
            0
        };

        let field = match split_at_colon(line) {
            None if is_ended => Some((line, &b""[..])),
            field => field,
        };
        match field {
            Some((b"data", value)) => data = self.data_buffer.len() + value.len(), // Now it does.
            Some((b"event", value)) => event_type = value.len(),
            Some((b"id", value)) if !(is_ended && value.contains(&0)) => id = value.len(),
            _ => {}
        }
        data + event_type + id
    }

    fn drop_block(&mut self, at: usize) {
        self.items.push(Item::Overflow { at });
        self.clear_block();
        self.last_event_id_buffer = self.last_event_id_string.clone();
        self.skipping = true;
    }
}

/// "Collect the characters on the line before the first U+003A COLON character (:), and let field
/// be that string.
///
/// "Collect the characters on the line after the first U+003A COLON character (:), and let value be
/// that string. If value starts with a U+0020 SPACE character, remove it from value."
fn split_at_colon(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    let (field, value) = (&line[..colon], &line[colon + 1..]);
    Some((field, value.strip_prefix(b" ").unwrap_or(value)))
}
