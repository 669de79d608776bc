//! What a server does, answer by answer.

use std::{
    collections::VecDeque,
    future::{Future, pending, ready},
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame};
use tokio::time::{Sleep, sleep};

use crate::{Input, pieces};

#[derive(Clone)]
pub(super) enum Answer {
    Fails,
    Hangs,
    Status {
        code: u16,
        retry_after: Option<u64>,
    },
    Redirect(u16),
    Encoded,
    Stream {
        code: u16,
        pieces: Vec<(u64, Vec<u8>)>,
        breaks: bool,
    },
}

impl Answer {
    pub(super) fn new(input: &mut Input<'_>) -> Self {
        let kind = input.byte();
        let more = kind >> 3;
        match kind & 7 {
            0 if more % 2 == 0 => Self::Fails,
            0 => Self::Hangs,
            1 => Self::Redirect([301, 302, 303, 307, 308][usize::from(more % 5)]),
            2 => Self::Status {
                code: [200, 201, 204, 304, 401, 408, 429, 503][usize::from(more % 8)],
                retry_after: (more >= 16).then(|| input.byte().into()),
            },
            3 if more == 0 => Self::Encoded,
            _ => {
                let sizes = input.byte() % 4;
                let sizes = input.take(sizes.into());
                let gap = u64::from(input.byte());
                let text = input.sized();
                let mut number = 0;
                let with_gap = |piece: &[u8]| {
                    number += 1;
                    // Between 0 and the timeout and half, never the timeout itself.
                    let gap = gap * number % 16 * 97;
                    (gap, piece.to_vec())
                };
                Self::Stream {
                    code: if more & 1 == 0 { 200 } else { 201 },
                    breaks: more & 2 != 0,
                    pieces: pieces(text, sizes).into_iter().map(with_gap).collect(),
                }
            }
        }
    }

    pub(super) fn give(self) -> Answering {
        let mut response = Response::builder();
        let mut body = ScriptBody::default();
        match self {
            Self::Fails => return Box::pin(ready(Err(()))),
            Self::Hangs => return Box::pin(pending()),
            Self::Status {
                code, retry_after, ..
            } => {
                response = response.status(code).header("content-type", "text/html");
                if let Some(seconds) = retry_after {
                    response = response.header("retry-after", seconds);
                }
            }
            Self::Redirect(code) => response = response.status(code).header("location", "next"),
            Self::Encoded => {
                response = response.header("content-type", "text/event-stream");
                response = response.header("content-encoding", "br");
            }
            Self::Stream {
                code,
                pieces,
                breaks,
            } => {
                response = response.status(code);
                response = response.header("content-type", "text/event-stream");
                body.pieces = pieces.into();
                body.breaks = breaks;
            }
        }
        Box::pin(ready(Ok(response.body(body).unwrap())))
    }
}

/// After the script nothing more is wanted.
pub(super) fn no_more() -> Answering {
    let response = Response::builder().status(204);
    Box::pin(ready(Ok(response.body(ScriptBody::default()).unwrap())))
}

pub(super) type Answering = Pin<Box<dyn Future<Output = Result<Response<ScriptBody>, ()>>>>;

#[derive(Default)]
pub(super) struct ScriptBody {
    pieces: VecDeque<(u64, Vec<u8>)>,
    breaks: bool,
    sleep: Option<Pin<Box<Sleep>>>,
}

impl Body for ScriptBody {
    type Data = Bytes;
    type Error = ();

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ()>>> {
        let this = self.get_mut();
        let Some((gap, _)) = this.pieces.front() else {
            return Poll::Ready(this.breaks.then_some(Err(())));
        };
        if *gap > 0 {
            let gap = Duration::from_millis(*gap);
            let sleep = this.sleep.get_or_insert_with(|| Box::pin(sleep(gap)));
            std::task::ready!(sleep.as_mut().poll(cx));
            this.sleep = None;
        }
        let piece = this.pieces.pop_front().map(|(_, piece)| piece);
        Poll::Ready(piece.map(|piece| Ok(Frame::data(piece.into()))))
    }
}
