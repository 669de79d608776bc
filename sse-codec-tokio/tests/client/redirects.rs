use bytes::Bytes;
use http::Request;
use sse_codec_tokio::client::EventSource;

use super::script::*;

const ANSWER: &str = "id: 7\ndata: a\n\n";

#[tokio::test(start_paused = true)]
async fn leads_where_the_location_says() {
    for (base, location, target) in [
        ("http://a.example/x/y", "/z", "http://a.example/z"),
        ("http://a.example/x/y", "z", "http://a.example/x/z"),
        (
            "http://a.example/x/y",
            "../z?q=1#part",
            "http://a.example/z?q=1",
        ),
        ("http://a.example/x/y", "?q=1", "http://a.example/x/y?q=1"),
        (
            "http://a.example/x/y",
            "//b.example/z",
            "http://b.example/z",
        ),
        (
            "http://a.example/x/y",
            "https://b.example:8443/z",
            "https://b.example:8443/z",
        ),
        ("http://a.example", "http://[::1]:80/z", "http://[::1]:80/z"),
        (
            "http://a.example/x",
            "/é b?a[0]=|",
            "http://a.example/%C3%A9%20b?a%5B0%5D=%7C",
        ),
        // Brackets are of an address only where there is an authority.
        (
            "http://a.example/x",
            "/b[1]?to=http://[::1]/[2]",
            "http://a.example/b%5B1%5D?to=http://%5B::1%5D/%5B2%5D",
        ),
        (
            "http://a.example/x",
            "/b[1]//c",
            "http://a.example/b%5B1%5D//c",
        ),
        // A percent sign that stands for itself, and one that does not.
        (
            "http://a.example/x",
            "/b?q=100%&r=%e9%2",
            "http://a.example/b?q=100%25&r=%e9%252",
        ),
        ("http://a.example/x", "/b#c#d", "http://a.example/b"),
        // What `http::Uri` takes and RFC 3986 does not, as in the topics of a hub.
        (
            "http://a.example/hub?topic=http://b.example/{id}&x[]=|",
            "/z",
            "http://a.example/z",
        ),
        ("http://a.example/{x}/y", "z", "http://a.example/%7Bx%7D/z"),
        (
            "http://a.example/x",
            "HTTP://A.example/z",
            "http://A.example/z",
        ),
        // A connector that knows the origin itself.
        ("/x/y", "z", "/x/z"),
        ("/x/y", "http://b.example/z", "http://b.example/z"),
    ] {
        let (connect, log) = connector([redirect(307, location), stays(ANSWER)]);
        let mut source = EventSource::new(get(base), connect, 1024);
        assert_eq!(show(source.next().await.unwrap()), "open 200", "{location}");
        assert_eq!(log.urls()[1], target);
    }
    for location in [
        "",
        "ftp://a.example/",
        "mailto:x@a.example",
        "javascript:1",
        "http://",
        "http:///x",
        "http://a:b:c/",
        "http://a.example:65616/",
    ] {
        let (connect, log) = connector([redirect(301, location)]);
        let mut source = EventSource::new(get("http://a.example/"), connect, 1024);
        assert_eq!(
            read(&mut source).await,
            ["301: a redirect to nowhere"],
            "{location}"
        );
        assert_eq!(log.len(), 1);
    }
    let (connect, _) = connector([status(307)]);
    let mut source = EventSource::new(get("http://a.example/"), connect, 1024);
    assert_eq!(read(&mut source).await, ["307: a redirect to nowhere"]);
}

