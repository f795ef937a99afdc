//! A running call: its response and its end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_core::Stream;
use opentelemetry::{Context, KeyValue, StringValue, Value};
use serde_json::Value as Json;
use tokio::time::Instant;

use super::{Content, ErrorClass, LlmRequest, LlmStream, Operation, ServiceTier, Usage};
use crate::Telemetry;
use crate::agent;
use crate::record::LlmCall;
use crate::span::{HelperSpan, InSpan, NAME_BYTES_MAX, bounded, put};

/// An implausible cost; adding it would corrupt the sum permanently.
const COST_USD_MAX: f64 = 1e6;
/// Maximum number of finish reasons: one per choice.
const FINISH_REASONS_MAX: usize = 16;

/// A running model call.
///
/// It ends exactly once: with [`LlmSpan::finish`], with [`LlmSpan::error`], or as cancelled when
/// dropped ([`ErrorClass::Unknown`] during a panic). Metrics are recorded then, whether or not the
/// span is sampled.
#[derive(Debug)]
pub struct LlmSpan {
    telemetry: Telemetry,
    span: HelperSpan,
    operation: Operation,
    provider: Arc<str>,
    request_model: Arc<str>,
    response_model: Option<Arc<str>>,
    response_id: String,
    finish_reasons: Vec<String>,
    service_tier: ServiceTier,
    usage: Option<Usage>,
    provided_cost_usd: Option<f64>,
    time_to_first_token: Option<Duration>,
    last_chunk: Option<Instant>,
    more: Vec<KeyValue>,
    ended: bool,
}

impl LlmSpan {
    pub(super) fn start(request: LlmRequest) -> Self {
        if let Some(calls) = agent::current_calls() {
            calls.count_inference();
        }
        let span = HelperSpan::start(
            || tracing::info_span!(target: "glasshouse::llm", "llm_call", otel.kind = "client"),
        );
        let LlmRequest { telemetry, operation, provider, model, service_tier, attributes } =
            request;
        span.describe(
            || {
                if model.is_empty() {
                    operation.to_string()
                } else {
                    format!("{operation} {model}")
                }
            },
            || {
                let mut list = attributes;
                list.push(KeyValue::new("gen_ai.operation.name", operation.as_str()));
                list.push(KeyValue::new("gen_ai.provider.name", Arc::clone(&provider)));
                if !model.is_empty() {
                    list.push(KeyValue::new("gen_ai.request.model", Arc::clone(&model)));
                }
                list
            },
        );
        Self {
            telemetry,
            span,
            operation,
            provider,
            request_model: model,
            response_model: None,
            response_id: String::new(),
            finish_reasons: Vec::new(),
            service_tier,
            usage: None,
            provided_cost_usd: None,
            time_to_first_token: None,
            last_chunk: None,
            more: Vec::new(),
            ended: false,
        }
    }

    /// Runs the future inside the span, so that spans it starts are children of the call.
    #[must_use = "a future does nothing until it is awaited"]
    pub fn instrument<F>(&self, future: F) -> InSpan<F> {
        self.span.instrument(future)
    }

    /// Runs the code inside the span.
    pub fn in_scope<T>(&self, code: impl FnOnce() -> T) -> T {
        self.span.in_scope(code)
    }

    /// The context inside the span, for manual propagation.
    #[must_use]
    pub fn context(&self) -> Context {
        self.span.context().clone()
    }

    /// Records the first token (or chunk) of the response. Later calls have no effect.
    pub fn first_token(&mut self) {
        if self.time_to_first_token.is_none() {
            self.time_to_first_token = Some(self.span.elapsed());
            self.last_chunk = Some(Instant::now());
        }
    }

    /// Records a chunk of a streamed response. The first one is the first token; later ones record
    /// the time since the previous chunk.
    pub fn chunk(&mut self) {
        if self.time_to_first_token.is_none() {
            return self.first_token();
        }
        let now = Instant::now();
        if let Some(last) = self.last_chunk.replace(now) {
            let gap = now.saturating_duration_since(last);
            let metrics = self.telemetry.llm();
            metrics.output_chunk(self.operation.as_str(), &self.provider, &self.request_model, gap);
        }
    }

    /// The model of the response, as named by the provider.
    pub fn response_model(&mut self, model: &str) {
        // Streams repeat it in every chunk.
        if self.response_model.as_deref() != Some(model) {
            self.response_model = Some(bounded(model, NAME_BYTES_MAX).into());
        }
    }

