//! What shells and `man` need to know the command, made of its own arguments.

use std::io::{self, Write};

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use roff::{Roff, roman};

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
    /// Print the names of the subcommands that have a page
    #[arg(long)]
    list: bool,
}

pub(crate) fn man(arguments: &Man) -> Result<Ending, Failure> {
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    if arguments.list {
        for subcommand in command.get_subcommands() {
            writeln!(io::stdout(), "{}", subcommand.get_name())?;
        }
        return Ok(Ending::Done);
    }
    if let Some(name) = &arguments.command {
        let known = command.find_subcommand(name).cloned();
        command = known.ok_or_else(|| {
            Failure::new(Ending::Misused, format!("there is no subcommand '{name}'"))
        })?;
    }
    let mut page = Vec::new();
    let notes = command.get_after_help().map(ToString::to_string);
    let man = clap_mangen::Man::new(command.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    if command
        .get_arguments()
        .any(|argument| !argument.is_hide_set())
    {
        man.render_options_section(&mut page)?;
    }
    if command.has_subcommands() {
        man.render_subcommands_section(&mut page)?;
    }
    if let Some(notes) = notes {
        // Line by line: tables and examples are among them, which `render` would run together.
        let mut section = Roff::new();
        section.control("SH", ["NOTES"]).control("nf", []);
        for line in notes.lines() {
            section.text([roman(line)]);
        }
        section.control("fi", []).to_writer(&mut page)?;
    }
    io::stdout().write_all(&page)?;
    Ok(Ending::Done)
}
