//! Expected samples, computed independently from prost's structs. The rules are those of
//! Prometheus' `Histogram.Validate` and of its receiver, written again from its documents.

use std::collections::HashSet;

use signals::metric::{BucketSpan, NativeHistogram, ResetHint};
use signals::{Batch, Labels};

use super::NOW_MS;
use super::messages::{Count, Histogram, Span, ZeroCount, v1, v2};
use crate::Decoded;

type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// A series of either version. `None` in place of labels or an exemplar's labels: bad references.
pub(super) struct Series {
    pub(super) labels: Option<Pairs>,
    pub(super) samples: Vec<super::messages::Sample>,
    pub(super) histograms: Vec<Histogram>,
    pub(super) exemplars: Vec<(Option<Pairs>, f64, i64)>,
    pub(super) created: i64,
    pub(super) needs_samples: bool,
}

/// What is stored, one line for each item, and the number of rejected items.
#[derive(Debug, PartialEq, Default)]
pub(super) struct Answer {
    pub(super) lines: Vec<String>,
    pub(super) rejected: usize,
}

pub(super) fn of_v1(request: &v1::WriteRequest) -> Vec<Series> {
    let pairs = |labels: &[v1::Label]| {
        Some(labels.iter().map(|label| (label.name.clone(), label.value.clone())).collect())
    };
    let series = |series: &v1::TimeSeries| Series {
        labels: pairs(&series.labels),
        samples: series
            .samples
            .iter()
            .map(|sample| super::messages::Sample { start_timestamp: 0, ..*sample })
            .collect(),
        histograms: series.histograms.clone(),
        exemplars: series
            .exemplars
            .iter()
            .map(|exemplar| (pairs(&exemplar.labels), exemplar.value, exemplar.timestamp))
            .collect(),
        created: 0,
        needs_samples: false,
    };
    request.timeseries.iter().map(series).collect()
}

pub(super) fn of_v2(request: &v2::Request) -> Vec<Series> {
    let text = |reference: u32| request.symbols.get(reference as usize).cloned();
    let pairs = |refs: &[u32]| -> Option<Pairs> {
        if !refs.len().is_multiple_of(2) {
            return None;
        }
        refs.chunks(2).map(|pair| Some((text(pair[0])?, text(pair[1])?))).collect()
    };
    let series = |series: &v2::TimeSeries| {
        let metadata = series.metadata.unwrap_or_default();
        let has_metadata = text(metadata.help_ref).is_some() && text(metadata.unit_ref).is_some();
        Series {
            labels: pairs(&series.labels_refs).filter(|_| has_metadata),
            samples: series.samples.clone(),
            histograms: series.histograms.clone(),
            exemplars: series
                .exemplars
                .iter()
                .map(|exemplar| (pairs(&exemplar.labels_refs), exemplar.value, exemplar.timestamp))
                .collect(),
            created: series.created_timestamp,
            needs_samples: true,
        }
    };
    request.timeseries.iter().map(series).collect()
}

fn valid_labels(pairs: &Pairs) -> Option<Labels> {
    let mut names = HashSet::new();
    let mut texts = Vec::new();
    for (name, value) in pairs {
        let (name, value) =
            (String::from_utf8(name.clone()).ok()?, String::from_utf8(value.clone()).ok()?);
        if name.is_empty()
            || !names.insert(name.clone())
            || (name == "__name__" && value.is_empty())
        {
            return None;
        }
        texts.push((name, value));
    }
    names.contains("__name__").then(|| Labels::from_pairs(texts))
}

pub(super) fn answer(all: &[Series]) -> Answer {
    let mut answer = Answer::default();
    for series in all {
        one(series, &mut answer);
    }
    answer.lines.sort();
    answer
}

/// The items of one series that may be stored.
#[derive(Default)]
struct Items {
    lines: Vec<String>,
    rejected: usize,
    starts: Vec<i64>,
    last: Option<i64>,
}

impl Items {
    fn accept(&mut self, at: i64, start: i64, line: &str) {
        self.last = Some(at);
        if start != 0 && start <= at && self.starts.last() != Some(&start) {
            self.starts.push(start);
        }
        self.lines.push(format!("{at} {line}"));
    }

