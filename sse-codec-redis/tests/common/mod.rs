//! Real Redis servers on private ports, and clients that keep what they get.
#![allow(dead_code, reason = "each test uses some of it")]

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicU32, Ordering},
    },
    time::Duration,
};

use sse_codec::replay::Id;
use sse_codec_redis::{RedisHub, RedisOptions, RedisTopics};
use sse_codec_tokio::{
    EventReader, Framing, OwnedEvent, ServeOptions, Subscribe, Subscription, serve,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream},
    net::TcpStream,
    sync::{Notify, mpsc},
    task::JoinHandle,
    time::{Instant, sleep_until, timeout},
};

/// Longer than anything takes that works.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) port: u16,
    dir: PathBuf,
    arguments: Vec<String>,
    child: Option<Child>,
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = format!("sse-redis-{}-{number}", std::process::id());
        let dir = std::env::temp_dir().join(dir);
        fs::create_dir_all(&dir).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let arguments = arguments.iter().map(|one| (*one).to_owned()).collect();
        let mut server = Self {
            port,
            dir,
            arguments,
            child: None,
        };
        server.run();
        server
    }

    pub(crate) fn run(&mut self) {
        let child = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--save", "", "--port"])
            .arg(self.port.to_string())
            .arg("--dir")
            .arg(&self.dir)
            .args(&self.arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server, of Debian's package of that name");
        self.child = Some(child);
        for _ in 0..500 {
            if self
                .try_say(&["PING"])
                .is_some_and(|answer| answer.contains("PONG") || answer.contains("NOAUTH"))
            {
                return;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not answer");
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// A copy of its files as they are now.
    pub(crate) fn keep_files(&self) -> PathBuf {
        let kept = self.dir.with_extension("kept");
        copy_all(&self.dir, &kept);
        kept
    }

    /// They are as they were then.
    pub(crate) fn put_back(&self, kept: &Path) {
        fs::remove_dir_all(&self.dir).unwrap();
        copy_all(kept, &self.dir);
        fs::remove_dir_all(kept).unwrap();
    }

    /// By a signal: `STOP`, `CONT`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.as_ref().unwrap().id().to_string();
        let status = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(status.unwrap().success());
    }

    /// Waits until it says this, among other things.
    pub(crate) async fn until(&self, words: &[&str], says: &str) {
        let wait = async {
            while !self.try_say(words).is_some_and(|said| said.contains(says)) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        timeout(LONG, wait).await.expect(says);
    }

    /// How often a command was called.
    pub(crate) fn calls(&self, command: &str) -> u64 {
        let stats = self.say(&["INFO", "commandstats"]);
        let line = stats
            .lines()
            .find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
        line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
    }

    /// How many epochs have begun in a topic, as far as its stream knows.
    pub(crate) fn floors(&self, topic: &str) -> usize {
        let stream = format!("{{sse}}:stream:{topic}");
        let said = self.say(&["--raw", "XRANGE", &stream, "-", "+"]);
        said.lines()
            .filter(|line| Id::parse(line.as_bytes()).is_some_and(|id| id.seq == 0))
            .count()
    }

    fn try_say(&self, words: &[&str]) -> Option<String> {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(words)
            .output();
        let output = output.expect("redis-cli");
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    pub(crate) fn say(&self, words: &[&str]) -> String {
        self.try_say(words).expect("an answer")
    }

    /// How many IDs of events are in a topic's stream, and which.
    pub(crate) fn ids(&self, topic: &str) -> Vec<Id> {
        let stream = format!("{{sse}}:stream:{topic}");
        let said = self.say(&["--raw", "XRANGE", &stream, "-", "+"]);
        let ids = said.lines().filter_map(|line| Id::parse(line.as_bytes()));
        ids.filter(|id| id.seq > 0).collect()
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy_all(&entry.path(), &to),
            false => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        let _ = fs::remove_dir_all(&self.dir);
    }
}

pub(crate) fn options() -> RedisOptions {
    RedisOptions::new().timeout(Duration::from_millis(500))
}

pub(crate) async fn open(server: &Server) -> RedisTopics {
    RedisTopics::open(&server.url(), options()).await.unwrap()
}

/// An address that leads to one Redis or another, as a name does after a failover.
pub(crate) struct Proxy {
    port: u16,
    state: Arc<ProxyState>,
    accepting: JoinHandle<()>,
}

struct ProxyState {
    to: AtomicU16,
    /// How much later what Redis says arrives, in ms.
    late: AtomicU32,
    cut: Notify,
}

impl Proxy {
    pub(crate) async fn to(server: &Server) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(ProxyState {
            to: AtomicU16::new(server.port),
            late: AtomicU32::new(0),
            cut: Notify::new(),
        });
        let mine = Arc::clone(&state);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let state = Arc::clone(&mine);
                tokio::spawn(async move {
                    tokio::select! {
                        () = carry(stream, &state) => {}
                        () = state.cut.notified() => {}
                    }
                });
            }
        });
        Self {
            port,
            state,
            accepting,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/", self.port)
    }

    /// New connections lead there. Those that there are stay.
    pub(crate) fn lead_to(&self, server: &Server) {
        self.state.to.store(server.port, Ordering::SeqCst);
    }

    pub(crate) fn cut(&self) {
        self.state.cut.notify_waiters();
    }

    pub(crate) fn late(&self, time: Duration) {
        self.state
            .late
            .store(time.as_millis() as u32, Ordering::SeqCst);
    }
}

async fn carry(stream: TcpStream, state: &ProxyState) {
    let to = ("127.0.0.1", state.to.load(Ordering::SeqCst));
    let Ok(redis) = TcpStream::connect(to).await else {
        return;
    };
    let (mut asks, mut answered) = stream.into_split();
    let (mut answers, mut asked) = redis.into_split();
    let asking = tokio::io::copy(&mut asks, &mut asked);
    let answering = async {
        let (pieces, mut late) = mpsc::unbounded_channel::<(Instant, Vec<u8>)>();
        let reading = async {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count @ 1..) = answers.read(&mut buffer).await {
                let time = Duration::from_millis(state.late.load(Ordering::SeqCst).into());
                let _ = pieces.send((Instant::now() + time, buffer[..count].to_vec()));
            }
        };
        let writing = async {
            while let Some((at, piece)) = late.recv().await {
                sleep_until(at).await;
                if answered.write_all(&piece).await.is_err() {
                    break;
                }
            }
        };
        tokio::select! {
            () = reading => {}
            () = writing => {}
        }
    };
    tokio::select! {
        _ = asking => {}
        () = answering => {}
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut();
    }
}

