use std::{fs, io::Read, path::PathBuf, time::Duration};

use bytes::Bytes;
use clap::Args;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri,
    header::{CONTENT_TYPE, USER_AGENT},
};
use jiff::SignedDuration;
use url::Url;

use super::{
    dial::Dialer,
    tls::{self, Trust},
};
use crate::exit::{Ending, Failure, note};

/// What is asked of whom.
#[derive(Debug, Args)]
#[command(next_help_heading = "Request")]
pub(crate) struct RequestArguments {
    /// The stream, http:// when it has no scheme
    #[arg(value_name = "URL", value_parser = uri, help_heading = "Arguments")]
    pub(crate) uri: Uri,
    /// A header, or @FILE with one a line, where `ps` does not show it
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// The method [default: GET, with a body POST]
    #[arg(short = 'X', long = "request", value_name = "METHOD")]
    method: Option<Method>,
    /// The body, @FILE with it, or - for standard input; sent as JSON when it is, unless -H says
    /// what it is
    #[arg(short = 'd', long = "data", value_name = "BODY")]
    data: Option<String>,
    /// Trust the certificates of this file in PEM, in place of the system's
    #[arg(long, value_name = "FILE")]
    cacert: Option<PathBuf>,
    /// Trust every certificate: whoever stands in between can read and change everything
    #[arg(short = 'k', long, conflicts_with = "cacert")]
    insecure: bool,
    /// How long a connection, with the head of its response, may take to come
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub(crate) connect_timeout: Duration,
}

impl RequestArguments {
    pub(crate) fn dialer(&self) -> Result<Dialer, Failure> {
        let trust = match &self.cacert {
            _ if self.insecure => {
                note("--insecure: the server's certificate is not checked");
                Trust::Anybody
            }
            Some(path) => Trust::File(path),
            None => Trust::System,
        };
        let config = tls::config(&trust);
        Ok(Dialer::new(config.map_err(misused)?))
    }

    /// The request, without what every request for a stream has.
    pub(crate) fn request(&self) -> Result<Request<Bytes>, Failure> {
        let mut headers = self.headers()?;
        if !headers.contains_key(USER_AGENT) {
            headers.insert(USER_AGENT, HeaderValue::from_static(NAME));
        }
        let body = self.data.as_deref().map(body).transpose()?;
        if let Some(body) = &body
            && !headers.contains_key(CONTENT_TYPE)
            && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
        {
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let method = match &self.method {
            Some(method) => method.clone(),
            None if body.is_some() => Method::POST,
            None => Method::GET,
        };
        let mut request = Request::new(body.unwrap_or_default());
        *request.method_mut() = method;
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = headers;
        Ok(request)
    }

    fn headers(&self) -> Result<HeaderMap, Failure> {
        let mut headers = HeaderMap::new();
        for argument in &self.headers {
            let Some(path) = argument.strip_prefix('@') else {
                let (name, value) = header(argument).map_err(misused)?;
                headers.append(name, value);
                continue;
            };
            let text =
                fs::read_to_string(path).map_err(|error| misused(format!("{path}: {error}")))?;
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                let (name, value) =
                    header(line).map_err(|error| misused(format!("{path}: {error}")))?;
                headers.append(name, value);
            }
        }
        Ok(headers)
    }
}

const NAME: &str = concat!("sse/", env!("CARGO_PKG_VERSION"));

fn misused(message: String) -> Failure {
    Failure::new(Ending::Misused, message)
}

/// The value, which may be secret, is in no message.
fn header(line: &str) -> Result<(HeaderName, HeaderValue), String> {
    let (name, value) = line.split_once(':').ok_or("a header is NAME: VALUE")?;
    let name =
        HeaderName::try_from(name.trim()).map_err(|_| format!("{name:?} is no header's name"))?;
    match HeaderValue::try_from(value.trim()) {
        Ok(mut value) => {
            value.set_sensitive(true);
            Ok((name, value))
        }
        Err(_) => Err(format!(
            "the value of {name} has a byte that no header can carry"
        )),
    }
}

fn body(argument: &str) -> Result<Bytes, Failure> {
    match (argument, argument.strip_prefix('@')) {
        ("-", _) => {
            let mut body = Vec::new();
            let read = crate::input::stdin("the body").read_to_end(&mut body);
            read.map_err(|error| Failure::reading(&error))?;
            Ok(body.into())
        }
        (_, Some(path)) => match fs::read(path) {
            Ok(body) => Ok(body.into()),
            Err(error) => Err(misused(format!("{path}: {error}"))),
        },
        (body, None) => Ok(Bytes::copy_from_slice(body.as_bytes())),
    }
}

/// A URL as people write them.
fn uri(argument: &str) -> Result<Uri, String> {
    let has_scheme = argument.contains("://");
    let url = if has_scheme {
        argument.to_owned()
    } else {
        format!("http://{argument}")
    };
    let mut url = Url::parse(&url).map_err(|error| error.to_string())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("{} is neither http nor https", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a user's name and password go into a header: -H @FILE".into());
    }
    url.set_fragment(None);
    Uri::try_from(url.as_str()).map_err(|error| error.to_string())
}

/// A time as people write it: `30s`, `1m 30s`, `500ms`.
pub(crate) fn duration(argument: &str) -> Result<Duration, String> {
    let duration: SignedDuration = argument
        .parse()
        .map_err(|_| "a time is 500ms, 30s, 1m 30s, 2h")?;
    duration
        .try_into()
        .map_err(|_| "a time is not negative".into())
}