#[tokio::test(start_paused = true)]
async fn changes_the_method_as_fetch_does() {
    for (method, code, becomes) in [
        ("GET", 301, "GET"),
        ("GET", 303, "GET"),
        ("GET", 307, "GET"),
        ("HEAD", 303, "HEAD"),
        ("POST", 301, "GET"),
        ("POST", 302, "GET"),
        ("POST", 303, "GET"),
        ("POST", 307, "POST"),
        ("POST", 308, "POST"),
        ("REPORT", 301, "REPORT"),
        ("REPORT", 303, "GET"),
    ] {
        let mut request = post("http://a.example/");
        *request.method_mut() = method.parse().unwrap();
        let (connect, log) = connector([redirect(code, "/b"), stays(ANSWER)]);
        let mut source = EventSource::new(request, connect, 1024);
        assert_eq!(show(source.next().await.unwrap()), "open 200");
        let second = log.request(1);
        assert_eq!(second.method(), becomes, "{method} {code}");
        let keeps_body = method == becomes;
        assert_eq!(second.body(), if keeps_body { "{}" } else { "" });
        assert_eq!(second.headers().contains_key("content-type"), keeps_body);
        assert_eq!(second.headers()["accept"], "text/event-stream");
    }
}

fn with_secrets(url: &str) -> Request<Bytes> {
    Request::get(url)
        .header("authorization", "Bearer x")
        .header("cookie", "a=b")
        .header("x-api-key", "y")
        .header("host", "a.example")
        .header("user-agent", "test")
        .body(Bytes::new())
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn secrets_stop_at_another_origin() {
    let secret = [
        "authorization",
        "cookie",
        "x-api-key",
        "host",
        "last-event-id",
    ];
    for (location, is_elsewhere) in [
        ("/b", false),
        ("http://A.EXAMPLE:80/b", false),
        ("http://b.example/", true),
        ("http://a.example:81/", true),
        ("https://a.example/", true),
        ("http://sub.a.example/", true),
        ("http://a.example@b.example/", true),
    ] {
        let (connect, log) = connector([redirect(307, location), stays(ANSWER)]);
        let mut source = EventSource::new(with_secrets("http://a.example/"), connect, 1024);
        source.set_last_event_id(b"1").unwrap();
        assert_eq!(show(source.next().await.unwrap()), "open 200");
        let second = log.request(1);
        for name in secret {
            let has = second.headers().contains_key(name);
            assert_eq!(has, !is_elsewhere, "{name} to {location}");
        }
        for name in ["accept", "cache-control", "user-agent"] {
            assert!(second.headers().contains_key(name));
        }
    }
    // The ports that go without saying.
    for (base, location) in [
        ("https://a.example/", "https://a.example:443/b"),
        ("http://a.example:80/", "http://a.example/b"),
    ] {
        let (connect, log) = connector([redirect(307, location), stays(ANSWER)]);
        let mut source = EventSource::new(with_secrets(base), connect, 1024);
        source.next().await;
        assert!(
            log.request(1).headers().contains_key("cookie"),
            "{location}"
        );
    }
    // Not at the second step there.
    let (connect, log) = connector([
        redirect(307, "http://b.example/"),
        redirect(307, "/x"),
        stays(ANSWER),
    ]);
    let mut source = EventSource::new(with_secrets("http://a.example/"), connect, 1024);
    source.set_last_event_id(b"1").unwrap();
    source.next().await;
    assert_eq!(log.urls()[2], "http://b.example/x");
    assert!(!log.request(2).headers().contains_key("last-event-id"));
    // Not back at the first origin either: who has led there may want to know what comes.
    let (connect, log) = connector([
        redirect(307, "http://b.example/"),
        redirect(307, "http://a.example/"),
        stream(ANSWER),
    ]);
    let mut source = EventSource::new(with_secrets("http://a.example/"), connect, 1024);
    source.set_last_event_id(b"1").unwrap();
    read(&mut source).await;
    assert!(!log.request(2).headers().contains_key("authorization"));
    assert!(!log.request(2).headers().contains_key("last-event-id"));
    // The reconnection begins where it began, with everything.
    assert_eq!(log.urls()[3], "http://a.example/");
    assert!(log.request(3).headers().contains_key("authorization"));
    assert_eq!(log.request(3).headers()["last-event-id"], "7");
}

#[tokio::test(start_paused = true)]
async fn secrets_are_not_for_logs() {
    let (connect, _) = connector([]);
    let mut request = with_secrets("http://a.example/x");
    *request.body_mut() = Bytes::from_static(b"hidden");
    let text = format!("{:?}", EventSource::new(request, connect, 1024));
    assert!(text.contains("http://a.example/x"), "{text}");
    for secret in ["Bearer", "a=b", "api", "hidden"] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// A header may have several lines.
#[tokio::test(start_paused = true)]
async fn harmless_headers_go_on_with_all_their_lines() {
    let (connect, log) = connector([redirect(307, "http://b.example/"), stays(ANSWER)]);
    let mut request = get("http://a.example/");
    for value in ["application/json", "text/event-stream"] {
        request
            .headers_mut()
            .append("accept", value.parse().unwrap());
    }
    EventSource::new(request, connect, 1024).next().await;
    let second = log.request(1);
    let lines = second.headers().get_all("accept").iter();
    assert_eq!(
        lines.collect::<Vec<_>>(),
        ["application/json", "text/event-stream"]
    );
}

#[tokio::test(start_paused = true)]
async fn is_limited() {
    let (connect, log) = connector(vec![redirect(307, "/"); 100]);
    let mut source = EventSource::new(get("http://a.example/"), connect, 1024);
    assert_eq!(read(&mut source).await, ["307: too many redirects"]);
    assert_eq!(log.len(), 21);

    let (connect, log) = connector(vec![redirect(307, "/"); 100]);
    let source = EventSource::new(get("http://a.example/"), connect, 1024);
    let mut source = source.with_redirects(0);
    assert_eq!(read(&mut source).await, ["307: too many redirects"]);
    assert_eq!(log.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn is_forgotten_or_remembered() {
    let remembered = |codes: [u16; 2], request: Request<Bytes>, remember: bool| async move {
        let (connect, log) = connector([
            redirect(codes[0], "/b"),
            redirect(codes[1], "/c"),
            stream(ANSWER),
        ]);
        let mut source = EventSource::new(request, connect, 1024)
            .with_replay(sse_codec_tokio::client::Replay::Always);
        if remember {
            source = source.with_permanent_redirects_remembered();
        }
        read(&mut source).await;
        log.urls()[3].clone()
    };
    let get = || get("http://a.example/a");
    let post = || post("http://a.example/a");
    assert_eq!(
        remembered([308, 301], get(), false).await,
        "http://a.example/a"
    );
    assert_eq!(
        remembered([308, 301], get(), true).await,
        "http://a.example/c"
    );
    assert_eq!(
        remembered([308, 307], get(), true).await,
        "http://a.example/b"
    );
    assert_eq!(
        remembered([307, 308], get(), true).await,
        "http://a.example/a"
    );
    assert_eq!(
        remembered([308, 301], post(), true).await,
        "http://a.example/b"
    );
    assert_eq!(
        remembered([308, 308], post(), true).await,
        "http://a.example/c"
    );

    // What is remembered of another origin stays without secrets.
    let (connect, log) = connector([redirect(308, "http://b.example/"), stream(ANSWER)]);
    let source = EventSource::new(with_secrets("http://a.example/"), connect, 1024);
    read(&mut source.with_permanent_redirects_remembered()).await;
    assert_eq!(log.urls()[2], "http://b.example/");
    assert!(!log.request(2).headers().contains_key("authorization"));
    assert!(!log.request(2).headers().contains_key("last-event-id"));
    // So it makes no difference there that an ID cannot be sent.
    let (connect, _) = connector([
        redirect(308, "http://b.example/"),
        stream("id: \u{1}\ndata: a\n\n"),
    ]);
    let request = with_secrets("http://a.example/");
    let source = EventSource::new(request, connect, 1024).with_reconnect(EXACT);
    let seen = read(&mut source.with_permanent_redirects_remembered()).await;
    assert_eq!(seen, ["open 200", "a", "3000 ms: closed", "over"]);
}
