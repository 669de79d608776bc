//! HTTP, as far as a stream wants it: one connection for each request, made step by step, so that
//! `check` can look at each step. The system's or given certificates, HTTP/1.1 and 2, proxies from
//! the environment, gzip, br and zstd.

mod arguments;
mod dial;
mod error;
mod send;
mod tls;

pub(crate) use arguments::{RequestArguments, duration};
pub(crate) use dial::Dialer;
pub(crate) use error::{NetError, chain};
pub(crate) use send::{Client, Protocol, send};
