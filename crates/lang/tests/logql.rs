//! The LogQL parser against our cases in `testdata/logql`, against Loki's own, and against hostile
//! text.

use std::path::Path;

use conformance::{Corpus, Tolerated};
use lang::logql::{Expr, parse, parse_selector};
use proptest::prelude::*;
use serde_json::Value;

/// A case is a query with what it prints as: `=` itself, `= …` a canonical text, `! …` an error.
#[test]
fn our_cases_parse_and_print_as_in_loki() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/logql");
    let count = conformance::check_cases(&folder, |query| match parse(query) {
        Ok(tree) => {
            let printed = tree.to_string();
            // Folded constants without a notation in the language.
            if !matches!(printed.as_str(), "NaN" | "inf" | "-inf") {
                let again = parse(&printed).map(|tree| tree.to_string());
                assert_eq!(again.as_deref(), Ok(printed.as_str()), "{query}");
            }
            if printed == query { "=".to_owned() } else { format!("= {printed}") }
        }
        Err(error) => format!("! {error}"),
    });
    assert!(count >= 350, "{count} cases");
}

/// A file of the corpora as JSON.
fn corpus(path: &str) -> Option<Value> {
    let file = serde_json::from_str(&conformance::corpus_text(path)?);
    assert!(file.is_ok(), "{path} is not JSON");
    file.ok()
}

fn counted(name: &str) -> Corpus {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/logql-tolerated.txt");
    Corpus::new(name, Tolerated::read(&list))
}

fn is_accepted(query: &str, valid: bool, error: &Value) -> Option<String> {
    match (valid, parse(query)) {
        (true, Err(error)) => Some(format!("refused: {query}\n    {error}")),
        (false, Ok(_)) => Some(format!("accepted: {query}\n    {error}")),
        _ => None,
    }
}

#[test]
fn loki_parser_cases_are_accepted_and_refused_alike() {
    let Some(file) = corpus("loki/derived/curated/logql_parse.json") else { return };
    let mut corpus = counted("logql_parse.json parse");
    let mut errors = counted("logql_parse.json errors");
    for case in file["parse"].as_array().unwrap() {
        let Some(query) = case["query"].as_str() else { continue };
        corpus.note(query, is_accepted(query, case["valid"] == true, &case["error"]));
        if let (false, Err(error)) = (case["valid"] == true, parse(query)) {
            // Loki gives line 0 where its scanner has lost count; the column is right.
            let same_place =
                case["col"].as_u64().is_none_or(|column| column == error.column as u64);
            let is_same = case["error"].as_str() == Some(&error.message) && same_place;
            let place = format!("{}:{}", case["line"], case["col"]);
            let differs =
                format!("{query}\n    theirs {place} {}\n    ours {error}", case["error"]);
            errors.note(query, (!is_same).then_some(differs));
        }
    }
    corpus.finish();
    errors.finish();
}

#[test]
fn loki_queries_are_accepted_and_refused_alike() {
    let Some(file) = corpus("loki/derived/curated/logql_queries.json") else { return };
    let mut corpus = counted("logql_queries.json");
    for case in file["queries"].as_array().unwrap() {
        if let (Some(query), Some(valid)) = (case["query"].as_str(), case["valid"].as_bool()) {
            corpus.note(query, is_accepted(query, valid, &case["error"]));
        }
    }
    corpus.finish();
}

#[test]
fn trees_print_as_loki_prints_them() {
    let Some(file) = corpus("loki/derived/curated/logql_parse.json") else { return };
    let mut corpus = counted("logql_parse.json stringer");
    for case in file["stringer"].as_array().unwrap() {
        let (query, want) = (case["in"].as_str().unwrap(), case["out"].as_str().unwrap());
        let printed = parse(query).unwrap().to_string();
        corpus.note(query, (printed != want).then(|| format!("{printed}, not {want}")));
    }
    corpus.finish();
}

#[test]
fn what_is_printed_reads_back_as_the_same_tree() {
    let Some(corpus) = corpus("loki/derived/curated/logql_queries.json") else { return };
    for case in corpus["queries"].as_array().unwrap() {
        let Some(query) = case["query"].as_str() else { continue };
        let Ok(tree) = parse(query) else { continue };
        let printed = tree.to_string();
        if matches!(printed.as_str(), "NaN" | "inf" | "-inf") {
            // Folded constants without a notation in the language.
            continue;
        }
        let again = parse(&printed).unwrap_or_else(|error| panic!("{query}\n{printed}\n{error}"));
        assert_eq!(again.to_string(), printed, "{query}");
    }
}

