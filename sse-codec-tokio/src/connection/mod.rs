//! A connection, whatever carries it: `session` is its life, `wire` its transport.

pub(crate) mod clock;
pub(crate) mod feed;
pub(crate) mod input;
pub(crate) mod output;
pub(crate) mod session;
pub(crate) mod wire;
