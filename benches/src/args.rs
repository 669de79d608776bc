//! The command line of the tables.

use std::process;

/// What to measure and how long.
#[derive(Clone, Debug, Default)]
pub struct Args {
    /// `--quick`: a few short rounds, to look at one change.
    pub quick: bool,
    /// `--rounds N`.
    pub rounds: Option<usize>,
    /// `--corpus a,b`: only these corpora (or cases).
    pub corpus: Vec<String>,
    /// `--chunk 1400,64`: only these chunk sizes.
    pub chunk: Vec<usize>,
    /// `--only ours,floor`: only contestants with such a name, or such a part.
    pub only: Vec<String>,
    /// `--json FILE`: also write all figures there.
    pub json: Option<String>,
}

impl Args {
    /// Reads the command line; ends the program with a message when it is not understood.
    #[must_use]
    pub fn from_env(usage: &str) -> Self {
        Self::parse(std::env::args().skip(1)).unwrap_or_else(|problem| {
            eprintln!("{problem}\n\n{usage}");
            process::exit(2)
        })
    }

    fn parse(mut args: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut parsed = Self::default();
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or_else(|| format!("{arg} needs a value"));
            match arg.as_str() {
                "--quick" => parsed.quick = true,
                "--rounds" => parsed.rounds = Some(number(&value()?)?),
                "--corpus" | "--case" => parsed.corpus = list(&value()?),
                "--chunk" => {
                    parsed.chunk = list(&value()?)
                        .iter()
                        .map(|n| number(n))
                        .collect::<Result<_, _>>()?;
                }
                "--only" => parsed.only = list(&value()?),
                "--json" => parsed.json = Some(value()?),
                "--help" | "-h" => return Err("measures in interleaved rounds".to_owned()),
                _ => return Err(format!("unknown argument {arg}")),
            }
        }
        Ok(parsed)
    }

    /// Whether a corpus or case of this name is wanted.
    #[must_use]
    pub fn wants_corpus(&self, name: &str) -> bool {
        self.corpus.is_empty() || self.corpus.iter().any(|wanted| wanted == name)
    }

    /// Whether chunks of this size are wanted.
    #[must_use]
    pub fn wants_chunk(&self, size: usize) -> bool {
        self.chunk.is_empty() || self.chunk.contains(&size)
    }

    /// Whether a contestant of this name and part (`ours`, `floor`, `peer`) is wanted.
    #[must_use]
    pub fn wants(&self, name: &str, part: &str) -> bool {
        self.only.is_empty()
            || self
                .only
                .iter()
                .any(|wanted| wanted == name || wanted == part)
    }
}

fn list(value: &str) -> Vec<String> {
    value.split(',').map(str::to_owned).collect()
}

fn number(value: &str) -> Result<usize, String> {
    value
        .parse()
        .map_err(|_| format!("{value} is not a number"))
}
