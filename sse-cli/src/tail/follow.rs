//! The loop.

use std::{future, io, time::Duration};

use sse_codec_tokio::{
    EventSource, OwnedEvent,
    client::{Item, Why},
};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};

use super::{
    arguments::Arguments,
    connector::{Connector, SharedRaw, Tee},
    end::{self, Before, WhyOf},
    state::StateFile,
    status::Status,
    text::Printer,
};
use crate::{
    exit::{Ending, Failure},
    net::NetError,
    signals::Signals,
};

pub(super) struct Follower<'a> {
    pub(super) source: EventSource<Connector>,
    pub(super) raw: SharedRaw,
    pub(super) printer: Printer,
    pub(super) status: Status,
    pub(super) state: Option<StateFile>,
    pub(super) url: String,
    pub(super) arguments: &'a Arguments,
}

/// What changes on the way.
struct Progress {
    was_open: bool,
    printed: u64,
    last_event: Instant,
    /// What is to be written to stdout.
    out: Vec<u8>,
    /// Something came since stdout was written.
    is_dirty: bool,
    last_kept: Instant,
    /// Why the state could not be kept when it was last tried.
    not_kept: Option<String>,
}

type ItemOf = Item<NetError, <Tee as http_body::Body>::Error>;

/// Failures in a row before there has been a connection.
const FIRST_FAILURES: u32 = 3;
/// So much is written at once.
const BATCH: usize = 64 << 10;
const TICK: Duration = Duration::from_millis(250);
const KEEP: Duration = Duration::from_secs(1);
/// How long a write to stdout may hold up the end.
const PATIENCE: Duration = Duration::from_secs(1);

