//! Our cases in `testdata/naming`, and those of Prometheus' translator.

use std::path::{Path, PathBuf};

use conformance::{Corpus, Tolerated};
use serde_json::Value;

use super::*;

fn cases(name: &str, table: usize) -> Option<Vec<Value>> {
    let file = conformance::corpus_text(&format!("otlptranslator/derived/{name}"))?;
    let file: Value = serde_json::from_str(&file).unwrap();
    Some(file["tables"][table]["cases"].as_array().unwrap().clone())
}

/// No failures are tolerated.
fn counted(name: &str) -> Corpus {
    Corpus::new(name, Tolerated::default())
}

fn strategy_named(name: &Value) -> Strategy {
    match name.as_str().unwrap() {
        "UnderscoreEscapingWithSuffixes" => Strategy::UnderscoreEscapingWithSuffixes,
        "UnderscoreEscapingWithoutSuffixes" => Strategy::UnderscoreEscapingWithoutSuffixes,
        "NoUTF8EscapingWithSuffixes" => Strategy::NoUtf8EscapingWithSuffixes,
        "NoTranslation" => Strategy::NoTranslation,
        other => panic!("{other}"),
    }
}

fn testdata(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/naming").join(folder)
}

/// Takes a quoted text from the front.
fn quoted(text: &str) -> (String, &str) {
    let mut texts = serde_json::Deserializer::from_str(text).into_iter::<String>();
    let first = texts.next().unwrap().unwrap();
    (first, &text[texts.byte_offset()..])
}

/// `kind "name" unit "unit" namespace "namespace"`; the last two are optional.
fn metric_answer(question: &str) -> String {
    let (kind, rest) = question.split_once(" \"").unwrap();
    let shape = match kind {
        "counter" => Shape::MonotonicSum,
        "gauge" => Shape::Gauge,
        "updown" | "histogram" | "exponential histogram" | "summary" => Shape::Other,
        other => panic!("{other} is no kind of metric"),
    };
    let (name, rest) = quoted(&question[question.len() - rest.len() - 1..]);
    let (unit, rest) = rest.strip_prefix(" unit ").map_or((String::new(), rest), quoted);
    let namespace = rest.strip_prefix(" namespace ").map_or(String::new(), |rest| quoted(rest).0);
    let mut lines: Vec<String> = [
        ("escaped, suffixes", Strategy::UnderscoreEscapingWithSuffixes),
        ("escaped", Strategy::UnderscoreEscapingWithoutSuffixes),
        ("utf-8, suffixes", Strategy::NoUtf8EscapingWithSuffixes),
        ("utf-8", Strategy::NoTranslation),
    ]
    .iter()
    .map(|(shown, strategy)| {
        let translated = metric(*strategy, &namespace, &name, &unit, shape);
        format!("{shown:18} {}", translated.as_deref().unwrap_or("!"))
    })
    .collect();
    if !unit.is_empty() {
        lines.push(format!("{:18} {}", "unit", super::unit(&unit)).trim_end().to_owned());
    }
    lines.join("\n")
}

#[test]
fn our_metrics_have_the_names_that_prometheus_gives_them() {
    assert!(conformance::check_cases(&testdata("metrics"), metric_answer) >= 150);
}

#[test]
fn our_labels_have_the_names_that_prometheus_gives_them() {
    let collapsing = LabelRules {
        is_utf8_allowed: false,
        preserves_underscores: false,
        prefixes_underscore: false,
    };
    let of = |strategy| LabelRules::new(&Translation { strategy, ..Translation::default() });
    let rules = [
        ("escaped", of(Strategy::UnderscoreEscapingWithSuffixes)),
        ("collapsed", collapsing),
        ("utf-8", of(Strategy::NoTranslation)),
    ];
    let count = conformance::check_cases(&testdata("labels"), |question| {
        let name = quoted(question).0;
        let answers = rules.iter().map(|(shown, rules)| {
            format!("{shown:10} {}", rules.label(&name).as_deref().unwrap_or("!"))
        });
        answers.collect::<Vec<_>>().join("\n")
    });
    assert!(count >= 60);
}

