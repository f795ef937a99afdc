//! OTLP: the three Export services, over gRPC and over HTTP.

mod framing;
pub mod grpc;
pub mod http;
