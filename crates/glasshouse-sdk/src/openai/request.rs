//! The parameters of an OpenAI request.

use reqwest::{Method, Request, Url};
use serde::Deserialize;
use serde_json::Value;

use crate::Telemetry;
use crate::llm::{self, LlmRequest, Operation, ServiceTier};

/// An instrumented call, as described by its request.
pub(super) struct RequestParameters {
    operation: Operation,
    api: &'static str,
    provider: String,
    model: String,
    address: String,
    port: Option<u16>,
    body: Body,
}

/// The parameters of a request. They have any type, so that one with a wrong type does not hide the
/// others.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    model: Value,
    stream: Value,
    max_tokens: Value,
    max_completion_tokens: Value,
    max_output_tokens: Value,
    temperature: Value,
    top_p: Value,
    frequency_penalty: Value,
    presence_penalty: Value,
    seed: Value,
    n: Value,
    stop: Value,
    service_tier: Value,
    reasoning_effort: Value,
    reasoning: Value,
    response_format: Value,
}

/// Maximum size of a parsed request, in bytes; larger ones pass through.
const BODY_BYTES_MAX: usize = 16 << 20;

/// Parses a request; `None` if it is not a model call.
pub(super) fn read(request: &Request, provider: Option<&str>) -> Option<RequestParameters> {
    if request.method() != Method::POST {
        return None;
    }
    let url = request.url();
    let (operation, api) = operation(url.path())?;
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
    let body: Body = if body.len() <= BODY_BYTES_MAX {
        serde_json::from_slice(body).unwrap_or_default()
    } else {
        Body::default()
    };
    let model = body.model.as_str().or_else(|| deployment(url)).unwrap_or_default().to_owned();
    Some(RequestParameters {
        operation,
        api,
        provider: provider.unwrap_or_else(|| provider_of(url)).to_owned(),
        model,
        address: url.host_str().unwrap_or_default().to_owned(),
        port: url.port_or_known_default(),
        body,
    })
}

impl RequestParameters {
    /// The request for the span.
    pub(super) fn request(&self, telemetry: &Telemetry) -> LlmRequest {
        let body = &self.body;
        let mut request = llm::chat(telemetry, &self.provider, &self.model)
            .operation(self.operation)
            .streaming(body.stream.as_bool().unwrap_or(false));
        if let Some(port) = self.port {
            request = request.server(&self.address, port);
        }
        if !self.api.is_empty() {
            request = request.attribute("openai.api.type", self.api);
        }
        let most = [&body.max_completion_tokens, &body.max_output_tokens, &body.max_tokens];
        if let Some(tokens) = most.into_iter().find_map(Value::as_u64) {
            request = request.max_tokens(tokens);
        }
        if let Some(temperature) = body.temperature.as_f64() {
            request = request.temperature(temperature);
        }
        if let Some(top_p) = body.top_p.as_f64() {
            request = request.top_p(top_p);
        }
        if let Some(penalty) = body.frequency_penalty.as_f64() {
            request = request.frequency_penalty(penalty);
        }
        if let Some(penalty) = body.presence_penalty.as_f64() {
            request = request.presence_penalty(penalty);
        }
        if let Some(seed) = body.seed.as_i64() {
            request = request.seed(seed);
        }
        if let Some(count) = body.n.as_u64() {
            request = request.choice_count(count);
        }
        match &body.stop {
            Value::String(stop) => request = request.stop_sequences([stop.as_str()]),
            Value::Array(stops) => {
                request = request.stop_sequences(stops.iter().filter_map(Value::as_str));
            }
            _ => {}
        }
        if let Some(tier) = body.service_tier.as_str() {
            request = request.service_tier(ServiceTier::from_word(tier)).attribute(
                "openai.request.service_tier",
                crate::span::bounded(tier, 64).to_owned(),
            );
        }
        let effort = body.reasoning.get("effort").unwrap_or(&body.reasoning_effort);
        if let Some(level) = effort.as_str() {
            request = request.reasoning_level(level);
        }
        match body.response_format.get("type").and_then(Value::as_str) {
            Some("json_object" | "json_schema") => request.output_type("json"),
            Some("text") => request.output_type("text"),
            _ => request,
        }
    }
}

/// The operation of a path, and the type of OpenAI's API.
fn operation(path: &str) -> Option<(Operation, &'static str)> {
    let path = path.trim_end_matches('/');
    if path.ends_with("/chat/completions") {
        Some((Operation::Chat, "chat_completions"))
    } else if path.ends_with("/responses") {
        Some((Operation::Chat, "responses"))
    } else if path.ends_with("/completions") {
        Some((Operation::TextCompletion, ""))
    } else if path.ends_with("/embeddings") {
        Some((Operation::Embeddings, ""))
    } else {
        None
    }
}

/// The deployment in an Azure path, `/openai/deployments/{deployment}/…`.
fn deployment(url: &Url) -> Option<&str> {
    let mut segments = url.path_segments()?;
    segments.find(|segment| *segment == "deployments")?;
    segments.next()
}

/// The provider's name in the conventions, derived from the host.
fn provider_of(url: &Url) -> &'static str {
    let host = url.host_str().unwrap_or_default();
    let is_at = |domain: &str| {
        host == domain || host.strip_suffix(domain).is_some_and(|sub| sub.ends_with('.'))
    };
    [
        ("openai.azure.com", "azure.ai.openai"),
        ("services.ai.azure.com", "azure.ai.inference"),
        ("generativelanguage.googleapis.com", "gcp.gemini"),
        ("aiplatform.googleapis.com", "gcp.vertex_ai"),
        ("api.anthropic.com", "anthropic"),
        ("api.groq.com", "groq"),
        ("api.deepseek.com", "deepseek"),
        ("api.mistral.ai", "mistral_ai"),
        ("api.moonshot.ai", "moonshot_ai"),
        ("api.perplexity.ai", "perplexity"),
        ("api.x.ai", "x_ai"),
        ("openrouter.ai", "openrouter"),
    ]
    .into_iter()
    .find_map(|(domain, provider)| is_at(domain).then_some(provider))
    .unwrap_or("openai")
}
