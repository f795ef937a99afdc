//! The PromQL parser against our cases in `testdata/promql`, against Prometheus' own, and against
//! real dashboards and rules.

use std::path::{Path, PathBuf};

use conformance::{Corpus, Tolerated};
use lang::promql::{self, Expr};
use serde_json::Value;

fn testdata(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(folder)
}

/// A case is a query with what it prints as: `=` itself, `= …` a canonical text, `! …` an error.
#[test]
fn our_cases_parse_and_print_as_in_prometheus() {
    let count = conformance::check_cases(&testdata("promql"), |query| match promql::parse(query) {
        Ok(expr) => {
            let printed = expr.to_string();
            let again = promql::parse(&printed).map(|expr| expr.to_string());
            assert_eq!(again.as_deref(), Ok(printed.as_str()), "{query}");
            if printed == query { "=".to_owned() } else { format!("= {printed}") }
        }
        Err(error) => format!("! {error}"),
    });
    assert!(count >= 700, "{count} cases");
}

#[test]
fn our_long_queries_are_broken_into_lines_as_prometheus_breaks_them() {
    conformance::check_cases(&testdata("promql/pretty"), |query| {
        let pretty = promql::prettify(&promql::parse(query).unwrap(), 100);
        pretty.lines().map(|line| format!("| {line}")).collect::<Vec<_>>().join("\n")
    });
}

/// A file of the corpora as JSON.
fn corpus(path: &str) -> Option<Value> {
    let file = serde_json::from_str(&conformance::corpus_text(path)?);
    assert!(file.is_ok(), "{path} is not JSON");
    file.ok()
}

fn counted(name: &str) -> Corpus {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/promql-tolerated.txt");
    Corpus::new(name, Tolerated::read(&list))
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

#[test]
fn prometheus_parse_cases_agree() {
    let Some(file) = corpus("prometheus/curated/promql_parse.json") else { return };
    let mut corpus = counted("promql_parse.json parse");
    for case in file["parse"].as_array().unwrap() {
        let Some(query) = case["query"].as_str() else { continue };
        let wrong = match (case["valid"].as_bool().unwrap(), promql::parse(query)) {
            (true, Ok(_)) => None,
            (true, Err(error)) => Some(format!("{query:?}: should parse, got {error}")),
            (false, Ok(expr)) => Some(format!("{query:?}: should fail, got {expr}")),
            (false, Err(error)) => {
                let first = &case["errors"][0];
                let (message, start) = (text(first, "msg"), first["start"].as_u64());
                // One case gives no start: Prometheus' own test does not check it.
                let is_same_place = start.is_none_or(|start| start as usize == error.span.start);
                (error.message != message || !is_same_place).then(|| {
                    format!("{query:?}: want {first}, got {:?} {:?}", error.message, error.span)
                })
            }
        };
        corpus.note(query, wrong);
    }
    corpus.finish();
}

#[test]
fn prometheus_printer_cases_agree() {
    let Some(file) = corpus("prometheus/curated/promql_parse.json") else { return };
    for (section, width) in [("printer_roundtrip", None), ("prettier", Some(10))] {
        let mut corpus = counted(&format!("promql_parse.json {section}"));
        for case in file[section].as_array().unwrap() {
            let (input, want) = (text(case, "in"), text(case, "out"));
            let got = match (promql::parse(input), width) {
                (Ok(expr), None) => expr.to_string(),
                (Ok(expr), Some(width)) => promql::prettify(&expr, width),
                (Err(error), _) => error.to_string(),
            };
            let wrong = (got != want).then(|| format!("{input}\n  want {want}\n  got  {got}"));
            corpus.note(input, wrong);
        }
        corpus.finish();
    }
}

#[test]
fn printing_and_parsing_again_gives_the_same_text() {
    let Some(file) = corpus("prometheus/curated/promql_parse.json") else { return };
    for case in file["parse"].as_array().unwrap() {
        let Some(Ok(expr)) = case["query"].as_str().map(promql::parse) else { continue };
        let printed = expr.to_string();
        let again = promql::parse(&printed).map(|expr| expr.to_string());
        assert_eq!(again.as_deref(), Ok(printed.as_str()), "{case}");
    }
}

/// Dashboards hold variables; each is replaced by something of its kind.
fn interpolate(query: &str) -> String {
    let mut out = String::new();
    let mut rest = query;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let length = if rest.starts_with('{') {
            rest.find('}').map_or(rest.len(), |end| end + 1)
        } else {
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len())
        };
        if length == 0 {
            out.push('$');
            continue;
        }
        let name = rest[..length].trim_matches(['{', '}']).to_lowercase();
        let is_time =
            ["interval", "range", "duration", "step", "window", "period", "offset", "time"]
                .iter()
                .any(|word| name.contains(word));
        let is_inner =
            out.ends_with('[') || out.trim_end().ends_with("offset") || out.ends_with(':');
        let is_grouping = ["by(", "by (", "without(", "without (", "{"]
            .iter()
            .any(|open| out.ends_with(open))
            || out.rfind("by (").or(out.rfind("by(")).is_some_and(|by| !out[by..].contains(')'))
            || rest[length..].trim_start().starts_with(['=', '{', '_']);
        out.push_str(match (is_inner || is_time, is_grouping) {
            (true, _) => "5m",
            (false, true) => "job",
            (false, false) => "1",
        });
        rest = &rest[length..];
    }
    out.push_str(rest);
    out
}