    fn exemplar(&mut self, pairs: Option<&Pairs>, value: f64, timestamp: i64) {
        let Some(pairs) = pairs else {
            self.rejected += 1;
            return;
        };
        let text = |bytes: &Vec<u8>| String::from_utf8(bytes.clone()).ok();
        let texts = pairs.iter().map(|(name, value)| Some((text(name)?, text(value)?)));
        let Some(texts) = texts.collect::<Option<Vec<_>>>() else { return };
        let all: String = texts.iter().flat_map(|(name, value)| [&**name, &**value]).collect();
        if all.chars().count() > 128 {
            return;
        }
        if timestamp > LATEST_MS {
            self.rejected += 1;
            return;
        }
        let at = if timestamp == 0 { self.last.unwrap_or_default() } else { timestamp };
        let labels = Labels::from_pairs(texts);
        self.lines.push(format!("exemplar {at} {:x} {labels:?}", value.to_bits()));
    }

    fn of(series: &Series) -> Self {
        let mut items = Self::default();
        for sample in &series.samples {
            if sample.timestamp > LATEST_MS {
                items.rejected += 1;
            } else {
                let line = format!("{:x}", sample.value.to_bits());
                items.accept(sample.timestamp, sample.start_timestamp, &line);
            }
        }
        for raw in &series.histograms {
            match histogram(raw).filter(|_| raw.timestamp <= LATEST_MS) {
                None => items.rejected += 1,
                Some(histogram) => {
                    items.accept(raw.timestamp, raw.start_timestamp, &shown(&histogram));
                }
            }
        }
        for (pairs, value, timestamp) in &series.exemplars {
            items.exemplar(pairs.as_ref(), *value, *timestamp);
        }
        let created = series.created;
        let last = items.last.filter(|last| items.starts.is_empty() && created <= *last);
        items.starts.extend(last.filter(|_| created != 0).map(|_| created));
        items
    }
}

const LATEST_MS: i64 = NOW_MS + 600_000;

fn one(series: &Series, answer: &mut Answer) {
    let Items { lines, rejected, starts, .. } = Items::of(series);
    let has_samples = !series.samples.is_empty() || !series.histograms.is_empty();
    let has_bad_references = series.labels.is_none();
    let labels = series.labels.as_ref().and_then(valid_labels);
    answer.rejected += rejected;
    if series.needs_samples && (!has_samples || (lines.is_empty() && has_bad_references)) {
        answer.rejected += lines.len().max(1);
    } else if let Some(labels) = labels.filter(|_| !lines.is_empty()) {
        let starts = starts.iter().map(|start| format!("since {start}"));
        answer
            .lines
            .extend(lines.into_iter().chain(starts).map(|line| format!("{labels:?} {line}")));
    } else {
        answer.rejected += lines.len();
    }
}

/// A histogram with the bits of its sum.
fn shown(histogram: &NativeHistogram) -> String {
    let without_sum = NativeHistogram { sum: 0.0, ..histogram.clone() };
    format!("{without_sum:?} sum {:x}", histogram.sum.to_bits())
}

/// One side: the counts, and their exact total if they are integers.
fn side(spans: &[Span], deltas: &[i64], counts: &[f64], is_float: bool) -> Option<(Vec<f64>, u64)> {
    if spans.iter().skip(1).any(|span| span.offset < 0) {
        return None;
    }
    let mut level = 0;
    let integers: Vec<i64> = deltas
        .iter()
        .map(|delta| {
            level += delta;
            level
        })
        .collect();
    let counts = if is_float {
        counts.to_vec()
    } else {
        integers.iter().map(|count| *count as f64).collect()
    };
    let length: usize = spans.iter().map(|span| span.length as usize).sum();
    let total = integers.iter().fold(0_u64, |total, count| total.wrapping_add(*count as u64));
    let has_negative = counts.iter().any(|count| *count < 0.0);
    (length == counts.len() && !has_negative).then_some((counts, total))
}

