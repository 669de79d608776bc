//! What is known of the proxies. `docs/proxies.md` tells it.

use crate::origin::Kind;

/// Why this does not pass, if it is known not to.
pub fn of(proxy: &str, kind: Kind, check: &str) -> Option<&'static str> {
    match (proxy, kind, check) {
        ("lighttpd", _, _) => {
            Some("it collects the whole response unless server.stream-response-body is set")
        }
        ("Varnish", Kind::Serve, "an event sent with the head") => {
            Some("of a body that ends with the connection, what comes with the head waits for more")
        }
        _ => None,
    }
}
