//! A line on the terminal while the check lasts.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::exchange::Exchange;
use crate::exit::count;

pub(super) struct Progress(ProgressBar);

impl Progress {
    pub(super) fn new(time: Duration, quiet: bool) -> Self {
        let bar = ProgressBar::new_spinner();
        bar.set_draw_target(match quiet {
            true => ProgressDrawTarget::hidden(),
            // Hidden as well where stderr is no terminal.
            false => ProgressDrawTarget::stderr(),
        });
        let template = format!("{{spinner}} {{elapsed}} of {} s: {{msg}}", time.as_secs());
        if let Ok(style) = ProgressStyle::with_template(&template) {
            bar.set_style(style);
        }
        bar.set_message("connecting");
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(bar)
    }

    pub(super) fn show(&self, seen: &Exchange) {
        let events = count(seen.stream.messages().count(), "event");
        let comments = count(seen.stream.comments.len(), "comment");
        self.0
            .set_message(format!("{}, {events}, {comments}", seen.status));
    }

    pub(super) fn clear(&self) {
        self.0.finish_and_clear();
    }
}
