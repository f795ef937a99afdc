//! Bytes to signals and back, one module a protocol.
//!
//! Pure: no sockets, no files, no clock (the time of arrival is passed in). No input makes it
//! panic, overflow the stack, or allocate what the input merely claims to hold. A bad item is
//! left out and counted, the good part of a batch is kept; only bytes that cannot be read at all
//! are a [`WireError`].

pub mod body;
mod decode;
mod decoded;
mod error;
pub mod known;
mod limits;
pub mod otlp;
mod protobuf;

pub use decode::{Decode, DecodeContext};
pub use decoded::{DataPoints, Decoded};
pub use error::WireError;
pub use known::KnownSeries;
pub use limits::Limits;
