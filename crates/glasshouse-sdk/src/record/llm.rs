//! LLM calls: number, duration, tokens and cost.

use std::time::Duration;

use super::{CALL_SECONDS, COUNTS, seconds};
use crate::llm::{ErrorClass, Usage};
use crate::metrics::{Counter, Definition, FloatCounter, Histogram, Registry};

/// Bucket bounds in tokens (GenAI conventions, powers of four).
const TOKENS: &[f64] = &[
    1.0,
    4.0,
    16.0,
    64.0,
    256.0,
    1024.0,
    4096.0,
    16_384.0,
    65_536.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
    67_108_864.0,
];
/// The labels common to all metrics of a call.
const CALL: [&str; 4] = [
    "gen_ai.operation.name",
    "gen_ai.provider.name",
    "gen_ai.request.model",
    "gen_ai.response.model",
];

/// A finished model call.
#[derive(Debug, Clone, Copy)]
pub struct LlmCall<'a> {
    /// `chat`, `embeddings`, … (GenAI conventions, `gen_ai.operation.name`).
    pub operation: &'a str,
    /// `openai`, `anthropic`, … (GenAI conventions, `gen_ai.provider.name`).
    pub provider: &'a str,
    /// The requested model.
    pub request_model: &'a str,
    /// The model of the response; empty if unknown.
    pub response_model: &'a str,
    /// Time from the request to the end of the response.
    pub duration: Duration,
    /// Time from the request to the first token of a streamed response.
    pub time_to_first_token: Option<Duration>,
    /// Token usage, if the provider reported it.
    pub usage: Option<Usage>,
    /// US dollars; `None` if no price is known, which is not the same as 0.
    pub cost_usd: Option<f64>,
    /// The source of the cost: `provided`, `computed`, `partial`, or empty.
    pub cost_source: &'a str,
    /// The class of the error, if the call failed.
    pub error: Option<ErrorClass>,
}

/// Recorder of model calls.
#[derive(Debug)]
pub struct LlmMetrics {
    duration: Histogram<5>,
    time_to_first_chunk: Histogram<4>,
    time_per_output_chunk: Histogram<3>,
    input_tokens: Counter<5>,
    output_tokens: Counter<5>,
    cache_read_tokens: Counter<5>,
    cache_write_tokens: Counter<5>,
    reasoning_tokens: Counter<5>,
    call_input_tokens: Histogram<4>,
    call_output_tokens: Histogram<4>,
    cost: FloatCounter<3>,
    unpriced: Counter<2>,
    batch_size: Histogram<1>,
}

