//! What stands between the command and a server: TLS, HTTP/2, compression, proxies.

mod common;

use std::{
    convert::Infallible,
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    sync::{Arc, mpsc},
    thread,
};

use common::{
    Output, command, run,
    server::{Server, head, pause, write},
};
use http_body_util::StreamBody;
use hyper::{body::Frame, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};

fn tail(arguments: &[&str]) -> Output {
    run(
        "tail",
        &[&["-q", "-o", "data", "-n", "1"], arguments].concat(),
        b"",
    )
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

// TLS.

/// An authority of the test's own, and a server for `localhost` that it vouches for.
struct Authority {
    directory: tempfile::TempDir,
    config: ServerConfig,
}

impl Authority {
    fn new(protocols: &[&[u8]]) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new([]).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let directory = tempfile::tempdir().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        fs::write(directory.path().join("ca.pem"), pem).unwrap();

        let server_key = KeyPair::generate().unwrap();
        let server = CertificateParams::new(["localhost".into()]).unwrap();
        let server = server
            .signed_by(&server_key, &Issuer::new(params, key))
            .unwrap();
        let server_key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![server.der().clone()], server_key)
            .unwrap();
        config.alpn_protocols = protocols.iter().map(|name| name.to_vec()).collect();
        Self { directory, config }
    }

    fn file(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// Answers each connection with one event, in clear text inside TLS.
    fn serve(&self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let config = Arc::new(self.config.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
                thread::spawn(move || {
                    let mut stream = StreamOwned::new(connection, stream.unwrap());
                    // A client that does not trust the certificate is gone.
                    if matches!(stream.read(&mut [0; 4096]), Ok(1..)) {
                        let _ = stream.write_all((head("") + "data: sealed\n\n").as_bytes());
                        pause(60_000);
                    }
                });
            }
        });
        address
    }
}

#[test]
fn certificates_are_checked_against_the_given_authority() {
    let authority = Authority::new(&[b"http/1.1"]);
    let url = format!("https://localhost:{}/", authority.serve().port());
    let file = authority.file();
    let file = file.to_str().unwrap();
    let output = tail(&["--cacert", file, &url]);
    assert_eq!(
        (stdout(&output), output.status),
        ("sealed\n", Some(0)),
        "{}",
        output.stderr
    );

    // Not by the system, nor by another authority, nor for another name.
    let other = Authority::new(&[]);
    let other = other.file();
    let by_address = url.replace("localhost", "127.0.0.1");
    for arguments in [
        &[&*url][..],
        &["--cacert", other.to_str().unwrap(), &url],
        &["--cacert", file, &by_address],
    ] {
        let output = tail(&[&["--retry-max", "1"], arguments].concat());
        assert_eq!(output.status, Some(5), "{}", output.stderr);
        assert!(
            output.stderr.contains("TLS: invalid peer certificate"),
            "{}",
            output.stderr
        );
    }
    let output = tail(&["--insecure", &by_address]);
    assert_eq!((stdout(&output), output.status), ("sealed\n", Some(0)));
    assert_eq!(
        output.stderr,
        "sse: --insecure: the server's certificate is not checked\n"
    );
}

/// A server for HTTP/2 that gives one event after another.
fn http2(authority: &Authority) -> SocketAddr {
    let config = Arc::new(authority.config.clone());
    let (sender, address) = mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            sender.send(listener.local_addr().unwrap()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let acceptor = tokio_rustls::TlsAcceptor::from(Arc::clone(&config));
                tokio::spawn(async move {
                    let stream = acceptor.accept(stream).await.unwrap();
                    let service = service_fn(|request: http::Request<_>| async move {
                        let _: hyper::body::Incoming = request.into_body();
                        let events =
                            (1..).map(|number| format!("id: {number}\ndata: {number}\n\n"));
                        let events = tokio_stream(events);
                        let response =
                            http::Response::builder().header("content-type", "text/event-stream");
                        let response = response.header("cache-control", "no-store");
                        Ok::<_, Infallible>(response.body(StreamBody::new(events)).unwrap())
                    });
                    let server = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
                    let _ = server.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
    });
    address.recv().unwrap()
}

/// The items, one every 20 ms.
fn tokio_stream(
    items: impl Iterator<Item = String> + Send + 'static,
) -> impl futures_core::Stream<Item = Result<Frame<bytes::Bytes>, Infallible>> {
    struct Paced<I>(I, std::pin::Pin<Box<tokio::time::Sleep>>);
    impl<I: Iterator<Item = String> + Unpin> futures_core::Stream for Paced<I> {
        type Item = Result<Frame<bytes::Bytes>, Infallible>;

        fn poll_next(
            mut self: std::pin::Pin<&mut Self>,
            cx: &mut std::task::Context<'_>,
        ) -> std::task::Poll<Option<Self::Item>> {
            std::task::ready!(self.1.as_mut().poll(cx));
            let next = tokio::time::Instant::now() + std::time::Duration::from_millis(20);
            self.1.as_mut().reset(next);
            std::task::Poll::Ready(self.0.next().map(|item| Ok(Frame::data(item.into()))))
        }
    }
    Paced(
        Box::new(items),
        Box::pin(tokio::time::sleep(std::time::Duration::ZERO)),
    )
}

#[test]
fn http_2_is_spoken_where_it_is_offered() {
    let authority = Authority::new(&[b"h2"]);
    let url = format!("https://localhost:{}/", http2(&authority).port());
    let file = authority.file();
    let arguments = ["--cacert", file.to_str().unwrap(), &url];
    let output = run(
        "tail",
        &[&["-o", "data", "-n", "3"], &arguments[..]].concat(),
        b"",
    );
    assert_eq!((stdout(&output), output.status), ("1\n2\n3\n", Some(0)));
    assert!(
        output.stderr.contains("HTTP/2.0 200 OK"),
        "{}",
        output.stderr
    );

    let output = run(
        "check",
        &[&["--time", "1s", "-o", "json"], &arguments[..]].concat(),
        b"",
    );
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&report["version"], &report["tls"]),
        (&"HTTP/2.0".into(), &"TLS 1.3".into())
    );
    let mut findings = report["findings"].as_array().unwrap().iter();
    assert!(findings.any(|finding| finding["about"] == "framing" && finding["text"] == "HTTP/2"));
}

