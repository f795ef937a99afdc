//! What a file of a dashboard says of it.
//!
//! Grafana writes dashboards in several forms: bare, in the answer of its API (`dashboard` beside
//! `meta`), and as a resource (`kind: Dashboard` with `metadata` and `spec`, of which the second
//! version has `elements` in place of panels).

use serde_json::{Map, Value};

/// Characters of a title or tag that are kept.
const TEXT_CHARS_MAX: usize = 500;
/// Tags that are kept.
const TAGS_MAX: usize = 100;
/// Bytes of an identifier.
const UID_BYTES_MAX: usize = 128;

/// The head of a dashboard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    /// Empty if the file has none that can be used.
    pub(super) uid: String,
    pub(super) title: String,
    pub(super) tags: Vec<String>,
}

/// Reads a file; `None` if it is JSON of something else.
///
/// # Errors
/// Why it is no JSON.
pub(super) fn head(bytes: &[u8]) -> Result<Option<Head>, String> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let Value::Object(root) = &value else { return Ok(None) };
    let nested = |name: &str| root.get(name).and_then(Value::as_object);
    let name = nested("metadata").and_then(|metadata| metadata.get("name"));
    let is_resource = root.get("kind").is_some_and(|kind| kind == "Dashboard");
    let (dashboard, name) = match (nested("spec"), nested("dashboard")) {
        (Some(spec), _) if is_resource => (spec, name),
        (_, Some(dashboard)) => (dashboard, None),
        _ => (root, None),
    };
    let uid = name.or_else(|| dashboard.get("uid"));
    Ok(is_dashboard(dashboard).then(|| Head {
        uid: uid.and_then(Value::as_str).filter(|uid| is_uid(uid)).unwrap_or_default().to_owned(),
        title: text(dashboard.get("title")),
        tags: match dashboard.get("tags") {
            Some(Value::Array(tags)) => {
                tags.iter().take(TAGS_MAX).map(|tag| text(Some(tag))).collect()
            }
            _ => Vec::new(),
        },
    }))
}

fn is_dashboard(object: &Map<String, Value>) -> bool {
    let has_title = object.get("title").is_some_and(Value::is_string);
    let is_list = |name: &str| object.get(name).is_some_and(Value::is_array);
    has_title
        && (is_list("panels")
            || is_list("rows")
            || object.get("elements").is_some_and(Value::is_object))
}

/// Whether a text can be an identifier in an address and a name of a file.
pub(super) fn is_uid(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    !text.is_empty()
        && text.len() <= UID_BYTES_MAX
        && text.bytes().all(is_plain)
        && !text.starts_with('.')
}

fn text(value: Option<&Value>) -> String {
    let text = value.and_then(Value::as_str).unwrap_or_default();
    text.chars().take(TEXT_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_dashboard_has_its_head() {
        let bare = r#"{"uid": "u", "title": "T", "tags": ["a", 1], "panels": []}"#;
        let cases = [
            (bare.to_owned(), Some(("u", "T", vec!["a", ""]))),
            (format!(r#"{{"dashboard": {bare}, "meta": {{}}}}"#), Some(("u", "T", vec!["a", ""]))),
            (r#"{"title": "Old", "rows": []}"#.to_owned(), Some(("", "Old", vec![]))),
            (
                r#"{"apiVersion": "dashboard.grafana.app/v2", "kind": "Dashboard", "metadata":
                   {"name": "n"}, "spec": {"title": "V2", "elements": {}}}"#
                    .to_owned(),
                Some(("n", "V2", vec![])),
            ),
            (r#"{"uid": "../x", "title": "T", "panels": []}"#.to_owned(), Some(("", "T", vec![]))),
            (r#"{"name": "package", "version": "1"}"#.to_owned(), None),
            (r#"{"title": "Schema", "properties": {}}"#.to_owned(), None),
            ("[1]".to_owned(), None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|(uid, title, tags)| Head {
                uid: uid.to_owned(),
                title: title.to_owned(),
                tags: tags.into_iter().map(str::to_owned).collect(),
            });
            assert_eq!(head(text.as_bytes()), Ok(expected), "{text}");
        }
        assert!(head(b"{").is_err());
        assert!(head("[".repeat(100_000).as_bytes()).is_err());
    }
}
