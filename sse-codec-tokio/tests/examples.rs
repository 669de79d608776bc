//! The servers among the examples, run as what they are: programs that are asked to end, run out of
//! files, or print where nobody reads.
//!
//! A plain `cargo test` builds them (with all features); `cargo test --test examples` alone does not,
//! and takes what an earlier build has left.
#![cfg(all(unix, feature = "http-body", feature = "http1"))]

mod common;

use std::{env, net::SocketAddr, path::PathBuf, process::Stdio};

use common::no_hang;
use socket2::{Domain, Socket, Type};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
};

fn example(name: &str) -> PathBuf {
    // …/deps/examples-0123456789abcdef beside …/examples/serve
    let mut path: PathBuf = env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(name);
    assert!(
        path.exists(),
        "run `cargo build --examples --all-features` first: no {path:?}"
    );
    path
}

/// An example on a port of its own.
struct Server {
    address: SocketAddr,
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

/// By way of a shell that sets its limits first.
async fn start(name: &str, limits: &str, arguments: &[&str]) -> Server {
    let mut child = Command::new("sh")
        .args(["-c", &format!("{limits} exec \"$0\" \"$@\"")])
        .arg(example(name))
        .arg("127.0.0.1:0")
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let first = lines
        .next_line()
        .await
        .unwrap()
        .expect("a line with the address");
    let address = first.split(['/', ' ']).find_map(|word| word.parse().ok());
    Server {
        address: address.expect("an address"),
        child,
        lines,
    }
}

impl Server {
    /// The status with which it ends once it is sent a signal.
    async fn end(&mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().expect("it runs").to_string();
        let sent = Command::new("kill")
            .args([signal, &id])
            .status()
            .await
            .unwrap();
        assert!(sent.success());
        self.child.wait().await.unwrap().code()
    }

    async fn events(&self, path: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        client.write_all(request.as_bytes()).await.unwrap();
        client
    }

    /// Lines that begin so, up to the end of the output.
    async fn count_lines(&mut self, start: &str) -> usize {
        let mut count = 0;
        while let Some(line) = self.lines.next_line().await.unwrap() {
            count += usize::from(line.starts_with(start));
        }
        count
    }
}

const PATHS: [(&str, &str); 3] = [("serve", "/events"), ("axum", "/events"), ("hyper", "/")];

#[tokio::test]
async fn both_signals_end_them_in_good_order() {
    no_hang(async {
        for signal in ["-INT", "-TERM"] {
            for (name, path) in PATHS {
                let mut server = start(name, "", &[]).await;
                let mut client = server.events(path).await;
                let mut status = [0; 15];
                client.read_exact(&mut status).await.unwrap();
                assert_eq!(&status, b"HTTP/1.1 200 OK");
                let (ended, read) = tokio::join!(server.end(signal), async {
                    let mut rest = Vec::new();
                    client.read_to_end(&mut rest).await
                });
                assert_eq!(ended, Some(0), "{name} {signal}");
                read.expect("an end and no reset");
            }
        }
    })
    .await;
}

/// Connections that wait in the kernel's queue, while the process has no descriptor for them.
#[tokio::test]
async fn a_signal_is_heard_without_descriptors_and_the_log_has_one_line() {
    no_hang(async {
        for (name, path) in [("serve", "/events"), ("hyper", "/")] {
            let mut server = start(name, "ulimit -n 40;", &[]).await;
            let mut clients = Vec::new();
            for _ in 0..60 {
                clients.push(server.events(path).await);
            }
            let complaint = loop {
                let line = server
                    .lines
                    .next_line()
                    .await
                    .unwrap()
                    .expect("a complaint");
                if line.starts_with("accept: ") {
                    break line;
                }
            };
            assert!(complaint.contains("open files"), "{complaint}");
            // Some ten times it tries in this time.
            tokio::time::sleep(std::time::Duration::from_secs(1)).await;
            let ended = tokio::spawn(async move {
                // They go when they are told to.
                for mut client in clients {
                    let mut rest = Vec::new();
                    let _ = client.read_to_end(&mut rest).await;
                }
            });
            assert_eq!(server.end("-TERM").await, Some(0), "{name}");
            ended.await.unwrap();
            assert_eq!(
                server.count_lines("accept: ").await,
                0,
                "{name}: one line was enough"
            );
        }
    })
    .await;
}

/// And when there are descriptors again, those that waited are served.
#[tokio::test]
async fn it_goes_on_when_there_are_descriptors_again() {
    no_hang(async {
        for (name, path) in [("serve", "/events"), ("hyper", "/")] {
            let server = start(name, "ulimit -n 40;", &[]).await;
            let mut clients = Vec::new();
            for _ in 0..60 {
                clients.push(server.events(path).await);
            }
            // The first ones go, until the last one is answered.
            let mut last = clients.pop().unwrap();
            drop(clients);
            let mut status = [0; 15];
            last.read_exact(&mut status).await.unwrap();
            assert_eq!(&status, b"HTTP/1.1 200 OK", "{name}");
        }
    })
    .await;
}

#[tokio::test]
async fn an_address_in_use_is_named() {
    no_hang(async {
        for (name, _) in PATHS {
            let server = start(name, "", &[]).await;
            let address = server.address.to_string();
            let output = Command::new(example(name))
                .arg(&address)
                .output()
                .await
                .unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert!(said.starts_with(&format!("{address}: ")), "{name}: {said}");
            assert_eq!(output.status.code(), Some(1));
        }
    })
    .await;
}

/// Neither closed nor full output is a reason to stop serving.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn output_that_nobody_takes_stops_nothing() {
    no_hang(async {
        // The port that was free a moment ago is free now, most likely; else the next one is.
        for redirect in [">&- 2>&-", "> /dev/full 2> /dev/full"] {
            let (mut child, address) = loop {
                let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
                socket
                    .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
                    .unwrap();
                let address = socket.local_addr().unwrap().as_socket().unwrap();
                drop(socket);
                let mut child = Command::new("sh")
                    .args(["-c", &format!("exec \"$0\" \"$1\" {redirect}")])
                    .arg(example("serve"))
                    .arg(address.to_string())
                    .kill_on_drop(true)
                    .spawn()
                    .unwrap();
                while child.try_wait().unwrap().is_none()
                    && TcpStream::connect(address).await.is_err()
                {
                    tokio::task::yield_now().await;
                }
                if child.try_wait().unwrap().is_none() {
                    break (child, address);
                }
            };
            for _ in 0..3 {
                let mut client = TcpStream::connect(address).await.unwrap();
                let request = b"GET /events HTTP/1.1\r\nhost: localhost\r\n\r\n";
                client.write_all(request).await.unwrap();
                let mut status = [0; 15];
                client.read_exact(&mut status).await.unwrap();
                assert_eq!(&status, b"HTTP/1.1 200 OK", "{redirect}");
            }
            let id = child.id().unwrap().to_string();
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .await
                .unwrap();
            assert_eq!(child.wait().await.unwrap().code(), Some(0), "{redirect}");
        }
    })
    .await;
}

/// A client that does not read holds up no shutdown.
#[tokio::test]
async fn a_stalled_reader_does_not_hold_up_the_shutdown_of_axum() {
    no_hang(async {
        let mut server = start("axum", "", &["0"]).await;
        let mut client = server.events("/events").await;
        let mut some = [0; 1000];
        client.read_exact(&mut some).await.unwrap();
        // It stops reading, and events are made as fast as they are taken, until nothing more is.
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        assert_eq!(server.end("-TERM").await, Some(0));
    })
    .await;
}
