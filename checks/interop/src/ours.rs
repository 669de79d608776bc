//! Our server: every connection gets the cases and stays open until the check has seen them; one
//! that comes back gets one event that says what it came back with.

use std::{sync::Arc, time::Duration};

use sse_codec::{Event, Frame, Millis, lossy};
use sse_codec_tokio::{
    EncodedFrame, EventSender, Reason, ServeOptions, channel, request::Request, serve,
};
use tokio::{
    net::TcpListener,
    sync::{Notify, mpsc},
};

use crate::cases::Case;

const MOST_HEAD: usize = 16 * 1024;
const LONGEST_HEAD: Duration = Duration::from_secs(10);

pub struct Server {
    pub url: String,
    /// Ends the streams.
    pub finish: Arc<Notify>,
    /// Why each connection has ended, and how many events it was sent.
    pub ended: mpsc::UnboundedReceiver<(Reason, u64)>,
}

pub async fn start(cases: &[Case]) -> std::io::Result<Server> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?);
    let frames: Arc<[EncodedFrame]> = cases.iter().map(frame).collect();
    let finish = Arc::new(Notify::new());
    let (ended_sender, ended) = mpsc::unbounded_channel();
    let finished = Arc::clone(&finish);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let (frames, finished) = (Arc::clone(&frames), Arc::clone(&finished));
            let ended = ended_sender.clone();
            tokio::spawn(async move {
                let (sender, receiver) = channel(4);
                // Node opens a second one and says nothing on it.
                let Ok(request) = Request::read(&mut stream, MOST_HEAD, LONGEST_HEAD).await else {
                    return;
                };
                match request.last_event_id() {
                    b"" => tokio::spawn(send(sender, frames, finished)),
                    id => tokio::spawn(welcome_back(sender, id.to_vec())),
                };
                let terms = request.terms(&Arc::new(ServeOptions::new()));
                let summary = serve(stream, receiver, terms).await;
                let _ = ended.send((summary.reason, summary.events));
            });
        }
    });
    Ok(Server { url, finish, ended })
}

pub fn frame(case: &Case) -> EncodedFrame {
    if let Some(comment) = case.comment {
        return Frame::comment(comment.as_bytes()).into();
    }
    let mut event = match &case.data {
        Some(data) => Event::text(data),
        None => Event::without_data(),
    };
    if let Some(event_type) = case.event_type {
        event = event.with_type(event_type.as_bytes());
    }
    if let Some(id) = case.id {
        event = event.with_id(id.as_bytes());
    }
    if let Some(retry) = case.retry {
        event = event.with_retry(Millis(retry));
    }
    EncodedFrame::event(event).expect("no case has a line end in its type or ID")
}

async fn send(sender: EventSender, frames: Arc<[EncodedFrame]>, finished: Arc<Notify>) {
    for frame in frames.iter().cloned() {
        if sender.send(frame).await.is_err() {
            return;
        }
    }
    finished.notified().await;
}

async fn welcome_back(sender: EventSender, id: Vec<u8>) {
    let text = lossy(&id).to_string();
    let event = Event::text(&text).with_type(b"resumed");
    if let Ok(frame) = Frame::event(event) {
        let _ = sender.send(frame).await;
    }
}
