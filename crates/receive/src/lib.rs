//! The receivers: OTLP over gRPC and over HTTP.
//!
//! A request is read within its limits and its share of memory, decompressed and decoded by `wire`,
//! stored, and only then answered. `ingest` is that path, the same for every protocol; one module a
//! protocol (`otlp`) has its endpoints and maps outcomes to its answers. There are no sockets here,
//! only routers: the binary listens.

mod decode;
mod deltas;
mod ingest;
mod known;
pub mod limits;
pub mod otlp;
mod outcome;
mod poison_message;
mod rejection;
mod request_body;
pub mod statistics;

pub use deltas::DeltaTotals;
pub use ingest::Receiver;
pub use limits::Limits;
pub use rejection::Rejection;
pub use statistics::Statistics;