#[test]
fn real_rules_and_dashboards_parse() {
    if let Some(file) = corpus("rules-realworld/expressions.json") {
        let mut rules = Vec::new();
        collect_expressions(&file, &mut rules);
        parse_all("rules", &rules);
    }
    if let Some(file) = corpus("dashboards/queries/promql.json") {
        let pairs = file.as_array().unwrap();
        let queries: Vec<String> =
            pairs.iter().map(|pair| interpolate(pair[0].as_str().unwrap_or_default())).collect();
        parse_all("dashboards promql", &queries);
    }
}

fn parse_all(name: &str, queries: &[String]) {
    let mut corpus = counted(name);
    for query in queries {
        corpus.note(query, promql::parse(query).err().map(|error| format!("{error}\n    {query}")));
    }
    corpus.finish();
}

fn collect_expressions(value: &Value, queries: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect_expressions(item, queries)),
        Value::Object(map) => {
            if let Some(expr) = map.get("expr").and_then(Value::as_str) {
                queries.push(expr.to_owned());
            }
            map.values().for_each(|item| collect_expressions(item, queries));
        }
        _ => {}
    }
}

#[test]
fn errors_say_line_and_column() {
    let cases = [
        ("sum(rate(x[5m])", "1:16: parse error: unclosed left parenthesis"),
        ("a\n  + )", "2:6: parse error: unexpected right parenthesis ')'"),
        ("foo bar", "1:5: parse error: unexpected identifier \"bar\""),
        ("nosuch(x)", "1:1: parse error: unknown function with name \"nosuch\""),
        (
            "rate(x)",
            "1:6: parse error: expected type range vector in call to function \"rate\", got instant vector",
        ),
        ("", "1:1: parse error: no expression found in input"),
    ];
    for (query, want) in cases {
        assert_eq!(
            promql::parse(query).map(|_| ()).map_err(|error| error.to_string()),
            Err(want.into()),
            "{query}"
        );
    }
}

#[test]
fn hostile_texts_are_errors_and_not_crashes() {
    let cases = [
        "(".repeat(60_000),
        "-".repeat(60_000),
        "a+".repeat(30_000),
        "sum(".repeat(15_000),
        "a[1m:]".repeat(10_000),
        format!("{}a{}", "(".repeat(100), ")".repeat(100)),
        format!("a{}", "[1m:]".repeat(5_000)),
        format!("a{{{}}}", "b=\"c\",".repeat(10_500)),
        format!("a[{}1m]", "(".repeat(5_000)),
        format!("a[{}1m]", "-".repeat(5_000)),
        format!("a[1m{}]", "+1".repeat(5_000)),
        format!("a=~\"{}\"", "(".repeat(5_000)),
        "x".repeat(70_000),
        "{a=~\"(x{1000}){1000}\"}".into(),
        "\u{0}\u{ffff}".into(),
    ];
    for case in cases {
        assert!(promql::parse(&case).is_err(), "{}", &case[..20.min(case.len())]);
    }
}

#[test]
fn long_but_plain_chains_parse() {
    let chain = vec!["a{b=\"c\"}"; 150].join(" or ");
    assert!(matches!(promql::parse(&chain), Ok(Expr::Binary(_))));
    let nested = format!("{}a{}", "sum(".repeat(50), ")".repeat(50));
    assert!(promql::parse(&nested).is_ok());
}

#[test]
fn series_are_read_from_the_start_of_a_line() {
    let (labels, length) = promql::parse_series("up{a=\"}\", b='c'} 1 2").unwrap();
    assert_eq!(length, 16);
    assert_eq!(labels.len(), 3);
    assert!(promql::parse_series("{a!=\"b\"}").is_err());
    assert!(promql::parse_series("{").is_err());
}