#[test]
fn dashboard_queries_are_accepted() {
    let Some(file) = corpus("dashboards/queries/logql.json") else { return };
    let mut corpus = counted("dashboards logql");
    for case in file.as_array().unwrap() {
        let mut query = case[0].as_str().unwrap().to_owned();
        for (variable, value) in [
            ("$__auto", "5m"),
            ("$__interval", "5m"),
            ("${__interval}", "5m"),
            ("$__range", "1h"),
            ("${__range}", "1h"),
            ("$__rate_interval", "5m"),
            ("$resolution", "5m"),
            ("$interval", "5m"),
        ] {
            query = query.replace(&format!("[{variable}]"), &format!("[{value}]"));
        }
        let mut text = String::new();
        let mut rest = query.as_str();
        while let Some(at) = rest.find('$') {
            let (before, after) = rest.split_at(at);
            text.push_str(before);
            let name = if after.starts_with("${") {
                after.find('}').map_or(after.len(), |end| end + 1)
            } else {
                after[1..]
                    .find(|c: char| c != '_' && !c.is_alphanumeric())
                    .map_or(after.len(), |end| end + 1)
            };
            text.push_str(if name == 1 { "$" } else { "value" });
            rest = &after[name..];
        }
        text.push_str(rest);
        corpus.note(&text, parse(&text).err().map(|error| format!("{text}\n    {error}")));
    }
    corpus.finish();
}

#[test]
fn a_selector_alone_may_select_everything() {
    assert_eq!(parse_selector("{}").unwrap(), []);
    assert_eq!(parse_selector(r#"{a="b", c!~"d.*"}"#).unwrap().len(), 2);
    assert!(parse_selector(r#"{a="b"} |= "x""#).is_err());
    assert!(parse_selector(r#"{a=~"("}"#).is_err());
}

#[test]
fn numbers_past_the_largest_float_are_errors_as_in_go() {
    for text in ["1e400", "0x1p5000", "111111111111111111111111111111111111111e11111"] {
        let error = parse(text).unwrap_err();
        assert!(error.message.contains("value out of range"), "{text}: {}", error.message);
    }
}

#[test]
fn deep_and_long_queries_are_errors_not_overflows() {
    for text in [
        "(".repeat(100_000),
        format!("{}1{}", "(".repeat(50_000), ")".repeat(50_000)),
        vec!["1"; 20_000].join("+"),
        format!("1{}", "^1".repeat(10_000)),
        format!(r#"{{a="b"}} | json | {}a="b""#, "(".repeat(10_000)),
        format!(r#"{{a="b"}} | json | {}"#, r#"a="b" "#.repeat(5_000)),
        format!(r#"count_over_time({}{{a="b"}}[5m]"#, "(".repeat(10_000)),
        format!("sum({}", "sum(".repeat(10_000)),
        format!(r#"{{a="b"}}{}"#, r#" |= "x""#.repeat(20_000)),
        "x".repeat(200_000),
    ] {
        assert!(parse(&text).is_err(), "{}", &text[..40]);
    }
}

#[test]
fn escapes_are_those_of_go() {
    let Expr::Log(log) = parse(r#"{a="\u00e9\x41\101\n\"\\"}"#).unwrap() else { panic!() };
    assert_eq!(log.selector[0].value, "éAA\n\"\\");
    for text in
        [r#"{a="\w"}"#, r#"{a="\xff"}"#, r#"{a="\ud800"}"#, r#"{a="\"#, "{a=\"\n\"}", "{a=`b}"]
    {
        assert!(parse(text).is_err(), "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in r#"[{}()\[\]|=!~<>"`a-z0-9 ,.+*/^%-]{0,80}"#) {
        let _ = parse(&text);
    }

    #[test]
    fn no_arrangement_of_tokens_makes_the_parser_panic(words in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "(", ")", "a", "=", "\"b\"", "|", "|=", "!=", "json", "logfmt", "--strict", "unwrap", "[5m]", "offset", "rate", "sum", "by", "without", "or", "and", ",",
        "5", "5m", "5KB", "ip", "topk", "on", "group_left", "bool", ">", "+", "^", "vector", "label_replace", "drop", "label_format",
    ]), 0..40)) {
        let _ = parse(&words.join(" "));
    }
}
