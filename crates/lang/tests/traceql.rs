//! The TraceQL parser against our cases in `testdata/traceql`, against Tempo's own, and against
//! hostile text.

use std::path::Path;

use conformance::{Corpus, Tolerated};
use lang::traceql::{ErrorKind, ParseError, parse, parse_attribute};
use proptest::prelude::*;
use serde_json::Value;

fn kind(error: &ParseError) -> &'static str {
    match error.kind {
        ErrorKind::Syntax => "syntax",
        ErrorKind::Invalid => "invalid",
        ErrorKind::Unsupported => "unsupported",
    }
}

/// A case is a query with what it prints as: `=` itself, `= …` a canonical text, `! …` the kind and
/// the text of an error.
#[test]
fn our_cases_parse_and_print_as_in_tempo() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/traceql");
    let count = conformance::check_cases(&folder, |query| match parse(query) {
        Ok(tree) => {
            let printed = tree.to_string();
            let again = parse(&printed).map(|tree| tree.to_string());
            assert_eq!(again.as_deref(), Ok(printed.as_str()), "{query}");
            if printed == query { "=".to_owned() } else { format!("= {printed}") }
        }
        Err(error) => format!("! {}: {error}", kind(&error)),
    });
    assert!(count >= 400, "{count} cases");
}

/// A file of the corpora as JSON.
fn corpus(path: &str) -> Option<Value> {
    let file = serde_json::from_str(&conformance::corpus_text(path)?);
    assert!(file.is_ok(), "{path} is not JSON");
    file.ok()
}

fn counted(name: &str) -> Corpus {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/traceql-tolerated.txt");
    Corpus::new(name, Tolerated::read(&list))
}

#[test]
fn tempo_parser_cases_have_the_same_class() {
    let Some(file) = corpus("tempo/derived/curated/traceql_parse.json") else { return };
    let mut corpus = counted("traceql_parse.json class");
    let mut errors = counted("traceql_parse.json errors");
    for case in file["cases"].as_array().unwrap() {
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
        let is_same = ours == class || class == "dump";
        corpus.note(query, (!is_same).then(|| format!("{class}: {query}\n    {ours} {outcome:?}")));
        if let (Some(theirs), Err(error)) = (case["error"].as_str(), &outcome) {
            let ours = &error.message;
            let differs = format!("{query}\n    theirs {theirs}\n    ours   {ours}");
            errors.note(query, (theirs != ours).then_some(differs));
        }
    }
    corpus.finish();
    errors.finish();
}

#[test]
fn trees_print_as_tempo_prints_them() {
    let Some(file) = corpus("tempo/derived/curated/traceql_parse.json") else { return };
    let mut corpus = counted("traceql_parse.json printed");
    for case in file["cases"].as_array().unwrap() {
        let (Some(query), Some(canonical)) =
            (case["query"].as_str(), case["canonical"].as_str().or(case["ast"].as_str()))
        else {
            continue;
        };
        if let Ok(tree) = parse(query) {
            let printed = tree.to_string();
            corpus
                .note(query, (printed != canonical).then(|| format!("{printed}, not {canonical}")));
        }
    }
    corpus.finish();
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
    let refused = |query: &str| parse(query).err().map(|error| format!("{query}: {error}"));
    if let Some(file) = corpus("tempo/derived/curated/traceql_search_on_fixture.json") {
        let mut corpus = counted("traceql_search_on_fixture.json parse");
        for case in file["cases"].as_array().unwrap() {
            for query in case["queries"].as_array().into_iter().flatten() {
                let query = query.as_str().unwrap();
                corpus.note(query, refused(query));
            }
        }
        corpus.finish();
    }
    if let Some(file) = corpus("dashboards/queries/traceql.json") {
        for case in file.as_array().unwrap() {
            // A query that is one variable holds a trace id.
            let Some(query) = case["query"].as_str().filter(|query| query.starts_with('{')) else {
                continue;
            };
            let query = query.replace("${", "").replace('$', "");
            assert_eq!(refused(&query), None);
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
