//! What is rejected, what is kept, and how a request is negotiated.

use prost::Message as _;
use signals::metric::{MetricKind, STALE_NAN_BITS};

use super::messages::{Count, Histogram, Sample, Span, v1, v2};
use super::{NOW_MS, WriteMessage, decoded, try_decoded};
use crate::body::{compress_snappy, decompress_snappy};
use crate::known::NoKnownSeries;
use crate::otlp::tests::known::batch;
use crate::remote::check_content_encoding;
use crate::{ItemCounts, WireError};

fn label(name: &str, value: &str) -> v1::Label {
    v1::Label { name: name.into(), value: value.into() }
}

/// A series of 1.0 with one sample.
fn series(pairs: &[(&str, &str)]) -> v1::TimeSeries {
    v1::TimeSeries {
        labels: pairs.iter().map(|(name, value)| label(name, value)).collect(),
        samples: vec![Sample { value: 1.0, timestamp: NOW_MS, start_timestamp: 0 }],
        ..v1::TimeSeries::default()
    }
}

fn v1_body(timeseries: Vec<v1::TimeSeries>) -> Vec<u8> {
    v1::WriteRequest { timeseries, metadata: Vec::new() }.encode_to_vec()
}

#[test]
fn invalid_series_are_refused_and_the_others_are_kept() {
    let long = "x".repeat(5000);
    let many: Vec<_> = (0..60).map(|i| format!("l{i}")).collect();
    let mut too_many: Vec<_> = many.iter().map(|name| (name.as_str(), "1")).collect();
    too_many.push(("__name__", "up"));
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[("__name__", "up"), ("", "1")], "a label name is empty"),
        (&[("__name__", "up"), ("job", "a"), ("job", "b")], "a label name is repeated"),
        (&[("__name__", "up"), ("job", "a"), ("job", "")], "a label name is repeated"),
        (&[("job", "a")], "the metric name is missing"),
        (&[("__name__", ""), ("job", "a")], "the metric name is missing"),
        (&[], "the metric name is missing"),
        (&[("__name__", "up"), ("a", &long)], "a label is too long"),
        (&too_many, "the series has too many labels"),
    ];
    for (pairs, reason) in cases {
        let good = series(&[("__name__", "good"), ("a", "")]);
        let decoded = decoded(WriteMessage::V1, &v1_body(vec![series(pairs), good]));
        assert_eq!((decoded.accepted, decoded.rejected), (1, 1), "{reason}");
        assert_eq!(format!("{:?}", batch(&decoded).series), "[Labels({__name__=\"good\"})]");
        let expected = format!("1 items rejected: {reason} (first: ");
        assert!(decoded.message.starts_with(&expected), "{}", decoded.message);
    }
}

#[test]
fn messages_name_the_series_and_count_its_items() {
    let mut bad = series(&[("job", "api"), ("instance", "a:1")]);
    bad.samples.push(Sample { value: 2.0, timestamp: NOW_MS + 1, start_timestamp: 0 });
    bad.exemplars.push(v1::Exemplar { labels: vec![], value: 1.0, timestamp: NOW_MS });
    bad.histograms.push(Histogram { timestamp: NOW_MS, ..Histogram::default() });
    let mut late = series(&[("__name__", "up"), ("job", "api")]);
    late.samples[0].timestamp = NOW_MS + 601_000;
    let mut invalid = series(&[("__name__", "h")]);
    invalid.histograms.push(Histogram { count: Some(Count::Int(1)), ..Histogram::default() });
    let decoded = decoded(WriteMessage::V1, &v1_body(vec![bad, late, invalid]));
    assert_eq!((decoded.accepted, decoded.rejected), (1, 6));
    assert_eq!(
        decoded.message,
        "4 items rejected: the metric name is missing (first: \"{job=api, instance=a:1}\"); \
         1 items rejected: timestamp is too far in the future (first: \"up{job=api}\"); \
         1 items rejected: the count of the histogram is not the sum of its buckets (first: \"h{}\")"
    );
}

