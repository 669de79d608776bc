use std::{
    fmt,
    future::Future,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
    time::{Instant, sleep},
};
use tokio_util::sync::CancellationToken;

use crate::{request::Refusal, tcp::TcpOptions};

/// Accepts connections, so many at a time, and runs a task for each (feature `http1`).
///
/// - One connection too many is answered with 503 and `Retry-After`.
/// - When the process is out of descriptors or memory, the loop waits and tries again: what waits in
///   the kernel's queue is accepted when there is something for it. Nothing ends the loop but its
///   [shutdown](Self::shutdown), which it hears while it waits too.
/// - Each socket has its [`TcpOptions`].
///
/// ```no_run
/// use sse_codec_tokio::AcceptLoop;
/// use tokio::net::TcpListener;
///
/// # #[tokio::main]
/// # async fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:8080").await?;
/// AcceptLoop::new(10_000)
///     .on_trouble(|trouble| eprintln!("{trouble}"))
///     .run(listener, |stream, peer| async move {
///         // Read the request, then `serve`.
/// #       drop((stream, peer));
///     })
///     .await;
/// # Ok(())
/// # }
/// ```
///
/// It knows nothing of TLS, whose handshake belongs into the task; but a 503 that is sent before it
/// means nothing to the client, so switch it [off](Self::retry_after) there.
#[derive(Debug)]
pub struct AcceptLoop<T = fn(AcceptTrouble<'_>)> {
    most: usize,
    retry_after: Option<Duration>,
    tcp: TcpOptions,
    shutdown: CancellationToken,
    on_trouble: T,
}

/// What an [`AcceptLoop`] has to say, once in a while: it begins a line for a log.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum AcceptTrouble<'e> {
    /// There are as many connections as there may be, and more are refused.
    Full {
        /// How many there may be.
        most: usize,
    },
    /// Nothing can be accepted for now.
    Failed(&'e io::Error),
}

impl fmt::Display for AcceptTrouble<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full { most } => write!(f, "accept: {most} connections, more are refused"),
            Self::Failed(error) => write!(f, "accept: {error}, trying again"),
        }
    }
}

/// How long to wait when nothing can be accepted. Something ends meanwhile, most likely.
const PAUSE: Duration = Duration::from_millis(100);

/// Trouble that was not seen for so long is over; when it comes again, it is told again.
const QUIET: Duration = Duration::from_secs(10);

/// How many refused connections are answered at a time; more than these are dropped.
const REFUSALS: usize = 64;

impl AcceptLoop {
    /// A loop for at most so many connections at a time. A process has one descriptor for each, and
    /// needs a few besides: keep it below the limit (`ulimit -n`).
    #[must_use]
    pub fn new(most: usize) -> Self {
        Self {
            most: most.min(u32::MAX as usize >> 3),
            retry_after: Some(Duration::from_secs(5)),
            tcp: TcpOptions::new(),
            shutdown: CancellationToken::new(),
            on_trouble: |_| {},
        }
    }
}

impl<T: FnMut(AcceptTrouble<'_>)> AcceptLoop<T> {
    /// Who is told of trouble: when it begins, and not again before 10 s have passed without it.
    #[must_use]
    pub fn on_trouble<U: FnMut(AcceptTrouble<'_>)>(self, on_trouble: U) -> AcceptLoop<U> {
        AcceptLoop {
            most: self.most,
            retry_after: self.retry_after,
            tcp: self.tcp,
            shutdown: self.shutdown,
            on_trouble,
        }
    }

    /// What a refused client is told to wait, 5 s by default; with `None` it gets no answer.
    #[must_use]
    pub fn retry_after(mut self, wait: impl Into<Option<Duration>>) -> Self {
        self.retry_after = wait.into();
        self
    }

    /// The options of each socket.
    #[must_use]
    pub fn tcp_options(mut self, options: TcpOptions) -> Self {
        self.tcp = options;
        self
    }

    /// Stops accepting when this is cancelled. Give the connections the same token, by
    /// [`ServeOptions::shutdown`](crate::ServeOptions::shutdown): the loop waits for their tasks.
    #[must_use]
    pub fn shutdown(mut self, token: CancellationToken) -> Self {
        self.shutdown = token;
        self
    }

    /// Accepts until [shutdown](Self::shutdown), closes the listener, and returns when every task has
    /// ended. A task that panics is one that has ended.
    ///
    /// # Panics
    /// Outside a tokio runtime with I/O and timer enabled.
    ///
    /// # Cancel safety
    /// Dropping the future closes the listener. The tasks go on.
    pub async fn run<H, F>(self, listener: TcpListener, handler: H)
    where
        H: FnMut(TcpStream, SocketAddr) -> F,
        F: Future<Output: Send> + Send + 'static,
    {
        self.run_with(async move || listener.accept().await, handler)
            .await;
    }

    async fn run_with<H, F>(
        mut self,
        accept: impl AsyncFn() -> io::Result<(TcpStream, SocketAddr)>,
        mut handler: H,
    ) where
        H: FnMut(TcpStream, SocketAddr) -> F,
        F: Future<Output: Send> + Send + 'static,
    {
        let places = Arc::new(Semaphore::new(self.most));
        let refusals = Arc::new(Semaphore::new(REFUSALS));
        let (mut full, mut failed) = (Episode::default(), Episode::default());
        while let Some(accepted) = self.shutdown.run_until_cancelled(accept()).await {
            match accepted {
                // One that has gone already.
                Ok((stream, _)) if self.tcp.apply(&stream).is_err() => {}
                Ok((stream, peer)) => {
                    if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
                        let task = handler(stream, peer);
                        tokio::spawn(async move {
                            task.await;
                            drop(place);
                        });
                        continue;
                    }
                    if full.begins() {
                        (self.on_trouble)(AcceptTrouble::Full { most: self.most });
                    }
                    if let Some(wait) = self.retry_after
                        && let Ok(place) = Arc::clone(&refusals).try_acquire_owned()
                    {
                        tokio::spawn(refuse(stream, wait, place));
                    }
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    if failed.begins() {
                        (self.on_trouble)(AcceptTrouble::Failed(&error));
                    }
                    self.shutdown.run_until_cancelled(sleep(PAUSE)).await;
                }
            }
        }
        drop(accept);
        let all = u32::try_from(self.most).unwrap_or(u32::MAX);
        // Nobody closes it.
        let _ = places.acquire_many(all).await;
    }
}

