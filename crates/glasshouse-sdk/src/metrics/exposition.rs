//! Text formats for scraping: OpenMetrics 1.0 with exemplars, and the Prometheus text format.
//!
//! Names follow the OpenTelemetry-Prometheus compatibility specification: dots become underscores,
//! unit and `_total` are appended unless the name already ends with them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Exemplar, Kind, Metric, Point, Reading};

/// A text format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    OpenMetrics,
    Prometheus,
}

impl Format {
    /// Negotiates the format by a scraper's `Accept` header.
    pub(crate) fn accepted(accept: &str) -> Self {
        if accept.contains("application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// The `Content-Type` of a response.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// All metrics as text, `resource` as the labels of `target_info`.
pub(crate) fn render(metrics: &[Metric], resource: &[(String, String)], format: Format) -> String {
    let mut text = String::with_capacity(4096);
    target_info(&mut text, resource, format);
    let mut named: BTreeMap<String, &Metric> = BTreeMap::new();
    for metric in metrics.iter().filter(|metric| !metric.name.is_empty()) {
        // The first of two metrics whose Prometheus names are equal wins.
        named.entry(family_name(metric)).or_insert(metric);
    }
    for (name, metric) in named {
        write_metric(&mut text, &name, metric, format);
    }
    if format == Format::OpenMetrics {
        text.push_str("# EOF\n");
    }
    text
}

fn target_info(text: &mut String, resource: &[(String, String)], format: Format) {
    let (family, kind) = match format {
        Format::OpenMetrics => ("target", "info"),
        Format::Prometheus => ("target_info", "gauge"),
    };
    let _ = writeln!(text, "# HELP {family} What is watched\n# TYPE {family} {kind}");
    let labels: Vec<(Cow<'_, str>, String)> =
        resource.iter().map(|(key, value)| (Cow::Borrowed(key.as_str()), value.clone())).collect();
    text.push_str("target_info");
    write_labels(text, &labels, None);
    text.push_str(" 1\n");
}

/// The metric name without the suffixes of its samples.
fn family_name(metric: &Metric) -> String {
    let mut name = sanitised(&metric.name, true);
    if metric.kind == Kind::Counter {
        name = name.strip_suffix("_total").map(str::to_owned).unwrap_or(name);
    }
    if let Some(unit) = unit_suffix(&metric.unit, metric.kind)
        && !name.ends_with(&format!("_{unit}"))
        && name != unit
    {
        name = format!("{name}_{unit}");
    }
    name
}

/// The UCUM unit as a word; `None` for annotations and dimensionless units.
fn unit_suffix(unit: &str, kind: Kind) -> Option<Cow<'static, str>> {
    Some(Cow::Borrowed(match unit {
        "s" => "seconds",
        "ms" => "milliseconds",
        "us" => "microseconds",
        "ns" => "nanoseconds",
        "min" => "minutes",
        "h" => "hours",
        "d" => "days",
        "By" => "bytes",
        "KiBy" => "kibibytes",
        "MiBy" => "mebibytes",
        "GiBy" => "gibibytes",
        "Cel" => "celsius",
        "%" => "percent",
        "1" if kind == Kind::Gauge => "ratio",
        "" | "1" => return None,
        braced if braced.starts_with('{') => return None,
        other => return Some(Cow::Owned(sanitised(other, false))),
    }))
}

/// Replaces characters that are invalid in Prometheus names by underscores.
fn sanitised(name: &str, is_metric: bool) -> String {
    let mut clean = String::with_capacity(name.len() + 1);
    for character in name.chars() {
        let is_allowed =
            character.is_ascii_alphanumeric() || character == '_' || is_metric && character == ':';
        if clean.is_empty() && character.is_ascii_digit() {
            clean.push('_');
        }
        clean.push(if is_allowed { character } else { '_' });
    }
    clean
}

fn write_metric(text: &mut String, name: &str, metric: &Metric, format: Format) {
    let kind = match metric.kind {
        Kind::Counter => "counter",
        Kind::UpDown | Kind::Gauge => "gauge",
        Kind::Histogram => "histogram",
    };
    let is_counter = metric.kind == Kind::Counter;
    // In the older format a counter's family has the suffix of its samples.
    let total = if is_counter && format == Format::Prometheus { "_total" } else { "" };
    let help = escaped(&metric.description, format == Format::OpenMetrics);
    let _ = writeln!(text, "# HELP {name}{total} {help}\n# TYPE {name}{total} {kind}");
    let is_open = format == Format::OpenMetrics;
    for point in &metric.points {
        match &point.reading {
            Reading::Histogram { bounds, counts, sum } => {
                write_histogram(text, name, point, (bounds, counts, *sum), is_open);
            }
            Reading::Integer(value) => {
                write_sample(text, name, is_counter, point, &value.to_string(), is_open);
            }
            Reading::Float(value) => {
                write_sample(text, name, is_counter, point, &number(*value), is_open);
            }
        }
    }
}

fn write_sample(
    text: &mut String,
    name: &str,
    is_counter: bool,
    point: &Point,
    value: &str,
    is_open: bool,
) {
    text.push_str(name);
    if is_counter {
        text.push_str("_total");
    }
    write_labels(text, &point.labels, None);
    let _ = write!(text, " {value}");
    if is_counter && is_open {
        write_exemplar(text, point.exemplars.first().copied().flatten());
    }
    text.push('\n');
}

fn write_histogram(
    text: &mut String,
    name: &str,
    point: &Point,
    (bounds, counts, sum): (&[f64], &[u64], f64),
    is_open: bool,
) {
    let mut total = 0;
    for (index, count) in counts.iter().enumerate() {
        total += count;
        let bound = bounds.get(index).map_or_else(|| "+Inf".to_owned(), |bound| open(*bound));
        let _ = write!(text, "{name}_bucket");
        write_labels(text, &point.labels, Some(&bound));
        let _ = write!(text, " {total}");
        if is_open {
            write_exemplar(text, point.exemplars.get(index).copied().flatten());
        }
        text.push('\n');
    }
    for (suffix, value) in [("_sum", number(sum)), ("_count", total.to_string())] {
        text.push_str(name);
        text.push_str(suffix);
        write_labels(text, &point.labels, None);
        let _ = writeln!(text, " {value}");
    }
}

fn write_labels(text: &mut String, labels: &[(Cow<'_, str>, String)], bound: Option<&str>) {
    if labels.is_empty() && bound.is_none() {
        return;
    }
    let keys: Vec<String> = labels.iter().map(|(key, _)| sanitised(key, false)).collect();
    let mut separator = '{';
    for (index, (key, (_, value))) in keys.iter().zip(labels).enumerate() {
        let is_reserved = key.is_empty() || bound.is_some() && key == "le";
        if is_reserved || keys.iter().take(index).any(|earlier| earlier == key) {
            continue;
        }
        let _ = write!(text, "{separator}{key}=\"{}", escaped(value, true));
        // The values of keys with equal Prometheus names are joined, as the compatibility
        // specification requires; a duplicate label would fail the whole scrape.
        let alike = keys.iter().zip(labels).skip(index + 1).filter(|(other, _)| *other == key);
        for (_, (_, value)) in alike {
            let _ = write!(text, ";{}", escaped(value, true));
        }
        text.push('"');
        separator = ',';
    }
    if let Some(bound) = bound {
        let _ = write!(text, "{separator}le=\"{bound}\"");
        separator = ',';
    }
    if separator == ',' {
        text.push('}');
    }
}

/// OpenMetrics 1.0 allows 128 characters of labels; a trace id and a span id need 63.
fn write_exemplar(text: &mut String, exemplar: Option<Exemplar>) {
    if let Some(Exemplar { value, time_ns, trace_id, span_id }) = exemplar {
        let seconds = time_ns / 1_000_000_000;
        let millis = time_ns / 1_000_000 % 1000;
        let _ = write!(
            text,
            " # {{trace_id=\"{trace_id}\",span_id=\"{span_id}\"}} {} {seconds}.{millis:03}",
            number(value)
        );
    }
}

fn escaped(value: &str, with_quotes: bool) -> Cow<'_, str> {
    if !value.contains(['\\', '\n', '"']) {
        return Cow::Borrowed(value);
    }
    let value = value.replace('\\', "\\\\").replace('\n', "\\n");
    Cow::Owned(if with_quotes { value.replace('"', "\\\"") } else { value })
}

/// A bound in OpenMetrics: always with a decimal point.
fn open(bound: f64) -> String {
    format!("{bound:?}")
}

fn number(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    if value.is_nan() { "NaN".to_owned() } else { format!("{value}") }
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::{SpanId, TraceId};

    use super::*;

    fn metric(name: &'static str, unit: &'static str, kind: Kind) -> Metric {
        Metric {
            name: name.into(),
            unit: unit.into(),
            description: "What it \"is\"".into(),
            kind,
            points: Vec::new(),
        }
    }

    #[test]
    fn names_are_translated_as_the_compatibility_specification_says() {
        for (name, unit, kind, expected) in [
            (
                "http.server.request.duration",
                "s",
                Kind::Histogram,
                "http_server_request_duration_seconds",
            ),
            ("alex.llm.requests.total", "", Kind::Counter, "alex_llm_requests"),
            ("llm.invocation.count", "", Kind::Counter, "llm_invocation_count"),
            ("db.query.duration", "", Kind::Histogram, "db_query_duration"),
            (
                "http.server.response.body.size",
                "By",
                Kind::Histogram,
                "http_server_response_body_size_bytes",
            ),
            ("memory_items_total", "", Kind::Gauge, "memory_items_total"),
            ("hw.gpu.utilization", "1", Kind::Gauge, "hw_gpu_utilization_ratio"),
            ("inference_duration_seconds", "s", Kind::Histogram, "inference_duration_seconds"),
            (
                "gen_ai.client.inference.usage.input_tokens",
                "{token}",
                Kind::Counter,
                "gen_ai_client_inference_usage_input_tokens",
            ),
            ("9lives", "", Kind::Gauge, "_9lives"),
        ] {
            assert_eq!(family_name(&metric(name, unit, kind)), expected, "{name}");
        }
    }

    #[test]
    fn open_metrics_has_exemplars_and_an_end_and_the_older_format_has_neither() {
        let exemplar = Exemplar {
            value: 0.7,
            time_ns: 1_700_000_000_123_000_000,
            trace_id: TraceId::from(0xabc_u128),
            span_id: SpanId::from(0xdef_u64),
        };
        let mut duration = metric("a.duration", "s", Kind::Histogram);
        duration.points.push(Point {
            labels: vec![("model".into(), "a\"b\\c\nd".to_owned())],
            start_ns: 0,
            reading: Reading::Histogram { bounds: vec![0.5, 1.0], counts: vec![1, 2, 3], sum: 9.5 },
            exemplars: vec![None, Some(exemplar), None],
        });
        let resource = [("service.name".to_owned(), "agent".to_owned())];
        let open = render(std::slice::from_ref(&duration), &resource, Format::OpenMetrics);
        assert_eq!(
            open,
            "# HELP target What is watched\n# TYPE target info\n\
             target_info{service_name=\"agent\"} 1\n\
             # HELP a_duration_seconds What it \\\"is\\\"\n# TYPE a_duration_seconds histogram\n\
             a_duration_seconds_bucket{model=\"a\\\"b\\\\c\\nd\",le=\"0.5\"} 1\n\
             a_duration_seconds_bucket{model=\"a\\\"b\\\\c\\nd\",le=\"1.0\"} 3 \
             # {trace_id=\"00000000000000000000000000000abc\",span_id=\"0000000000000def\"} 0.7 1700000000.123\n\
             a_duration_seconds_bucket{model=\"a\\\"b\\\\c\\nd\",le=\"+Inf\"} 6\n\
             a_duration_seconds_sum{model=\"a\\\"b\\\\c\\nd\"} 9.5\n\
             a_duration_seconds_count{model=\"a\\\"b\\\\c\\nd\"} 6\n\
             # EOF\n"
        );
        let plain = render(&[duration], &resource, Format::Prometheus);
        assert!(!plain.contains("trace_id") && !plain.contains("EOF"), "{plain}");
        assert!(plain.contains("# HELP a_duration_seconds What it \"is\"\n"), "{plain}");
    }

    #[test]
    fn a_counter_has_total_once() {
        let mut calls = metric("alex.llm.requests.total", "", Kind::Counter);
        calls.points.push(Point {
            labels: Vec::new(),
            start_ns: 0,
            reading: Reading::Integer(3),
            exemplars: Vec::new(),
        });
        let plain = render(std::slice::from_ref(&calls), &[], Format::Prometheus);
        assert!(
            plain.contains("# TYPE alex_llm_requests_total counter\nalex_llm_requests_total 3\n")
        );
        let open = render(&[calls], &[], Format::OpenMetrics);
        assert!(open.contains("# TYPE alex_llm_requests counter\nalex_llm_requests_total 3\n"));
    }

    #[test]
    fn no_sample_has_a_label_twice_or_without_a_name() {
        let pairs = [("a.b", "1"), ("", "x"), ("a_b", "2"), ("c", "3")];
        let resource = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let text = render(&[], &resource, Format::Prometheus);
        assert!(text.contains("target_info{a_b=\"1;2\",c=\"3\"} 1\n"), "{text}");
        let mut duration = metric("d", "", Kind::Histogram);
        duration.points.push(Point {
            labels: vec![("le".into(), "x".to_owned())],
            start_ns: 0,
            reading: Reading::Histogram { bounds: vec![], counts: vec![1], sum: 1.0 },
            exemplars: Vec::new(),
        });
        let text = render(&[duration], &[], Format::Prometheus);
        assert!(text.contains("d_bucket{le=\"+Inf\"} 1\n"), "{text}");
    }
}
