//! Two nodes, each with a way to Redis of its own, and who uses them.

use std::{
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{
    client::{Log, lock, publish, publish_one, roam},
    common::{Proxy, Server},
    judge::{Allowed, Heard, Published},
};

pub(crate) struct Node {
    name: &'static str,
    port: u16,
    pub(crate) way: Proxy,
    child: Mutex<Option<Child>>,
}

pub(crate) struct World {
    program: PathBuf,
    arguments: Vec<String>,
    pub(crate) nodes: [Node; 2],
    published: Mutex<Published>,
    pub(crate) is_ending: AtomicBool,
}

impl Node {
    fn run(&self, program: &PathBuf, arguments: &[String]) {
        let child = Command::new(program)
            .args(["--redis", &self.way.url(), "--node", self.name])
            .args(["--port", &self.port.to_string()])
            .args(arguments)
            .stdout(Stdio::null())
            .spawn()
            .expect("the example `cluster`");
        *lock(&self.child) = Some(child);
    }

    fn kill(&self) {
        if let Some(mut child) = lock(&self.child).take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

impl World {
    pub(crate) async fn begin(program: &str, arguments: &[&str], server: &Server) -> Arc<Self> {
        let mut nodes = Vec::new();
        for name in ["a", "b"] {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            nodes.push(Node {
                name,
                port: listener.local_addr().unwrap().port(),
                way: Proxy::to(server).await,
                child: Mutex::default(),
            });
        }
        let world = Self {
            program: program.into(),
            arguments: arguments.iter().map(|one| (*one).to_owned()).collect(),
            nodes: nodes.try_into().ok().expect("two"),
            published: Mutex::default(),
            is_ending: AtomicBool::new(false),
        };
        for number in 0..2 {
            world.start(number).await;
        }
        Arc::new(world)
    }

    pub(crate) async fn start(&self, number: usize) {
        let node = &self.nodes[number];
        node.run(&self.program, &self.arguments);
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(("127.0.0.1", node.port))
                .await
                .is_ok()
            {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("node {} does not answer", node.name);
    }

    pub(crate) fn kill(&self, number: usize) {
        self.nodes[number].kill();
    }

    pub(crate) fn port(&self, random: u64) -> u16 {
        self.nodes[(random >> 32) as usize % 2].port
    }

    pub(crate) fn published(&self) -> MutexGuard<'_, Published> {
        lock(&self.published)
    }

    /// All nodes' ways lead there.
    pub(crate) fn lead_to(&self, server: &Server) {
        for node in &self.nodes {
            node.way.lead_to(server);
        }
    }
}

/// So many clients and two publishers, while something happens; then what the judge says.
pub(crate) async fn watch(
    world: &Arc<World>,
    clients: usize,
    pause: Duration,
    allowed: Allowed,
    happens: impl AsyncFnOnce(&World),
) -> Vec<String> {
    let logs: Vec<Log> = (0..clients).map(|_| Log::default()).collect();
    let mut users = JoinSet::new();
    for log in &logs {
        users.spawn(roam(Arc::clone(world), Arc::clone(log)));
    }
    let mut publishers = JoinSet::new();
    for name in ['x', 'y'] {
        publishers.spawn(publish(Arc::clone(world), name, pause));
    }
    sleep(Duration::from_millis(700)).await;
    happens(world).await;
    sleep(Duration::from_millis(1500)).await;
    world.is_ending.store(true, Ordering::SeqCst);
    while publishers.join_next().await.is_some() {}
    // Those that come as new ones after it would wait for ever; so it comes again.
    let all = async {
        loop {
            publish_one(world, "the end", "?within=4000").await;
            let left = async { while users.join_next().await.is_some() {} };
            if timeout(Duration::from_secs(1), left).await.is_ok() {
                break;
            }
        }
    };
    let mut faults = Vec::new();
    if timeout(Duration::from_secs(40), all).await.is_err() {
        faults.push(format!("{} clients wait for ever", users.len()));
    }
    let heard: Vec<_> = logs.iter().map(|log| lock(log).clone()).collect();
    let events = heard.iter().flatten();
    let events = events.filter(|one| matches!(one, Heard::Event(..))).count();
    let told = |what: &str| {
        let told = heard.iter().flatten();
        told.filter(|one| matches!(one, Heard::Told(outcome, ..) if outcome == what))
            .count()
    };
    let published = world.published();
    faults.extend(published.judge(&heard, allowed));
    print!(
        "{} acknowledged, {} unanswered; {events} heard, {} resumed, {} gaps, {} unknown",
        published.acknowledged.len(),
        published.unanswered.len(),
        told("resumed"),
        told("gap"),
        told("unknown"),
    );
    faults
}
