//! Parsing, showing and applying matchers.

use adopt::matcher::{Matcher, Matchers};
use serde_json::Value;
use signals::{Labels, MatchOp};

use crate::{counted, facts, table, text};

fn op(sign: &str) -> MatchOp {
    match sign {
        "=" | "MatchEqual" => MatchOp::Equal,
        "!=" | "MatchNotEqual" => MatchOp::NotEqual,
        "=~" | "MatchRegexp" => MatchOp::Regex,
        "!~" | "MatchNotRegexp" => MatchOp::NotRegex,
        other => panic!("{other}"),
    }
}

fn shown(matcher: &Matcher) -> (String, MatchOp, String) {
    (matcher.name().to_owned(), matcher.op(), matcher.value().to_owned())
}

fn expected(case: &Value) -> Vec<(String, MatchOp, String)> {
    let matchers = case["matchers"].as_array().into_iter().flatten();
    let shown = |matcher: &Value| {
        let [name, sign, value] = ["name", "op", "value"].map(|key| text(matcher, key).to_owned());
        (name, op(&sign), value)
    };
    matchers.map(shown).collect()
}

#[test]
fn matchers_are_parsed_as_by_alertmanager() {
    let Some(file) = facts("alertmanager/curated/matchers_parse.json") else { return };
    let mut corpus = counted("parsed matchers");
    for case in file["cases"].as_array().unwrap() {
        let (parser, input) = (text(case, "parser"), text(case, "input"));
        let is_single =
            text(case, "test").ends_with("MatcherParser") || text(case, "test") == "TestMatcher";
        let found = match (parser, is_single) {
            ("utf8", false) => Matchers::parse_utf8(input),
            ("utf8", true) => Matchers::parse_utf8(input).and_then(single),
            ("classic", _) => Matchers::parse_classic(input),
            (_, false) => Matchers::parse(input).map(|parsed| parsed.matchers),
            (_, true) => Matcher::parse(input).map(|matcher| Matchers::sorted(vec![matcher])),
        };
        let found = found.map(|matchers| matchers.iter().map(shown).collect::<Vec<_>>());
        let why = match (&found, case["valid"].as_bool().unwrap()) {
            (Ok(found), true) => *found != expected(case),
            (Err(error), false) => !error.contains(text(case, "error")),
            _ => true,
        };
        let why = why.then(|| format!("{input:?} is {found:?}, not {case}"));
        corpus.note(&format!("{parser} {is_single} {input}"), why);
    }
    corpus.finish();
}

fn single(matchers: Matchers) -> Result<Matchers, String> {
    match matchers.len() {
        0 => Err("no matchers".to_owned()),
        1 => Ok(matchers),
        count => Err(format!("expected 1 matcher, found {count}")),
    }
}

#[test]
fn matchers_apply_and_are_shown_as_by_alertmanager() {
    let Some(file) = facts("alertmanager/derived/pkg__labels__matcher_test.json") else { return };
    let mut corpus = counted("applied matchers");
    for case in table(&file, "TestMatcher", "tests") {
        let arguments = &case["matcher"]["args"];
        let (sign, value) = (text(&arguments[1], "_ref"), arguments[2].as_str().unwrap());
        let matcher = Matcher::new("label", op(sign), value).unwrap();
        let labels = Labels::from_pairs([("label", text(case, "value"))]);
        let found = Matchers::sorted(vec![matcher]).matches(&labels);
        let is_equal = found == case["match"].as_bool().unwrap();
        corpus.note(&case.to_string(), (!is_equal).then(|| case.to_string()));
    }
    for case in table(&file, "TestMatcherString", "tests") {
        let sign = op(text(&case["op"], "_ref"));
        let found =
            Matcher::new(text(case, "name"), sign, text(case, "value")).unwrap().to_string();
        corpus.note(text(case, "want"), (found != text(case, "want")).then_some(found));
    }
    corpus.finish();
}
