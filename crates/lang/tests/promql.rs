//! The PromQL parser against Prometheus' own cases and against real dashboards and rules.
//!
//! The corpora lie outside the repository; where they are absent the tests say so and pass.

use std::path::PathBuf;

use lang::promql::{self, Expr};
use serde_json::Value;

/// A file of the corpora, or a notice that it is not there.
fn corpus(path: &str) -> Option<Value> {
    let root = std::env::var_os("GLASSHOUSE_CORPORA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"),
        PathBuf::from,
    );
    let file = root.join(path);
    let Ok(text) = std::fs::read_to_string(&file) else {
        eprintln!("SKIPPED: {} is not here", file.display());
        return None;
    };
    let corpus = serde_json::from_str(&text);
    assert!(corpus.is_ok(), "{} is not JSON", file.display());
    corpus.ok()
}

fn text<'a>(case: &'a Value, key: &str) -> &'a str {
    case[key].as_str().unwrap_or_default()
}

#[test]
fn prometheus_parse_cases_agree() {
    let Some(corpus) = corpus("prometheus/curated/promql_parse.json") else { return };
    let (mut wrong, mut count) = (Vec::new(), 0);
    for case in corpus["parse"].as_array().unwrap() {
        let Some(query) = case["query"].as_str() else { continue };
        count += 1;
        match (case["valid"].as_bool().unwrap(), promql::parse(query)) {
            (true, Ok(_)) => {}
            (true, Err(error)) => wrong.push(format!("{query:?}: should parse, got {error}")),
            (false, Ok(expr)) => wrong.push(format!("{query:?}: should fail, got {expr}")),
            (false, Err(error)) => {
                let first = &case["errors"][0];
                let (message, start) = (text(first, "msg"), first["start"].as_u64());
                // One case gives no start: Prometheus' own test does not check it.
                let is_same_place = start.is_none_or(|start| start as usize == error.span.start);
                if error.message != message || !is_same_place {
                    wrong.push(format!(
                        "{query:?}: want {first}, got {:?} {:?}",
                        error.message, error.span
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {count} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn prometheus_printer_cases_agree() {
    let Some(corpus) = corpus("prometheus/curated/promql_parse.json") else { return };
    let mut wrong = Vec::new();
    for (section, width) in [("printer_roundtrip", None), ("prettier", Some(10))] {
        for case in corpus[section].as_array().unwrap() {
            let (input, want) = (text(case, "in"), text(case, "out"));
            let got = match (promql::parse(input), width) {
                (Ok(expr), None) => expr.to_string(),
                (Ok(expr), Some(width)) => promql::prettify(&expr, width),
                (Err(error), _) => error.to_string(),
            };
            if got != want {
                wrong.push(format!("{section} {input}\n  want {want}\n  got  {got}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn printing_and_parsing_again_gives_the_same_text() {
    let Some(corpus) = corpus("prometheus/curated/promql_parse.json") else { return };
    for case in corpus["parse"].as_array().unwrap() {
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
    let Some(rules) = corpus("rules-realworld/expressions.json") else { return };
    let Some(dashboards) = corpus("dashboards/queries/promql.json") else { return };
    let mut queries: Vec<String> = Vec::new();
    collect_expressions(&rules, &mut queries);
    let from_rules = queries.len();
    for pair in dashboards.as_array().unwrap() {
        queries.push(interpolate(pair[0].as_str().unwrap_or_default()));
    }
    let mut failed = Vec::new();
    for query in &queries {
        if let Err(error) = promql::parse(query) {
            failed.push(format!("{error}\n    {query}"));
        }
    }
    println!(
        "{from_rules} rules, {} dashboard queries, {} do not parse",
        queries.len() - from_rules,
        failed.len()
    );
    for failure in failed.iter().take(60) {
        println!("{failure}");
    }
    // What is left is MetricsQL (`topk_max`, `(…) offset 1w`), which Prometheus refuses too.
    assert!(failed.len() <= DASHBOARD_LEFTOVERS, "{} of {}", failed.len(), queries.len());
}

/// Queries of the dashboards that are not PromQL once simple variables are replaced; may only fall.
const DASHBOARD_LEFTOVERS: usize = 32;

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