impl LlmMetrics {
    #[expect(clippy::too_many_lines, reason = "one definition for each metric")]
    pub(super) fn new(registry: &Registry) -> Self {
        let [operation, provider, request_model, response_model] = CALL;
        let tokens = |name, description| {
            let labels =
                [operation, provider, request_model, response_model, "gen_ai.token.modality"];
            registry.counter(Definition { name, unit: "{token}", description, labels })
        };
        let by_call =
            |name, unit, description| Definition { name, unit, description, labels: CALL };
        Self {
            duration: registry.histogram(
                Definition {
                    name: "gen_ai.client.inference.duration",
                    unit: "s",
                    description: "Duration of a model call until its answer is complete",
                    labels: [operation, provider, request_model, response_model, "error.type"],
                },
                CALL_SECONDS,
            ),
            time_to_first_chunk: registry.histogram(
                by_call(
                    "gen_ai.client.inference.time_to_first_chunk",
                    "s",
                    "Time from a request to the first part of a streamed answer",
                ),
                CALL_SECONDS,
            ),
            time_per_output_chunk: registry.histogram(
                Definition {
                    name: "gen_ai.client.inference.time_per_output_chunk",
                    unit: "s",
                    description: "Time between two parts of a streamed answer",
                    labels: [operation, provider, request_model],
                },
                CALL_SECONDS,
            ),
            input_tokens: tokens(
                "gen_ai.client.inference.usage.input_tokens",
                "Tokens sent to models, those read from a cache included",
            ),
            output_tokens: tokens(
                "gen_ai.client.inference.usage.output_tokens",
                "Tokens made by models, those of reasoning included",
            ),
            cache_read_tokens: tokens(
                "gen_ai.client.inference.usage.cache_read.input_tokens",
                "Input tokens that the provider read from its cache",
            ),
            cache_write_tokens: tokens(
                "gen_ai.client.inference.usage.cache_write.input_tokens",
                "Input tokens that the provider wrote to its cache",
            ),
            reasoning_tokens: tokens(
                "gen_ai.client.inference.usage.reasoning.output_tokens",
                "Output tokens that were spent on reasoning",
            ),
            call_input_tokens: registry.histogram(
                by_call(
                    "gen_ai.client.inference.operation.input_tokens",
                    "{token}",
                    "Input tokens of one call",
                ),
                TOKENS,
            ),
            call_output_tokens: registry.histogram(
                by_call(
                    "gen_ai.client.inference.operation.output_tokens",
                    "{token}",
                    "Output tokens of one call",
                ),
                TOKENS,
            ),
            cost: registry.float_counter(Definition {
                name: "glasshouse.llm.cost",
                unit: "{USD}",
                description: "Cost of model calls in US dollars",
                labels: [provider, request_model, "glasshouse.cost.source"],
            }),
            unpriced: registry.counter(Definition {
                name: "glasshouse.llm.unpriced_calls",
                unit: "{call}",
                description: "Model calls with tokens whose model has no price",
                labels: [provider, request_model],
            }),
            batch_size: registry.histogram(
                Definition {
                    name: "glasshouse.llm.batch.size",
                    unit: "{request}",
                    description: "Requests that a model server answers together",
                    labels: [request_model],
                },
                COUNTS,
            ),
        }
    }

    /// Records a finished call: once per logical call, with retries included in its duration.
    ///
    /// A failed call without usage counts zero tokens of modality `unknown`, so that its series has
    /// a rate of zero instead of being absent (GenAI conventions, token metrics).
    pub fn call(&self, call: &LlmCall<'_>) {
        let labels = [call.operation, call.provider, call.request_model, call.response_model];
        let [operation, provider, request_model, response_model] = labels;
        let error = call.error.map_or("", ErrorClass::as_str);
        self.duration.record(
            [operation, provider, request_model, response_model, error],
            seconds(call.duration),
        );
        if let Some(waited) = call.time_to_first_token {
            self.time_to_first_chunk.record(labels, seconds(waited));
        }
        let modality = if call.usage.is_some() { "text" } else { "unknown" };
        let by_modality = [operation, provider, request_model, response_model, modality];
        match call.usage {
            Some(usage) => {
                self.input_tokens.add(by_modality, usage.input_tokens);
                self.output_tokens.add(by_modality, usage.output_tokens);
                for (counter, tokens) in [
                    (&self.cache_read_tokens, usage.cache_read_tokens),
                    (&self.cache_write_tokens, usage.cache_write_tokens),
                    (&self.reasoning_tokens, usage.reasoning_tokens),
                ] {
                    if tokens > 0 {
                        counter.add(by_modality, tokens);
                    }
                }
                self.call_input_tokens.record(labels, usage.input_tokens as f64);
                self.call_output_tokens.record(labels, usage.output_tokens as f64);
            }
            None if call.error.is_some() => {
                self.input_tokens.add(by_modality, 0);
                self.output_tokens.add(by_modality, 0);
            }
            None => {}
        }
        match call.cost_usd {
            Some(cost) => self.cost.add([provider, request_model, call.cost_source], cost),
            None if call.usage.is_some() => self.unpriced.add([provider, request_model], 1),
            None => {}
        }
    }

    /// Records the time between two chunks of a streamed response.
    pub fn output_chunk(&self, operation: &str, provider: &str, model: &str, gap: Duration) {
        self.time_per_output_chunk.record([operation, provider, model], seconds(gap));
    }

    /// Records the number of requests in a model server's batch.
    pub fn batch_size(&self, model: &str, requests: u64) {
        self.batch_size.record([model], requests as f64);
    }
}
