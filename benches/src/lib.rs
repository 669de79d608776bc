//! How fast `sse-codec` is, beside its peers and beside what the machine can do.
//!
//! Two programs print the tables of the README: `decode-table` and `encode-table`. Each measures
//! everything in one run and in interleaved rounds, because ratios taken in one run hold on a
//! noisy machine and absolute figures do not. What they measure is built here:
//!
//! - [`corpus`]: the streams, generated from a fixed seed, with random line and value lengths;
//! - [`oracle`]: the standard's algorithm over a whole stream, to know what is right without
//!   asking the codec under test;
//! - [`decode`] and [`encode`]: the contestants, each behind one function pointer;
//! - `load`: servers under load, for the program `load`;
//! - [`measure`]: interleaved rounds, medians and spread;
//! - [`aims`] and [`report`]: what the figures are compared with and how they are written down;
//! - [`alloc`]: the global allocator, which counts.

pub mod aims;
pub mod alloc;
pub mod args;
pub mod corpus;
pub mod decode;
pub mod encode;
pub mod input;
#[cfg(feature = "load")]
pub mod load;
pub mod measure;
pub mod oracle;
#[cfg(feature = "read")]
pub mod read;
pub mod report;
mod rng;
pub mod sizes;
mod text;
pub mod versions;

pub use rng::Rng;

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;
