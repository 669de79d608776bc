//! Where a request goes, and what it carries: the caller's request, and what redirects make of it.

use std::{
    borrow::Cow,
    fmt::{self, Write},
    mem,
};

use bytes::Bytes;
use http::{
    HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    header::{
        ACCEPT, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE, CONTENT_LENGTH,
        CONTENT_LOCATION, CONTENT_TYPE, LOCATION, TRANSFER_ENCODING, USER_AGENT,
    },
    response::Parts,
    uri::{Authority, Scheme},
};
use iri_string::types::{UriAbsoluteString, UriReferenceStr};
use sse_codec::http::{LAST_EVENT_ID, REQUEST_HEADERS};

const ID: HeaderName = HeaderName::from_static(LAST_EVENT_ID);

/// What another origin may see of the headers: the rest may be credentials. A header that is not
/// known to be harmless is not.
const HARMLESS: [HeaderName; 7] = [
    ACCEPT,
    ACCEPT_LANGUAGE,
    CACHE_CONTROL,
    USER_AGENT,
    CONTENT_TYPE,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
];

/// What goes with the body (Fetch, *request-body-header name*; and its framing).
const OF_THE_BODY: [HeaderName; 6] = [
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CONTENT_LENGTH,
    CONTENT_LOCATION,
    CONTENT_TYPE,
    TRANSFER_ENCODING,
];

/// A request as it is before the last event ID is put into it.
#[derive(Clone)]
pub(super) struct Route {
    request: Request<Bytes>,
    /// A redirect has led to another origin on the way here.
    is_elsewhere: bool,
}

impl Route {
    pub(super) fn new(mut request: Request<Bytes>) -> Self {
        let headers = request.headers_mut();
        headers.remove(ID);
        for (name, value) in REQUEST_HEADERS {
            let name = HeaderName::from_static(name);
            let value = HeaderValue::from_static(value);
            headers.entry(name).or_insert(value);
        }
        Self {
            request,
            is_elsewhere: false,
        }
    }

    pub(super) fn method(&self) -> &Method {
        self.request.method()
    }

    /// Whether the last event ID may be told there.
    pub(super) const fn takes_id(&self) -> bool {
        !self.is_elsewhere
    }

    /// The request to make.
    pub(super) fn request(&self, id: Option<&[u8]>) -> Request<Bytes> {
        let mut request = self.request.clone();
        if let Some(id) = id.filter(|_| self.takes_id())
            && let Ok(value) = HeaderValue::from_bytes(id)
        {
            request.headers_mut().insert(ID, value);
        }
        request
    }

    /// Where a redirect leads (Fetch, *HTTP-redirect fetch*); `None` when its `Location` is no URL of
    /// HTTP, or empty, which would lead back to where it came from.
    pub(super) fn follow(&self, head: &Parts) -> Option<Self> {
        let location = head.headers.get(LOCATION)?;
        let (uri, is_elsewhere) = resolve(self.request.uri(), location.as_bytes())?;
        let mut request = self.request.clone();
        *request.uri_mut() = uri;
        let becomes_get = match head.status {
            StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *self.method() == Method::POST,
            StatusCode::SEE_OTHER => ![Method::GET, Method::HEAD].contains(self.method()),
            _ => false,
        };
        if becomes_get {
            *request.method_mut() = Method::GET;
            *request.body_mut() = Bytes::new();
            for name in OF_THE_BODY {
                request.headers_mut().remove(name);
            }
        }
        if is_elsewhere {
            let own = request.headers_mut();
            let all = mem::take(own);
            for name in HARMLESS {
                for value in all.get_all(&name) {
                    own.append(name.clone(), value.clone());
                }
            }
        }
        Some(Self {
            request,
            is_elsewhere: self.is_elsewhere || is_elsewhere,
        })
    }
}

// Headers and bodies hold secrets, and this is what goes into logs.
impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Route")
            .field("method", self.method())
            .field("uri", self.request.uri())
            .field("is_elsewhere", &self.is_elsewhere)
            .finish_non_exhaustive()
    }
}

