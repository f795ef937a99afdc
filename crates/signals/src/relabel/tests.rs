//! Rules and their checks, without the corpora.

use super::*;
use crate::Labels;

fn rule(definition: Definition) -> Rule {
    Rule::new(definition, NameScheme::Utf8).unwrap()
}

fn applied(rules: &[Rule], pairs: &[(&str, &str)]) -> Option<Labels> {
    let mut labels = LabelsBuilder::new(Labels::from_pairs(pairs.iter().copied()));
    apply(rules, &mut labels).then(|| labels.labels())
}

fn sources(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[test]
fn an_absent_source_matches_and_deletes_the_target() {
    let rule = rule(Definition {
        source_labels: Some(sources(&["pod"])),
        target_label: "pod_name".to_owned(),
        ..Definition::default()
    });
    let left = applied(&[rule], &[("pod_name", "a"), ("x", "1")]);
    assert_eq!(left, Some(Labels::from_pairs([("x", "1")])));
}

#[test]
fn a_modulus_of_one_keeps_every_target() {
    let hashed = rule(Definition {
        source_labels: Some(sources(&["__address__"])),
        modulus: 1,
        target_label: "__tmp_hash".to_owned(),
        action: Action::HashMod,
        ..Definition::default()
    });
    let kept = rule(Definition {
        source_labels: Some(sources(&["__tmp_hash"])),
        regex: Some("0".to_owned()),
        action: Action::Keep,
        ..Definition::default()
    });
    for address in ["a:1", "b:2", ""] {
        assert!(applied(&[hashed.clone(), kept.clone()], &[("__address__", address)]).is_some());
    }
}

#[test]
fn labels_are_copied_under_new_names_and_kept() {
    let mapped = rule(Definition {
        regex: Some("__meta_label_(.+)".to_owned()),
        action: Action::LabelMap,
        ..Definition::default()
    });
    let left = applied(&[mapped], &[("__meta_label_app", "web"), ("job", "a")]);
    let expected = [("__meta_label_app", "web"), ("app", "web"), ("job", "a")];
    assert_eq!(left, Some(Labels::from_pairs(expected)));
}

#[test]
fn names_are_dropped_and_kept_by_pattern() {
    let of = |action| {
        let regex = Some("a|b".to_owned());
        rule(Definition { regex, action, ..Definition::default() })
    };
    let pairs = [("a", "1"), ("ab", "2"), ("b", "3")];
    let dropped = applied(&[of(Action::LabelDrop)], &pairs);
    assert_eq!(dropped, Some(Labels::from_pairs([("ab", "2")])));
    let kept = applied(&[of(Action::LabelKeep)], &pairs);
    assert_eq!(kept, Some(Labels::from_pairs([("a", "1"), ("b", "3")])));
}

#[test]
fn case_changes_character_by_character() {
    assert_eq!((uppercase("straße"), lowercase("İÄ")), ("STRAßE".to_owned(), "iä".to_owned()));
}

#[test]
fn a_rule_without_a_needed_key_is_refused_in_prometheus_words() {
    let refused = |definition| Rule::new(definition, NameScheme::Utf8).unwrap_err();
    assert_eq!(
        refused(Definition { action: Action::HashMod, ..Definition::default() }),
        "relabel configuration for hashmod requires non-zero modulus"
    );
    assert_eq!(
        refused(Definition::default()),
        "relabel configuration for replace action requires 'target_label' value"
    );
    assert_eq!(Action::named("REPLACE"), Ok(Action::Replace));
    assert_eq!(Action::named("x"), Err("unknown relabel action \"x\"".to_owned()));
}

#[test]
fn a_legacy_target_has_references_but_no_dots() {
    let new = |target: &str, names| {
        Rule::new(Definition { target_label: target.to_owned(), ..Definition::default() }, names)
    };
    for (target, is_valid) in [
        ("${1}_x", true),
        ("$1", true),
        ("a${1}b$2", true),
        ("1a", false),
        ("a.b", false),
        ("${1.2}", false),
        ("$", false),
    ] {
        assert_eq!(new(target, NameScheme::Legacy).is_ok(), is_valid, "{target}");
        assert!(new(target, NameScheme::Utf8).is_ok(), "{target}");
    }
}