// Compression.

#[test]
fn compressed_events_come_when_they_are_flushed() {
    let event = b"data: packed\n\n";
    let gzip = {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(event).unwrap();
        encoder.flush().unwrap();
        encoder.get_ref().clone()
    };
    let br = {
        let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4096, 5, 22);
        encoder.write_all(event).unwrap();
        encoder.flush().unwrap();
        encoder.get_ref().clone()
    };
    let zstd = {
        let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
        encoder.write_all(event).unwrap();
        encoder.flush().unwrap();
        encoder.get_ref().clone()
    };
    for (coding, bytes) in [("gzip", gzip), ("br", br), ("zstd", zstd)] {
        let server = Server::new(move |request, connection| {
            let offered = request.header("accept-encoding").unwrap();
            assert!(
                offered.split(',').any(|name| name.trim() == coding),
                "{offered}"
            );
            write(connection, head(&format!("content-encoding: {coding}\r\n")));
            write(connection, &bytes);
            pause(60_000);
        });
        let output = tail(&[&server.url("/")]);
        assert_eq!(
            (stdout(&output), output.status),
            ("packed\n", Some(0)),
            "{coding}: {}",
            output.stderr
        );
    }
}

// Proxies.

/// The command with this in its environment, and no proxies beside.
fn tail_with(environment: &[(&str, &str)], url: &str) -> Output {
    let mut command = command("tail");
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.args([
        "-q",
        "-o",
        "data",
        "-n",
        "1",
        "--retry-max",
        "1",
        "--insecure",
        url,
    ]);
    let output = command.envs(environment.iter().copied()).output().unwrap();
    Output {
        stdout: output.stdout,
        stderr: String::from_utf8(output.stderr).unwrap(),
        status: output.status.code(),
    }
}

#[test]
fn a_proxy_is_told_the_whole_url_of_http() {
    let proxy = Server::new(|request, connection| {
        assert_eq!(request.header("host"), Some("example.invalid"));
        assert_eq!(
            request.header("proxy-authorization"),
            Some("Basic bWU6c2VjcmV0")
        );
        write(
            connection,
            head("") + &format!("data: {}\n\n", request.target),
        );
        pause(60_000);
    });
    let address = format!("http://me:secret@{}", proxy.address);
    let output = tail_with(&[("http_proxy", &address)], "http://example.invalid/a?b");
    assert_eq!(
        stdout(&output),
        "http://example.invalid/a?b\n",
        "{}",
        output.stderr
    );

    let direct = Server::new(|request, connection| {
        write(
            connection,
            head("") + &format!("data: {}\n\n", request.target),
        );
        pause(60_000);
    });
    let environment = [("http_proxy", &*address), ("no_proxy", "127.0.0.1")];
    assert_eq!(stdout(&tail_with(&environment, &direct.url("/a"))), "/a\n");
}

#[test]
fn a_proxy_makes_a_tunnel_for_https() {
    let authority = Authority::new(&[b"http/1.1"]);
    let server = authority.serve();
    let proxy = Server::new(move |request, connection| {
        assert_eq!(
            (&*request.method, &*request.target),
            ("CONNECT", "example.invalid:443")
        );
        write(connection, "HTTP/1.1 200 OK\r\n\r\n");
        join(connection, TcpStream::connect(server).unwrap());
    });
    let address = format!("http://{}", proxy.address);
    let output = tail_with(&[("https_proxy", &address)], "https://example.invalid/");
    assert_eq!(stdout(&output), "sealed\n", "{}", output.stderr);
}

#[test]
fn a_socks_proxy_resolves_the_name() {
    let server = Server::new(|request, connection| {
        write(
            connection,
            head("") + &format!("data: {}\n\n", request.header("host").unwrap()),
        );
        pause(60_000);
    });
    let target = server.address;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("socks5h://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        // RFC 1928: version 5, no authentication; then CONNECT to a name.
        let (mut client, _) = listener.accept().unwrap();
        let mut greeting = [0; 3];
        client.read_exact(&mut greeting).unwrap();
        assert_eq!(greeting, [5, 1, 0]);
        client.write_all(&[5, 0]).unwrap();
        let mut request = [0; 5 + 15 + 2];
        client.read_exact(&mut request).unwrap();
        assert_eq!(
            (&request[..5], &request[5..20]),
            (&[5, 1, 0, 3, 15][..], &b"example.invalid"[..])
        );
        client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).unwrap();
        join(&client, TcpStream::connect(target).unwrap());
    });
    let output = tail_with(&[("all_proxy", &address)], "http://example.invalid/");
    assert_eq!(stdout(&output), "example.invalid\n", "{}", output.stderr);
}

/// Copies both ways until one of them is gone.
fn join(client: &TcpStream, server: TcpStream) {
    let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
    thread::spawn(move || std::io::copy(&mut from, &mut to));
    let (mut from, mut to) = (server, client.try_clone().unwrap());
    let _ = std::io::copy(&mut from, &mut to);
}
