use std::{collections::VecDeque, error::Error, io::Write};

use bytes::Bytes;
use flate2::write::GzDecoder;
use http_body_util::{BodyExt, Empty};
use hyper::{Request, body::Incoming, client::conn::http1};
use hyper_util::rt::TokioIo;
use sse_codec::{Chunk, Growable, Parser};
use tokio::{net::TcpStream, task::JoinHandle};

/// A stream that is being read. Dropped, it closes its connection.
pub struct Client {
    body: Incoming,
    /// Where the body is compressed.
    decoder: Option<GzDecoder<Vec<u8>>>,
    parser: Parser<Growable>,
    events: VecDeque<String>,
    connection: JoinHandle<()>,
}

impl Client {
    /// Returns when the head has come.
    pub async fn open(address: &str, path: &str) -> Result<Self, Box<dyn Error>> {
        let stream = TcpStream::connect(address).await?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let connection = tokio::spawn(async {
            let _ = connection.await;
        });
        let request = Request::get(path)
            .header("host", address)
            .header("accept", "text/event-stream")
            .header("accept-encoding", "gzip")
            .body(Empty::<Bytes>::new())?;
        let response = sender.send_request(request).await?;
        if response.status() != 200 {
            return Err(format!("is a {}", response.status()).into());
        }
        let is_compressed = response.headers().contains_key("content-encoding");
        Ok(Self {
            body: response.into_body(),
            decoder: is_compressed.then(|| GzDecoder::new(Vec::new())),
            parser: Parser::growable(1024),
            events: VecDeque::new(),
            connection,
        })
    }

    pub const fn is_compressed(&self) -> bool {
        self.decoder.is_some()
    }

    /// The data of the next event.
    pub async fn next(&mut self) -> Result<String, Box<dyn Error>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            let frame = self.body.frame().await.ok_or("is the end")??;
            let mut data = frame.into_data().map_err(|_| "is a trailer")?;
            if let Some(decoder) = &mut self.decoder {
                decoder.write_all(&data)?;
                decoder.flush()?;
                data = std::mem::take(decoder.get_mut()).into();
            }
            let mut chunk = Chunk::new(&data);
            while let Some(event) = self.parser.next_event(&mut chunk)? {
                self.events.push_back(event.data_str()?.to_owned());
            }
        }
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}
