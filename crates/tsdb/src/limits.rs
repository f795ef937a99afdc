//! Bounds of memory.

/// Bounds of what is held in memory at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Size in bytes from which on a batch is complete. A batch exceeds it by one item at most.
    pub batch_bytes: usize,
    /// Maximum size in bytes of the symbol table of a block, which is in memory while the block is
    /// read; its offsets take up to four bytes per symbol in addition.
    pub symbols_bytes_max: u64,
    /// Maximum memory in bytes of the labels, deletions and metadata of all series of the head.
    pub head_bytes_max: u64,
}

impl Default for Limits {
    /// 4 MiB per batch, 512 MiB for symbols, 1 GiB for the head.
    fn default() -> Self {
        Self { batch_bytes: 4 << 20, symbols_bytes_max: 512 << 20, head_bytes_max: 1 << 30 }
    }
}

/// Maximum length of a block's `meta.json` in bytes.
pub(crate) const META_BYTES_MAX: u64 = 16 << 20;
/// Maximum length of a block's `tombstones` in bytes.
pub(crate) const TOMBSTONES_BYTES_MAX: u64 = 64 << 20;
/// Maximum length of the entry of a series in an index in bytes: some 700,000 chunks.
pub(crate) const ENTRY_BYTES_MAX: u64 = 4 << 20;
/// Maximum length of the data of a chunk in bytes. Prometheus aims at 1 KiB.
pub(crate) const CHUNK_BYTES_MAX: u64 = 16 << 20;
/// Maximum length of a record of a log in bytes, compressed and decompressed.
pub(crate) const RECORD_BYTES_MAX: usize = 128 << 20;
/// Maximum number of labels of a series or an exemplar.
pub(crate) const LABELS_MAX: usize = 4096;