#[test]
fn metric_names_are_what_the_translator_of_prometheus_gives() {
    let Some(cases) = cases("metric_namer_test.json", 0) else { return };
    let mut corpus = counted("metric_namer_test.json");
    for case in &cases {
        let namer = &case["namer"];
        let (strategy, namespace) = if let Some(arguments) = namer["args"].as_array() {
            (strategy_named(&arguments[1]), arguments[0].as_str().unwrap())
        } else {
            let is = |key: &str| namer[key].as_bool().unwrap_or_default();
            let strategy = match (is("UTF8Allowed"), is("WithMetricSuffixes")) {
                (false, true) => Strategy::UnderscoreEscapingWithSuffixes,
                (false, false) => Strategy::UnderscoreEscapingWithoutSuffixes,
                (true, true) => Strategy::NoUtf8EscapingWithSuffixes,
                (true, false) => Strategy::NoTranslation,
            };
            (strategy, namer["Namespace"].as_str().unwrap_or_default())
        };
        let input = &case["metric"];
        let shape = match input["Type"]["_ref"].as_str().unwrap() {
            "MetricTypeMonotonicCounter" => Shape::MonotonicSum,
            "MetricTypeGauge" => Shape::Gauge,
            _ => Shape::Other,
        };
        let (name, unit) = (input["Name"].as_str().unwrap(), input["Unit"].as_str().unwrap());
        let translated = metric(strategy, namespace, name, unit, shape).ok();
        let wanted = case["wantMetricName"].as_str().filter(|_| !case["wantError"].is_string());
        let is_unit =
            case["wantUnitName"].as_str().is_none_or(|wanted| super::unit(unit) == wanted);
        let is_same = translated.as_deref() == wanted && is_unit;
        corpus.note(&case.to_string(), (!is_same).then(|| format!("{case}: {translated:?}")));
    }
    corpus.finish();
}

#[test]
fn label_names_are_what_the_translator_of_prometheus_gives() {
    let Some(cases) = cases("label_namer_test.json", 0) else { return };
    let mut corpus = counted("label_namer_test.json");
    for case in &cases {
        corpus.note(&case.to_string(), label_fault(case));
    }
    corpus.finish();
}

/// How the translation of a label differs from the expected one.
fn label_fault(case: &Value) -> Option<String> {
    let label = case["label"].as_str().unwrap();
    for (preserves_underscores, prefixes_underscore, keys) in [
        (false, false, &["sanitized"][..]),
        (true, false, &["sanitizedMultipleUnderscores", "sanitized"]),
        (false, true, &["sanitizedUnderscoreLabelSanitization", "sanitized"]),
        (
            true,
            true,
            &[
                "sanitizedMultipleUnderscoresAndUnderscoreLabelSanitization",
                "sanitizedUnderscoreLabelSanitization",
                "sanitizedMultipleUnderscores",
                "sanitized",
            ],
        ),
    ] {
        let rules =
            LabelRules { is_utf8_allowed: false, preserves_underscores, prefixes_underscore };
        if !preserves_underscores
            && prefixes_underscore
            && case["wantSanitizationError"].is_object()
        {
            // The cases are ambiguous for a single underscore: an error or `key_`.
            continue;
        }
        let wanted = keys.iter().find_map(|key| case[key].as_str()).filter(|name| !name.is_empty());
        if rules.label(label).ok().as_deref() != wanted {
            return Some(format!("{rules:?} {case}"));
        }
    }
    let translation = Translation { strategy: Strategy::NoTranslation, ..Translation::default() };
    let is_refused = LabelRules::new(&translation).label(label).is_err();
    (is_refused != case["wantUTF8Error"].is_object()).then(|| format!("UTF-8 {case}"))
}
