//! Parses a response of OpenAI's API as it passes: one JSON document, or server-sent events.

use http::{HeaderMap, header};
use serde::Deserialize;
use serde_json::{Value, json};

use super::messages::Output;
use super::transport_class;
use crate::llm::{ErrorClass, LlmSpan, ServiceTier, Usage};

/// Maximum size of a parsed document, in bytes. Larger responses pass through uncounted.
const DOCUMENT_BYTES_MAX: usize = 16 << 20;
/// Maximum size of a parsed error document, in bytes.
const ERROR_BYTES_MAX: usize = 64 << 10;
/// Maximum length of a parsed line in a stream, in bytes. The last event of the responses API
/// repeats the whole response.
const LINE_BYTES_MAX: usize = 4 << 20;

enum Form {
    /// One JSON document; the bytes so far.
    Document(Vec<u8>),
    /// Server-sent events; the incomplete line, and whether it is too long to parse.
    Events { line: Vec<u8>, skipping: bool },
    /// Too long, or an unknown format.
    Unread,
}

/// The state of parsing a response. If dropped early, the call counts as cancelled, or as failed if
/// the status was an error.
pub(super) struct Answer {
    span: Option<LlmSpan>,
    status: u16,
    form: Form,
    output: Option<Output>,
    /// A bit per choice with a known finish reason: some servers repeat it.
    finished_choices: u64,
}

/// The relevant fields of a document or an event.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Part {
    r#type: Value,
    id: Value,
    model: Value,
    choices: Option<Vec<Choice>>,
    usage: Value,
    service_tier: Value,
    system_fingerprint: Value,
    error: Value,
    /// In error events of the responses API.
    code: Value,
    message: Value,
    /// The status of a response, in the responses API.
    status: Value,
    incomplete_details: Value,
    /// The response in events of the responses API.
    response: Option<Box<Part>>,
    /// The model's output, in the responses API.
    output: Value,
    /// The text in deltas of the responses API.
    delta: Value,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Choice {
    pub(super) index: Value,
    finish_reason: Value,
    pub(super) message: Value,
    pub(super) delta: Value,
    pub(super) text: Value,
}

impl Answer {
    pub(super) fn new(span: LlmSpan, status: u16, headers: &HeaderMap) -> Self {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let kind = kind.unwrap_or_default().to_ascii_lowercase();
        let form = if kind.starts_with("text/event-stream") {
            Form::Events { line: Vec::new(), skipping: false }
        } else {
            // Proxies may return errors as text: their status suffices.
            Form::Document(Vec::new())
        };
        let output = span.is_capturing().then(Output::default);
        Self { span: Some(span), status, form, output, finished_choices: 0 }
    }

    /// The call, while it runs.
    pub(super) fn span(&self) -> Option<&LlmSpan> {
        self.span.as_ref()
    }

    /// Parses more data.
    pub(super) fn read(&mut self, data: &[u8]) {
        if self.span.is_none() {
            return;
        }
        let is_error = self.status >= 400;
        match &mut self.form {
            Form::Document(document) => {
                let most = if is_error { ERROR_BYTES_MAX } else { DOCUMENT_BYTES_MAX };
                if document.len() + data.len() <= most {
                    document.extend_from_slice(data);
                } else {
                    self.form = Form::Unread;
                }
            }
            Form::Events { .. } => self.read_events(data),
            Form::Unread => {}
        }
    }

    fn read_events(&mut self, data: &[u8]) {
        for piece in data.split_inclusive(|byte| *byte == b'\n') {
            let Form::Events { line, skipping } = &mut self.form else { return };
            let is_complete = piece.ends_with(b"\n");
            if line.len() + piece.len() > LINE_BYTES_MAX {
                *skipping = true;
                line.clear();
            }
            if !*skipping {
                line.extend_from_slice(piece);
            }
            if is_complete {
                let whole = std::mem::take(line);
                if !std::mem::take(skipping) {
                    self.read_line(&whole);
                }
                // Keeps the buffer for the next line, unless a long line made it grow.
                if let Form::Events { line, .. } = &mut self.form
                    && whole.capacity() <= 64 << 10
                {
                    *line = whole;
                    line.clear();
                }
            }
        }
    }

