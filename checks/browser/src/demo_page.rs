//! The page of the real `serve` example.

use std::{net::SocketAddr, path::Path, time::Duration};

use fantoccini::{Locator, key::Key};
use serde::Deserialize;
use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::{
    demo::Demo,
    driver::{Browser, Failure},
    report::Report,
};

const SOON: Duration = Duration::from_secs(10);

/// What the page says of itself.
#[derive(Clone, Debug, Deserialize)]
struct Readings {
    state: String,
    total: u64,
    reconnections: u64,
    missed: u64,
    id: u64,
}

const READINGS: &str = "
    const number = (id) => Number(document.getElementById(id).textContent.replace(/\\D/g, '') || 0);
    return {
        state: document.getElementById('stateText').textContent,
        total: number('total'), reconnections: number('recon'), missed: number('missed'),
        // The last part of it counts up.
        id: Number(document.getElementById('lastId').textContent.split('-').pop().replace(/\\D/g, '') || 0),
    };";

/// How many colours the chart has, and a sum that changes when it is drawn anew.
const PIXELS: &str = "
    const canvas = document.getElementById('canvas');
    // By way of a copy: reading the canvas itself would be noted in the console.
    const copy = new OffscreenCanvas(canvas.width, canvas.height);
    const context = copy.getContext('2d', { willReadFrequently: true });
    context.drawImage(canvas, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    const pixels = new Uint32Array(data.buffer);
    let sum = 0;
    for (const pixel of pixels) sum = (sum * 31 + pixel) >>> 0;
    return [new Set(pixels).size, sum];";

pub async fn check(report: &mut Report, browser: &Browser, program: &Path) -> Result<(), Failure> {
    let demo = Demo::start(program, None).await?;
    browser
        .client
        .goto(&format!("http://{}/", demo.address))
        .await?;
    // Of the pages before.
    browser.console().await?;
    report.note(
        "the page opens and receives",
        receives(browser).await.map_err(text),
    );
    report.note("the chart is drawn", draws(browser).await.map_err(text));
    for number in 1..=3 {
        let outcome = resumes(browser, number).await.map_err(text);
        report.note(&format!("cut {number} times"), outcome);
    }
    report.note("what is said arrives", says(browser).await.map_err(text));
    let outcome = hears(browser, demo.address).await.map_err(text);
    report.note("what others say arrives as text", outcome);
    let lines = browser.console().await?;
    let bad = lines
        .iter()
        .find(|line| matches!(line.level.as_str(), "SEVERE" | "WARNING"));
    let outcome = match bad {
        None => Ok(format!("{} lines, no error and no warning", lines.len())),
        Some(line) => Err(format!("{}: {}", line.level, line.message)),
    };
    report.note("the console", outcome);
    Ok(())
}

async fn receives(browser: &Browser) -> Result<String, Failure> {
    let wanted = |found: &Readings| found.state == "open" && found.total >= 30 && found.id > 0;
    let found = browser.wait_for(READINGS, SOON, wanted).await?;
    Ok(format!("{found:?}"))
}

async fn draws(browser: &Browser) -> Result<String, Failure> {
    let wanted = |(colours, _): &(usize, u32)| *colours > 10;
    let (colours, first) = browser.wait_for(PIXELS, SOON, wanted).await?;
    let wanted = |(_, now): &(usize, u32)| *now != first;
    browser.wait_for(PIXELS, SOON, wanted).await?;
    Ok(format!("{colours} colours, and goes on"))
}

/// The button that cuts all streams.
async fn resumes(browser: &Browser, number: u64) -> Result<String, Failure> {
    let before: Readings = browser.wait_for(READINGS, SOON, |_| true).await?;
    browser
        .client
        .find(Locator::Id("cut"))
        .await?
        .click()
        .await?;
    let wanted = |now: &Readings| {
        now.state == "open" && now.reconnections == number && now.total > before.total + 20
    };
    let now = browser.wait_for(READINGS, SOON, wanted).await?;
    if now.missed > 0 {
        return Err(format!("{now:?}").into());
    }
    Ok(format!(
        "{} events since, {} missed",
        now.total - before.total,
        now.missed
    ))
}

const SAID: &str = "
    const rows = [...document.querySelectorAll('#said li')];
    return rows.map((row) => [row.querySelector('p').textContent, row.querySelectorAll('p *').length]);";

/// By the keyboard, and by the button with what no keyboard has.
async fn says(browser: &Browser) -> Result<String, Failure> {
    let box_ = browser.client.find(Locator::Id("text")).await?;
    box_.send_keys("hello").await?;
    box_.send_keys(&char::from(Key::Enter).to_string()).await?;
    arrives(browser, "hello").await?;

    let odd = "first\n\n  <b>second</b>\u{2028}💡\ndata: third";
    let script = "
        const box = document.getElementById('text');
        box.value = arguments[0];
        box.dispatchEvent(new Event('input'));";
    browser.client.execute(script, vec![odd.into()]).await?;
    browser
        .client
        .find(Locator::Id("send"))
        .await?
        .click()
        .await?;
    arrives(browser, odd).await?;
    Ok("two messages, as text".to_owned())
}

/// Bytes that are meant to become events, fields or markup.
async fn hears(browser: &Browser, server: SocketAddr) -> Result<String, Failure> {
    let said = b"x\n\nevent: tick\rdata: {\"n\":9}\r\n\r\n<img src=x onerror=alert(1)>\0\xFF";
    let heard = "x\n\nevent: tick\ndata: {\"n\":9}\n\n<img src=x onerror=alert(1)>\0\u{FFFD}";
    let before: Readings = browser.wait_for(READINGS, SOON, |_| true).await?;
    let mut stream = TcpStream::connect(server).await?;
    let head = format!(
        "POST /say HTTP/1.1\r\nhost: demo\r\ncontent-length: {}\r\n\r\n",
        said.len()
    );
    stream.write_all(&[head.as_bytes(), said].concat()).await?;
    arrives(browser, heard).await?;
    let after: Readings = browser.wait_for(READINGS, SOON, |_| true).await?;
    if after.missed != before.missed || after.id < before.id {
        return Err(format!("{after:?} after {before:?}").into());
    }
    Ok("one message, as text".to_owned())
}

async fn arrives(browser: &Browser, text: &str) -> Result<(), Failure> {
    let wanted = |rows: &Vec<(String, usize)>| rows.iter().any(|(row, _)| row == text);
    let rows = browser.wait_for(SAID, SOON, wanted).await?;
    match rows.iter().find(|(_, elements)| *elements > 0) {
        None => Ok(()),
        Some(row) => Err(format!("has markup: {row:?}").into()),
    }
}

fn text(error: Failure) -> String {
    error.to_string()
}
