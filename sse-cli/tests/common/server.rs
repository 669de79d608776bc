//! Servers that answer by hand, byte for byte.

use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// The head of a request. Names of headers are in lower case.
#[derive(Clone, Debug)]
pub struct Request {
    /// The number of the connection, from 0.
    pub number: usize,
    pub method: String,
    pub target: String,
    pub version: String,
    pub headers: Vec<(String, String)>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|header| header.0 == name)
            .map(|header| &*header.1)
    }

    fn read(number: usize, stream: &TcpStream) -> Option<Self> {
        let mut lines = BufReader::new(stream).lines();
        let first = lines.next()?.ok()?;
        let mut words = first.split(' ').map(str::to_owned);
        let mut request = Self {
            number,
            method: words.next()?,
            target: words.next()?,
            version: words.next()?,
            headers: Vec::new(),
        };
        for line in lines {
            let line = line.ok()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':')?;
            request
                .headers
                .push((name.to_lowercase(), value.trim().to_owned()));
        }
        Some(request)
    }
}

/// A server on a thread, each of its connections on one too. It lives as long as the test.
pub struct Server {
    pub address: SocketAddr,
}

impl Server {
    /// When `answer` returns, the connection ends.
    pub fn new(answer: impl Fn(&Request, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let answer = Arc::new(answer);
        let count = AtomicUsize::new(0);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let answer = Arc::clone(&answer);
                let number = count.fetch_add(1, Ordering::SeqCst);
                let mut stream = stream.unwrap();
                thread::spawn(move || {
                    if let Some(request) = Request::read(number, &stream) {
                        answer(&request, &mut stream);
                    }
                });
            }
        });
        Self { address }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

/// A head with these headers, and what every stream has.
pub fn head(headers: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-store\r\n{headers}\r\n"
    )
}

/// Writes, unless the client has gone.
pub fn write(stream: &mut TcpStream, bytes: impl AsRef<[u8]>) -> bool {
    stream.write_all(bytes.as_ref()).is_ok()
}

/// Writes as a chunk of its own.
pub fn write_chunk(stream: &mut TcpStream, bytes: impl AsRef<[u8]>) -> bool {
    let bytes = bytes.as_ref();
    let chunk = [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    write(stream, chunk)
}

pub fn pause(millis: u64) {
    thread::sleep(Duration::from_millis(millis));
}