/// A client, by way of `serve`.
pub(crate) struct Client {
    reader: EventReader<DuplexStream>,
    serving: JoinHandle<()>,
    pub(crate) last_id: String,
}

impl Client {
    pub(crate) async fn come(hub: &RedisHub, id: &str) -> Self {
        Self::with(
            hub.subscribe(Subscribe::after(Some(id.as_bytes())))
                .await
                .unwrap(),
            id,
        )
    }

    pub(crate) fn with(news: Subscription, id: &str) -> Self {
        let (here, there) = tokio::io::duplex(64 * 1024);
        let options = ServeOptions::new().framing(Framing::Elsewhere);
        let serving = tokio::spawn(async move {
            serve(there, news, options).await;
        });
        Self {
            reader: EventReader::new(here, 1 << 20),
            serving,
            last_id: id.to_owned(),
        }
    }

    pub(crate) async fn next(&mut self) -> OwnedEvent {
        let next = timeout(LONG, self.reader.next_event()).await;
        let event = next
            .expect("an event before long")
            .expect("not the end")
            .unwrap();
        self.last_id = String::from_utf8(event.last_event_id().to_vec()).unwrap();
        event
    }

    /// The data of the next event, with `replay ` before it if it is said by the subscription.
    pub(crate) async fn text(&mut self) -> String {
        let event = self.next().await;
        let data = event.data_str().unwrap().to_owned();
        match event.is_type("replay") {
            true => format!("replay {data}"),
            false => data,
        }
    }

    pub(crate) async fn texts(&mut self, count: usize) -> Vec<String> {
        let mut texts = Vec::new();
        for _ in 0..count {
            texts.push(self.text().await);
        }
        texts
    }

    /// The stream ends.
    pub(crate) async fn ends(&mut self) {
        let next = timeout(LONG, self.reader.next_event()).await;
        assert!(next.expect("the end before long").is_none());
    }

    /// Nothing comes for a while. It cannot prove that nothing ever would.
    pub(crate) async fn is_silent(&mut self, time: Duration) -> bool {
        timeout(time, self.reader.next_event()).await.is_err()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
