//! Servers that never end something, against [`EventReader`]: it holds no more than its limit, says
//! so once, and goes on with the event after.

use std::{future::Future, io, time::Duration};

use socket2::SockRef;
use sse_codec::Bound;
use sse_codec_tokio::{EventReader, ReadError};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    task::JoinHandle,
    time::{Instant, interval, sleep, timeout},
};

use crate::{process::Process, report::Report, requests::text};

/// What a reader may hold of one event.
const LIMIT: usize = 64 * 1024;
/// How much of it a server sends.
const MUCH: usize = 64 << 20;
/// In KiB: the limit, twice over while it grows, what is read at once, and the sender's own buffers.
const MOST_MEMORY: u64 = 1024;

/// What the reader made of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read {
    events: usize,
    last: Vec<u8>,
    overflows: Vec<Bound>,
    last_event_id: Vec<u8>,
    retry: Option<u64>,
    error: Option<String>,
}

struct Endless {
    name: &'static str,
    start: &'static [u8],
    more: &'static [u8],
    /// How many events are in `more`.
    events: usize,
    overflow: Option<Bound>,
    retry: Option<u64>,
}

const fn endless(name: &'static str, start: &'static [u8], more: &'static [u8]) -> Endless {
    Endless {
        name,
        start,
        more,
        events: 0,
        overflow: None,
        retry: None,
    }
}

const fn too_large(name: &'static str, start: &'static [u8], more: &'static [u8]) -> Endless {
    Endless {
        overflow: Some(Bound::Event),
        ..endless(name, start, more)
    }
}

const ENDLESS: [Endless; 15] = [
    too_large("data line", b"data: ", b"a"),
    too_large("data lines", b"", b"data: a\n"),
    too_large("empty data lines", b"", b"data\n"),
    too_large("data line of CRs and NULs", b"data: ", b"\0\xFF\0\xFF"),
    too_large("event type", b"event: ", b"a"),
    too_large("ID", b"id: ", b"a"),
    endless(
        "data types, each in place of the last",
        b"data: a\n",
        b"event: b\n",
    ),
    endless("comment", b":", b"a"),
    endless("comments", b"", b": a\n"),
    endless("heartbeats", b"", b":\n\n"),
    endless("field name", b"", b"a"),
    endless("unknown fields", b"", b"a: b\r\n"),
    endless("blank lines", b"", b"\n"),
    Endless {
        retry: Some(u64::MAX),
        ..endless("reconnection time", b"retry: ", b"9")
    },
    Endless {
        events: 1,
        ..endless("events", b"", b"id: 1\nevent: b\ndata: c\n\n")
    },
];

pub async fn check(report: &mut Report) {
    for case in &ENDLESS {
        report.note(&format!("endless {}", case.name), never_ends(case).await);
    }
    report.note("a byte at a time", byte_by_byte().await);
    report.note("silence", silence().await);
    report.note("reset inside an event", cut(true).await);
    report.note("end inside an event", cut(false).await);
    report.note("a reader that is not polled", not_polled().await);
    report.note("other tasks meanwhile", others_meanwhile().await);
}

async fn never_ends(case: &'static Endless) -> Result<String, String> {
    let process = Process::this();
    let more = case.more.repeat((64 * 1024) / case.more.len());
    let times = MUCH / more.len();
    let events = case.events * times * (more.len() / case.more.len());
    process.forget_peak().map_err(text)?;
    let memory = process.peak().map_err(text)?;
    let busy = process.busy().map_err(text)?;
    let (stream, server) = serve(async move |mut stream| {
        stream.write_all(b"id: before\ndata: before\n\n").await?;
        stream.write_all(case.start).await?;
        for _ in 0..times {
            stream.write_all(&more).await?;
        }
        stream.write_all(b"\n\ndata: after\n\n").await?;
        stream.shutdown().await
    })
    .await
    .map_err(text)?;
    let read = in_time(read(stream)).await?;
    server.await.map_err(text)?.map_err(text)?;
    let busy = process.busy().map_err(text)? - busy;
    let grown = process.peak().map_err(text)?.saturating_sub(memory);

    // An event that was lost, and one that has none of its own, leave the ID as it was.
    let id = if case.events > 0 {
        &b"1"[..]
    } else {
        b"before"
    };
    // What is put in place of a type over and over is an event all the same.
    let whole = usize::from(case.start.starts_with(b"data") && case.overflow.is_none());
    let expected = Read {
        events: 2 + events + whole,
        last: b"after".to_vec(),
        overflows: case.overflow.into_iter().collect(),
        last_event_id: id.to_vec(),
        retry: case.retry,
        error: None,
    };
    if read != expected {
        return Err(format!("{read:?} instead of {expected:?}"));
    }
    if grown > MOST_MEMORY {
        return Err(format!("{grown} KiB more"));
    }
    Ok(format!(
        "{} MiB, {} events, overflows {:?}, {grown} KiB more, {busy} ms of processor",
        MUCH >> 20,
        read.events,
        read.overflows
    ))
}

/// Every byte in a segment of its own.
async fn byte_by_byte() -> Result<String, String> {
    let bytes = b"id: 1\r\nevent: b\r\ndata: c\r\ndata: d\r\n\r\n".repeat(2_000);
    let (events, count) = (2_000, bytes.len());
    let (stream, server) = serve(async move |mut stream| {
        stream.set_nodelay(true)?;
        for byte in bytes {
            stream.write_all(&[byte]).await?;
        }
        stream.shutdown().await
    })
    .await
    .map_err(text)?;
    let read = in_time(read(stream)).await?;
    server.await.map_err(text)?.map_err(text)?;
    if read.events != events || read.last != b"c\nd" || read.error.is_some() {
        return Err(format!("{read:?}"));
    }
    Ok(format!("{count} bytes, {} events", read.events))
}

