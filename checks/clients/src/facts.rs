//! What the documentation says of HTTP clients.

use std::{error::Error, io, net::Ipv4Addr, time::Duration};

use sse_codec_tokio::client::{Connect, EventSource, Item, Why};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{SOON, get, over_reqwest_0_13};

/// Every block of Rust in the documentation stands in the sources of this check.
pub fn documented() -> io::Result<()> {
    let sources = concat!(
        include_str!("over_reqwest.rs"),
        include_str!("over_hyper_util.rs")
    );
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let sources = words(sources);
    let documentation = include_str!("../../../sse-codec-tokio/docs/clients.md");
    let mut blocks = 0;
    for block in documentation.split("```rust,ignore\n").skip(1) {
        let block = block.split("```").next().unwrap_or_default();
        if !sources.contains(&words(block)) {
            return Err(io::Error::other(format!(
                "documented, but not tried:\n{block}"
            )));
        }
        blocks += 1;
    }
    if blocks == 0 {
        return Err(io::Error::other("nothing is documented"));
    }
    println!("{blocks} documented recipes are those tried here");
    Ok(())
}

/// A timeout of reqwest's on the whole request cuts streams, and costs nothing but connections.
pub async fn client_wide_timeout() -> Result<(), Box<dyn Error>> {
    let (url, listener) = listen().await?;
    tokio::spawn(async move {
        let mut number = 0;
        while let Ok((mut stream, _)) = listener.accept().await {
            read_head(&mut stream).await?;
            stream.write_all(STREAM).await?;
            loop {
                let event = format!("id: {0}\ndata: {0}\n\n", number + 1);
                if stream.write_all(event.as_bytes()).await.is_err() {
                    break;
                }
                number += 1;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
        io::Result::Ok(())
    });
    let client = reqwest_0_13::Client::builder()
        .timeout(Duration::from_millis(300))
        .no_proxy()
        .build()?;
    let mut source = over_reqwest_0_13::source(client, get(&url)?).with_reconnect(SOON);
    let (mut events, mut cuts) = (0, 0);
    while cuts < 3 {
        match source.next().await {
            Some(Ok(Item::Event(_))) => events += 1,
            Some(Ok(Item::Reconnecting {
                why: Why::Broken(error),
                ..
            })) if error.is_timeout() => {
                cuts += 1;
            }
            Some(Ok(Item::Open(_))) => {}
            other => return Err(format!("{other:?}").into()),
        }
    }
    println!("a client-wide timeout has cut a lively stream {cuts} times ({events} events)");
    Ok(())
}

/// A request on a pooled connection that is dead waits for ever, unless there is a timeout; without
/// idle connections in the pool it does not come to that.
pub async fn dead_pooled_connection() -> Result<(), Box<dyn Error>> {
    for (idle, expected) in [
        (1, ["503", "connect timeout", "open"].as_slice()),
        (0, &["503", "open"]),
    ] {
        let (url, listener) = listen().await?;
        tokio::spawn(async move {
            // The first connection is kept open, and never answers a second request.
            let (mut first, _) = listener.accept().await?;
            read_head(&mut first).await?;
            first
                .write_all(b"HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n")
                .await?;
            let (mut second, _) = listener.accept().await?;
            read_head(&mut second).await?;
            second.write_all(STREAM).await?;
            std::future::pending::<()>().await;
            drop(first);
            io::Result::Ok(())
        });
        let client = reqwest_0_13::Client::builder()
            .pool_max_idle_per_host(idle)
            .no_proxy()
            .build()?;
        let source = over_reqwest_0_13::source(client, get(&url)?);
        let source = source.with_connect_timeout(Duration::from_millis(500));
        let seen = until_open(source.with_reconnect(SOON.with_base(sse_codec::Millis(50)))).await;
        if seen != expected {
            return Err(format!("{idle} idle: {seen:?}").into());
        }
        println!("with {idle} idle connections in the pool: {seen:?}");
    }
    Ok(())
}

async fn until_open<C: Connect>(mut source: EventSource<C>) -> Vec<&'static str> {
    let mut seen = Vec::new();
    loop {
        seen.push(match source.next().await {
            Some(Ok(Item::Reconnecting { why, .. })) => match why {
                Why::Unavailable(_) => "503",
                Why::ConnectTimeout => "connect timeout",
                _ => "?",
            },
            Some(Ok(Item::Open(_))) => "open",
            _ => "?",
        });
        if matches!(seen.last(), Some(&"open" | &"?")) {
            return seen;
        }
    }
}

const STREAM: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";

async fn listen() -> io::Result<(String, TcpListener)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let url = format!("http://{}/", listener.local_addr()?);
    Ok((url, listener))
}

async fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if stream.read_buf(&mut head).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}
