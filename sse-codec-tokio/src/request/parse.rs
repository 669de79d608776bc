//! What `httparse` and `http` leave to be judged: versions, targets, `Host`, and the body's length.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri, Version, header,
    request::Parts,
    uri::{Authority, PathAndQuery, Scheme},
};
use httparse::{Error, Status};

use super::{
    Refusal::{self, BadRequest},
    RequestBody,
};

/// The head that `bytes` begin with, its body and its length; `None` while it is incomplete. The
/// verdict does not depend on how the head is cut.
pub(super) fn request(bytes: &[u8]) -> Result<Option<(Parts, RequestBody, usize)>, Refusal> {
    const SYNTAX: Refusal = BadRequest("not the head of a request");
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let len = match parsed.parse(bytes) {
        Ok(Status::Complete(len)) => len,
        Ok(Status::Partial) => return Ok(None),
        Err(Error::TooManyHeaders) => return Err(Refusal::HeadTooLarge),
        Err(Error::Version) => {
            // What was meant for a version is clear at the end of the line only.
            let Some(end) = bytes.iter().position(|byte| *byte == b'\n') else {
                return Ok(None);
            };
            let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
            let mut words = line.split(|byte| *byte == b' ').skip(2);
            return Err(match (words.next(), words.next()) {
                (Some([b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9']), None) => {
                    Refusal::VersionNotSupported
                }
                _ => SYNTAX,
            });
        }
        Err(_) => return Err(SYNTAX),
    };
    let mut head = http::Request::new(()).into_parts().0;
    let method = parsed.method.unwrap_or_default();
    head.method = method.parse().map_err(|_| SYNTAX)?;
    head.uri = target(&head.method, parsed.path.unwrap_or_default())?;
    if parsed.version == Some(0) {
        head.version = Version::HTTP_10;
    }
    for header in parsed.headers.iter() {
        let name = HeaderName::from_bytes(header.name.as_bytes()).map_err(|_| SYNTAX)?;
        let value = HeaderValue::from_bytes(header.value).map_err(|_| SYNTAX)?;
        head.headers.append(name, value);
    }
    check_host(head.version, &head.headers)?;
    let body = body(head.version, &head.headers)?;
    Ok(Some((head, body, len)))
}

/// One of the four forms (RFC 9112 §3.2), each with its methods.
fn target(method: &Method, target: &str) -> Result<Uri, Refusal> {
    if target.len() >= usize::from(u16::MAX) {
        return Err(Refusal::TargetTooLong); // for `Uri`
    }
    let uri = match target {
        "*" => (*method == Method::OPTIONS).then(|| Uri::from_static("*")),
        _ if *method == Method::CONNECT => {
            let host = target.parse().ok().filter(is_host);
            host.filter(|host| host.port().is_some()).map(Uri::from)
        }
        // `Uri` would drop it without a word.
        _ if target.contains('#') => None,
        _ if target.starts_with('/') => target.parse::<PathAndQuery>().ok().map(Uri::from),
        _ => target.parse().ok().filter(|uri: &Uri| {
            let is_http = |scheme| [&Scheme::HTTP, &Scheme::HTTPS].contains(&scheme);
            uri.scheme().is_some_and(is_http) && uri.authority().is_some_and(is_host)
        }),
    };
    uri.ok_or(BadRequest("a target that this method cannot have"))
}

/// A host with or without a port; no user name, which is a trap (RFC 9110 §4.2.4).
fn is_host(authority: &Authority) -> bool {
    let port = authority.as_str().strip_prefix(authority.host());
    let port = port.map(|port| port.strip_prefix(':').unwrap_or(port));
    !authority.host().is_empty()
        && port.is_some_and(|port| port.is_empty() || authority.port_u16().is_some())
}

/// Exactly one `Host`, which may be empty; an HTTP/1.0 request may have none (RFC 9112 §3.2).
fn check_host(version: Version, headers: &HeaderMap) -> Result<(), Refusal> {
    let mut hosts = headers.get_all(header::HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::HTTP_10 => Ok(()),
        (None, _) => Err(BadRequest("no Host")),
        (Some(_), Some(_)) => Err(BadRequest("more than one Host")),
        (Some(host), None) if host.is_empty() => Ok(()),
        (Some(host), None) => match Authority::try_from(host.as_bytes()) {
            Ok(authority) if is_host(&authority) => Ok(()),
            _ => Err(BadRequest("a Host that is none")),
        },
    }
}

/// A length that could be read in two ways is refused (RFC 9112 §6): somebody between the client and
/// this server may have read it in the other.
fn body(version: Version, headers: &HeaderMap) -> Result<RequestBody, Refusal> {
    const UNCLEAR: Refusal = BadRequest("a body of unclear length");
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter().peekable();
    match (lengths.next(), lengths.next(), codings.peek()) {
        (None, _, None) => Ok(RequestBody::Empty),
        (Some(length), None, None) => {
            let length = length.to_str().ok();
            let length = length.filter(|length| length.bytes().all(|byte| byte.is_ascii_digit()));
            match length.and_then(|length| length.parse().ok()) {
                Some(0) => Ok(RequestBody::Empty),
                Some(length) => Ok(RequestBody::Length(length)),
                None => Err(UNCLEAR),
            }
        }
        (None, _, Some(_)) if version == Version::HTTP_11 => {
            let codings = codings.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
            let mut codings = codings
                .map(<[u8]>::trim_ascii)
                .filter(|coding| !coding.is_empty());
            let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
            match (
                codings.next().map(is_chunked),
                codings.next_back().map(is_chunked),
            ) {
                (Some(true), None) => Ok(RequestBody::Chunked),
                (Some(false), Some(true)) => Err(Refusal::NotImplemented),
                _ => Err(UNCLEAR),
            }
        }
        _ => Err(UNCLEAR),
    }
}
