//! Entries as lines of text, for our cases and for messages.

use std::fmt::Write as _;

use signals::metric::{BucketSpan, NativeHistogram};
use wire::WireError;
use wire::exposition::{
    ConvertedEntry, Entry, FamilyEntry, FamilyExemplar, FamilyParser, FamilySeries,
    HistogramConverter, PageLimits, TextParser,
};

/// A number as our cases write it.
fn number(value: f64) -> String {
    if value.is_nan() { "NaN".to_owned() } else { format!("{value}") }
}

fn times(line: &mut String, timestamp: Option<i64>, start: Option<i64>) {
    if let Some(timestamp) = timestamp {
        let _infallible = write!(line, " @ {timestamp}");
    }
    if let Some(start) = start {
        let _infallible = write!(line, " since {start}");
    }
}

fn exemplar(line: &mut String, labels: &str, value: f64, timestamp: Option<i64>) {
    let _infallible = write!(line, " # {labels} = {}", number(value));
    times(line, timestamp, None);
}

/// A line for each entry that `read` returns, and its error, if it fails.
fn shown_entries<E>(
    mut read: impl FnMut() -> Result<Option<E>, WireError>,
    show: impl Fn(E) -> String,
) -> String {
    let mut lines = String::new();
    loop {
        match read() {
            Ok(Some(entry)) => {
                let _infallible = writeln!(lines, "{}", show(entry));
            }
            Ok(None) => return lines.trim_end().to_owned(),
            Err(error) => return format!("{lines}! {error}"),
        }
    }
}

/// The entries of a page in a text format; labels or exemplars that are refused show the reason.
pub(crate) fn text_entries(mut parser: TextParser<'_>, limits: &PageLimits) -> String {
    shown_entries(|| parser.read(), |entry| text_line(&entry, limits))
}

fn text_line(entry: &Entry<'_>, limits: &PageLimits) -> String {
    match entry {
        Entry::Help { metric, help } => format!("help {metric:?} {help:?}"),
        Entry::Type { metric, kind } => format!("type {metric:?} {}", kind.name()),
        Entry::Unit { metric, unit } => format!("unit {metric:?} {unit:?}"),
        Entry::Sample(sample) => {
            let labels = or_reason(sample.labels(limits).map(|labels| format!("{labels:?}")));
            let mut line = format!("{labels} = {}", number(sample.value));
            times(&mut line, sample.timestamp_ms, sample.start_ms);
            if let Some(found) = sample.exemplar {
                let labels = or_reason(found.labels(limits).map(|labels| format!("{labels:?}")));
                exemplar(&mut line, &labels, found.value, found.timestamp_ms);
            }
            line
        }
    }
}

/// The entries of a page whose histograms are converted.
pub(crate) fn converted_entries(
    mut converter: HistogramConverter<'_>,
    limits: &PageLimits,
) -> String {
    let show = |entry| match entry {
        ConvertedEntry::Text(entry) => text_line(&entry, limits),
        ConvertedEntry::Histogram { series, histogram, exemplars } => {
            family_line(&series, &shown_histogram(&histogram), &exemplars)
        }
    };
    shown_entries(|| converter.read(), show)
}

fn or_reason(shown: Result<String, WireError>) -> String {
    shown.unwrap_or_else(|error| format!("<{error}>"))
}

/// The entries of a page in protobuf.
pub(crate) fn family_entries(mut parser: FamilyParser<'_>) -> String {
    let show = |entry| match entry {
        FamilyEntry::Family { metric, help, unit, kind } => {
            format!("family {metric:?} {} {unit:?} {help:?}", kind.name())
        }
        FamilyEntry::Sample { series, value, exemplar } => {
            family_line(&series, &number(value), exemplar.as_slice())
        }
        FamilyEntry::Histogram { series, histogram, exemplars } => {
            family_line(&series, &shown_histogram(&histogram), &exemplars)
        }
    };
    shown_entries(|| parser.read(), show)
}

fn family_line(series: &FamilySeries, value: &str, exemplars: &[FamilyExemplar]) -> String {
    let mut line = format!("{:?} = {value}", series.labels);
    times(&mut line, series.timestamp_ms, series.start_ms);
    for found in exemplars {
        exemplar(&mut line, &format!("{:?}", found.labels), found.value, found.timestamp_ms);
    }
    line
}

fn shown_histogram(histogram: &NativeHistogram) -> String {
    let side = |spans: &[BucketSpan], counts: &[f64]| {
        let spans: Vec<_> =
            spans.iter().map(|span| format!("{}+{}", span.offset, span.length)).collect();
        format!("[{}] {counts:?}", spans.join(" "))
    };
    let NativeHistogram { schema, zero_threshold, zero_count, count, sum, .. } = histogram;
    let mut shown = format!("schema {schema}, count {count}, sum {sum}");
    if *zero_threshold != 0.0 || *zero_count != 0.0 {
        let _infallible = write!(shown, ", {zero_count} up to {zero_threshold:e}");
    }
    let positive = side(&histogram.positive_spans, &histogram.positive_counts);
    let negative = side(&histogram.negative_spans, &histogram.negative_counts);
    let _infallible = write!(shown, ", positive {positive}");
    if !histogram.negative_spans.is_empty() {
        let _infallible = write!(shown, ", negative {negative}");
    }
    if !histogram.custom_bounds.is_empty() {
        let _infallible = write!(shown, ", bounds {:?}", histogram.custom_bounds);
    }
    if histogram.is_gauge() {
        shown.push_str(", gauge");
    }
    format!("({shown})")
}
