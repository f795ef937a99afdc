//! The receivers: OTLP over gRPC and over HTTP, remote write, and scraping.
//!
//! A request is read within its size limit and memory budget, decompressed and decoded by `wire`,
//! stored, and only then acknowledged. `ingest` is this path, shared by all protocols; each
//! protocol has a module (`otlp`, `remote_write`) with its endpoints and status mapping. This crate has routers but
//! listens on no sockets; the binary does. `scrape` fetches metrics by itself,
//! `remote_storage` sends metrics to other servers, and `remote_read` reads the history of one.

pub mod alertmanagers;
mod decode;
mod deltas;
mod discovery;
mod ingest;
mod known;
pub mod limits;
pub mod otlp;
mod outcome;
mod panicked_bodies;
mod rejection;
pub mod remote_read;
pub mod remote_storage;
pub mod remote_write;
mod request_body;
pub mod scrape;
pub mod statistics;

pub use deltas::DeltaTotals;
pub use http_client::HostAddresses;
pub use ingest::Receiver;
pub use limits::Limits;
pub use rejection::Rejection;
pub use statistics::Statistics;
