//! Settings of jobs after defaults and global settings are applied.

use std::path::{Path, PathBuf};
use std::time::Duration;

use adopt::prometheus::ScrapeConfig;
use serde_json::Value;

use super::{FILES, counted, facts, read, table, text};

const FACTS: &str = "prometheus/derived/config__config_test.json";

fn sources() -> Option<(Value, PathBuf)> {
    Some((facts(FACTS)?, conformance::corpus_folder(FILES)?))
}

#[test]
fn jobs_have_the_settings_that_prometheus_gives_them() {
    let Some((facts, folder)) = sources() else { return };
    let mut corpus = counted("jobs");
    for case in table(&facts, "TestGetScrapeConfigs") {
        let file = Path::new(text(case, "configFile")).file_name().unwrap();
        let expected_error = text(case, "expectedError");
        let why = match read(&folder.join(file)) {
            Ok(config) => differences(&config.scrape_configs, &case["expectedResult"]),
            Err(error) if !expected_error.is_empty() && error.contains(expected_error) => None,
            Err(error) => Some(error),
        };
        corpus.note(&case.to_string(), why);
    }
    corpus.finish();
}

fn differences(found: &[ScrapeConfig], expected: &Value) -> Option<String> {
    let expected = expected.as_array().map(Vec::as_slice).unwrap_or_default();
    if found.len() != expected.len() {
        return Some(format!("{} jobs, not {}", found.len(), expected.len()));
    }
    let mut pairs = found.iter().zip(expected);
    pairs.find_map(|(found, expected)| difference(found, expected))
}

fn difference(found: &ScrapeConfig, expected: &Value) -> Option<String> {
    let options = expected.get("args").map_or(expected, |args| &args[0]);
    let nanos = |key: &str| Duration::from_nanos(options[key].as_u64().unwrap_or_default());
    let flag = |key: &str, found: bool| options[key].as_bool().unwrap_or(found) == found;
    let names = found.scrape_protocols.iter().map(|protocol| Value::from(protocol.name()));
    let protocols = &options["ScrapeProtocols"];
    let checks = [
        ("job_name", found.job_name == text(options, "JobName")),
        ("scrape_interval", found.scrape_interval == nanos("ScrapeInterval")),
        ("scrape_timeout", found.scrape_timeout == nanos("ScrapeTimeout")),
        ("native", flag("ScrapeNativeHistograms", found.scrape_native_histograms)),
        ("classic", flag("AlwaysScrapeClassicHistograms", found.always_scrape_classic_histograms)),
        ("nhcb", flag("ConvertClassicHistToNHCB", found.convert_classic_histograms_to_nhcb)),
        ("extra", flag("ExtraScrapeMetrics", found.extra_scrape_metrics)),
        ("protocols", protocols.is_null() || *protocols == names.collect::<Value>()),
    ];
    let wrong: Vec<&str> =
        checks.iter().filter(|(_, is_right)| !is_right).map(|(name, _)| *name).collect();
    (!wrong.is_empty()).then(|| format!("{wrong:?} differ in {found:?}"))
}

#[test]
fn schemes_of_names_are_inherited_as_in_prometheus() {
    let Some((facts, folder)) = sources() else { return };
    let mut corpus = counted("names");
    for test in ["TestScrapeConfigNameValidationSettings", "TestScrapeConfigNameEscapingSettings"] {
        for case in table(&facts, test) {
            let config = read(&folder.join(format!("{}.yml", text(case, "inputFile")))).unwrap();
            let job = &config.scrape_configs[0];
            let valid = match &case["expectValidationScheme"] {
                Value::Null => &case["expectScheme"],
                scheme => scheme,
            };
            let names = job.metric_name_validation_scheme.to_string();
            let is_valid = text(valid, "_ref").to_lowercase().contains(&names);
            let escaping = case["expectEscapingScheme"].as_str();
            let is_escaped =
                escaping.is_none_or(|name| name == job.metric_name_escaping_scheme.name());
            let is_right = is_valid && is_escaped;
            corpus.note(&case.to_string(), (!is_right).then(|| format!("{case}: {job:?}")));
        }
    }
    corpus.finish();
}

#[test]
fn extra_series_are_inherited_as_in_prometheus() {
    let Some((facts, _)) = sources() else { return };
    let folder = std::env::temp_dir().join(format!("adopt-extra-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut corpus = counted("extra series");
    for case in table(&facts, "TestExtraScrapeMetrics") {
        let file = folder.join("prometheus.yml");
        std::fs::write(&file, text(case, "config")).unwrap();
        let config = read(&file).unwrap();
        let found =
            (config.global.extra_scrape_metrics, config.scrape_configs[0].extra_scrape_metrics);
        let expected = (case["expectGlobal"] == true, case["expectEnabled"] == true);
        corpus.note(&case.to_string(), (found != expected).then(|| format!("{case}")));
    }
    corpus.finish();
    std::fs::remove_dir_all(&folder).unwrap();
}
