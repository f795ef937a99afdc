//! Cases of Prometheus' own tests of scraping, where they are at hand.

use conformance::{Corpus, Tolerated};
use serde_json::Value;
use signals::Labels;
use wire::exposition::Format;

use super::histogram_limits::schema_of;
use super::metadata::TargetMetadata;
use super::page::{PageReader, PageState, SampleLimits, SampleOptions};

/// Why a case fails, if it does.
type Check = fn(&Value) -> Option<String>;

/// The labels that the only sample of a page is stored with.
fn stored(page: &str, target: &Labels, options: &SampleOptions) -> Result<Labels, String> {
    let (mut state, mut metadata) = (PageState::default(), TargetMetadata::default());
    let reader = PageReader::new(options, target, 1_000, 10, &mut state, &mut metadata);
    let read = reader.read(page.as_bytes(), Format::PrometheusText);
    let read = read.map_err(|(error, _)| error.to_string())?;
    let series = read.batch.series.first().and_then(|series| series.labels());
    series.cloned().ok_or_else(|| "no sample is stored".to_owned())
}

/// Names and values one after the other.
fn labels(case: &Value, key: &str) -> Labels {
    let texts: Vec<&str> =
        case[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    Labels::from_pairs(texts.chunks_exact(2).map(|pair| (pair[0], pair[1])))
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

fn wrong<T: PartialEq + std::fmt::Debug>(found: &T, expected: &T) -> Option<String> {
    (found != expected).then(|| format!("{found:?}, not {expected:?}"))
}

fn honored(case: &Value) -> Option<String> {
    let honors_labels = case["honorLabels"] == true;
    let options = SampleOptions { honors_labels, ..SampleOptions::default() };
    let pairs = case["expLset"]["_labels"].as_object().into_iter().flatten();
    let expected =
        Labels::from_pairs(pairs.map(|(name, value)| (name, value.as_str().unwrap_or_default())));
    let found = stored(text(case, "scrapeText"), &labels(case, "discoveryLabels"), &options);
    wrong(&found, &Ok(expected))
}

fn conflicting(case: &Value) -> Option<String> {
    let target = labels(case, "targetLabels");
    let found = stored(text(case, "exposedLabels"), &target, &SampleOptions::default());
    wrong(&found, &Ok(labels(case, "expected")))
}

fn limited(case: &Value) -> Option<String> {
    let limit = |key: &str| case["labelLimits"][key].as_u64().unwrap_or(0) as usize;
    let limits = SampleLimits {
        samples: 0,
        labels: limit("labelLimit"),
        label_name_bytes: limit("labelNameLengthLimit"),
        label_value_bytes: limit("labelValueLengthLimit"),
    };
    let options = SampleOptions { limits, ..SampleOptions::default() };
    let found = stored(text(case, "scrapeLabels"), &labels(case, "discoveryLabels"), &options);
    wrong(&found.is_err(), &(case["expectErr"] == true))
}

fn resolution(case: &Value) -> Option<String> {
    let schema = schema_of(case["factor"].as_f64().unwrap_or_default());
    wrong(&i64::from(schema), &case["schema"].as_i64().unwrap_or(i64::MAX))
}

#[test]
fn samples_get_the_labels_that_they_have_in_prometheus() {
    let path = "prometheus/derived/scrape__scrape_test.json";
    let Some(file) = conformance::corpus_text(path) else { return };
    let file: Value = serde_json::from_str(&file).unwrap();
    let mut corpus = Corpus::new("scraping", Tolerated::default());
    let tests: [(&str, Check); 4] = [
        ("testScrapeLoopAppendHonorLabels", honored),
        ("testScrapeLoopAppendForConflictingPrefixedLabels", conflicting),
        ("testScrapeLoopLabelLimit", limited),
        ("TestPickSchema", resolution),
    ];
    for (test, check) in tests {
        let tables = file["tables"].as_array().unwrap().iter();
        let cases =
            tables.filter(|table| table["test"] == test).filter_map(|t| t["cases"].as_array());
        for case in cases.flatten() {
            corpus.note(&format!("{test} {case}"), check(case));
        }
    }
    corpus.finish();
}
