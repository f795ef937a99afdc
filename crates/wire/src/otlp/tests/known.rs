//! A request gives the same samples whether or not its series are known.

use std::collections::HashMap;
use std::sync::Arc;

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use proptest::prelude::*;
use prost::Message as _;
use signals::metric::{Labels, SeriesBatch, SeriesKey, SeriesRef};
use signals::{Batch, Signal};

use super::{NOW, arbitrary, unbounded};
use crate::known::{Fingerprint, NoKnownSeries};
use crate::otlp::{Encoding, Export};
use crate::{Decode, DecodeContext, Decoded, KnownSeries, Limits};

/// A fake store: series by number, and the fingerprints learned.
#[derive(Default)]
pub(crate) struct Learned {
    series: Vec<Labels>,
    by_fingerprint: HashMap<Fingerprint, Vec<SeriesRef>, foldhash::fast::RandomState>,
}

impl KnownSeries for Learned {
    fn find(&self, fingerprint: Fingerprint, series: &mut Vec<SeriesRef>) -> bool {
        let found = self.by_fingerprint.get(&fingerprint);
        series.extend(found.into_iter().flatten());
        found.is_some()
    }
}

impl Learned {
    /// Stores a batch and learns the fingerprints whose number satisfies `is_learned`.
    pub(crate) fn store(&mut self, decoded: &Decoded, mut is_learned: impl FnMut(usize) -> bool) {
        let series: Vec<_> =
            batch(decoded).series.iter().map(|key| self.reference(self.labels(key))).collect();
        for (i, (fingerprint, places)) in decoded.unknown.iter().enumerate() {
            if is_learned(i) {
                let references = places.iter().map(|place| series[*place as usize]).collect();
                self.by_fingerprint.insert(fingerprint, references);
            }
        }
    }

    fn reference(&mut self, labels: Labels) -> SeriesRef {
        let place = self.series.iter().position(|known| *known == labels);
        let place = place.unwrap_or_else(|| {
            self.series.push(labels);
            self.series.len() - 1
        });
        SeriesRef::from_u64(place as u64)
    }

    fn labels(&self, key: &SeriesKey) -> Labels {
        match key {
            SeriesKey::Labels(labels) => labels.clone(),
            SeriesKey::Ref(reference) => self.series[reference.to_u64() as usize].clone(),
        }
    }

    /// The decoded request without metadata, with labels in place of references.
    pub(crate) fn render(&self, decoded: &Decoded) -> Vec<String> {
        let batch = batch(decoded);
        let labels = |series: u32| self.labels(&batch.series[series as usize]);
        let mut lines: Vec<String> = Vec::new();
        for sample in &batch.samples {
            let (at, bits) = (sample.timestamp_ms, sample.value.to_bits());
            lines.push(format!("{:?} {at} {bits:x}", labels(sample.series)));
        }
        for sample in &batch.histograms {
            let (at, histogram) = (sample.timestamp_ms, &sample.histogram);
            lines.push(format!("{:?} {at} {histogram:?}", labels(sample.series)));
        }
        for exemplar in &batch.exemplars {
            let (at, value) = (exemplar.timestamp_ms, exemplar.value);
            lines.push(format!("{:?} {at} {value} {:?}", labels(exemplar.series), exemplar.labels));
        }
        for start in &batch.start_times {
            lines.push(format!("{:?} since {}", labels(start.series), start.start_ms));
        }
        lines.push(format!("{:?}", decoded.deltas));
        lines.push(format!("{} {} {}", decoded.accepted, decoded.rejected, decoded.message));
        lines.push(format!("{:?} {:?}", decoded.services, decoded.points));
        lines
    }
}

pub(crate) fn batch(decoded: &Decoded) -> SeriesBatch {
    match decoded.batches.first() {
        Some(Batch::Metrics(batch)) => batch.clone(),
        _ => SeriesBatch::default(),
    }
}

fn decoded(request: &ExportMetricsServiceRequest, known: &dyn KnownSeries) -> Decoded {
    let (limits, memory) = (&Limits::default(), &unbounded());
    let context = DecodeContext { received_at: NOW, limits, known, memory };
    let (signal, encoding) = (Signal::Metrics, Encoding::Protobuf);
    let export = Export { signal, encoding, translation: Arc::default() };
    export.decode(&request.encode_to_vec(), &context).unwrap()
}

