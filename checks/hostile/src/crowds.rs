//! Many at once: those that come and go, that do not read, that do not stop, that take their time.

use std::{io, net::SocketAddr, time::Duration};

use futures_util::{StreamExt, stream};
use tokio::time::{Instant, interval, sleep};

use crate::{
    demo::Demo,
    peer::{End, Peer},
    requests::{say, text},
};

const SOON: Duration = Duration::from_secs(5);
/// The example's own limits.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// For a machine that is busy.
const SLACK: Duration = Duration::from_secs(4);

const CLOSED: &str = "the peer closed the connection";

/// Connects and closes, a few at a time: without a request, after the head of the answer, and by a
/// reset.
pub async fn come_and_go(demo: &Demo, count: usize) -> Result<String, String> {
    let server = demo.address;
    let begin = Instant::now();
    let peers: Vec<io::Result<Option<SocketAddr>>> = stream::iter(0..count)
        .map(async |number| {
            if number % 3 == 0 {
                Peer::connect(server).await?;
                return Ok(None);
            }
            let mut peer = Peer::events(server).await?;
            let address = peer.address;
            peer.receive(1, SOON).await;
            if number % 3 == 1 {
                peer.reset()?;
            }
            Ok(Some(address))
        })
        .buffer_unordered(16)
        .collect()
        .await;
    let took = begin.elapsed();
    let peers: Result<Vec<_>, _> = peers.into_iter().collect();
    let peers: Vec<_> = peers.map_err(text)?.into_iter().flatten().collect();
    let ended = demo.reasons(&peers, SOON).await.all(CLOSED)?;
    let rate = count as f64 / took.as_secs_f64();
    Ok(format!("{count} at {rate:.0} a second; {CLOSED}: {ended}"))
}

/// Stay, all at once, and then leave in the same moment.
pub async fn leave_together(demo: &Demo, count: usize) -> Result<String, String> {
    let server = demo.address;
    let memory = demo.process.memory().map_err(text)?;
    let begin = Instant::now();
    let peers: Vec<io::Result<Peer>> = stream::iter(0..count)
        .map(async |_| {
            let mut peer = Peer::events(server).await?;
            peer.receive(1, SOON).await;
            Ok(peer)
        })
        .buffer_unordered(64)
        .collect()
        .await;
    let took = begin.elapsed();
    let peers: Result<Vec<_>, _> = peers.into_iter().collect();
    let peers = peers.map_err(text)?;
    let each = (demo.process.memory().map_err(text)?.saturating_sub(memory)) as f64 / count as f64;
    let addresses: Vec<_> = peers.iter().map(|peer| peer.address).collect();
    for peer in peers {
        peer.reset().map_err(text)?;
    }
    let ended = demo.reasons(&addresses, SOON).await.all(CLOSED)?;
    let took = took.as_secs_f32();
    Ok(format!(
        "{count} in {took:.1} s, {each:.1} KiB each; {CLOSED}: {ended}"
    ))
}

/// Resets in the middle of a large event.
pub async fn reset_inside_an_event(demo: &Demo, count: usize) -> Result<String, String> {
    let mut peers = Vec::new();
    for _ in 0..count {
        let mut peer = Peer::connect_narrow(demo.address).await.map_err(text)?;
        let request = b"GET /events HTTP/1.1\r\nhost: demo\r\n\r\n";
        peer.send(request).await.map_err(text)?;
        peers.push(peer);
    }
    // Fills what they can take, so that the next one is cut.
    for _ in 0..20 {
        say(demo.address, &[b'\n'; 4096]).await.map_err(text)?;
    }
    let mut addresses = Vec::new();
    for mut peer in peers {
        addresses.push(peer.address);
        peer.receive(1000, SOON).await;
        peer.reset().map_err(text)?;
    }
    let ended = demo.reasons(&addresses, SOON).await.all(CLOSED)?;
    Ok(format!("{CLOSED}: {ended}"))
}

/// Go on sending after their request.
pub async fn flood_of_input(demo: &Demo, count: usize) -> Result<String, String> {
    let mut addresses = Vec::new();
    for _ in 0..count {
        let mut peer = Peer::events(demo.address).await.map_err(text)?;
        addresses.push(peer.address);
        let mut sent = 0;
        let junk = [b'a'; 16 * 1024];
        while peer.send(&junk).await.is_ok() {
            sent += junk.len();
            if sent > 64 << 20 {
                return Err("goes on".to_owned());
            }
        }
    }
    let reason = "the client sent more than it may";
    let ended = demo.reasons(&addresses, SOON).await.all(reason)?;
    Ok(format!("{reason}: {ended}"))
}

