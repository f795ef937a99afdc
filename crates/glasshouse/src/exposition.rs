//! Exposes received OTLP metrics in the Prometheus text format, for scraping.

use std::collections::{HashMap, HashSet};

use query::promql::{Sample, Value};
use query::{Engine, QueryError};
use serve::ScrapePool;
use signals::Labels;
use signals::metric::{Metadata, MetricKind, NAME_LABEL};
use wire::exposition::TextWriter;

/// The content type of [`latest`].
pub(crate) const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The latest value of every series with a sample in the last five minutes, but those of targets:
/// whoever scrapes this page beside a target would get each of its series again with more labels.
/// The text format cannot represent native histograms; they are exposed as count and sum.
pub(crate) async fn latest(
    engine: &Engine,
    now_ms: i64,
    pools: &[ScrapePool],
) -> Result<String, QueryError> {
    let query = format!("{{{NAME_LABEL}=~\".+\"}}");
    let answer = engine.promql_instant(&query, now_ms, &query::promql::Options::default()).await?;
    let Value::Vector(samples) = &answer.value else { return Ok(String::new()) };
    let targets: HashSet<Origin<'_>> =
        pools.iter().flat_map(|pool| &pool.active).map(|target| origin(&target.labels)).collect();
    Ok(expose(samples, &engine.metric_metadata().await?, &targets))
}

/// The job and the instance of a series.
type Origin<'a> = [Option<&'a str>; 2];

fn origin(labels: &Labels) -> Origin<'_> {
    ["job", "instance"].map(|name| labels.get(name))
}

fn expose(samples: &[Sample], metadata: &[Metadata], targets: &HashSet<Origin<'_>>) -> String {
    let metadata: HashMap<&str, &Metadata> =
        metadata.iter().map(|family| (family.metric.as_str(), family)).collect();
    let mut samples: Vec<(&str, &Sample)> = samples
        .iter()
        .map(|sample| (family_of(sample.labels.metric_name(), &metadata), sample))
        .collect();
    samples.retain(|(family, sample)| {
        is_plain(family)
            && sample.labels.iter().all(|(name, _)| is_plain(name))
            && !targets.contains(&origin(&sample.labels))
    });
    samples.sort_by(|a, b| a.0.cmp(b.0).then_with(|| in_order(&a.1.labels, &b.1.labels)));
    let mut page = TextWriter::default();
    let mut current = "";
    for (family, sample) in samples {
        if family != current {
            current = family;
            let known = metadata.get(family);
            let kind = known.map_or("untyped", |known| type_of(known.kind));
            let kind = if sample.histogram.is_some() { "summary" } else { kind };
            page.family(family, kind, known.map_or("", |known| known.help.as_str()));
        }
        let name = sample.labels.metric_name();
        match &sample.histogram {
            None => page.sample(name, unnamed(&sample.labels), sample.value, None),
            Some(native) => {
                for (suffix, value) in [("count", native.count), ("sum", native.sum)] {
                    let name = format!("{name}_{suffix}");
                    page.sample(&name, unnamed(&sample.labels), value, None);
                }
            }
        }
    }
    page.finish()
}

/// Orders by name, then labels, then ascending buckets.
fn in_order(a: &Labels, b: &Labels) -> std::cmp::Ordering {
    let others = |labels: &Labels| {
        let pairs = labels.iter().filter(|(name, _)| *name != "le");
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
    };
    let bound = |labels: &Labels| {
        labels.get("le").and_then(|bound| bound.parse::<f64>().ok()).unwrap_or(0.0)
    };
    a.metric_name()
        .cmp(b.metric_name())
        .then_with(|| others(a).cmp(&others(b)))
        .then_with(|| bound(a).total_cmp(&bound(b)))
}

fn unnamed(labels: &Labels) -> impl Iterator<Item = (&str, &str)> {
    labels.iter().filter(|(name, _)| *name != NAME_LABEL)
}

/// The family of a series: its name, without a suffix such as `_sum` where it has one.
fn family_of<'a>(name: &'a str, metadata: &HashMap<&str, &Metadata>) -> &'a str {
    if metadata.contains_key(name) {
        return name;
    }
    let suffixes = ["_bucket", "_count", "_sum"];
    let part = suffixes.iter().find_map(|suffix| name.strip_suffix(suffix));
    part.filter(|family| {
        let kind = metadata.get(family).map(|known| known.kind);
        matches!(kind, Some(MetricKind::Histogram | MetricKind::Summary))
    })
    .unwrap_or(name)
}

fn type_of(kind: MetricKind) -> &'static str {
    match kind {
        MetricKind::Counter => "counter",
        MetricKind::Gauge => "gauge",
        MetricKind::Histogram => "histogram",
        MetricKind::Summary => "summary",
        _ => "untyped",
    }
}

/// Whether a name is valid in the text format without quotes.
fn is_plain(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_' || byte == b':';
    name.bytes().next().is_some_and(is_letter)
        && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(pairs: &[(&str, &str)], value: f64) -> Sample {
        Sample {
            labels: Labels::from_pairs(pairs.iter().copied()),
            timestamp_ms: 0,
            value,
            histogram: None,
        }
    }

    #[test]
    fn families_are_whole_and_typed() {
        let samples = [
            sample(&[("__name__", "b_total"), ("x", "a\"\\\n")], 2.0),
            sample(&[("__name__", "a_count")], 3.0),
            sample(&[("__name__", "a_bucket"), ("le", "+Inf")], f64::INFINITY),
            sample(&[("__name__", "a_bucket"), ("le", "10")], 2.0),
            sample(&[("__name__", "a_bucket"), ("le", "9.5")], 1.0),
            sample(&[("__name__", "has.dot")], 1.0),
            sample(&[("__name__", "scraped"), ("job", "node"), ("instance", "a:1")], 1.0),
        ];
        let metadata = [
            Metadata {
                metric: "a".into(),
                kind: MetricKind::Histogram,
                help: "of\na".into(),
                unit: String::new(),
            },
            Metadata {
                metric: "b_total".into(),
                kind: MetricKind::Counter,
                help: String::new(),
                unit: String::new(),
            },
        ];
        let expected = "# HELP a of\\na\n# TYPE a histogram\na_bucket{le=\"9.5\"} 1\n\
                        a_bucket{le=\"10\"} 2\na_bucket{le=\"+Inf\"} +Inf\na_count 3\n\
                        # TYPE b_total counter\nb_total{x=\"a\\\"\\\\\\n\"} 2\n";
        let targets = HashSet::from([[Some("node"), Some("a:1")]]);
        assert_eq!(expose(&samples, &metadata, &targets), expected);
    }
}
