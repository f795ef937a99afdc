//! Capture of prompts, answers, tool arguments and results: nothing by default.
//!
//! Truncates and redacts content; callers decide where to record it.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::Value;

/// A kind of content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Content {
    /// `gen_ai.input.messages`: the input of the model.
    InputMessages,
    /// `gen_ai.output.messages`: the output of the model.
    OutputMessages,
    /// `gen_ai.system_instructions`.
    SystemInstructions,
    /// `gen_ai.tool.definitions`.
    ToolDefinitions,
    /// `gen_ai.tool.call.arguments`.
    ToolArguments,
    /// `gen_ai.tool.call.result`.
    ToolResult,
    /// An error message, which may quote any of the others.
    ErrorMessage,
}

type Redact = Arc<dyn Fn(Content, &mut Value) + Send + Sync>;

/// Whether spans contain content, its redaction, and its maximum length.
///
/// Off by default. OpenTelemetry's environment variable for it is
/// `OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT`.
///
/// ```
/// use glasshouse_sdk::llm::{Content, ContentPolicy};
///
/// let policy = ContentPolicy::capturing().max_bytes(4096).redact(|kind, value| {
///     if kind == Content::ToolResult {
///         *value = serde_json::Value::String("[redacted]".to_owned());
///     }
/// });
/// assert!(policy.is_capturing());
/// ```
#[derive(Clone)]
pub struct ContentPolicy {
    capturing: bool,
    bytes_max: usize,
    redact: Option<Redact>,
}

impl Default for ContentPolicy {
    fn default() -> Self {
        Self { capturing: false, bytes_max: BYTES_MAX, redact: None }
    }
}

impl fmt::Debug for ContentPolicy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ContentPolicy")
            .field("capturing", &self.capturing)
            .field("bytes_max", &self.bytes_max)
            .field("redact", &self.redact.is_some())
            .finish()
    }
}

/// Default maximum length of one attribute, in bytes of JSON.
const BYTES_MAX: usize = 16 * 1024;
/// Shorter content would not be readable.
const BYTES_MIN: usize = 64;
/// Maximum nesting of values; serde reads 128 levels.
const DEPTH_MAX: usize = 64;

impl ContentPolicy {
    /// No content is recorded. The default.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// Records content on spans, at most 16 KiB per attribute.
    #[must_use]
    pub fn capturing() -> Self {
        Self { capturing: true, ..Self::default() }
    }

    /// Parses a switch: `true`, `1`, `yes`, `on`, `span_only` and `span_and_event` enable capture;
    /// `false`, `0`, `no`, `off`, `no_content`, `event_only` and the empty text disable it. `None`
    /// for all other values.
    #[must_use]
    pub fn from_switch(word: &str) -> Option<Self> {
        match word.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" | "span_only" | "span_and_event" => Some(Self::capturing()),
            "" | "false" | "0" | "no" | "off" | "no_content" | "event_only" => Some(Self::off()),
            _ => None,
        }
    }

    /// Limits each attribute to this many bytes of JSON, at least 64. Strings and lists in longer
    /// values are truncated, so that the result is valid JSON.
    #[must_use]
    pub fn max_bytes(mut self, bytes_max: usize) -> Self {
        self.bytes_max = bytes_max.max(BYTES_MIN);
        self
    }

    /// Calls `redact` on every piece of content before it is recorded; it may modify the value.
    ///
    /// If it panics, the piece is dropped.
    #[must_use]
    pub fn redact(mut self, redact: impl Fn(Content, &mut Value) + Send + Sync + 'static) -> Self {
        self.redact = Some(Arc::new(redact));
        self
    }

    /// Whether content is recorded.
    #[must_use]
    pub fn is_capturing(&self) -> bool {
        self.capturing
    }

    /// The JSON of a piece of content, redacted and truncated. `None` if capture is off (without
    /// calling `value`) or nothing may be recorded.
    pub(crate) fn json(&self, kind: Content, value: impl FnOnce() -> Value) -> Option<String> {
        if !self.capturing {
            return None;
        }
        let mut value = value();
        if let Some(redact) = &self.redact {
            catch_unwind(AssertUnwindSafe(|| redact(kind, &mut value))).ok()?;
        }
        bounded_json(&value, self.bytes_max)
    }

    /// An error message under the same rules, without quotes.
    pub(crate) fn error_text(&self, message: &str) -> Option<String> {
        if !self.capturing || message.is_empty() {
            return None;
        }
        // Redact before truncating: no rule recognises half of a secret.
        let mut value = Value::String(message.to_owned());
        if let Some(redact) = &self.redact {
            catch_unwind(AssertUnwindSafe(|| redact(Content::ErrorMessage, &mut value))).ok()?;
        }
        match value {
            Value::String(text) => Some(crate::span::bounded(&text, ERROR_BYTES_MAX).to_owned()),
            _ => None,
        }
    }
}

/// Maximum length of an error message in a span's status, in bytes.
const ERROR_BYTES_MAX: usize = 512;

/// Serialises the value to at most `bytes_max` bytes: first strings are shortened, then lists and
/// objects lose their last entries, then the most deeply nested values are dropped.
fn bounded_json(value: &Value, bytes_max: usize) -> Option<String> {
    let mut limits = Limits { string_bytes: usize::MAX, entries: usize::MAX, depth: DEPTH_MAX };
    loop {
        if size(value, limits, limits.depth, bytes_max) <= bytes_max {
            let text = cut(value, limits, limits.depth).to_string();
            return (text.len() <= bytes_max).then_some(text);
        }
        if limits.string_bytes > 32 {
            limits.string_bytes = limits.string_bytes.min(bytes_max.saturating_mul(2)) / 2;
        } else if limits.entries > 1 {
            limits.entries = limits.entries.min(4096) / 2;
        } else if limits.depth > 0 {
            limits.depth /= 2;
        } else {
            return None;
        }
    }
}

