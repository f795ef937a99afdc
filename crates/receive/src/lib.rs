//! The ways in: OTLP over gRPC and over HTTP.
//!
//! A request passes its limits and takes its share of memory, is unpacked and decoded by `wire`,
//! rests in the store, and is answered only then. There are no sockets here, only routers: the
//! binary listens. There are no byte formats here either: those are `wire`'s.

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
