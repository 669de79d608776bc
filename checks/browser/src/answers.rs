//! Responses, and whether a client takes them for an event stream. Statuses and types up to the
//! first empty line are those of the web platform tests (`format-mime-*`, `format-utf-8`,
//! `request-redirect`, `request-status-error`).

use sse_codec::{Millis, Next, Policy, Reconnect, ReconnectConfig, Response, http};

pub struct Answer {
    pub status: u16,
    /// Of several headers of the name the last; none has none.
    pub content_type: Option<&'static str>,
    /// Whose difference it is, and which, when Chromium takes it in another way than
    /// [`Reconnect`] by the standard's policy.
    pub difference: Option<&'static str>,
}

const fn answer(status: u16, content_type: &'static str) -> Answer {
    Answer {
        status,
        content_type: Some(content_type),
        difference: None,
    }
}

const fn different(content_type: &'static str, difference: &'static str) -> Answer {
    Answer {
        difference: Some(difference),
        ..answer(200, content_type)
    }
}

const CHARSET: &str = "Chromium's: it refuses every charset but UTF-8, also another name of UTF-8; \
    by the standard the body is UTF-8 whatever that says";

const STREAM: &str = http::CONTENT_TYPE;

pub const ANSWERS: &[Answer] = &[
    answer(200, "x bogus"),
    answer(200, "text/x-bogus"),
    answer(200, "text/event-stream;"),
    different("text/event-stream;charset=windows-1252", CHARSET),
    answer(301, STREAM),
    answer(302, STREAM),
    answer(303, STREAM),
    answer(307, STREAM),
    answer(204, STREAM),
    answer(205, STREAM),
    answer(210, STREAM),
    answer(299, STREAM),
    answer(404, STREAM),
    answer(410, STREAM),
    answer(503, STREAM),
    //
    answer(308, STREAM),
    answer(201, STREAM),
    answer(206, STREAM),
    answer(300, STREAM),
    answer(304, STREAM),
    answer(400, STREAM),
    answer(500, STREAM),
    answer(599, STREAM),
    answer(200, STREAM),
    answer(200, "TEXT/Event-Stream"),
    answer(200, "  text/event-stream\t"),
    answer(200, "text/event-stream ;a=b"),
    answer(200, "text/event-stream; a"),
    answer(200, "text/event-stream;charset=utf-8"),
    answer(200, "text/event-stream; charset=\"UTF-8\""),
    answer(200, "text/event-stream;charset="),
    different("text/event-stream;charset=utf8", CHARSET),
    different("text/event-stream;charset=bogus", CHARSET),
    answer(200, "text/event-streams"),
    different(
        "text/event-stream a",
        "Chromium's: it takes the type to end at the space; by the standard (MIME Sniffing) it is none",
    ),
    answer(200, "text/event-stream/"),
    answer(200, "text/ event-stream"),
    answer(200, "text/event-stream, text/html"),
    answer(200, "text/html, text/event-stream"),
    answer(200, "text/*"),
    answer(200, "*/*"),
    answer(200, ""),
    Answer {
        content_type: None,
        ..answer(200, "")
    },
];

impl Answer {
    pub fn name(&self) -> String {
        format!(
            "{} {:?}",
            self.status,
            self.content_type.unwrap_or("(none)")
        )
    }

    /// What our client makes of it.
    pub fn ours(&self) -> Next {
        let config = ReconnectConfig::new().with_policy(Policy::Standard);
        let response = Response {
            status: self.status,
            content_type: self.content_type.unwrap_or_default().as_bytes(),
            ..Response::default()
        };
        Reconnect::new(config, 0).on_response(Millis(0), response, None)
    }

    /// The whole response. A redirection goes to the first answer that is none.
    pub fn response(&self, target: &str) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} x\r\nconnection: close\r\n", self.status);
        if let Some(content_type) = self.content_type {
            head += &format!("content-type: {content_type}\r\n");
        }
        if self.ours() == Next::Follow {
            head += &format!("location: {target}\r\n");
        }
        // These have no body whatever their headers say (RFC 9112 §6.3).
        let body = match self.status {
            204 | 304 => "",
            _ => "retry: 20\ndata: data\n\n",
        };
        format!("{head}\r\n{body}").into_bytes()
    }
}