async fn refuse<P>(mut stream: TcpStream, wait: Duration, place: P) {
    // It has gone, or it does not read: so be it.
    let _ = Refusal::Unavailable(wait).answer(&mut stream).await;
    drop(place);
}

/// An error of the connection that would have been accepted. All others are taken for want of
/// something: the kind of an error does not tell, and `accept` gives those of the network too.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::ConnectionAborted
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionRefused
            | ErrorKind::Interrupted
    )
}

/// Something that is told when it begins and not each time that it is seen.
#[derive(Debug, Default)]
struct Episode {
    last: Option<Instant>,
}

impl Episode {
    fn begins(&mut self) -> bool {
        let now = Instant::now();
        let last = self.last.replace(now);
        last.is_none_or(|last| now - last >= QUIET)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use super::*;

    const EMFILE: i32 = 24;

    fn emfile() -> io::Result<(TcpStream, SocketAddr)> {
        Err(io::Error::from_raw_os_error(EMFILE))
    }

    /// Runs a loop over what `accept` says at each time, and gives what was told and when.
    async fn told(
        accept: impl AsyncFn(Duration) -> io::Result<(TcpStream, SocketAddr)>,
        until: Duration,
    ) -> Vec<(u64, String)> {
        let (begin, shutdown) = (Instant::now(), CancellationToken::new());
        let told = RefCell::new(Vec::new());
        let accept_loop = AcceptLoop::new(1)
            .shutdown(shutdown.clone())
            .on_trouble(|trouble| {
                let at = begin.elapsed().as_millis() as u64;
                told.borrow_mut().push((at, trouble.to_string()));
            });
        let run = accept_loop.run_with(async || accept(begin.elapsed()).await, async |_, _| ());
        tokio::join!(run, async {
            sleep(until).await;
            shutdown.cancel();
        });
        assert_eq!(begin.elapsed(), until, "shutdown is heard at once");
        told.into_inner()
    }

    #[tokio::test(start_paused = true)]
    async fn an_episode_is_told_once_and_a_pause_ends_with_shutdown() {
        let calls = Cell::new(0);
        // Without descriptors for 5 s, then nobody comes for a minute, then again.
        let accept = async |now: Duration| {
            calls.set(calls.get() + 1);
            if (5..60).contains(&now.as_secs()) {
                sleep(Duration::from_secs(60) - now).await;
            }
            emfile()
        };
        let told = told(accept, Duration::from_millis(60_950)).await;
        let times: Vec<_> = told.iter().map(|(at, _)| *at).collect();
        assert_eq!(times, [0, 60_000]);
        assert!(
            told[0].1.starts_with("accept: ") && told[0].1.contains("24"),
            "{told:?}"
        );
        // Ten times a second, and not as fast as it can.
        assert_eq!(calls.get(), 50 + 1 + 9);
    }

    #[tokio::test(start_paused = true)]
    async fn an_error_of_one_connection_is_no_trouble() {
        let calls = Cell::new(0);
        let accept = async |_| {
            calls.set(calls.get() + 1);
            match calls.get() {
                1 => Err(ErrorKind::ConnectionAborted.into()),
                2 => Err(ErrorKind::ConnectionReset.into()),
                3 => Err(ErrorKind::Interrupted.into()),
                _ => std::future::pending().await,
            }
        };
        assert_eq!(told(accept, Duration::from_secs(1)).await, []);
        assert_eq!(calls.get(), 4, "no pause between them");
    }
}
