//! What is known of the proxies. `docs/proxies.md` tells it.

/// Why nothing passes, if that is known.
pub fn of(proxy: &str) -> Option<&'static str> {
    match proxy {
        "lighttpd" => {
            Some("it collects the whole response unless server.stream-response-body is set")
        }
        _ => None,
    }
}