    /// The provider's id of the response.
    pub fn response_id(&mut self, id: &str) {
        if self.response_id != id {
            bounded(id, NAME_BYTES_MAX).clone_into(&mut self.response_id);
        }
    }

    /// The finish reason of a choice: `stop`, `length`, `tool_calls`, …
    pub fn finish_reason(&mut self, reason: &str) {
        if !reason.is_empty() && self.finish_reasons.len() < FINISH_REASONS_MAX {
            self.finish_reasons.push(bounded(reason, NAME_BYTES_MAX).to_owned());
        }
    }

    /// The tokens of the whole call. The last value wins, because streams repeat growing totals.
    /// Implausible values (more than 2^40 tokens) are ignored.
    pub fn usage(&mut self, usage: Usage) {
        if usage.is_plausible() {
            self.usage = Some(usage);
        }
    }

    /// The cost reported by the provider, in US dollars; overrides the price table. Implausible
    /// values (negative, or more than a million) are ignored.
    pub fn cost_usd(&mut self, usd: f64) {
        if (0.0..=COST_USD_MAX).contains(&usd) {
            self.provided_cost_usd = Some(usd);
        }
    }

    /// The service tier reported by the provider.
    pub fn service_tier(&mut self, tier: ServiceTier) {
        self.service_tier = tier;
    }

    /// Adds an attribute to the response. The last value of a key wins. It must not hold content.
    pub fn attribute(&mut self, key: &'static str, value: impl Into<Value>) {
        if self.span.is_recording() {
            put(&mut self.more, KeyValue::new(key, value));
        }
    }

    /// An attribute with a short value from the provider.
    #[cfg(feature = "async-openai")]
    pub(crate) fn word(&mut self, key: &'static str, word: &str) {
        if self.span.is_recording() {
            put(&mut self.more, KeyValue::new(key, bounded(word, NAME_BYTES_MAX).to_owned()));
        }
    }

    /// The input messages, in the format of the conventions: `[{"role", "parts": [{"type": "text",
    /// "content"}]}]`. Evaluated only with content capture enabled.
    pub fn input_messages(&mut self, messages: impl FnOnce() -> Json) {
        self.content("gen_ai.input.messages", Content::InputMessages, messages);
    }

    /// The output messages. Evaluated only with content capture enabled.
    pub fn output_messages(&mut self, messages: impl FnOnce() -> Json) {
        self.content("gen_ai.output.messages", Content::OutputMessages, messages);
    }

    /// The system instructions. Evaluated only with content capture enabled.
    pub fn system_instructions(&mut self, parts: impl FnOnce() -> Json) {
        self.content("gen_ai.system_instructions", Content::SystemInstructions, parts);
    }

    /// Whether content is captured for this call, so that collecting it is worthwhile.
    #[must_use]
    pub fn is_capturing(&self) -> bool {
        self.span.is_recording() && self.telemetry.content().is_capturing()
    }

    fn content(&mut self, key: &'static str, kind: Content, value: impl FnOnce() -> Json) {
        if self.is_capturing()
            && let Some(json) = self.telemetry.content().json(kind, value)
        {
            put(&mut self.more, KeyValue::new(key, json));
        }
    }

    /// Ends the call with a response.
    ///
    /// A response ended by the provider's content filter counts as the error
    /// [`ErrorClass::ContentFilter`].
    pub fn finish(mut self) {
        let filtered = !self.finish_reasons.is_empty()
            && self.finish_reasons.iter().all(|reason| reason == "content_filter");
        self.end(filtered.then(|| (ErrorClass::ContentFilter, String::new())));
    }

    /// Ends the call with an error. The message is recorded only with content capture enabled,
    /// because providers quote the prompt in it.
    pub fn error(mut self, class: ErrorClass, message: &str) {
        let description = self.description(message);
        self.end(Some((class, description)));
    }

    /// Ends the call with a provider's error: HTTP status, error codes (most specific first) and
    /// message.
    pub fn provider_error(mut self, status: Option<u16>, codes: &[&str], message: &str) {
        let class = ErrorClass::classify(status, codes, message);
        if let Some(status) = status {
            self.attribute("http.response.status_code", i64::from(status));
        }
        // A code is a single word; a sentence may quote content.
        let is_word = |code: &&str| {
            (1..=64).contains(&code.len())
                && code.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
        };
        if let Some(code) = codes.iter().copied().find(is_word) {
            self.attribute("glasshouse.provider.error_code", code.to_owned());
        }
        let description = self.description(message);
        self.end(Some((class, description)));
    }

