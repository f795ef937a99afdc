//! Chunks: samples of one series, encoded, with a checksum. `docs/formats/chunks.md` has the bytes.
//!
//! Chunks are self-describing, so head, parts and tests read them alike. Damaged bytes are an
//! error, never a panic, and never allocate more than their length justifies.

mod bits;
mod chunk;
mod exemplar;
mod float;
mod histogram;
mod pco;
#[cfg(test)]
mod tests;
pub mod varint;

pub use chunk::{Chunk, ChunkError, Codec, MAX_SAMPLES};
pub use exemplar::encode as encode_exemplars;
pub use float::FloatAppender;
pub use histogram::{HISTOGRAM_SAMPLES_MAX, HistogramAppender, is_consistent};
pub use pco::encode as encode_pco;
