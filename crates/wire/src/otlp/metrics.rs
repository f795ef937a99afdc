//! `ExportMetricsServiceRequest` to series: being written.

use signals::Timestamp;

use super::{Decoded, Encoding};
use crate::{Limits, WireError};

/// Not supported yet.
///
/// # Errors
/// Always.
pub fn decode(
    _body: &[u8],
    _encoding: Encoding,
    _received_at: Timestamp,
    _limits: &Limits,
) -> Result<Decoded, WireError> {
    Err(WireError::UnknownRecord(crate::record::OTLP_METRICS))
}
