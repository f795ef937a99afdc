//! Generators of requests, valid and unusual.

use proptest::collection::vec;
use proptest::prelude::*;
use signals::metric::STALE_NAN_BITS;

use super::NOW_MS;
use super::messages::{Count, Histogram, Sample, Span, ZeroCount, v1, v2};

fn time() -> impl Strategy<Value = i64> {
    prop_oneof![
        8 => NOW_MS - 100_000..NOW_MS,
        1 => Just(0),
        1 => any::<i64>(),
    ]
}

fn value() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => any::<i32>().prop_map(f64::from),
        2 => any::<f64>(),
        1 => Just(f64::from_bits(STALE_NAN_BITS)),
        1 => Just(0.0),
    ]
    // prost does not write a negative zero.
    .prop_map(|value| if value == 0.0 { 0.0 } else { value })
}

fn sample() -> impl Strategy<Value = Sample> {
    (value(), time(), prop_oneof![Just(0), time()]).prop_map(
        |(value, timestamp, start_timestamp)| Sample { value, timestamp, start_timestamp },
    )
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        20 => "[a-z_]{1,4}".prop_map(String::into_bytes),
        2 => "\\PC{0,9}".prop_map(String::into_bytes),
        1 => Just(vec![0xff, b'a']),
        1 => Just(Vec::new()),
        1 => Just(b"__name__".to_vec()),
        1 => Just(b"job".to_vec()),
    ]
}

fn labels() -> impl Strategy<Value = Vec<v1::Label>> {
    (vec((text(), text()), 0..4), 0..8_u32).prop_map(|(pairs, chance)| {
        let name = (chance > 0).then(|| (b"__name__".to_vec(), b"up".to_vec()));
        let pairs = name.into_iter().chain(pairs);
        pairs.map(|(name, value)| v1::Label { name, value }).collect()
    })
}

fn spans() -> impl Strategy<Value = Vec<Span>> {
    let span = (-2..9_i32, 0..4_u32).prop_map(|(offset, length)| Span { offset, length });
    vec(span, 0..3)
}

/// Mostly consistent; the change breaks some.
pub(super) fn histogram() -> impl Strategy<Value = Histogram> {
    let sides = (spans(), spans(), vec(0..50_i64, 12), 0..20_u64);
    let schema = prop_oneof![4 => -4..=8_i32, 2 => Just(-53), 1 => any::<i32>()];
    (sides, schema, any::<bool>(), value(), time(), 0..12_u8, -1..5_i32).prop_map(
        |((positive, negative, counts, zero), schema, is_float, sum, timestamp, change, hint)| {
            let is_custom = schema == -53;
            let negative = if is_custom { Vec::new() } else { negative };
            let zero = if is_custom { 0 } else { zero };
            let length =
                |spans: &[Span]| spans.iter().map(|span| span.length as usize).sum::<usize>();
            let (positive_counts, rest) = counts.split_at(length(&positive));
            let negative_counts = &rest[..length(&negative)];
            let total = positive_counts.iter().chain(negative_counts).sum::<i64>() as u64 + zero;
            let deltas = |counts: &[i64]| {
                let before = std::iter::once(0).chain(counts.iter().copied());
                counts.iter().zip(before).map(|(count, before)| count - before).collect()
            };
            let floats = |counts: &[i64]| counts.iter().map(|count| *count as f64).collect();
            let mut histogram = Histogram {
                sum,
                schema,
                timestamp,
                reset_hint: hint,
                positive_spans: positive.clone(),
                negative_spans: negative,
                custom_values: if is_custom {
                    (0..24).map(f64::from).collect()
                } else {
                    Vec::new()
                },
                ..Histogram::default()
            };
            if is_float {
                histogram.count = Some(Count::Float(total as f64));
                histogram.zero_count = Some(ZeroCount::Float(zero as f64));
                histogram.positive_counts = floats(positive_counts);
                histogram.negative_counts = floats(negative_counts);
            } else {
                histogram.count = Some(Count::Int(total));
                histogram.zero_count = Some(ZeroCount::Int(zero));
                histogram.positive_deltas = deltas(positive_counts);
                histogram.negative_deltas = deltas(negative_counts);
            }
            match change {
                0 => histogram.count = Some(Count::Int(total + 1)),
                1 => histogram.count = Some(Count::Float(-1.0)),
                2 => histogram.positive_deltas.push(-60),
                3 => histogram.positive_counts.push(-1.0),
                4 => histogram.custom_values.push(2.5),
                5 => histogram.zero_count = Some(ZeroCount::Float(-1.0)),
                6 => histogram.negative_spans.push(Span { offset: -1, length: 0 }),
                7 => histogram.start_timestamp = timestamp.saturating_sub(5),
                _ => {}
            }
            histogram
        },
    )
}

fn v1_series() -> impl Strategy<Value = v1::TimeSeries> {
    let exemplar = (labels(), value(), time())
        .prop_map(|(labels, value, timestamp)| v1::Exemplar { labels, value, timestamp });
    let samples = vec(sample().prop_map(|sample| Sample { start_timestamp: 0, ..sample }), 0..4);
    (labels(), samples, vec(exemplar, 0..2), vec(histogram(), 0..2)).prop_map(
        |(labels, samples, exemplars, mut histograms)| {
            for histogram in &mut histograms {
                histogram.start_timestamp = 0;
            }
            v1::TimeSeries { labels, samples, exemplars, histograms }
        },
    )
}

pub(super) fn v1_request() -> impl Strategy<Value = v1::WriteRequest> {
    let metadata = (-1..9_i32, "[a-z]{0,4}", "\\PC{0,9}", "[a-z]{0,4}").prop_map(
        |(kind, metric_family_name, help, unit)| v1::MetricMetadata {
            kind,
            metric_family_name,
            help,
            unit,
        },
    );
    (vec(v1_series(), 0..5), vec(metadata, 0..3))
        .prop_map(|(timeseries, metadata)| v1::WriteRequest { timeseries, metadata })
}

pub(super) fn v2_request() -> impl Strategy<Value = v2::Request> {
    let refs = || {
        // Each label has a name of its own, most of the time.
        (0..3_u32, vec(0..13_u32, 0..3), 0..9_u8).prop_map(|(first, others, chance)| {
            let mut refs = vec![1, 2 + first];
            refs.extend(others);
            if refs.len() % 2 != 0 && chance > 0 {
                refs.pop();
            }
            refs
        })
    };
    let exemplar = (refs(), value(), time())
        .prop_map(|(labels_refs, value, timestamp)| v2::Exemplar { labels_refs, value, timestamp });
    let metadata = (0..9_i32, 0..12_u32, 0..12_u32)
        .prop_map(|(kind, help_ref, unit_ref)| v2::Metadata { kind, help_ref, unit_ref });
    let series = (
        refs(),
        vec(sample(), 0..4),
        vec(histogram(), 0..2),
        vec(exemplar, 0..2),
        proptest::option::of(metadata),
        prop_oneof![Just(0), time()],
    )
        .prop_map(
            |(labels_refs, samples, histograms, exemplars, metadata, created_timestamp)| {
                v2::TimeSeries {
                    labels_refs,
                    samples,
                    histograms,
                    exemplars,
                    metadata,
                    created_timestamp,
                }
            },
        );
    (vec(text(), 8), vec(series, 0..5)).prop_map(|(texts, timeseries)| {
        let fixed = ["", "__name__", "up"].map(|text| text.as_bytes().to_vec());
        v2::Request { symbols: fixed.into_iter().chain(texts).collect(), timeseries }
    })
}
