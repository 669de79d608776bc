//! When an `EventSource` says that it is open: as soon as the head of the response has come, or with
//! the first byte of the body. It is what a user sees of a stream that has no event yet.

use std::{io, sync::Arc, time::Duration};

use sse_codec::http;
use sse_codec_tokio::{Framing, ServeOptions, channel, serve};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::sleep,
};

use crate::{
    driver::{Browser, Failure},
    report::Report,
    server::{PAGE, read},
};

const SOON: Duration = Duration::from_secs(5);
/// What does not happen in this time would have happened long ago.
const LONG: Duration = Duration::from_secs(2);

#[derive(Clone, Copy)]
pub enum Opens {
    WithHead,
    /// By the standard it is the head that counts (§9.2.2, *announce the connection*).
    WithFirstByte,
}

pub async fn check(report: &mut Report, browser: &Browser, opens: Opens) {
    let outcome = with_head_or_body(browser, opens).await;
    let outcome = outcome.map(str::to_owned);
    report.note("open", outcome.map_err(|error| error.to_string()));
    let outcome = without_an_event(browser).await;
    let outcome = outcome.map(|()| "by the first heartbeat at the latest".to_owned());
    report.note(
        "open, by serve without an event",
        outcome.map_err(|error| error.to_string()),
    );
}

/// A stream of `serve` that has no event: its first heartbeat comes soon, and not after the interval,
/// which is 10 s at least.
async fn without_an_event(browser: &Browser) -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}/", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                match read(&mut stream).await {
                    Ok(request) if request.path == "/stream" => {
                        let (_sender, events) = channel(1);
                        let options = ServeOptions::new().framing(Framing::Chunked);
                        serve(stream, events, options).await;
                        Ok(())
                    }
                    Ok(_) => page(stream).await,
                    Err(error) => Err(error),
                }
            });
        }
    });
    browser.client.goto(&origin).await?;
    browser.client.execute(WATCH, Vec::new()).await?;
    let is_open = |opens: &u32| *opens == 1;
    browser
        .wait_for("return window.opens;", SOON, is_open)
        .await?;
    Ok(())
}

async fn page(mut stream: TcpStream) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(PAGE.as_bytes()).await?;
    stream.shutdown().await
}

const WATCH: &str = "window.opens = 0;
    window.source = new EventSource('/stream');
    window.source.onopen = () => window.opens++;
    return window.opens;";

async fn with_head_or_body(browser: &Browser, opens: Opens) -> Result<&'static str, Failure> {
    let bodies = Arc::new(Semaphore::new(0));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let origin = format!("http://{}/", listener.local_addr()?);
    let gate = Arc::clone(&bodies);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&gate)));
        }
    });

    browser.client.goto(&origin).await?;
    browser.client.execute(WATCH, Vec::new()).await?;
    let opened = async || {
        let is_open = |opens: &u32| *opens == 1;
        browser
            .wait_for("return window.opens;", SOON, is_open)
            .await
    };
    match opens {
        Opens::WithHead => {
            opened().await?;
            Ok("with the head, before there is a body")
        }
        Opens::WithFirstByte => {
            sleep(LONG).await;
            browser
                .wait_for("return window.opens;", Duration::ZERO, |opens: &u32| {
                    *opens == 0
                })
                .await
                .map_err(|_| "opens with the head: is no difference any more")?;
            bodies.add_permits(1);
            opened().await?;
            Ok("as known: with the first byte of the body")
        }
    }
}

/// The page, or a stream whose body waits for a permit.
async fn answer(mut stream: TcpStream, bodies: Arc<Semaphore>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let request = read(&mut stream).await?;
    if request.path != "/stream" {
        return page(stream).await;
    }
    stream.write_all(http::RESPONSE_HEAD_CLOSE).await?;
    let permit = bodies.acquire().await.map_err(io::Error::other)?;
    permit.forget();
    stream.write_all(b":\n").await?;
    // Until the browser has left the page.
    while read(&mut stream).await.is_ok() {}
    Ok(())
}
