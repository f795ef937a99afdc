//! The protobuf format against the cases of Prometheus.

use serde_json::Value;
use signals::metric::NativeHistogram;
use wire::exposition::{
    FamilyEntry, FamilyExemplar, FamilyOptions, FamilyParser, FamilySeries, PageLimits,
};

use crate::corpora::{float, labels};
use crate::{corpus, counted, prototext, table, text};

/// The families of a test, one text each.
fn families(cases: &[Value]) -> Vec<u8> {
    cases.iter().flat_map(|family| prototext::delimited(family.as_str().unwrap())).collect()
}

fn floats(value: &Value) -> Vec<f64> {
    value.as_array().into_iter().flatten().map(float).collect()
}

/// Absolute counts of one side, and its spans as pairs.
fn side(histogram: &Value, side: &str, is_float: bool) -> (Vec<(i64, i64)>, Vec<f64>) {
    let spans = histogram[format!("{side}Spans")].as_array().into_iter().flatten();
    let number = |span: &Value, key: &str| span[key].as_i64().unwrap_or_default();
    let spans = spans.map(|span| (number(span, "Offset"), number(span, "Length"))).collect();
    let mut counts = floats(&histogram[format!("{side}Buckets")]);
    if !is_float {
        let mut total = 0.0;
        for count in &mut counts {
            total += *count;
            *count = total;
        }
    }
    (spans, counts)
}

pub(crate) fn is_histogram(found: &NativeHistogram, expected: &Value) -> bool {
    let is_float = expected["shs"].is_null();
    let expected = if is_float { &expected["fhs"] } else { &expected["shs"] };
    let found_side = |spans: &[signals::metric::BucketSpan], counts: &[f64]| {
        let spans: Vec<_> =
            spans.iter().map(|span| (i64::from(span.offset), i64::from(span.length))).collect();
        (spans, counts.to_vec())
    };
    let schema = &expected["Schema"];
    let schema = if schema.is_object() { -53 } else { schema.as_i64().unwrap_or_default() };
    i64::from(found.schema) == schema
        && found.count == float(&expected["Count"])
        && found.sum == float(&expected["Sum"])
        && found.zero_count == float(&expected["ZeroCount"])
        && found.zero_threshold == float(&expected["ZeroThreshold"])
        && found.custom_bounds == floats(&expected["CustomValues"])
        && found.is_gauge()
            == (text(&expected["CounterResetHint"], "_ref") == "histogram.GaugeType")
        && found_side(&found.positive_spans, &found.positive_counts)
            == side(expected, "Positive", is_float)
        && found_side(&found.negative_spans, &found.negative_counts)
            == side(expected, "Negative", is_float)
}

pub(crate) fn is_series(found: &FamilySeries, expected: &Value) -> bool {
    let timestamp = expected["t"]["args"][0].as_i64();
    let start = expected["st"].as_i64();
    format!("{:?}", found.labels) == labels(&expected["lset"])
        && found.timestamp_ms == timestamp
        && found.start_ms == start.filter(|start| *start != 0)
}

pub(crate) fn are_exemplars(found: &[FamilyExemplar], expected: &Value) -> bool {
    let expected: Vec<_> = expected["es"].as_array().into_iter().flatten().collect();
    found.len() == expected.len()
        && found.iter().zip(expected).all(|(found, expected)| {
            found.value == float(&expected["Value"])
                && found.timestamp_ms == expected["Ts"].as_i64()
                && format!("{:?}", found.labels) == labels(&expected["Labels"])
        })
}

/// The difference between a page's entries and the expected ones, in which the metadata of a
/// family are several entries.
fn compared(page: &[u8], options: FamilyOptions, expected: &[Value]) -> Option<String> {
    let mut parser = FamilyParser::new(page, PageLimits::default(), options);
    let mut expected = expected.iter();
    loop {
        let entry = match parser.read() {
            Ok(Some(entry)) => entry,
            Ok(None) => return expected.next().map(|entry| format!("end instead of {entry}")),
            Err(error) => return Some(error.to_string()),
        };
        let mut wanted = expected.next().cloned().unwrap_or_default();
        let is_equal = match &entry {
            FamilyEntry::Family { metric, help, unit, kind } => {
                let mut is_equal = text(&wanted, "help") == *help && text(&wanted, "m") == *metric;
                if !unit.is_empty() {
                    wanted = expected.next().cloned().unwrap_or_default();
                    is_equal &= text(&wanted, "unit") == *unit;
                }
                wanted = expected.next().cloned().unwrap_or_default();
                is_equal && text(&wanted, "typ") == kind.name()
            }
            FamilyEntry::Sample { series, value, exemplar } => {
                is_series(series, &wanted)
                    && *value == float(&wanted["v"])
                    && are_exemplars(exemplar.as_slice(), &wanted)
            }
            FamilyEntry::Histogram { series, histogram, exemplars } => {
                is_series(series, &wanted)
                    && is_histogram(histogram, &wanted)
                    && are_exemplars(exemplars, &wanted)
            }
        };
        if !is_equal {
            return Some(format!("want {wanted}\n  got {entry:?}"));
        }
    }
}

#[test]
fn prometheus_protobuf_cases_agree() {
    let path = "prometheus/derived/model__textparse__protobufparse_test.json";
    let Some(file) = corpus(path) else { return };
    let mut corpus = counted("derived protobuf");
    let page = families(table(&file, "createTestProtoBuf", "testMetricFamilies"));
    for case in table(&file, "TestProtobufParse", "scenarios") {
        let name = text(case, "name");
        // We have no labels for type and unit, an experimental option of Prometheus.
        if name.contains("enableTypeAndUnitLabels=true") {
            continue;
        }
        let options = FamilyOptions {
            ignores_native: name.contains("ignoreNativeHistograms=true"),
            keeps_classic: name.contains("parseClassicHistograms=true"),
            converts_classic: false,
        };
        let wrong = compared(&page, options, case["expected"].as_array().unwrap());
        corpus.note(name, wrong.map(|why| format!("{name}: {why}")));
    }
    let page = families(table(&file, "TestProtobufParseWithNHCB", "testMetricFamilies"));
    for case in table(&file, "TestProtobufParseWithNHCB", "testCases") {
        if case["typeAndUnit"] == true {
            continue;
        }
        let options = FamilyOptions {
            ignores_native: case["ignoreNative"] == true,
            keeps_classic: case["keepClassic"] == true,
            converts_classic: true,
        };
        let wrong = compared(&page, options, case["expected"].as_array().unwrap());
        corpus.note(&format!("{options:?}"), wrong.map(|why| format!("{options:?}: {why}")));
    }
    for case in table(&file, "TestProtobufParseHistogramSpanBucketMismatch", "(range)") {
        let page = prototext::delimited(text(case, "input"));
        let mut parser = FamilyParser::new(&page, PageLimits::default(), FamilyOptions::default());
        let metadata = parser.read();
        let is_right = metadata.is_ok()
            && parser.read().is_err_and(|error| error.to_string().contains("spans require"));
        corpus.note(text(case, "name"), (!is_right).then(|| "should fail".to_owned()));
    }
    corpus.finish();
}
