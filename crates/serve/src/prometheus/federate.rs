//! `GET /federate`: the latest sample of each selected series, as a page that another Prometheus
//! scrapes.
//!
//! The text format has no native histograms: those with exponential buckets are left out. Those with
//! custom buckets become classic ones in both formats. Source: `web/federate.go` of Prometheus.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE};
use query::promql::{compare_labels, parse_selector};
use query::{Counted, QueryError, SampleRange};
use signals::Labels;
use signals::metric::{NAME_LABEL, NativeHistogram, Samples, is_stale};
use wire::exposition::{FamilyWriter, TextWriter, WrittenFormat};

use super::LOOKBACK_MS;
use crate::error::TextError;
use crate::json;
use crate::parameters::Parameters;
use crate::routers::Api;

/// The label that Prometheus adds empty, so that the scraper adds none of its own.
const INSTANCE: &str = "instance";

pub(super) fn api() -> Router<Arc<Api>> {
    Router::new().route("/federate", get(federate))
}

/// The newest sample of a series.
#[derive(Debug, Clone)]
struct Latest {
    labels: Labels,
    timestamp_ms: i64,
    value: Value,
}

#[derive(Debug, Clone)]
enum Value {
    Float(f64),
    Histogram(Arc<NativeHistogram>),
}

async fn federate(
    State(api): State<Arc<Api>>,
    headers: HeaderMap,
    parameters: Parameters,
) -> Result<Response, TextError> {
    let mut results = latest(&api, &parameters).await?;
    let mut found: Vec<Latest> = results.drain(..).flatten().collect();
    found.sort_by(|a, b| a.name().cmp(b.name()).then_with(|| compare_labels(&a.labels, &b.labels)));
    found.dedup_by(|a, b| a.labels == b.labels);
    let accepted: Vec<&str> =
        headers.get_all(ACCEPT).iter().filter_map(|accept| accept.to_str().ok()).collect();
    let format = WrittenFormat::negotiate(&accepted.join(","));
    let page = page(&found, &api.info.external_labels(), format);
    results.reserve(page.len())?;
    let bytes = page.len();
    let response = ([(CONTENT_TYPE, format.content_type())], page).into_response();
    Ok(json::count(response, bytes, results.into_memory()))
}

/// The newest samples of each selector.
async fn latest(
    api: &Api,
    parameters: &Parameters,
) -> Result<Counted<Vec<Vec<Latest>>>, QueryError> {
    let end_ms = api.now_ms();
    let range = |selector: &String| {
        let matchers = parse_selector(selector)?;
        Ok(SampleRange { matchers, start_ms: end_ms - LOOKBACK_MS, end_ms })
    };
    let ranges = parameters.all("match[]").iter().map(range).collect::<Result<_, QueryError>>()?;
    let newest = |_: usize, labels: &Labels, samples: &Samples| {
        let bytes = labels.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        Ok(Latest::of(labels, samples).map(|latest| (latest, bytes)))
    };
    api.engine.read_samples(ranges, newest).await
}

impl Latest {
    fn name(&self) -> &str {
        self.labels.get(NAME_LABEL).unwrap_or_default()
    }

    /// `None` if the series is stale.
    fn of(labels: &Labels, samples: &Samples) -> Option<Self> {
        let float = samples.timestamps.last().zip(samples.values.last());
        let histogram = samples.histograms.last();
        let is_histogram = match (float, histogram) {
            (Some((float, _)), Some((histogram, _))) => histogram > float,
            (None, Some(_)) => true,
            _ => false,
        };
        let (timestamp_ms, value) = if is_histogram {
            let (timestamp, histogram) = histogram?;
            let is_stale = is_stale(histogram.sum);
            (*timestamp, (!is_stale).then(|| Value::Histogram(Arc::clone(histogram)))?)
        } else {
            let (timestamp, value) = float?;
            (*timestamp, (!is_stale(*value)).then_some(Value::Float(*value))?)
        };
        Some(Self { labels: labels.clone(), timestamp_ms, value })
    }
}

fn page(found: &[Latest], external: &Labels, format: WrittenFormat) -> Vec<u8> {
    let mut added: Vec<(&str, &str)> = external.iter().collect();
    if external.get(INSTANCE).is_none() {
        added.push((INSTANCE, ""));
    }
    added.sort_unstable();
    let mut page = Page::new(format);
    let mut family = None;
    for latest in found {
        let name = latest.name();
        let kind = match &latest.value {
            Value::Float(_) => Kind::Untyped,
            Value::Histogram(histogram) => {
                if !format.is_protobuf && !histogram.has_custom_bounds() {
                    continue;
                }
                if histogram.is_gauge() { Kind::GaugeHistogram } else { Kind::Histogram }
            }
        };
        if name.is_empty() {
            continue;
        }
        if family != Some((name, kind)) {
            page.family(name, kind);
            family = Some((name, kind));
        }
        let own =
            latest.labels.iter().filter(|(name, value)| *name != NAME_LABEL && !value.is_empty());
        let mut labels: Vec<(&str, &str)> = own.collect();
        let absent =
            added.iter().filter(|(name, _)| latest.labels.get(name).is_none_or(str::is_empty));
        labels.extend(absent);
        page.sample(&labels, latest);
    }
    page.finish()
}

