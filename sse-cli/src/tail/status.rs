//! What happens to the connection, on stderr: a line that changes on a terminal, otherwise a line
//! for each change.

use std::{
    collections::VecDeque,
    fmt::Display,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::escape::escaped;
use crate::{
    exit::{count, note},
    json::text,
};

pub(super) struct Status {
    kind: Kind,
    verbose: bool,
    state: String,
    events: u64,
    start: Instant,
    /// When the last events came: for the rate.
    recent: VecDeque<Instant>,
    last_event_id: Vec<u8>,
}

enum Kind {
    Quiet,
    Lines,
    /// A line at the bottom of a terminal, and whether stdout goes to one too.
    Bar(ProgressBar, bool),
}

/// What the rate is the mean of.
const RECENT: Duration = Duration::from_secs(5);

impl Status {
    /// `has_whole_lines` says that stdout gets nothing but whole lines: below half a one, the line on
    /// the terminal would erase it.
    pub(super) fn new(quiet: bool, verbose: bool, has_whole_lines: bool) -> Self {
        let is_below = has_whole_lines || !io::stdout().is_terminal();
        let kind = match (quiet, io::stderr().is_terminal()) {
            (true, _) => Kind::Quiet,
            (false, true) if is_below => {
                let bar = ProgressBar::new_spinner();
                bar.set_draw_target(ProgressDrawTarget::stderr());
                if let Ok(style) = ProgressStyle::with_template("{spinner} {wide_msg}") {
                    bar.set_style(style);
                }
                bar.enable_steady_tick(Duration::from_millis(120));
                Kind::Bar(bar, io::stdout().is_terminal())
            }
            (false, _) => Kind::Lines,
        };
        Self {
            kind,
            verbose,
            state: String::new(),
            events: 0,
            start: Instant::now(),
            recent: VecDeque::new(),
            last_event_id: Vec::new(),
        }
    }

    /// The state has changed to this.
    pub(super) fn change(&mut self, state: impl Display) {
        self.state = escaped(&state.to_string()).into_owned();
        match &self.kind {
            Kind::Quiet => {}
            Kind::Lines => note(&self.state),
            Kind::Bar(..) => self.show(),
        }
    }

    /// Something that is worth a line.
    pub(super) fn note(&self, message: impl Display) {
        let message = escaped(&message.to_string()).into_owned();
        match &self.kind {
            Kind::Quiet => {}
            Kind::Lines => note(message),
            Kind::Bar(bar, _) => bar.suspend(|| note(message)),
        }
    }

    /// Something that is worth a line for those who want to know more.
    pub(super) fn detail(&self, message: impl Display) {
        if self.verbose {
            self.note(message);
        }
    }

    pub(super) fn event(&mut self, last_event_id: &[u8]) {
        self.events += 1;
        if let Kind::Bar(..) = self.kind {
            let now = Instant::now();
            self.recent.push_back(now);
            self.last_event_id.clear();
            self.last_event_id.extend(last_event_id);
            self.forget(now);
        }
    }

    /// Brings the line on the terminal up to date.
    pub(super) fn show(&mut self) {
        self.forget(Instant::now());
        let Kind::Bar(bar, _) = &self.kind else {
            return;
        };
        let time = self.start.elapsed().clamp(Duration::from_secs(1), RECENT);
        let rate = self.recent.len() as f64 / time.as_secs_f64();
        let id = text(&self.last_event_id);
        let id: String = escaped(&id).chars().take(40).collect();
        let id = if id.is_empty() {
            id
        } else {
            format!("  #{id}")
        };
        bar.set_message(format!(
            "{}  {}  {rate:.1}/s{id}",
            self.state,
            count(self.events, "event")
        ));
    }

    /// Writes to stdout, above the line if that is on the same terminal.
    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<()> {
        let write = || {
            let mut stdout = io::stdout().lock();
            stdout.write_all(bytes)?;
            stdout.flush()
        };
        match &self.kind {
            Kind::Bar(bar, true) => bar.suspend(write),
            _ => write(),
        }
    }

    /// Takes the line away.
    pub(super) fn clear(&self) {
        if let Kind::Bar(bar, _) = &self.kind {
            bar.finish_and_clear();
        }
    }

    /// At most so many are counted, lest a fast stream fill the memory.
    fn forget(&mut self, now: Instant) {
        const MOST: usize = 1 << 16;
        while self.recent.len() > MOST || self.recent.front().is_some_and(|at| now - *at > RECENT) {
            self.recent.pop_front();
        }
    }
}
