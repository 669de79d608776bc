//! The real `EventSource` in Chromium and in Firefox, and the page of the real `serve` example. Called
//! by `run.sh` with: a Chromium, an empty directory, a Firefox, its driver, and the example's path.

mod answers;
#[allow(dead_code, reason = "made for another suite")]
#[path = "../../hostile/src/demo.rs"]
mod demo;
mod demo_page;
mod driver;
mod event_source;
mod open;
#[allow(dead_code, reason = "made for another suite")]
#[path = "../../hostile/src/process.rs"]
mod process;
#[path = "../../interop/src/report.rs"]
mod report;
mod server;
mod streams;

use std::{env, path::Path, process::ExitCode};

use driver::{Browser, Failure};
use open::Opens;
use report::Report;

#[tokio::main]
async fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [chromium, profile, firefox, driver, program] = arguments.as_slice() else {
        return Err("call run.sh".into());
    };
    let mut report = Report::default();
    let browser = Browser::chromium(chromium, Path::new(profile)).await?;
    println!("Chromium {}", browser.version);
    let outcome = check(&mut report, &browser, Path::new(program)).await;
    browser.close().await?;
    if let Err(error) = outcome {
        report.note("the rest", Err(error.to_string()));
    }
    let browser = Browser::firefox(firefox, driver).await?;
    println!("Firefox {}", browser.version);
    open::check(&mut report, &browser, Opens::WithFirstByte).await;
    browser.close().await?;
    Ok(if report.finish() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

async fn check(report: &mut Report, browser: &Browser, program: &Path) -> Result<(), Failure> {
    event_source::check(report, browser).await?;
    open::check(report, browser, Opens::WithHead).await;
    println!("the serve example's page");
    demo_page::check(report, browser, program).await
}