/// A page in either format.
enum Page {
    Text(TextWriter),
    Protobuf(FamilyWriter),
}

impl Page {
    fn new(format: WrittenFormat) -> Self {
        if format.is_protobuf {
            Self::Protobuf(FamilyWriter::new(format.allows_utf8))
        } else {
            Self::Text(TextWriter::new(format.allows_utf8))
        }
    }

    fn family(&mut self, name: &str, kind: Kind) {
        match (self, kind) {
            (Self::Text(page), kind) => page.family(name, kind.name(), ""),
            (Self::Protobuf(page), Kind::Untyped) => page.untyped_family(name),
            (Self::Protobuf(page), kind) => {
                page.histogram_family(name, kind == Kind::GaugeHistogram);
            }
        }
    }

    fn sample(&mut self, labels: &[(&str, &str)], latest: &Latest) {
        let (name, timestamp_ms) = (latest.name(), latest.timestamp_ms);
        match (self, &latest.value) {
            (Self::Text(page), Value::Float(value)) => {
                page.sample(name, labels.iter().copied(), *value, Some(timestamp_ms));
            }
            (Self::Text(page), Value::Histogram(histogram)) => {
                page.classic_histogram(name, labels, histogram, timestamp_ms);
            }
            (Self::Protobuf(page), Value::Float(value)) => {
                page.untyped(labels, *value, timestamp_ms);
            }
            (Self::Protobuf(page), Value::Histogram(histogram)) => {
                page.histogram(labels, histogram, timestamp_ms);
            }
        }
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Text(page) => page.finish().into_bytes(),
            Self::Protobuf(page) => page.finish(),
        }
    }
}

/// The type of a family.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Untyped,
    Histogram,
    GaugeHistogram,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Untyped => "untyped",
            Self::Histogram => "histogram",
            Self::GaugeHistogram => "gaugehistogram",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_has_types_and_external_labels() {
        let float = |labels: &[(&str, &str)], value| Latest {
            labels: Labels::from_pairs(labels.iter().copied()),
            timestamp_ms: 1_500,
            value: Value::Float(value),
        };
        let histogram = NativeHistogram {
            schema: signals::metric::CUSTOM_SCHEMA,
            count: 6.0,
            sum: 9.5,
            positive_spans: vec![signals::metric::BucketSpan { offset: 0, length: 3 }],
            positive_counts: vec![1.0, 2.0, 3.0],
            custom_bounds: vec![0.5, 1.0],
            ..NativeHistogram::default()
        };
        let found = [
            float(&[(NAME_LABEL, "a"), ("x", "1\n\"")], 1e6),
            float(&[(NAME_LABEL, "a"), ("instance", "h:1"), ("region", "us")], f64::INFINITY),
            Latest {
                labels: Labels::from_pairs([(NAME_LABEL, "b")]),
                timestamp_ms: 2,
                value: Value::Histogram(Arc::new(histogram)),
            },
            float(&[(NAME_LABEL, "c.d"), ("e.f", "g")], f64::NAN),
        ];
        let external = Labels::from_pairs([("region", "eu")]);
        let expected = "\
            # TYPE a untyped\n\
            a{x=\"1\\n\\\"\",instance=\"\",region=\"eu\"} 1e+06 1500\n\
            a{instance=\"h:1\",region=\"us\"} +Inf 1500\n\
            # TYPE b histogram\n\
            b_bucket{instance=\"\",region=\"eu\",le=\"0.5\"} 1 2\n\
            b_bucket{instance=\"\",region=\"eu\",le=\"1\"} 3 2\n\
            b_bucket{instance=\"\",region=\"eu\",le=\"+Inf\"} 6 2\n\
            b_sum{instance=\"\",region=\"eu\"} 9.5 2\n\
            b_count{instance=\"\",region=\"eu\"} 6 2\n";
        let quoted = "# TYPE \"c.d\" untyped\n{\"c.d\",\"e.f\"=\"g\",instance=\"\",region=\"eu\"} NaN 1500\n";
        let plain = "# TYPE c_d untyped\nc_d{e_f=\"g\",instance=\"\",region=\"eu\"} NaN 1500\n";
        for (allows_utf8, end) in [(true, quoted), (false, plain)] {
            let format = WrittenFormat { is_protobuf: false, allows_utf8 };
            let page = String::from_utf8(page(&found, &external, format)).unwrap();
            assert_eq!(page, format!("{expected}{end}"));
        }
    }

    #[test]
    fn a_series_that_has_ended_is_left_out() {
        let labels = Labels::from_pairs([(NAME_LABEL, "a")]);
        let stale = f64::from_bits(signals::metric::STALE_NAN_BITS);
        for (timestamps, values, is_shown) in
            [(vec![1, 2], vec![1.0, 2.0], true), (vec![1, 2], vec![1.0, stale], false)]
        {
            let samples = Samples { timestamps, values, ..Samples::default() };
            assert_eq!(Latest::of(&labels, &samples).is_some(), is_shown);
        }
    }
}
