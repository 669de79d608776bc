// The event streams of the web platform tests (directory `eventsource`, each with the test it is
// taken from) and what a parser makes of them.
//
// Plain constants for tests, benches and firmware: no `std`, no `alloc`, no dependency. Use it as a
// module of its own: `#[path = …] mod wpt;`, or `mod wpt { include!(…); }`.
//
// Adapted from the web platform tests, https://github.com/web-platform-tests/wpt:
//
// The 3-Clause BSD License
//
// Copyright © web-platform-tests contributors
//
// Redistribution and use in source and binary forms, with or without modification, are permitted
// provided that the following conditions are met:
//
// 1. Redistributions of source code must retain the above copyright notice, this list of conditions
//    and the following disclaimer.
//
// 2. Redistributions in binary form must reproduce the above copyright notice, this list of
//    conditions and the following disclaimer in the documentation and/or other materials provided
//    with the distribution.
//
// 3. Neither the name of the copyright holder nor the names of its contributors may be used to
//    endorse or promote products derived from this software without specific prior written
//    permission.
//
// THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND ANY EXPRESS OR
// IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED WARRANTIES OF MERCHANTABILITY AND
// FITNESS FOR A PARTICULAR PURPOSE ARE DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR
// CONTRIBUTORS BE LIABLE FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
// DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR SERVICES; LOSS OF USE,
// DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER CAUSED AND ON ANY THEORY OF LIABILITY,
// WHETHER IN CONTRACT, STRICT LIABILITY, OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY
// WAY OUT OF THE USE OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.

/// A stream and what is in it, for a parser that starts with no last event ID.
#[derive(Clone, Copy, Debug)]
pub struct Vector {
    /// The test's name, and after a dot which of its streams.
    pub name: &'static str,
    /// The stream, whole.
    pub input: &'static [u8],
    /// The events to be dispatched, in order.
    pub events: &'static [VectorEvent],
    /// The text of every comment line, in order: all after its colon.
    pub comments: &'static [&'static [u8]],
    /// The last event ID when the stream ends.
    pub last_event_id: &'static [u8],
    /// The reconnection time in milliseconds when the stream ends, if it set one.
    pub retry: Option<u64>,
}

/// A dispatched event.
#[derive(Clone, Copy, Debug)]
pub struct VectorEvent {
    /// Its type: `message` when the block has none.
    pub event_type: &'static [u8],
    /// Its data.
    pub data: &'static [u8],
    /// The last event ID as of this event, its own or inherited.
    pub last_event_id: &'static [u8],
    /// How many bytes of the stream must have been read for the event to be certain.
    pub at: usize,
}

const fn message(data: &'static [u8], last_event_id: &'static [u8], at: usize) -> VectorEvent {
    event(b"message", data, last_event_id, at)
}

const fn event(
    event_type: &'static [u8],
    data: &'static [u8],
    last_event_id: &'static [u8],
    at: usize,
) -> VectorEvent {
    VectorEvent {
        event_type,
        data,
        last_event_id,
        at,
    }
}

const LONG_COMMENT: &[u8] = &[b'x'; 2048];

const LONG_COMMENTS: [u8; 4146] = join(&[
    b"data:1\r:\0\n:\r\ndata:2\n:",
    LONG_COMMENT,
    b"\rdata:3\n:data:fail\r:",
    LONG_COMMENT,
    b"\ndata:4\n\n",
]);

const LONG_ID: &[u8] = &[b'a'; 255];

const LONG_ID_STREAM: [u8; 283] = join(&[b"id: ", LONG_ID, b"\nretry: 200\ndata: long\n\n"]);

const fn join<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    let mut joined = [0; N];
    let mut length = 0;
    let mut part = 0;
    while part < parts.len() {
        let mut byte = 0;
        while byte < parts[part].len() {
            joined[length] = parts[part][byte];
            length += 1;
            byte += 1;
        }
        part += 1;
    }
    assert!(length == N);
    joined
}

