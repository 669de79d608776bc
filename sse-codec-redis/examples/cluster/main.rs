//! One node of several that share their topics by Redis.
//!
//! ```text
//! redis-server --port 6379
//! cargo run -p sse-codec-redis --example cluster -- --redis redis://127.0.0.1/ --node a --port 8081 --peers 8082
//! cargo run -p sse-codec-redis --example cluster -- --redis redis://127.0.0.1/ --node b --port 8082 --peers 8081
//! ```
//!
//! | | |
//! |---|---|
//! | `GET /` | the page: say something on one node, see it on all; go on at another node |
//! | `GET /events?topic=T` | the stream; resumes after `Last-Event-ID`, or `&after=ID` |
//! | `POST /publish?topic=T` | publishes the body, and answers with its ID; with `&within=MS` it waits for Redis |
//! | `GET /node` | the node's name, its connections, and what is wrong with Redis |

use std::{env, error::Error, sync::Arc, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::{Query, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    middleware::map_response,
    response::{Html, IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use serde::Deserialize;
use serde_json::json;
use sse_codec::{Event, Frame, Millis, http::RESPONSE_HEADERS};
use sse_codec_redis::{RedisHub, RedisOptions, RedisTopics};
use sse_codec_tokio::{EventBody, HubOptions, ServeOptions, Subscribe, TcpOptions};
use tokio::{net::TcpListener, signal};

const PAGE: &str = include_str!("page.html");

/// The one topic that there is without asking Redis.
const TOPIC: &str = "news";

struct Node {
    name: String,
    page: String,
    topics: RedisTopics,
    options: Arc<ServeOptions>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let argument = |name: &str| {
        let mut words = env::args().skip_while(|word| word != name);
        words.nth(1)
    };
    let url = argument("--redis").unwrap_or_else(|| "redis://127.0.0.1/".to_owned());
    let name = argument("--node").unwrap_or_else(|| "a".to_owned());
    let port: u16 = argument("--port")
        .unwrap_or_else(|| "8081".to_owned())
        .parse()?;
    let peers = argument("--peers").unwrap_or_default();
    let events = argument("--events")
        .unwrap_or_else(|| "10000".to_owned())
        .parse()?;
    let kept = argument("--kept")
        .unwrap_or_else(|| "4096".to_owned())
        .parse()?;

    let options = RedisOptions::new()
        .events(events)
        .hub(HubOptions::new().events(kept).connections(20_000));
    let topics = RedisTopics::open(&url, options).await?;
    let node = Arc::new(Node {
        page: PAGE.replace("{peers}", &json!(peers).to_string()),
        name,
        topics: topics.clone(),
        options: Arc::new(ServeOptions::new().greeting(Some(Frame::retry(Millis(500)).into()))),
    });
    let app = Router::new()
        .route("/", get(page))
        .route("/events", get(events_of))
        .route("/publish", post(publish))
        .route("/node", get(state))
        // The page of one node reads the streams of the others. They are public.
        .layer(map_response(for_all))
        .with_state(Arc::clone(&node));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("node {}: http://{}/", node.name, listener.local_addr()?);
    let listener = listener.tap_io(|stream| {
        // It fails for a socket whose client has gone.
        let _ = TcpOptions::new().apply(stream);
    });
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            let _ = signal::ctrl_c().await;
            let spread = (Duration::from_millis(200), Duration::from_secs(1));
            topics.local().drain(Duration::from_secs(2), spread).await;
        })
        .await?;
    Ok(())
}

#[derive(Deserialize)]
struct Asked {
    topic: Option<String>,
    after: Option<String>,
    within: Option<u64>,
}

impl Asked {
    /// A client may choose among the topics that there are, and makes none.
    async fn topic(&self, node: &Node) -> Result<RedisHub, Response> {
        match self.topic.as_deref() {
            None | Some(TOPIC) => Ok(node.topics.topic(TOPIC)),
            Some(name) => match node.topics.find(name).await {
                Ok(Some(hub)) => Ok(hub),
                Ok(None) => Err(StatusCode::NOT_FOUND.into_response()),
                Err(error) => Err(unavailable(&error)),
            },
        }
    }
}

async fn page(State(node): State<Arc<Node>>) -> Html<String> {
    Html(node.page.clone())
}

async fn events_of(
    State(node): State<Arc<Node>>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Result<Response, Response> {
    let hub = asked.topic(&node).await?;
    let header = headers.get(header::HeaderName::from_static("last-event-id"));
    let after = asked.after.as_deref().map(str::as_bytes);
    let after = header.map(HeaderValue::as_bytes).or(after);
    let news = hub.subscribe(Subscribe::after(after)).await;
    let news = news.map_err(|error| unavailable(&error))?;
    let body = EventBody::new(news, Arc::clone(&node.options));
    let mut response = Response::new(Body::new(body));
    for (name, value) in RESPONSE_HEADERS {
        let value = HeaderValue::from_static(value);
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

async fn publish(
    State(node): State<Arc<Node>>,
    Query(asked): Query<Asked>,
    body: Bytes,
) -> Result<String, Response> {
    // Whoever may publish may also make a topic.
    let hub = node.topics.topic(asked.topic.as_deref().unwrap_or(TOPIC));
    let event = Event::new(&body);
    let published = match asked.within {
        Some(within) => {
            hub.publish_within(event, Duration::from_millis(within))
                .await
        }
        None => hub.publish(event).await,
    };
    match published {
        Ok(id) => Ok(id.to_string()),
        Err(error) => Err(unavailable(&error)),
    }
}

async fn state(State(node): State<Arc<Node>>) -> String {
    let metrics = node.topics.local().metrics();
    let trouble = node.topics.trouble().map(|error| error.to_string());
    json!({
        "node": node.name,
        "connections": metrics.connections,
        "trouble": trouble,
    })
    .to_string()
}

fn unavailable(error: &sse_codec_redis::Error) -> Response {
    (StatusCode::SERVICE_UNAVAILABLE, error.to_string()).into_response()
}

async fn for_all(mut response: Response) -> Response {
    let all = HeaderValue::from_static("*");
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, all);
    response
}
