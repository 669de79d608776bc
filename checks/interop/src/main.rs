//! Other people's clients read our stream; our reader reads other people's servers. Called by
//! `run.sh` with: a Node, a Python, and a file to write the cases to.

mod arrivals;
mod cases;
mod clients;
mod differences;
mod frames;
mod ours;
mod report;
mod servers;

use std::{env, error::Error, fs, process::ExitCode};

use report::Report;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [node, python, file] = arguments.as_slice() else {
        return Err("call run.sh".into());
    };
    let cases = cases::cases();
    fs::write(file, serde_json::to_vec(&cases)?)?;

    let mut report = Report::default();
    println!("our stream, read by");
    clients::check(&mut report, &cases, node, python).await;
    arrivals::check(&mut report, python).await;
    println!("frames without an event, seen by");
    frames::check(&mut report, node, python).await;
    println!("our reader reads");
    servers::check(&mut report, &cases, file, node, python).await;
    Ok(if report.finish() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
