//! Hook for the crate `rig`: a `tracing` layer that derives metrics from rig's own spans.
//!
//! Rig's spans are traced without a hook, but without metrics and cost. The layer recognises them
//! by target and field names, so that this crate does not depend on rig. A subscriber created by
//! [`configure`](fn@crate::configure) includes the layer; it is public for programs with their own
//! subscriber:
//!
//! ```
//! use glasshouse_sdk::rig::RigLayer;
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let telemetry = glasshouse_sdk::Telemetry::noop();
//! // First, so that the cost is known before another layer exports the span.
//! let subscriber = tracing_subscriber::registry().with(RigLayer::new(&telemetry));
//! ```
//!
//! Supports rig 0.44: targets that start with `rig`, spans with `gen_ai.operation.name`. Rig does
//! not report the reason of a failed call, so a span without a response counts as
//! [`ErrorClass::Unknown`], nor the time of the first token. A call inside a span of [`crate::llm`]
//! is counted there and not here.
//!
//! **Content** is controlled by rig: its spans contain messages only if an agent was built with
//! `record_content_telemetry(true)`, and then [`crate::llm::ContentPolicy`] neither disables nor
//! redacts them.

use std::fmt;
use std::sync::OnceLock;
use std::time::Duration;

use opentelemetry::trace::TraceContextExt;
use opentelemetry::{Context as OtelContext, KeyValue};
use tokio::time::Instant;
use tracing::dispatcher::WeakDispatch;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Metadata, Subscriber};
use tracing_opentelemetry::get_otel_context;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{FilterFn, Filtered};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use crate::Telemetry;
use crate::agent::{self, Calls};
use crate::llm::{ErrorClass, ServiceTier, Usage};
use crate::record::LlmCall;
use crate::session;
use crate::span::{NAME_BYTES_MAX, bounded};

/// Derives metrics from rig's spans.
#[derive(Debug)]
pub struct RigLayer {
    telemetry: Telemetry,
    dispatch: OnceLock<WeakDispatch>,
}

impl RigLayer {
    /// A layer that records with this handle.
    #[must_use]
    pub fn new(telemetry: &Telemetry) -> Self {
        Self { telemetry: telemetry.clone(), dispatch: OnceLock::new() }
    }