/// All streams.
pub const WPT: &[Vector] = &[
    // eventsource/eventsource-onmessage.any.js
    Vector {
        name: "onmessage-default",
        input: b"data: data\n\n\n",
        events: &[message(b"data", b"", 12)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-bom.any.js
    Vector {
        name: "format-bom",
        input: b"\xEF\xBB\xBFdata:1\n\n\xEF\xBB\xBFdata:2\n\ndata:3\n\n\n",
        events: &[message(b"1", b"", 11), message(b"3", b"", 30)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-bom-2.any.js
    Vector {
        name: "format-bom-2",
        input: b"\xEF\xBB\xBF\xEF\xBB\xBFdata:1\n\ndata:2\n\ndata:3\n\n\n",
        events: &[message(b"2", b"", 22), message(b"3", b"", 30)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-comments.any.js
    Vector {
        name: "format-comments",
        input: &LONG_COMMENTS,
        events: &[message(b"1\n2\n3\n4", b"", 4146)],
        comments: &[b"\0", b"", LONG_COMMENT, b"data:fail", LONG_COMMENT],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-data-before-final-empty-line.any.js
    // The test sees the same body again after reconnecting: again test1 with lastEventId empty.
    Vector {
        name: "format-data-before-final-empty-line",
        input: b"retry:1000\ndata:test1\n\nid:test\ndata:test2\n",
        events: &[message(b"test1", b"", 23)],
        comments: &[],
        last_event_id: b"",
        retry: Some(1_000),
    },
    // eventsource/format-field-data.any.js
    Vector {
        name: "format-field-data",
        input: b"data:\n\ndata\ndata\n\ndata:test\n\n\n",
        events: &[
            message(b"", b"", 7),
            message(b"\n", b"", 18),
            message(b"test", b"", 29),
        ],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-field-event.any.js
    Vector {
        name: "format-field-event",
        input: b"event:test\ndata:x\n\ndata:x\n\n\n",
        events: &[event(b"test", b"x", b"", 19), message(b"x", b"", 27)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-field-event-empty.any.js
    Vector {
        name: "format-field-event-empty",
        input: b"event: \ndata:data\n\n\n",
        events: &[message(b"data", b"", 19)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-field-id.any.js
    // First response; the reconnection carries Last-Event-ID: E2 80 A6.
    Vector {
        name: "format-field-id",
        input: b"id: \xE2\x80\xA6\nretry: 200\ndata: hello\n\n",
        events: &[message(b"hello", b"\xE2\x80\xA6", 32)],
        comments: &[],
        last_event_id: b"\xE2\x80\xA6",
        retry: Some(200),
    },
    // eventsource/format-field-id.any.js + format-field-id-2.any.js
    // Second and third responses; WPT asserts lastEventId is still U+2026 there: a parser that
    // starts with that ID sees so; from an empty one it is empty.
    Vector {
        name: "format-field-id.second-response",
        input: b"data: \xE2\x80\xA6\n\n",
        events: &[message(b"\xE2\x80\xA6", b"", 11)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-field-id-3.window.js
    Vector {
        name: "format-field-id-3.persists",
        input: b"id: 1\ndata: 1\n\ndata: 2\n\nid: 2\ndata:3\n\ndata:4\n\n",
        events: &[
            message(b"1", b"1", 15),
            message(b"2", b"1", 24),
            message(b"3", b"2", 38),
            message(b"4", b"2", 46),
        ],
        comments: &[],
        last_event_id: b"2",
        retry: None,
    },
    // eventsource/format-field-id-3.window.js
    Vector {
        name: "format-field-id-3.resets",
        input: b"id: 1\ndata: 1\n\nid:\ndata:2\n\ndata:3\n\n",
        events: &[
            message(b"1", b"1", 15),
            message(b"2", b"", 27),
            message(b"3", b"", 35),
        ],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-field-id-3.window.js
    Vector {
        name: "format-field-id-3.resets-without-colon",
        input: b"id: 1\ndata: 1\n\nid\ndata:2\n\ndata:3\n\n",
        events: &[
            message(b"1", b"1", 15),
            message(b"2", b"", 26),
            message(b"3", b"", 34),
        ],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-field-id-null.window.js
    // And the reconnection carries no Last-Event-ID.
    Vector {
        name: "format-field-id-null.0",
        input: b"id: \0\0\nretry: 200\ndata: hello\n\n",
        events: &[message(b"hello", b"", 31)],
        comments: &[],
        last_event_id: b"",
        retry: Some(200),
    },
    // eventsource/format-field-id-null.window.js
    // And the reconnection carries no Last-Event-ID.
    Vector {
        name: "format-field-id-null.1",
        input: b"id: x\0\nretry: 200\ndata: hello\n\n",
        events: &[message(b"hello", b"", 31)],
        comments: &[],
        last_event_id: b"",
        retry: Some(200),
    },
    // eventsource/format-field-id-null.window.js
    // And the reconnection carries no Last-Event-ID.
    Vector {
        name: "format-field-id-null.2",
        input: b"id: \0x\nretry: 200\ndata: hello\n\n",
        events: &[message(b"hello", b"", 31)],
        comments: &[],
        last_event_id: b"",
        retry: Some(200),
    },
    // eventsource/format-field-id-null.window.js
    // And the reconnection carries no Last-Event-ID.
    Vector {
        name: "format-field-id-null.3",
        input: b"id: x\0x\nretry: 200\ndata: hello\n\n",
        events: &[message(b"hello", b"", 32)],
        comments: &[],
        last_event_id: b"",
        retry: Some(200),
    },
    // eventsource/format-field-id-null.window.js
    // And the reconnection carries no Last-Event-ID.
    Vector {
        name: "format-field-id-null.4",
        input: b"id:  \0\nretry: 200\ndata: hello\n\n",
        events: &[message(b"hello", b"", 31)],
        comments: &[],
        last_event_id: b"",
        retry: Some(200),
    },
    // eventsource/format-field-parsing.any.js
    Vector {
        name: "format-field-parsing",
        input: b"data:\0\n\
            data:  2\r\
            Data:1\n\
            data\0:2\n\
            data:1\r\
            \0data:4\n\
            da-ta:3\r\
            data_5\n\
            data:3\r\
            data:\r\n\
            \x20data:32\n\
            data:4\n\
            \n",
        events: &[message(b"\0\n 2\n1\n3\n\n4", b"", 92)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-field-retry.any.js
    // Leading zero is not octal.
    Vector {
        name: "format-field-retry",
        input: b"retry:03000\ndata:x\n\n\n",
        events: &[message(b"x", b"", 20)],
        comments: &[],
        last_event_id: b"",
        retry: Some(3_000),
    },
    // eventsource/format-field-retry-bogus.any.js
    Vector {
        name: "format-field-retry-bogus",
        input: b"retry:3000\nretry:1000x\ndata:x\n\n\n",
        events: &[message(b"x", b"", 31)],
        comments: &[],
        last_event_id: b"",
        retry: Some(3_000),
    },
    // eventsource/format-field-retry-empty.any.js
    // WPT asserts only the event; what an empty retry value does to the time is not asserted.
    Vector {
        name: "format-field-retry-empty",
        input: b"retry\ndata:test\n\n\n",
        events: &[message(b"test", b"", 17)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-field-unknown.any.js
    Vector {
        name: "format-field-unknown",
        input: b"data:test\n\
            \x20data\n\
            data\n\
            foobar:xxx\n\
            justsometext\n\
            :thisisacommentyay\n\
            data:test\n\
            \n\
            \n",
        events: &[message(b"test\n\ntest", b"", 75)],
        comments: &[b"thisisacommentyay"],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-leading-space.any.js
    Vector {
        name: "format-leading-space",
        input: b"data:\ttest\rdata: \ndata:test\n\n\n",
        events: &[message(b"\ttest\n\ntest", b"", 29)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-newlines.any.js
    // Ends CRLF CR LF: exactly one blank line.
    Vector {
        name: "format-newlines",
        input: b"data:test\r\ndata\ndata:test\r\n\r\n",
        events: &[message(b"test\n\ntest", b"", 28)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-null-character.any.js
    Vector {
        name: "format-null-character",
        input: b"data:\0\n\n\n\n\n",
        events: &[message(b"\0", b"", 8)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/format-utf-8.any.js
    // Served as text/event-stream;charset=windows-1252 and still decoded as UTF-8.
    Vector {
        name: "format-utf-8",
        input: b"data:ok\xE2\x80\xA6\n\n\n",
        events: &[message(b"ok\xE2\x80\xA6", b"", 12)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/event-data.any.js
    // One period of resources/message2.py, which repeats it for ever.
    Vector {
        name: "event-data",
        input: b"data:msg\n\
            data: msg\n\
            \n\
            :\n\
            falsefield:msg\n\
            \n\
            falsefield:msg\n\
            Data:data\n\
            \n\
            data\n\
            \n\
            data:end\n\
            \n",
        events: &[
            message(b"msg\nmsg", b"", 20),
            message(b"", b"", 70),
            message(b"end", b"", 80),
        ],
        comments: &[b""],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-reconnect.window.js
    Vector {
        name: "reconnect.ok-first",
        input: b"retry: 2\ndata: ok\n\n",
        events: &[message(b"ok", b"", 19)],
        comments: &[],
        last_event_id: b"",
        retry: Some(2),
    },
    // eventsource/eventsource-reconnect.window.js
    // Retry takes effect without a blank line.
    Vector {
        name: "reconnect.no-event",
        input: b"retry: 2\n",
        events: &[],
        comments: &[],
        last_event_id: b"",
        retry: Some(2),
    },
    // eventsource/eventsource-reconnect.window.js
    Vector {
        name: "reconnect.data",
        input: b"data: data\n\n",
        events: &[message(b"data", b"", 12)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-close.window.js
    Vector {
        name: "reconnect-fail.opened",
        input: b"retry: 2\ndata: opened\n\n",
        events: &[message(b"opened", b"", 23)],
        comments: &[],
        last_event_id: b"",
        retry: Some(2),
    },
    // eventsource/eventsource-close.window.js
    Vector {
        name: "reconnect-fail.reconnected",
        input: b"data: reconnected\n\n",
        events: &[message(b"reconnected", b"", 19)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-request-cancellation.any.window.js
    // The test stops the page before it arrives; the body itself is still a plain fact.
    Vector {
        name: "request-cancellation.body",
        input: b"retry:1000\ndata:abc\n\n\n\n\n",
        events: &[message(b"abc", b"", 21)],
        comments: &[],
        last_event_id: b"",
        retry: Some(1_000),
    },
    // eventsource/eventsource-cross-origin-preflight.window.js
    Vector {
        name: "cross-origin-preflight.safe",
        input: b"id: abc\nretry: 200\ndata: safe\n\n",
        events: &[message(b"safe", b"abc", 31)],
        comments: &[],
        last_event_id: b"abc",
        retry: Some(200),
    },
    // eventsource/eventsource-cross-origin-preflight.window.js
    Vector {
        name: "cross-origin-preflight.unsafe",
        input: b"id: e5p3n<3k0k0s\nretry: 200\ndata: unsafe\n\n",
        events: &[message(b"unsafe", b"e5p3n<3k0k0s", 42)],
        comments: &[],
        last_event_id: b"e5p3n<3k0k0s",
        retry: Some(200),
    },
    // eventsource/eventsource-cross-origin-preflight.window.js
    Vector {
        name: "cross-origin-preflight.long",
        input: &LONG_ID_STREAM,
        events: &[message(b"long", LONG_ID, 283)],
        comments: &[],
        last_event_id: LONG_ID,
        retry: Some(200),
    },
    // eventsource/eventsource-cross-origin-preflight.window.js
    Vector {
        name: "cross-origin-preflight.result-shape",
        input: b"event: success\ndata: got abc, expected abc\n\n",
        events: &[event(b"success", b"got abc, expected abc", b"", 44)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/request-accept.any.js
    Vector {
        name: "request-accept.response",
        input: b"data: text/event-stream\n\n",
        events: &[message(b"text/event-stream", b"", 25)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/request-cache-control.any.js
    Vector {
        name: "request-cache-control.response",
        input: b"data: no-cache\n\n",
        events: &[message(b"no-cache", b"", 16)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/request-credentials.any.window.js
    Vector {
        name: "request-credentials.response",
        input: b"data: first NO_COOKIE\n\n",
        events: &[message(b"first NO_COOKIE", b"", 23)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.empty",
        input: b"",
        events: &[],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.one",
        input: b"data: hello\n\n",
        events: &[message(b"hello", b"", 13)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.multi-line",
        input: b"data: hello\ndata: world\n\n",
        events: &[message(b"hello\nworld", b"", 25)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.two",
        input: b"data: first\n\ndata: second\n\n",
        events: &[message(b"first", b"", 13), message(b"second", b"", 27)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.custom",
        input: b"event: custom\ndata: hello\n\n",
        events: &[event(b"custom", b"hello", b"", 27)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.comment",
        input: b": this is a comment\ndata: hello\n\n",
        events: &[message(b"hello", b"", 33)],
        comments: &[b" this is a comment"],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    // The test writes it in pieces of 2, 7 and 4 bytes.
    Vector {
        name: "from-stream.chunks",
        input: b"data: hello\n\n",
        events: &[message(b"hello", b"", 13)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.id",
        input: b"id: 42\ndata: hello\n\n",
        events: &[message(b"hello", b"42", 20)],
        comments: &[],
        last_event_id: b"42",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.retry",
        input: b"retry: 5000\ndata: hello\n\n",
        events: &[message(b"hello", b"", 25)],
        comments: &[],
        last_event_id: b"",
        retry: Some(5_000),
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.retry-bogus",
        input: b"retry: bogus\ndata: hello\n\n",
        events: &[message(b"hello", b"", 26)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.line-ends",
        input: b"data: cr\r\rdata: lf\n\ndata: crlf\r\n\r\n",
        events: &[
            message(b"cr", b"", 10),
            message(b"lf", b"", 20),
            message(b"crlf", b"", 33),
        ],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    Vector {
        name: "from-stream.bom",
        input: b"\xEF\xBB\xBFdata: hello\n\n",
        events: &[message(b"hello", b"", 16)],
        comments: &[],
        last_event_id: b"",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream.any.js
    // The test writes it in pieces of 20 and 23 bytes.
    Vector {
        name: "from-stream.persisting-id",
        input: b"id: 42\ndata: first\n\ndata: after-reconnect\n\n",
        events: &[
            message(b"first", b"42", 20),
            message(b"after-reconnect", b"42", 43),
        ],
        comments: &[],
        last_event_id: b"42",
        retry: None,
    },
    // eventsource/eventsource-from-readable-stream-fetch.window.js
    Vector {
        name: "from-stream-fetch.id-retry",
        input: b"id: 42\nretry: 5000\ndata: hello\n\n\n",
        events: &[message(b"hello", b"42", 32)],
        comments: &[],
        last_event_id: b"42",
        retry: Some(5_000),
    },
];