proptest! {
    #[test]
    fn samples_are_the_same_whichever_series_are_known(
        requests in proptest::collection::vec(arbitrary::metrics(), 1..3),
        is_learned in proptest::collection::vec(any::<bool>(), 1..7),
    ) {
        let (mut all, mut some) = (Learned::default(), Learned::default());
        for request in &requests {
            let first = decoded(request, &NoKnownSeries);
            all.store(&first, |_| true);
            some.store(&first, |i| is_learned[i % is_learned.len()]);
        }
        for request in &requests {
            let (plain, known) = (decoded(request, &NoKnownSeries), decoded(request, &all));
            prop_assert_eq!(all.render(&plain), all.render(&known));
            prop_assert!(known.unknown.is_empty() && batch(&known).metadata.is_empty());
            let by_reference = |key: &SeriesKey| matches!(key, SeriesKey::Ref(_));
            prop_assert!(!known.deltas.is_empty() || batch(&known).series.iter().all(by_reference));
            let partly = decoded(request, &some);
            prop_assert_eq!(some.render(&plain), some.render(&partly));
        }
    }
}

/// A request with one gauge of one point, after a change.
fn gauge(change: impl FnOnce(&mut ExportMetricsServiceRequest)) -> ExportMetricsServiceRequest {
    let json = serde_json::json!({ "resourceMetrics": [{
        "resource": { "attributes": [
            { "key": "service.name", "value": { "stringValue": "shop" } },
            { "key": "host.name", "value": { "stringValue": "h" } },
        ] },
        "scopeMetrics": [{ "scope": { "name": "lib" }, "metrics": [{
            "name": "queue", "unit": "1", "description": "How long.", "gauge": { "dataPoints": [{
                "timeUnixNano": NOW.to_string(), "asInt": "5",
                "attributes": [
                    { "key": "a", "value": { "stringValue": "1" } },
                    { "key": "b", "value": { "stringValue": "2" } },
                ],
            }] },
        }] }],
    }] });
    let mut request = serde_json::from_value(json).unwrap();
    change(&mut request);
    request
}

#[test]
fn a_series_is_known_by_all_that_determines_it_and_by_nothing_else() {
    type Change = fn(&mut ExportMetricsServiceRequest);
    fn metric(
        request: &mut ExportMetricsServiceRequest,
    ) -> &mut opentelemetry_proto::tonic::metrics::v1::Metric {
        &mut request.resource_metrics[0].scope_metrics[0].metrics[0]
    }
    fn point(
        request: &mut ExportMetricsServiceRequest,
    ) -> &mut opentelemetry_proto::tonic::metrics::v1::NumberDataPoint {
        use opentelemetry_proto::tonic::metrics::v1::metric::Data;
        let Some(Data::Gauge(gauge)) = &mut metric(request).data else { panic!() };
        &mut gauge.data_points[0]
    }
    let changes: [(Change, usize); 8] = [
        (|_| {}, 0),
        (|request| point(request).time_unix_nano -= 1_000_000, 0),
        (|request| request.resource_metrics[0].schema_url = "x".into(), 0),
        // The help text is new, the series is not.
        (|request| metric(request).description = "Its length.".into(), 1),
        // Both series and family are new.
        (|request| metric(request).name = "other".into(), 2),
        (|request| metric(request).unit = "s".into(), 2),
        (|request| point(request).attributes[0].key = "c".into(), 1),
        // `target_info` is new, too.
        (
            |request| {
                let resource = request.resource_metrics[0].resource.as_mut().unwrap();
                resource.attributes.swap(0, 1);
            },
            2,
        ),
    ];
    let mut learned = Learned::default();
    learned.store(&decoded(&gauge(|_| {}), &NoKnownSeries), |_| true);
    for (number, (change, news)) in changes.into_iter().enumerate() {
        let decoded = decoded(&gauge(change), &learned);
        assert_eq!(decoded.unknown.iter().count(), news, "change {number}");
        assert_eq!((decoded.accepted, batch(&decoded).samples.len()), (1, 2), "change {number}");
    }
}

#[test]
fn attributes_in_another_order_are_the_same_series() {
    use opentelemetry_proto::tonic::metrics::v1::metric::Data;
    let both = gauge(|request| {
        let metric = &mut request.resource_metrics[0].scope_metrics[0].metrics[0];
        let Some(Data::Gauge(gauge)) = &mut metric.data else { panic!() };
        let mut other = gauge.data_points[0].clone();
        other.attributes.reverse();
        gauge.data_points.push(other);
    });
    let mut learned = Learned::default();
    let first = decoded(&both, &NoKnownSeries);
    assert_eq!(batch(&first).series.len(), 2, "and target_info");
    learned.store(&first, |_| true);
    let again = decoded(&both, &learned);
    assert_eq!((batch(&again).series.len(), batch(&again).samples.len()), (2, 3));
}

#[test]
fn a_reference_that_fits_no_histogram_is_not_used() {
    // Simulates a fingerprint collision.
    struct Wrong;
    impl KnownSeries for Wrong {
        fn find(&self, _: Fingerprint, series: &mut Vec<SeriesRef>) -> bool {
            series.extend([SeriesRef::from_u64(1), SeriesRef::from_u64(2)]);
            true
        }
    }
    let decoded = decoded(&gauge(|_| {}), &Wrong);
    assert!(batch(&decoded).series[0].labels().is_some());
}
