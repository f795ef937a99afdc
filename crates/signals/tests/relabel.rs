//! Relabelling against the cases of Prometheus' own tests.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by a panic")]

use conformance::{Corpus, Tolerated};
use serde_json::Value;
use signals::relabel::{Action, Definition, NameScheme, Rule, apply};
use signals::{Labels, LabelsBuilder};

fn facts(path: &str) -> Option<Value> {
    Some(serde_json::from_str(&conformance::corpus_text(path)?).unwrap())
}

fn labels(facts: &Value) -> Labels {
    let pairs = facts["_labels"].as_object().unwrap().iter();
    Labels::from_pairs(pairs.map(|(name, value)| (name, value.as_str().unwrap())))
}

/// The test fills in defaults of absent settings, so that an absent one is as good as the default.
fn definition(facts: &Value) -> Result<Definition, String> {
    let text = |key: &str| facts[key].as_str().map(str::to_owned);
    let sources = facts["SourceLabels"]["_items"].as_array();
    let source = |name: &Value| name.as_str().unwrap().to_owned();
    Ok(Definition {
        source_labels: sources.map(|names| names.iter().map(source).collect()),
        separator: text("Separator"),
        regex: facts["Regex"]["args"][0].as_str().map(str::to_owned),
        modulus: facts["Modulus"].as_u64().unwrap_or_default(),
        target_label: text("TargetLabel").unwrap_or_default(),
        replacement: text("Replacement"),
        action: match text("Action") {
            Some(name) => Action::named(&name)?,
            None => return Err("relabel action cannot be empty".to_owned()),
        },
    })
}

fn rule(facts: &Value) -> Result<Rule, String> {
    let scheme = facts["NameValidationScheme"]["_ref"].as_str();
    let names = match scheme {
        Some("model.LegacyValidation") => NameScheme::Legacy,
        _ => NameScheme::Utf8,
    };
    Rule::new(definition(facts)?, names)
}

#[test]
fn labels_change_as_in_prometheus() {
    let Some(facts) = facts("prometheus/curated/relabel.json") else { return };
    let mut corpus = Corpus::new("relabelling", Tolerated::default());
    for case in facts["cases"].as_array().unwrap() {
        let rules = case["relabel"].as_array().unwrap().iter().map(rule);
        let rules: Vec<Rule> = rules.collect::<Result<_, _>>().unwrap();
        let mut builder = LabelsBuilder::new(labels(&case["input"]));
        let found = apply(&rules, &mut builder).then(|| builder.labels());
        let expected = (case["drop"] != true).then(|| labels(&case["output"]));
        let why = (found != expected).then(|| format!("{found:?}, not {expected:?}"));
        corpus.note(&case.to_string(), why);
    }
    corpus.finish();
}

#[test]
fn rules_are_refused_as_in_prometheus() {
    let Some(facts) = facts("prometheus/derived/model__relabel__relabel_test.json") else { return };
    let tables = facts["tables"].as_array().unwrap();
    let cases = |test: &str| {
        let found = tables.iter().find(|table| table["test"] == test);
        found.unwrap_or_else(|| panic!("no table of {test}"))["cases"].as_array().unwrap()
    };
    let mut corpus = Corpus::new("relabelling rules", Tolerated::default());
    for case in cases("TestRelabelValidate") {
        let found = rule(&case["config"]).err().unwrap_or_default();
        let expected = case["expected"].as_str().unwrap_or_default();
        let is_right = found.is_empty() == expected.is_empty() && found.contains(expected);
        corpus.note(&case.to_string(), (!is_right).then(|| format!("{found}, not {expected}")));
    }
    for case in cases("TestTargetLabelLegacyValidity") {
        let target_label = case["str"].as_str().unwrap().to_owned();
        let definition = Definition { target_label, ..Definition::default() };
        let is_valid = Rule::new(definition, NameScheme::Legacy).is_ok();
        corpus.note(&case.to_string(), (case["valid"] != is_valid).then(|| case.to_string()));
    }
    corpus.finish();
}
