use std::{error::Error, fmt, io};

/// Why there is no response.
#[derive(Debug)]
pub(crate) enum NetError {
    /// No connection to the server, or to the proxy before it.
    Connect(Box<dyn Error + Send + Sync>),
    /// There is a connection, and no agreement on keys.
    Tls(io::Error),
    /// The connection broke off before the head of a response.
    Http(hyper::Error),
    /// It took longer than it may.
    TimedOut,
}

impl fmt::Display for NetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => f.write_str(&chain(&**error)),
            Self::Tls(error) => write!(f, "TLS: {error}"),
            Self::Http(error) => f.write_str(&chain(error)),
            Self::TimedOut => f.write_str("no connection within the time allowed"),
        }
    }
}

impl Error for NetError {}

/// An error with what has caused it, which most of the words are in.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let source_text = source.to_string();
        if !text.ends_with(&source_text) {
            text = format!("{text}: {source_text}");
        }
        next = source.source();
    }
    text
}