/// The values of a header in one: several lines are a list (RFC 9110 §5.3).
pub(super) fn header<'h>(head: &'h Parts, name: &HeaderName) -> Cow<'h, [u8]> {
    let mut values = head.headers.get_all(name).iter();
    let first = values.next().map(HeaderValue::as_bytes).unwrap_or_default();
    values.fold(Cow::Borrowed(first), |mut all, value| {
        let list = all.to_mut();
        list.extend_from_slice(b", ");
        list.extend_from_slice(value.as_bytes());
        all
    })
}

/// Stands for the origin of a request that names none, because its connector knows.
const SOMEWHERE: &str = "http://origin.invalid";

/// The URL that `location` means, seen from `base` (RFC 3986 §5.2), and whether it is of another
/// origin.
fn resolve(base: &Uri, location: &[u8]) -> Option<(Uri, bool)> {
    if location.is_empty() {
        return None;
    }
    let has_origin = base.scheme().is_some() && base.authority().is_some();
    let base = match has_origin {
        true => base.clone(),
        false => format!("{SOMEWHERE}{base}").parse().ok()?,
    };
    let location = encoded(location);
    let reference = UriReferenceStr::new(&location).ok()?;
    // `Uri` takes braces and the like, which stand in the topics of hubs.
    let absolute = UriAbsoluteString::try_from(encoded(base.to_string().as_bytes())).ok()?;
    let target: Uri = reference
        .resolve_against(&absolute)
        .to_string()
        .parse()
        .ok()?;
    let is_http = [Some(&Scheme::HTTP), Some(&Scheme::HTTPS)].contains(&target.scheme());
    if !is_http || target.host().is_none_or(str::is_empty) || has_odd_port(&target) {
        return None;
    }
    let is_elsewhere = !is_same_origin(&base, &target);
    if !has_origin && !is_elsewhere {
        let path = target.path_and_query()?;
        return Some((Uri::from(path.clone()), false));
    }
    Some((target, is_elsewhere))
}

/// Whether there is a port that is none: `Uri` takes any number for one, and then has no port.
fn has_odd_port(uri: &Uri) -> bool {
    let after_host = |authority: &Authority| {
        let at = authority.as_str().rsplit('@').next()?;
        at.strip_prefix(authority.host()).map(|rest| rest.len() > 1)
    };
    uri.port_u16().is_none() && uri.authority().and_then(after_host).unwrap_or(false)
}

fn is_same_origin(a: &Uri, b: &Uri) -> bool {
    let port = |uri: &Uri| {
        let is_tls = uri.scheme() == Some(&Scheme::HTTPS);
        uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 })
    };
    let host = |uri: &Uri| uri.host().map(str::to_ascii_lowercase);
    (a.scheme(), host(a), port(a)) == (b.scheme(), host(b), port(b))
}

/// With what cannot stand in a URL in percent, as browsers do: servers send UTF-8, spaces, brackets,
/// and percent signs that stand for themselves. Of brackets only those of an IPv6 address stay. The
/// fragment, which is never sent, is left out.
fn encoded(url: &[u8]) -> String {
    let url = url.split(|byte| *byte == b'#').next().unwrap_or_default();
    let is_delimiter = |byte: &u8| b"/?".contains(byte);
    let start = url.iter().position(is_delimiter).unwrap_or(url.len());
    let (scheme, rest) = url.split_at(start);
    let path = match rest.strip_prefix(b"//") {
        Some(rest) if matches!(scheme, [] | [.., b':']) => {
            start + 2 + rest.iter().position(is_delimiter).unwrap_or(rest.len())
        }
        _ => 0,
    };
    let mut text = String::with_capacity(url.len());
    for (at, byte) in url.iter().enumerate() {
        let stays = match *byte {
            b'[' | b']' => at < path,
            b'%' => {
                matches!(url.get(at + 1..at + 3), Some(two) if two.iter().all(u8::is_ascii_hexdigit))
            }
            b'!' | b'$'..=b';' | b'=' | b'?'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => true,
            _ => false,
        };
        if stays {
            text.push(char::from(*byte));
        } else {
            let _ = write!(text, "%{byte:02X}");
        }
    }
    text
}
