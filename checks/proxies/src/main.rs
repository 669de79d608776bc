//! Our stream through other people's reverse proxies. Called by `run.sh` with a directory to work
//! in.
//!
//! Nothing here measures a time. A proxy that holds something back is one that waits for more,
//! and nothing more comes: the next event is made when the last one has arrived.

mod client;
mod differences;
mod origin;
mod proxies;

use std::{env, error::Error, fs, path::Path, process::ExitCode, time::Duration};

use client::Client;
use futures_util::future::join_all;
use origin::{Kind, Origin};
use proxies::Proxy;
use sse_codec::Frame;
use sse_codec_tokio::EventSender;
use tokio::{join, time::timeout};

/// How long something that waits for nothing may take on a busy machine.
const LONG: Duration = Duration::from_secs(4);
/// How many events are waited for, one after the other.
const EVENTS: usize = 10;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let work = env::args().nth(1).ok_or("call run.sh")?;
    let origin = Origin::start().await?;
    let runs = proxies::all().into_iter().map(|proxy| {
        let directory = Path::new(&work).join(proxy.name.replace([' ', ','], "-"));
        run(proxy, directory, &origin)
    });
    let mut is_well = true;
    for lines in join_all(runs).await {
        for line in lines? {
            println!("{}", line.text);
            is_well &= line.is_expected;
        }
    }
    Ok(if is_well {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

struct Line {
    text: String,
    is_expected: bool,
}

async fn run(
    proxy: Proxy,
    directory: impl AsRef<Path>,
    origin: &Origin,
) -> Result<Vec<Line>, Box<dyn Error>> {
    let directory = directory.as_ref();
    fs::create_dir_all(directory)?;
    // To be dropped last: it is the process.
    let running = proxy.start(directory, origin).await?;
    let mut lines = Vec::new();
    for kind in [Kind::Serve, Kind::Body] {
        let address = running.address(kind);
        let outcomes = join!(
            head(address, proxy.compresses, origin),
            early(address, origin),
            each(address, origin),
            end(address, origin),
        );
        for (check, outcome) in [
            ("the head alone", outcomes.0),
            ("an event sent with the head", outcomes.1),
            ("each event", outcomes.2),
            ("the client's end", outcomes.3),
        ] {
            let expected = differences::of(proxy.name);
            let outcome = match &outcome {
                Ok(()) => "passes".to_owned(),
                Err(error) => error.to_string(),
            };
            let (is_expected, remark) = match (outcome == "passes", expected) {
                (true, None) => (true, String::new()),
                (false, Some(reason)) => (true, format!(", as is known: {reason}")),
                (false, None) => (false, ". THIS IS NEW".to_owned()),
                (true, Some(_)) => (false, ". THIS IS NOT WHAT WAS KNOWN".to_owned()),
            };
            let text = format!("{}, {kind}: {check} {outcome}{remark}", proxy.name);
            lines.push(Line { text, is_expected });
        }
    }
    Ok(lines)
}

type Outcome = Result<(), Box<dyn Error>>;

/// The head arrives before there is anything else to send.
async fn head(address: &str, compresses: bool, origin: &Origin) -> Outcome {
    let path = origin.path("quiet");
    let (client, _sender) = open(address, origin, &path).await?;
    match client.is_compressed() == compresses {
        true => Ok(()),
        false => Err("is not compressed as it should be".into()),
    }
}

/// What leaves together with the head arrives before anything else is sent.
async fn early(address: &str, origin: &Origin) -> Outcome {
    let path = origin.path("early");
    let (mut client, _sender) = open(address, origin, &path).await?;
    arrives(&mut client, "early").await
}

/// Every event arrives before the next one is made.
async fn each(address: &str, origin: &Origin) -> Outcome {
    let path = origin.path("each");
    let (mut client, sender) = open(address, origin, &path).await?;
    for number in 0..EVENTS {
        let text = number.to_string();
        sender.send(Frame::message(text.as_bytes())).await?;
        arrives(&mut client, &text).await?;
    }
    Ok(())
}

/// The producer hears that the client has gone, by the heartbeats at the latest.
async fn end(address: &str, origin: &Origin) -> Outcome {
    let path = origin.path("end");
    let (client, sender) = open(address, origin, &path).await?;
    drop(client);
    match timeout(LONG, sender.closed()).await {
        Ok(_) => Ok(()),
        Err(_) => Err("is not passed on".into()),
    }
}

async fn open(
    address: &str,
    origin: &Origin,
    path: &str,
) -> Result<(Client, EventSender), Box<dyn Error>> {
    let opening = timeout(LONG, Client::open(address, path));
    let client = opening.await.map_err(|_| "is held back")??;
    Ok((client, origin.sender(path).await))
}

async fn arrives(client: &mut Client, text: &str) -> Outcome {
    match timeout(LONG, client.next()).await {
        Ok(Ok(event)) if event == text => Ok(()),
        Ok(Ok(event)) => Err(format!("is {event:?} where {text:?} was sent").into()),
        Ok(Err(error)) => Err(error),
        Err(_) => Err("is held back".into()),
    }
}
