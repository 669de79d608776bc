//! What happens to Redis and to the nodes.

use std::time::Duration;

use tokio::time::sleep;

use crate::{
    common::Server,
    judge::Allowed,
    world::{World, watch},
};

pub(crate) const NAMES: &[&str] = &[
    "calm",
    "crowd",
    "node-killed",
    "redis-killed-always",
    "redis-killed-everysec",
    "redis-killed-none",
    "older-aof",
    "sleep",
    "client-kill",
    "del",
    "flushall",
    "xtrim",
    "hole",
    "failover",
    "there-and-back",
    "two-masters",
    "burst",
    "behind",
];

const NOTHING: Allowed = Allowed {
    gap: false,
    unknown: false,
};
const GAP: Allowed = Allowed {
    gap: true,
    unknown: false,
};
const UNKNOWN: Allowed = Allowed {
    gap: false,
    unknown: true,
};
const AT_ONCE: [&str; 2] = ["--repl-diskless-sync-delay", "0"];
const PAUSE: Duration = Duration::from_millis(30);

async fn pause(millis: u64) {
    sleep(Duration::from_millis(millis)).await;
}

async fn with(
    program: &str,
    server: &Server,
    allowed: Allowed,
    happens: impl AsyncFnOnce(&World),
) -> Vec<String> {
    let world = World::begin(program, &[], server).await;
    watch(&world, 40, PAUSE, allowed, happens).await
}

async fn redis_killed(program: &str, arguments: &[&str]) -> Vec<String> {
    let mut server = Server::start(arguments);
    let world = World::begin(program, &[], &server).await;
    watch(&world, 40, PAUSE, UNKNOWN, async |_| {
        for _ in 0..2 {
            server.kill();
            pause(300).await;
            server.run();
            pause(800).await;
        }
    })
    .await
}

/// What is wrong after it.
pub(crate) async fn run(name: &str, program: &str) -> Vec<String> {
    match name {
        "calm" => {
            let server = Server::start(&[]);
            with(program, &server, NOTHING, async |_| {}).await
        }
        "crowd" => {
            let server = Server::start(&[]);
            let world = World::begin(program, &[], &server).await;
            watch(&world, 200, PAUSE, NOTHING, async |_| pause(2000).await).await
        }
        "node-killed" => {
            let server = Server::start(&[]);
            with(program, &server, NOTHING, async |world| {
                for number in [0, 1] {
                    world.kill(number);
                    pause(300).await;
                    world.start(number).await;
                    pause(300).await;
                }
            })
            .await
        }
        "redis-killed-always" => {
            redis_killed(program, &["--appendonly", "yes", "--appendfsync", "always"]).await
        }
        "redis-killed-everysec" => {
            redis_killed(
                program,
                &["--appendonly", "yes", "--appendfsync", "everysec"],
            )
            .await
        }
        "redis-killed-none" => redis_killed(program, &[]).await,
        "older-aof" => older_aof(program).await,
        "sleep" => {
            // Longer than any command may take, so that connections are given up.
            let server = Server::start(&["--enable-debug-command", "yes"]);
            with(program, &server, NOTHING, async |_| {
                server.say(&["DEBUG", "SLEEP", "3"]);
            })
            .await
        }
        "client-kill" => {
            let server = Server::start(&[]);
            with(program, &server, NOTHING, async |_| {
                for _ in 0..5 {
                    server.say(&["CLIENT", "KILL", "TYPE", "normal"]);
                    pause(150).await;
                }
            })
            .await
        }
        "del" => {
            let server = Server::start(&[]);
            with(program, &server, UNKNOWN, async |_| {
                for _ in 0..3 {
                    server.say(&["DEL", "{sse}:stream:news"]);
                    pause(300).await;
                }
            })
            .await
        }
        "flushall" => {
            let server = Server::start(&[]);
            with(program, &server, UNKNOWN, async |_| {
                for _ in 0..3 {
                    server.say(&["FLUSHALL"]);
                    pause(300).await;
                }
            })
            .await
        }
        "xtrim" => {
            let server = Server::start(&[]);
            with(program, &server, GAP, async |world| {
                world.kill(0);
                server.say(&["XTRIM", "{sse}:stream:news", "MAXLEN", "3"]);
                pause(300).await;
                world.start(0).await;
                server.say(&["XTRIM", "{sse}:stream:news", "MAXLEN", "0"]);
            })
            .await
        }
        "hole" => hole(program).await,
        "failover" => {
            let first = Server::start(&AT_ONCE);
            let second = replica(&first).await;
            with(program, &first, UNKNOWN, async |world| {
                world.lead_to(&second);
                first.say(&["FAILOVER"]);
                second.until(&["INFO", "replication"], "role:master").await;
                pause(500).await;
            })
            .await
        }
        "there-and-back" => there_and_back(program).await,
        "two-masters" => two_masters(program).await,
        "burst" => {
            let server = Server::start(&[]);
            let few = ["--events", "100", "--kept", "20"];
            let world = World::begin(program, &few, &server).await;
            watch(&world, 40, Duration::from_micros(500), GAP, async |_| {}).await
        }
        "behind" => {
            let server = Server::start(&[]);
            with(program, &server, NOTHING, async |world| {
                world.nodes[1].way.late(Duration::from_millis(400));
                pause(2500).await;
                world.nodes[1].way.late(Duration::ZERO);
            })
            .await
        }
        _ => vec!["no such scenario".to_owned()],
    }
}

