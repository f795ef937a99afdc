//! Tag names and values for autocompletion, and the legacy `tags` search parameter.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::response::IntoResponse;
use serde_json::{Value, json};

use super::{Answer, range};
use crate::error::TextError;
use crate::parameters::Parameters;
use crate::routers::Api;

/// Maximum number of tags in a search.
const TAGS_MAX: usize = 100;

/// Tag names without scopes (v1).
pub(super) async fn names(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let scope = parameters.get("scope").unwrap_or("none");
    let scopes = api.engine.tag_names(scope, range(&parameters)?).await?;
    let is_asked = scope == "intrinsic";
    let names: BTreeSet<&String> = scopes
        .iter()
        .filter(|scope| is_asked || scope.scope != "intrinsic")
        .flat_map(|scope| &scope.names)
        .collect();
    Ok(axum::Json(json!({ "tagNames": names, "metrics": {} })).into_response())
}

/// Tag names by scope (v2).
pub(super) async fn names_v2(State(api): State<Arc<Api>>, parameters: Parameters) -> Answer {
    let scope = parameters.get("scope").unwrap_or("none");
    let scopes = api.engine.tag_names(scope, range(&parameters)?).await?;
    let limit = limit(&parameters)?;
    let scopes: Vec<Value> = scopes
        .iter()
        .map(|scope| {
            let names: Vec<_> = scope.names.iter().take(limit).collect();
            json!({ "name": scope.scope, "tags": names })
        })
        .collect();
    Ok(axum::Json(json!({ "scopes": scopes, "metrics": {} })).into_response())
}

/// Values without types, for a tag without a scope (v1).
pub(super) async fn values(
    State(api): State<Arc<Api>>,
    Path(tag): Path<String>,
    parameters: Parameters,
) -> Answer {
    let tag = scoped(&tag);
    let query = parameters.get("q").unwrap_or_default();
    let values = api.engine.tag_values(&tag, query, range(&parameters)?).await?;
    let values: BTreeSet<&String> = values.iter().map(|value| &value.value).collect();
    Ok(axum::Json(json!({ "tagValues": values, "metrics": {} })).into_response())
}

/// Values with their types (v2).
pub(super) async fn values_v2(
    State(api): State<Arc<Api>>,
    Path(tag): Path<String>,
    parameters: Parameters,
) -> Answer {
    let query = parameters.get("q").unwrap_or_default();
    let values = api.engine.tag_values(&tag, query, range(&parameters)?).await?;
    let limit = limit(&parameters)?;
    let values: Vec<Value> = values
        .iter()
        .take(limit)
        .map(|value| json!({ "type": value.kind, "value": value.value }))
        .collect();
    Ok(axum::Json(json!({ "tagValues": values, "metrics": {} })).into_response())
}

/// The v1 API omits the leading dot of attribute names.
fn scoped(tag: &str) -> String {
    const INTRINSICS: [&str; 5] = ["name", "status", "kind", "statusMessage", "duration"];
    const SCOPES: [&str; 5] = ["resource.", "span.", "event.", "link.", "instrumentation."];
    match tag {
        // Names that predate TraceQL.
        "service.name" => "resource.service.name".to_owned(),
        "status.code" => "status".to_owned(),
        "root.name" => "rootName".to_owned(),
        "root.service.name" => "rootServiceName".to_owned(),
        _ if tag.starts_with('.') || INTRINSICS.contains(&tag) => tag.to_owned(),
        _ if SCOPES.iter().any(|scope| tag.starts_with(scope)) => tag.to_owned(),
        _ => format!(".{tag}"),
    }
}

/// `limit`; 0 or absent means no limit.
fn limit(parameters: &Parameters) -> Result<usize, TextError> {
    match super::number(parameters, "limit", 0)? {
        0 => Ok(usize::MAX),
        limit => Ok(limit),
    }
}

/// Parses `a=1 b="c d"` in logfmt.
pub(super) fn logfmt(text: &str) -> Result<Vec<(String, String)>, TextError> {
    let mut tags = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if tags.len() == TAGS_MAX {
            return Err(TextError::bad_request(format!("invalid tags: more than {TAGS_MAX}")));
        }
        let bad = |why: &str| TextError::bad_request(format!("invalid tags: {why} near {rest:?}"));
        let (key, tail) = rest.split_once('=').ok_or_else(|| bad("expected key=value"))?;
        if key.is_empty() || key.contains(|c: char| c.is_whitespace() || c == '"') {
            return Err(bad("expected key=value"));
        }
        let (value, tail) = if let Some(quoted) = tail.strip_prefix('"') {
            unquote(quoted).ok_or_else(|| bad("a quote is not closed"))?
        } else {
            let end = tail.find(char::is_whitespace).unwrap_or(tail.len());
            let (value, tail) = tail.split_at_checked(end).unwrap_or((tail, ""));
            (value.to_owned(), tail)
        };
        tags.push((key.to_owned(), value));
        rest = tail.trim_start();
    }
    Ok(tags)
}

/// The text up to the closing quote, and the rest.
fn unquote(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, text.get(at + 1..)?)),
            '\\' => value.push(match characters.next()?.1 {
                'n' => '\n',
                't' => '\t',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_read_as_logfmt() {
        let read = |text| logfmt(text).ok();
        let pairs = |pairs: &[(&str, &str)]| {
            Some(
                pairs
                    .iter()
                    .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                    .collect::<Vec<_>>(),
            )
        };
        assert_eq!(read(""), pairs(&[]));
        assert_eq!(
            read(" a=b  c=\"d \\\"e\\\"\" f="),
            pairs(&[("a", "b"), ("c", "d \"e\""), ("f", "")])
        );
        for text in ["a", "=b", "a=\"b", "\"a\"=b", "a b=c"] {
            assert_eq!(read(text), None, "{text}");
        }
        assert!(read(&"a=b ".repeat(TAGS_MAX + 1)).is_none());
    }

    #[test]
    fn old_names_find_their_scope() {
        for (tag, expected) in [
            ("service.name", "resource.service.name"),
            ("http.method", ".http.method"),
            ("name", "name"),
            ("span.x", "span.x"),
        ] {
            assert_eq!(scoped(tag), expected);
        }
    }
}
