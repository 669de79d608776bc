#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod batch;
mod bell;
mod chance;
mod confirm;
mod entry;
mod error;
mod keys;
mod link;
mod lock;
mod node;
mod options;
mod pages;
mod reader;
mod scripts;
mod topics;

pub use error::Error;
pub use options::RedisOptions;
pub use topics::{RedisHub, RedisTopics};
