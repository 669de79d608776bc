//! The client: many connections that count what they get.

use std::{
    cell::RefCell,
    io::{self, Error},
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use socket2::SockRef;
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    runtime::{Builder, Runtime},
    task::JoinSet,
};

use super::{PATIENCE, REQUEST};

/// The byte that is in every event once.
pub const MARK: u8 = b'!';

/// How many connections are being opened at a time.
const AT_A_TIME: usize = 50;

/// Connections to one server, on a thread of their own. They are reset when this is dropped.
#[derive(Debug)]
pub struct Clients {
    runtime: Runtime,
    address: SocketAddr,
    counts: Arc<Counts>,
    open: u64,
}

#[derive(Debug, Default)]
struct Counts {
    answered: AtomicU64,
    marks: AtomicU64,
    ended: AtomicU64,
}

thread_local! {
    static SPACE: RefCell<Vec<u8>> = RefCell::new(vec![0; 64 * 1024]);
}

impl Clients {
    /// None yet.
    ///
    /// # Errors
    /// When there is no thread for them.
    pub fn new(address: SocketAddr) -> io::Result<Self> {
        Ok(Self {
            runtime: Builder::new_multi_thread()
                .worker_threads(1)
                .enable_all()
                .build()?,
            address,
            counts: Arc::default(),
            open: 0,
        })
    }

    /// Opens so many more, and waits until each has got something.
    ///
    /// # Errors
    /// When that does not succeed.
    pub fn open(&mut self, count: usize) -> io::Result<()> {
        self.open_with(count, REQUEST, AT_A_TIME)
    }

    /// Opens so many more, that make this request, so many of them at a time, and waits until each has
    /// got something.
    ///
    /// # Errors
    /// When that does not succeed.
    pub fn open_with(&mut self, count: usize, request: &[u8], at_a_time: usize) -> io::Result<()> {
        let request: Arc<[u8]> = request.into();
        self.runtime.block_on(async {
            let mut opening = JoinSet::new();
            for _ in 0..count {
                if opening.len() == at_a_time
                    && let Some(opened) = opening.join_next().await
                {
                    opened??;
                }
                let request = Arc::clone(&request);
                opening.spawn(open(self.address, request, Arc::clone(&self.counts)));
            }
            while let Some(opened) = opening.join_next().await {
                opened??;
            }
            Ok::<_, Error>(())
        })?;
        self.open += count as u64;
        self.wait("answers", |counts| &counts.answered, self.open)
    }

    /// Waits until so many events have been received by all of them together.
    ///
    /// # Errors
    /// When they are not, or a connection ends.
    pub fn wait_events(&self, events: u64) -> io::Result<()> {
        self.wait("events", |counts| &counts.marks, events)
    }

    /// How many events have been received by all of them together.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.counts.marks.load(Relaxed)
    }

    /// How many connections have ended.
    #[must_use]
    pub fn ended(&self) -> u64 {
        self.counts.ended.load(Relaxed)
    }

    fn wait(
        &self,
        what: &str,
        counter: impl Fn(&Counts) -> &AtomicU64,
        target: u64,
    ) -> io::Result<()> {
        let start = Instant::now();
        loop {
            let count = counter(&self.counts).load(Relaxed);
            if count == target {
                return Ok(());
            }
            if self.ended() > 0 || count > target || start.elapsed() > PATIENCE {
                let ended = self.ended();
                return Err(Error::other(format!(
                    "{count} {what} instead of {target}; {ended} connections have ended"
                )));
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

async fn open(address: SocketAddr, request: Arc<[u8]>, counts: Arc<Counts>) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    // Reset when it is dropped, so that no port waits for late segments.
    SockRef::from(&stream).set_linger(Some(Duration::ZERO))?;
    stream.write_all(&request).await?;
    tokio::spawn(async move {
        let _ = receive(&stream, &counts).await;
        counts.ended.fetch_add(1, Relaxed);
    });
    Ok(())
}

/// Reads until the end. All connections share the space they read into.
async fn receive(stream: &TcpStream, counts: &Counts) -> io::Result<()> {
    let mut answered = false;
    loop {
        stream.readable().await?;
        let read = SPACE.with_borrow_mut(|space| {
            let read = stream.try_read(space)?;
            let marks = space[..read].iter().filter(|byte| **byte == MARK).count();
            counts.marks.fetch_add(marks as u64, Relaxed);
            Ok::<_, Error>(read)
        });
        match read {
            Ok(0) => return Ok(()),
            Ok(_) if !answered => {
                answered = true;
                counts.answered.fetch_add(1, Relaxed);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}
