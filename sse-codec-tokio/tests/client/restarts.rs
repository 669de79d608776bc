//! A source that is dropped, restarted and cut at random, over a server that goes on where the
//! client says it was.

use std::{collections::VecDeque, future::poll_fn, pin::pin, task::Poll};

use bytes::Bytes;
use http::Request;
use sse_codec::{Millis, ReconnectConfig};
use sse_codec_tokio::client::{EventSource, Item, Over};

use super::script::*;

const EVENTS: u64 = 300;

/// xorshift64*.
struct Rng(u64);

impl Rng {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % most
    }
}

/// The events after `last`, in pieces, up to a cut that may be anywhere.
fn answer(rng: &mut Rng, last: u64) -> Answer {
    match rng.below(12) {
        0 => return Answer::Fails("refused"),
        1 => return Answer::Hangs,
        2 => return status(503),
        3 => return redirect(307, "/elsewhere"),
        _ => {}
    }
    let mut text = String::from("\u{FEFF}");
    for number in last + 1..=EVENTS {
        text += match rng.below(4) {
            0 => ": ping\n\n",
            1 => "retry: 3\r\n\r\n",
            2 => ":…\r",
            _ => "",
        };
        text += &format!("data: {number} …\r\nid: é{number}\r\n\r\n");
    }
    let mut text = text.as_bytes();
    if rng.below(2) == 0 {
        text = &text[..rng.below(text.len() as u64 + 1).min(rng.below(200)) as usize];
    }
    let mut body = Vec::new();
    while !text.is_empty() {
        let (piece, rest) = text.split_at((rng.below(30) as usize).min(text.len()));
        text = rest;
        body.push(bytes(piece));
        match rng.below(9) {
            0 => body.push(Part::Nothing(ms(rng.below(30)))),
            1 => body.push(Part::Trailers),
            _ => {}
        }
    }
    body.extend(match rng.below(3) {
        0 => Some(Part::Breaks("reset")),
        1 => Some(Part::Stays),
        _ => None,
    });
    parts(body)
}

fn number(id: &[u8]) -> u64 {
    let id = str::from_utf8(id).unwrap();
    id.strip_prefix('é').map_or(0, |id| id.parse().unwrap())
}

#[tokio::test(start_paused = true)]
async fn lose_and_double_nothing() {
    for seed in 1..=60 {
        let mut rng = Rng(seed);
        let mut script = Rng(seed << 32);
        let connect = move |request: Request<Bytes>| {
            let last = request.headers().get("last-event-id");
            let last = last.map_or(0, |id| number(id.as_bytes()));
            let answers = match last {
                EVENTS => VecDeque::new(),
                last => VecDeque::from([answer(&mut script, last)]),
            };
            connector(answers).0(request)
        };
        let config = ReconnectConfig::new()
            .with_base(Millis(2))
            .with_longest(Millis(20));
        let mut source = EventSource::new(get("http://a.example/"), connect, 64)
            .with_reconnect(config)
            .with_read_timeout(ms(25))
            .with_connect_timeout(ms(25));
        let mut seen = 0;
        let (mut dropped, mut restarted) = (0, 0);
        loop {
            let polled = {
                let mut next = pin!(source.next());
                poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx))).await
            };
            match polled {
                Poll::Pending => {
                    dropped += 1;
                    tokio::time::sleep(ms(rng.below(4))).await;
                }
                Poll::Ready(Some(Ok(Item::Event(event)))) => {
                    seen += 1;
                    assert_eq!(event.data_lossy(), format!("{seen} …"), "seed {seed}");
                }
                Poll::Ready(Some(Ok(Item::TooLarge(_)))) => panic!("seed {seed}"),
                Poll::Ready(Some(Ok(_))) => {}
                Poll::Ready(Some(Err(Over::NoContent))) => break,
                Poll::Ready(Some(Err(over))) => panic!("seed {seed}: {}", show(Err(over))),
                Poll::Ready(None) => panic!("seed {seed}: no reason"),
            }
            if seen > 0 {
                assert_eq!(number(source.last_event_id()), seen, "seed {seed}");
            }
            if rng.below(40) == 0 {
                restarted += 1;
                source.restart();
            }
        }
        assert_eq!(seen, EVENTS, "seed {seed}");
        assert!(dropped > 20 && restarted > 5, "{dropped} {restarted}");
    }
}
