//! The notation of native histograms: `{{schema:1 sum:3 count:22 buckets:[5 10 7]}}`.

use signals::metric::{
    BucketSpan, CUSTOM_SCHEMA, NativeHistogram, ResetHint, SCHEMA_MAX, SCHEMA_MIN,
};

use crate::native_histogram::buckets;
use crate::text::general;

/// Maximum number of buckets that are written.
const BUCKETS_MAX: usize = 10_000;

/// Reads what is between the braces.
///
/// # Errors
/// The part that cannot be read.
pub(super) fn parse(text: &str) -> Result<NativeHistogram, String> {
    let mut histogram = NativeHistogram::default();
    let (mut offset, mut negative_offset) = (0, 0);
    let mut rest = text.trim();
    while !rest.is_empty() {
        let item = || rest.split_whitespace().next().unwrap_or_default().to_owned();
        let (key, tail) = rest.split_once(':').ok_or_else(item)?;
        let tail = tail.trim_start();
        let (value, tail) = match tail.strip_prefix('[') {
            Some(list) => list.split_once(']').ok_or_else(item)?,
            None => tail.split_once(char::is_whitespace).unwrap_or((tail, "")),
        };
        let number = || value.parse::<f64>().map_err(|_| item());
        let integer = || value.parse::<i32>().map_err(|_| item());
        let list = || {
            let numbers = value.split_whitespace().map(str::parse);
            numbers.collect::<Result<Vec<f64>, _>>().map_err(|_| item())
        };
        match key.trim() {
            "schema" => histogram.schema = schema(integer()?).ok_or_else(item)?,
            "sum" => histogram.sum = number()?,
            "count" => histogram.count = number()?,
            "z_bucket" => histogram.zero_count = number()?,
            "z_bucket_w" => histogram.zero_threshold = number()?,
            "buckets" => histogram.positive_counts = list()?,
            "n_buckets" => histogram.negative_counts = list()?,
            "offset" => offset = integer()?,
            "n_offset" => negative_offset = integer()?,
            "custom_values" => histogram.custom_bounds = list()?,
            "counter_reset_hint" => histogram.reset_hint = hint(value).ok_or_else(item)?,
            _ => return Err(item()),
        }
        rest = tail.trim_start();
    }
    let spans = |offset, counts: &[f64]| {
        let length = u32::try_from(counts.len()).unwrap_or(u32::MAX);
        if length == 0 { Vec::new() } else { vec![BucketSpan { offset, length }] }
    };
    histogram.positive_spans = spans(offset, &histogram.positive_counts);
    histogram.negative_spans = spans(negative_offset, &histogram.negative_counts);
    Ok(histogram)
}

/// A schema that histograms may have.
fn schema(schema: i32) -> Option<i32> {
    let is_known = schema == CUSTOM_SCHEMA || (SCHEMA_MIN..=SCHEMA_MAX).contains(&schema);
    is_known.then_some(schema)
}

fn hint(text: &str) -> Option<ResetHint> {
    Some(match text {
        "gauge" => ResetHint::Gauge,
        "reset" => ResetHint::Reset,
        "not_reset" => ResetHint::NotReset,
        "unknown" => ResetHint::Unknown,
        _ => return None,
    })
}

/// Writes a histogram in the notation, as Prometheus' `TestExpression` does.
#[must_use]
pub fn histogram_text(histogram: &NativeHistogram) -> String {
    let mut parts = Vec::new();
    if histogram.schema != 0 {
        parts.push(format!("schema:{}", histogram.schema));
    }
    for (key, value) in [
        ("count", histogram.count),
        ("sum", histogram.sum),
        ("z_bucket", histogram.zero_count),
        ("z_bucket_w", histogram.zero_threshold),
    ] {
        if value != 0.0 {
            parts.push(format!("{key}:{}", general(value)));
        }
    }
    if histogram.has_custom_bounds() {
        parts.push(format!("custom_values:{}", list(&histogram.custom_bounds)));
    }
    match histogram.reset_hint {
        ResetHint::Unknown => {}
        ResetHint::Reset => parts.push("counter_reset_hint:reset".to_owned()),
        ResetHint::NotReset => parts.push("counter_reset_hint:not_reset".to_owned()),
        ResetHint::Gauge => parts.push("counter_reset_hint:gauge".to_owned()),
    }
    push_buckets("", &histogram.positive_spans, &histogram.positive_counts, &mut parts);
    push_buckets("n_", &histogram.negative_spans, &histogram.negative_counts, &mut parts);
    format!("{{{{{}}}}}", parts.join(" "))
}

/// The buckets from the first that counts anything to the last, in one list.
fn push_buckets(sign: &str, spans: &[BucketSpan], counts: &[f64], parts: &mut Vec<String>) {
    let all = buckets(spans, counts);
    let mut counting = all.iter().filter(|(_, count)| *count != 0.0);
    let Some((first, _)) = counting.next() else { return };
    let last = counting.next_back().map_or(*first, |(last, _)| *last);
    let mut found = all.iter().skip_while(|(index, _)| index < first).peekable();
    let count = |index| found.next_if(|(at, _)| *at == index).map_or(0.0, |(_, count)| *count);
    let counts: Vec<f64> = (*first..=last).take(BUCKETS_MAX).map(count).collect();
    if *first != 0 {
        parts.push(format!("{sign}offset:{first}"));
    }
    parts.push(format!("{sign}buckets:{}", list(&counts)));
}

fn list(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|number| general(*number)).collect();
    format!("[{}]", numbers.join(" "))
}