#[derive(Clone, Copy)]
struct Limits {
    string_bytes: usize,
    entries: usize,
    depth: usize,
}

const CUT: &str = "…";

fn cut_string(text: &str, limits: Limits) -> String {
    if text.len() <= limits.string_bytes {
        return text.to_owned();
    }
    format!("{}{CUT}", crate::span::bounded(text, limits.string_bytes))
}

fn cut(value: &Value, limits: Limits, depth: usize) -> Value {
    if depth == 0 && (value.is_array() || value.is_object()) {
        return Value::Null;
    }
    match value {
        Value::String(text) => Value::String(cut_string(text, limits)),
        Value::Array(items) => Value::Array(
            items.iter().take(limits.entries).map(|item| cut(item, limits, depth - 1)).collect(),
        ),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .take(limits.entries)
                .map(|(key, field)| (cut_string(key, limits), cut(field, limits, depth - 1)))
                .collect(),
        ),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

/// An upper bound of the size serialised by [`cut`]; stops counting above `enough`.
fn size(value: &Value, limits: Limits, depth: usize, enough: usize) -> usize {
    if depth == 0 && (value.is_array() || value.is_object()) {
        return 4;
    }
    match value {
        Value::Null | Value::Bool(_) => 5,
        Value::Number(number) => number.to_string().len(),
        Value::String(text) => string_size(text, limits),
        Value::Array(items) => {
            let mut bytes = 2;
            for item in items.iter().take(limits.entries) {
                bytes += 1 + size(item, limits, depth - 1, enough);
                if bytes > enough {
                    break;
                }
            }
            bytes
        }
        Value::Object(fields) => {
            let mut bytes = 2;
            for (key, field) in fields.iter().take(limits.entries) {
                bytes += 2 + string_size(key, limits) + size(field, limits, depth - 1, enough);
                if bytes > enough {
                    break;
                }
            }
            bytes
        }
    }
}

fn string_size(text: &str, limits: Limits) -> usize {
    let kept = crate::span::bounded(text, limits.string_bytes);
    let escaped: usize = kept
        .bytes()
        .map(|byte| match byte {
            b'"' | b'\\' | b'\n' | b'\r' | b'\t' => 2,
            0..=0x1f => 6,
            _ => 1,
        })
        .sum();
    2 + escaped + if kept.len() < text.len() { CUT.len() } else { 0 }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn content_is_not_even_made_while_capture_is_off() {
        let policy = ContentPolicy::off();
        assert_eq!(policy.json(Content::InputMessages, || unreachable!()), None);
        assert_eq!(policy.error_text("the prompt was: secret"), None);
    }

    #[test]
    fn long_content_is_cut_inside_its_strings_and_stays_json() {
        let long = "ä\"\n".repeat(100_000);
        let values = [
            json!([{"role": "user", "parts": [{"type": "text", "content": long}]}]),
            json!((0..5000).map(|index| json!({"role": "user", "n": index})).collect::<Vec<_>>()),
            json!({"a": long, "b": long, "c": [long]}),
            Value::String(long.clone()),
            (0..100).fold(json!("x"), |inner, _| json!([inner])),
        ];
        for value in values {
            for bytes_max in [64, 100, 1000, 16 * 1024] {
                let policy = ContentPolicy::capturing().max_bytes(bytes_max);
                let text = policy.json(Content::InputMessages, || value.clone()).expect("fits");
                assert!(text.len() <= bytes_max, "{} > {bytes_max}", text.len());
                serde_json::from_str::<Value>(&text).expect("still JSON");
            }
        }
    }

    #[test]
    fn short_content_is_kept_as_it_is() {
        let value = json!([{"role": "user", "parts": [{"type": "text", "content": "héllo"}]}]);
        let text = ContentPolicy::capturing().json(Content::InputMessages, || value.clone());
        assert_eq!(text, Some(value.to_string()));
    }

    #[test]
    fn redaction_changes_content_and_a_panic_in_it_drops_the_piece() {
        let policy = ContentPolicy::capturing().redact(|kind, value| {
            assert!(kind != Content::ToolResult, "a fault of the program");
            *value = json!("[gone]");
        });
        assert_eq!(
            policy.json(Content::ToolArguments, || json!({"password": 1})),
            Some("\"[gone]\"".to_owned())
        );
        assert_eq!(policy.json(Content::ToolResult, || json!("x")), None);
        assert_eq!(policy.error_text("quota of key sk-1"), Some("[gone]".to_owned()));
    }

    #[test]
    fn an_error_is_redacted_before_it_is_cut_so_that_no_half_of_a_secret_stays() {
        let policy = ContentPolicy::capturing().redact(|_, value| {
            if let Value::String(text) = value {
                *text = text.replace("sk-0123456789", "[key]");
            }
        });
        let message = format!("{}sk-0123456789 is not valid", "x".repeat(ERROR_BYTES_MAX - 5));
        let text = policy.error_text(&message).expect("a text");
        assert!(!text.contains("sk-") && text.ends_with("[key]"), "{text}");
    }

    #[test]
    fn the_switch_of_the_environment_knows_the_words_of_opentelemetry() {
        for (word, capturing) in [
            ("true", Some(true)),
            (" TRUE ", Some(true)),
            ("SPAN_ONLY", Some(true)),
            ("EVENT_ONLY", Some(false)),
            ("NO_CONTENT", Some(false)),
            ("", Some(false)),
            ("maybe", None),
        ] {
            let policy = ContentPolicy::from_switch(word);
            assert_eq!(policy.map(|policy| policy.is_capturing()), capturing, "{word:?}");
        }
    }
}
