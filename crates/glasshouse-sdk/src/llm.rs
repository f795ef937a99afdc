//! LLM calls: one span and one set of metrics per logical call.
//!
//! ```
//! use glasshouse_sdk::llm::{self, ErrorClass, LlmSpan, Usage};
//! # struct Answer { text: String, prompt_tokens: u64, completion_tokens: u64 }
//! # async fn ask(_: &str) -> Result<Answer, std::io::Error> { unimplemented!() }
//!
//! async fn answer(telemetry: &glasshouse_sdk::Telemetry) -> Result<String, std::io::Error> {
//!     let answer = llm::chat(telemetry, "openai", "gpt-4o")
//!         .temperature(0.2)
//!         .run(
//!             ask("What is a glasshouse?"),
//!             |call: &mut LlmSpan, answer| {
//!                 call.usage(Usage::new(answer.prompt_tokens, answer.completion_tokens));
//!                 call.finish_reason("stop");
//!             },
//!             |error| ErrorClass::from_io(error),
//!         )
//!         .await?;
//!     Ok(answer.text)
//! }
//! ```
//!
//! Names follow OpenTelemetry's GenAI conventions as of the second half of 2026
//! (`gen_ai.client.inference`), all with the stability *development*. This is not a client: hooks
//! for clients are `glasshouse_sdk::openai` (feature `async-openai`) and [`crate::rig`].

mod content;
mod error_class;
mod price;
mod request;
mod span;
mod stream;
mod usage;

pub use content::{Content, ContentPolicy};
pub use error_class::ErrorClass;
pub use price::{Cost, PriceError, PriceTable, ServiceTier};
pub use request::{LlmRequest, Operation};
pub use span::LlmSpan;
pub use stream::LlmStream;
pub use usage::Usage;

use crate::Telemetry;

/// A chat completion. `provider` as in `gen_ai.provider.name` (`openai`, `anthropic`,
/// `aws.bedrock`, …), `model` as requested.
pub fn chat(telemetry: &Telemetry, provider: &str, model: &str) -> LlmRequest {
    LlmRequest::new(telemetry, Operation::Chat, provider, model)
}

/// An embeddings call.
pub fn embeddings(telemetry: &Telemetry, provider: &str, model: &str) -> LlmRequest {
    LlmRequest::new(telemetry, Operation::Embeddings, provider, model)
}

#[cfg(test)]
mod tests;
