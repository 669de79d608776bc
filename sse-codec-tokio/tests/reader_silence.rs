//! The read timeout of `EventReader`: a server is silent when it has nothing while somebody waits.

use std::{
    future::Future,
    io::{self, Write},
    mem,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use sse_codec_tokio::{EventReader, ReadError};
use tokio::{
    io::{AsyncRead, AsyncWriteExt, ReadBuf, duplex},
    time::{Instant, sleep, timeout},
};

const LONGEST: Duration = Duration::from_secs(10);

/// A transport that begins to read when it is asked, and has something when it is asked again:
/// `tokio::io::stdin` does this. It tells after each read, as that does, nothing of what has come.
struct Lazy<R> {
    io: R,
    was_asked: bool,
}

impl<R: AsyncRead + Unpin> AsyncRead for Lazy<R> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !mem::replace(&mut self.was_asked, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let read = Pin::new(&mut self.io).poll_read(cx, buffer);
        self.was_asked = read.is_pending();
        read
    }
}

fn reader<R: AsyncRead + Unpin>(io: R) -> EventReader<R> {
    EventReader::new(io, 64).with_read_timeout(LONGEST)
}

/// The data of the next event.
async fn next<R: AsyncRead + Unpin>(reader: &mut EventReader<R>) -> String {
    let event = reader.next_event().await.expect("a stream that goes on");
    event.expect("no timeout").data_lossy().into_owned()
}

async fn assert_timed_out<R: AsyncRead + Unpin>(reader: &mut EventReader<R>) {
    let item = reader.next_event().await;
    assert!(matches!(item, Some(Err(ReadError::TimedOut))), "{item:?}");
    assert!(reader.next_event().await.is_none(), "once");
}

/// Field case C01.
#[tokio::test(start_paused = true)]
async fn a_busy_consumer_loses_nothing_that_is_there() {
    let (mut server, io) = duplex(64);
    let mut reader = reader(Lazy {
        io,
        was_asked: false,
    });
    for data in ["a", "b", "c"] {
        server
            .write_all(format!("data: {data}\n\n").as_bytes())
            .await
            .unwrap();
        sleep(LONGEST * 2).await;
        assert_eq!(next(&mut reader).await, data);
    }
    let begin = Instant::now();
    assert_timed_out(&mut reader).await;
    assert_eq!(begin.elapsed(), LONGEST);
}

/// Through what `tokio::io::stdin` is made of: a pipe, read by a thread that is asked to.
#[cfg(unix)]
#[tokio::test(start_paused = true)]
async fn a_busy_consumer_loses_nothing_of_a_pipe() {
    let (pipe, mut server) = io::pipe().unwrap();
    let pipe = std::os::fd::OwnedFd::from(pipe);
    let mut reader = reader(tokio::fs::File::from_std(pipe.into()));
    for data in ["a", "b", "c"] {
        write!(server, "data: {data}\n\n").unwrap();
        sleep(LONGEST * 2).await;
        assert_eq!(next(&mut reader).await, data);
    }
    drop(server);
    assert!(reader.next_event().await.is_none());
}

/// A consumer that asked once, went away and was busy for longer than the timeout: what came in the
/// meantime is found, though the transport needs to be asked twice.
#[tokio::test(start_paused = true)]
async fn a_consumer_that_gave_up_its_wait_loses_nothing() {
    /// Gives what is there at every third call, or fourth, and nothing at the others.
    struct Slow<R>(R, u32, u32);

    impl<R: AsyncRead + Unpin> AsyncRead for Slow<R> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            cx: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.1 += 1;
            if !self.1.is_multiple_of(self.2) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Pin::new(&mut self.0).poll_read(cx, buffer)
        }
    }

    let (mut server, io) = duplex(64);
    let mut reader = reader(Slow(io, 0, 3));
    // Asked once, and dropped.
    poll_once(reader.next_event()).await;
    server.write_all(b"data: a\n\n").await.unwrap();
    sleep(LONGEST * 2).await;
    assert_eq!(next(&mut reader).await, "a");

    let (mut server, io) = duplex(64);
    let mut reader = self::reader(Slow(io, 0, 4));
    // Dropped when the time was over and the transport was to be asked for the last time.
    poll_once(reader.next_event()).await;
    sleep(LONGEST * 2).await;
    poll_once(reader.next_event()).await;
    server.write_all(b"data: a\n\n").await.unwrap();
    sleep(LONGEST * 2).await;
    assert_eq!(next(&mut reader).await, "a");
}

