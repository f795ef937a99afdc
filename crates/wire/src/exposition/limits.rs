//! Limits on one page of metrics.

/// Limits on what a target may send. A page beyond a limit is refused with an error, never cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct PageLimits {
    /// Bytes of one line of a text format, and of one metric family of the protobuf format.
    pub entry_bytes_max: usize,
    /// Entries of a page: samples, histograms and lines of metadata.
    pub entries_max: usize,
    /// Labels of one series, including the metric name.
    pub labels_max: usize,
    /// Bytes of a metric or label name.
    pub name_bytes_max: usize,
    /// Bytes of a label value.
    pub label_value_bytes_max: usize,
    /// Characters in the label names and values of an exemplar, together.
    pub exemplar_chars_max: usize,
    /// Exemplars of one native histogram.
    pub exemplars_max: usize,
    /// Buckets of one histogram and quantiles of one summary.
    pub buckets_max: usize,
}

impl Default for PageLimits {
    /// `exemplar_chars_max` is the limit of OpenMetrics 1.0, section "Exemplars".
    fn default() -> Self {
        Self {
            entry_bytes_max: 16 << 20,
            entries_max: 10_000_000,
            labels_max: 256,
            name_bytes_max: 4 << 10,
            label_value_bytes_max: 64 << 10,
            exemplar_chars_max: 128,
            exemplars_max: 100,
            buckets_max: 10_000,
        }
    }
}
