//! `sse`: follow, check, decode, encode and serve Server-Sent Events on the command line.
//!
//! Each subcommand is a module with its arguments and its `run`. What several of them share:
//! [`exit`], how the command ends and what it says then; [`json`], the JSON Lines that one of them
//! writes and another one reads; [`input`] and [`lines`], standard input; [`net`], HTTP; [`signals`].

#![forbid(unsafe_code)]

mod check;
mod decode;
mod encode;
mod exit;
mod generate;
mod input;
mod json;
mod lines;
mod net;
mod serve;
mod signals;
mod tail;

use std::process::ExitCode;

use clap::{ColorChoice, Parser, Subcommand};
use exit::Ending;

/// Follow, check, decode, encode and serve Server-Sent Events
#[derive(Debug, Parser)]
#[command(name = "sse", version, max_term_width = 100, after_help = exit::CODES)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// When to use colors; the variable NO_COLOR is heeded too
    #[arg(long, global = true, value_name = "WHEN", default_value_t)]
    color: ColorChoice,
}

#[derive(Debug, Subcommand)]
enum Command {
    Tail(tail::Arguments),
    Check(check::Arguments),
    Serve(serve::Arguments),
    Decode(decode::Arguments),
    Encode(encode::Arguments),
    Completions(generate::Completions),
    Man(generate::Man),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.color {
        ColorChoice::Always => anstream::ColorChoice::Always,
        ColorChoice::Never => anstream::ColorChoice::Never,
        ColorChoice::Auto => anstream::ColorChoice::Auto,
    }
    .write_global();
    let ending = match cli.command {
        Command::Tail(arguments) => tail::run(&arguments),
        Command::Check(arguments) => check::run(&arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Encode(arguments) => encode::run(&arguments),
        Command::Completions(arguments) => generate::completions(&arguments),
        Command::Man(arguments) => generate::man(&arguments),
    };
    ending.unwrap_or_else(Ending::from).into()
}