/// A socket of which the runtime has not yet heard that it has something: the task kept the thread.
#[tokio::test]
async fn a_task_that_keeps_its_thread_loses_nothing_of_a_socket() {
    // Spawned: between two turns of the first task of a runtime, tokio always looks.
    tokio::spawn(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (client, server) =
            tokio::join!(tokio::net::TcpStream::connect(address), listener.accept());
        let mut server = server.unwrap().0.into_std().unwrap();
        server.set_nonblocking(false).unwrap();
        let longest = Duration::from_millis(40);
        let mut reader = EventReader::new(client.unwrap(), 64).with_read_timeout(longest);
        for _ in 0..4 {
            // A wait begins, and a timer.
            poll_once(reader.next_event()).await;
            sleep(longest / 2).await;
            // A second wait begins. The timer of the first one fires.
            server.write_all(b":").unwrap();
            let waited = timeout(longest / 8, reader.next_event()).await;
            assert!(waited.is_err());
            sleep(longest * 5 / 8).await;
            server.write_all(b"\ndata: a\n\n").unwrap();
            // No `await`: neither the clock nor the socket is looked at until the second wait is over.
            std::thread::sleep(longest);
            assert_eq!(next(&mut reader).await, "a");
        }
    })
    .await
    .unwrap();
}

/// Somebody who looks in once a second waits all the same: the wait is not begun anew.
#[tokio::test(start_paused = true)]
async fn a_wait_that_is_taken_up_again_goes_on() {
    let (_server, io) = duplex(64);
    let mut reader = reader(io);
    let begin = Instant::now();
    let item = loop {
        if let Ok(item) = timeout(Duration::from_secs(1), reader.next_event()).await {
            break item;
        }
    };
    assert!(matches!(item, Some(Err(ReadError::TimedOut))), "{item:?}");
    assert_eq!(begin.elapsed(), LONGEST);
}

/// Every byte counts, those of heartbeats too, and for every way of reading.
#[tokio::test(start_paused = true)]
async fn heartbeats_keep_it_alive() {
    let (mut server, io) = duplex(64);
    let mut reader = reader(io);
    let begin = Instant::now();
    let heartbeats = async {
        for _ in 0..5 {
            sleep(Duration::from_secs(9)).await;
            server.write_all(b":").await.unwrap();
        }
        server
    };
    let (item, _server) = tokio::join!(reader.next_step(), heartbeats);
    assert!(matches!(item, Some(Err(ReadError::TimedOut))), "{item:?}");
    assert_eq!(begin.elapsed().as_secs(), 55);
}

/// A connection that is new is not silent for what the old one was.
#[tokio::test(start_paused = true)]
async fn the_timeout_stays_over_a_reconnection_and_begins_anew() {
    let (_server, io) = duplex(64);
    let mut reader = reader(io);
    assert_timed_out(&mut reader).await;
    let (_server, io) = duplex(64);
    reader.reconnect(io);
    let begin = Instant::now();
    assert_timed_out(&mut reader).await;
    assert_eq!(begin.elapsed(), LONGEST);
}

/// Of no length: what is there is read all the same.
#[tokio::test(start_paused = true)]
async fn a_timeout_that_is_at_once() {
    let (mut server, io) = duplex(64);
    let io = Lazy {
        io,
        was_asked: false,
    };
    let mut reader = EventReader::new(io, 64).with_read_timeout(Duration::ZERO);
    server.write_all(b"data: a\n\n").await.unwrap();
    assert_eq!(next(&mut reader).await, "a");
    assert_timed_out(&mut reader).await;
}

#[tokio::test(start_paused = true)]
async fn a_timeout_that_is_never() {
    let (_server, io) = duplex(64);
    let mut reader = EventReader::new(io, 64).with_read_timeout(Duration::MAX);
    let waited = timeout(Duration::from_secs(1 << 30), reader.next_event()).await;
    assert!(waited.is_err());
}

/// Polls a future once and drops it.
async fn poll_once<F: Future>(future: F) {
    let mut future = std::pin::pin!(future);
    std::future::poll_fn(|cx| {
        assert!(future.as_mut().poll(cx).is_pending());
        Poll::Ready(())
    })
    .await;
}
