//! What shells and `man` need to know the command, made of its own arguments.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use crate::{
    Cli,
    exit::{Ending, Failure},
};

/// Print what a shell needs to complete this command
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sse completions bash > ~/.local/share/bash-completion/completions/sse
  sse completions zsh > ~/.zfunc/_sse
  sse completions fish > ~/.config/fish/completions/sse.fish")]
pub(crate) struct Completions {
    shell: Shell,
}

pub(crate) fn completions(arguments: &Completions) -> Result<Ending, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "sse", &mut script);
    io::stdout().write_all(&script)?;
    Ok(Ending::Done)
}

/// Print the manual page of this command or of a subcommand
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sse man | man -l -
  sse man tail > ~/.local/share/man/man1/sse-tail.1")]
pub(crate) struct Man {
    #[arg(value_name = "COMMAND")]
    command: Option<String>,
}

pub(crate) fn man(arguments: &Man) -> Result<Ending, Failure> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    if let Some(name) = &arguments.command {
        let known = command.find_subcommand(name).cloned();
        command = known.ok_or_else(|| {
            Failure::new(Ending::Misused, format!("there is no subcommand '{name}'"))
        })?;
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    io::stdout().write_all(&page)?;
    Ok(Ending::Done)
}