impl Follower<'_> {
    pub(super) async fn run(mut self) -> Result<Ending, Failure> {
        let now = Instant::now();
        let mut progress = Progress {
            was_open: false,
            printed: 0,
            last_event: now,
            out: Vec::new(),
            is_dirty: false,
            last_kept: now,
            not_kept: None,
        };
        tokio::spawn(end_at_last());
        let ending = self.follow(&mut progress).await;
        let ended = self.end(&mut progress);
        self.status.clear();
        let ending = ending?;
        ended?;
        Ok(ending)
    }

    async fn follow(&mut self, progress: &mut Progress) -> Result<Ending, Failure> {
        let mut signals = Signals::new()
            .map_err(|error| Failure::new(Ending::GaveUp, format!("signals: {error}")))?;
        let deadline = self.arguments.end.time.map(|time| Instant::now() + time);
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        self.status
            .change(format_args!("connecting to {}", self.url));
        loop {
            let event_idle = self.arguments.end.event_idle;
            let event_idle = event_idle.map(|time| progress.last_event + time);
            tokio::select! {
                biased;
                ending = signals.next() => return Ok(ending),
                () = at(deadline) => return Ok(Ending::Done),
                item = self.source.next() => {
                    let ending = match item {
                        Some(Ok(item)) => self.item(item, progress)?,
                        Some(Err(over)) => {
                            let before = self.before(progress);
                            self.write(progress)?;
                            self.status.clear();
                            tokio::select! {
                                biased;
                                ending = signals.next() => Some(ending),
                                ending = end::over(over, before) => Some(ending?),
                            }
                        }
                        None => Some(Ending::GaveUp),
                    };
                    if let Some(ending) = ending {
                        return Ok(ending);
                    }
                    if progress.out.len() >= BATCH {
                        self.write(progress)?;
                    }
                }
                // Nothing more is there at once.
                () = future::ready(()), if progress.is_dirty => self.write(progress)?,
                () = at(event_idle) => {
                    return Err(Failure::new(Ending::Idle, "no event has come for too long"));
                }
                _ = tick.tick() => {
                    self.status.show();
                    self.keep_now_and_then(progress);
                    if is_nobody_reading() {
                        return Ok(Ending::Done);
                    }
                }
            }
        }
    }

    /// `Some` when this is the end.
    fn item(&mut self, item: ItemOf, progress: &mut Progress) -> Result<Option<Ending>, Failure> {
        progress.is_dirty = true;
        match item {
            Item::Open(head) => {
                progress.was_open = true;
                self.raw.with(super::raw::Raw::open);
                let state = format!(
                    "connected to {}: {:?} {}",
                    self.url, head.version, head.status
                );
                self.status.change(state);
                for (name, value) in &head.headers {
                    let value = String::from_utf8_lossy(value.as_bytes());
                    self.status.detail(format_args!("{name}: {value}"));
                }
            }
            Item::Event(event) => return self.event(&event, progress),
            Item::Comment(comment) => self.printer.comment(&comment, &mut progress.out)?,
            Item::TooLarge(overflow) => {
                self.status.note(format_args!(
                    "{overflow}: dropped; --max-event takes larger ones"
                ));
            }
            Item::Unsendable(why) => self.status.note(format_args!("{why}: going on without it")),
            Item::Reconnecting { after, why } => return self.reconnecting(after, &why, progress),
            _ => {}
        }
        Ok(None)
    }

    fn event(
        &mut self,
        event: &OwnedEvent,
        progress: &mut Progress,
    ) -> Result<Option<Ending>, Failure> {
        let raw = self.raw.with(super::raw::Raw::event).unwrap_or_default();
        let until = self.arguments.end.until.as_ref();
        if until.is_some_and(|data| data.as_encoded_bytes() == &event.data()[..]) {
            return Ok(Some(Ending::Done));
        }
        if !self.printer.wants(event) {
            return Ok(None);
        }
        self.printer.event(event, raw, &mut progress.out)?;
        self.status.event(event.last_event_id());
        progress.last_event = Instant::now();
        progress.printed += 1;
        let is_last = self
            .arguments
            .end
            .count
            .is_some_and(|most| progress.printed >= most.get());
        Ok(is_last.then_some(Ending::Done))
    }

    fn reconnecting(
        &mut self,
        after: Duration,
        why: &WhyOf,
        progress: &Progress,
    ) -> Result<Option<Ending>, Failure> {
        if matches!(why, Why::Silent) && self.arguments.end.idle.is_some() {
            return Err(Failure::new(Ending::Idle, "nothing has come for too long"));
        }
        let is_hopeless = !progress.was_open
            && self.arguments.place.retry_max.is_none()
            && self.source.failures() >= FIRST_FAILURES;
        if is_hopeless {
            return end::gave_up(why, self.before(progress)).map(Some);
        }
        let (why, seconds) = (end::describe(why), after.as_secs_f64());
        self.status
            .change(format_args!("{why}; again in {seconds:.1} s"));
        Ok(None)
    }

    fn before(&self, progress: &Progress) -> Before {
        Before {
            was_open: progress.was_open,
            is_inside_block: self.source.ended_inside_block(),
            is_awaited: self.arguments.end.until.is_some(),
        }
    }

    /// Writes what there is. From here on it counts as received.
    fn write(&mut self, progress: &mut Progress) -> io::Result<()> {
        if let Some(rest) = self.raw.with(super::raw::Raw::rest) {
            progress.out.extend(rest);
        }
        progress.is_dirty = false;
        if !progress.out.is_empty() {
            let written = self.status.write(&progress.out);
            progress.out.clear();
            written?;
        }
        self.keep_now_and_then(progress);
        Ok(())
    }

    fn keep_now_and_then(&mut self, progress: &mut Progress) {
        if progress.last_kept.elapsed() >= KEEP && !progress.is_dirty {
            self.keep(progress);
        }
    }

    fn keep(&mut self, progress: &mut Progress) {
        let Some(state) = &mut self.state else { return };
        progress.last_kept = Instant::now();
        let failed = state.keep(self.source.last_event_id()).err();
        let failed = failed.map(|error| format!("the state was not kept: {error}"));
        if let Some(why) = &failed
            && progress.not_kept.is_none()
        {
            self.status.note(why);
        }
        progress.not_kept = failed;
    }

    /// Writes and keeps what is left, whatever the end was.
    fn end(&mut self, progress: &mut Progress) -> Result<(), Failure> {
        self.printer.end(&mut progress.out);
        if !progress.out.is_empty() {
            self.status.write(&progress.out)?;
        }
        self.keep(progress);
        match progress.not_kept.take() {
            Some(why) => Err(Failure::new(Ending::GaveUp, why)),
            None => Ok(()),
        }
    }
}

/// Ends the command when it was told to end and does not: somebody has stdout open and reads nothing of
/// it, which no signal would interrupt. What the state file has stays.
async fn end_at_last() {
    if let Ok(mut signals) = Signals::new() {
        let ending = signals.next().await;
        tokio::time::sleep(PATIENCE).await;
        std::process::exit(ending as i32);
    }
}

async fn at(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => future::pending().await,
    }
}

/// Whether the other end of the pipe that stdout is has gone. While no events come, no write would
/// tell it.
fn is_nobody_reading() -> bool {
    #[cfg(unix)]
    {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        let stdout = io::stdout();
        let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
        let polled = poll(&mut fds, Some(&Timespec::default()));
        polled.is_ok() && fds[0].revents().contains(PollFlags::ERR)
    }
    #[cfg(not(unix))]
    false
}
