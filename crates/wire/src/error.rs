//! Errors that affect a request as a whole.

/// Decoding errors. All are caused by the sender, except [`WireError::Memory`] and
/// [`WireError::Internal`].
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// Invalid protobuf.
    #[error("malformed protobuf at byte {offset} in {path}: {reason}")]
    Protobuf {
        /// Offset from the start of the body.
        offset: usize,
        /// Names of the enclosing fields, outermost first.
        path: String,
        /// Description of the error.
        reason: &'static str,
    },
    /// Invalid JSON, or a value out of a field's range.
    #[error("malformed JSON in {path}: {reason}")]
    Json {
        /// Names of the enclosing fields, outermost first.
        path: String,
        /// Description of the error, with line and column.
        reason: String,
    },
    /// A page of metrics in a text format that is malformed or exceeds a limit.
    #[error("line {line}: {reason}")]
    Text {
        /// Number of the line, from 1.
        line: usize,
        /// Description of the error.
        reason: String,
    },
    /// A page of metrics in protobuf that is malformed or exceeds a limit.
    #[error("metric family {family:?} at byte {offset}: {reason}")]
    Family {
        /// Name of the family, as far as it is known.
        family: String,
        /// Offset from the start of the page.
        offset: usize,
        /// Description of the error.
        reason: String,
    },
    /// Invalid labels of a series or an exemplar, matchers of labels, or an invalid histogram.
    #[error("{0}")]
    Labels(String),
    /// A media type that names no format of a page of metrics, or a media type or content encoding
    /// that remote write does not have.
    #[error("{0}")]
    ContentType(String),
    /// Unsupported content encoding.
    #[error("unsupported content encoding, supported: identity, gzip, zstd, deflate; got {0:?}")]
    UnknownEncoding(String),
    /// The decompressed body exceeds a limit.
    #[error("body is larger than {bytes_max} bytes after decompression")]
    TooLarge {
        /// The bound.
        bytes_max: usize,
    },
    /// The compressed stream is corrupt or truncated.
    #[error("damaged {encoding} body: {reason}")]
    Compression {
        /// The content encoding.
        encoding: &'static str,
        /// The decoder's message.
        reason: String,
    },
    /// Memory for the decoded data is exhausted; the body itself is valid.
    #[error(transparent)]
    Memory(#[from] signals::MemoryExhausted),
    /// A batch could not be built; a bug.
    #[error("cannot build a batch: {0}")]
    Internal(#[from] arrow::error::ArrowError),
}
