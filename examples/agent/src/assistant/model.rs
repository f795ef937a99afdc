//! Calls models through async-openai, with the SDK's layer around its HTTP service. The layer adds
//! spans, metrics and trace headers; this module contains no telemetry code for them.

use std::net::SocketAddr;
use std::time::Duration;

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::ReqwestService;
use async_openai::types::chat::{
    ChatCompletionMessageToolCalls, CompletionUsage, CreateChatCompletionRequest,
};
use futures::StreamExt;
use glasshouse_sdk::Telemetry;
use glasshouse_sdk::llm::{ErrorClass, ServiceTier, Usage};
use glasshouse_sdk::openai::{OpenAiLayer, error_class};
use serde_json::{Value, json};
use tower::ServiceBuilder;

use super::toolbox::ToolCall;
use crate::gateway;

/// The provider's name in metrics: the API that the gateway emulates.
const PROVIDER: &str = "openai";
/// Maximum number of tool calls in one answer.
const CALLS_MAX: usize = 8;
/// Maximum length of an answer in bytes; longer ones are truncated.
const TEXT_BYTES_MAX: usize = 64 * 1024;

/// A model's answer.
#[derive(Debug, Default)]
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) calls: Vec<ToolCall>,
    pub(super) usage: Option<Usage>,
    /// US dollars; `None` if the model has no price.
    pub(super) cost_usd: Option<f64>,
}

/// A failed call.
#[derive(Debug)]
pub(super) struct ModelError {
    pub(super) class: ErrorClass,
    pub(super) message: String,
}

impl From<OpenAIError> for ModelError {
    fn from(error: OpenAIError) -> Self {
        Self { class: error_class(&error), message: error.to_string() }
    }
}

pub(super) struct ModelClient {
    telemetry: Telemetry,
    client: Client<OpenAIConfig>,
}

impl ModelClient {
    /// The client's connection pool. A response without data for this time is aborted.
    pub(super) fn transport(timeout: Duration) -> anyhow::Result<reqwest::Client> {
        let client = reqwest::Client::builder().read_timeout(timeout).no_proxy();
        Ok(client.connect_timeout(timeout).build()?)
    }

    pub(super) fn new(
        telemetry: &Telemetry,
        transport: reqwest::Client,
        gateway: SocketAddr,
    ) -> Self {
        // No retries here: the agent decides whether to retry, and with which model.
        let service = ServiceBuilder::new()
            .layer(OpenAiLayer::new(telemetry).provider(PROVIDER))
            .service(ReqwestService::new(transport));
        let config = OpenAIConfig::new()
            .with_api_base(gateway::api_base(gateway))
            .with_api_key("example-key");
        let client = Client::with_config(config).with_http_service(service);
        Self { telemetry: telemetry.clone(), client }
    }

    /// Calls a model. With `on_token` the answer is streamed, and each piece of text is passed on.
    pub(super) async fn ask(
        &self,
        model: &str,
        messages: &[Value],
        tools: &[Value],
        on_token: Option<&(dyn Fn(&str) + Sync)>,
    ) -> Result<Answer, ModelError> {
        let mut request = json!({ "model": model, "messages": messages, "temperature": 0.2, "max_completion_tokens": 1024 });
        if !tools.is_empty() {
            request["tools"] = tools.into();
        }
        if on_token.is_some() {
            request["stream_options"] = json!({ "include_usage": true });
        }
        let request: CreateChatCompletionRequest =
            serde_json::from_value(request).map_err(|error| ModelError {
                class: ErrorClass::InvalidRequest,
                message: error.to_string(),
            })?;
        let mut answer = match on_token {
            Some(on_token) => self.streamed(request, on_token).await?,
            None => self.whole(request).await?,
        };
        answer.calls.truncate(CALLS_MAX);
        answer.cost_usd = answer.usage.and_then(|usage| {
            let cost = self.telemetry.prices().cost(PROVIDER, model, ServiceTier::Standard, &usage);
            cost.map(|cost| cost.usd)
        });
        Ok(answer)
    }

    async fn whole(&self, request: CreateChatCompletionRequest) -> Result<Answer, ModelError> {
        let response = self.client.chat().create(request).await?;
        let usage = counted(response.usage.as_ref());
        let Some(choice) = response.choices.into_iter().next() else {
            return Err(incomplete());
        };
        let calls = choice.message.tool_calls.into_iter().flatten().filter_map(|call| match call {
            ChatCompletionMessageToolCalls::Function(call) => Some(ToolCall {
                id: call.id,
                name: call.function.name,
                arguments: call.function.arguments,
            }),
            ChatCompletionMessageToolCalls::Custom(_) => None,
        });
        Ok(Answer {
            text: choice.message.content.unwrap_or_default(),
            calls: calls.collect(),
            usage,
            cost_usd: None,
        })
    }

    async fn streamed(
        &self,
        request: CreateChatCompletionRequest,
        on_token: &(dyn Fn(&str) + Sync),
    ) -> Result<Answer, ModelError> {
        let mut stream = self.client.chat().create_stream(request).await?;
        let mut answer = Answer::default();
        let mut is_complete = false;
        while let Some(piece) = stream.next().await {
            let piece = piece?;
            if let Some(usage) = counted(piece.usage.as_ref()) {
                answer.usage = Some(usage);
            }
            let Some(choice) = piece.choices.into_iter().next() else { continue };
            is_complete |= choice.finish_reason.is_some();
            if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
                on_token(&text);
                if answer.text.len() + text.len() <= TEXT_BYTES_MAX {
                    answer.text.push_str(&text);
                }
            }
            for part in choice.delta.tool_calls.into_iter().flatten() {
                let index = part.index as usize;
                if index >= CALLS_MAX {
                    continue;
                }
                if answer.calls.len() <= index {
                    answer.calls.resize_with(index + 1, ToolCall::default);
                }
                let Some(call) = answer.calls.get_mut(index) else { continue };
                call.id.push_str(&part.id.unwrap_or_default());
                let function = part.function.unwrap_or_default();
                call.name.push_str(&function.name.unwrap_or_default());
                call.arguments.push_str(&function.arguments.unwrap_or_default());
            }
        }
        if is_complete { Ok(answer) } else { Err(incomplete()) }
    }
}

/// The usage in the SDK's terms.
fn counted(usage: Option<&CompletionUsage>) -> Option<Usage> {
    Usage::from_openai(&serde_json::to_value(usage?).ok()?)
}

fn incomplete() -> ModelError {
    ModelError { class: ErrorClass::Parse, message: "the answer has no end".to_owned() }
}
