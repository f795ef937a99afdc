//! Bounds on what a sender may cost us; every one has a name here.

use std::time::Duration;

use signals::MemoryBudget;

/// Bounds of all receivers together.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Bytes of one request body as it comes over the wire.
    pub body_wire_bytes_max: usize,
    /// Bytes of one HTTP body once it is decompressed.
    pub http_body_bytes_max: usize,
    /// Bytes of one gRPC message once it is decompressed.
    pub grpc_body_bytes_max: usize,
    /// Memory of all bodies that are being read and decoded, and of what they decode to.
    pub memory: MemoryBudget,
    /// Large bodies that are unpacked and decoded at the same time.
    pub decoders_max: usize,
    /// Services whose rates are kept apart; later ones are counted together.
    pub services_max: usize,
    /// Memory of the fingerprints of known series: about 70 bytes for a gauge or counter.
    pub known: MemoryBudget,
    /// Bounds inside one body.
    pub wire: wire::Limits,
}

/// Bodies up to this size are decoded where they arrive: shorter than a visit to another thread.
pub(crate) const INLINE_BYTES_MAX: usize = 64 << 10;
/// What `Retry-After` and `RetryInfo` say when the store or the memory is full.
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
