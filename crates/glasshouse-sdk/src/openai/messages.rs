//! Converts OpenAI messages to the format of the conventions, for content capture.

use serde_json::{Map, Value, json};

use super::answer::Choice;
use crate::llm::LlmSpan;

/// Maximum number of recorded messages of a request: the last ones.
const MESSAGES_MAX: usize = 256;
/// Maximum bytes of text collected from a streamed response.
const TEXT_BYTES_MAX: usize = 256 << 10;
/// Maximum number of choices collected from a streamed response.
const CHOICES_MAX: usize = 16;

/// Records the content of a request on its span.
pub(super) fn of_request(span: &mut LlmSpan, body: &[u8]) {
    let Ok(Value::Object(mut body)) = serde_json::from_slice(body) else { return };
    if let Some(Value::String(text)) = body.remove("instructions") {
        span.system_instructions(|| json!([{ "type": "text", "content": text }]));
    }
    let messages = match body.remove("messages").or_else(|| body.remove("input")) {
        Some(Value::Array(list)) => {
            let skipped = list.len().saturating_sub(MESSAGES_MAX);
            list.into_iter().skip(skipped).map(message).collect()
        }
        Some(text @ Value::String(_)) => vec![message(json!({ "role": "user", "content": text }))],
        _ => match body.remove("prompt") {
            Some(text) => vec![message(json!({ "role": "user", "content": text }))],
            None => return,
        },
    };
    span.input_messages(|| Value::Array(messages));
}

/// One message: role and parts.
fn message(message: Value) -> Value {
    let Value::Object(mut fields) = message else {
        return json!({ "role": "user", "parts": text_parts(message) });
    };
    if let Some((role, part)) = item(&mut fields) {
        return json!({ "role": role, "parts": [part] });
    }
    let role = fields.remove("role").unwrap_or_else(|| "user".into());
    let mut parts = Vec::new();
    let content = fields.remove("content").unwrap_or(Value::Null);
    match fields.remove("tool_call_id") {
        Some(id) => {
            parts.push(json!({ "type": "tool_call_response", "id": id, "response": content }));
        }
        None => parts.extend(text_parts(content)),
    }
    if let Some(Value::Array(calls)) = fields.remove("tool_calls") {
        parts.extend(calls.into_iter().map(tool_call));
    }
    json!({ "role": role, "parts": parts })
}

/// An item of the responses API other than a message: its role and part.
fn item(fields: &mut Map<String, Value>) -> Option<(&'static str, Value)> {
    let kind = fields.get("type")?.as_str()?.to_owned();
    let mut take = |key: &str| fields.remove(key).unwrap_or(Value::Null);
    Some(match kind.as_str() {
        "function_call" => {
            let (id, name, arguments) = (take("call_id"), take("name"), take("arguments"));
            let function = json!({ "name": name, "arguments": arguments });
            ("assistant", tool_call(json!({ "id": id, "function": function })))
        }
        "function_call_output" => {
            let (id, response) = (take("call_id"), take("output"));
            ("tool", json!({ "type": "tool_call_response", "id": id, "response": response }))
        }
        "reasoning" => {
            let summary = take("summary");
            let texts = summary.as_array().into_iter().flatten();
            let texts: Vec<&str> =
                texts.filter_map(|text| text.get("text").and_then(Value::as_str)).collect();
            ("assistant", json!({ "type": "reasoning", "content": texts.join("\n") }))
        }
        _ => return None,
    })
}

fn text_parts(content: Value) -> Vec<Value> {
    match content {
        Value::Null => Vec::new(),
        Value::Array(parts) => parts
            .into_iter()
            .map(|part| match part.get("text") {
                Some(text) => json!({ "type": "text", "content": text }),
                // Images and audio are recorded by type only.
                None => json!({ "type": part.get("type").cloned().unwrap_or(Value::Null) }),
            })
            .collect(),
        text => vec![json!({ "type": "text", "content": text })],
    }
}

fn tool_call(mut call: Value) -> Value {
    let id = call.get_mut("id").map(Value::take);
    let mut function = call.get_mut("function").map(Value::take).unwrap_or_default();
    let name = function.get_mut("name").map(Value::take);
    let arguments = function.get_mut("arguments").map(Value::take);
    let arguments = match arguments {
        Some(Value::String(text)) => serde_json::from_str(&text).unwrap_or(Value::String(text)),
        other => other.unwrap_or(Value::Null),
    };
    json!({ "type": "tool_call", "id": id, "name": name, "arguments": arguments })
}

/// The model's output, collected from a document or from deltas.
#[derive(Default)]
pub(super) struct Output {
    whole: Vec<Value>,
    /// Streamed text, by choice.
    streamed: Vec<String>,
    /// Streamed tool calls in order: name and arguments.
    calls: Vec<Map<String, Value>>,
}

impl Output {
    pub(super) fn add(&mut self, choices: &[Choice], output: &Value, delta: &Value) {
        for choice in choices.iter().take(CHOICES_MAX) {
            if !choice.message.is_null() {
                self.whole.push(message(choice.message.clone()));
            }
            let index = choice.index.as_u64().unwrap_or(0) as usize;
            if let Some(text) = choice.delta.get("content").and_then(Value::as_str) {
                self.add_text(index, text);
            }
            if let Some(text) = choice.text.as_str() {
                self.add_text(index, text);
            }
            if let Some(calls) = choice.delta.get("tool_calls").and_then(Value::as_array) {
                for call in calls {
                    self.add_call(call);
                }
            }
        }
        if let Some(items) = output.as_array() {
            // The complete response of the responses API replaces the deltas.
            self.streamed.clear();
            self.whole = items.iter().take(MESSAGES_MAX).cloned().map(message).collect();
        }
        if let Some(text) = delta.as_str() {
            self.add_text(0, text);
        }
    }

    fn add_text(&mut self, choice: usize, text: &str) {
        if choice >= CHOICES_MAX {
            return;
        }
        if self.streamed.len() <= choice {
            self.streamed.resize_with(choice + 1, String::new);
        }
        if let Some(whole) = self.streamed.get_mut(choice)
            && whole.len() + text.len() <= TEXT_BYTES_MAX
        {
            whole.push_str(text);
        }
    }

    fn add_call(&mut self, call: &Value) {
        let function = call.get("function").unwrap_or(&Value::Null);
        if let Some(name) = function.get("name").and_then(Value::as_str)
            && self.calls.len() < MESSAGES_MAX
        {
            let id = call.get("id").cloned().unwrap_or(Value::Null);
            self.calls.push(Map::from_iter([
                ("type".to_owned(), "tool_call".into()),
                ("id".to_owned(), id),
                ("name".to_owned(), name.into()),
                ("arguments".to_owned(), "".into()),
            ]));
        }
        if let Some(more) = function.get("arguments").and_then(Value::as_str)
            && let Some(Value::String(arguments)) =
                self.calls.last_mut().and_then(|call| call.get_mut("arguments"))
            && arguments.len() + more.len() <= TEXT_BYTES_MAX
        {
            arguments.push_str(more);
        }
    }

    pub(super) fn into_messages(self) -> Value {
        let mut messages = self.whole;
        let mut calls: Vec<Value> = self.calls.into_iter().map(Value::Object).collect();
        for text in self.streamed {
            let mut parts = text_parts(Value::String(text));
            parts.append(&mut calls);
            messages.push(json!({ "role": "assistant", "parts": parts }));
        }
        if !calls.is_empty() {
            messages.push(json!({ "role": "assistant", "parts": calls }));
        }
        Value::Array(messages)
    }
}