/// Whether a histogram with custom bounds is valid, apart from its counts.
fn is_valid_custom(raw: &Histogram, zero: f64) -> bool {
    let spans = &raw.positive_spans;
    let end = spans.iter().map(|span| i64::from(span.offset) + i64::from(span.length)).sum::<i64>();
    let bounds = &raw.custom_values;
    raw.negative_spans.is_empty()
        && raw.negative_deltas.is_empty()
        && raw.negative_counts.is_empty()
        && raw.zero_threshold == 0.0
        && zero == 0.0
        && bounds.windows(2).all(|pair| pair[0] < pair[1])
        && bounds.iter().all(|bound| !bound.is_nan() && *bound != f64::INFINITY)
        && end <= bounds.len() as i64 + 1
        && spans.iter().all(|span| span.offset >= 0)
}

/// The histogram if Prometheus accepts it.
pub(super) fn histogram(raw: &Histogram) -> Option<NativeHistogram> {
    let is_float = matches!(raw.count, Some(Count::Float(_)));
    let (count, exact) = match raw.count {
        Some(Count::Float(count)) => (count, 0),
        Some(Count::Int(count)) => (count as f64, count),
        None => (0.0, 0),
    };
    let (zero, exact_zero) = match (raw.zero_count, is_float) {
        (Some(ZeroCount::Float(count)), true) => (count, 0),
        (Some(ZeroCount::Int(count)), false) => (count as f64, count),
        _ => (0.0, 0),
    };
    let (positive_counts, positive_total) =
        side(&raw.positive_spans, &raw.positive_deltas, &raw.positive_counts, is_float)?;
    let (negative_counts, negative_total) =
        side(&raw.negative_spans, &raw.negative_deltas, &raw.negative_counts, is_float)?;
    let total = positive_total.wrapping_add(negative_total).wrapping_add(exact_zero);
    let is_counted = match (is_float, raw.sum.is_nan()) {
        (true, _) => count >= 0.0 && zero >= 0.0,
        (false, true) => total <= exact,
        (false, false) => total == exact,
    };
    let is_valid = match raw.schema {
        -53 => is_valid_custom(raw, zero),
        -4..=8 => raw.custom_values.is_empty(),
        _ => false,
    };
    if !is_counted || !is_valid {
        return None;
    }
    let spans = |spans: &[Span]| {
        spans.iter().map(|span| BucketSpan { offset: span.offset, length: span.length }).collect()
    };
    Some(NativeHistogram {
        schema: raw.schema,
        zero_threshold: raw.zero_threshold,
        zero_count: zero,
        count,
        sum: raw.sum,
        positive_spans: spans(&raw.positive_spans),
        positive_counts,
        negative_spans: spans(&raw.negative_spans),
        negative_counts,
        custom_bounds: raw.custom_values.clone(),
        reset_hint: match raw.reset_hint {
            1 => ResetHint::Reset,
            2 => ResetHint::NotReset,
            3 => ResetHint::Gauge,
            _ => ResetHint::Unknown,
        },
    })
}

/// The decoded request in the same form.
pub(super) fn rendered(decoded: &Decoded) -> Answer {
    let mut lines = Vec::new();
    for batch in &decoded.batches {
        let Batch::Metrics(batch) = batch else { panic!("not metrics") };
        let labels = |series: u32| batch.series[series as usize].labels().unwrap();
        for sample in &batch.samples {
            lines.push(format!(
                "{:?} {} {:x}",
                labels(sample.series),
                sample.timestamp_ms,
                sample.value.to_bits()
            ));
        }
        for sample in &batch.histograms {
            let histogram = &sample.histogram;
            let shown = shown(histogram);
            lines.push(format!("{:?} {} {shown}", labels(sample.series), sample.timestamp_ms));
        }
        for exemplar in &batch.exemplars {
            lines.push(format!(
                "{:?} exemplar {} {:x} {:?}",
                labels(exemplar.series),
                exemplar.timestamp_ms,
                exemplar.value.to_bits(),
                exemplar.labels
            ));
        }
        for start in &batch.start_times {
            lines.push(format!("{:?} since {}", labels(start.series), start.start_ms));
        }
    }
    lines.sort();
    Answer { lines, rejected: decoded.rejected }
}
