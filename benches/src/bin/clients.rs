//! What clients cost: processor time of one thread that reads the same stream of events over the
//! loopback, in interleaved rounds; the server is another thread. Each is given as a ratio to its HTTP
//! client alone, which reads the body and looks at nothing.
//!
//! ```text
//! cargo run --release -p benches --no-default-features --features clients --bin clients [-- --rounds 21]
//! ```

use std::{
    error::Error,
    hint::black_box,
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::Duration,
};

use benches::{
    args::Args,
    corpus::{Corpus, Kind, Part},
    input::Counts,
    measure::{Effort, Timing, interleave},
    report::Table,
    versions,
};
use bytes::Bytes;
use eventsource_client::{Client as _, ClientBuilder, ReconnectOptions, SSE};
use eventsource_stream::Eventsource as _;
use futures_util::StreamExt;
use http_body_util::{BodyExt, Empty};
use hyper::{body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use launchdarkly_sdk_transport::{ByteStream, HttpTransport, ResponseFuture};
use sse_codec_tokio::client::{EventSource, Item, Over};
use tokio::runtime::{Builder, Runtime};

/// One stream.
const LEN: usize = 8 << 20;

/// The bytes of an HTTP chunk, about those of twenty events.
const CHUNK: usize = 4 << 10;

const LIMIT: usize = 1 << 20;

/// Named with their versions.
const PEERS: [&str; 4] = [
    "hyper",
    "reqwest",
    "eventsource-client",
    "eventsource-stream",
];

type Way = fn(&Runtime, SocketAddr) -> Result<Counts, Box<dyn Error>>;

/// Who reads, and whose cost is the measure of it.
const WAYS: [(&str, Way, &str); 6] = [
    ("hyper alone", hyper_alone, "hyper alone"),
    ("EventSource over hyper", ours_over_hyper, "hyper alone"),
    (
        "eventsource-client over hyper",
        eventsource_client_over_hyper,
        "hyper alone",
    ),
    ("reqwest alone", reqwest_alone, "reqwest alone"),
    (
        "EventSource over reqwest",
        ours_over_reqwest,
        "reqwest alone",
    ),
    (
        "eventsource-stream over reqwest",
        eventsource_stream_over_reqwest,
        "reqwest alone",
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::from_env("clients [--quick] [--rounds N] [--only hyper,reqwest]");
    let corpus = Corpus::new(Kind::Tokens, LEN);
    let whole = corpus.whole();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    println!("{}, {}", versions::machine(), versions::date());
    for (name, version) in versions::locked(&PEERS) {
        print!("{name} {version}  ");
    }
    let size = whole.len as f64 / whole.counts.events as f64;
    println!("\n{} events of {size:.0} B\n", whole.counts.events);

    let bytes = corpus
        .input(whole, usize::MAX)
        .chunks()
        .next()
        .unwrap_or_default();
    println!("An event in each HTTP chunk, as they come from a language model:\n");
    let address = serve(events(bytes))?;
    println!("{}", table(&args, &runtime, address, whole)?);
    println!("Chunks of {CHUNK} B, as from a backlog:\n");
    let address = serve(corpus.input(whole, CHUNK).chunks())?;
    println!("{}", table(&args, &runtime, address, whole)?);
    Ok(())
}

/// Each with its blank line.
fn events(mut bytes: &'static [u8]) -> impl Iterator<Item = &'static [u8]> {
    std::iter::from_fn(move || {
        let end = bytes.windows(2).position(|two| two == b"\n\n")?;
        let (event, rest) = bytes.split_at(end + 2);
        bytes = rest;
        Some(event)
    })
}

fn table(
    args: &Args,
    runtime: &Runtime,
    address: SocketAddr,
    whole: Part,
) -> Result<Table, Box<dyn Error>> {
    let wanted =
        |name: &str| args.only.is_empty() || args.only.iter().any(|part| name.contains(part));
    let ways = WAYS.into_iter().filter(|(name, ..)| wanted(name));
    let ways = ways.collect::<Vec<_>>();
    for (name, way, base) in &ways {
        let counts = way(runtime, address)?;
        let is_right = match name == base {
            true => counts.data == whole.len,
            false => counts == whole.counts,
        };
        if !is_right {
            return Err(format!("{name} found {counts:?}, and not {:?}", whole.counts).into());
        }
    }
    let effort = Effort::from_args(args);
    let timings = interleave(&ways, effort.rounds, Duration::ZERO, |(name, way, _)| {
        if let Err(error) = way(runtime, address) {
            eprintln!("{name}: {error}");
        }
    });
    let mut table = Table::new(&["", "ns/event", "more than its HTTP client alone", "spread"]);
    for ((name, _, base), timing) in ways.iter().zip(&timings) {
        let alone = ways.iter().position(|(name, ..)| name == base);
        let more = alone.map(|at| timing.median / timings[at].median - 1.0);
        table.row([
            (*name).to_owned(),
            format!("{:.0}", timing.median / whole.counts.events as f64),
            more.map_or_else(String::new, |more| format!("{:+.0} %", 100.0 * more)),
            spread(timing),
        ]);
    }
    Ok(table)
}

fn spread(timing: &Timing) -> String {
    let noisy = if timing.is_noisy() { " (noisy)" } else { "" };
    format!("{:.0} %{noisy}", 100.0 * timing.spread)
}

/// A server that sends the same stream to everybody and closes.
fn serve(chunks: impl Iterator<Item = &'static [u8]>) -> std::io::Result<SocketAddr> {
    let mut response = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
        transfer-encoding: chunked\r\n\r\n"
        .to_vec();
    for chunk in chunks {
        write!(response, "{:x}\r\n", chunk.len())?;
        response.extend_from_slice(chunk);
        response.extend_from_slice(b"\r\n");
    }
    response.extend_from_slice(b"0\r\n\r\n");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that is gone is none of its business.
            let _ = answer(stream, &response);
        }
    });
    Ok(address)
}