    fn read_line(&mut self, line: &[u8]) {
        let Some(data) = line.strip_prefix(b"data:") else { return };
        let data = data.trim_ascii();
        if data == b"[DONE]" {
            // Readers stop here and do not poll for the end of the body.
            return self.finish();
        }
        let Ok(part) = serde_json::from_slice::<Part>(data) else { return };
        let kind = part.r#type.as_str().unwrap_or_default();
        if let Some(span) = &mut self.span
            && (kind.is_empty() || kind.rsplit('.').next() == Some("delta"))
            && part.error.is_null()
        {
            span.chunk();
        }
        if kind == "error" && part.error.is_null() {
            let error = json!({ "code": part.code, "message": part.message });
            return self.refused(&error);
        }
        let is_over =
            matches!(kind, "response.completed" | "response.incomplete" | "response.failed");
        self.learn(part);
        if is_over {
            self.finish();
        }
    }

    fn learn(&mut self, part: Part) {
        let Some(span) = &mut self.span else { return };
        let choices = part.choices.unwrap_or_default();
        if let Some(output) = &mut self.output {
            output.add(&choices, &part.output, &part.delta);
        }
        if let Some(response) = part.response {
            return self.learn(*response);
        }
        if let Some(id) = part.id.as_str() {
            span.response_id(id);
        }
        if let Some(model) = part.model.as_str() {
            span.response_model(model);
        }
        for (position, choice) in choices.iter().enumerate() {
            let index = choice.index.as_u64().unwrap_or(position as u64);
            let bit = 1_u64 << index.min(63);
            if let Some(reason) = choice.finish_reason.as_str()
                && self.finished_choices & bit == 0
            {
                self.finished_choices |= bit;
                span.finish_reason(reason);
            }
        }
        if let Some(reason) = part.incomplete_details.get("reason").and_then(Value::as_str) {
            span.finish_reason(if reason == "max_output_tokens" { "length" } else { reason });
        } else if part.status == "completed" {
            span.finish_reason("stop");
        }
        if let Some(usage) = Usage::from_openai(&part.usage) {
            span.usage(usage);
            // OpenRouter and LiteLLM's proxy report the cost of the call.
            if let Some(usd) = part.usage.get("cost").and_then(Value::as_f64) {
                span.cost_usd(usd);
            }
        }
        for (key, word) in [
            ("openai.response.service_tier", &part.service_tier),
            ("openai.response.system_fingerprint", &part.system_fingerprint),
        ] {
            if let Some(word) = word.as_str() {
                span.word(key, word);
            }
        }
        if let Some(tier) = part.service_tier.as_str() {
            span.service_tier(ServiceTier::from_word(tier));
        }
        if !part.error.is_null() {
            self.refused(&part.error);
        }
    }

    /// Records an error reported by the provider.
    fn refused(&mut self, error: &Value) {
        let Some(span) = self.span.take() else { return };
        let word = |key: &str| error.get(key).and_then(Value::as_str);
        let codes: Vec<&str> = [word("code"), word("type")].into_iter().flatten().collect();
        let message = word("message").or(error.as_str()).unwrap_or_default();
        let status = (self.status >= 400).then_some(self.status);
        span.provider_error(status, &codes, message);
    }

    /// Handles the end of the body.
    pub(super) fn end(&mut self) {
        if let Form::Document(document) = &mut self.form {
            let document = std::mem::take(document);
            match serde_json::from_slice::<Part>(&document) {
                Ok(part) => self.learn(part),
                Err(_) if self.status < 400 => {
                    if let Some(span) = self.span.take() {
                        span.error(ErrorClass::Parse, "the answer is not JSON");
                    }
                }
                Err(_) => {}
            }
        }
        self.finish();
    }

    fn finish(&mut self) {
        if self.status >= 400 {
            return self.refused(&Value::Null);
        }
        let Some(mut span) = self.span.take() else { return };
        if let Some(output) = self.output.take() {
            span.output_messages(|| output.into_messages());
        }
        span.finish();
    }

    /// Handles a broken connection.
    pub(super) fn broken(&mut self, error: &reqwest::Error) {
        if let Some(span) = self.span.take() {
            span.error(transport_class(error), &error.to_string());
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        // A retry drops the body of a failed attempt unread.
        if self.status >= 400 {
            self.refused(&Value::Null);
        }
    }
}
