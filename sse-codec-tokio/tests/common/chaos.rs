//! A server of numbered events that cuts its responses at random bytes, refuses, resets, and answers
//! 503; and the check that a client loses and doubles nothing of them.

#![allow(unreachable_pub, reason = "a module of tests")]

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use sse_codec_tokio::client::{Connect, EventSource, Item, Over};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// xorshift64*: what comes depends on the seed alone.
pub struct Rng(pub u64);

impl Rng {
    pub fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) % most
    }
}

/// What the event of this number says.
pub fn data(number: u64) -> String {
    let words = ["ä", "…", "👍", "plain", "two\nlines", ""];
    let word = words[(number % 6) as usize];
    match number % 97 {
        // Larger than a read.
        0 => format!("{number} {}", word.repeat(5_000)),
        _ => format!("{number} {}", word.repeat((number % 13) as usize)),
    }
}

/// How often a server did what.
#[derive(Clone, Copy, Debug, Default)]
pub struct Deeds {
    pub connections: u64,
    pub refused: u64,
    pub unavailable: u64,
    pub cut: u64,
    pub reset: u64,
}

/// Serves events 1 to `last` until a client says that it has them all, and answers 204 then.
pub async fn serve(
    last: u64,
    seed: u64,
) -> io::Result<(SocketAddr, tokio::task::JoinHandle<Deeds>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    let task = tokio::spawn(async move {
        let mut rng = Rng(seed | 1);
        let mut deeds = Deeds::default();
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                continue;
            };
            deeds.connections += 1;
            // A client that goes away meanwhile is none of its concern.
            if let Ok(true) = answer(stream, last, &mut rng, &mut deeds).await {
                return deeds;
            }
        }
    });
    Ok((address, task))
}

/// Whether the client has them all.
async fn answer(
    mut stream: TcpStream,
    last: u64,
    rng: &mut Rng,
    deeds: &mut Deeds,
) -> io::Result<bool> {
    if rng.below(20) == 0 {
        deeds.refused += 1;
        return Ok(false);
    }
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut request).await? == 0 {
            return Ok(false);
        }
    }
    let request = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let id = request.split("last-event-id: ").nth(1);
    let id = id
        .and_then(|rest| rest.lines().next()?.parse().ok())
        .unwrap_or(0);
    if id >= last {
        stream
            .write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
            .await?;
        return Ok(true);
    }
    if rng.below(20) == 0 {
        deeds.unavailable += 1;
        let head = "HTTP/1.1 503 x\r\nretry-after: 0\r\ncontent-length: 4\r\nconnection: close\r\n\r\nlate";
        stream.write_all(head.as_bytes()).await?;
        return Ok(false);
    }

    let is_chunked = request.contains(" http/1.1") && rng.below(3) > 0;
    let response = response(id, last, is_chunked, rng);
    // Cut in the head now and then, else anywhere, sometimes not at all.
    let whole = response.len() as u64;
    let cut = match rng.below(10) {
        0 => rng.below(150.min(whole)),
        1 => whole,
        _ => rng.below(whole),
    };
    let mut rest = &response[..cut as usize];
    while !rest.is_empty() {
        let len = match rng.below(4) {
            0 => 1,
            1 => rng.below(20) + 1,
            _ => rng.below(20_000) + 1,
        };
        let (piece, after) = rest.split_at((len as usize).min(rest.len()));
        stream.write_all(piece).await?;
        rest = after;
        if rng.below(8) == 0 {
            tokio::task::yield_now().await;
        }
    }
    if cut < whole {
        deeds.cut += 1;
    }
    if rng.below(3) == 0 {
        deeds.reset += 1;
        // What the client has not read yet is lost with it.
        socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    }
    Ok(false)
}

fn response(id: u64, last: u64, is_chunked: bool, rng: &mut Rng) -> Vec<u8> {
    let mut response = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n".to_vec();
    response.extend_from_slice(match is_chunked {
        true => b"transfer-encoding: chunked\r\n\r\n",
        false => b"connection: close\r\n\r\n",
    });
    let mut body = String::from("retry: 1\n\n");
    for number in id + 1..=last.min(id + 1 + rng.below(200)) {
        if rng.below(10) == 0 {
            body.push_str(": heartbeat…\n\n");
        }
        body.push_str(&format!("id: {number}\n"));
        for line in data(number).split('\n') {
            body.push_str(&format!("data: {line}\n"));
        }
        body.push('\n');
    }
    if !is_chunked {
        response.extend_from_slice(body.as_bytes());
        return response;
    }
    // Chunks that have nothing to do with events.
    let mut rest = body.as_bytes();
    while !rest.is_empty() {
        let (chunk, after) = rest.split_at((rng.below(3_000) as usize + 1).min(rest.len()));
        response.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        response.extend_from_slice(chunk);
        response.extend_from_slice(b"\r\n");
        rest = after;
    }
    response.extend_from_slice(b"0\r\n\r\n");
    response
}

/// What a client went through.
#[derive(Clone, Copy, Debug, Default)]
pub struct Seen {
    pub events: u64,
    pub breaks: u64,
    pub dropped: u64,
}

/// Reads events 1 to `last` and checks that each comes once, whole and in order. Futures of `next`
/// are dropped at random.
pub async fn read<C>(source: &mut EventSource<C>, last: u64, seed: u64) -> Seen
where
    C: Connect<
            Error: fmt::Debug + fmt::Display,
            Body: http_body::Body<Error: fmt::Debug + fmt::Display>,
        >,
{
    let mut rng = Rng(seed | 1);
    let mut seen = Seen::default();
    loop {
        let item = if rng.below(4) == 0 {
            tokio::select! {
                biased;
                item = source.next() => item,
                () = async { for _ in 0..rng.below(4) { tokio::task::yield_now().await; } } => {
                    seen.dropped += 1;
                    continue;
                }
            }
        } else {
            source.next().await
        };
        match item {
            Some(Ok(Item::Event(event))) => {
                seen.events += 1;
                assert_eq!(event.id(), Some(seen.events.to_string().as_bytes()));
                assert_eq!(event.data_str().unwrap(), data(seen.events));
            }
            Some(Ok(Item::Reconnecting { .. })) => seen.breaks += 1,
            Some(Ok(Item::Open(_) | Item::Comment(_))) => {}
            Some(Err(Over::NoContent)) => break,
            other => panic!(
                "after event {}: {:?}",
                seen.events,
                other.map(|item| item.err())
            ),
        }
    }
    assert_eq!(seen.events, last);
    seen
}
