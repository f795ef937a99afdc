//! `glasshouse query`: queries a running server through its public APIs.

use std::fmt::Write;

use anyhow::{Context, bail};
use clap::Args;
use serde_json::Value;

use super::{Language, print};
use crate::http_client;

/// What to ask, and whom.
#[derive(Debug, Args)]
pub(crate) struct QueryArguments {
    /// Language of the query
    language: Language,
    /// The query
    query: String,
    /// Address of the server's page
    #[arg(
        long,
        value_name = "URL",
        default_value = "http://127.0.0.1:3000",
        env = "GLASSHOUSE_ADDR"
    )]
    addr: String,
    /// Print the server's whole answer as JSON
    #[arg(long)]
    json: bool,
}

/// Maximum size of a response.
pub(super) const ANSWER_BYTES_MAX: usize = 256 << 20;

/// Runs the query and prints the result.
pub(crate) fn run(arguments: &QueryArguments) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let answer = runtime.block_on(ask(arguments))?;
    if arguments.json {
        return print(&format!("{}\n", serde_json::to_string_pretty(&answer)?));
    }
    let text = match arguments.language {
        Language::Sql => rows(&answer),
        Language::Traceql => traces(&answer),
        Language::Promql | Language::Logql => series(&answer),
    };
    print(&text)
}

async fn ask(arguments: &QueryArguments) -> anyhow::Result<Value> {
    let base = arguments.addr.trim_end_matches('/');
    let form = |parameters: &[(&str, &str)]| {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(parameters).finish()
    };
    let query = arguments.query.as_str();
    let (path, kind, body) = match arguments.language {
        Language::Promql => {
            ("/prometheus/api/v1/query", http_client::FORM, form(&[("query", query)]))
        }
        Language::Logql => {
            ("/loki/api/v1/query_range", http_client::FORM, form(&[("query", query)]))
        }
        Language::Traceql => {
            let url = format!("{base}/tempo/api/search?{}", form(&[("q", query)]));
            return read(
                &http_client::get(&url, ANSWER_BYTES_MAX)
                    .await
                    .with_context(|| unreachable(base))?,
            );
        }
        Language::Sql => {
            ("/api/sql", "application/json", serde_json::json!({ "query": query }).to_string())
        }
    };
    let url = format!("{base}{path}");
    read(
        &http_client::post(&url, kind, body, ANSWER_BYTES_MAX)
            .await
            .with_context(|| unreachable(base))?,
    )
}

pub(super) fn unreachable(base: &str) -> String {
    format!("cannot ask {base}: is glasshouse running there? (--addr URL asks another one)")
}

pub(super) fn read(answer: &http_client::Answer) -> anyhow::Result<Value> {
    let text = String::from_utf8_lossy(&answer.body);
    if answer.status != 200 {
        let value: Value = serde_json::from_str(&text).unwrap_or_default();
        let message = value.get("error").and_then(Value::as_str).unwrap_or(text.trim());
        bail!("{message}");
    }
    serde_json::from_str(&text).context("the answer is not JSON")
}

/// Formats a table with tab-separated columns.
fn rows(answer: &Value) -> String {
    let names: Vec<&str> =
        list(answer, "columns").iter().filter_map(|column| column.get("name")?.as_str()).collect();
    let mut text = names.join("\t");
    text.push('\n');
    for row in list(answer, "rows") {
        let cells: Vec<String> =
            names.iter().map(|name| cell(row.get(*name).unwrap_or(&Value::Null))).collect();
        text.push_str(&cells.join("\t"));
        text.push('\n');
    }
    if answer.get("truncated") == Some(&Value::Bool(true)) {
        text.push_str("… more rows were left out\n");
    }
    text
}

fn traces(answer: &Value) -> String {
    let mut text = String::new();
    for trace in list(answer, "traces") {
        let part = |name: &str| cell(trace.get(name).unwrap_or(&Value::Null));
        let _ = writeln!(
            text,
            "{}\t{} ms\t{}\t{}",
            part("traceID"),
            part("durationMs"),
            part("rootServiceName"),
            part("rootTraceName")
        );
    }
    text
}

/// Formats the values or lines of each series, with its labels.
fn series(answer: &Value) -> String {
    let data = answer.get("data").unwrap_or(&Value::Null);
    let mut text = String::new();
    match data.get("resultType").and_then(Value::as_str) {
        Some("vector" | "matrix") => {
            for series in list(data, "result") {
                let labels = labels(series.get("metric").unwrap_or(&Value::Null));
                let one = series.get("value").or_else(|| series.get("histogram"));
                for point in
                    one.into_iter().chain(list(series, "values")).chain(list(series, "histograms"))
                {
                    let value = cell(point.get(1).unwrap_or(&Value::Null));
                    let _ = writeln!(
                        text,
                        "{labels}\t{value}\t@ {}",
                        cell(point.get(0).unwrap_or(&Value::Null))
                    );
                }
            }
        }
        Some("streams") => {
            for stream in list(data, "result") {
                let labels = labels(stream.get("stream").unwrap_or(&Value::Null));
                for entry in list(stream, "values") {
                    let line = cell(entry.get(1).unwrap_or(&Value::Null));
                    let _ = writeln!(
                        text,
                        "{}\t{labels}\t{line}",
                        cell(entry.get(0).unwrap_or(&Value::Null))
                    );
                }
            }
        }
        _ => {
            let result = data.get("result").unwrap_or(&Value::Null);
            let _ = writeln!(text, "{}", cell(result.get(1).unwrap_or(result)));
        }
    }
    text
}

fn labels(labels: &Value) -> String {
    let Some(labels) = labels.as_object() else { return "{}".to_owned() };
    let name = labels.get("__name__").and_then(Value::as_str).unwrap_or_default();
    let pairs: Vec<String> = labels
        .iter()
        .filter(|(key, _)| *key != "__name__")
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    format!("{name}{{{}}}", pairs.join(", "))
}

fn list<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn cell(value: &Value) -> String {
    match value {
        Value::String(text) => text.replace(['\n', '\r', '\t'], " "),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn answers_are_printed_one_item_a_line() {
        let sql = json!({"columns": [{"name": "a"}, {"name": "b"}], "rows": [{"a": 1, "b": "x\ny"}], "truncated": true});
        assert_eq!(rows(&sql), "a\tb\n1\tx y\n… more rows were left out\n");
        let vector = json!({"data": {"resultType": "vector", "result": [{"metric": {"__name__": "up", "job": "a"}, "value": [1, "2"]}]}});
        assert_eq!(series(&vector), "up{job=\"a\"}\t2\t@ 1\n");
        let scalar = json!({"data": {"resultType": "scalar", "result": [1, "2"]}});
        assert_eq!(series(&scalar), "2\n");
    }
}
