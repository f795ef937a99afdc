//! Limits on the resources that a sender can use.

use std::time::Duration;

use signals::MemoryBudget;

/// Limits of all receivers together.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of a request body on the wire.
    pub body_wire_bytes_max: usize,
    /// Bytes of an HTTP body after decompression.
    pub http_body_bytes_max: usize,
    /// Bytes of a gRPC message after decompression.
    pub grpc_body_bytes_max: usize,
    /// Memory of all bodies being read and decoded, and of the decoded data.
    pub memory: MemoryBudget,
    /// Number of large bodies decompressed and decoded concurrently.
    pub decoders_max: usize,
    /// Services with separate rates; further services are counted together.
    pub services_max: usize,
    /// Memory of the fingerprints of known series: about 70 bytes for a gauge or counter.
    pub known: MemoryBudget,
    /// Limits within one body.
    pub wire: wire::Limits,
}

/// Bodies up to this size are decoded inline, which is faster than a switch to another thread.
pub(crate) const INLINE_BYTES_MAX: usize = 64 << 10;
/// `Retry-After` and `RetryInfo` when the store or the memory budget is full.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_wire_bytes_max: 20 << 20,
            http_body_bytes_max: 20 << 20,
            grpc_body_bytes_max: 16 << 20,
            memory: MemoryBudget::new("requests in flight", 512 << 20),
            decoders_max: 2,
            services_max: 1000,
            known: MemoryBudget::new("fingerprints of known series", 32 << 20),
            wire: wire::Limits::default(),
        }
    }
}
