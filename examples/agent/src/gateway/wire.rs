//! OpenAI's chat completions format: requests, as far as they are read, and responses.
//!
//! Tokens are estimated from the text at about four characters each, deterministically.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Deserialize;
use serde_json::{Value, json};

use super::script::Turn;
use crate::clock;

/// The fields read from a request.
#[derive(Debug, Deserialize)]
pub(super) struct ChatRequest {
    pub(super) model: String,
    #[serde(default)]
    pub(super) messages: Vec<Message>,
    #[serde(default)]
    pub(super) tools: Vec<Value>,
    #[serde(default)]
    pub(super) stream: bool,
    #[serde(default)]
    stream_options: Option<StreamOptions>,
}

#[derive(Debug, Deserialize)]
struct StreamOptions {
    #[serde(default)]
    include_usage: bool,
}

/// A message of the conversation.
#[derive(Debug, Deserialize)]
pub(super) struct Message {
    pub(super) role: String,
    #[serde(default)]
    pub(super) content: Value,
    #[serde(default)]
    pub(super) tool_calls: Vec<Value>,
}

impl Message {
    /// The text, in either format of `content`.
    pub(super) fn text(&self) -> String {
        match &self.content {
            Value::String(text) => text.clone(),
            Value::Array(parts) => {
                let texts = parts.iter().filter_map(|part| part.get("text")?.as_str());
                texts.collect::<Vec<_>>().join(" ")
            }
            _ => String::new(),
        }
    }

    fn tokens(&self) -> u64 {
        let calls: u64 = self.tool_calls.iter().map(|call| tokens_of(&call.to_string())).sum();
        // Each message has an overhead of a few tokens.
        4 + tokens_of(&self.text()) + calls
    }
}

impl ChatRequest {
    /// Tokens of the messages and the tools.
    pub(super) fn prompt_tokens(&self) -> u64 {
        let tools: u64 = self.tools.iter().map(|tool| tokens_of(&tool.to_string())).sum();
        tools + self.messages.iter().map(Message::tokens).sum::<u64>()
    }

    /// Tokens cached by an earlier request of this conversation: everything up to the last answer,
    /// in blocks of 128.
    fn cached_tokens(&self) -> u64 {
        let Some(last) = self.messages.iter().rposition(|message| message.role == "assistant")
        else {
            return 0;
        };
        let tools: u64 = self.tools.iter().map(|tool| tokens_of(&tool.to_string())).sum();
        let before: u64 = self.messages.iter().take(last).map(Message::tokens).sum();
        (tools + before) / 128 * 128
    }

    /// A deterministic hash of the conversation.
    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.model.hash(&mut hasher);
        for message in &self.messages {
            message.role.hash(&mut hasher);
            message.text().hash(&mut hasher);
        }
        hasher.finish()
    }
}

/// Tokens of a text.
pub(super) fn tokens_of(text: &str) -> u64 {
    text.split_whitespace().map(|word| (word.chars().count() as u64).div_ceil(4)).sum()
}

/// Token usage in OpenAI's terms: totals include their parts.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_field_names, reason = "the names on the wire")]
pub(super) struct Usage {
    pub(super) prompt_tokens: u64,
    pub(super) completion_tokens: u64,
    cached_tokens: u64,
    reasoning_tokens: u64,
}

impl Usage {
    fn json(self) -> Value {
        json!({
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "total_tokens": self.prompt_tokens + self.completion_tokens,
            "prompt_tokens_details": { "cached_tokens": self.cached_tokens },
            "completion_tokens_details": { "reasoning_tokens": self.reasoning_tokens },
        })
    }
}

/// The envelope of a response.
#[derive(Debug)]
pub(super) struct Reply {
    id: String,
    model: String,
    pub(super) usage: Usage,
    pub(super) is_stream: bool,
    pub(super) includes_usage: bool,
}

impl Reply {
    pub(super) fn new(request: &ChatRequest, turn: &Turn) -> Self {
        let calls: u64 = turn.calls.iter().map(|call| tokens_of(&call.arguments) + 8).sum();
        let usage = Usage {
            prompt_tokens: request.prompt_tokens(),
            completion_tokens: tokens_of(&turn.text) + calls + turn.reasoning_tokens,
            cached_tokens: request.cached_tokens(),
            reasoning_tokens: turn.reasoning_tokens,
        };
        Self {
            id: format!("chatcmpl-{:016x}", request.fingerprint()),
            // Providers return the versioned model name.
            model: super::engine::dated(&request.model).to_owned(),
            usage,
            is_stream: request.stream,
            includes_usage: request
                .stream_options
                .as_ref()
                .is_some_and(|asked| asked.include_usage),
        }
    }

    /// The complete response.
    pub(super) fn whole(&self, turn: &Turn) -> Value {
        let mut message = json!({ "role": "assistant", "content": turn.text, "refusal": null });
        if !turn.calls.is_empty() {
            message["tool_calls"] = turn.calls.iter().map(super::script::Call::whole).collect();
        }
        json!({
            "id": self.id,
            "object": "chat.completion",
            "created": created(),
            "model": self.model,
            "choices": [{ "index": 0, "message": message, "finish_reason": turn.finish_reason() }],
            "usage": self.usage.json(),
        })
    }

    /// A streamed chunk.
    pub(super) fn chunk(&self, delta: &Value, finish_reason: Option<&str>) -> String {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish_reason });
        self.frame(&json!([choice]), &Value::Null)
    }

    /// The chunk with the usage, which has no choices.
    pub(super) fn usage_chunk(&self) -> String {
        self.frame(&json!([]), &self.usage.json())
    }

    fn frame(&self, choices: &Value, usage: &Value) -> String {
        json!({
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": created(),
            "model": self.model,
            "choices": choices,
            "usage": usage,
        })
        .to_string()
    }
}

/// Seconds since the Unix epoch, as clients parse it: 32 bits.
fn created() -> u32 {
    u32::try_from(clock::since_1970().as_secs()).unwrap_or(u32::MAX)
}
