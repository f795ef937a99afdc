//! The parameters of a call, before it starts.
//!
//! For telemetry only: nothing here is sent to the provider.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use futures_core::Stream;
use opentelemetry::{KeyValue, StringValue, Value};
use serde_json::Value as Json;

use super::{Content, ErrorClass, LlmSpan, LlmStream, ServiceTier};
use crate::Telemetry;
use crate::span::{NAME_BYTES_MAX, bounded, put};

/// The operation: `gen_ai.operation.name`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Operation {
    /// Messages in, a message out.
    #[default]
    Chat,
    /// Multimodal input and output.
    GenerateContent,
    /// Text completion.
    TextCompletion,
    /// Embeddings.
    Embeddings,
}

impl Operation {
    /// The value in the conventions.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => "chat",
            Self::GenerateContent => "generate_content",
            Self::TextCompletion => "text_completion",
            Self::Embeddings => "embeddings",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

/// Maximum number of recorded stop sequences.
const STOP_SEQUENCES_MAX: usize = 16;

/// A call that has not started yet. Its parameters become span attributes.
#[derive(Clone, Debug)]
#[must_use = "a request does nothing until it is started"]
pub struct LlmRequest {
    pub(super) telemetry: Telemetry,
    pub(super) operation: Operation,
    pub(super) provider: Arc<str>,
    pub(super) model: Arc<str>,
    pub(super) service_tier: ServiceTier,
    pub(super) attributes: Vec<KeyValue>,
}

impl LlmRequest {
    pub(super) fn new(
        telemetry: &Telemetry,
        operation: Operation,
        provider: &str,
        model: &str,
    ) -> Self {
        Self {
            telemetry: telemetry.clone(),
            operation,
            provider: bounded(provider, NAME_BYTES_MAX).into(),
            model: bounded(model, NAME_BYTES_MAX).into(),
            service_tier: ServiceTier::Standard,
            attributes: Vec::with_capacity(12),
        }
    }

    /// Replaces the operation.
    pub fn operation(mut self, operation: Operation) -> Self {
        self.operation = operation;
        self
    }

    /// The id of the conversation in the program's own records. Leave it out when there is none:
    /// the conventions forbid inventing one.
    pub fn conversation(self, id: &str) -> Self {
        self.text("gen_ai.conversation.id", id)
    }

    /// The agent that makes the call.
    pub fn agent(self, name: &str) -> Self {
        self.text("gen_ai.agent.name", name)
    }

    /// The maximum number of output tokens.
    pub fn max_tokens(self, tokens: u64) -> Self {
        self.number("gen_ai.request.max_tokens", tokens)
    }

    /// Sampling temperature.
    pub fn temperature(self, temperature: f64) -> Self {
        self.real("gen_ai.request.temperature", temperature)
    }

    /// Nucleus sampling.
    pub fn top_p(self, top_p: f64) -> Self {
        self.real("gen_ai.request.top_p", top_p)
    }

    /// Sampling from the `top_k` most likely tokens.
    pub fn top_k(self, top_k: u64) -> Self {
        self.number("gen_ai.request.top_k", top_k)
    }

    /// Frequency penalty.
    pub fn frequency_penalty(self, penalty: f64) -> Self {
        self.real("gen_ai.request.frequency_penalty", penalty)
    }

    /// Presence penalty.
    pub fn presence_penalty(self, penalty: f64) -> Self {
        self.real("gen_ai.request.presence_penalty", penalty)
    }

    /// The seed for sampling.
    pub fn seed(self, seed: i64) -> Self {
        self.with("gen_ai.request.seed", seed)
    }

    /// The number of requested choices; the default of 1 is not recorded.
    pub fn choice_count(self, count: u64) -> Self {
        if count == 1 { self } else { self.number("gen_ai.request.choice.count", count) }
    }

    /// Stop sequences.
    pub fn stop_sequences<'a>(self, sequences: impl IntoIterator<Item = &'a str>) -> Self {
        let list: Vec<StringValue> = sequences
            .into_iter()
            .take(STOP_SEQUENCES_MAX)
            .map(|sequence| bounded(sequence, NAME_BYTES_MAX).to_owned().into())
            .collect();
        self.with("gen_ai.request.stop_sequences", Value::Array(list.into()))
    }

