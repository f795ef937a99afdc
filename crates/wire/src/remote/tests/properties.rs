//! Both versions against the independent oracle, known series, round trips and arbitrary bytes.

use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message as _;
use signals::Labels;
use signals::metric::{
    Exemplar, Metadata, MetricKind, NativeHistogram, STALE_NAN_BITS, Samples, SeriesBatch,
    SeriesKey,
};

use super::{NOW_MS, WriteMessage, arbitrary, decoded, oracle, try_decoded};
use crate::body::decompress_snappy;
use crate::known::NoKnownSeries;
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
                let _decoded = try_decoded(message, body, &NoKnownSeries);
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

/// The items of a batch, one line each.
fn lines(batch: &SeriesBatch) -> Vec<String> {
    let name = |series: u32| batch.series[series as usize].labels().unwrap();
    let samples = batch
        .samples
        .iter()
        .map(|sample| line(name(sample.series), sample.timestamp_ms, sample.value, &""));
    let histograms = batch.histograms.iter().map(|sample| {
        let histogram = &sample.histogram;
        line(name(sample.series), sample.timestamp_ms, histogram.sum, &without_sum(histogram))
    });
    let exemplars = batch.exemplars.iter().map(|exemplar| {
        line(name(exemplar.series), exemplar.timestamp_ms, exemplar.value, &exemplar.labels)
    });
    let mut lines: Vec<_> = samples.chain(histograms).chain(exemplars).collect();
    lines.sort();
    lines
}

fn line(labels: &Labels, at: i64, value: f64, more: &dyn std::fmt::Debug) -> String {
    format!("{labels:?} {at} {:x} {more:?}", value.to_bits())
}

fn without_sum(histogram: &NativeHistogram) -> NativeHistogram {
    NativeHistogram { sum: 0.0, ..histogram.clone() }
}

fn has_samples(samples: &Samples) -> bool {
    !samples.values.is_empty() || !samples.histograms.is_empty()
}

fn expected_lines<'a>(all: impl Iterator<Item = OutgoingSeries<'a>>) -> Vec<String> {
    let mut lines = Vec::new();
    for OutgoingSeries { labels, samples, exemplars, .. } in all {
        let floats = samples.timestamps.iter().zip(&samples.values);
        lines.extend(floats.map(|(at, value)| line(labels, *at, *value, &"")));
        for (at, histogram) in &samples.histograms {
            lines.push(line(labels, *at, histogram.sum, &without_sum(histogram)));
        }
        let exemplars = exemplars.iter();
        lines.extend(
            exemplars.map(|each| line(labels, each.timestamp_ms, each.value, &each.labels)),
        );
    }
    lines.sort();
    lines
}

fn round_trip(message: WriteMessage, all: &[Case]) {
    let metadata = Metadata {
        metric: "up".to_owned(),
        kind: MetricKind::Counter,
        help: "Whether it is up.".to_owned(),
        unit: "seconds".to_owned(),
    };
    let exemplar = |(at, value): &(i64, i32)| Exemplar {
        series: 0,
        timestamp_ms: NOW_MS + at,
        value: f64::from(*value),
        labels: Labels::from_pairs([("trace_id", value.to_string())]),
    };
    let exemplars: Vec<Vec<Exemplar>> =
        all.iter().map(|(_, _, exemplars, _)| exemplars.iter().map(exemplar).collect()).collect();
    // 2.0 has no series without samples.
    let series = all
        .iter()
        .zip(&exemplars)
        .filter(|((_, samples, _, _), _)| message == WriteMessage::V1 || has_samples(samples));
    let outgoing = series.map(|((labels, samples, _, has_start), exemplars)| OutgoingSeries {
        labels,
        samples,
        exemplars,
        metadata: Some(&metadata),
        start_ms: has_start.then_some(NOW_MS - 9000),
    });
    let body = message.encode(outgoing.clone()).unwrap();
    let decoded = decoded(message, &decompress_snappy(&body, 1 << 20).unwrap());
    assert_eq!(decoded.message, "");
    let stored = batch(&decoded);
    assert_eq!(lines(&stored), expected_lines(outgoing.clone()));
    if outgoing.clone().next().is_some() {
        assert_eq!(stored.metadata, std::slice::from_ref(&metadata));
    }
    let is_started =
        |series: OutgoingSeries<'_>| series.start_ms.is_some() && has_samples(series.samples);
    let has_starts = message == WriteMessage::V2 && outgoing.clone().any(is_started);
    assert_eq!(!stored.start_times.is_empty(), has_starts);
}