async fn older_aof(program: &str) -> Vec<String> {
    let mut server = Server::start(&["--appendonly", "yes", "--appendfsync", "always"]);
    let world = World::begin(program, &[], &server).await;
    watch(&world, 40, PAUSE, UNKNOWN, async |_| {
        let kept = server.keep_files();
        pause(500).await;
        server.kill();
        server.put_back(&kept);
        server.run();
        pause(500).await;
    })
    .await
}

async fn replica(server: &Server) -> Server {
    let replica = Server::start(&["--replicaof", "127.0.0.1", &server.port.to_string()]);
    replica
        .until(&["INFO", "replication"], "master_link_status:up")
        .await;
    replica
}

async fn hole(program: &str) -> Vec<String> {
    let first = Server::start(&AT_ONCE);
    let second = replica(&first).await;
    with(program, &first, UNKNOWN, async |world| {
        // What comes now is not on the second.
        second.say(&["REPLICAOF", "NO", "ONE"]);
        pause(400).await;
        world.lead_to(&second);
        first.say(&["REPLICAOF", "127.0.0.1", &second.port.to_string()]);
        pause(500).await;
    })
    .await
}

async fn there_and_back(program: &str) -> Vec<String> {
    let first = Server::start(&AT_ONCE);
    let second = replica(&first).await;
    with(program, &first, UNKNOWN, async |world| {
        let both = [(&first, &second), (&second, &first)];
        for (from, to) in both {
            to.say(&["REPLICAOF", "NO", "ONE"]);
            pause(200).await;
            world.lead_to(to);
            from.say(&["REPLICAOF", "127.0.0.1", &to.port.to_string()]);
            from.until(&["INFO", "replication"], "master_link_status:up")
                .await;
            pause(300).await;
        }
    })
    .await
}

async fn two_masters(program: &str) -> Vec<String> {
    let first = Server::start(&AT_ONCE);
    let second = replica(&first).await;
    with(program, &first, UNKNOWN, async |world| {
        second.say(&["REPLICAOF", "NO", "ONE"]);
        let way = &world.nodes[1].way;
        way.lead_to(&second);
        way.cut();
        pause(1000).await;
        world.lead_to(&second);
        first.say(&["REPLICAOF", "127.0.0.1", &second.port.to_string()]);
        pause(500).await;
    })
    .await
}
