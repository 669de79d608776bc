//! Server-Sent Events over tokio.
#![forbid(unsafe_code)]
