//! Records of series, deletions and metadata.
//!
//! Source: Prometheus' document `wal.md` and its package `record`.

use signals::metric::{Labels, MetricKind};

use crate::error::Fault;
use crate::fields::Fields;
use crate::limits::LABELS_MAX;
use crate::time_range::TimeRange;

const SERIES: u8 = 1;
const DELETIONS: u8 = 3;
const METADATA: u8 = 6;

/// The types of metrics by their number.
const KINDS: [MetricKind; 8] = [
    MetricKind::Unknown,
    MetricKind::Counter,
    MetricKind::Gauge,
    MetricKind::Histogram,
    MetricKind::GaugeHistogram,
    MetricKind::Summary,
    MetricKind::Info,
    MetricKind::StateSet,
];

/// An item that concerns a series as a whole.
#[derive(Debug)]
pub(super) enum Described<'a> {
    Series(Labels),
    Deleted(TimeRange),
    Metadata { kind: MetricKind, help: &'a str, unit: &'a str },
}

/// Calls `each` with the items of a record and the references of their series; records of other
/// types have none.
pub(super) fn describe(
    record: &[u8],
    mut each: impl FnMut(u64, Described<'_>),
) -> Result<(), Fault> {
    let mut fields = Fields::new(record);
    let Ok(kind @ (SERIES | DELETIONS | METADATA)) = fields.u8() else { return Ok(()) };
    while !fields.is_empty() {
        match kind {
            SERIES => {
                let reference = fields.u64()?;
                let labels = labels(&mut fields)?;
                each(reference, Described::Series(labels));
            }
            DELETIONS => {
                let reference = fields.u64()?;
                let range = TimeRange { min_ms: fields.varint()?, max_ms: fields.varint()? };
                each(reference, Described::Deleted(range));
            }
            _ => {
                let reference = fields.uvarint()?;
                each(reference, metadata(&mut fields)?);
            }
        }
    }
    Ok(())
}

fn metadata<'a>(fields: &mut Fields<'a>) -> Result<Described<'a>, Fault> {
    let kind = KINDS.get(usize::from(fields.u8()?)).copied().unwrap_or_default();
    let (mut help, mut unit) = ("", "");
    for _ in 0..fields.length()? {
        let (name, value) = (fields.text()?, fields.text()?);
        match name {
            "HELP" => help = value,
            "UNIT" => unit = value,
            _ => {}
        }
    }
    Ok(Described::Metadata { kind, help, unit })
}

/// Labels as pairs of texts after their number.
pub(super) fn labels(fields: &mut Fields<'_>) -> Result<Labels, Fault> {
    let start = *fields;
    let count = fields.length()?;
    if count > LABELS_MAX {
        return Err(start.fault("the series has too many labels"));
    }
    let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(count);
    for _ in 0..count {
        pairs.push((fields.text()?, fields.text()?));
    }
    Ok(Labels::from_pairs(pairs))
}

/// The name of the family of a series, which classic histograms and summaries have without suffix.
pub(super) fn family(metric: &str, kind: MetricKind) -> &str {
    let suffixes: &[&str] = match kind {
        MetricKind::Histogram => &["_bucket", "_sum", "_count"],
        MetricKind::GaugeHistogram => &["_bucket", "_gsum", "_gcount"],
        MetricKind::Summary => &["_sum", "_count"],
        _ => &[],
    };
    let stripped = suffixes.iter().find_map(|suffix| metric.strip_suffix(suffix));
    stripped.filter(|family| !family.is_empty()).unwrap_or(metric)
}
