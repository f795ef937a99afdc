//! Types of metrics and names of families.

use signals::metric::MetricKind;

/// The types by their number, the same in both versions.
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

/// The type with this number; `Unknown` if a newer version defines it.
pub(super) fn kind(number: i32) -> MetricKind {
    usize::try_from(number).ok().and_then(|number| KINDS.get(number)).copied().unwrap_or_default()
}

/// The number of a type.
pub(super) fn number(kind: MetricKind) -> u64 {
    KINDS.iter().position(|other| *other == kind).unwrap_or_default() as u64
}

/// The name of the family of a series: 2.0 sends metadata with each series, also with those of
/// classic histograms and summaries.
pub(super) fn family(metric: &str, kind: MetricKind, is_native: bool) -> &str {
    let suffixes: &[&str] = match kind {
        MetricKind::Histogram if !is_native => &["_bucket", "_sum", "_count"],
        MetricKind::GaugeHistogram if !is_native => &["_bucket", "_gsum", "_gcount"],
        MetricKind::Summary => &["_sum", "_count"],
        _ => &[],
    };
    let stripped = suffixes.iter().find_map(|suffix| metric.strip_suffix(suffix));
    stripped.filter(|family| !family.is_empty()).unwrap_or(metric)
}