    /// The layer with a filter, so that other spans and events have no overhead.
    pub(crate) fn filtered<S: Subscriber + for<'a> LookupSpan<'a>>(
        self,
    ) -> Filtered<Self, FilterFn, S> {
        let is_of_interest: fn(&Metadata<'_>) -> bool =
            |metadata| metadata.is_span() && (is_rig(metadata) || metadata.target() == OWN_TARGET);
        self.with_filter(FilterFn::new(is_of_interest).with_max_level_hint(LevelFilter::INFO))
    }

    /// The span's context for exemplars, if tracing is enabled.
    fn context(&self, id: &Id) -> Option<OtelContext> {
        let dispatch = self.dispatch.get()?.upgrade()?;
        get_otel_context(id, &dispatch)
    }
}

/// The target of the spans of [`crate::llm`].
const OWN_TARGET: &str = "glasshouse::llm";
const OPERATION: &str = "gen_ai.operation.name";
/// Rig's operation names of model calls.
const CALLS: [&str; 9] = [
    "chat",
    "generate_content",
    "text_completion",
    "embeddings",
    "rerank",
    "transcription",
    "image_generation",
    "audio_generation",
    "completion",
];

fn is_rig(metadata: &Metadata<'_>) -> bool {
    let target = metadata.target();
    target.starts_with("rig::") || target.starts_with("rig_") || target == "rig"
}

/// An open span of rig.
struct OpenSpan {
    started: Instant,
    fields: RecordedFields,
    /// The call counts, if this span is an agent.
    own_calls: Calls,
    /// The counts of the enclosing agent, to which this call belongs.
    agent_calls: Option<Calls>,
    /// A span of this crate already counts the call.
    is_covered: bool,
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for RigLayer {
    fn on_register_dispatch(&self, subscriber: &Dispatch) {
        let _ = self.dispatch.set(subscriber.downgrade());
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let metadata = attributes.metadata();
        if !is_rig(metadata) || metadata.fields().field(OPERATION).is_none() {
            return;
        }
        let Some(span) = context.span(id) else { return };
        let mut is_covered = false;
        let mut agent_calls = None;
        for above in span.scope().skip(1) {
            is_covered |= above.metadata().target() == OWN_TARGET;
            let extensions = above.extensions();
            if let Some(open) = extensions.get::<OpenSpan>()
                && open.fields.operation == "invoke_agent"
            {
                agent_calls = Some(open.own_calls.clone());
                break;
            }
        }
        let mut fields = RecordedFields::default();
        attributes.record(&mut fields);
        span.extensions_mut().insert(OpenSpan {
            started: Instant::now(),
            fields,
            own_calls: Calls::default(),
            agent_calls: agent_calls.or_else(agent::current_calls),
            is_covered,
        });
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(open) = span.extensions_mut().get_mut::<OpenSpan>()
        {
            values.record(&mut open.fields);
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(open) =
            context.span(&id).and_then(|span| span.extensions_mut().remove::<OpenSpan>())
        else {
            return;
        };
        if open.is_covered {
            return;
        }
        let duration = open.started.elapsed();
        let otel = self.context(&id);
        let _attached = otel.clone().map(OtelContext::attach);
        match open.fields.operation.as_str() {
            "invoke_agent" => self.agent_closed(&open, duration),
            "execute_tool" => self.tool_closed(&open, duration),
            operation if CALLS.contains(&operation) => {
                self.call_closed(&open, duration, otel.as_ref());
            }
            _ => {}
        }
    }
}

impl RigLayer {
    fn agent_closed(&self, open: &OpenSpan, duration: Duration) {
        // Rig sets the total usage when the run has a response.
        let error = (!open.fields.is_answered).then_some(ErrorClass::Unknown.as_str());
        let (inference, tool) = open.own_calls.counted();
        self.telemetry.agents().invocation(&open.fields.agent, error, duration, inference, tool);
    }

    fn tool_closed(&self, open: &OpenSpan, duration: Duration) {
        let fields = &open.fields;
        // A call that rig decided not to execute has no name.
        if fields.tool.is_empty() {
            return;
        }
        if let Some(calls) = &open.agent_calls {
            calls.count_tool();
        }
        let error = match (fields.tool_error.as_str(), fields.outcome.as_str()) {
            ("", "success") => None,
            ("", "") => Some(ErrorClass::Cancelled),
            ("", _) => Some(ErrorClass::ToolError),
            (kind, _) => Some(ErrorClass::from_code(kind).unwrap_or(ErrorClass::ToolError)),
        };
        self.telemetry.tools().execution(&fields.tool, "", error.map(ErrorClass::as_str), duration);
    }

    fn call_closed(&self, open: &OpenSpan, duration: Duration, otel: Option<&OtelContext>) {
        let fields = &open.fields;
        // Rig sets the provider where it calls it; a span without one only encloses the call.
        if fields.provider.is_empty() {
            return;
        }
        if let Some(calls) = &open.agent_calls {
            calls.count_inference();
        }
        let usage = Some(fields.usage).filter(|usage| fields.has_usage && usage.is_plausible());
        let prices = self.telemetry.prices();
        let cost = usage.and_then(|usage| {
            [&fields.response_model, &fields.request_model].into_iter().find_map(|model| {
                prices.cost(&fields.provider, model, ServiceTier::Standard, &usage)
            })
        });
        let cost_source = match cost {
            Some(cost) if cost.partial => "partial",
            Some(_) => "computed",
            None => "",
        };
        self.telemetry.llm().call(&LlmCall {
            operation: &fields.operation,
            provider: &fields.provider,
            request_model: &fields.request_model,
            response_model: &fields.response_model,
            duration,
            time_to_first_token: None,
            usage,
            cost_usd: cost.map(|cost| cost.usd),
            cost_source,
            error: (!fields.is_answered).then_some(ErrorClass::Unknown),
        });
        let Some(otel) = otel else { return };
        let mut more = Vec::new();
        if let Some(cost) = cost {
            more.push(KeyValue::new("gen_ai.usage.cost", cost.usd));
            more.push(KeyValue::new("glasshouse.cost.source", cost_source));
        }
        more.extend(session::id_in(otel).map(|id| KeyValue::new("session.id", id)));
        otel.span().set_attributes(more);
    }
}

/// The recorded fields of a span. Content is not read.
#[derive(Default)]
struct RecordedFields {
    operation: String,
    provider: String,
    request_model: String,
    response_model: String,
    agent: String,
    tool: String,
    outcome: String,
    tool_error: String,
    usage: Usage,
    has_usage: bool,
    /// Whether there is any part of a response.
    is_answered: bool,
}

impl RecordedFields {
    fn text(&mut self, field: &Field, value: &str) {
        let slot = match field.name() {
            OPERATION => &mut self.operation,
            "gen_ai.provider.name" => &mut self.provider,
            "gen_ai.request.model" => &mut self.request_model,
            "gen_ai.response.model" => &mut self.response_model,
            "gen_ai.agent.name" => &mut self.agent,
            "gen_ai.tool.name" => &mut self.tool,
            "gen_ai.tool.call.outcome" => &mut self.outcome,
            "gen_ai.tool.error.type" => &mut self.tool_error,
            "gen_ai.response.id" => {
                self.is_answered = true;
                return;
            }
            _ => return,
        };
        bounded(value, NAME_BYTES_MAX).clone_into(slot);
        self.is_answered |= field.name() == "gen_ai.response.model";
    }

    fn count(&mut self, field: &Field, tokens: u64) {
        let slot = match field.name() {
            "gen_ai.usage.input_tokens" => &mut self.usage.input_tokens,
            "gen_ai.usage.output_tokens" => &mut self.usage.output_tokens,
            "gen_ai.usage.cache_read.input_tokens" => &mut self.usage.cache_read_tokens,
            "gen_ai.usage.cache_creation.input_tokens" => &mut self.usage.cache_write_tokens,
            "gen_ai.usage.reasoning_tokens" => &mut self.usage.reasoning_tokens,
            _ => return,
        };
        *slot = tokens;
        self.has_usage = true;
        self.is_answered = true;
    }
}

impl Visit for RecordedFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.text(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.count(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        if let Ok(tokens) = u64::try_from(value) {
            self.count(field, tokens);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Only names: formatting content would be wasted work.
        if matches!(field.name(), "gen_ai.tool.name" | "gen_ai.agent.name" | "gen_ai.request.model")
        {
            self.text(field, &format!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests;