fn answer(mut stream: TcpStream, response: &[u8]) -> std::io::Result<()> {
    let mut request = BufReader::new(&stream);
    let mut line = String::new();
    while request.read_line(&mut line)? > 2 {
        line.clear();
    }
    stream.write_all(response)
}

async fn connect<B>(
    address: SocketAddr,
    request: http::Request<B>,
) -> Result<http::Response<Incoming>, Box<dyn Error + Send + Sync>>
where
    B: http_body::Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let stream = tokio::net::TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender.send_request(request).await?)
}

fn hyper_alone(runtime: &Runtime, address: SocketAddr) -> Result<Counts, Box<dyn Error>> {
    runtime.block_on(async {
        let request = http::Request::get("/").header("host", "localhost");
        let response = connect(address, request.body(Empty::<Bytes>::new())?).await;
        let mut body = response.map_err(|error| error.to_string())?.into_body();
        let mut counts = Counts::default();
        while let Some(frame) = body.frame().await {
            if let Ok(bytes) = frame?.into_data() {
                counts.data += black_box(bytes).len();
            }
        }
        Ok(counts)
    })
}

fn ours_over_hyper(runtime: &Runtime, address: SocketAddr) -> Result<Counts, Box<dyn Error>> {
    let request = http::Request::get("/")
        .header("host", "localhost")
        .body(Bytes::new())?;
    let send = move |request: http::Request<Bytes>| {
        connect(address, request.map(http_body_util::Full::new))
    };
    runtime.block_on(count(EventSource::new(request, send, LIMIT)))
}

fn ours_over_reqwest(runtime: &Runtime, address: SocketAddr) -> Result<Counts, Box<dyn Error>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let request = http::Request::get(format!("http://{address}/")).body(Bytes::new())?;
    let send = move |request: http::Request<Bytes>| {
        let client = client.clone();
        async move {
            let response = client.execute(request.try_into()?).await?;
            Ok::<http::Response<reqwest::Body>, reqwest::Error>(response.into())
        }
    };
    runtime.block_on(count(EventSource::new(request, send, LIMIT)))
}

/// To the end of the first connection.
async fn count<C, B, E>(mut source: EventSource<C>) -> Result<Counts, Box<dyn Error>>
where
    C: sse_codec_tokio::client::Connect<Body = B, Error = E>,
    B: http_body::Body<Data = Bytes, Error: std::fmt::Display>,
    E: std::fmt::Display,
{
    let mut counts = Counts::default();
    loop {
        match source.next().await {
            Some(Ok(Item::Event(event))) => {
                counts.add(event.event_type().unwrap_or(b"message"), event.data());
            }
            Some(Ok(Item::Reconnecting { .. })) => return Ok(counts),
            Some(Ok(_)) => {}
            Some(Err(over)) => return Err(Over::to_string(&over).into()),
            None => return Err("over".into()),
        }
    }
}

fn reqwest_alone(runtime: &Runtime, address: SocketAddr) -> Result<Counts, Box<dyn Error>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    runtime.block_on(async {
        let mut response = client.get(format!("http://{address}/")).send().await?;
        let mut counts = Counts::default();
        while let Some(bytes) = response.chunk().await? {
            counts.data += black_box(bytes).len();
        }
        Ok(counts)
    })
}

fn eventsource_stream_over_reqwest(
    runtime: &Runtime,
    address: SocketAddr,
) -> Result<Counts, Box<dyn Error>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    runtime.block_on(async {
        let response = client.get(format!("http://{address}/")).send().await?;
        let mut events = response.bytes_stream().eventsource();
        let mut counts = Counts::default();
        while let Some(event) = events.next().await {
            let event = event.map_err(|error| error.to_string())?;
            counts.add(event.event.as_bytes(), event.data.as_bytes());
        }
        Ok(counts)
    })
}

fn eventsource_client_over_hyper(
    runtime: &Runtime,
    address: SocketAddr,
) -> Result<Counts, Box<dyn Error>> {
    runtime.block_on(async {
        let client = ClientBuilder::for_url("http://localhost/")
            .map_err(|error| error.to_string())?
            .reconnect(ReconnectOptions::reconnect(false).build())
            .build_with_transport(OverHyper(address));
        let mut events = client.stream();
        let mut counts = Counts::default();
        while let Some(event) = events.next().await {
            if let Ok(SSE::Event(event)) = event {
                counts.add(event.event_type.as_bytes(), event.data.as_bytes());
            }
        }
        Ok(counts)
    })
}

/// The same connection that `EventSource` has here.
#[derive(Clone)]
struct OverHyper(SocketAddr);

impl HttpTransport for OverHyper {
    fn request(&self, _: http::Request<Option<Bytes>>) -> ResponseFuture {
        let address = self.0;
        Box::pin(async move {
            let request = http::Request::get("/").header("host", "localhost");
            let request = request
                .body(Empty::<Bytes>::new())
                .map_err(transport_error)?;
            let response = connect(address, request).await.map_err(transport_error)?;
            Ok(response.map(|body| -> ByteStream {
                Box::pin(
                    body.into_data_stream()
                        .map(|bytes| bytes.map_err(transport_error)),
                )
            }))
        })
    }
}

fn transport_error(error: impl std::fmt::Display) -> launchdarkly_sdk_transport::TransportError {
    launchdarkly_sdk_transport::TransportError::new(std::io::Error::other(error.to_string()))
}