#[test]
fn labels_in_any_order_and_between_other_fields_are_one_series() {
    let sorted = series(&[("__name__", "up"), ("a", "1"), ("b", "2")]);
    let reversed = series(&[("b", "2"), ("a", "1"), ("__name__", "up")]);
    // Fields of a message may be split and repeated.
    let first = series(&[("__name__", "up"), ("a", "1")]).encode_to_vec();
    let second = v1::TimeSeries { labels: vec![label("b", "2")], ..Default::default() };
    let split = [first, second.encode_to_vec()].concat();
    let mut body = v1_body(vec![sorted, reversed]);
    prost::encoding::encode_key(1, prost::encoding::WireType::LengthDelimited, &mut body);
    prost::encoding::encode_varint(split.len() as u64, &mut body);
    body.extend(split);
    let decoded = decoded(WriteMessage::V1, &body);
    assert_eq!((batch(&decoded).series.len(), decoded.accepted), (1, 3));
    assert_eq!(decoded.unknown.iter().count(), 3, "three ways to write it");
}

#[test]
fn services_are_the_jobs_of_accepted_samples() {
    let named = |job| series(&[("__name__", "up"), ("job", job)]);
    let none = series(&[("__name__", "up")]);
    let decoded =
        decoded(WriteMessage::V1, &v1_body(vec![named("b"), named("a"), none, named("b")]));
    assert_eq!(decoded.services, [("b".to_owned(), 2), ("a".to_owned(), 1)]);
}

#[test]
fn metadata_of_1_0_is_that_of_families() {
    let entry = |kind, metric: &str, help: &str| v1::MetricMetadata {
        kind,
        metric_family_name: metric.to_owned(),
        help: help.to_owned(),
        unit: "seconds".to_owned(),
    };
    let metadata = vec![entry(1, "a", "One."), entry(9, "b", "Two."), entry(3, "", "No name.")];
    let body = v1::WriteRequest { timeseries: vec![], metadata }.encode_to_vec();
    let batch = batch(&decoded(WriteMessage::V1, &body));
    let found: Vec<_> =
        batch.metadata.iter().map(|entry| (entry.metric.as_str(), entry.kind)).collect();
    assert_eq!(found, [("a", MetricKind::Counter), ("b", MetricKind::Unknown)]);
    assert_eq!(
        (batch.metadata[0].help.as_str(), batch.metadata[0].unit.as_str()),
        ("One.", "seconds")
    );
}

#[test]
fn metadata_of_2_0_belongs_to_the_family_of_its_series() {
    for (metric, kind, family) in [
        ("x_seconds_bucket", 3, "x_seconds"),
        ("x_seconds_sum", 3, "x_seconds"),
        ("x_seconds_count", 5, "x_seconds"),
        ("x_seconds_bucket", 5, "x_seconds_bucket"),
        ("x_gcount", 4, "x"),
        ("x_total", 1, "x_total"),
        ("_sum", 3, "_sum"),
    ] {
        let symbols = ["", "__name__", metric, "Help."].map(|text| text.as_bytes().to_vec());
        let timeseries = vec![v2::TimeSeries {
            labels_refs: vec![1, 2],
            samples: vec![Sample { value: 1.0, timestamp: NOW_MS, start_timestamp: NOW_MS - 5 }],
            metadata: Some(v2::Metadata { kind, help_ref: 3, unit_ref: 0 }),
            ..v2::TimeSeries::default()
        }];
        let body = v2::Request { symbols: symbols.into(), timeseries }.encode_to_vec();
        let batch = batch(&decoded(WriteMessage::V2, &body));
        assert_eq!(batch.metadata[0].metric, family);
        assert_eq!(batch.start_times[0].start_ms, NOW_MS - 5);
    }
}