    /// Whether the response is streamed.
    pub fn streaming(self, streaming: bool) -> Self {
        if streaming { self.with("gen_ai.request.stream", true) } else { self }
    }

    /// The type of the output: `text`, `json`, `image` or `speech`.
    pub fn output_type(self, kind: &str) -> Self {
        self.text("gen_ai.output.type", kind)
    }

    /// The reasoning effort, in the provider's terms.
    pub fn reasoning_level(self, level: &str) -> Self {
        self.text("gen_ai.request.reasoning.level", level)
    }

    /// The stored prompt of the messages.
    pub fn prompt(self, name: &str, version: &str) -> Self {
        let named = self.text("gen_ai.prompt.name", name);
        if version.is_empty() { named } else { named.text("gen_ai.prompt.version", version) }
    }

    /// The requested service tier, which determines the price.
    pub fn service_tier(mut self, tier: ServiceTier) -> Self {
        self.service_tier = tier;
        self
    }

    /// The provider's host and port.
    pub fn server(self, address: &str, port: u16) -> Self {
        self.text("server.address", address).number("server.port", u64::from(port))
    }

    /// Adds an attribute to the request. It must not hold content, for which [`LlmSpan`] has
    /// methods.
    pub fn attribute(self, key: &'static str, value: impl Into<Value>) -> Self {
        self.with(key, value)
    }

    /// Starts the call and its span.
    #[must_use = "a call that is dropped without an end counts as cancelled"]
    pub fn start(self) -> LlmSpan {
        LlmSpan::start(self)
    }

    /// Runs an asynchronous call inside the span.
    ///
    /// `describe` records the response (usage, model, finish reasons), `classify` determines the
    /// class of an error. A future dropped before its end counts as cancelled.
    ///
    /// # Errors
    /// Errors of the future.
    pub async fn run<T, E: fmt::Display>(
        self,
        call: impl Future<Output = Result<T, E>>,
        describe: impl FnOnce(&mut LlmSpan, &T),
        classify: impl FnOnce(&E) -> ErrorClass,
    ) -> Result<T, E> {
        let mut span = self.start();
        let result = span.instrument(call).await;
        match &result {
            Ok(answer) => {
                describe(&mut span, answer);
                span.finish();
            }
            Err(error) => span.error(classify(error), &error.to_string()),
        }
        result
    }

    /// Wraps a streamed response. See [`LlmSpan::stream`].
    pub fn stream<S, T, E, D, C>(self, stream: S, describe: D, classify: C) -> LlmStream<S, D, C>
    where
        S: Stream<Item = Result<T, E>>,
        E: fmt::Display,
        D: FnMut(&mut LlmSpan, &T),
        C: FnMut(&E) -> ErrorClass,
    {
        self.streaming(true).start().stream(stream, describe, classify)
    }

    /// Records the tool definitions of the request, with content capture enabled.
    pub fn tool_definitions(mut self, definitions: impl FnOnce() -> Json) -> Self {
        if let Some(json) = self.telemetry.content().json(Content::ToolDefinitions, definitions) {
            put(&mut self.attributes, KeyValue::new("gen_ai.tool.definitions", json));
        }
        self
    }

    fn with(mut self, key: &'static str, value: impl Into<Value>) -> Self {
        put(&mut self.attributes, KeyValue::new(key, value));
        self
    }

    fn text(self, key: &'static str, text: &str) -> Self {
        if text.is_empty() {
            return self;
        }
        self.with(key, bounded(text, NAME_BYTES_MAX).to_owned())
    }

    fn number(self, key: &'static str, number: u64) -> Self {
        self.with(key, i64::try_from(number).unwrap_or(i64::MAX))
    }

    fn real(self, key: &'static str, number: f64) -> Self {
        if number.is_finite() { self.with(key, number) } else { self }
    }
}
