//! Decodes protocols into signals and encodes signals for responses; one module per protocol.
//!
//! Pure: no sockets, no files, no clock (the arrival time is a parameter). No input causes a panic,
//! a stack overflow, or an allocation based on a declared size. Invalid items are dropped and
//! counted, and the rest of the batch is kept; only a body that cannot be parsed is a
//! [`WireError`].

pub mod body;
mod decode;
mod decoded;
mod error;
pub mod exposition;
pub mod known;
mod limits;
pub mod otlp;
mod protobuf;
pub mod remote;

pub use decode::{Decode, DecodeContext};
pub use decoded::{DataPoints, Decoded, ItemCounts};
pub use error::WireError;
pub use known::KnownSeries;
pub use limits::Limits;
