//! Reading of whole files, without the corpora.

use std::ffi::OsString;
use std::io;

use super::*;

/// A file in memory.
struct Memory(&'static str);

impl Files for Memory {
    fn read(&self, _: &Path) -> io::Result<Vec<u8>> {
        Ok(self.0.as_bytes().to_vec())
    }

    fn names(&self, _: &Path) -> io::Result<Vec<OsString>> {
        Ok(["b.yml", "a.yml", "c.txt"].map(OsString::from).into())
    }

    fn exists(&self, _: &Path) -> bool {
        true
    }

    fn variable(&self, _: &str) -> Option<String> {
        None
    }
}

fn loaded(text: &'static str, language: Language) -> Result<RuleFile, Vec<String>> {
    let file = load(Path::new("r.yml"), &Memory(text), &Options::new(language));
    file.map_err(|errors| errors.iter().map(ToString::to_string).collect())
}

fn refused(text: &'static str) -> Vec<String> {
    loaded(text, Language::PromQl).unwrap_err()
}

#[test]
fn rules_have_the_labels_of_their_group() {
    let file = loaded(
        "groups:\n- name: g\n  interval: 30s\n  limit: 5\n  labels: {team: a, x: y}\n  rules:\n  - \
         record: r\n    expr: sum(a)\n    labels: {team: b}\n  - alert: A\n    expr: a > 1\n    for: \
         5m\n    annotations: {summary: s}\n",
        Language::PromQl,
    )
    .unwrap();
    let group = &file.groups[0];
    assert_eq!((group.interval, group.limit), (Some(Duration::from_secs(30)), Some(5)));
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(group.rules[0].labels, [pair("x", "y"), pair("team", "b")].into());
    assert_eq!((group.rules[1].name(), group.rules[1].line), ("A", 10));
    let RuleKind::Alerting { hold, annotations, .. } = &group.rules[1].kind else {
        panic!("{group:?}");
    };
    assert_eq!((*hold, annotations), (Duration::from_secs(300), &[pair("summary", "s")].into()));
}

#[test]
fn all_mistakes_are_reported_with_group_and_rule() {
    assert_eq!(
        refused(
            "groups:\n- name: g\n  rules:\n  - record: a{b=\"c\"}\n    alert: A\n    expr: x\n    for: \
             1m\n  - alert: B\n    labels: {__name__: x}\n- name: g\n- rules: []\n"
        ),
        [
            "r.yml:4: group \"g\", rule 1, \"A\": only one of 'record' and 'alert' must be set",
            "r.yml:4: group \"g\", rule 1, \"A\": invalid field 'for' in recording rule",
            "r.yml:4: group \"g\", rule 1, \"A\": braces present in the recording rule name; \
             should it be in expr?: a{b=\"c\"}",
            "r.yml:8: group \"g\", rule 2, \"B\": field 'expr' must be set in rule",
            "r.yml:8: group \"g\", rule 2, \"B\": invalid label name: __name__",
            "r.yml:10: groupname: \"g\" is repeated in the same file",
            "r.yml:11: Groupname must not be empty",
        ]
    );
    assert_eq!(
        refused("groups:\n- name: g\n  rules:\n  - alert: a\n    annotation: {}\n    expr: 1\n"),
        ["r.yml:5: field annotation not found in type rulefmt.Rule"]
    );
}

#[test]
fn a_mistake_in_an_expression_has_its_position_in_the_file() {
    for (expr, line, column) in [
        ("expr: sum(", 4, 15),
        ("expr: 'sum('", 4, 16),
        ("expr: |\n      a +\n      sum(", 6, 11),
        ("expr: a\n      + sum(", 4, 11),
    ] {
        let text = format!("groups:\n- name: g\n  rules:\n  - {expr}\n    alert: A\n");
        let errors =
            load(Path::new("r.yml"), &Memory(text.leak()), &Options::new(Language::PromQl))
                .unwrap_err();
        let Error::Invalid { line: found, column: at, reason, .. } = &errors[0] else {
            panic!("{errors:?}");
        };
        assert!(reason.contains("could not parse expression: "), "{reason}");
        assert_eq!((*found, *at), (line, column), "{expr}: {reason}");
    }
}

#[test]
fn expressions_of_loki_are_logql() {
    let text = "groups:\n- name: g\n  rules:\n  - alert: A\n    expr: 'sum(rate({a=\"b\"} |= \"c\" \
                [5m])) > 1'\n";
    let file = loaded(text, Language::LogQl).unwrap();
    assert_eq!((file.groups[0].rules[0].expr.line, file.groups[0].rules[0].expr.column), (5, 12));
    assert!(loaded(text, Language::PromQl).is_err());
}

#[test]
fn templates_are_checked_by_the_caller() {
    let text = "groups:\n- name: g\n  rules:\n  - {alert: A, expr: a, labels: {x: '{{'}, \
                annotations: {y: z}}\n  - {record: r, expr: a, labels: {x: '{{'}}\n";
    let check = |text: &str| if text == "{{" { Err("unclosed action".to_owned()) } else { Ok(()) };
    let options = Options { check_template: &check, ..Options::new(Language::PromQl) };
    let errors = load(Path::new("r.yml"), &Memory(text), &options).unwrap_err();
    let reasons: Vec<String> = errors.iter().map(Error::reason).collect();
    assert_eq!(reasons, ["group \"g\", rule 1, \"A\": label \"x\": unclosed action"]);
}

#[test]
fn unknown_keys_are_left_out_if_the_caller_wants_it() {
    let text =
        "owner: x\ngroups:\n- name: g\n  owner: y\n  rules:\n  - {record: r, expr: a, owner: z}\n";
    let options = Options { ignores_unknown_keys: true, ..Options::new(Language::PromQl) };
    let file = load(Path::new("r.yml"), &Memory(text), &options).unwrap();
    assert_eq!(file.groups[0].rules[0].name(), "r");
    assert!(loaded(text, Language::PromQl).is_err());
}

#[test]
fn only_the_first_document_is_read() {
    let file = loaded("groups: []\n---\ngroups: [{]\n", Language::PromQl).unwrap();
    assert_eq!(
        file.unsupported[0].to_string(),
        "r.yml:2: a second document in a file of rules is not supported"
    );
    assert!(loaded("", Language::PromQl).unwrap().groups.is_empty());
}

#[test]
fn rules_with_the_same_name_and_labels_are_duplicates() {
    let file = loaded(
        "groups:\n- name: g\n  labels: {a: b}\n  rules:\n  - {record: r, expr: x}\n  - {record: r, \
         expr: y, labels: {a: c}}\n- name: h\n  rules:\n  - {record: r, expr: z, labels: {a: b, c: \
         ''}}\n",
        Language::PromQl,
    )
    .unwrap();
    let found = duplicates(&file);
    assert_eq!((found.len(), &found[0].lines[..]), (1, &[5, 9][..]));
    assert_eq!(found[0].to_string(), "Metric: r\nLabel(s):\n\ta: b\n");
}

#[test]
fn files_of_patterns_are_found_once() {
    let patterns = [PathBuf::from("r/*.yml"), PathBuf::from("r/a.yml")];
    let found = matching(&patterns, &Memory("")).unwrap();
    assert_eq!(found, [Path::new("r/a.yml"), Path::new("r/b.yml")]);
    assert!(matching(&[PathBuf::from("[")], &Memory("")).is_err());
}

#[test]
fn the_number_of_errors_is_limited() {
    let text = format!("groups:\n- name: g\n  rules:\n{}", "  - {}\n".repeat(1000));
    assert_eq!(refused(text.leak()).len(), ERRORS_MAX);
}