    /// Follows a streamed response to its end.
    ///
    /// The first item is the first token. `describe` records each item, `classify` determines the
    /// class of an error. A stream dropped before its end counts as cancelled.
    pub fn stream<S, T, E, D, C>(self, stream: S, describe: D, classify: C) -> LlmStream<S, D, C>
    where
        S: Stream<Item = Result<T, E>>,
        E: fmt::Display,
        D: FnMut(&mut LlmSpan, &T),
        C: FnMut(&E) -> ErrorClass,
    {
        LlmStream::new(self, stream, describe, classify)
    }

    pub(super) fn description(&self, message: &str) -> String {
        self.telemetry.content().error_text(message).unwrap_or_default()
    }

    /// Ends the call, once. The description of the error must not contain content.
    pub(super) fn end(&mut self, error: Option<(ErrorClass, String)>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let duration = self.span.elapsed();
        let (cost_usd, cost_source) = self.cost();
        let class = error.as_ref().map(|(class, _)| *class);
        let more = std::mem::take(&mut self.more);
        let response_id = std::mem::take(&mut self.response_id);
        let call = LlmCall {
            operation: self.operation.as_str(),
            provider: &self.provider,
            request_model: &self.request_model,
            response_model: self.response_model.as_deref().unwrap_or_default(),
            duration,
            time_to_first_token: self.time_to_first_token,
            usage: self.usage,
            cost_usd,
            cost_source,
            error: class,
        };
        self.span.finish(
            error.map(|(class, description)| {
                let described = !description.is_empty();
                (class.as_str().into(), if described { description } else { class.to_string() })
            }),
            |list| {
                list.extend(more);
                if !response_id.is_empty() {
                    list.push(KeyValue::new("gen_ai.response.id", response_id));
                }
                self.describe_answer(list, cost_usd, cost_source);
            },
            || self.telemetry.llm().call(&call),
        );
    }

    fn describe_answer(
        &self,
        list: &mut Vec<KeyValue>,
        cost_usd: Option<f64>,
        source: &'static str,
    ) {
        if let Some(model) = &self.response_model {
            list.push(KeyValue::new("gen_ai.response.model", Arc::clone(model)));
        }
        if !self.finish_reasons.is_empty() {
            let reasons: Vec<StringValue> =
                self.finish_reasons.iter().map(|reason| reason.clone().into()).collect();
            let reasons = Value::Array(reasons.into());
            list.push(KeyValue::new("gen_ai.response.finish_reasons", reasons));
        }
        if let Some(time) = self.time_to_first_token {
            list.push(KeyValue::new("gen_ai.response.time_to_first_chunk", time.as_secs_f64()));
        }
        if let Some(usage) = self.usage {
            let count = |tokens: u64| i64::try_from(tokens).unwrap_or(i64::MAX);
            list.push(KeyValue::new("gen_ai.usage.input_tokens", count(usage.input_tokens)));
            list.push(KeyValue::new("gen_ai.usage.output_tokens", count(usage.output_tokens)));
            for (key, tokens) in [
                ("gen_ai.usage.cache_read.input_tokens", usage.cache_read_tokens),
                ("gen_ai.usage.cache_write.input_tokens", usage.cache_write_tokens),
                ("gen_ai.usage.reasoning.output_tokens", usage.reasoning_tokens),
            ] {
                if tokens > 0 {
                    list.push(KeyValue::new(key, count(tokens)));
                }
            }
        }
        if let Some(usd) = cost_usd {
            // Not in the conventions, but used by several instrumentations.
            list.push(KeyValue::new("gen_ai.usage.cost", usd));
        }
        if !source.is_empty() {
            list.push(KeyValue::new("glasshouse.cost.source", source));
        }
    }

    /// Dollars and their source: `provided`, `computed`, `partial` (computed with a substitute
    /// price), `unpriced`, or empty if there is nothing to price.
    fn cost(&self) -> (Option<f64>, &'static str) {
        if let Some(usd) = self.provided_cost_usd {
            return (Some(usd), "provided");
        }
        let Some(usage) = self.usage else { return (None, "") };
        let prices = self.telemetry.prices();
        let price = |model: &str| prices.cost(&self.provider, model, self.service_tier, &usage);
        let answered = self.response_model.as_deref().and_then(price);
        match answered.or_else(|| price(&self.request_model)) {
            Some(cost) if cost.partial => (Some(cost.usd), "partial"),
            Some(cost) => (Some(cost.usd), "computed"),
            None => (None, "unpriced"),
        }
    }
}

impl Drop for LlmSpan {
    fn drop(&mut self) {
        self.end(Some((ErrorClass::of_dropped(ErrorClass::Unknown), String::new())));
    }
}