/// Says something now and then, and then nothing.
async fn silence() -> Result<String, String> {
    let longest = Duration::from_secs(1);
    let (stream, server) = serve(async |mut stream| {
        for _ in 0..10 {
            sleep(Duration::from_millis(200)).await;
            stream.write_all(b":").await?;
        }
        sleep(Duration::from_secs(10)).await;
        Ok(())
    })
    .await
    .map_err(text)?;
    let begin = Instant::now();
    let mut events = EventReader::new(stream, LIMIT).with_read_timeout(longest);
    let outcome = in_time(events.next_event()).await?;
    let took = begin.elapsed();
    server.abort();
    let timed_out = matches!(outcome, Some(Err(ReadError::TimedOut)));
    if !timed_out || took < longest * 3 || took > longest * 4 {
        return Err(format!("{outcome:?} after {took:?}"));
    }
    if let Some(more) = events.next_event().await {
        return Err(format!("then {more:?}"));
    }
    Ok(format!(
        "timed out {:.1} s after the last byte",
        (took - longest * 2).as_secs_f32()
    ))
}

/// Half an event, and the end of the connection in one way or the other.
async fn cut(by_reset: bool) -> Result<String, String> {
    let (stream, server) = serve(async move |mut stream| {
        stream.write_all(b"data: a\n\nid: 2\ndata: b\n").await?;
        sleep(Duration::from_millis(100)).await;
        if by_reset {
            SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
        }
        Ok(())
    })
    .await
    .map_err(text)?;
    let read = in_time(read(stream)).await?;
    server.await.map_err(text)?.map_err(text)?;
    let is_whole = read.events == 1 && read.last == b"a" && read.last_event_id.is_empty();
    if !is_whole || read.error.is_some() != by_reset {
        return Err(format!("{read:?}"));
    }
    Ok(format!(
        "1 event, {}",
        read.error.as_deref().unwrap_or("no error")
    ))
}

/// A server that sends without end to a program that is busy with its first event.
async fn not_polled() -> Result<String, String> {
    let process = Process::this();
    process.forget_peak().map_err(text)?;
    let memory = process.peak().map_err(text)?;
    let (stream, server) = serve(async |mut stream| {
        let frames = b"data: a\n\n".repeat(1000);
        loop {
            stream.write_all(&frames).await?;
        }
    })
    .await
    .map_err(text)?;
    let mut events = EventReader::new(stream, LIMIT);
    let first = in_time(events.next_event()).await?;
    sleep(Duration::from_secs(1)).await;
    let grown = process.peak().map_err(text)?.saturating_sub(memory);
    server.abort();
    if !matches!(first, Some(Ok(_))) || grown > MOST_MEMORY {
        return Err(format!("{first:?}, {grown} KiB more"));
    }
    Ok(format!("{grown} KiB more"))
}

/// One thread; comments without end must not keep the others from their turn.
async fn others_meanwhile() -> Result<String, String> {
    let (stream, server) = serve(async |mut stream| {
        let comments = b": a\n".repeat(16 * 1024);
        loop {
            stream.write_all(&comments).await?;
        }
    })
    .await
    .map_err(text)?;
    let stream = stream.into_std().map_err(text)?;
    let one_thread = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(async {
            let mut events = EventReader::new(TcpStream::from_std(stream)?, LIMIT);
            let mut every = interval(Duration::from_millis(10));
            let (begin, mut last, mut longest) = (Instant::now(), Instant::now(), Duration::ZERO);
            let reading = tokio::spawn(async move { events.next_event().await.is_some() });
            while begin.elapsed() < Duration::from_secs(1) {
                every.tick().await;
                longest = longest.max(last.elapsed());
                last = Instant::now();
            }
            reading.abort();
            Ok::<_, io::Error>(longest)
        })
    };
    let longest = in_time(tokio::task::spawn_blocking(one_thread)).await?;
    server.abort();
    let longest = longest.map_err(text)?.map_err(text)?;
    if longest > Duration::from_millis(500) {
        return Err(format!("waited {longest:?}"));
    }
    Ok(format!(
        "a timer of 10 ms fired every {} ms at worst",
        longest.as_millis()
    ))
}

/// One connection to a server that does this. Without a head: the reader takes a body.
async fn serve<F>(
    script: impl FnOnce(TcpStream) -> F,
) -> io::Result<(TcpStream, JoinHandle<io::Result<()>>)>
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (client, server) = tokio::try_join!(TcpStream::connect(address), listener.accept())?;
    Ok((client, tokio::spawn(script(server.0))))
}

async fn read(stream: TcpStream) -> Read {
    let mut events = EventReader::new(stream, LIMIT);
    let mut read = Read::default();
    while let Some(event) = events.next_event().await {
        match event {
            Ok(event) => {
                read.events += 1;
                read.last = event.data().to_vec();
            }
            Err(ReadError::Overflow(overflow)) => read.overflows.push(overflow.bound),
            Err(error) => read.error = Some(error.to_string()),
        }
    }
    read.last_event_id = events.last_event_id().to_vec();
    read.retry = events.retry().map(|retry| retry.0);
    read
}

async fn in_time<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let longest = Duration::from_secs(20);
    timeout(longest, future)
        .await
        .map_err(|_| format!("took more than {longest:?}"))
}
