//! Cuts in the input, to try what a transport may do.

use std::num::NonZero;

use clap::Args;

/// Where to cut the stream, beyond where reading it does.
#[derive(Clone, Debug, Args)]
pub(crate) struct Cuts {
    /// Cut the input after every N bytes
    #[arg(long = "chunk", value_name = "N", default_value_t = NonZero::<u64>::MAX)]
    #[arg(hide_default_value = true)]
    every: NonZero<u64>,
    /// Cut the input at these positions
    #[arg(long = "cuts", value_name = "A,B,...", value_delimiter = ',')]
    at: Vec<u64>,
}

impl Cuts {
    pub(crate) fn in_order(&self) -> Self {
        let mut cuts = self.clone();
        cuts.at.sort_unstable();
        cuts
    }

    /// How many of the `len` bytes that stand at this position come before the next cut.
    pub(crate) fn next(&self, position: u64, len: usize) -> usize {
        let regular = (position / self.every + 1).saturating_mul(self.every.get());
        let next = self.at.partition_point(|cut| *cut <= position);
        let cut = self.at.get(next).map_or(regular, |cut| regular.min(*cut));
        usize::try_from(cut - position).map_or(len, |before| before.min(len))
    }
}