/// Ask and never read, while much is said; the write deadline ends them.
pub async fn never_read(demo: &Demo, count: usize, said: usize) -> Result<String, String> {
    let mut peers = Vec::new();
    for _ in 0..count {
        let mut peer = Peer::connect_narrow(demo.address).await.map_err(text)?;
        let request = b"GET /events HTTP/1.1\r\nhost: demo\r\n\r\n";
        peer.send(request).await.map_err(text)?;
        peers.push(peer);
    }
    for _ in 0..said {
        // The longest event a visitor can make: 28 KiB of empty lines.
        say(demo.address, &[b'\n'; 4096]).await.map_err(text)?;
        sleep(Duration::from_millis(20)).await;
    }
    let addresses: Vec<_> = peers.iter().map(|peer| peer.address).collect();
    let begin = Instant::now();
    let reasons = demo.reasons(&addresses, WRITE_DEADLINE + SLACK).await;
    // Both take 30 s here, so that the kernel's is first now and then.
    let evicted = |reason: &str| {
        reason == "the peer did not read before the write deadline"
            || reason == "the transport failed: timed out"
    };
    if reasons.silent > 0 || !reasons.counts.iter().all(|(reason, ..)| evicted(reason)) {
        return Err(format!("{reasons:?}"));
    }
    let ended: Vec<_> = reasons
        .counts
        .iter()
        .map(|(reason, n, _)| format!("{reason}: {n}"))
        .collect();
    let most = reasons.counts.iter().map(|(.., bytes)| *bytes).max();
    let most = most.unwrap_or_default() / 1024;
    if most > 512 {
        return Err(format!(
            "{most} KiB handed over for a client that does not read"
        ));
    }
    let waited = begin.elapsed().as_secs_f32();
    let ended = ended.join(", ");
    Ok(format!(
        "{ended}, {waited:.1} s after the last was said, {most} KiB at most"
    ))
}

/// Send a byte a second of a head, of a body, or nothing at all; the time limit ends them.
pub async fn take_their_time(demo: &Demo, count: usize) -> Result<String, String> {
    let open = demo.process.open_files().map_err(text)?;
    let slow = stream::iter(0..count).map(async |number| -> io::Result<Duration> {
        let (start, more): (&[u8], &[u8]) = match number % 3 {
            0 => (b"GET /events HTTP/1.1\r\nhost: demo\r\nx: ", b"a"),
            1 => (
                b"POST /say HTTP/1.1\r\nhost: demo\r\ncontent-length: 4096\r\n\r\n",
                b"a",
            ),
            _ => (b"", b""),
        };
        let mut peer = Peer::connect(demo.address).await?;
        let begin = Instant::now();
        let _ = peer.send(start).await;
        let mut second = interval(Duration::from_secs(1));
        loop {
            second.tick().await;
            let _ = peer.send(more).await;
            let (_, end) = peer.receive(4096, Duration::from_millis(500)).await;
            if end != End::Open || begin.elapsed() > REQUEST_TIMEOUT * 2 {
                return Ok(begin.elapsed());
            }
        }
    });
    let times: Vec<_> = slow.buffer_unordered(count).collect().await;
    let times: Result<Vec<_>, _> = times.into_iter().collect();
    let mut times = times.map_err(text)?;
    times.sort_unstable();
    let (first, last) = (times[0], times[times.len() - 1]);
    if first < REQUEST_TIMEOUT - Duration::from_millis(100) || last > REQUEST_TIMEOUT + SLACK {
        return Err(format!("ended after {first:?} to {last:?}"));
    }
    // The others that are busy meanwhile come and go.
    let now = demo.process.open_files().map_err(text)?;
    if now > open + count / 2 {
        return Err(format!("{open} files were open, {now} are"));
    }
    Ok(format!(
        "{count} ended after {:.1} to {:.1} s",
        first.as_secs_f32(),
        last.as_secs_f32()
    ))
}

/// One that has been sent as much as it takes, and does not read.
pub async fn stalled(demo: &Demo) -> Result<Peer, String> {
    let mut peer = Peer::connect_narrow(demo.address).await.map_err(text)?;
    peer.send(b"GET /events HTTP/1.1\r\nhost: demo\r\n\r\n")
        .await
        .map_err(text)?;
    for _ in 0..20 {
        say(demo.address, &[b'\n'; 4096]).await.map_err(text)?;
    }
    Ok(peer)
}
