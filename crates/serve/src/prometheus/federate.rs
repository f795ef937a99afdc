//! `GET /federate`: the latest sample of each selected series, as a page that another Prometheus
//! scrapes.
//!
//! Only the text format is written. It has no native histograms: those with exponential buckets are
//! left out, those with custom buckets become classic ones, both as in Prometheus.

use std::fmt::Write as _;
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

use super::LOOKBACK_MS;
use super::buckets::{self, CUSTOM_SCHEMA};
use crate::error::TextError;
use crate::go_float::general;
use crate::json;
use crate::parameters::Parameters;
use crate::routers::Api;

const CONTENT_TYPES: [&str; 2] = [
    "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
    "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8",
];
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
    /// With custom buckets.
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
    let accepts_utf8 = headers
        .get_all(ACCEPT)
        .iter()
        .any(|accept| accept.to_str().is_ok_and(|text| text.contains("escaping=allow-utf-8")));
    let page = page(&found, &api.info.external_labels(), accepts_utf8);
    results.reserve(page.len())?;
    let bytes = page.len();
    let content_type = CONTENT_TYPES[usize::from(accepts_utf8)];
    let response = ([(CONTENT_TYPE, content_type)], page).into_response();
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

    /// `None` if the series is stale or the text format cannot show it.
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
            let is_shown = histogram.schema == CUSTOM_SCHEMA && !is_stale(histogram.sum);
            (*timestamp, is_shown.then(|| Value::Histogram(Arc::clone(histogram)))?)
        } else {
            let (timestamp, value) = float?;
            (*timestamp, (!is_stale(*value)).then_some(Value::Float(*value))?)
        };
        Some(Self { labels: labels.clone(), timestamp_ms, value })
    }
}

/// The page in the text format.
fn page(found: &[Latest], external: &Labels, accepts_utf8: bool) -> String {
    let mut added: Vec<(&str, &str)> = external.iter().collect();
    if external.get(INSTANCE).is_none() {
        added.push((INSTANCE, ""));
    }
    added.sort_unstable();
    let mut page = Page { text: String::new(), accepts_utf8 };
    let mut family = None;
    for latest in found {
        let name = latest.name();
        if name.is_empty() {
            continue;
        }
        let kind = match &latest.value {
            Value::Float(_) => "untyped",
            Value::Histogram(histogram) if histogram.is_gauge() => "gaugehistogram",
            Value::Histogram(_) => "histogram",
        };
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
        match &latest.value {
            Value::Float(value) => {
                page.sample(name, "", &labels, None, *value, latest.timestamp_ms);
            }
            Value::Histogram(histogram) => {
                page.histogram(name, &labels, histogram, latest.timestamp_ms);
            }
        }
    }
    page.text
}

struct Page {
    text: String,
    accepts_utf8: bool,
}

impl Page {
    fn family(&mut self, name: &str, kind: &str) {
        self.text.push_str("# TYPE ");
        let is_quoted = self.accepts_utf8 && !is_plain(name, true);
        if is_quoted {
            let _infallible = write!(self.text, "\"{}\"", escaped(name));
        } else {
            self.text.push_str(&underscored(name, true));
        }
        let _infallible = writeln!(self.text, " {kind}");
    }

    fn histogram(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        histogram: &NativeHistogram,
        timestamp_ms: i64,
    ) {
        let mut below = 0.0;
        let counts = buckets::all(histogram);
        let mut counts = counts.iter().peekable();
        for bound in &histogram.custom_bounds {
            while let Some(bucket) = counts.next_if(|bucket| bucket.upper <= *bound) {
                below += bucket.count;
            }
            self.sample(name, "_bucket", labels, Some(*bound), below, timestamp_ms);
        }
        let end = Some(f64::INFINITY);
        self.sample(name, "_bucket", labels, end, histogram.count, timestamp_ms);
        self.sample(name, "_sum", labels, None, histogram.sum, timestamp_ms);
        self.sample(name, "_count", labels, None, histogram.count, timestamp_ms);
    }

    /// One line.
    fn sample(
        &mut self,
        name: &str,
        suffix: &str,
        labels: &[(&str, &str)],
        bound: Option<f64>,
        value: f64,
        timestamp_ms: i64,
    ) {
        let name = format!("{name}{suffix}");
        let mut separator = '{';
        if self.accepts_utf8 && !is_plain(&name, true) {
            let _infallible = write!(self.text, "{{\"{}\"", escaped(&name));
            separator = ',';
        } else {
            self.text.push_str(&underscored(&name, true));
        }
        for (label, value) in labels {
            self.text.push(separator);
            separator = ',';
            if self.accepts_utf8 && !is_plain(label, false) {
                let _infallible = write!(self.text, "\"{}\"", escaped(label));
            } else {
                self.text.push_str(&underscored(label, false));
            }
            let _infallible = write!(self.text, "=\"{}\"", escaped(value));
        }
        if let Some(bound) = bound {
            let _infallible = write!(self.text, "{separator}le=\"{}\"", general(bound));
            separator = ',';
        }
        if separator == ',' {
            self.text.push('}');
        }
        let _infallible = writeln!(self.text, " {} {timestamp_ms}", general(value));
    }
}

/// Whether a name needs no quotes. Names of metrics may have colons.
fn is_plain(name: &str, is_metric: bool) -> bool {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || (is_metric && byte == b':');
    name.bytes().all(is_plain) && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// The name with an underscore for each character that the text format did not have before UTF-8.
fn underscored(name: &str, is_metric: bool) -> String {
    let is_kept = |(at, char): (usize, char)| {
        let is_digit = char.is_ascii_digit() && at > 0;
        let is_plain = is_digit || char.is_ascii_alphabetic() || (is_metric && char == ':');
        if is_plain { char } else { '_' }
    };
    name.char_indices().map(is_kept).collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
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
            schema: CUSTOM_SCHEMA,
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
        assert_eq!(page(&found, &external, true), format!("{expected}{quoted}"));
        assert_eq!(page(&found, &external, false), format!("{expected}{plain}"));
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
