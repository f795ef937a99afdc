//! The TraceQL parser against Tempo's own cases and against hostile text.

use std::path::PathBuf;

use lang::traceql::{ErrorKind, parse, parse_attribute};
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
fn tempo_parser_cases_have_the_same_class() {
    let Some(corpus) = corpus("tempo/derived/curated/traceql_parse.json") else { return };
    let (mut wrong, mut errors, mut errors_equal) = (Vec::new(), 0, 0);
    for case in corpus["cases"].as_array().unwrap() {
        let Some(query) = case["query"].as_str() else { continue };
        let class = case["class"].as_str().unwrap();
        let is_validated = case["source"] == "test_examples.yaml";
        let outcome = parse(query);
        let ours = match &outcome {
            Ok(_) => "valid",
            Err(error) => match error.kind {
                ErrorKind::Syntax => "parse_fails",
                ErrorKind::Invalid if is_validated => "validate_fails",
                ErrorKind::Unsupported if is_validated => "unsupported",
                _ => "valid",
            },
        };
        if ours != class && class != "dump" {
            wrong.push(format!("{class}: {query}\n    {ours} {outcome:?}"));
        }
        if let (Some(theirs), Err(error)) = (case["error"].as_str(), &outcome) {
            errors += 1;
            errors_equal += usize::from(theirs == error.message);
            if theirs != error.message {
                eprintln!("{query}\n    theirs {theirs}\n    ours   {}", error.message);
            }
        }
    }
    eprintln!("{errors_equal} of {errors} error texts are the same");
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(errors_equal >= 20, "only {errors_equal} of {errors} error texts are Tempo's");
}

#[test]
fn trees_print_as_tempo_prints_them() {
    let Some(corpus) = corpus("tempo/derived/curated/traceql_parse.json") else { return };
    let mut wrong = Vec::new();
    for case in corpus["cases"].as_array().unwrap() {
        let (Some(query), Some(canonical)) =
            (case["query"].as_str(), case["canonical"].as_str().or(case["ast"].as_str()))
        else {
            continue;
        };
        match parse(query) {
            Ok(tree) if tree.to_string() != canonical => {
                wrong.push(format!("{query}\n    theirs {canonical}\n    ours   {tree}"));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_printed_reads_back_as_the_same_tree() {
    let Some(corpus) = corpus("tempo/derived/curated/traceql_parse.json") else { return };
    for case in corpus["cases"].as_array().unwrap() {
        let Some(Ok(tree)) = case["query"].as_str().map(parse) else { continue };
        let printed = tree.to_string();
        let again =
            parse(&printed).unwrap_or_else(|error| panic!("{}\n{printed}\n{error}", case["query"]));
        assert_eq!(again.to_string(), printed);
    }
}

#[test]
fn searches_and_dashboard_queries_are_accepted() {
    if let Some(corpus) = corpus("tempo/derived/curated/traceql_search_on_fixture.json") {
        for case in corpus["cases"].as_array().unwrap() {
            for query in case["queries"].as_array().into_iter().flatten() {
                let query = query.as_str().unwrap();
                parse(query).unwrap_or_else(|error| panic!("{query}: {error}"));
            }
        }
    }
    if let Some(corpus) = corpus("dashboards/queries/traceql.json") {
        for case in corpus.as_array().unwrap() {
            // A query that is one variable holds a trace id.
            let Some(query) = case["query"].as_str().filter(|query| query.starts_with('{')) else {
                continue;
            };
            let query = query.replace("${", "").replace('$', "");
            parse(&query).unwrap_or_else(|error| panic!("{query}: {error}"));
        }
    }
}

#[test]
fn attributes_alone_are_read_with_their_scope() {
    for (text, printed) in [
        ("resource.service.name", "resource.service.name"),
        (".http.method", ".http.method"),
        ("span.\"a b\"", "span.\"a b\""),
        ("name", "name"),
        ("span:status", "status"),
    ] {
        assert_eq!(parse_attribute(text).unwrap().to_string(), printed);
    }
    for text in ["", ".", "foo", "span.", "1", ".a .b", "trace:nothing"] {
        assert!(parse_attribute(text).is_err(), "{text}");
    }
}

#[test]
fn numbers_past_the_largest_float_are_errors_as_in_go() {
    for text in ["{ .a > 1e400 }", "{ .a > 111111111111111111111111111111111111111e11111 }"] {
        let error = parse(text).unwrap_err();
        assert!(error.message.contains("value out of range"), "{text}: {}", error.message);
    }
}

#[test]
fn deep_and_long_queries_are_errors_not_overflows() {
    for text in [
        "(".repeat(100_000),
        format!("{{ {}.a{} }}", "(".repeat(20_000), ")".repeat(20_000)),
        format!("{{ {}.a }}", "!".repeat(20_000)),
        format!("{{ {}.a }}", "- ".repeat(20_000)),
        format!("{{ {} }}", vec![".a"; 5_000].join(" && ")),
        vec!["{}"; 5_000].join(" >> "),
        format!("{{ 1{} }}", " ^ 1".repeat(5_000)),
        format!("{{}}{}", " | {}".repeat(20_000)),
        "x".repeat(200_000),
    ] {
        assert!(parse(&text).is_err(), "{}", &text[..20]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(text in r#"[{}()|=!~<>&"`.a-z0-9 ,:+*/^%\\-]{0,80}"#) {
        let _ = parse(&text);
    }

    #[test]
    fn no_arrangement_of_tokens_makes_the_parser_panic(words in prop::collection::vec(prop::sample::select(vec![
        "{", "}", "(", ")", ".a", "span.b", "=", "!=", "\"c\"", "1", "1.5", "1s", "|", "&&", "||", ">>", "!~", "count()", "avg(", "by(", "select(", "coalesce()", "rate()",
        "topk(1)", "with(", "nil", "status", "error", "-", "!", "*", "/", "^", "%", "name",
    ]), 0..40)) {
        let _ = parse(&words.join(" "));
    }
}
