//! Why bytes could not be read at all.

/// Failures of decoding. Each is the sender's fault, except [`WireError::Memory`] and
/// [`WireError::Internal`].
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The protobuf cannot be read.
    #[error("malformed protobuf at byte {offset} in {path}: {reason}")]
    Protobuf {
        /// Where, counted from the start of the body.
        offset: usize,
        /// Names of the fields around it, outermost first.
        path: String,
        /// What is wrong.
        reason: &'static str,
    },
    /// The JSON cannot be read, or a field has a value that it cannot hold.
    #[error("malformed JSON in {path}: {reason}")]
    Json {
        /// Names of the fields around it, outermost first.
        path: String,
        /// What is wrong, with line and column.
        reason: String,
    },
    /// The body is compressed in a way that is not supported.
    #[error("unsupported content encoding, supported: identity, gzip, zstd, deflate; got {0:?}")]
    UnknownEncoding(String),
    /// The body is larger than allowed once it is decompressed.
    #[error("body is larger than {bytes_max} bytes after decompression")]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// The compressed stream is damaged or ends early.
    #[error("damaged {encoding} body: {reason}")]
    Compression {
        /// The content encoding.
        encoding: &'static str,
        /// What the decoder says.
        reason: String,
    },
    /// There is no memory for what the body decodes to now; nothing is wrong with it.
    #[error(transparent)]
    Memory(#[from] signals::MemoryExhausted),
    /// A batch could not be put together; a bug.
    #[error("cannot build a batch: {0}")]
    Internal(#[from] arrow::error::ArrowError),
}
