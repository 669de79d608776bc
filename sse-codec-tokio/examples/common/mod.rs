//! What the servers among the examples share.
#![allow(dead_code, reason = "each example uses a part of it")]

use std::{
    fmt,
    io::{self, Write},
    process::ExitCode,
    sync::mpsc,
    thread,
    time::Duration,
};

use tokio::{net::TcpListener, signal};

/// Ends the program; what went wrong is said in plain words.
pub(crate) fn end(result: io::Result<()>) -> ExitCode {
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    // `eprintln!` panics when it is closed.
    let _ = writeln!(io::stderr(), "{error}");
    ExitCode::FAILURE
}

/// Listens, or says where it cannot.
pub(crate) async fn listen(address: &str) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| io::Error::new(error.kind(), format!("{address}: {error}")))
}

/// Waits for Ctrl-C, or for what an init system or a container sends to end a service.
pub(crate) async fn asked_to_end() {
    #[cfg(unix)]
    {
        use signal::unix::{SignalKind, signal};
        // Both are caught from the first poll on, and not only while somebody waits.
        let terminate = signal(SignalKind::terminate());
        if let Ok(mut terminate) = terminate {
            tokio::select! {
                _ = signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = signal::ctrl_c().await;
}

/// Standard output on a thread of its own: `println!` panics when it is closed, and when nobody reads
/// it, it holds up whoever prints.
#[derive(Clone)]
pub(crate) struct Log(mpsc::SyncSender<Entry>);

pub(crate) enum Entry {
    Line(String),
    /// What came before is written when this is dropped.
    Mark(#[expect(dead_code, reason = "it is there to be dropped")] mpsc::Sender<()>),
}

impl Log {
    pub(crate) fn start() -> Self {
        let (sender, entries) = mpsc::sync_channel(1024);
        thread::spawn(move || {
            for entry in entries {
                if let Entry::Line(line) = entry {
                    // Closed, or its disk is full: there is nobody to tell.
                    let _ = writeln!(io::stdout(), "{line}");
                }
            }
        });
        Self(sender)
    }

    /// A line; lost when there are too many.
    pub(crate) fn say(&self, line: fmt::Arguments<'_>) {
        let _ = self.0.try_send(Entry::Line(line.to_string()));
    }

    /// Waits until all is written, for a moment.
    pub(crate) fn flush(&self) {
        let (mark, written) = mpsc::channel();
        if self.0.try_send(Entry::Mark(mark)).is_ok() {
            let _ = written.recv_timeout(Duration::from_secs(1));
        }
    }
}