#[test]
fn stale_markers_keep_their_bits_and_items_are_counted_apart() {
    let stale = f64::from_bits(STALE_NAN_BITS);
    let mut both = series(&[("__name__", "up")]);
    both.samples[0].value = stale;
    both.histograms.push(Histogram { sum: stale, timestamp: NOW_MS, ..Histogram::default() });
    both.exemplars.push(v1::Exemplar { labels: vec![], value: 1.0, timestamp: 0 });
    let decoded = decoded(WriteMessage::V1, &v1_body(vec![both]));
    let counts = ItemCounts { samples: 1, histograms: 1, exemplars: 1 };
    assert_eq!(decoded.item_counts(), counts);
    let batch = batch(&decoded);
    assert_eq!(batch.samples[0].value.to_bits(), STALE_NAN_BITS);
    assert_eq!(batch.histograms[0].histogram.sum.to_bits(), STALE_NAN_BITS);
    assert_eq!(batch.exemplars[0].timestamp_ms, NOW_MS, "that of the last sample");
}

#[test]
fn resolutions_above_the_highest_are_reduced() {
    let mut native = series(&[("__name__", "h")]);
    native.histograms.push(Histogram {
        count: Some(Count::Int(4)),
        schema: 9,
        positive_spans: vec![Span { offset: 1, length: 4 }],
        positive_deltas: vec![1, 0, 0, 0],
        timestamp: NOW_MS,
        ..Histogram::default()
    });
    let batch = batch(&decoded(WriteMessage::V1, &v1_body(vec![native])));
    let histogram = &batch.histograms[0].histogram;
    assert_eq!((histogram.schema, &histogram.positive_counts[..]), (8, &[2.0, 2.0][..]));
}

#[test]
fn the_other_message_is_an_empty_request() {
    let body = v1_body(vec![series(&[("__name__", "up")])]);
    assert!(decoded(WriteMessage::V2, &body).batches.is_empty());
    assert!(try_decoded(WriteMessage::V1, b"\x0a\x05", &NoKnownSeries).is_err());
}

#[test]
fn the_content_type_names_the_message() {
    let of = |header| WriteMessage::from_content_type(header).ok();
    let (v1, v2) = (Some(WriteMessage::V1), Some(WriteMessage::V2));
    for (header, expected) in [
        (None, v1),
        (Some(""), v1),
        (Some("application/x-protobuf"), v1),
        (Some("Application/X-Protobuf; proto=prometheus.WriteRequest"), v1),
        (Some("application/x-protobuf;proto=io.prometheus.write.v2.Request"), v2),
        (
            Some("application/x-protobuf; charset=utf-8; proto=\"io.prometheus.write.v2.Request\""),
            v2,
        ),
        (Some("application/x-protobuf;proto=io.prometheus.write.v3.Request"), None),
        (Some("application/json"), None),
        (Some("application/x-protobuf;proto"), None),
    ] {
        assert_eq!(of(header), expected, "{header:?}");
    }
    for message in [WriteMessage::V1, WriteMessage::V2] {
        assert_eq!(of(Some(message.content_type())), Some(message));
    }
    for (header, is_accepted) in
        [(None, true), (Some("Snappy"), true), (Some(""), true), (Some("zstd"), false)]
    {
        assert_eq!(check_content_encoding(header).is_ok(), is_accepted, "{header:?}");
    }
}

#[test]
fn snappy_blocks_are_bounded_by_what_they_declare_and_by_their_own_size() {
    let plain = vec![7; 1 << 20];
    let block = compress_snappy(&plain).unwrap();
    assert_eq!(decompress_snappy(&block, 1 << 20).unwrap(), plain);
    let too_large = decompress_snappy(&block, (1 << 20) - 1);
    assert!(matches!(too_large, Err(WireError::TooLarge { .. })));
    for damaged in [&[][..], &block[..block.len() - 1], &[0xff, 0xff, 0xff, 0x7f, 0], &[0x80]] {
        let error = decompress_snappy(damaged, 1 << 30).unwrap_err();
        assert!(matches!(error, WireError::Compression { .. }), "{error}");
    }
}
