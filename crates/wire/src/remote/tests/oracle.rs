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
        if refs.len() % 2 != 0 {
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

fn one(series: &Series, answer: &mut Answer) {
    let latest = NOW_MS + 600_000;
    let (mut lines, mut rejected, mut last, mut items) = (Vec::new(), 0, 0, 0);
    let mut starts = Vec::new();
    let mut start = |start: i64, at: i64| {
        if start != 0 && start <= at && starts.last() != Some(&start) {
            starts.push(start);
        }
    };
    let mut has_last = false;
    for sample in &series.samples {
        if sample.timestamp > latest {
            rejected += 1;
            continue;
        }
        (last, has_last) = (sample.timestamp, true);
        start(sample.start_timestamp, last);
        lines.push(format!("{last} {:x}", sample.value.to_bits()));
    }
    for raw in &series.histograms {
        match histogram(raw).filter(|_| raw.timestamp <= latest) {
            None => rejected += 1,
            Some(histogram) => {
                (last, has_last) = (raw.timestamp, true);
                start(raw.start_timestamp, last);
                lines.push(format!(
                    "{last} {:?} sum {:x}",
                    without_sum(&histogram),
                    histogram.sum.to_bits()
                ));
            }
        }
    }
    for (pairs, value, timestamp) in &series.exemplars {
        let Some(pairs) = pairs else {
            rejected += 1;
            continue;
        };
        let texts: Option<Vec<(String, String)>> = pairs
            .iter()
            .map(|(name, value)| {
                Some((
                    String::from_utf8(name.clone()).ok()?,
                    String::from_utf8(value.clone()).ok()?,
                ))
            })
            .collect();
        let characters = |texts: &Vec<(String, String)>| {
            texts
                .iter()
                .map(|(name, value)| name.chars().count() + value.chars().count())
                .sum::<usize>()
        };
        let Some(texts) = texts.filter(|texts| characters(texts) <= 128) else { continue };
        if *timestamp > latest {
            rejected += 1;
            continue;
        }
        let at = if *timestamp == 0 { last } else { *timestamp };
        lines.push(format!("exemplar {at} {:x} {:?}", value.to_bits(), Labels::from_pairs(texts)));
    }
    items += lines.len();
    if starts.is_empty() && series.created != 0 && has_last && series.created <= last {
        starts.push(series.created);
    }
    let has_samples = !series.samples.is_empty() || !series.histograms.is_empty();
    let labels = series.labels.as_ref().and_then(valid_labels);
    let is_empty = series.needs_samples && !has_samples;
    if is_empty || (items == 0 && series.labels.is_none() && series.needs_samples) {
        answer.rejected += rejected + items.max(1);
    } else if items == 0 {
        answer.rejected += rejected;
    } else if let Some(labels) = labels {
        answer.rejected += rejected;
        let starts = starts.iter().map(|start| format!("since {start}"));
        answer
            .lines
            .extend(lines.into_iter().chain(starts).map(|line| format!("{labels:?} {line}")));
    } else {
        answer.rejected += rejected + items;
    }
}

fn without_sum(histogram: &NativeHistogram) -> NativeHistogram {
    NativeHistogram { sum: 0.0, ..histogram.clone() }
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
    let side = |spans: &[Span], deltas: &[i64], counts: &[f64]| {
        if spans.iter().skip(1).any(|span| span.offset < 0) {
            return None;
        }
        let mut level = 0;
        let ints: Vec<i64> = deltas
            .iter()
            .map(|delta| {
                level += delta;
                level
            })
            .collect();
        let counts: Vec<f64> = if is_float {
            counts.to_vec()
        } else {
            ints.iter().map(|count| *count as f64).collect()
        };
        let length: usize = spans.iter().map(|span| span.length as usize).sum();
        let total = ints.iter().fold(0_u64, |total, count| total.wrapping_add(*count as u64));
        let is_valid = length == counts.len() && counts.iter().all(|count| !(*count < 0.0));
        is_valid.then_some((counts, total))
    };
    let (positive, positive_total) =
        side(&raw.positive_spans, &raw.positive_deltas, &raw.positive_counts)?;
    let (negative, negative_total) =
        side(&raw.negative_spans, &raw.negative_deltas, &raw.negative_counts)?;
    if is_float {
        if count < 0.0 || zero < 0.0 {
            return None;
        }
    } else {
        let total = positive_total + negative_total + exact_zero;
        if if raw.sum.is_nan() { total > exact } else { total != exact } {
            return None;
        }
    }
    match raw.schema {
        -53 => {
            let has_other = !raw.negative_spans.is_empty()
                || !raw.negative_deltas.is_empty()
                || !raw.negative_counts.is_empty()
                || raw.zero_threshold != 0.0
                || zero != 0.0;
            let end: i64 = raw
                .positive_spans
                .iter()
                .map(|span| i64::from(span.offset) + i64::from(span.length))
                .sum();
            let ascends = raw.custom_values.windows(2).all(|pair| pair[0] < pair[1]);
            let are_bounds =
                raw.custom_values.iter().all(|bound| !bound.is_nan() && *bound != f64::INFINITY);
            if has_other
                || !ascends
                || !are_bounds
                || end > raw.custom_values.len() as i64 + 1
                || raw.positive_spans.iter().any(|span| span.offset < 0)
            {
                return None;
            }
        }
        -4..=8 if raw.custom_values.is_empty() => {}
        _ => return None,
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
        positive_counts: positive,
        negative_spans: spans(&raw.negative_spans),
        negative_counts: negative,
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
            lines.push(format!(
                "{:?} {} {:?} sum {:x}",
                labels(sample.series),
                sample.timestamp_ms,
                without_sum(histogram),
                histogram.sum.to_bits()
            ));
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
