//! The LogQL parser against Loki's own cases and against hostile text.

use std::path::PathBuf;

use lang::logql::{Expr, parse, parse_selector};
use proptest::prelude::*;
use serde_json::Value;

/// A corpus file as JSON; `None`, with a notice, where the corpora are absent.
fn corpus(path: &str) -> Option<Value> {
    let root = std::env::var_os("GLASSHOUSE_CORPORA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"),
        PathBuf::from,
    );
    let Ok(text) = std::fs::read_to_string(root.join(path)) else {
        eprintln!("SKIPPED: {path} is not in {}", root.display());
        return None;
    };
    let json = serde_json::from_str(&text);
    assert!(json.is_ok(), "{path} is not JSON");
    json.ok()
}

#[test]
fn loki_parser_cases_are_accepted_and_refused_alike() {
    let Some(corpus) = corpus("loki/derived/curated/logql_parse.json") else { return };
    let (mut wrong, mut texts_equal, mut positions_equal, mut refused) = (Vec::new(), 0, 0, 0);
    for case in corpus["parse"].as_array().unwrap() {
        let Some(query) = case["query"].as_str() else { continue };
        match (case["valid"].as_bool().unwrap(), parse(query)) {
            (true, Err(error)) => wrong.push(format!("refused: {query}\n    {error}")),
            (false, Ok(_)) => wrong.push(format!("accepted: {query}\n    {}", case["error"])),
            (false, Err(error)) => {
                refused += 1;
                let same_text = case["error"].as_str() == Some(&error.message);
                // Loki gives line 0 where its scanner has lost count; the column is right.
                let same_place =
                    case["col"].as_u64().is_none_or(|column| column == error.column as u64);
                texts_equal += usize::from(same_text);
                positions_equal += usize::from(same_place);
                if !same_text || !same_place {
                    eprintln!(
                        "{query}\n    theirs {}:{} {}\n    ours   {}:{} {}",
                        case["line"],
                        case["col"],
                        case["error"],
                        error.line,
                        error.column,
                        error.message
                    );
                }
            }
            (true, Ok(_)) => {}
        }
    }
    eprintln!(
        "{refused} refused, {texts_equal} with the same text, {positions_equal} at the same place"
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(texts_equal >= 45, "only {texts_equal} error texts are Loki's");
}

#[test]
fn loki_queries_are_accepted_and_refused_alike() {
    let Some(corpus) = corpus("loki/derived/curated/logql_queries.json") else { return };
    let mut wrong = Vec::new();
    let mut checked = 0;
    for case in corpus["queries"].as_array().unwrap() {
        let (Some(query), Some(valid)) = (case["query"].as_str(), case["valid"].as_bool()) else {
            continue;
        };
        checked += 1;
        match (valid, parse(query)) {
            (true, Err(error)) => wrong.push(format!("refused: {query}\n    {error}")),
            (false, Ok(_)) => wrong.push(format!("accepted: {query}\n    {}", case["error"])),
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {checked}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn trees_print_as_loki_prints_them() {
    let Some(corpus) = corpus("loki/derived/curated/logql_parse.json") else { return };
    for case in corpus["stringer"].as_array().unwrap() {
        let printed = parse(case["in"].as_str().unwrap()).unwrap().to_string();
        assert_eq!(printed, case["out"].as_str().unwrap());
    }
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
    let Some(corpus) = corpus("dashboards/queries/logql.json") else { return };
    let mut wrong = Vec::new();
    for case in corpus.as_array().unwrap() {
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
        if let Err(error) = parse(&text) {
            wrong.push(format!("{text}\n    {error}"));
        }
    }
    for line in &wrong {
        eprintln!("{line}");
    }
    // These are PromQL: their dashboards let a variable choose the data source.
    assert!(wrong.len() <= 24, "{} dashboard queries are refused", wrong.len());
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
