//! Both versions against the independent oracle, known series, round trips and arbitrary bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use signals::metric::{Exemplar, Metadata, MetricKind, STALE_NAN_BITS, Samples, SeriesKey};
use signals::{Batch, Labels};

use super::{NOW_MS, WriteMessage, arbitrary, decoded, oracle, try_decoded};
use crate::body::decompress_snappy;
use crate::known::NoneKnown;
use crate::otlp::tests::known::{Learned, batch};
use crate::remote::OutgoingSeries;

proptest! {
    #[test]
    fn requests_of_1_0_give_what_prometheus_would_store(request in arbitrary::v1_request()) {
        let decoded = decoded(WriteMessage::V1, &request.encode_to_vec());
        let expected = oracle::answer(&oracle::of_v1(&request));
        prop_assert_eq!(oracle::rendered(&decoded), expected);
        prop_assert_eq!(decoded.message.is_empty(), decoded.rejected == 0);
    }

    #[test]
    fn requests_of_2_0_give_what_prometheus_would_store(request in arbitrary::v2_request()) {
        let decoded = decoded(WriteMessage::V2, &request.encode_to_vec());
        let expected = oracle::answer(&oracle::of_v2(&request));
        prop_assert_eq!(oracle::rendered(&decoded), expected);
        prop_assert_eq!(decoded.message.is_empty(), decoded.rejected == 0);
    }

    #[test]
    fn samples_are_the_same_whichever_series_are_known(
        first in arbitrary::v1_request(),
        second in arbitrary::v2_request(),
        is_learned in vec(any::<bool>(), 1..7),
    ) {
        for (message, body) in
            [(WriteMessage::V1, first.encode_to_vec()), (WriteMessage::V2, second.encode_to_vec())]
        {
            let (mut all, mut some) = (Learned::default(), Learned::default());
            let plain = decoded(message, &body);
            all.store(&plain, |_| true);
            some.store(&plain, |i| is_learned[i % is_learned.len()]);
            let known = try_decoded(message, &body, &all).unwrap();
            prop_assert_eq!(all.render(&plain), all.render(&known));
            prop_assert!(known.unknown.is_empty() && batch(&known).metadata.is_empty());
            let by_reference = |key: &SeriesKey| matches!(key, SeriesKey::Ref(_));
            prop_assert!(batch(&known).series.iter().all(by_reference));
            let partly = try_decoded(message, &body, &some).unwrap();
            prop_assert_eq!(some.render(&plain), some.render(&partly));
        }
    }

    #[test]
    fn arbitrary_bytes_and_damaged_requests_never_panic(
        bytes in vec(any::<u8>(), 0..200),
        request in arbitrary::v2_request(),
        place in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut damaged = request.encode_to_vec();
        if !damaged.is_empty() {
            let place = place.index(damaged.len());
            damaged[place] = byte;
        }
        for body in [&bytes, &damaged] {
            for message in [WriteMessage::V1, WriteMessage::V2] {
                let _decoded = try_decoded(message, body, &NoneKnown);
            }
            let _plain = decompress_snappy(body, 1 << 20);
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_again(
        all in vec((labels(), samples(), vec((-9..0_i64, any::<i32>()), 0..2), any::<bool>()), 0..6),
    ) {
        for message in [WriteMessage::V1, WriteMessage::V2] {
            round_trip(message, &all);
        }
    }
}

fn labels() -> impl Strategy<Value = Labels> {
    vec(("[a-z]{1,3}", "\\PC{0,5}"), 0..4).prop_map(|pairs| {
        let name = ("__name__".to_owned(), "up".to_owned());
        Labels::from_pairs(pairs.into_iter().chain([name]))
    })
}

fn samples() -> impl Strategy<Value = Samples> {
    let values = vec(prop_oneof![any::<f64>(), Just(f64::from_bits(STALE_NAN_BITS))], 0..4);
    (values, vec(arbitrary::histogram(), 0..3)).prop_map(|(values, histograms)| Samples {
        timestamps: (0..values.len() as i64).map(|i| NOW_MS - 1000 + i).collect(),
        values,
        histograms: histograms
            .iter()
            .filter_map(oracle::histogram)
            .enumerate()
            .map(|(i, histogram)| (NOW_MS - 500 + i as i64, histogram.into()))
            .collect(),
    })
}

type Case = (Labels, Samples, Vec<(i64, i32)>, bool);

fn round_trip(message: WriteMessage, all: &[Case]) {
    let metadata = Metadata {
        metric: "up".to_owned(),
        kind: MetricKind::Counter,
        help: "Whether it is up.".to_owned(),
        unit: "seconds".to_owned(),
    };
    let exemplars: Vec<Vec<Exemplar>> = all
        .iter()
        .map(|(_, _, exemplars, _)| {
            let exemplar = |(at, value): &(i64, i32)| Exemplar {
                series: 0,
                timestamp_ms: NOW_MS + at,
                value: f64::from(*value),
                labels: Labels::from_pairs([("trace_id", value.to_string())]),
            };
            exemplars.iter().map(exemplar).collect()
        })
        .collect();
    let outgoing = || {
        all.iter().zip(&exemplars).map(|((labels, samples, _, has_start), exemplars)| {
            OutgoingSeries {
                labels,
                samples,
                exemplars,
                metadata: Some(&metadata),
                start_ms: has_start.then_some(NOW_MS - 9000),
            }
        })
    };
    let body = message.encode(outgoing()).unwrap();
    let decoded = decoded(message, &decompress_snappy(&body, 1 << 20).unwrap());
    let mut expected: Vec<String> = Vec::new();
    let mut has_any = false;
    for series in outgoing() {
        let (labels, samples) = (series.labels, series.samples);
        let has_samples = !samples.values.is_empty() || !samples.histograms.is_empty();
        if message == WriteMessage::V2 && !has_samples {
            continue;
        }
        has_any |= has_samples || !series.exemplars.is_empty();
        for (at, value) in samples.timestamps.iter().zip(&samples.values) {
            expected.push(format!("{labels:?} {at} {:x}", value.to_bits()));
        }
        for (at, histogram) in &samples.histograms {
            expected.push(format!(
                "{labels:?} {at} {:x} {:?}",
                histogram.sum.to_bits(),
                histogram.positive_counts
            ));
        }
        for exemplar in series.exemplars {
            expected.push(format!("{labels:?} {} {:?}", exemplar.timestamp_ms, exemplar.labels));
        }
    }
    let stored = batch(&decoded);
    let name = |series: u32| stored.series[series as usize].labels().unwrap();
    let mut found: Vec<String> = Vec::new();
    for sample in &stored.samples {
        found.push(format!(
            "{:?} {} {:x}",
            name(sample.series),
            sample.timestamp_ms,
            sample.value.to_bits()
        ));
    }
    for sample in &stored.histograms {
        let (at, histogram) = (sample.timestamp_ms, &sample.histogram);
        found.push(format!(
            "{:?} {at} {:x} {:?}",
            name(sample.series),
            histogram.sum.to_bits(),
            histogram.positive_counts
        ));
    }
    for exemplar in &stored.exemplars {
        found.push(format!(
            "{:?} {} {:?}",
            name(exemplar.series),
            exemplar.timestamp_ms,
            exemplar.labels
        ));
    }
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    if has_any {
        assert_eq!(stored.metadata, [metadata]);
    }
    let is_started = |(_, samples, _, has_start): &Case| {
        *has_start && (!samples.values.is_empty() || !samples.histograms.is_empty())
    };
    let has_starts = message == WriteMessage::V2 && all.iter().any(is_started);
    assert_eq!(!stored.start_times.is_empty(), has_starts);
    assert!(decoded.batches.iter().all(|batch| matches!(batch, Batch::Metrics(_))));
}
